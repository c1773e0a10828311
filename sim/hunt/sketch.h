/* SPDX-License-Identifier: GPL-3.0-or-later
 * A scenario as parts that can be taken away: what depends on a part that is gone goes with it, and
 * what is left is written as a scenario file again. */
#ifndef SIM_SKETCH_H
#define SIM_SKETCH_H

#include "node/conf/yaml.h"
#include "sim/scenario/scenario.h"

#include <stdio.h>

enum sim_part_kind {
    SIM_PART_FAULT,
    SIM_PART_OPERATION,
    SIM_PART_CLIENTS,
    SIM_PART_REGION,
    SIM_PART_NODE,
    SIM_PART_UPSTREAM,
    SIM_PART_KINDS
};

struct sim_part {
    enum sim_part_kind kind;
    const struct sw_yaml_node *node; /* in the tree */
    struct sw_name name;             /* of a region, node or upstream */
};

struct sim_sketch {
    struct sw_yaml yaml;
    const struct sw_yaml_node *overlay; /* the configuration's keys; NULL: none */
    struct sim_part *parts;             /* in file order, kind by kind */
    size_t n;
};

/* Read @text as sim_scenario_parse does, in configuration @name (NULL: none).  The text must be a
 * valid scenario.  Errors: those of sw_yaml_parse; SW_ERR_NOTFOUND (configuration). */
int sim_sketch_parse(const char *path, const char *text, size_t len, const char *name,
                     struct sim_sketch *out, struct sw_diag *d);
void sim_sketch_fini(struct sim_sketch *s);

/* The scenario's own, ns. */
sw_dur sim_sketch_duration(const struct sim_sketch *s);

/* How a sketch is written. */
struct sim_sketch_way {
    const bool *keep;   /* a part; NULL: all */
    sw_dur duration;    /* 0: the scenario's own */
    uint32_t copies;    /* of each protected set; 0: as each node says */
    uint64_t seed;      /* becomes the scenario's */
    const char *oracle; /* the only one that watches; NULL: the scenario's own */
    const char *remark; /* first line, a comment; NULL: none */
};

/* Write it to @to, `faults` last, without expectations and configurations.  False when it is no
 * scenario any longer (no node, a zone that nobody holds or
 * knows); @to has part of it then. */
bool sim_sketch_write(const struct sim_sketch *s, const struct sim_sketch_way *way, FILE *to);
/* Parts of @kind that would be written. */
size_t sim_sketch_count(const struct sim_sketch *s, const struct sim_sketch_way *way,
                        enum sim_part_kind kind);

#endif
