/* SPDX-License-Identifier: GPL-3.0-or-later
 * bounded_hash: a class of queries stays with its home, unless the home has more than its share.
 *
 *   far(d)    = sw_rendezvous(query class, name of d): candidates in ascending order of it
 * (rendezvous hashing: every entry node finds the same home) cap       = ceil((1 + epsilon) (m +
 * 1)/n)     m: our queries in flight to all n candidates
 *
 * The first open candidate in that order with fewer than cap of our queries in flight is asked;
 * where each has as many, the first open one.
 *
 * Sources: Thaler and Ravishankar 1998 (rendezvous); Mirrokni, Thorup and Zadimoghaddam 2018
 * (bounded loads). */
#include "algorithms/route/candidates.h"
#include "algorithms/route/usual.h"

#include <math.h>

struct params {
    double epsilon;
};

struct state {
    double cap; /* of the present choice */
};

static double score(const struct sw_route *r, const struct sw_choice *c, size_t i)
{
    const struct state *s = r->state;
    const bool full = sw_usual_of(r, c, i)->pending >= s->cap;
    return full + sw_unit(sw_rendezvous(c->query_class, c->candidates[i].id));
}

static size_t choose(struct sw_route *r, const struct sw_choice *c, struct sw_rng *rng)
{
    (void)rng;
    const struct params *k = r->params;
    struct state *s = r->state;
    double pending = 1;
    for (size_t i = 0; i < c->n; i++) {
        pending += sw_usual_of(r, c, i)->pending;
    }
    const double share = (1 + k->epsilon) * pending / (double)c->n;
    s->cap = floor(share) + (share > floor(share));
    return sw_least(r, c, score);
}

static const struct sw_param parameters[] = {
    { "epsilon", offsetof(struct params, epsilon), "1", 0.01, 4, 0.25, true,
      "how much more than the mean a home may have in flight" },
};

const struct sw_policy sw_policy_bounded_hash = {
    .name = "bounded_hash",
    .help = "each class of queries at its home, with bounded loads",
    .source = "Mirrokni et al. 2018",
    .params_size = sizeof(struct params),
    .params = parameters,
    .n_params = SW_LEN(parameters),
    .state_size = sizeof(struct state),
    .peer_size = sizeof(struct sw_usual),
    .choose = choose,
    .on_send = sw_usual_on_send,
    .on_reply = sw_usual_on_reply,
    .on_timeout = sw_usual_on_timeout,
    .patience = sw_usual_patience,
};
