/* SPDX-License-Identifier: GPL-3.0-or-later
 * A study's database: the study itself, what it expects, whether that held. */
#define _POSIX_C_SOURCE 200809L
#include "sim/record/db_inside.h"

#include <math.h>
#include <time.h>

/* ---- studies ---- */

static void utc_now(char out[32])
{
    const time_t now = time(NULL);
    struct tm tm;
    if (gmtime_r(&now, &tm) == NULL || strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0) {
        out[0] = '\0';
    }
}

int sim_db_study(struct sim_db *db, const struct sim_scenario *s, const char *build,
                 struct sw_diag *d)
{
    static const char text[] =
        "INSERT INTO studies(name,question,path,scenario,build,started_at,warmup,duration,interval)"
        " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9) ON CONFLICT(name) DO UPDATE SET question=?2,path=?3,"
        "scenario=?4,build=?5,started_at=?6,warmup=?7,duration=?8,interval=?9 RETURNING study";
    sqlite3_stmt *st = NULL;
    char now[32];
    utc_now(now);
    if (sqlite3_prepare_v2(db->sq, text, -1, &st, NULL) != SQLITE_OK) {
        return sim_db_fail(db, d);
    }
    sim_db_bind_text(st, 1, s->name);
    sim_db_bind_text(st, 2, s->question);
    sim_db_bind_text(st, 3, s->path);
    (void)sqlite3_bind_text(st, 4, (const char *)s->text.data, (int)s->text.len, SQLITE_TRANSIENT);
    sim_db_bind_text(st, 5, build);
    sim_db_bind_text(st, 6, now);
    sim_db_bind_real(st, 7, sim_db_seconds(s->warmup));
    sim_db_bind_real(st, 8, sim_db_seconds(s->duration));
    sim_db_bind_real(st, 9, sim_db_seconds(s->interval));
    const int rc = sqlite3_step(st);
    db->study = rc == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
    return sqlite3_finalize(st) == SQLITE_OK && rc == SQLITE_ROW ? 0 : sim_db_fail(db, d);
}

static int put_node(struct sim_db *db, const struct sim_scenario *s, size_t i)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db->sq, "INSERT INTO nodes VALUES(?,?,?,?,?)", -1, &st, NULL) !=
        SQLITE_OK) {
        return SW_ERR_IO;
    }
    (void)sqlite3_bind_int64(st, 1, db->study);
    sim_db_bind_text(st, 2, s->configuration.s);
    (void)sqlite3_bind_int64(st, 3, (int64_t)i + 1);
    sim_db_bind_text(st, 4, s->nodes[i].config.name.s);
    sim_db_bind_text(st, 5, s->nodes[i].config.region.s);
    const int err = sim_db_step(st);
    (void)sqlite3_finalize(st);
    return err;
}

/* Delete what @text selects by study and configuration. */
static int forget(struct sim_db *db, const char *text, const char *configuration)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db->sq, text, -1, &st, NULL) != SQLITE_OK) {
        return SW_ERR_IO;
    }
    (void)sqlite3_bind_int64(st, 1, db->study);
    sim_db_bind_text(st, 2, configuration);
    const int err = sim_db_step(st);
    (void)sqlite3_finalize(st);
    return err;
}

/* Commit when @err is 0, otherwise undo and say why. */
static int end_transaction(struct sim_db *db, int err, struct sw_diag *d)
{
    err = err != 0 ? sim_db_fail(db, d) : sim_db_run_sql(db, "COMMIT", d);
    if (err != 0) {
        (void)sqlite3_exec(db->sq, "ROLLBACK", NULL, NULL, NULL);
    }
    return err;
}

static int put_configuration(struct sim_db *db, size_t number, const char *configuration)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db->sq, "INSERT OR REPLACE INTO configurations VALUES(?,?,?)", -1, &st,
                           NULL) != SQLITE_OK) {
        return SW_ERR_IO;
    }
    (void)sqlite3_bind_int64(st, 1, db->study);
    sim_db_bind_text(st, 2, configuration);
    (void)sqlite3_bind_int64(st, 3, (int64_t)number + 1);
    const int err = sim_db_step(st);
    (void)sqlite3_finalize(st);
    return err;
}

