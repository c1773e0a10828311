/* SPDX-License-Identifier: GPL-3.0-or-later
 * What upstreams said, and until when that may be repeated: the truth that answers from caches are
 * held against. */
#ifndef SIM_SAID_H
#define SIM_SAID_H

#include "sim/oracles/zonetruth.h"
#include "sim/world/watch.h"

struct sim_said;

struct sim_said *sim_said_new(void);
void sim_said_free(struct sim_said *s);

/* An upstream said @answer at @now. */
void sim_said_note(struct sim_said *s, struct sw_bytes answer, sw_time now);
/* Is @q's answer what an upstream said, its zone being @truth: the same content; a TTL that ends
 * when that of the latest utterance does, or before; or, @max_stale after that at most, a TTL of 30
 * s at most (RFC 8767)?  NULL when it is; otherwise a sentence, which lasts until the next call. */
const char *sim_said_check(struct sim_said *s, struct sim_truth *truth,
                           const struct sim_query_done *q, sw_dur max_stale);

#endif
