/* SPDX-License-Identifier: GPL-3.0-or-later
 * A run from a scenario to its result. */
#include "sim/world/world.h"

#include "node/base/rng.h"
#include "sim/world/client.h"
#include "sim/world/host.h"
#include "sim/world/operation.h"
#include "sim/world/upstream.h"
#include "sim/world/zone_edit.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_TIMEOUT (5 * SW_SEC)
#define KEEP_ALIVE (10 * SW_SEC)
/* Nodes don't start in the same instant: each within this time, drawn by the seed. */
#define START_SPREAD (100 * SW_MS)

/* ---- names ---- */

uint32_t sim_find_node(const struct sim_scenario *s, const char *name)
{
    const size_t i = sim_node_index(s, name);
    return i < UINT32_MAX ? (uint32_t)i : UINT32_MAX;
}

uint32_t sim_find_region(const struct sim_scenario *s, const char *name)
{
    const size_t i = sim_region_index(s, name);
    return i < UINT32_MAX ? (uint32_t)i : UINT32_MAX;
}

const struct sim_zone *sim_find_zone(const struct sim_scenario *s, const char *name)
{
    for (size_t i = 0; i < s->n_zones; i++) {
        if (strcmp(s->zones[i].name, name) == 0) {
            return &s->zones[i];
        }
    }
    return NULL;
}

/* ---- watchers ---- */

int sim_world_watch(struct sim_world *w, const struct sim_watcher *watcher, void **self)
{
    struct sim_watching one = { .watcher = watcher };
    const int err = watcher->start != NULL ? watcher->start(w, &one.self) : 0;
    if (err != 0) {
        if (one.self != NULL && watcher->stop != NULL) {
            watcher->stop(one.self);
        }
        return err;
    }
    w->watching = sim_realloc(w->watching, (w->n_watching + 1) * sizeof *w->watching);
    w->watching[w->n_watching++] = one;
    if (self != NULL) {
        *self = one.self;
    }
    return 0;
}

void sim_tell_query(struct sim_world *w, const struct sim_query_done *q)
{
    for (size_t i = 0; i < w->n_watching; i++) {
        if (w->watching[i].watcher->on_query != NULL) {
            w->watching[i].watcher->on_query(w->watching[i].self, w, q);
        }
    }
}

void sim_tell_cached(struct sim_world *w, uint32_t group)
{
    for (size_t i = 0; i < w->n_watching; i++) {
        if (w->watching[i].watcher->on_cached != NULL) {
            w->watching[i].watcher->on_cached(w->watching[i].self, w, group);
        }
    }
}

void sim_tell_trace(struct sim_world *w, uint32_t node, const struct sw_trace *t)
{
    sim_operations_trace(w->operations, node, t);
    for (size_t i = 0; i < w->n_watching; i++) {
        if (w->watching[i].watcher->on_trace != NULL) {
            w->watching[i].watcher->on_trace(w->watching[i].self, w, node, t);
        }
    }
}

void sim_tell_restore(struct sim_world *w, const struct sim_restore_done *r)
{
    for (size_t i = 0; i < w->n_watching; i++) {
        if (w->watching[i].watcher->on_restore != NULL) {
            w->watching[i].watcher->on_restore(w->watching[i].self, w, r);
        }
    }
}

void sim_tell_upstream(struct sim_world *w, uint32_t upstream, uint32_t node,
                       struct sw_bytes answer)
{
    for (size_t i = 0; i < w->n_watching; i++) {
        if (w->watching[i].watcher->on_upstream != NULL) {
            w->watching[i].watcher->on_upstream(w->watching[i].self, w, upstream, node, answer);
        }
    }
}

void sim_tell_zone(struct sim_world *w, uint32_t node, const struct sim_zone_version *v)
{
    for (size_t i = 0; i < w->n_watching; i++) {
        if (w->watching[i].watcher->on_zone != NULL) {
            w->watching[i].watcher->on_zone(w->watching[i].self, w, node, v);
        }
    }
}

void sim_tell_job(struct sim_world *w, uint32_t node, const struct sw_job *job, bool begins)
{
    for (size_t i = 0; i < w->n_watching; i++) {
        if (w->watching[i].watcher->on_job != NULL) {
            w->watching[i].watcher->on_job(w->watching[i].self, w, node, job, begins);
        }
    }
}