int sim_db_configuration(struct sim_db *db, size_t number, const struct sim_scenario *s,
                         struct sw_diag *d)
{
    int err = sim_db_run_sql(db, "BEGIN IMMEDIATE", d);
    if (err != 0) {
        return err;
    }
    err = put_configuration(db, number, s->configuration.s);
    if (err == 0) {
        err = forget(db, "DELETE FROM nodes WHERE study=? AND configuration=?", s->configuration.s);
    }
    for (size_t i = 0; i < s->n_nodes && err == 0; i++) {
        err = put_node(db, s, i);
    }
    return end_transaction(db, err, d);
}

/* ---- verdicts ---- */

static int put_expectation(struct sim_db *db, const char *configuration, size_t i,
                           const struct sim_verdict *v)
{
    const struct sim_expectation *e = v->expectation;
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db->sq, "INSERT INTO expectations VALUES(?,?,?,?,?,?,?,?,?)", -1, &st,
                           NULL) != SQLITE_OK) {
        return SW_ERR_IO;
    }
    (void)sqlite3_bind_int64(st, 1, db->study);
    sim_db_bind_text(st, 2, configuration);
    (void)sqlite3_bind_int64(st, 3, (int64_t)i + 1);
    sim_db_bind_text(st, 4, e->text);
    sim_db_bind_text(st, 5, e->metric);
    sim_db_bind_text(st, 6, e->during != NULL ? e->during : "");
    sim_db_bind_text(st, 7, e->op);
    sim_db_bind_real(st, 8, e->value);
    sim_db_bind_text(st, 9, v->unit);
    const int err = sim_db_step(st);
    (void)sqlite3_finalize(st);
    return err;
}

static int put_verdict(struct sim_db *db, const char *configuration, size_t i,
                       const struct sim_verdict *v)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db->sq, "INSERT INTO verdicts VALUES(?,?,?,?,?,?,?,?,?)", -1, &st,
                           NULL) != SQLITE_OK) {
        return SW_ERR_IO;
    }
    (void)sqlite3_bind_int64(st, 1, db->study);
    sim_db_bind_text(st, 2, configuration);
    (void)sqlite3_bind_int64(st, 3, (int64_t)i + 1);
    (void)sqlite3_bind_int64(st, 4, (int64_t)v->runs);
    sim_db_bind_real(st, 5, v->value);
    sim_db_bind_real(st, 6, v->low);
    sim_db_bind_real(st, 7, v->high);
    sim_db_bind_real(st, 8, v->margin);
    (void)sqlite3_bind_int(st, 9, v->holds ? 1 : 0);
    const int err = sim_db_step(st);
    (void)sqlite3_finalize(st);
    return err;
}

int sim_db_verdicts(struct sim_db *db, const char *configuration, const struct sim_verdict *v,
                    size_t n, struct sw_diag *d)
{
    int err = sim_db_run_sql(db, "BEGIN IMMEDIATE", d);
    if (err != 0) {
        return err;
    }
    err = forget(db, "DELETE FROM expectations WHERE study=? AND configuration=?", configuration);
    for (size_t i = 0; i < n && err == 0; i++) {
        err = put_expectation(db, configuration, i, &v[i]);
        if (err == 0) {
            err = put_verdict(db, configuration, i, &v[i]);
        }
    }
    return end_transaction(db, err, d);
}

int64_t sim_db_values(struct sim_db *db, const struct sim_db_choice *c, double *out,
                      struct sw_diag *d)
{
    static const char text[] = "SELECT m.value FROM metrics m JOIN runs r USING(run) WHERE"
                               " r.study=? AND r.configuration=? AND m.metric=? AND m.during=?"
                               " AND r.seed BETWEEN ? AND ? ORDER BY r.seed";
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db->sq, text, -1, &st, NULL) != SQLITE_OK) {
        return sim_db_fail(db, d);
    }
    (void)sqlite3_bind_int64(st, 1, db->study);
    sim_db_bind_text(st, 2, c->configuration);
    sim_db_bind_text(st, 3, c->metric);
    sim_db_bind_text(st, 4, c->during);
    (void)sqlite3_bind_int64(st, 5, (int64_t)c->first_seed);
    (void)sqlite3_bind_int64(st, 6, (int64_t)(c->first_seed + c->seeds - 1));
    int64_t n = 0;
    int rc;
    while ((rc = sqlite3_step(st)) == SQLITE_ROW && (uint64_t)n < c->seeds) {
        const bool none = sqlite3_column_type(st, 0) == SQLITE_NULL;
        out[n++] = none ? NAN : sqlite3_column_double(st, 0);
    }
    const bool read = rc == SQLITE_DONE || rc == SQLITE_ROW;
    (void)sqlite3_finalize(st);
    return read ? n : sim_db_fail(db, d);
}
