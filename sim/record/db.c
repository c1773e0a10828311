/* SPDX-License-Identifier: GPL-3.0-or-later
 * A study's database: opening it, and storing runs. */
#define _POSIX_C_SOURCE 200809L
#include "embedded/sim_schema_sql.h"
#include "sim/record/db_inside.h"

#include <errno.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APPLICATION_ID 0x53574d53
#define OPEN_WAIT_MS 2000 /* for somebody who holds the file: say so soon */
#define CLOSE_WAIT_MS 1000
#define WRITE_WAIT_MS 60000 /* for a stranger's transaction: don't give up hours of work */

static const char put_run_sql[] =
    "INSERT INTO runs(study,configuration,seed,trace_hash,events,sim_seconds,wall_seconds,"
    "cpu_seconds,oracle,complaint,complained_at) VALUES(?,?,?,?,?,?,?,?,?,?,?)";
static const char *const sql[STATEMENTS] = {
    [PUT_RUN] = put_run_sql,
    [PUT_METRIC] = "INSERT INTO metrics VALUES(?,?,?,?)",
    [PUT_SAMPLE] = "INSERT OR REPLACE INTO samples VALUES(?,?,?,?,?)",
    [PUT_BUCKET] = "INSERT INTO histograms VALUES(?,?,?,?,?,?)",
    [PUT_EVENT] = "INSERT INTO events VALUES(?,?,?,?,?,?,?,?,?)",
    [PUT_FAULT] = "INSERT INTO faults VALUES(?,?,?,?,?,?,?)",
};

/* SQLite's words and ours: what happened to which file, and what to do. */
int sim_db_fail(struct sim_db *db, struct sw_diag *d)
{
    const int why = sqlite3_system_errno(db->sq);
    const bool full = why == ENOSPC || why == EFBIG || why == EDQUOT;
    const bool io = (sqlite3_extended_errcode(db->sq) & 0xff) == SQLITE_IOERR;
    switch (io && full ? SQLITE_FULL : sqlite3_errcode(db->sq)) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return sw_diag_set(
            d, SW_ERR_BUSY,
            "%.150s: another process holds it (wait for it, or choose another --out)", db->path);
    case SQLITE_FULL:
        return sw_diag_set(d, SW_ERR_FULL,
                           "%.150s: no space left (runs stored so far stay readable)", db->path);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return sw_diag_set(d, SW_ERR_DENIED, "%.150s: not writable", db->path);
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return sw_diag_set(d, SW_ERR_MALFORMED, "%.150s: no intact database", db->path);
    case SQLITE_NOMEM:
        return sw_diag_set(d, SW_ERR_NOMEM, "%.150s: out of memory", db->path);
    default:
        return sw_diag_set(d, SW_ERR_IO, "%.120s: %.100s", db->path, sqlite3_errmsg(db->sq));
    }
}

