/* SPDX-License-Identifier: GPL-3.0-or-later
 * round_robin: each candidate in turn.
 *
 * Rule: the first open candidate behind the one asked last, in order of its number, beginning
 * anew after the last.  One turn for all zones, as in dnsdist's roundrobin.
 *
 * Source: dnsdist 1.7, policy `roundrobin`; the rule is as old as time sharing. */
#include "algorithms/route/candidates.h"
#include "algorithms/route/usual.h"

struct state {
    uint32_t next; /* the smallest number whose turn it is */
};

static double turn(const struct sw_route *r, const struct sw_choice *c, size_t i)
{
    const struct state *s = r->state;
    return (double)(uint32_t)(c->candidates[i].peer - s->next); /* wraps: those before come last */
}

static size_t choose(struct sw_route *r, const struct sw_choice *c, struct sw_rng *rng)
{
    (void)rng;
    struct state *s = r->state;
    const size_t i = sw_least(r, c, turn);
    s->next = c->candidates[i].peer + 1;
    return i;
}

const struct sw_policy sw_policy_round_robin = {
    .name = "round_robin",
    .help = "each candidate in turn",
    .source = "dnsdist, policy roundrobin",
    .state_size = sizeof(struct state),
    .peer_size = sizeof(struct sw_usual),
    .choose = choose,
    .on_reply = sw_usual_on_reply,
    .on_timeout = sw_usual_on_timeout,
    .patience = sw_usual_patience,
};
