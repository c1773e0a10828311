/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the files that write a study's database share. */
#ifndef SIM_DB_INSIDE_H
#define SIM_DB_INSIDE_H

#include "sim/record/db.h"
#include "sim/record/lock.h"

#include <sqlite3.h>

#define SIM_SCHEMA_VERSION 3

enum { PUT_RUN, PUT_METRIC, PUT_SAMPLE, PUT_BUCKET, PUT_EVENT, PUT_FAULT, STATEMENTS };
struct sim_db {
    sqlite3 *sq;
    char *path;
    struct sim_lock lock;
    sqlite3_stmt *put[STATEMENTS];
    int64_t study;
    bool metrics_only; /* of a run: no series, distributions and events */
    /* while a run is stored */
    int64_t run;
    int64_t events, faults; /* stored of it so far */
    const char *configuration;
};

/* What SQLite just reported, as an error of ours with a sentence in @d. */
int sim_db_fail(struct sim_db *db, struct sw_diag *d);
/* The one number that @text asks for; -1: the connection says why not. */
int64_t sim_db_pragma(sqlite3 *sq, const char *text);
/* Is the schema with these numbers ours, of this version?  Errors: SW_ERR_MALFORMED. */
int sim_db_check_version(struct sim_db *db, int64_t application, int64_t version,
                         struct sw_diag *d);
int sim_db_run_sql(struct sim_db *db, const char *text, struct sw_diag *d);
void sim_db_bind_text(sqlite3_stmt *st, int i, const char *s);
void sim_db_bind_real(sqlite3_stmt *st, int i, double v); /* NULL for NaN */
/* Execute a statement that returns nothing, and make it ready for the next time. */
int sim_db_step(sqlite3_stmt *st);
double sim_db_seconds(sw_time t);

#endif