int sim_db_run_sql(struct sim_db *db, const char *text, struct sw_diag *d)
{
    return sqlite3_exec(db->sq, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : sim_db_fail(db, d);
}

int64_t sim_db_pragma(sqlite3 *sq, const char *text)
{
    sqlite3_stmt *st = NULL;
    int64_t v = -1;
    if (sqlite3_prepare_v2(sq, text, -1, &st, NULL) == SQLITE_OK &&
        sqlite3_step(st) == SQLITE_ROW) {
        v = sqlite3_column_int64(st, 0);
    }
    (void)sqlite3_finalize(st);
    return v;
}

int sim_db_check_version(struct sim_db *db, int64_t application, int64_t version, struct sw_diag *d)
{
    if (application != APPLICATION_ID) {
        return sw_diag_set(d, SW_ERR_MALFORMED, "%.150s: not a study's database", db->path);
    }
    if (version != SIM_SCHEMA_VERSION) {
        return sw_diag_set(
            d, SW_ERR_MALFORMED,
            "%.150s: schema version %lld (%d is expected: another swarmsim wrote it)", db->path,
            (long long)version, SIM_SCHEMA_VERSION);
    }
    return 0;
}

/* An empty file becomes a study's database; any other must be one, of this version. */
static int check_or_make(struct sim_db *db, struct sw_diag *d)
{
    const int64_t application = sim_db_pragma(db->sq, "PRAGMA application_id");
    const int64_t version = sim_db_pragma(db->sq, "PRAGMA user_version");
    if (application < 0 || version < 0) {
        return sim_db_fail(db, d);
    }
    if (application == 0 && version == 0 &&
        sim_db_pragma(db->sq, "SELECT count(*) FROM sqlite_schema") == 0) {
        return sim_db_run_sql(db, sim_schema_sql, d);
    }
    return sim_db_check_version(db, application, version, d);
}

static int set_up(struct sim_db *db, struct sw_diag *d)
{
    (void)sqlite3_busy_timeout(db->sq, OPEN_WAIT_MS);
    /* WAL: readers see all stored runs and never wait, nor do we for them.  NORMAL: a kill loses
     * nothing that was stored; a power failure may lose the last runs, which run again. */
    int err = sim_db_run_sql(db,
                             "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
                             "PRAGMA foreign_keys=ON; PRAGMA cache_size=-65536;"
                             "PRAGMA wal_autocheckpoint=8192;",
                             d);
    if (err == 0) {
        err = sim_db_run_sql(db, "BEGIN IMMEDIATE", d); /* a lock held elsewhere shows now */
    }
    if (err == 0) {
        err = check_or_make(db, d);
        const int end = sim_db_run_sql(db, err == 0 ? "COMMIT" : "ROLLBACK", d);
        err = err != 0 ? err : end;
    }
    for (size_t i = 0; i < STATEMENTS && err == 0; i++) {
        if (sqlite3_prepare_v3(db->sq, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &db->put[i], NULL) !=
            SQLITE_OK) {
            err = sim_db_fail(db, d);
        }
    }
    (void)sqlite3_busy_timeout(db->sq, WRITE_WAIT_MS);
    return err;
}

int sim_db_open(const char *path, struct sim_db **out, struct sw_diag *d)
{
    *out = NULL;
    struct sim_db *db = calloc(1, sizeof *db);
    if (db == NULL || (db->path = strdup(path)) == NULL) {
        free(db);
        return sw_diag_set(d, SW_ERR_NOMEM, "%.150s: out of memory", path);
    }
    int err = sim_lock_take(&db->lock, path, d);
    if (err == 0) {
        err = sqlite3_open_v2(path, &db->sq, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "unix") ==
                      SQLITE_OK
                  ? set_up(db, d)
                  : sim_db_fail(db, d);
    }
    if (err != 0) {
        sim_db_close(db);
        return err;
    }
    *out = db;
    return 0;
}

void sim_db_close(struct sim_db *db)
{
    if (db == NULL) {
        return;
    }
    for (size_t i = 0; i < STATEMENTS; i++) {
        (void)sqlite3_finalize(db->put[i]);
    }
    if (db->sq != NULL) {
        /* one file to carry about, readable where nothing can be written; not while it is read:
         * then the last reader clears up */
        (void)sqlite3_busy_timeout(db->sq, CLOSE_WAIT_MS);
        (void)sqlite3_exec(db->sq, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
        (void)sqlite3_close(db->sq);
    }
    sim_lock_release(&db->lock);
    free(db->path);
    free(db);
}

void sim_db_limit(struct sim_db *db, uint32_t pages)
{
    char text[64];
    (void)snprintf(text, sizeof text, "PRAGMA max_page_count=%u", pages);
    (void)sqlite3_exec(db->sq, text, NULL, NULL, NULL);
}

/* ---- binding ---- */

void sim_db_bind_text(sqlite3_stmt *st, int i, const char *s)
{
    (void)sqlite3_bind_text(st, i, s, -1, SQLITE_STATIC); /* it outlives the step */
}

void sim_db_bind_real(sqlite3_stmt *st, int i, double v)
{
    if (isnan(v)) {
        (void)sqlite3_bind_null(st, i);
    } else {
        (void)sqlite3_bind_double(st, i, v);
    }
}

double sim_db_seconds(sw_time t)
{
    return (double)t / 1e9; /* the double nearest to t: 60 s is 60 */
}

int sim_db_step(sqlite3_stmt *st)
{
    const int rc = sqlite3_step(st);
    (void)sqlite3_reset(st);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : SW_ERR_IO;
}

/* ---- runs ---- */

static int put_info(void *self, const struct sim_run_info *info)
{
    struct sim_db *db = self;
    sqlite3_stmt *st = db->put[PUT_RUN];
    const struct sim_result *r = &info->result;
    char hash[17];
    (void)snprintf(hash, sizeof hash, "%016llx", (unsigned long long)r->trace_hash);
    (void)sqlite3_bind_int64(st, 1, db->study);
    sim_db_bind_text(st, 2, db->configuration);
    (void)sqlite3_bind_int64(st, 3, (int64_t)r->seed);
    sim_db_bind_text(st, 4, hash);
    (void)sqlite3_bind_int64(st, 5, (int64_t)r->events);
    sim_db_bind_real(st, 6, info->sim_seconds);
    sim_db_bind_real(st, 7, info->wall_seconds);
    sim_db_bind_real(st, 8, info->cpu_seconds);
    sim_db_bind_text(st, 9, r->oracle);
    sim_db_bind_text(st, 10, r->complaint);
    sim_db_bind_real(st, 11, r->complaint[0] != '\0' ? sim_db_seconds(r->complained_at) : NAN);
    const int err = sim_db_step(st);
    db->run = sqlite3_last_insert_rowid(db->sq);
    return err;
}

static int put_metric(void *self, const char *metric, const char *during, double value)
{
    struct sim_db *db = self;
    sqlite3_stmt *st = db->put[PUT_METRIC];
    (void)sqlite3_bind_int64(st, 1, db->run);
    sim_db_bind_text(st, 2, metric);
    sim_db_bind_text(st, 3, during);
    sim_db_bind_real(st, 4, value);
    return sim_db_step(st);
}

static int put_sample(void *self, const char *metric, const char *entity, sw_time at, double value)
{
    struct sim_db *db = self;
    sqlite3_stmt *st = db->put[PUT_SAMPLE];
    (void)sqlite3_bind_int64(st, 1, db->run);
    sim_db_bind_text(st, 2, metric);
    sim_db_bind_text(st, 3, entity);
    sim_db_bind_real(st, 4, sim_db_seconds(at));
    (void)sqlite3_bind_double(st, 5, value);
    return sim_db_step(st);
}

static int put_bucket(void *self, const char *metric, const char *during, uint32_t bucket,
                      uint32_t count)
{
    struct sim_db *db = self;
    sqlite3_stmt *st = db->put[PUT_BUCKET];
    (void)sqlite3_bind_int64(st, 1, db->run);
    sim_db_bind_text(st, 2, metric);
    sim_db_bind_text(st, 3, during);
    sim_db_bind_real(st, 4, sim_db_seconds(sim_hist_low(bucket)));
    sim_db_bind_real(st, 5, sim_db_seconds(sim_hist_high(bucket)));
    (void)sqlite3_bind_int64(st, 6, count);
    return sim_db_step(st);
}

static int put_event(void *self, const struct sim_event_row *e)
{
    struct sim_db *db = self;
    sqlite3_stmt *st = db->put[PUT_EVENT];
    (void)sqlite3_bind_int64(st, 1, db->run);
    (void)sqlite3_bind_int64(st, 2, db->events++);
    sim_db_bind_real(st, 3, sim_db_seconds(e->at));
    sim_db_bind_text(st, 4, e->entity);
    sim_db_bind_text(st, 5, e->kind);
    sim_db_bind_text(st, 6, e->peer);
    (void)sqlite3_bind_int64(st, 7, (int64_t)e->a);
    (void)sqlite3_bind_int64(st, 8, (int64_t)e->b);
    sim_db_bind_text(st, 9, e->text);
    return sim_db_step(st);
}

static int put_fault(void *self, const struct sim_fault_row *f)
{
    struct sim_db *db = self;
    sqlite3_stmt *st = db->put[PUT_FAULT];
    (void)sqlite3_bind_int64(st, 1, db->run);
    (void)sqlite3_bind_int64(st, 2, db->faults++);
    sim_db_bind_text(st, 3, f->kind);
    sim_db_bind_real(st, 4, sim_db_seconds(f->began_at));
    sim_db_bind_real(st, 5, f->ended_at == SW_TIME_NEVER ? NAN : sim_db_seconds(f->ended_at));
    (void)sqlite3_bind_int64(st, 6, f->drawn);
    sim_db_bind_text(st, 7, f->parameters);
    return sim_db_step(st);
}

struct seed_of {
    uint64_t seed;
};

static int take_seed(void *self, const struct sim_run_info *info)
{
    struct seed_of *out = self;
    out->seed = info->result.seed;
    return 0;
}

static int forget_run(struct sim_db *db, const char *configuration, uint64_t seed)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db->sq, "DELETE FROM runs WHERE study=? AND configuration=? AND seed=?",
                           -1, &st, NULL) != SQLITE_OK) {
        return SW_ERR_IO;
    }
    (void)sqlite3_bind_int64(st, 1, db->study);
    sim_db_bind_text(st, 2, configuration);
    (void)sqlite3_bind_int64(st, 3, (int64_t)seed);
    const int err = sim_db_step(st);
    (void)sqlite3_finalize(st);
    return err;
}

