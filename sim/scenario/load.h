/* SPDX-License-Identifier: GPL-3.0-or-later
 * The steps of reading a scenario, in order.  All report as sim_scenario_load does. */
#ifndef SIM_SCENARIO_LOAD_H
#define SIM_SCENARIO_LOAD_H

#include "node/base/arena.h"
#include "sim/scenario/tables.h"

struct sim_loader {
    const struct sw_yaml *y;
    const struct sw_yaml_node *root; /* with the configuration's keys in place */
    struct sim_file *f;
    struct sw_arena arena; /* of merged trees */
    struct sw_diag *d;
};

/* load.c: @data was read from a file that the scenario names; a study is resumed only when it is
 * the same again. */
void sim_load_input(struct sim_loader *l, const void *data, size_t len);

/* merge.c: the root with the keys of configuration @name replaced. */
int sim_overlay(struct sim_loader *l, const char *name);
/* override.c: the root with single keys replaced. */
int sim_override(struct sim_loader *l, const struct sim_override *v, size_t n);
/* @over on top of @under: mappings are merged key by key, anything else is replaced.  Either may
 * be NULL.  NULL when memory is out. */
const struct sw_yaml_node *sim_merge(struct sw_arena *a, const struct sw_yaml_node *under,
                                     const struct sw_yaml_node *over);

/* nodes.c: expand `nodes`, give them names, peers and keys. */
int sim_load_nodes(struct sim_loader *l);
/* acquaint.c: every node's list of those it knows. */
int sim_acquaint(struct sim_loader *l);
/* zones.c: read master files, tell nodes which zones they hold. */
int sim_load_zones(struct sim_loader *l);
/* network.c: paths between regions, and what links have by default. */
int sim_load_network(struct sim_loader *l);
/* rtt.c: the matrix, when there is one. */
int sim_load_rtt(struct sim_loader *l);
/* clients.c: who asks what, and from what files; free_clients what it made. */
int sim_load_clients(struct sim_loader *l);
void sim_free_clients(struct sim_scenario *s);
/* faults.c: those listed.  The second moves one entry of either list into the scenario, with its
 * kind known. */
int sim_load_faults(struct sim_loader *l);
int sim_load_fault(struct sim_loader *l, const struct sw_yaml_node *at, struct sim_fault_entry *e,
                   struct sim_fault *out);
/* storm.c */
int sim_load_storm(struct sim_loader *l);
/* expectation.c */
int sim_load_expectations(struct sim_loader *l);
/* check.c: regions are named once and lie somewhere; later, names refer to something and times
 * lie in the run. */
int sim_check_regions(struct sim_loader *l);
int sim_check(struct sim_loader *l);

/* Parse @text, "METRIC [during FAULT] OPERATOR VALUE", into @out, whose strings become the
 * caller's.  Errors: SW_ERR_MALFORMED, SW_ERR_NOTFOUND (no such metric), SW_ERR_NOMEM; the diag
 * says what is wrong, without a position. */
int sim_expectation_parse(const char *text, struct sim_expectation *out, struct sw_diag *d);
void sim_expectation_free(struct sim_expectation *e);

#endif
