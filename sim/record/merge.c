/* SPDX-License-Identifier: GPL-3.0-or-later
 * Merging databases.  Tables are copied by what their first column is: `study` or `run`, whose
 * numbers differ between files; a table that the schema gains needs nothing here. */
#include "sim/record/merge.h"
#include "sim/record/db_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLES 32
#define NAME 64

struct merge {
    struct sim_db *db;
    const char *path;
    struct sw_diag *d;
    struct sim_merged *out;
    char of_study[TABLES][NAME]; /* tables whose first column is study */
    char of_run[TABLES][NAME];
    size_t n_study, n_run;
};

static int fail(const struct merge *m)
{
    return sim_db_fail(m->db, m->d);
}

static sqlite3_stmt *prepare(const struct merge *m, const char *sql)
{
    sqlite3_stmt *st = NULL;
    (void)sqlite3_prepare_v2(m->db->sq, sql, -1, &st, NULL);
    return st; /* NULL: the next step fails */
}

/* Execute, and finalise. */
static int finish(const struct merge *m, sqlite3_stmt *st)
{
    const int rc = st != NULL ? sqlite3_step(st) : SQLITE_ERROR;
    (void)sqlite3_finalize(st);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : fail(m);
}

/* ---- tables ---- */

static int find_tables(struct merge *m)
{
    sqlite3_stmt *st =
        prepare(m, "SELECT t.name, c.name FROM main.sqlite_schema t,"
                   " pragma_table_info(t.name) c WHERE t.type = 'table' AND c.cid = 0"
                   " AND t.name NOT IN ('studies', 'runs') ORDER BY t.rowid");
    while (st != NULL && sqlite3_step(st) == SQLITE_ROW) {
        const bool run = strcmp((const char *)sqlite3_column_text(st, 1), "run") == 0;
        size_t *n = run ? &m->n_run : &m->n_study;
        if (*n < TABLES) {
            (void)snprintf((run ? m->of_run : m->of_study)[(*n)++], NAME, "%s",
                           sqlite3_column_text(st, 0));
        }
    }
    return sqlite3_finalize(st) == SQLITE_OK && m->n_run > 0 ? 0 : fail(m);
}

/* Copy the rows of @table that belong to @from, as belonging to @to. */
static int copy(const struct merge *m, const char *table, int64_t from, int64_t to)
{
    char sql[2400];
    char columns[800] = "";
    char key[NAME] = "";
    char query[160];
    (void)snprintf(query, sizeof query, "SELECT name FROM pragma_table_info('%s')", table);
    sqlite3_stmt *st = prepare(m, query);
    size_t len = 0;
    while (st != NULL && sqlite3_step(st) == SQLITE_ROW && len < sizeof columns) {
        const char *name = (const char *)sqlite3_column_text(st, 0);
        if (key[0] == '\0') {
            (void)snprintf(key, sizeof key, "%s", name);
        } else {
            len += (size_t)snprintf(columns + len, sizeof columns - len, ",\"%s\"", name);
        }
    }
    (void)sqlite3_finalize(st);
    (void)snprintf(sql, sizeof sql,
                   "INSERT OR REPLACE INTO main.%s(%s%s) SELECT ?1%s FROM shard.%s WHERE %s = ?2",
                   table, key, columns, columns, table, key);
    st = prepare(m, sql);
    (void)sqlite3_bind_int64(st, 1, to);
    (void)sqlite3_bind_int64(st, 2, from);
    return finish(m, st);
}

/* ---- studies ---- */

/* The study of the shard's study @from here: it is there and the same, or made. */
static int find_study(const struct merge *m, int64_t from, int64_t *to)
{
    sqlite3_stmt *st = prepare(
        m, "SELECT o.study, o.scenario = s.scenario AND o.inputs = s.inputs, o.build = s.build,"
           " s.name FROM shard.studies s JOIN main.studies o USING (name) WHERE s.study = ?1");
    (void)sqlite3_bind_int64(st, 1, from);
    int err = 0;
    *to = -1;
    if (st != NULL && sqlite3_step(st) == SQLITE_ROW) {
        *to = sqlite3_column_int64(st, 0);
        const bool same = sqlite3_column_int(st, 1) != 0;
        if (!same || sqlite3_column_int(st, 2) == 0) {
            err = sw_diag_set(m->d, SW_ERR_EXISTS, "%.120s: its '%.60s' is of another %s", m->path,
                              (const char *)sqlite3_column_text(st, 3),
                              same ? "build of swarmsim" : "version of the scenario or its files");
        }
    }
    const int end = sqlite3_finalize(st);
    if (err != 0 || end != SQLITE_OK || *to >= 0) {
        return err != 0 ? err : end == SQLITE_OK ? 0 : fail(m);
    }
    st = prepare(m, "INSERT INTO main.studies SELECT NULL, name, question, path, scenario, inputs,"
                    " build, started_at, warmup, duration, interval FROM shard.studies"
                    " WHERE study = ?1");
    (void)sqlite3_bind_int64(st, 1, from);
    err = finish(m, st);
    *to = sqlite3_last_insert_rowid(m->db->sq);
    return err;
}

