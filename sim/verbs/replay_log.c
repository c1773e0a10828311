/* SPDX-License-Identifier: GPL-3.0-or-later
 * Lines of a replay: one an event, with its time, its node and what is known of it. */
#include "sim/verbs/replay_log.h"

#include "node/core/dns/name.h"
#include "sim/scenario/replay.h"
#include "sim/verbs/json.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_names[SIM_LOG_KINDS] = {
    [SIM_LOG_TRACE] = "trace",   [SIM_LOG_PEER] = "peer",   [SIM_LOG_JOB] = "job",
    [SIM_LOG_QUERY] = "query",   [SIM_LOG_FAULT] = "fault", [SIM_LOG_RESTORE] = "restore",
    [SIM_LOG_ORACLE] = "oracle",
};

const char *sim_log_kind_name(enum sim_log_kind kind)
{
    return kind_names[kind];
}

/* ---- text that is put together ---- */

struct line {
    char text[640];
    size_t len;
};

static void add(struct line *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct line *l, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const int n = vsnprintf(l->text + l->len, sizeof l->text - l->len, fmt, args);
    va_end(args);
    if (n > 0) {
        l->len = l->len + (size_t)n < sizeof l->text ? l->len + (size_t)n : sizeof l->text - 1;
    }
}

/* @what says what @v is, in the words of SW_TRACE_LIST: "round trip, ns". */
static void add_value(struct line *l, const char *what, uint64_t v)
{
    const char *comma = strchr(what, ',');
    const int name = comma != NULL ? (int)(comma - what) : (int)strlen(what);
    if (what[0] == '\0') {
        return;
    }
    if (strcmp(what, "enum sw_err") == 0) {
        const int64_t err = (int64_t)v;
        add(l, ", %s", sw_strerror((int)(err > 0 ? -err : err)));
    } else if (strcmp(what, "enum sw_class") == 0) {
        add(l, ", %s", v == SW_CLASS_BULK ? "bulk" : "control");
    } else if (strstr(what, "enum sw_state") != NULL) {
        add(l, ", %.*s %s", (int)strcspn(what, " "), what, sw_state_name((enum sw_state)v));
    } else if (strstr(what, ", ns") != NULL) {
        add(l, ", %.*s %.3f ms", name, what, (double)v * 1e-6);
    } else {
        add(l, ", %.*s %llu", name, what, (unsigned long long)v);
    }
}

/* ---- writing ---- */

static bool wanted(const struct sim_log *log, enum sim_log_kind kind, sw_time at, uint32_t node)
{
    const bool here = log->node == UINT32_MAX || node == UINT32_MAX || node == log->node;
    return here && at >= log->from && at <= log->until && (log->kinds >> kind & 1) != 0;
}

static void write_line(struct sim_log *log, enum sim_log_kind kind, sw_time at, const char *where,
                       const char *text)
{
    if (!log->json) {
        (void)fprintf(log->to, "%14.6f  %-12s  %-7s  %s\n", (double)at * 1e-9, where,
                      kind_names[kind], text);
    } else {
        (void)fprintf(log->to, "%s\n{\"time\":%.9f,\"where\":", log->lines > 0 ? "," : "",
                      (double)at * 1e-9);
        sim_json_string(log->to, where);
        (void)fprintf(log->to, ",\"kind\":\"%s\",\"text\":", kind_names[kind]);
        sim_json_string(log->to, text);
        (void)fputc('}', log->to);
    }
    log->lines++;
}

static const char *node_name(const struct sim_world *w, uint32_t node)
{
    const struct sim_scenario *s = sim_world_scenario(w);
    return node < s->n_nodes ? s->nodes[node].config.name.s : "-";
}

/* ---- what is watched ---- */

static enum sim_log_kind kind_of(enum sw_trace_kind kind)
{
    return kind == SW_TRACE_PEER_UP || kind == SW_TRACE_PEER_DOWN || kind == SW_TRACE_SUSPECT ||
                   kind == SW_TRACE_TRUSTED
               ? SIM_LOG_PEER
               : SIM_LOG_TRACE;
}

static void on_trace(void *self, struct sim_world *w, uint32_t node, const struct sw_trace *t)
{
    static const char *const meaning[SW_TRACE_KIND_COUNT][2] = {
#define X(kind, text, a, b) [kind] = { a, b },
        SW_TRACE_LIST(X)
#undef X
    };
    struct sim_log *log = self;
    const enum sim_log_kind kind = kind_of(t->kind);
    if (!wanted(log, kind, sim_world_now(w), node)) {
        return;
    }
    struct line l = { .len = 0 };
    add(&l, "%s", sw_trace_text(t->kind));
    if (t->peer.s[0] != '\0') {
        add(&l, ": %s", t->peer.s);
    }
    add_value(&l, meaning[t->kind][0], t->a);
    add_value(&l, meaning[t->kind][1], t->b);
    if (t->text != NULL && t->text[0] != '\0') {
        add(&l, " (%.200s)", t->text);
    }
    write_line(log, kind, sim_world_now(w), node_name(w, node), l.text);
}

