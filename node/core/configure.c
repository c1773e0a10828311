/* SPDX-License-Identifier: GPL-3.0-or-later
 * Taking a configuration. */
#include "node/core/configure.h"

#include "node/base/name.h"
#include "node/core/backup/backup.h"
#include "node/core/config_copy.h"
#include "node/core/dns/wire.h"
#include "node/core/emit.h"
#include "node/core/life.h"
#include "node/core/node_state.h"
#include "node/core/swarm/hello.h"
#include "node/core/swarm/link.h"

#include <stdlib.h>
#include <string.h>

#define CORES_MOST 1024U
#define WAITING_MOST (1U << 20)

/* What a configuration will put in place. */
struct plan {
    struct sw_config *config;
    struct sw_held held;
    struct sw_peers_plan peers;
    struct sw_route route;
    struct sw_upstreams_plan upstreams;
    struct sw_lookup_tables *tables; /* NULL: none are needed, or they are there */
};

static int check_self(const struct sw_node *n, const struct sw_config *c, struct sw_diag *d)
{
    if (memchr(c->name.s, '\0', sizeof c->name.s) == NULL || !sw_name_valid(c->name.s)) {
        return sw_diag_set(d, SW_ERR_RANGE, "name: no node name");
    }
    if (memchr(c->region.s, '\0', sizeof c->region.s) == NULL || !sw_name_valid(c->region.s)) {
        return sw_diag_set(d, SW_ERR_RANGE, "region: no region name");
    }
    if (n->config != NULL && strcmp(n->config->name.s, c->name.s) != 0) {
        return sw_diag_set(d, SW_ERR_RANGE, "name: a node can't change its name while it runs");
    }
    if (c->cores < 1 || c->cores > CORES_MOST) {
        return sw_diag_set(d, SW_ERR_RANGE, "cores: %u is not within 1..%u", c->cores, CORES_MOST);
    }
    return SW_OK;
}

static int check_numbers(const struct sw_config *c, struct sw_diag *d)
{
    if (c->query_deadline == 0 || c->query_deadline > SW_MIN) {
        return sw_diag_set(d, SW_ERR_RANGE, "query_deadline: not within 1ns..1m");
    }
    if (c->query_attempts < 1 || c->query_attempts > SW_ATTEMPTS_MAX) {
        return sw_diag_set(d, SW_ERR_RANGE, "query_attempts: %u is not within 1..%u",
                           c->query_attempts, SW_ATTEMPTS_MAX);
    }
    if (!(c->hedge_budget >= 0 && c->hedge_budget <= 1)) {
        return sw_diag_set(d, SW_ERR_RANGE, "hedge_budget: not within 0..1");
    }
    if (!(c->retry_budget >= 0 && c->retry_budget <= 1)) {
        return sw_diag_set(d, SW_ERR_RANGE, "retry_budget: not within 0..1");
    }
    if (c->max_waiting < 1 || c->max_waiting > WAITING_MOST) {
        return sw_diag_set(d, SW_ERR_RANGE, "max_waiting: %u is not within 1..%u", c->max_waiting,
                           WAITING_MOST);
    }
    if (c->membership.period == 0 || c->membership.period > SW_MIN || c->membership.timeout == 0 ||
        c->membership.timeout >= c->membership.period) {
        return sw_diag_set(d, SW_ERR_RANGE,
                           "membership: period not within 1ns..1m, or timeout not below it");
    }
    if (c->membership.connections < SW_CONNECTIONS_LEAST) {
        return sw_diag_set(d, SW_ERR_RANGE, "membership: connections: %u is less than %u",
                           c->membership.connections, SW_CONNECTIONS_LEAST);
    }
    if (c->udp_size < SW_DNS_UDP_MIN || c->udp_size > SW_DNS_MESSAGE_MAX) {
        return sw_diag_set(d, SW_ERR_RANGE, "udp_size: %u is not within %d..%d", c->udp_size,
                           SW_DNS_UDP_MIN, SW_DNS_MESSAGE_MAX);
    }
    return SW_OK;
}

/* Last of all that can fail, since it changes the cache.  Without upstreams there is none. */
static int set_cache(struct sw_node *n, const struct sw_config *c)
{
    const struct sw_cache_config *k = &c->cache;
    const struct sw_cache_limits limits = {
        .kept = { .max_ttl = (uint32_t)(k->max_ttl / SW_SEC),
                  .max_negative = (uint32_t)(k->max_negative / SW_SEC) },
        .max_stale = k->stale,
        .prefetch = k->prefetch,
    };
    return sw_cache_set(&n->cache, c->n_upstreams > 0 ? k->size : 0, &limits);
}