static int put_rows(struct sim_db *db, struct sw_bytes rows)
{
    struct seed_of seed = { 0 };
    const struct sim_row_handler first = { .self = &seed, .info = take_seed };
    const struct sim_row_handler all = { .self = db,
                                         .info = put_info,
                                         .metric = put_metric,
                                         .sample = put_sample,
                                         .bucket = put_bucket,
                                         .event = put_event,
                                         .fault = put_fault };
    const struct sim_row_handler few = { .self = db, .info = put_info, .metric = put_metric };
    int err = sim_rows_each(rows, &first);
    if (err == 0) {
        err = forget_run(db, db->configuration, seed.seed);
    }
    return err == 0 ? sim_rows_each(rows, db->metrics_only ? &few : &all) : err;
}

int sim_db_run(struct sim_db *db, const char *configuration, struct sw_bytes rows,
               struct sw_diag *d)
{
    int err = sim_db_run_sql(db, "BEGIN IMMEDIATE", d);
    if (err != 0) {
        return err;
    }
    db->configuration = configuration;
    db->events = 0;
    db->faults = 0;
    err = put_rows(db, rows);
    if (err == SW_ERR_MALFORMED) {
        (void)sw_diag_set(d, err, "a run sent rows that are none");
    } else if (err != 0) {
        err = sim_db_fail(db, d);
    } else {
        err = sim_db_run_sql(db, "COMMIT", d);
    }
    if (err != 0) {
        (void)sqlite3_exec(db->sq, "ROLLBACK", NULL, NULL, NULL);
    }
    return err;
}