static void on_job(void *self, struct sim_world *w, uint32_t node, const struct sw_job *job,
                   bool begins)
{
    struct sim_log *log = self;
    if (!wanted(log, SIM_LOG_JOB, sim_world_now(w), node)) {
        return;
    }
    struct line l = { .len = 0 };
    add(&l, "job %llu, %s, %s", (unsigned long long)job->id, sw_job_name(job->kind),
        begins             ? "begins"
        : job->status == 0 ? "done"
                           : sw_strerror(job->status));
    write_line(log, SIM_LOG_JOB, sim_world_now(w), node_name(w, node), l.text);
}

/* RFC 1035, 4.1.1. */
static const char *const rcodes[] = { "NOERROR",  "FORMERR", "SERVFAIL",
                                      "NXDOMAIN", "NOTIMP",  "REFUSED" };

static void on_query(void *self, struct sim_world *w, const struct sim_query_done *q)
{
    struct sim_log *log = self;
    if (!wanted(log, SIM_LOG_QUERY, sim_world_now(w), q->server)) {
        return;
    }
    const struct sim_scenario *s = sim_world_scenario(w);
    char name[SW_DNAME_TEXT_MAX];
    char type[16];
    struct line l = { .len = 0 };
    sw_dname_to_text(q->question, name);
    sim_type_to_text(q->type, type);
    add(&l, "%.255s %s: ", name, type);
    if (q->answered && q->answer.len > 3) {
        const unsigned rcode = q->answer.data[3] & 15U;
        if (rcode < SW_LEN(rcodes)) {
            add(&l, "%s from %s", rcodes[rcode], node_name(w, q->server));
        } else {
            add(&l, "RCODE%u from %s", rcode, node_name(w, q->server));
        }
    } else {
        add(&l, "no answer");
    }
    add(&l, " after %.3f ms, %u sent%s", (double)(q->done_at - q->sent_at) * 1e-6, q->transmissions,
        q->client_dark ? ", its region was dark" : "");
    write_line(log, SIM_LOG_QUERY, sim_world_now(w), s->regions[q->region].name.s, l.text);
}

static void on_fault(void *self, struct sim_world *w, const struct sim_fault *f, bool begins)
{
    struct sim_log *log = self;
    if (!wanted(log, SIM_LOG_FAULT, sim_world_now(w), UINT32_MAX)) {
        return;
    }
    struct line l = { .len = 0 };
    add(&l, "%s %s", f->kind, begins ? "begins" : "ends");
    for (size_t i = 0; i < f->n_params; i++) {
        add(&l, ", %s: %s", f->params[i].key, f->params[i].value);
    }
    write_line(log, SIM_LOG_FAULT, sim_world_now(w), "-", l.text);
}

static void on_restore(void *self, struct sim_world *w, const struct sim_restore_done *r)
{
    struct sim_log *log = self;
    uint32_t node = 0;
    const struct sim_scenario *s = sim_world_scenario(w);
    while (node < s->n_nodes && strcmp(s->nodes[node].config.name.s, r->operation->node.s) != 0) {
        node++;
    }
    if (!wanted(log, SIM_LOG_RESTORE, sim_world_now(w), node)) {
        return;
    }
    struct line l = { .len = 0 };
    add(&l, "%s of %s from %s: ", r->operation->kind, r->operation->set.s, r->operation->from.s);
    if (r->status != 0) {
        add(&l, "%.200s", r->reason != NULL ? r->reason : sw_strerror(r->status));
    } else {
        add(&l, "%llu files, %llu bytes, %s%.200s", (unsigned long long)r->files,
            (unsigned long long)r->bytes, r->differs != NULL ? "differs: " : "bit-identical",
            r->differs != NULL ? r->differs : "");
    }
    write_line(log, SIM_LOG_RESTORE, sim_world_now(w), r->operation->node.s, l.text);
}

/* ---- the watcher ---- */

static int start(struct sim_world *w, void **self)
{
    (void)w;
    *self = calloc(1, sizeof(struct sim_log));
    return *self == NULL ? SW_ERR_NOMEM : 0;
}

static const struct sim_watcher watcher = {
    .name = "replay",
    .help = "writes down what happens",
    .start = start,
    .on_query = on_query,
    .on_trace = on_trace,
    .on_fault = on_fault,
    .on_restore = on_restore,
    .on_job = on_job,
    .stop = free,
};

int sim_log_watch(struct sim_world *w, const struct sim_log *settings, struct sim_log **log)
{
    void *self = NULL;
    const int err = sim_world_watch(w, &watcher, &self);
    if (err == 0) {
        *log = self;
        **log = *settings;
    }
    return err;
}

void sim_log_result(struct sim_log *log, const struct sim_result *r)
{
    if (r->complaint[0] == '\0' || !wanted(log, SIM_LOG_ORACLE, r->complained_at, UINT32_MAX)) {
        return;
    }
    struct line l = { .len = 0 };
    add(&l, "%s: %s", r->oracle, r->complaint);
    write_line(log, SIM_LOG_ORACLE, r->complained_at, "-", l.text);
}
