/* SPDX-License-Identifier: GPL-3.0-or-later
 * A point of a sweep or a search: a routing policy and what differs from the defaults.
 *
 * A key without a dot is a parameter of the policy; one with dots is a scenario's key by its path
 * ("network.wide.loss", "clients.0.rate").  Values are text, as a scenario file would have them, so
 * that a point can be pasted. */
#ifndef SIM_POINT_H
#define SIM_POINT_H

#include "sim/scenario/scenario.h"

#include <stdio.h>

#define SIM_SETTINGS 40
#define SIM_KEY 96
#define SIM_VALUE 40

struct sim_setting {
    char key[SIM_KEY], value[SIM_VALUE];
};

/* Zero-initialised is valid: the scenario as it is. */
struct sim_point {
    char policy[32];                           /* registered; "": what the scenario says */
    struct sim_setting settings[SIM_SETTINGS]; /* by key */
    size_t n;
};

/* Set @key, again or for the first time.  Errors: SW_ERR_MALFORMED, SW_ERR_RANGE (too many). */
int sim_point_set(struct sim_point *p, const char *key, const char *value, struct sw_diag *d);
/* Set the policy; NULL: leave it.  Errors: SW_ERR_NOTFOUND. */
int sim_point_route_by(struct sim_point *p, const char *policy, struct sw_diag *d);
/* Set what @text says: "k=v,k=v", or the path of a file with the keys `routing` (policy,
 * parameters: as in a scenario) and `scenario` (dotted keys and values); other keys of it are
 * ignored, so that what `swarmsim tune` writes will do.
 * Errors: SW_ERR_IO, SW_ERR_MALFORMED, SW_ERR_RANGE, SW_ERR_NOTFOUND. */
int sim_point_read(struct sim_point *p, const char *text, struct sw_diag *d);
/* Whether the policy takes these parameters.  Errors: SW_ERR_NOTFOUND, SW_ERR_MALFORMED,
 * SW_ERR_RANGE. */
int sim_point_check(const struct sim_point *p, struct sw_diag *d);

/* What its runs are stored as: "", the policy, or "POLICY-DIGEST": equal points have equal names.
 */
struct sw_name sim_point_name(const struct sim_point *p);
/* "price=1.9, beta=4", for people; "defaults" when nothing is set. */
void sim_point_print(const struct sim_point *p, FILE *to);
/* A JSON object of the settings. */
void sim_point_print_json(const struct sim_point *p, FILE *to);
/* The keys `routing` and `scenario` of a file that sim_point_read reads. */
void sim_point_write(const struct sim_point *p, FILE *to);

/* Scenario @path at this point, its configuration named as above.  Errors: those of
 * sim_scenario_vary and sim_point_check. */
int sim_point_load(const struct sim_point *p, const char *path, struct sim_scenario **out,
                   struct sw_diag *d);
/* The same of @text, as @path would hold it. */
int sim_point_load_text(const struct sim_point *p, const char *path, struct sw_bytes text,
                        struct sim_scenario **out, struct sw_diag *d);

#endif
