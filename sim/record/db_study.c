/* SPDX-License-Identifier: GPL-3.0-or-later
 * A study's database: the study itself, what it expects, whether that held. */
#define _POSIX_C_SOURCE 200809L
#include "sim/record/db_inside.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
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

static int no_mixing(const struct sim_db *db, const char *what, struct sw_diag *d)
{
    return sw_diag_set(d, SW_ERR_EXISTS,
                       "%.120s: holds runs of another %s (choose another --out, or remove the file "
                       "to begin anew)",
                       db->path, what);
}

struct identity {
    const char *build;
    char inputs[17];
};

/* What the file holds runs of (with @beside: of a scenario of that name), and whether these belong
 * to it: 1, they do; 0, it holds none. */
static int compare_studies(struct sim_db *db, const struct sim_scenario *s,
                           const struct identity *own, bool beside, struct sw_diag *d)
{
    static const char text[] =
        "SELECT study, name = ?1, scenario = ?2, inputs = ?3, build = ?4 FROM studies"
        " WHERE study IN (SELECT study FROM runs) AND (name = ?1 OR NOT ?5)";
    static const char *const what[] = { "study", "version of this scenario",
                                        "version of a file that the scenario names",
                                        "build of swarmsim" };
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db->sq, text, -1, &st, NULL) != SQLITE_OK) {
        return sim_db_fail(db, d);
    }
    sim_db_bind_text(st, 1, s->name);
    (void)sqlite3_bind_text(st, 2, (const char *)s->text.data, (int)s->text.len, SQLITE_STATIC);
    sim_db_bind_text(st, 3, own->inputs);
    sim_db_bind_text(st, 4, own->build);
    (void)sqlite3_bind_int(st, 5, beside);
    int found = 0;
    while (found >= 0 && sqlite3_step(st) == SQLITE_ROW) {
        found = 1;
        db->study = sqlite3_column_int64(st, 0);
        for (size_t i = 0; found > 0 && i < SW_LEN(what); i++) {
            found = sqlite3_column_int(st, (int)i + 1) ? 1 : no_mixing(db, what[i], d);
        }
    }
    return sqlite3_finalize(st) == SQLITE_OK ? found : sim_db_fail(db, d);
}

static int put_study(struct sim_db *db, const struct sim_scenario *s, const struct identity *own,
                     struct sw_diag *d)
{
    static const char text[] =
        "INSERT INTO studies(name,question,path,scenario,inputs,build,started_at,warmup,duration,"
        "interval) VALUES(?,?,?,?,?,?,?,?,?,?) RETURNING study";
    sqlite3_stmt *st = NULL;
    char now[32];
    utc_now(now);
    if (sqlite3_prepare_v2(db->sq, text, -1, &st, NULL) != SQLITE_OK) {
        return sim_db_fail(db, d);
    }
    sim_db_bind_text(st, 1, s->name);
    sim_db_bind_text(st, 2, s->question);
    sim_db_bind_text(st, 3, s->path);
    (void)sqlite3_bind_text(st, 4, (const char *)s->text.data, (int)s->text.len, SQLITE_STATIC);
    sim_db_bind_text(st, 5, own->inputs);
    sim_db_bind_text(st, 6, own->build);
    sim_db_bind_text(st, 7, now);
    sim_db_bind_real(st, 8, sim_db_seconds(s->warmup));
    sim_db_bind_real(st, 9, sim_db_seconds(s->duration));
    sim_db_bind_real(st, 10, sim_db_seconds(s->interval));
    const int rc = sqlite3_step(st);
    db->study = rc == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
    return sqlite3_finalize(st) == SQLITE_OK && rc == SQLITE_ROW ? 0 : sim_db_fail(db, d);
}

/* Forget what was begun, and nothing came of. */
static int forget_begun(struct sim_db *db, const char *name, struct sw_diag *d)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db->sq, "DELETE FROM studies WHERE ?1 IS NULL OR name = ?1", -1, &st,
                           NULL) != SQLITE_OK) {
        return sim_db_fail(db, d);
    }
    sim_db_bind_text(st, 1, name);
    const int err = sim_db_step(st);
    (void)sqlite3_finalize(st);
    return err == 0 ? 0 : sim_db_fail(db, d);
}