void sim_tell_message(struct sim_world *w, uint32_t node, struct sw_bytes message)
{
    for (size_t i = 0; i < w->n_watching; i++) {
        if (w->watching[i].watcher->on_message != NULL) {
            w->watching[i].watcher->on_message(w->watching[i].self, w, node, message);
        }
    }
}

static void tell_fault(struct sim_world *w, const struct sim_fault *f, bool begins)
{
    for (size_t i = 0; i < w->n_watching; i++) {
        if (w->watching[i].watcher->on_fault != NULL) {
            w->watching[i].watcher->on_fault(w->watching[i].self, w, f, begins);
        }
    }
}

static void on_sample(void *self, uint64_t arg)
{
    (void)arg;
    struct sim_world *w = self;
    for (size_t i = 0; i < w->n_watching; i++) {
        if (w->watching[i].watcher->on_sample != NULL) {
            w->watching[i].watcher->on_sample(w->watching[i].self, w);
        }
    }
    (void)sim_at(w->engine, sim_now(w->engine) + w->s->interval, on_sample, w, 0);
}

static void finish(struct sim_world *w)
{
    if (w->finished) {
        return;
    }
    w->finished = true;
    sim_operations_end(w->operations);
    for (size_t i = 0; i < w->n_watching; i++) {
        if (w->watching[i].watcher->finish != NULL) {
            w->watching[i].watcher->finish(w->watching[i].self, w);
        }
    }
}

void sim_complain(struct sim_world *w, const char *oracle, const char *fmt, ...)
{
    struct sim_result *r = &w->result;
    if (r->complaint[0] != '\0') {
        return;
    }
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(r->complaint, sizeof r->complaint, fmt, args);
    va_end(args);
    (void)snprintf(r->oracle, sizeof r->oracle, "%s", oracle);
    r->complained_at = sim_now(w->engine);
    sim_stop(w->engine);
}

/* ---- faults ---- */

static void on_fault_begins(void *self, uint64_t index);

/* Begin fault @index, for the first time or once more, or end it. */
static void apply_fault(struct sim_world *w, uint64_t index, bool begins)
{
    struct sim_progress *progress = &w->progress[index];
    const struct sim_fault *f = &w->s->faults[index];
    const struct sim_fault_kind *kind;
    union sim_fault_value values[SIM_FAULT_PARAMS_MAX];
    if (sim_fault_bind(w->s, f, &kind, values, SW_LEN(values), NULL) != 0) {
        return; /* sim_world_new bound it before */
    }
    const uint64_t payload[2] = { index, begins };
    sim_trace(w->engine, (uint32_t)index, SIM_KIND_FAULT, payload, sizeof payload);
    w->acting = index;
    kind->apply(w, values, begins);
    if (begins && progress->steps++ > 0) {
        return;
    }
    progress->ended = !begins;
    tell_fault(w, f, begins);
}

void sim_world_again(struct sim_world *w, sw_dur delay)
{
    (void)sim_at(w->engine, sim_now(w->engine) + delay, on_fault_begins, w, w->acting);
}

uint32_t sim_world_steps(const struct sim_world *w)
{
    return w->progress[w->acting].steps;
}

static void on_fault_begins(void *self, uint64_t index)
{
    struct sim_world *w = self;
    if (!w->progress[index].ended) {
        apply_fault(w, index, true);
    }
}

static void on_fault_ends(void *self, uint64_t index)
{
    apply_fault(self, index, false);
}

static void schedule_faults(struct sim_world *w)
{
    w->progress = sim_calloc(w->s->n_faults + 1, sizeof *w->progress);
    for (size_t i = 0; i < w->s->n_faults; i++) {
        const struct sim_fault *f = &w->s->faults[i];
        (void)sim_at(w->engine, f->at, on_fault_begins, w, i);
        if (f->length > 0) {
            (void)sim_at(w->engine, f->at + f->length, on_fault_ends, w, i);
        }
    }
}

void sim_world_kill(struct sim_world *w, uint32_t node, enum sim_death how)
{
    sim_host_kill(w->hosts[node], how);
}

void sim_world_revive(struct sim_world *w, uint32_t node)
{
    sim_host_revive(w->hosts[node]);
}

void sim_world_burn(struct sim_world *w, uint32_t node)
{
    sim_host_burn(w->hosts[node]);
}

void sim_world_restart(struct sim_world *w, uint32_t node, bool begins)
{
    if (begins) {
        sim_host_stop(w->hosts[node]);
    } else {
        sim_host_restart(w->hosts[node]);
    }
}

