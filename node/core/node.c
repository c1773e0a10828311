/* SPDX-License-Identifier: GPL-3.0-or-later
 * The node: which part an event concerns, and what every step ends with. */
#include "node/core/node.h"

#include "node/base/bug.h"
#include "node/core/backup_host.h"
#include "node/core/cache/asker.h"
#include "node/core/cache/reply.h"
#include "node/core/command.h"
#include "node/core/config_copy.h"
#include "node/core/configure.h"
#include "node/core/emit.h"
#include "node/core/life.h"
#include "node/core/node_state.h"
#include "node/core/sound.h"
#include "node/core/swarm/exchange.h"
#include "node/core/swarm/hello.h"
#include "node/core/swarm/link.h"

#include <stdlib.h>

#define BEAT (1 * SW_SEC)
#define CHECK_EVERY 7U /* steps, where slow checks are on; prime to how events alternate */
#define ENTROPY_EVERY (1 * SW_HOUR) /* a key epoch */
#define ENTROPY_AGAIN (10 * SW_SEC) /* when nobody answered */

struct sw_node *sw_node_new(const struct sw_node_options *options)
{
    struct sw_node *n = calloc(1, sizeof *n);
    if (n == NULL) {
        return NULL;
    }
    n->seed = options->seed;
    n->buggify = options->buggify;
    n->planted = options->planted;
    n->router.truth = options->truth;
    n->shelf = options->shelf;
    n->lent = options->scratch;
    n->cache.planted = options->planted;
    n->verifier = options->verifier;
    n->beat.kind = SW_TIMER_BEAT;
    sw_attempts_init(&n->attempts);
    sw_forward_init(&n->forward);
    sw_relays_init(&n->relays);
    sw_lookups_init(&n->lookups);
    n->lookups.waits_key = sw_waits_key(n->seed);
    n->backup = sw_backup_host_new(n);
    if (n->backup == NULL) {
        sw_node_free(n);
        return NULL;
    }
    return n;
}

void sw_node_free(struct sw_node *n)
{
    if (n == NULL) {
        return;
    }
    sw_backup_free(n->backup);
    sw_config_copy_free(n->config_before);
    sw_config_copy_free(n->config);
    sw_heap_fini(&n->timers);
    sw_peers_fini(n);
    sw_record_fini(&n->self);
    sw_pool_fini(&n->pool);
    sw_gossip_fini(&n->gossip);
    sw_probe_fini(&n->probe);
    sw_forward_fini(&n->forward);
    sw_lookups_fini(&n->lookups);
    sw_upstreams_fini(&n->upstreams);
    sw_cache_fini(&n->cache);
    sw_attempts_fini(&n->attempts);
    sw_relays_fini(&n->relays);
    sw_router_fini(&n->router);
    sw_directory_fini(&n->directory);
    sw_views_fini(&n->views);
    sw_held_fini(&n->held);
    sw_zone_reads_fini(&n->reads);
    sw_keygen_wipe(&n->keygen);
    sw_arena_fini(&n->scratch);
    free(n);
}

/* ---- events ---- */

/* A secret of this life decides what collides in the cache's table. */
static void seed_cache(struct sw_node *n)
{
    uint8_t key[sizeof n->cache.store.key];
    if (n->config != NULL && n->config->n_upstreams > 0 && n->cache.store.n == 0 &&
        n->lookups.slots.taken == 0 && sw_keygen_draw(&n->keygen, key, sizeof key) == SW_OK) {
        sw_sieve_set_key(&n->cache.store, key);
    }
}

static void on_entropy(struct sw_node *n)
{
    sw_keygen_feed(&n->keygen, n->event->u.entropy.data, n->event->u.entropy.len);
    n->entropy_due = n->now + ENTROPY_EVERY;
    seed_cache(n);
    if (sw_life_move(n, SW_CAUSE_SEEDED)) {
        sw_configure_carry_out(n);
    }
}

static void on_done(struct sw_node *n)
{
    struct sw_job *job = n->event->u.done;
    switch (job->kind) {
    case SW_JOB_ZONE:
    case SW_JOB_ZONE_UPDATE:
    case SW_JOB_ZONE_PROMOTE:
        sw_held_done(n, job);
        break;
    case SW_JOB_ZONE_PART:
        sw_zone_serve_done(n, job);
        break;
    default:
        sw_backup_on_done(n->backup, job);
        break;
    }
    sw_job_free(job);
}

static void on_beat(struct sw_node *n)
{
    sw_configure_carry_out(n); /* what found no memory before */
    sw_link_close_silent(n);
    sw_pool_trim(n);
    sw_member_forget_gone(n);
    sw_hello_beat(n);
    sw_forward_beat(n);
    sw_demand_beat(n);
    sw_upstreams_beat(n);
    sw_zone_fetch_beat(n);
    sw_zone_carry_beat(n);
    sw_ant_send_all(n);
    sw_relay_beat(n);
}

static void on_tick(struct sw_node *n)
{
    struct sw_timer *t;
    while ((t = sw_heap_due(&n->timers, n->now)) != NULL) {
        switch ((enum sw_timer_kind)t->kind) {
        case SW_TIMER_BEAT:
            on_beat(n);
            break;
        case SW_TIMER_REDIAL:
            sw_link_redial(n, t);
            break;
        case SW_TIMER_ATTEMPT:
            sw_attempt_due(n, t);
            break;
        case SW_TIMER_PROBE:
            sw_probe_due(n);
            break;
        case SW_TIMER_RELAY:
            sw_probe_relay_due(n, t);
            break;
        case SW_TIMER_SUSPICION:
            sw_member_expire(n, t);
            break;
        case SW_TIMER_SYNC:
            sw_sync_due(n);
            break;
        case SW_TIMER_LOOKUP:
            sw_lookup_due(n, t);
            break;
        }
    }
    if (sw_backup_deadline(n->backup) <= n->now) {
        sw_backup_tick(n->backup);
    }
}

