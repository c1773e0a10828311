/* SPDX-License-Identifier: GPL-3.0-or-later
 * The content of protected sets: files made from the seed, and what a folder holds, for
 * comparison later. */
#ifndef SIM_FILES_H
#define SIM_FILES_H

#include "sim/world/disk.h"

/* Make @spec's files on @disk: sizes uniform between half and one and a half times the mean,
 * @spec->compressible of each file's 64-byte blocks equal.  Errors: enum sw_err of sim_disk_put. */
int sim_files_make(struct sim_disk_state *disk, const struct sim_files *spec, uint64_t seed,
                   const char *node);

/* What a folder held at one time: names, modes and digests of its files. */
struct sim_fileset;

/* Look at @path on @disk from outside.  An absent folder is empty. */
struct sim_fileset *sim_fileset_take(const struct sim_disk_state *disk, const char *path);
void sim_fileset_free(struct sim_fileset *f);
uint64_t sim_fileset_files(const struct sim_fileset *f);
uint64_t sim_fileset_bytes(const struct sim_fileset *f);
/* Does it hold exactly this file?  @name is below the folder.  Fast when asked in order. */
bool sim_fileset_holds(struct sim_fileset *f, const char *name, struct sw_bytes content,
                       uint32_t mode);
/* NULL when @path on @disk holds exactly the same files, otherwise what differs, in @text. */
const char *sim_fileset_compare(const struct sim_fileset *f, const struct sim_disk_state *disk,
                                const char *path, char text[256]);

#endif