void sim_world_pause(struct sim_world *w, uint32_t node, bool begins)
{
    sim_host_pause(w->hosts[node], begins);
}

void sim_world_tear(struct sim_world *w, uint32_t node, bool begins)
{
    sim_host_tear(w->hosts[node], begins);
}

struct rotting {
    struct sim_world *w;
    uint32_t node;
};

static void tell_rot(void *self, const char *path, struct sw_bytes content)
{
    const struct rotting *r = self;
    for (size_t i = 0; i < r->w->n_watching; i++) {
        if (r->w->watching[i].watcher->on_rot != NULL) {
            r->w->watching[i].watcher->on_rot(r->w->watching[i].self, r->w, r->node, path, content);
        }
    }
}

void sim_world_rot(struct sim_world *w, uint32_t node, bool store_only, uint64_t bits)
{
    const struct sw_config *c = sim_host_config(w->hosts[node]);
    struct rotting r = { w, node };
    const struct sw_rng_key drawn = sw_rng_key(w->seed, "bit rot", c->name.s);
    /* of this fault: two at once on one disk must not undo each other */
    const uint64_t which = sw_rng_at(drawn, w->acting, sim_now(w->engine));
    const struct sw_rng_key key = { { (uint32_t)which, (uint32_t)(which >> 32) } };
    if (!store_only || c->store != NULL) {
        (void)sim_disk_rot(sim_host_disk(w->hosts[node]), store_only ? c->store : "", key, bits,
                           tell_rot, &r);
    }
}

void sim_world_darken(struct sim_world *w, uint32_t region, bool begins)
{
    sim_network_dark(w->net, region, begins);
    sim_clientele_dark(w->clientele, region, begins);
    sim_conns_paths_changed(w->conns);
    sim_clientele_paths_changed(w->clientele);
}

void sim_world_cut(struct sim_world *w, uint32_t from, uint32_t to, bool begins)
{
    sim_network_cut(w->net, from, to, begins);
    sim_conns_paths_changed(w->conns);
    sim_clientele_paths_changed(w->clientele);
}

void sim_world_divide(struct sim_world *w, const bool *from, const bool *to, bool begins)
{
    sim_network_divide(w->net, from, to, begins);
    sim_conns_paths_changed(w->conns);
}

void sim_world_isolate(struct sim_world *w, uint32_t node, bool begins)
{
    sim_network_isolate(w->net, node, begins);
    sim_conns_paths_changed(w->conns);
    sim_clientele_paths_changed(w->clientele);
}

void sim_world_impair(struct sim_world *w, const struct sim_impairment *what, bool begins)
{
    sim_network_impair(w->net, what, begins);
    sim_conns_paths_changed(w->conns);
}

void sim_world_upstreams(struct sim_world *w, uint32_t region, bool begins)
{
    sim_upstreams_outage(w->upstreams, region, begins);
}

uint32_t sim_world_region_of(const struct sim_world *w, uint32_t node)
{
    return sim_host_place(w->hosts[node]).region;
}

/* ---- making ---- */

static int check_faults(const struct sim_scenario *s, struct sw_diag *d)
{
    for (size_t i = 0; i < s->n_faults; i++) {
        const struct sim_fault_kind *kind;
        union sim_fault_value values[SIM_FAULT_PARAMS_MAX];
        const int err = sim_fault_bind(s, &s->faults[i], &kind, values, SW_LEN(values), d);
        if (err != 0) {
            return err;
        }
    }
    return 0;
}

static int add_oracles(struct sim_world *w, struct sw_diag *d)
{
    const struct sim_scenario *s = w->s;
    const struct sim_watcher *o;
    int err = 0;
    if (s->oracles == NULL) {
        for (size_t i = 0; (o = sim_oracle_at(i)) != NULL && err == 0; i++) {
            err = sim_world_watch(w, o, NULL);
        }
    }
    for (size_t i = 0; i < s->n_oracles && s->oracles != NULL && err == 0; i++) {
        o = sim_oracle_find(s->oracles[i]);
        err = o != NULL
                  ? sim_world_watch(w, o, NULL)
                  : sw_diag_set(d, SW_ERR_NOTFOUND, "oracles: '%.60s' is no oracle", s->oracles[i]);
    }
    return err == 0 ? 0 : sw_diag_set(d, err, "an oracle can't start: %s", sw_strerror(err));
}

