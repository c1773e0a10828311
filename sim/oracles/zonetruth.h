/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a zone says, evaluated straight from its master file (RFC 1034, 4.3.2; RFC 4592;
 * RFC 2308) without any of the node's code: the truth that answers are held against. */
#ifndef SIM_ZONETRUTH_H
#define SIM_ZONETRUTH_H

#include "node/base/err.h"
#include "node/base/types.h"

struct sim_truth;

/* Read the master file @text of the zone @origin ("example.org").
 * Errors: SW_ERR_MALFORMED (the diag has the line), SW_ERR_UNSUPPORTED ($INCLUDE, DNAME),
 * SW_ERR_NOMEM. */
int sim_truth_new(const char *origin, struct sw_bytes text, struct sim_truth **out,
                  struct sw_diag *d);
void sim_truth_free(struct sim_truth *t);

const uint8_t *sim_truth_apex(const struct sim_truth *t); /* wire form, lower case */
/* Owner names that a client can ask for: all but wildcards and what lies below a delegation.
 * In ascending memcmp order of their wire forms. */
size_t sim_truth_names(const struct sim_truth *t);
const uint8_t *sim_truth_name(const struct sim_truth *t, size_t i);

/* Is @name (wire form, any case) at or below the apex? */
bool sim_truth_covers(const struct sim_truth *t, const uint8_t *name);

/* Is @answer, a whole message, what the zone says to (@name, @type)?  NULL when it is, otherwise
 * a sentence.  TTLs may be smaller than the zone's, never larger.  ID and letters' case of the
 * question are the client's business. */
const char *sim_truth_check(struct sim_truth *t, const uint8_t *name, uint16_t type,
                            struct sw_bytes answer);

#endif
