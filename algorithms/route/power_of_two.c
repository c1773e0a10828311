/* SPDX-License-Identifier: GPL-3.0-or-later
 * power_of_two: of a few candidates drawn at random, the one with fewest queries in flight.
 *
 * Rule: d open candidates, drawn one after another and each as likely as the other (the same one
 * may come twice); the one with the fewest of our queries in flight, among equals the first
 * drawn.
 *
 * Source: Azar, Broder, Karlin and Upfal 1994; Mitzenmacher 2001 (d = 2). */
#include "algorithms/route/candidates.h"
#include "algorithms/route/usual.h"

struct params {
    double d;
};

static size_t choose(struct sw_route *r, const struct sw_choice *c, struct sw_rng *rng)
{
    const struct params *k = r->params;
    size_t best = sw_any(c, rng);
    for (int draws = (int)k->d - 1; draws > 0; draws--) {
        const size_t i = sw_any(c, rng);
        if (sw_usual_of(r, c, i)->pending < sw_usual_of(r, c, best)->pending) {
            best = i;
        }
    }
    return best;
}

static const struct sw_param parameters[] = {
    { "d", offsetof(struct params, d), "1", 1, 8, 2, false, "candidates drawn" },
};

const struct sw_policy sw_policy_power_of_two = {
    .name = "power_of_two",
    .help = "of two drawn at random, the one with fewer queries in flight",
    .source = "Mitzenmacher 2001",
    .params_size = sizeof(struct params),
    .params = parameters,
    .n_params = SW_LEN(parameters),
    .peer_size = sizeof(struct sw_usual),
    .choose = choose,
    .on_send = sw_usual_on_send,
    .on_reply = sw_usual_on_reply,
    .on_timeout = sw_usual_on_timeout,
    .patience = sw_usual_patience,
};