static void on_start(void *self, uint64_t node)
{
    struct sim_world *w = self;
    sim_host_start(w->hosts[node]);
}

/* From here on the scenario is this seed's: its faults are those listed and those drawn. */
static void raise_storm(struct sim_world *w)
{
    if (w->s->storm.n_kinds > 0) {
        w->stormy = *w->s;
        w->stormy.faults = sim_storm_draw(w->s, w->seed, &w->stormy.n_faults);
        w->s = &w->stormy;
    }
}

static int populate(struct sim_world *w, const struct sim_world_options *o, struct sw_diag *d)
{
    const struct sim_scenario *s = w->s;
    const struct sim_conn_options options = { CONNECT_TIMEOUT, KEEP_ALIVE };
    w->engine = sim_engine_new_on(o->queue);
    w->net = sim_network_new(s, w->seed);
    if (w->engine == NULL || w->net == NULL) {
        return sw_diag_set(d, SW_ERR_NOMEM, "out of memory");
    }
    if (o->shuffle_ties) {
        sim_shuffle_ties(w->engine, w->seed);
    }
    w->conns = sim_conns_new(w->engine, w->net, s, &options);
    w->hosts = sim_calloc(s->n_nodes, sizeof(struct sim_host *));
    if (w->conns == NULL) {
        return sw_diag_set(d, SW_ERR_NOMEM, "out of memory");
    }
    int err = check_faults(s, d);
    for (uint32_t i = 0; i < s->n_nodes && err == 0; i++) {
        err = sim_host_new(w, i, &w->hosts[i], d);
    }
    if (err == 0) {
        err = sim_clientele_new(w, &w->clientele, d);
    }
    if (err == 0) {
        err = sim_upstreams_new(w, &w->upstreams, d);
    }
    if (err == 0) {
        err = sim_operations_new(w, &w->operations, d);
    }
    return err == 0 ? add_oracles(w, d) : err;
}

static void schedule(struct sim_world *w)
{
    const struct sim_scenario *s = w->s;
    for (uint32_t i = 0; i < s->n_nodes; i++) {
        const struct sw_rng_key key = sw_rng_key(w->seed, "start", s->nodes[i].config.name.s);
        (void)sim_at(w->engine, sw_rng_at(key, 0, 0) % START_SPREAD, on_start, w, i);
    }
    sim_clientele_start(w->clientele);
    sim_operations_start(w->operations);
    schedule_faults(w);
    if (s->interval > 0) {
        (void)sim_at(w->engine, s->interval, on_sample, w, 0);
    }
}

int sim_world_new(const struct sim_scenario *s, uint64_t seed, struct sim_world **out,
                  struct sw_diag *d)
{
    const struct sim_world_options usual = { .queue = SIM_QUEUE_WHEEL };
    return sim_world_new_with(s, seed, &usual, out, d);
}

int sim_world_new_with(const struct sim_scenario *s, uint64_t seed,
                       const struct sim_world_options *options, struct sim_world **out,
                       struct sw_diag *d)
{
    if (sodium_init() < 0) {
        return sw_diag_set(d, SW_ERR_STATE, "libsodium can't start");
    }
    struct sim_world *w = sim_calloc(1, sizeof *w);
    w->truth = (struct sw_truth){ .self = w, .load = sim_host_true_load };
    w->s = s;
    w->seed = seed;
    w->result.seed = seed;
    w->buggify = options->buggify;
    sim_shelf_init(&w->shelf);
    sim_signatures_init(&w->signatures);
    raise_storm(w);
    const int err = populate(w, options, d);
    if (err != 0) {
        sim_world_free(w);
        return err;
    }
    schedule(w);
    *out = w;
    return 0;
}

/* Jobs must unwind before what they use goes. */
static void end_jobs(struct sim_world *w)
{
    w->closing = true;
    for (size_t i = 0; w->hosts != NULL && i < w->s->n_nodes; i++) {
        if (w->hosts[i] != NULL) {
            sim_disk_crash(sim_host_disk(w->hosts[i]));
        }
    }
    sim_fibre_unwind(w->engine);
}