static int begin_study(struct sim_db *db, const struct sim_scenario *s, const char *build,
                       bool beside, struct sw_diag *d)
{
    struct identity own = { .build = build };
    (void)snprintf(own.inputs, sizeof own.inputs, "%016llx", (unsigned long long)s->inputs);
    int err = sim_db_run_sql(db, "BEGIN IMMEDIATE", d);
    if (err != 0) {
        return err;
    }
    const int same = compare_studies(db, s, &own, beside, d);
    err = same < 0 ? same : 0;
    if (same == 0) {
        err = forget_begun(db, beside ? s->name : NULL, d);
        err = err == 0 ? put_study(db, s, &own, d) : err;
    }
    if (err == 0) {
        err = sim_db_run_sql(db, "COMMIT", d);
    }
    if (err != 0) {
        (void)sqlite3_exec(db->sq, "ROLLBACK", NULL, NULL, NULL);
    }
    return err;
}

int sim_db_study(struct sim_db *db, const struct sim_scenario *s, const char *build,
                 struct sw_diag *d)
{
    return begin_study(db, s, build, false, d);
}

int sim_db_family(struct sim_db *db, const struct sim_scenario *s, const char *build,
                  int64_t *study, struct sw_diag *d)
{
    db->metrics_only = true;
    const int err = begin_study(db, s, build, true, d);
    *study = db->study;
    return err;
}

void sim_db_select(struct sim_db *db, int64_t study)
{
    db->study = study;
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

/* 0 when runs stored under this configuration's name were made the same way. */
static int compare_configurations(struct sim_db *db, const struct sim_scenario *s,
                                  const char *policy, struct sw_diag *d)
{
    static const char text[] =
        "SELECT 1 FROM configurations c WHERE study = ?1 AND configuration = ?2"
        " AND (base <> ?3 OR policy <> ?4) AND EXISTS (SELECT 1 FROM runs r"
        " WHERE r.study = c.study AND r.configuration = c.configuration)";
    char what[2 * SW_NAME_MAX + 40];
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db->sq, text, -1, &st, NULL) != SQLITE_OK) {
        return sim_db_fail(db, d);
    }
    (void)sqlite3_bind_int64(st, 1, db->study);
    sim_db_bind_text(st, 2, s->configuration.s);
    sim_db_bind_text(st, 3, s->base.s);
    sim_db_bind_text(st, 4, policy);
    const int rc = sqlite3_step(st);
    (void)sqlite3_finalize(st);
    if (rc != SQLITE_ROW) {
        return rc == SQLITE_DONE ? 0 : sim_db_fail(db, d);
    }
    (void)snprintf(what, sizeof what, "configuration called '%s'", s->configuration.s);
    return no_mixing(db, what, d);
}

static int put_configuration(struct sim_db *db, size_t number, const struct sim_scenario *s,
                             const char *policy, uint64_t first_seed, uint64_t seeds)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db->sq, "INSERT OR REPLACE INTO configurations VALUES(?,?,?,?,?,?,?)",
                           -1, &st, NULL) != SQLITE_OK) {
        return SW_ERR_IO;
    }
    (void)sqlite3_bind_int64(st, 1, db->study);
    sim_db_bind_text(st, 2, s->configuration.s);
    (void)sqlite3_bind_int64(st, 3, (int64_t)number + 1);
    sim_db_bind_text(st, 4, s->base.s);
    sim_db_bind_text(st, 5, policy);
    (void)sqlite3_bind_int64(st, 6, (int64_t)first_seed);
    (void)sqlite3_bind_int64(st, 7, (int64_t)seeds);
    const int err = sim_db_step(st);
    (void)sqlite3_finalize(st);
    return err;
}

