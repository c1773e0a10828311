/* SPDX-License-Identifier: GPL-3.0-or-later
 * The registry, parameters, and what every registered policy must keep to. */
#include "algorithms/route/policy.h"
#include "node/base/err.h"
#include "tests/lib/check.h"
#include "tests/lib/fail_alloc.h"

#include <math.h>
#include <stdlib.h>

extern CU_TestInfo tests_policy[];

static void names_are_unique_and_found(void)
{
    size_t n = 0;
    for (; sw_policy_at(n) != NULL; n++) {
        const struct sw_policy *p = sw_policy_at(n);
        CHECK(sw_policy_find(p->name) == p);
        CHECK(p->help[0] != '\0' && p->source[0] != '\0');
        CHECK(p->choose != NULL);
    }
    CHECK(n >= 4);
    CHECK(sw_policy_at(n) == NULL);
    CHECK(sw_policy_find("no such policy") == NULL);
}

static void parameters_start_at_their_defaults_and_keep_to_their_bounds(void)
{
    for (size_t i = 0; sw_policy_at(i) != NULL; i++) {
        struct sw_route r;
        REQUIRE(sw_route_init(&r, sw_policy_at(i), 3) == SW_OK);
        for (size_t j = 0; j < r.policy->n_params; j++) {
            const struct sw_param *p = &r.policy->params[j];
            const double *at = (const double *)(const void *)((const char *)r.params + p->offset);
            CHECK(p->offset + sizeof *at <= r.policy->params_size);
            CHECK(p->low <= p->fallback && p->fallback <= p->high && p->low < p->high);
            CHECK(!p->log_scale || p->low > 0);
            CHECK_NEAR(*at, p->fallback, 0);
            CHECK_I64(sw_route_set(&r, p->name, p->high), SW_OK);
            CHECK_NEAR(*at, p->high, 0);
            CHECK_I64(sw_route_set(&r, p->name, p->low - 1), SW_ERR_RANGE);
            CHECK_I64(sw_route_set(&r, p->name, p->high * 2 + 1), SW_ERR_RANGE);
            CHECK_I64(sw_route_set(&r, p->name, (double)NAN), SW_ERR_RANGE);
            CHECK_NEAR(*at, p->high, 0);
        }
        CHECK_I64(sw_route_set(&r, "no such parameter", 1), SW_ERR_NOTFOUND);
        sw_route_fini(&r);
    }
}

static void growing_keeps_what_was_learned_and_forgetting_does_not(void)
{
    for (size_t i = 0; sw_policy_at(i) != NULL; i++) {
        struct sw_route r;
        REQUIRE(sw_route_init(&r, sw_policy_at(i), 2) == SW_OK);
        const size_t size = r.policy->peer_size;
        memset(sw_route_peer(&r, 1), 0x5a, size);
        REQUIRE(sw_route_grow(&r, 100) == SW_OK);
        CHECK_I64(sw_route_grow(&r, 50), SW_OK);
        CHECK_U64(r.n_peers, 100);
        const unsigned char *one = sw_route_peer(&r, 1);
        const unsigned char *fresh = sw_route_peer(&r, 99);
        for (size_t b = 0; b < size; b++) {
            CHECK_U64(one[b], 0x5a);
            CHECK_U64(fresh[b], 0);
        }
        sw_route_forget(&r, 1);
        CHECK(memcmp(sw_route_peer(&r, 1), fresh, size) == 0);
        sw_route_fini(&r);
    }
}

static void each_allocation_that_fails_is_reported(void)
{
    for (size_t i = 0; sw_policy_at(i) != NULL; i++) {
        uint64_t fails = 0;
        struct sw_route r;
        for (;; fails++) {
            fail_alloc_only(fails);
            const int err = sw_route_init(&r, sw_policy_at(i), 10);
            (void)fail_alloc_stop();
            if (err == SW_OK) {
                break;
            }
            CHECK_I64(err, SW_ERR_NOMEM);
            CHECK(r.peers == NULL && r.state == NULL && r.params == NULL);
        }
        CHECK_U64(fails, 3);
        fail_alloc_only(0);
        CHECK_I64(sw_route_grow(&r, 1000), SW_ERR_NOMEM);
        (void)fail_alloc_stop();
        CHECK_U64(r.n_peers, 10);
        CHECK_I64(sw_route_grow(&r, SIZE_MAX), SW_ERR_NOMEM);
        sw_route_fini(&r);
    }
}