void sim_world_free(struct sim_world *w)
{
    if (w == NULL) {
        return;
    }
    if (w->engine != NULL) {
        end_jobs(w);
    }
    for (size_t i = 0; i < w->n_watching; i++) {
        if (w->watching[i].watcher->stop != NULL) {
            w->watching[i].watcher->stop(w->watching[i].self);
        }
    }
    free(w->watching);
    sim_operations_free(w->operations);
    sim_zone_texts_free(w->zone_texts);
    sim_upstreams_free(w->upstreams);
    sim_clientele_free(w->clientele);
    for (size_t i = 0; w->hosts != NULL && i < w->s->n_nodes; i++) {
        sim_host_free(w->hosts[i]);
    }
    free(w->hosts);
    sim_conns_free(w->conns);
    sim_network_free(w->net);
    free(w->effects);
    free(w->progress);
    sim_storm_free(w->stormy.faults, w->stormy.n_faults);
    sim_signatures_fini(&w->signatures);
    sim_pool_fini(&w->pool);
    sw_actions_fini(&w->node_out);
    sw_actions_fini(&w->front_out);
    sw_actions_fini(&w->answer_out);
    sw_arena_fini(&w->scratch);
    sim_shelf_fini(&w->shelf);
    sim_engine_free(w->engine);
    free(w);
}

void sim_world_hook(struct sim_world *w, const struct sim_hooks *hooks)
{
    w->hooks = *hooks;
}

void sim_world_sites(const struct sim_world *w, struct sw_site_count out[SW_SITE_COUNT])
{
    for (size_t n = 0; w->buggify && n < w->s->n_nodes; n++) {
        const struct sw_buggify *b = sim_host_buggify(w->hosts[n]);
        for (size_t i = 0; i < SW_SITE_COUNT; i++) {
            out[i].reached += b->count[i].reached;
            out[i].fired += b->count[i].fired;
        }
    }
}

uint32_t sim_world_judged(const struct sim_world *w)
{
    uint32_t bits = 0;
    for (uint32_t i = 0; i < 32 && sim_oracle_at(i) != NULL; i++) {
        for (size_t k = 0; k < w->n_watching; k++) {
            const struct sim_watcher *o = w->watching[k].watcher;
            const bool judged = o->judged == NULL || o->judged(w->watching[k].self);
            bits |= (uint32_t)(o == sim_oracle_at(i) && judged) << i;
        }
    }
    return bits;
}

int sim_world_run(struct sim_world *w, sw_time until, struct sim_result *out)
{
    const sw_time end = until < w->s->duration ? until : w->s->duration;
    if (w->result.complaint[0] == '\0' && !w->finished) {
        sim_run(w->engine, end);
    }
    if (w->result.complaint[0] != '\0' || sim_now(w->engine) >= w->s->duration) {
        finish(w);
    }
    w->result.trace_hash = sim_trace_hash(w->engine);
    w->result.events = sim_events(w->engine);
    w->result.ended_at = sim_now(w->engine);
    *out = w->result;
    return 0;
}

/* ---- looking in ---- */

const struct sim_scenario *sim_world_scenario(const struct sim_world *w)
{
    return w->s;
}

sw_time sim_world_now(const struct sim_world *w)
{
    return sim_now(w->engine);
}

uint64_t sim_world_events(const struct sim_world *w)
{
    return sim_events(w->engine);
}

const struct sw_node *sim_world_node(const struct sim_world *w, uint32_t i)
{
    return sim_host_node(w->hosts[i]);
}

bool sim_world_region_dark(const struct sim_world *w, uint32_t region)
{
    return sim_network_is_dark(w->net, region);
}

uint32_t sim_world_disk_number(const struct sim_world *w, uint32_t i)
{
    return sim_host_disk_number(w->hosts[i]);
}

const struct sim_disk_state *sim_world_disk(const struct sim_world *w, uint32_t i)
{
    return sim_host_disk(w->hosts[i]);
}

uint32_t sim_world_waiting(const struct sim_world *w, uint32_t i)
{
    return sim_processor_waiting(sim_host_processor(w->hosts[i]));
}

sw_dur sim_world_asked(const struct sim_world *w, uint32_t i)
{
    return sim_processor_asked(sim_host_processor(w->hosts[i]));
}

double sim_world_speed(const struct sim_world *w, uint32_t i)
{
    return sim_host_node(w->hosts[i]) != NULL ? sim_processor_speed(sim_host_processor(w->hosts[i]))
                                              : 0;
}

uint64_t sim_world_pending(const struct sim_world *w, uint32_t *node)
{
    return sim_conns_pending(w->conns, node);
}
