/* SPDX-License-Identifier: GPL-3.0-or-later
 * What nodes say happened is in the results, each kind of it; what each query does is not. */
#include "node/base/bug.h"
#include "sim/analyse/metric.h"
#include "sim/record/rows.h"
#include "sim/world/world.h"
#include "tests/lib/check.h"
#include "tests/lib/small_world.h"

static const struct sim_metric_group *events(void)
{
    size_t i = 0;
    while (sim_metric_group_at(i) != NULL && strcmp(sim_metric_group_at(i)->name, "events") != 0) {
        i++;
    }
    return sim_metric_group_at(i);
}

struct stored {
    unsigned n;
    char kind[64];
    char peer[64];
    uint64_t a, b;
};

static int note(void *self, const struct sim_event_row *e)
{
    struct stored *s = self;
    s->n++;
    (void)snprintf(s->kind, sizeof s->kind, "%s", e->kind);
    (void)snprintf(s->peer, sizeof s->peer, "%s", e->peer);
    s->a = e->a;
    s->b = e->b;
    return 0;
}

/* What the results keep of a trace of @kind. */
static struct stored store(struct sim_world *w, enum sw_trace_kind kind)
{
    const struct sim_metric_group *g = events();
    const struct sw_trace t = { .kind = kind, .peer = { "n1" }, .a = 7, .b = 9, .text = "what" };
    struct stored s = { 0 };
    const struct sim_row_handler h = { .self = &s, .event = note };
    struct sim_rows rows = { 0 };
    void *self = NULL;
    SW_ASSERT(g != NULL && g->watcher.start(w, &self) == 0);
    g->watcher.on_trace(self, w, 0, &t);
    g->emit(self, w, &rows);
    CHECK(!rows.failed);
    CHECK_I64(sim_rows_each(sw_blob_bytes(&rows.blob), &h), 0);
    g->watcher.stop(self);
    sw_blob_fini(&rows.blob);
    return s;
}

static void each_transition_is_an_event_of_the_results(void)
{
    static const struct small_world usual = {
        .nodes_a_region = 1, .holders = 1, .rate = 1, .duration = SW_SEC, .service = SW_MS
    };
    struct small_scenario *x = small_scenario(&usual);
    struct sim_world *w = small_start_world(x, 1);
    for (unsigned i = 0; i < SW_TRACE_KIND_COUNT; i++) {
        const enum sw_trace_kind kind = (enum sw_trace_kind)i;
        const bool of_a_query = kind == SW_TRACE_ROUTED || kind == SW_TRACE_ROUTE_REPLY ||
                                kind == SW_TRACE_ROUTE_TIMEOUT || kind == SW_TRACE_QUERY_FAILED ||
                                kind == SW_TRACE_ANT || kind == SW_TRACE_CARRIED;
        const struct stored s = store(w, kind);
        CHECK_U64(s.n, of_a_query ? 0 : 1);
        CHECK_STR(s.kind, of_a_query ? "" : sw_trace_text(kind));
        CHECK_STR(s.peer, of_a_query ? "" : "n1");
        CHECK_U64(s.a, of_a_query ? 0 : 7);
        CHECK_U64(s.b, of_a_query ? 0 : 9);
    }
    sim_world_free(w);
    free(x);
}

extern CU_TestInfo tests_events[];
CU_TestInfo tests_events[] = {
    { "each transition is an event of the results", each_transition_is_an_event_of_the_results },
    CU_TEST_INFO_NULL,
};