void sw_node_drain(struct sw_node *n)
{
    if (sw_life_move(n, SW_CAUSE_DRAIN)) {
        sw_member_leave(n);
        sw_hello_goodbye(n);
        sw_forward_drain(n);
        sw_askers_drain(n);
        sw_backup_drain(n->backup);
    }
}

static int dispatch(struct sw_node *n)
{
    const struct sw_event *ev = n->event;
    switch (ev->kind) {
    case SW_EV_TICK:
        on_tick(n);
        return SW_OK;
    case SW_EV_ENTROPY:
        on_entropy(n);
        return SW_OK;
    case SW_EV_CONFIGURE:
        return sw_configure(n);
    case SW_EV_QUERY:
        sw_forward_query(n);
        return SW_OK;
    case SW_EV_PEER_UP:
        sw_link_up(n);
        return SW_OK;
    case SW_EV_PEER_MESSAGE:
        sw_exchange(n);
        return SW_OK;
    case SW_EV_PEER_WRITABLE:
        sw_link_set_blocked(n, ev->u.peer_writable, false);
        return SW_OK;
    case SW_EV_PEER_BLOCKED:
        sw_link_set_blocked(n, ev->u.peer_blocked, true);
        return SW_OK;
    case SW_EV_PEER_DOWN:
        sw_link_down(n);
        return SW_OK;
    case SW_EV_UPSTREAM:
        sw_reply_of_upstream(n);
        return SW_OK;
    case SW_EV_DONE:
        on_done(n);
        return SW_OK;
    case SW_EV_COMMAND:
        sw_command(n);
        return SW_OK;
    case SW_EV_VIEW_RETIRED:
        sw_views_retired(n, ev->u.view_retired);
        return SW_OK;
    case SW_EV_DRAIN:
        sw_node_drain(n);
        return SW_OK;
    default:
        SW_ASSERT(false); /* the host gave us a front's event */
        return SW_OK;
    }
}

/* ---- after every event ---- */

static void want_entropy(struct sw_node *n)
{
    if (n->config == NULL || n->now < n->entropy_due) {
        return;
    }
    if (sw_emit(n, SW_ACT_WANT_ENTROPY) != NULL) {
        n->entropy_due = n->now + ENTROPY_AGAIN;
    }
}

static void keep_beating(struct sw_node *n)
{
    if (n->config == NULL || n->beat.pos != 0) {
        return;
    }
    /* Nodes that started together must not probe together. */
    const sw_dur wait = n->beats++ == 0 ? 1 + sw_rng_below(&n->peers.rng, BEAT) : BEAT;
    if (sw_heap_set(&n->timers, &n->beat, n->now + wait) != SW_OK) {
        n->out_of_memory = true;
    }
}

static void settle(struct sw_node *n)
{
    if (n->state == SW_STATE_INITIALIZE && sw_held_settled(&n->held)) {
        (void)sw_life_move(n, SW_CAUSE_SETTLED);
    }
    sw_zone_fetch_heard(n);
    sw_views_refresh(n);
    sw_hello_refresh(n);
    want_entropy(n);
    keep_beating(n);
    if (n->state == SW_STATE_DRAINING && !n->drained && n->forward.owed == 0 &&
        n->lookups.owed == 0 && sw_backup_idle(n->backup)) {
        n->drained = sw_emit(n, SW_ACT_DRAINED) != NULL;
    }
}

int sw_node_step(struct sw_node *n, const struct sw_event *ev, struct sw_actions *out)
{
    n->event = ev;
    n->out = out;
    n->now = ev->now;
    n->out_of_memory = false;
    if (n->lent != NULL) {
        n->scratch = *n->lent;
    }
    const int err = dispatch(n);
    settle(n);
    SW_ASSERT_SLOW(n->steps++ % CHECK_EVERY != 0 || sw_node_is_sound(n));
    n->event = NULL;
    n->out = NULL;
    sw_arena_reset(&n->scratch);
    if (n->lent != NULL) {
        *n->lent = n->scratch;
        n->scratch = (struct sw_arena){ 0 };
    }
    return err == SW_OK && n->out_of_memory ? SW_ERR_NOMEM : err;
}

sw_time sw_node_deadline(const struct sw_node *n)
{
    const struct sw_timer *t = sw_heap_first(&n->timers);
    const sw_time own = t != NULL ? t->at : SW_TIME_NEVER;
    const sw_time backup = sw_backup_deadline(n->backup);
    return own < backup ? own : backup;
}

void sw_node_prefetch(const struct sw_node *n)
{
    __builtin_prefetch(n->timers.v);
    __builtin_prefetch(n->backup);
    __builtin_prefetch(n->peers.v);
    __builtin_prefetch(n->peers.conns + n->peers.n_conns / 2);
    __builtin_prefetch(n->router.candidates);
    __builtin_prefetch(&n->attempts);
    __builtin_prefetch(&n->forward);
    __builtin_prefetch(&n->directory);
}
