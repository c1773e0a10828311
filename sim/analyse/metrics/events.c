/* SPDX-License-Identifier: GPL-3.0-or-later
 * What happened and when: faults, and what nodes say about themselves, query by query excepted. */
#include "sim/analyse/metric.h"
#include "sim/faults/fault.h"
#include "sim/record/rows.h"
#include "sim/world/pool.h"
#include "sim/world/world.h"

#include <stdlib.h>

#define MAX_EVENTS 100000U /* more are counted, not kept */

struct occurrence {
    const struct sim_fault *fault;
    sw_time began_at, ended_at;
};

struct events {
    struct sim_rows rows;
    size_t n;
    struct occurrence *faults; /* in the order in which they began */
    size_t n_faults;
};

static int start(struct sim_world *w, void **self)
{
    (void)w;
    *self = calloc(1, sizeof(struct events));
    return *self != NULL ? 0 : SW_ERR_NOMEM;
}

static void stop(void *self)
{
    struct events *m = self;
    sw_blob_fini(&m->rows.blob);
    free(m->faults);
    free(m);
}

static bool too_many(enum sw_trace_kind kind)
{
    return kind == SW_TRACE_ROUTED || kind == SW_TRACE_ROUTE_REPLY ||
           kind == SW_TRACE_ROUTE_TIMEOUT || kind == SW_TRACE_QUERY_FAILED ||
           kind == SW_TRACE_ANT || kind == SW_TRACE_CARRIED;
}

static void add(struct events *m, const struct sim_event_row *e)
{
    if (m->n++ < MAX_EVENTS) {
        sim_rows_event(&m->rows, e);
    }
}

static void on_trace(void *self, struct sim_world *w, uint32_t node, const struct sw_trace *t)
{
    if (too_many(t->kind)) {
        return;
    }
    add(self, &(struct sim_event_row){ .at = sim_world_now(w),
                                       .entity = sim_world_scenario(w)->nodes[node].config.name.s,
                                       .kind = sw_trace_text(t->kind),
                                       .peer = t->peer.s,
                                       .text = t->text != NULL ? t->text : "",
                                       .a = t->a,
                                       .b = t->b });
}

static void note(struct events *m, const struct sim_fault *f, sw_time now, bool begins)
{
    if (begins) {
        m->faults = sim_realloc(m->faults, (m->n_faults + 1) * sizeof *m->faults);
        m->faults[m->n_faults++] = (struct occurrence){ f, now, SW_TIME_NEVER };
    }
    for (size_t i = 0; i < m->n_faults && !begins; i++) {
        if (m->faults[i].fault == f) {
            m->faults[i].ended_at = now;
        }
    }
}

static void on_fault(void *self, struct sim_world *w, const struct sim_fault *f, bool begins)
{
    const char *what = f->n_params > 0 ? f->params[0].value : "";
    note(self, f, sim_world_now(w), begins);
    add(self, &(struct sim_event_row){ .at = sim_world_now(w),
                                       .entity = f->kind,
                                       .kind = begins ? "fault begins" : "fault ends",
                                       .peer = "",
                                       .text = what,
                                       .a = f->length });
}

static void on_restore(void *self, struct sim_world *w, const struct sim_restore_done *r)
{
    const char *why = r->status != 0 ? r->reason : r->differs;
    add(self, &(struct sim_event_row){ .at = sim_world_now(w),
                                       .entity = r->operation->node.s,
                                       .kind = r->status != 0 || r->differs != NULL
                                                   ? "restore did not succeed"
                                                   : "set is back",
                                       .peer = r->operation->from.s,
                                       .text = why != NULL ? why : r->operation->set.s,
                                       .a = r->bytes,
                                       .b = r->files });
}

static void emit(void *self, struct sim_world *w, struct sim_rows *rows)
{
    struct events *m = self;
    for (size_t i = 0; i < m->n_faults; i++) {
        const struct occurrence *o = &m->faults[i];
        char *parameters = sim_fault_json(sim_world_scenario(w), o->fault);
        const struct sim_fault_row row = { .began_at = o->began_at,
                                           .ended_at = o->ended_at,
                                           .drawn = o->fault->drawn,
                                           .kind = o->fault->kind,
                                           .parameters = parameters };
        if (parameters != NULL) {
            sim_rows_fault(rows, &row);
        }
        rows->failed = rows->failed || parameters == NULL;
        free(parameters);
    }
    rows->failed = rows->failed || m->rows.failed ||
                   sw_blob_append(&rows->blob, m->rows.blob.data, m->rows.blob.len) != 0;
}

extern const struct sim_metric_group sim_metric_group_events;
const struct sim_metric_group sim_metric_group_events = {
    .name = "events",
    .watcher = { .name = "events",
                 .help = "what happened and when",
                 .start = start,
                 .on_trace = on_trace,
                 .on_fault = on_fault,
                 .on_restore = on_restore,
                 .stop = stop },
    .emit = emit,
};
