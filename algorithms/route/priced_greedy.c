/* SPDX-License-Identifier: GPL-3.0-or-later
 * priced_greedy: the ant colony's cost without its ants: what do the ants contribute?
 *
 * Rule: the cheapest candidate by the cost of ant_colony.h, always.  Queries earn no ants and
 * nothing is drawn; `beat` probes a second go to peers silent for a second, since somebody must
 * find a suspect well again.
 *
 * Source: this project, as a control. */
#include "algorithms/route/ant_colony.h"

static const struct sw_param parameters[] = {
    SW_ACO_COST_PARAMS,
    SW_ACO_PARAM(beat, "1/s", 0, 100, 4, false, "probes a second for peers silent for a second"),
    SW_ACO_PARAM(suspect_after, "1", 1, 10, 2, false, "time-outs in a row that make a suspect"),
};

const struct sw_policy sw_policy_priced_greedy = {
    .name = "priced_greedy",
    .help = "the cheapest by congestion-priced predicted latency, no ants",
    .source = "this project, as a control",
    .params_size = sizeof(struct sw_aco_params),
    .params = parameters,
    .n_params = SW_LEN(parameters),
    .state_size = sizeof(struct sw_aco_state),
    .peer_size = sizeof(struct sw_aco_peer),
    .choose = sw_aco_cheapest,
    .on_send = sw_aco_on_send,
    .on_reply = sw_aco_on_reply,
    .on_timeout = sw_aco_on_timeout,
    .on_refused = sw_aco_on_refused,
    .next_probe = sw_aco_next_probe,
    .patience = sw_aco_patience,
    .cost = sw_aco_cost,
    .suspected = sw_aco_suspected,
};
