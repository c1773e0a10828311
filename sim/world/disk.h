/* SPDX-License-Identifier: GPL-3.0-or-later
 * A virtual disk: what a node's jobs see as struct sw_fs.  Calls take virtual time (they are
 * made from a fibre), unsynced writes and renames are lost in a crash. */
#ifndef SIM_DISK_H
#define SIM_DISK_H

#include "node/base/rng.h"
#include "node/core/fs.h"
#include "sim/engine/fibre.h"
#include "sim/scenario/scenario.h"

struct sim_disk_state;

/* Costs, on one device that serves calls in the order made: a read is latency + bytes over
 * bandwidth, a write bytes over bandwidth (the cache gathers them), a change of names latency, a
 * sync of file or folder the fsync cost; open, close, stat and list are free.  Every call is a
 * scheduling point nevertheless, and takes up to a quarter of the latency longer, by the seed.
 * Made from outside a fibre, a call takes no time.  0 bandwidth or capacity is unlimited.
 * @seed and @name key the randomness of this disk's crashes and interleavings.   Running
 * out of memory ends the process, as in the engine: never NULL. */
struct sim_disk_state *sim_disk_new(struct sim_engine *e, const struct sim_disk *model,
                                    uint64_t seed, const char *name);
void sim_disk_free(struct sim_disk_state *d);
/* The wall clock that mtimes show at virtual time 0; 0 unless set. */
void sim_disk_set_epoch(struct sim_disk_state *d, sw_wall epoch);

/* The file calls of one job.  Each is a scheduling point.  After sim_disk_crash, calls through
 * an @fs made before it fail with SW_ERR_CRASHED and have no effect.  Valid as long as the disk. */
void sim_disk_fs(struct sim_disk_state *d, struct sw_fs *fs);
/* Power fails: everything not fsynced (data), or not covered by an fsync of the folder (names),
 * is rolled back to its last durable state, or, by the seed, to a part of what was written: of
 * each 512-byte sector a prefix of its changes, of each folder's names a prefix, a rename whole. */
void sim_disk_crash(struct sim_disk_state *d);
/* The same, and of what was not synced each sector and each name is there or not by the toss of a
 * coin: what was being written is torn. */
void sim_disk_tear(struct sim_disk_state *d);
/* The process dies and its machine lives: descriptors close, calls through an @fs made before fail
 * as after a crash; what was written stays, durable no sooner than somebody syncs it.  (Linux would
 * write it back after 30 s: power that fails later takes more here than in life.) */
void sim_disk_leave(struct sim_disk_state *d);
/* The disk burns: empty afterwards, and calls through an @fs made before fail as after a crash. */
void sim_disk_wipe(struct sim_disk_state *d);
/* A grey failure: calls begun from now on take @factor times as long (> 0; 1 is healthy). */
void sim_disk_slow(struct sim_disk_state *d, double factor);
/* While @full, no file of a job grows. */
void sim_disk_fill(struct sim_disk_state *d, bool full);
/* Latent sector errors: while @share > 0, that share of all 512-byte sectors can't be read
 * (SW_ERR_IO), always the same ones; what covers none of them is read as ever. */
void sim_disk_unreadable(struct sim_disk_state *d, double share);
/* Bit rot: flip @bits bits, drawn from @key, of the durable and present bytes of regular files
 * below @folder ("": all).  @before is called for each with the file as it was until then.
 * How many were flipped: 0 when there are no bytes. */
uint64_t sim_disk_rot(struct sim_disk_state *d, const char *folder, struct sw_rng_key key,
                      uint64_t bits,
                      void (*before)(void *self, const char *path, struct sw_bytes content),
                      void *self);
/* Call @fn(@self) inside the next write of a job, when the cache has its bytes; NULL: no more. */
void sim_disk_on_write(struct sim_disk_state *d, void (*fn)(void *self), void *self);
/* A planted error: while @lies, fsync of files and folders takes its time and does nothing. */
void sim_disk_lie(struct sim_disk_state *d, bool lies);

/* From outside, at once, durable: for set-up and for oracles.  Put makes folders on the way and
 * replaces a file's content; get lends the bytes until the file changes.
 * Errors: SW_ERR_NOTFOUND, SW_ERR_NOT_A_DIRECTORY, SW_ERR_IS_A_DIRECTORY, SW_ERR_LOOP,
 * SW_ERR_RANGE (a name or path too long), SW_ERR_FULL. */
int sim_disk_put(struct sim_disk_state *d, const char *path, struct sw_bytes content,
                 uint32_t mode);
int sim_disk_get(const struct sim_disk_state *d, const char *path, struct sw_bytes *content);
/* Call @each for every regular file below @path (a folder), symlinks not followed, names in byte
 * order and folders in their place among them; stop at its first non-zero return and return that.
 * Paths start with @path.  The disk must not change meanwhile. */
int sim_disk_each(const struct sim_disk_state *d, const char *path,
                  int (*each)(void *arg, const char *path, struct sw_bytes content,
                              const struct sw_stat *st),
                  void *arg);
/* Bytes of files that have a name or are open. */
uint64_t sim_disk_used(const struct sim_disk_state *d);

#endif