/* ---- a small random world that every policy must survive ---- */

#define PEERS 12
#define STEPS 120
#define IN_FLIGHT 8

struct world {
    struct sw_route route;
    struct sw_rng events; /* of the world; the policy has its own stream */
    struct sw_rng draws;
    sw_time now;
    struct sw_candidate peers[PEERS];
    struct {
        uint32_t peer;
        bool probe;
    } flight[IN_FLIGHT];
    size_t n_flight;
    uint64_t hash;
};

static void fold(struct world *w, uint64_t x)
{
    w->hash = (w->hash ^ x) * UINT64_C(0x100000001b3);
}

static uint64_t below(struct world *w, uint64_t n)
{
    return sw_rng_below(&w->events, n);
}

/* Reports of load, honest and absurd. */
static struct sw_telemetry random_telemetry(struct world *w)
{
    static const uint32_t odd[] = { 0, 1, UINT32_MAX };
    const bool absurd = below(w, 10) == 0;
    return (struct sw_telemetry){
        .known = below(w, 5) > 0,
        .waiting = absurd ? odd[below(w, 3)] : (uint32_t)below(w, 50),
        .cores = absurd ? odd[below(w, 3)] : 1 + (uint32_t)below(w, 8),
        .service = absurd ? UINT64_MAX : below(w, 5 * SW_MS),
        .sojourn = absurd ? UINT64_MAX : below(w, 20 * SW_MS),
        .hit = below(w, 2) == 0,
    };
}

static bool was_tried(const struct sw_choice *c, uint32_t peer)
{
    for (size_t i = 0; i < c->n_tried; i++) {
        if (c->tried[i] == peer) {
            return true;
        }
    }
    return false;
}

static void check_choice(const struct sw_route *r, const struct sw_choice *c, size_t chosen)
{
    bool untried = false;
    bool healthy = false;
    for (size_t i = 0; i < c->n; i++) {
        const uint32_t peer = c->candidates[i].peer;
        const bool suspect =
            r->policy->suspected != NULL && !c->candidates[i].self && r->policy->suspected(r, peer);
        untried = untried || !was_tried(c, peer);
        healthy = healthy || (!was_tried(c, peer) && !suspect);
    }
    REQUIRE(chosen < c->n);
    const struct sw_candidate *d = &c->candidates[chosen];
    CHECK(!untried || !was_tried(c, d->peer));
    if (healthy && r->policy->suspected != NULL && !d->self) {
        CHECK(!r->policy->suspected(r, d->peer));
    }
}

static void launch(struct world *w, uint32_t peer, bool probe)
{
    if (w->n_flight < IN_FLIGHT) {
        w->flight[w->n_flight].peer = peer;
        w->flight[w->n_flight++].probe = probe;
    }
}

/* What gossip says of three regions, one of them at times without any capacity. */
static void gossip(struct world *w)
{
    struct sw_regions g = { .n = 3, .epoch = w->now / SW_SEC };
    for (uint32_t i = 0; i < g.n; i++) {
        g.v[i] = (struct sw_region){ .id = i + 1,
                                     .demand = (double)below(w, 300),
                                     .capacity = below(w, 4) > 0 ? 200 : 0,
                                     .cores = 4 };
        for (uint32_t k = 0; k < g.n; k++) {
            g.v[i].rtt[k] = i == k ? 0 : (double)(below(w, 100) * SW_MS);
        }
    }
    if (sw_route_wants_regions(&w->route)) {
        w->route.policy->on_regions(&w->route, &g);
    }
}