/* ---- runs ---- */

static int add_run(const struct merge *m, int64_t from, int64_t study)
{
    sqlite3_stmt *st =
        prepare(m, "INSERT INTO main.runs SELECT NULL, ?1, configuration, seed, trace_hash, events,"
                   " sim_seconds, wall_seconds, cpu_seconds, oracle, complaint, complained_at"
                   " FROM shard.runs WHERE run = ?2");
    (void)sqlite3_bind_int64(st, 1, study);
    (void)sqlite3_bind_int64(st, 2, from);
    int err = finish(m, st);
    const int64_t to = sqlite3_last_insert_rowid(m->db->sq);
    for (size_t i = 0; i < m->n_run && err == 0; i++) {
        err = copy(m, m->of_run[i], from, to);
    }
    m->out->added++;
    return err;
}

/* Every run of the shard's study @from; those that @study has must be the same. */
static int add_runs(const struct merge *m, int64_t from, int64_t study)
{
    sqlite3_stmt *st =
        prepare(m, "SELECT s.run, o.run, o.trace_hash = s.trace_hash, s.configuration, s.seed"
                   " FROM shard.runs s LEFT JOIN main.runs o ON o.study = ?1 AND"
                   " o.configuration = s.configuration AND o.seed = s.seed WHERE s.study = ?2"
                   " ORDER BY s.configuration, s.seed");
    (void)sqlite3_bind_int64(st, 1, study);
    (void)sqlite3_bind_int64(st, 2, from);
    int err = 0;
    int rc = SQLITE_DONE;
    while (err == 0 && st != NULL && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        if (sqlite3_column_type(st, 1) == SQLITE_NULL) {
            err = add_run(m, sqlite3_column_int64(st, 0), study);
        } else if (sqlite3_column_int(st, 2) != 0) {
            m->out->known++;
        } else {
            err = sw_diag_set(m->d, SW_ERR_EXISTS,
                              "%.120s: its run of '%.40s' with seed %lld ended otherwise", m->path,
                              (const char *)sqlite3_column_text(st, 3),
                              (long long)sqlite3_column_int64(st, 4));
        }
    }
    const bool read = st != NULL && (err != 0 || rc == SQLITE_DONE);
    (void)sqlite3_finalize(st);
    return read ? err : fail(m);
}

static int merge_study(const struct merge *m, int64_t from)
{
    int64_t study;
    int err = find_study(m, from, &study);
    if (err == 0) {
        err = add_runs(m, from, study);
    }
    for (size_t i = 0; i < m->n_study && err == 0; i++) {
        err = copy(m, m->of_study[i], from, study);
    }
    return err;
}

static int merge_all(const struct merge *m)
{
    sqlite3_stmt *st = prepare(m, "SELECT study FROM shard.studies ORDER BY study");
    int err = 0;
    int rc = SQLITE_DONE;
    while (err == 0 && st != NULL && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        err = merge_study(m, sqlite3_column_int64(st, 0));
    }
    const bool read = st != NULL && (err != 0 || rc == SQLITE_DONE);
    (void)sqlite3_finalize(st);
    return read ? err : fail(m);
}

int sim_merge_database(struct sim_db *db, const char *path, struct sim_merged *out,
                       struct sw_diag *d)
{
    struct merge m = { .db = db, .path = path, .d = d, .out = out };
    *out = (struct sim_merged){ 0 };
    sqlite3 *other = NULL;
    int err = sim_db_read(path, &other, d); /* says what is wrong with the file itself */
    (void)sqlite3_close(other);
    if (err != 0) {
        return err;
    }
    sqlite3_stmt *st = prepare(&m, "ATTACH ?1 AS shard");
    (void)sqlite3_bind_text(st, 1, path, -1, SQLITE_STATIC);
    err = finish(&m, st);
    if (err != 0) {
        return err;
    }
    err = find_tables(&m);
    if (err == 0) {
        err = sim_db_run_sql(db, "BEGIN IMMEDIATE", d);
    }
    if (err == 0) {
        err = merge_all(&m);
        const int end = sqlite3_exec(db->sq, err == 0 ? "COMMIT" : "ROLLBACK", NULL, NULL, NULL);
        err = err == 0 && end != SQLITE_OK ? fail(&m) : err;
    }
    (void)sqlite3_exec(db->sq, "DETACH shard", NULL, NULL, NULL);
    return err;
}
