/* SPDX-License-Identifier: GPL-3.0-or-later
 * What reading and writing a sketch share. */
#ifndef SIM_SKETCH_INSIDE_H
#define SIM_SKETCH_INSIDE_H

#include "sim/hunt/sketch.h"

/* A top-level key's value, the configuration's before the file's own; NULL when there is none. */
const struct sw_yaml_node *sim_sketch_key(const struct sim_sketch *s, const char *key);
/* The scalar @key of @n; "" when there is none. */
const char *sim_sketch_text(const struct sw_yaml_node *n, const char *key);

#endif