static void ask(struct world *w)
{
    struct sw_telemetry truth[PEERS];
    struct sw_candidate candidates[PEERS];
    uint32_t tried[3];
    struct sw_choice c = { .now = w->now, .query_class = below(w, 3), .candidates = candidates };
    for (size_t i = 0; i < PEERS; i++) {
        if (below(w, 3) > 0 || (i == PEERS - 1 && c.n == 0)) {
            candidates[c.n++] = w->peers[i];
        }
    }
    c.tried = tried;
    for (c.n_tried = 0; c.n_tried < below(w, 4) && c.n_tried < 3; c.n_tried++) {
        tried[c.n_tried] = (uint32_t)below(w, PEERS);
    }
    c.own = random_telemetry(w);
    if (w->route.policy->reference) {
        for (size_t i = 0; i < c.n; i++) {
            truth[i] = random_telemetry(w);
        }
        c.truth = truth;
    }
    const size_t chosen = w->route.policy->choose(&w->route, &c, &w->draws);
    check_choice(&w->route, &c, chosen);
    fold(w, candidates[chosen].peer);
    if (w->route.policy->on_send != NULL) {
        w->route.policy->on_send(&w->route, candidates[chosen].peer, w->now);
    }
    launch(w, candidates[chosen].peer, false);
}

static void land(struct world *w)
{
    if (w->n_flight == 0) {
        return;
    }
    const struct sw_policy *policy = w->route.policy;
    const size_t at = (size_t)below(w, w->n_flight);
    const uint32_t peer = w->flight[at].peer;
    const bool probe = w->flight[at].probe;
    w->flight[at] = w->flight[--w->n_flight];
    const struct sw_telemetry t = random_telemetry(w);
    const bool lost = below(w, 4) == 0;
    if (lost && policy->on_timeout != NULL) {
        policy->on_timeout(&w->route, peer, w->now, probe);
    }
    if ((!lost || below(w, 3) == 0) && policy->on_reply != NULL) {
        policy->on_reply(&w->route, peer, w->now, below(w, 900 * SW_MS), &t, probe, lost);
    }
}

static void probe(struct world *w)
{
    const struct sw_policy *policy = w->route.policy;
    for (int i = 0; policy->next_probe != NULL; i++) {
        REQUIRE(i < 1000); /* the budget ends */
        const uint32_t peer = policy->next_probe(&w->route, w->now, w->peers, PEERS, &w->draws);
        fold(w, peer);
        if (peer == SW_NO_PEER) {
            break;
        }
        REQUIRE(peer < PEERS);
        CHECK(!w->peers[peer].self);
        launch(w, peer, true);
    }
}

static void check_what_it_says(struct world *w)
{
    const struct sw_policy *policy = w->route.policy;
    for (uint32_t i = 0; i < PEERS; i++) {
        if (policy->patience != NULL) {
            const sw_dur p = policy->patience(&w->route, i);
            CHECK(p >= 10 * SW_MS && p <= 2 * SW_SEC);
            fold(w, p);
        }
        if (policy->cost != NULL) {
            const double cost = policy->cost(&w->route, i, w->now);
            CHECK(isnan(cost) || (cost >= 0 && isfinite(cost)));
            fold(w, isnan(cost) ? 0 : (uint64_t)cost);
        }
        if (policy->trail != NULL) {
            const double trail = policy->trail(&w->route, i, w->now);
            CHECK(trail > 0 && trail <= 1);
        }
    }
}

/* One history; its hash covers every decision. */
static uint64_t live_through(const struct sw_policy *policy, uint64_t seed, uint64_t *draws)
{
    static const sw_dur gaps[] = { 0, SW_US, SW_MS, 100 * SW_MS, SW_SEC, SW_HOUR };
    struct world w = { .now = seed % 2 == 0 ? 0 : 1000 * SW_SEC };
    if (sw_route_init(&w.route, policy, PEERS) != SW_OK) {
        return 0;
    }
    sw_rng_init(&w.events, sw_rng_key(seed, "test policy", "events"));
    sw_rng_init(&w.draws, sw_rng_key(seed, "test policy", "draws"));
    for (uint32_t i = 0; i < PEERS; i++) {
        w.peers[i] = (struct sw_candidate){ i, i % 3 == 0, i == 7 && seed % 3 == 0, i + 1,
                                            i == 5 ? SW_REGION_NONE : i % 3 };
    }
    fail_alloc_from(0);
    for (int step = 0; step < STEPS; step++) {
        w.now += gaps[below(&w, 100) == 0 ? 5 : below(&w, 5)];
        ask(&w);
        probe(&w);
        land(&w);
        land(&w);
        if (step == STEPS / 4) {
            gossip(&w);
        }
        if (step % 10 == 0) {
            check_what_it_says(&w);
        }
    }
    CHECK_U64(fail_alloc_stop(), 0);
    *draws = w.draws.draws;
    sw_route_fini(&w.route);
    return w.hash;
}

