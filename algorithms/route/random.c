/* SPDX-License-Identifier: GPL-3.0-or-later
 * random: every candidate is equally likely.  The null hypothesis of routing.
 *
 * Rule: uniform among the candidates not tried for this query, or among all when all were.
 * It learns nothing but how long to wait (rtt.h). */
#include "algorithms/route/candidates.h"
#include "algorithms/route/usual.h"

static size_t choose(struct sw_route *r, const struct sw_choice *c, struct sw_rng *rng)
{
    (void)r;
    return sw_any(c, rng);
}

const struct sw_policy sw_policy_random = {
    .name = "random",
    .help = "every candidate is equally likely",
    .source = "none needed",
    .peer_size = sizeof(struct sw_usual),
    .choose = choose,
    .on_reply = sw_usual_on_reply,
    .on_timeout = sw_usual_on_timeout,
    .patience = sw_usual_patience,
};
