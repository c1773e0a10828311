/* SPDX-License-Identifier: GPL-3.0-or-later
 * The keys of a scenario file, and what they are read into before names are resolved. */
#ifndef SIM_SCENARIO_TABLES_H
#define SIM_SCENARIO_TABLES_H

#include "node/conf/yaml.h"
#include "sim/scenario/scenario.h"

struct sim_zone_entry {
    char *name, *file;
    uint32_t names; /* made up, of a zone outside */
    sw_dur *ttls;
    size_t n_ttls;
    sw_dur negative_ttl;
    struct sw_name primary;
    struct sw_name *backups;
    size_t n_backups;
};

/* One item of `nodes`: @count equal nodes. */
struct sim_node_entry {
    struct sw_name name; /* empty: made from the region */
    struct sw_name region;
    uint32_t count;
    sw_dur clock_offset;
    int clock_is; /* 0 ahead, 1 behind */
    double clock_drift;
    struct sw_name *knows; /* nodes and regions */
    size_t n_knows;
    struct sim_node node;
    const struct sw_yaml_node *at; /* its item, with the defaults in place */
};

/* One item of `clients`. */
struct sim_clients_entry {
    struct sim_clients clients; /* owns what s.clients copies */
    struct sw_yaml_param *types;
    size_t n_types;
    char *queries, *capture; /* files to replay */
};

struct sim_fault_entry {
    char *kind;
    sw_time at;
    sw_dur length;
    struct sw_yaml_param *params;
    size_t n_params, line;
};

struct sim_storm_entry {
    struct sim_fault_entry fault; /* no times */
    double rate;
    sw_dur shortest, longest;
};

/* A scenario file, bound: what owns a struct sim_scenario's memory. */
struct sim_file {
    struct sim_scenario s; /* first; holds the scalars and lists that need no second look */
    struct sw_name study;
    char *rtt_file;
    struct sim_zone_entry *zones;
    size_t n_zones;
    struct sim_clients_entry *clients;
    size_t n_clients;
    struct sim_fault_entry *faults;
    size_t n_faults;
    struct sim_storm_entry *kinds; /* of the storm */
    size_t n_kinds;
    char **expectations;
    size_t n_expectations;
    struct sim_node_entry *entries; /* own what s.nodes copy */
    size_t n_entries;
    char *policy;                   /* that replaced the nodes' own, or NULL */
    struct sw_param_config *params; /* its parameters, when they were given too */
    size_t n_params;
};

extern const struct sw_yaml_table sim_file_table; /* into struct sim_file */
extern const struct sw_yaml_table sim_node_table; /* into struct sim_node_entry */

#endif