int sim_db_configuration(struct sim_db *db, size_t number, const struct sim_scenario *s,
                         uint64_t first_seed, uint64_t seeds, struct sw_diag *d)
{
    const char *policy = s->policy != NULL ? s->policy : "";
    int err = compare_configurations(db, s, policy, d);
    if (err == 0) {
        err = sim_db_run_sql(db, "BEGIN IMMEDIATE", d);
    }
    if (err != 0) {
        return err;
    }
    err = put_configuration(db, number, s, policy, first_seed, seeds);
    if (err == 0) {
        err = forget(db, "DELETE FROM nodes WHERE study=? AND configuration=?", s->configuration.s);
    }
    for (size_t i = 0; i < s->n_nodes && err == 0; i++) {
        err = put_node(db, s, i);
    }
    return end_transaction(db, err, d);
}

int sim_db_setting(struct sim_db *db, const char *configuration, const char *key, const char *value,
                   struct sw_diag *d)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db->sq, "INSERT OR REPLACE INTO settings VALUES(?,?,?,?)", -1, &st,
                           NULL) != SQLITE_OK) {
        return sim_db_fail(db, d);
    }
    (void)sqlite3_bind_int64(st, 1, db->study);
    sim_db_bind_text(st, 2, configuration);
    sim_db_bind_text(st, 3, key);
    sim_db_bind_text(st, 4, value);
    const int err = sim_db_step(st);
    (void)sqlite3_finalize(st);
    return err == 0 ? 0 : sim_db_fail(db, d);
}

/* ---- runs that are stored ---- */

static void take_text(char *out, size_t cap, sqlite3_stmt *st, int column)
{
    (void)snprintf(out, cap, "%s", sim_db_text(st, column));
}

static void take_run(sqlite3_stmt *st, uint64_t seed, struct sim_run_info *out)
{
    struct sim_result *r = &out->result;
    r->seed = seed;
    r->trace_hash = strtoull(sim_db_text(st, 0), NULL, 16);
    r->events = (uint64_t)sqlite3_column_int64(st, 1);
    out->sim_seconds = sqlite3_column_double(st, 2);
    out->wall_seconds = sqlite3_column_double(st, 3);
    out->cpu_seconds = sqlite3_column_double(st, 4);
    take_text(r->oracle, sizeof r->oracle, st, 5);
    take_text(r->complaint, sizeof r->complaint, st, 6);
    r->complained_at = (sw_time)(sqlite3_column_double(st, 7) * 1e9 + 0.5);
    r->ended_at = (sw_time)(out->sim_seconds * 1e9 + 0.5);
}

int sim_db_stored(struct sim_db *db, const char *configuration, uint64_t seed,
                  struct sim_run_info *out, struct sw_diag *d)
{
    static const char text[] =
        "SELECT trace_hash, events, sim_seconds, wall_seconds, cpu_seconds, oracle, complaint,"
        " complained_at FROM runs WHERE study=? AND configuration=? AND seed=?";
    sqlite3_stmt *st = NULL;
    *out = (struct sim_run_info){ 0 };
    if (sqlite3_prepare_v2(db->sq, text, -1, &st, NULL) != SQLITE_OK) {
        return sim_db_fail(db, d);
    }
    (void)sqlite3_bind_int64(st, 1, db->study);
    sim_db_bind_text(st, 2, configuration);
    (void)sqlite3_bind_int64(st, 3, (int64_t)seed);
    const int rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) {
        take_run(st, seed, out);
    }
    (void)sqlite3_finalize(st);
    return rc == SQLITE_ROW ? 1 : rc == SQLITE_DONE ? 0 : sim_db_fail(db, d);
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
    static const char text[] = "SELECT m.value, r.seed FROM metrics m JOIN runs r USING(run) WHERE"
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
        if (c->which != NULL) {
            c->which[n] = (uint64_t)sqlite3_column_int64(st, 1);
        }
        out[n++] = none ? NAN : sqlite3_column_double(st, 0);
    }
    const bool read = rc == SQLITE_DONE || rc == SQLITE_ROW;
    (void)sqlite3_finalize(st);
    return read ? n : sim_db_fail(db, d);
}
