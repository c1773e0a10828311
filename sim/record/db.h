/* SPDX-License-Identifier: GPL-3.0-or-later
 * A study's database: results/schema.sql, written by one process, a transaction a run, so that a
 * full disk or a kill leaves every completed run readable. */
#ifndef SIM_DB_H
#define SIM_DB_H

#include "sim/analyse/stats.h"
#include "sim/record/rows.h"
#include "sim/scenario/scenario.h"

struct sqlite3;
struct sqlite3_stmt;
struct sim_db;

/* Open or make @path for writing, and keep other writers out until it is closed.
 * Errors: SW_ERR_BUSY (another process writes to it), SW_ERR_FULL, SW_ERR_IO, SW_ERR_DENIED,
 * SW_ERR_MALFORMED (no study's database, or of another version). */
int sim_db_open(const char *path, struct sim_db **out, struct sw_diag *d);
/* Close; pending nothing.  NULL is nothing. */
void sim_db_close(struct sim_db *db);

/* Say which study the coming runs belong to: @s is any of its configurations.  A file that holds
 * runs already must hold them of the same scenario text, the same files beside it (@s->inputs) and
 * the same @build: anything else would mix results that can't be compared.
 * Errors as open, and SW_ERR_EXISTS: it holds runs of something else; the diag says what. */
int sim_db_study(struct sim_db *db, const struct sim_scenario *s, const char *build,
                 struct sw_diag *d);
/* The same for one scenario of several whose runs lie beside each other in the file: only runs of a
 * scenario of the same name must be of the same text, files and build.  From now on runs are stored
 * with their metrics alone: sweeps make many.  @study gets the number to select it by. */
int sim_db_family(struct sim_db *db, const struct sim_scenario *s, const char *build,
                  int64_t *study, struct sw_diag *d);
/* The scenario that the following calls are about. */
void sim_db_select(struct sim_db *db, int64_t study);
/* Say that @configuration sets @key to @value.  Errors as open. */
int sim_db_setting(struct sim_db *db, const char *configuration, const char *key, const char *value,
                   struct sw_diag *d);
/* Say what configuration number @number (in file order) of that study is, and that runs of @seeds
 * seeds from @first_seed on are wanted of it.  Errors as sim_db_study. */
int sim_db_configuration(struct sim_db *db, size_t number, const struct sim_scenario *s,
                         uint64_t first_seed, uint64_t seeds, struct sw_diag *d);
/* The run of @configuration with @seed, when it is stored.  Returns 1: it is, and @out says how it
 * ended; 0: it isn't; or an error as of open. */
int sim_db_stored(struct sim_db *db, const char *configuration, uint64_t seed,
                  struct sim_run_info *out, struct sw_diag *d);
/* Store one run, replacing an earlier one of the same configuration and seed.  Errors as open, and
 * SW_ERR_MALFORMED for rows that are none; nothing of the run is stored then. */
int sim_db_run(struct sim_db *db, const char *configuration, struct sw_bytes rows,
               struct sw_diag *d);

/* Store the scenario's expectations and whether they held. */
struct sim_verdict {
    const struct sim_expectation *expectation;
    const char *unit;
    uint64_t runs;                   /* that measured it */
    uint64_t of;                     /* that had the fault it is about, if it is about one */
    double value, low, high, margin; /* NaN: nothing measured */
    uint64_t never;                  /* runs whose value is infinite; value is then, too */
    double otherwise;                /* mean of the others; NaN: none */
    struct sim_interval median;      /* of the runs that measured it; bounds NaN: fewer than six */
    struct sim_interval met; /* share of all @of runs that meet the threshold each by itself */
    size_t worst;            /* the value farthest from holding: number of it; none: first */
    uint64_t worst_seed;
    bool holds;
};
int sim_db_verdicts(struct sim_db *db, const char *configuration, const struct sim_verdict *v,
                    size_t n, struct sw_diag *d);

/* Which runs, and which of their values. */
struct sim_db_choice {
    const char *configuration, *metric, *during;
    uint64_t first_seed, seeds;
    uint64_t *which; /* gets the seed of each value; NULL: not wanted */
};
/* The chosen values in order of seed, NaN where a run could not measure it, into @out (room for
 * @c->seeds).  A run in which the fault @c->during did not happen has none and is left out. Returns
 * how many there are, or a negative error. */
int64_t sim_db_values(struct sim_db *db, const struct sim_db_choice *c, double *out,
                      struct sw_diag *d);

/* For tests: no more pages than this, as on a full disk. */
void sim_db_limit(struct sim_db *db, uint32_t pages);

/* ---- for readers ---- */

/* Open an existing database for reading, with all the tables of its schema.  Errors: SW_ERR_IO,
 * SW_ERR_MALFORMED, SW_ERR_BUSY (another process kept it for seconds), SW_ERR_NOMEM. */
int sim_db_read(const char *path, struct sqlite3 **out, struct sw_diag *d);
/* The study that was begun last; -1 when there is none. */
int64_t sim_db_latest(struct sqlite3 *sq);
/* Text in a column of the present row; "" for NULL, which a damaged file has where it can't be. */
const char *sim_db_text(struct sqlite3_stmt *st, int column);

#endif
