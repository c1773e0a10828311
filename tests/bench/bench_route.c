/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a routing decision costs: nanoseconds and allocations a choice, for every policy, with 10
 * and with 50 peers whose loads keep changing.
 * usage: bench_route [CHOICES, default 1000000 [POLICY: that one only]] */
#define _POSIX_C_SOURCE 200809L
#include "algorithms/route/policy.h"
#include "node/base/err.h"
#include "tests/bench/bench.h"
#include "tests/lib/fail_alloc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEERS_MOST 50
#define BATCH 50 /* choices between two rounds of replies */

struct bench {
    struct sw_route route;
    struct sw_rng draws, world;
    struct sw_candidate peers[PEERS_MOST];
    size_t n;
    sw_time now;
};

/* A reply from @peer with another load than the last time. */
static void reply(struct bench *b, uint32_t peer, bool probe)
{
    const uint64_t r = sw_rng_next(&b->world);
    const struct sw_telemetry t = { .known = true,
                                    .waiting = (uint32_t)(r % 20),
                                    .cores = 4,
                                    .service = SW_MS + r % SW_MS,
                                    .sojourn = r % (4 * SW_MS) };
    if (b->route.policy->on_reply != NULL) {
        b->route.policy->on_reply(&b->route, peer, b->now, (5 + peer) * SW_MS + r % SW_MS, &t,
                                  probe, false);
    }
}

/* Nanoseconds a choice; @allocations: of all of them. */
static double measure(const struct sw_policy *policy, size_t n, uint64_t choices, bool classes,
                      uint64_t *allocations)
{
    struct bench b = { .n = n, .now = SW_SEC };
    double spent = 0;
    if (sw_route_init(&b.route, policy, n) != SW_OK) {
        abort();
    }
    sw_rng_init(&b.draws, sw_rng_key(1, "bench route", "draws"));
    sw_rng_init(&b.world, sw_rng_key(1, "bench route", "world"));
    for (uint32_t i = 0; i < n; i++) {
        b.peers[i] = (struct sw_candidate){ i, i % 5 == 0, false, i + 1, i % 5 };
    }
    (void)fail_alloc_stop();
    for (uint64_t done = 0; done < choices; done += BATCH) {
        for (uint32_t i = 0; i < n; i++) {
            reply(&b, i, true);
        }
        uint32_t chosen[BATCH];
        const double begin = bench_cpu();
        for (size_t i = 0; i < BATCH; i++) {
            b.now += 100 * SW_US;
            const struct sw_choice c = {
                .now = b.now, .query_class = b.now, .candidates = b.peers, .n = n
            };
            const size_t at = classes ? policy->choose_class(&b.route, &c)
                                      : policy->choose(&b.route, &c, &b.draws);
            chosen[i] = b.peers[at].peer;
        }
        spent += bench_cpu() - begin;
        for (size_t i = 0; i < BATCH; i++) {
            if (policy->on_send != NULL) {
                policy->on_send(&b.route, chosen[i], b.now);
            }
            reply(&b, chosen[i], false);
        }
    }
    *allocations = fail_alloc_stop();
    sw_route_fini(&b.route);
    return spent * 1e9 / (double)choices;
}

static void show(const struct sw_policy *p, uint64_t choices, bool classes)
{
    uint64_t allocations[2];
    const double ten = measure(p, 10, choices, classes, &allocations[0]);
    const double fifty = measure(p, 50, choices, classes, &allocations[1]);
    printf("%-14s %12.0f %12.0f %12" PRIu64 " %10zu%s\n", p->name, ten, fifty,
           allocations[0] + allocations[1], p->peer_size, classes ? "  by class trails" : "");
}

int main(int argc, char **argv)
{
    uint64_t choices = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    choices -= choices % BATCH;
    if (choices == 0) {
        (void)fprintf(stderr, "usage: bench_route [CHOICES >= %d [POLICY]]\n", BATCH);
        return 2;
    }
    printf("routing, a choice\n%-14s %12s %12s %12s %10s\n", "policy", "10 peers, ns",
           "50 peers, ns", "allocations", "bytes/peer");
    for (size_t i = 0; sw_policy_at(i) != NULL; i++) {
        const struct sw_policy *p = sw_policy_at(i);
        if (argc > 2 && strcmp(p->name, argv[2]) != 0) {
            continue;
        }
        show(p, choices, false);
        if (p->choose_class != NULL) {
            show(p, choices, true);
        }
    }
    return 0;
}