/* Everything that can fail, before anything changes. */
static int make_plan(struct sw_node *n, const struct sw_config *c, struct plan *plan,
                     struct sw_diag *d)
{
    int err = check_self(n, c, d);
    if (err == SW_OK) {
        err = check_numbers(c, d);
    }
    if (err != SW_OK) {
        return err;
    }
    plan->config = sw_config_copy(c);
    if (plan->config == NULL) {
        return SW_ERR_NOMEM;
    }
    err = sw_held_plan(&n->held, c, &plan->held, d);
    if (err != SW_OK) {
        goto fail_config;
    }
    err = sw_peers_plan(n, c, &plan->peers, d);
    if (err != SW_OK) {
        goto fail_held;
    }
    err = sw_router_plan(&n->router, c, n->peers.cap, &plan->route, d);
    if (err != SW_OK) {
        goto fail_peers;
    }
    err = sw_upstreams_plan(n, c, &plan->upstreams, d);
    if (err != SW_OK) {
        goto fail_route;
    }
    if (n->lookups.tables == NULL && c->n_upstreams > 0) {
        plan->tables = sw_lookup_tables_new();
        err = plan->tables == NULL ? SW_ERR_NOMEM : SW_OK;
    }
    if (err == SW_OK) {
        err = set_cache(n, c);
    }
    if (err == SW_OK) {
        return SW_OK;
    }
    free(plan->tables);
    sw_upstreams_plan_fini(&plan->upstreams);
fail_route:
    sw_route_fini(&plan->route);
fail_peers:
    sw_peers_plan_fini(&plan->peers);
fail_held:
    sw_held_fini(&plan->held);
fail_config:
    sw_config_copy_free(plan->config);
    return err;
}

static void begin(struct sw_node *n, const struct sw_config *c)
{
    sw_rng_init(&n->peers.rng, sw_rng_key(n->seed, "redial", c->name.s));
    sw_rng_init(&n->router.rng, sw_rng_key(n->seed, "route", c->name.s));
    sw_rng_init(&n->probe.rng, sw_rng_key(n->seed, "probe", c->name.s));
    sw_rng_init(&n->upstreams.rng, sw_rng_key(n->seed, "upstream", c->name.s));
    sw_rng_init(&n->sync.rng, sw_rng_key(n->seed, "sync", c->name.s));
    n->pool.own = sw_name_id(&c->name);
}

static void commit(struct sw_node *n, struct plan *plan)
{
    struct sw_config *c = plan->config;
    struct sw_config *before = n->config;
    if (before == NULL) {
        begin(n, c);
    }
    sw_held_fini(&n->held);
    n->held = plan->held;
    sw_upstreams_commit(n, &plan->upstreams);
    n->config = c;
    if (plan->tables != NULL) {
        n->lookups.tables = plan->tables;
    }
    n->lookups.id = sw_name_id(&c->name);
    n->lookups.slots.limit = c->max_waiting;
    n->lookups.askers.limit = c->max_waiting;
    n->forward.slots.limit = c->max_waiting;
    n->attempts.slots.limit = 2 * c->max_waiting + SW_ANTS_MAX;
    sw_router_commit(&n->router, &plan->route);
    sw_relays_reset(n);
    sw_peers_commit(n, c, &plan->peers);
    n->held.announce = true; /* the record may say something else now */
    sw_router_survey(n);
    n->pool.stale = true;
    n->backup_configured = false;
    if (before != NULL && before == n->config_backup) {
        n->config_before = before;
    } else {
        sw_config_copy_free(before);
    }
}

static int refuse(struct sw_node *n, int err, const char *why)
{
    sw_emit_trace(n, SW_TRACE_CONFIG_REFUSED, NULL, (uint64_t)err, 0,
                  why[0] != '\0' ? why : sw_strerror(err));
    return err;
}

int sw_configure(struct sw_node *n)
{
    struct sw_diag d = { "" };
    struct plan plan = { 0 };
    if (n->state == SW_STATE_DRAINING) {
        return refuse(n, SW_ERR_STATE, "the node is draining");
    }
    sw_configure_carry_out(n);
    if (n->config_before != NULL) {
        return refuse(n, SW_ERR_NOMEM, ""); /* one reload after the other */
    }
    const int err = make_plan(n, n->event->u.configure, &plan, &d);
    if (err != SW_OK) {
        return refuse(n, err, d.text);
    }
    commit(n, &plan);
    (void)sw_life_move(n, SW_CAUSE_CONFIGURED);
    if (n->keygen.seeded) {
        (void)sw_life_move(n, SW_CAUSE_SEEDED);
    }
    sw_configure_carry_out(n);
    return SW_OK;
}

/* The module looks at what it was told before until it says yes to the new. */
static void tell_backup(struct sw_node *n)
{
    if (n->backup_configured) {
        return;
    }
    n->config_backup = n->config;
    n->backup_configured = sw_backup_configure(n->backup, n->config) == SW_OK;
    if (n->backup_configured) {
        sw_config_copy_free(n->config_before);
        n->config_before = NULL;
    } else {
        n->out_of_memory = true; /* the next beat tries again */
    }
}

void sw_configure_carry_out(struct sw_node *n)
{
    if (n->state == SW_STATE_INITIALIZE || n->state == SW_STATE_READY) {
        tell_backup(n);
        sw_held_load(n);
        sw_hello_refresh(n);
        sw_link_dial_all(n);
        sw_probe_begin(n);
        sw_sync_begin(n);
    }
}
