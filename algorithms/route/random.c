/* SPDX-License-Identifier: GPL-3.0-or-later
 * random: every candidate is equally likely.  The null hypothesis of routing.
 *
 * Rule: uniform among the candidates not tried for this query, or among all when all were.
 * It learns nothing but how long to wait (rtt.h). */
#include "algorithms/route/candidates.h"
#include "algorithms/route/rtt.h"

static size_t choose(struct sw_route *r, const struct sw_choice *c, struct sw_rng *rng)
{
    (void)r;
    const bool any = sw_all_tried(c);
    size_t eligible = 0;
    for (size_t i = 0; i < c->n; i++) {
        eligible += any || !sw_was_tried(c, i);
    }
    uint64_t skip = sw_rng_below(rng, eligible);
    size_t i = 0;
    for (;; i++) {
        if (any || !sw_was_tried(c, i)) {
            if (skip == 0) {
                return i;
            }
            skip--;
        }
    }
}

static void on_reply(struct sw_route *r, uint32_t peer, sw_time now, sw_dur rtt,
                     const struct sw_telemetry *t, bool probe, bool late)
{
    (void)now, (void)t, (void)probe, (void)late;
    sw_rtt_sample(sw_route_peer(r, peer), (double)rtt);
}

static void on_timeout(struct sw_route *r, uint32_t peer, sw_time now, bool probe)
{
    (void)now, (void)probe;
    sw_rtt_back_off(sw_route_peer(r, peer));
}

static sw_dur patience(const struct sw_route *r, uint32_t peer)
{
    return sw_rtt_patience(sw_route_peer(r, peer));
}

const struct sw_policy sw_policy_random = {
    .name = "random",
    .help = "every candidate is equally likely",
    .source = "none needed",
    .peer_size = sizeof(struct sw_rtt),
    .choose = choose,
    .on_reply = on_reply,
    .on_timeout = on_timeout,
    .patience = patience,
};
