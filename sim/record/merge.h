/* SPDX-License-Identifier: GPL-3.0-or-later
 * One database from several: shards of a sweep, or studies made on several machines. */
#ifndef SIM_MERGE_H
#define SIM_MERGE_H

#include "sim/record/db.h"

struct sim_merged {
    uint64_t added, known; /* runs; known: @db had them, of equal trace hash */
};

/* Take every run of the database @path into @db, with all that belongs to it.  Runs are the same
 * when scenario, configuration and seed are; they must then have the same trace hash. Errors: those
 * of sim_db_read and sim_db_open; SW_ERR_EXISTS: a scenario of one name has another text, other
 * files or another build there, or a run that both have ended otherwise; the diag says which.
 * Nothing of @path is taken then. */
int sim_merge_database(struct sim_db *db, const char *path, struct sim_merged *out,
                       struct sw_diag *d);

#endif
