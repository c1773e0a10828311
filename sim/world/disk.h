/* SPDX-License-Identifier: GPL-3.0-or-later
 * A virtual disk: what a node's jobs see as struct sw_fs.  Calls take virtual time (they are
 * made from a fibre), unsynced writes and renames are lost in a crash. */
#ifndef SIM_DISK_H
#define SIM_DISK_H

#include "node/core/fs.h"
#include "sim/engine/fibre.h"
#include "sim/scenario/scenario.h"

struct sim_disk_state;

/* @stream: purpose-keyed randomness of this disk's own faults and interleavings. */
struct sim_disk_state *sim_disk_new(struct sim_engine *e, const struct sim_disk *model,
                                    uint64_t seed, const char *name);
void sim_disk_free(struct sim_disk_state *d);

/* The file calls of one job.  Each is a scheduling point.  After sim_disk_crash, calls through
 * an @fs made before it fail with SW_ERR_CRASHED and have no effect. */
void sim_disk_fs(struct sim_disk_state *d, struct sw_fs *fs);
/* Power fails: everything not fsynced (data), or not covered by an fsync of the folder (names),
 * is rolled back to its last durable state, or, by the seed, to a part of what was written. */
void sim_disk_crash(struct sim_disk_state *d);
/* The disk burns: empty afterwards. */
void sim_disk_wipe(struct sim_disk_state *d);

/* From outside, at once, durable: for set-up and for oracles.  Errors: enum sw_err. */
int sim_disk_put(struct sim_disk_state *d, const char *path, struct sw_bytes content, uint32_t mode);
int sim_disk_get(const struct sim_disk_state *d, const char *path, struct sw_bytes *content);
/* Call @each for every regular file below @path, in path order. */
int sim_disk_each(const struct sim_disk_state *d, const char *path,
                  int (*each)(void *arg, const char *path, struct sw_bytes content,
                              const struct sw_stat *st),
                  void *arg);
uint64_t sim_disk_used(const struct sim_disk_state *d);

#endif