#ifdef SW_SLOW_CHECKS
#define SEEDS 100 /* each step is ten times as slow */
#else
#define SEEDS 1000
#endif

static void every_policy_keeps_the_rules_over_many_seeds(void)
{
    for (size_t i = 0; sw_policy_at(i) != NULL; i++) {
        const struct sw_policy *policy = sw_policy_at(i);
        CHECK(policy->peer_size <= 128);
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            uint64_t draws[2] = { 0, 0 };
            const uint64_t once = live_through(policy, seed, &draws[0]);
            const uint64_t again = live_through(policy, seed, &draws[1]);
            CHECK_U64(once, again);
            CHECK_U64(draws[0], draws[1]);
        }
    }
}

/* ---- the order of candidates ---- */

#define ORDERED 6
#define ORDER_CHOICES 4000

/* What node @id says of itself, and how far it is. */
static struct sw_telemetry said_by(uint64_t id)
{
    return (struct sw_telemetry){
        .known = true, .waiting = (uint32_t)(7 * id % 5), .cores = 2, .service = SW_MS + id * SW_US
    };
}

/* How often each of six nodes is chosen by one that knows them all, and numbers them up or down. */
static void shares_by_id(const struct sw_policy *policy, bool down, double *share)
{
    struct sw_route r;
    struct sw_rng rng;
    struct sw_candidate peers[ORDERED];
    struct sw_telemetry truth[ORDERED];
    if (sw_route_init(&r, policy, ORDERED) != SW_OK) {
        abort();
    }
    sw_rng_init(&rng, sw_rng_key(1, "test policy", down ? "down" : "up"));
    for (uint64_t id = 1; id <= ORDERED; id++) {
        const uint32_t peer = (uint32_t)(down ? ORDERED - id : id - 1);
        const struct sw_telemetry t = said_by(id);
        peers[peer] = (struct sw_candidate){ peer, id % 2 == 0, false, id, (uint32_t)id % 2 };
        truth[peer] = t;
        share[id - 1] = 0;
        for (int times = 0; times < 3 && policy->on_reply != NULL; times++) {
            policy->on_reply(&r, peer, SW_SEC, (10 + 3 * id) * SW_MS, &t, times == 0, false);
        }
    }
    for (int i = 0; i < ORDER_CHOICES; i++) {
        const struct sw_choice c = {
            .now = SW_SEC, .query_class = 5, .candidates = peers, .n = ORDERED, .truth = truth
        };
        share[peers[policy->choose(&r, &c, &rng)].id - 1] += 1.0 / ORDER_CHOICES;
    }
    sw_route_fini(&r);
}

static void the_order_of_candidates_does_not_matter(void)
{
    for (size_t i = 0; sw_policy_at(i) != NULL; i++) {
        double up[ORDERED];
        double down[ORDERED];
        double sum = 0;
        shares_by_id(sw_policy_at(i), false, up);
        shares_by_id(sw_policy_at(i), true, down);
        for (size_t k = 0; k < ORDERED; k++) {
            sum += up[k];
            if (fabs(up[k] - down[k]) > 0.056) { /* five standard deviations of a difference */
                (void)printf("%s, node %zu: %.3f, %.3f\n", sw_policy_at(i)->name, k + 1, up[k],
                             down[k]);
                CHECK(false);
            }
        }
        CHECK_NEAR(sum, 1, 1e-9);
    }
}

CU_TestInfo tests_policy[] = {
    { "names are unique and found", names_are_unique_and_found },
    { "parameters start at their defaults and keep to their bounds",
      parameters_start_at_their_defaults_and_keep_to_their_bounds },
    { "growing keeps what was learned and forgetting does not",
      growing_keeps_what_was_learned_and_forgetting_does_not },
    { "each allocation that fails is reported", each_allocation_that_fails_is_reported },
    { "the order of candidates does not matter", the_order_of_candidates_does_not_matter },
    { "every policy keeps the rules over many seeds",
      every_policy_keeps_the_rules_over_many_seeds },
    CU_TEST_INFO_NULL,
};
