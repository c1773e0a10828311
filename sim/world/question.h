/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a group of clients asks: names of a zone by Zipf's law, types in their usual shares, some
 * names that do not exist.  Everything about a query follows from its number. */
#ifndef SIM_QUESTION_H
#define SIM_QUESTION_H

#include "node/base/rng.h"
#include "sim/oracles/zonetruth.h"
#include "sim/scenario/scenario.h"

/* Longest query message: header, name, type and class, OPT. */
#define SIM_QUERY_MAX (12 + 255 + 4 + 11)

struct sim_questions;

/* @truth (NULL: names are those of the replay, and none are made up) and @spec must outlive it.
 * Popularity ranks are dealt to names by @seed.
 * Errors: SW_ERR_RANGE (the zone has no names, or its name is too long for made-up names). */
int sim_questions_new(const struct sim_clients *spec, const struct sim_truth *truth, uint64_t seed,
                      struct sim_questions **out, struct sw_diag *d);
void sim_questions_free(struct sim_questions *q);

/* This share of queries, from the next drawn on, is for names that do not exist. */
void sim_questions_nonexistent(struct sim_questions *q, double share);

/* One query's question. */
struct sim_question {
    uint64_t made_up; /* label of a name that does not exist; 0: @name is meant */
    uint32_t name;    /* which of the zone's names, or of the replay's */
    uint16_t type;
    uint16_t id;
    bool edns;
};

/* The draws that belong to query @number: when it comes after the one before, who asks (below
 * @clients), at which server of the list it starts (0..65535, to be reduced), and what. */
struct sim_demand {
    sw_dur gap;
    uint32_t client;
    uint16_t start;
    struct sim_question question;
};
void sim_demand_draw(const struct sim_questions *q, struct sw_rng_key key, uint64_t number,
                     double mean_gap, uint64_t clients, struct sim_demand *out);

/* The name asked for, in wire form, lent in @scratch or for ever; its length in @len. */
const uint8_t *sim_question_name(const struct sim_questions *q, const struct sim_question *a,
                                 uint8_t scratch[256], size_t *len);
/* The query's message; its length. */
size_t sim_question_write(const struct sim_questions *q, const struct sim_question *a,
                          uint8_t out[SIM_QUERY_MAX]);

#endif
