/* SPDX-License-Identifier: GPL-3.0-or-later
 * A study's database for those who only read it: is it one, and is it whole? */
#define _POSIX_C_SOURCE 200809L
#include "embedded/sim_schema_sql.h"
#include "sim/record/db_inside.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define READ_WAIT_MS 5000 /* while a writer changes into WAL mode and back */

/* SQLite's words, for somebody who only reads. */
static int unreadable(struct sim_db *db, struct sw_diag *d)
{
    switch (sqlite3_errcode(db->sq)) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return sw_diag_set(d, SW_ERR_BUSY, "%.150s: another process holds it (wait for it)",
                           db->path);
    case SQLITE_NOTADB:
        return sw_diag_set(d, SW_ERR_MALFORMED, "%.150s: not a study's database", db->path);
    case SQLITE_CANTOPEN:
        return sw_diag_set(d, SW_ERR_IO, "%.150s: can't be opened", db->path);
    default:
        return sim_db_fail(db, d);
    }
}

/* Every column is there as our schema has it: what readers take for granted holds. */
static int check_tables(struct sim_db *db, struct sw_diag *d)
{
    static const char ours[] = "SELECT t.name, c.name, c.type, c.\"notnull\", c.pk"
                               " FROM sqlite_schema t, pragma_table_info(t.name) c"
                               " WHERE t.type = 'table'";
    static const char same[] = "SELECT count(*) FROM pragma_table_info(?1) WHERE name = ?2"
                               " AND type = ?3 AND \"notnull\" = ?4 AND pk = ?5";
    sqlite3 *own = NULL;
    sqlite3_stmt *want = NULL;
    sqlite3_stmt *have = NULL;
    int err = 0;
    if (sqlite3_open(":memory:", &own) != SQLITE_OK ||
        sqlite3_exec(own, sim_schema_sql, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(own, ours, -1, &want, NULL) != SQLITE_OK) {
        err = sw_diag_set(d, SW_ERR_NOMEM, "%.150s: out of memory", db->path);
    } else if (sqlite3_prepare_v2(db->sq, same, -1, &have, NULL) != SQLITE_OK) {
        err = unreadable(db, d);
    }
    while (err == 0 && sqlite3_step(want) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(want); i++) {
            (void)sqlite3_bind_value(have, i + 1, sqlite3_column_value(want, i));
        }
        if (sqlite3_step(have) != SQLITE_ROW) {
            err = unreadable(db, d);
        } else if (sqlite3_column_int(have, 0) != 1) {
            err = sw_diag_set(d, SW_ERR_MALFORMED,
                              "%.150s: no intact study's database: %s.%s is not as schema version "
                              "%d has it",
                              db->path, sim_db_text(want, 0), sim_db_text(want, 1),
                              SIM_SCHEMA_VERSION);
        }
        (void)sqlite3_reset(have);
    }
    (void)sqlite3_finalize(have);
    (void)sqlite3_finalize(want);
    (void)sqlite3_close(own);
    return err;
}

static int check(struct sim_db *db, struct sw_diag *d)
{
    const int64_t application = sim_db_pragma(db->sq, "PRAGMA application_id");
    if (application < 0 && sqlite3_errcode(db->sq) != SQLITE_OK) {
        return unreadable(db, d);
    }
    const int64_t version = sim_db_pragma(db->sq, "PRAGMA user_version");
    if (version < 0 && sqlite3_errcode(db->sq) != SQLITE_OK) {
        return unreadable(db, d);
    }
    const int err = sim_db_check_version(db, application, version, d);
    return err == 0 ? check_tables(db, d) : err;
}

int sim_db_read(const char *path, struct sqlite3 **out, struct sw_diag *d)
{
    char *name = strdup(path);
    struct sim_db db = { .path = name };
    *out = NULL;
    if (name == NULL) {
        return sw_diag_set(d, SW_ERR_NOMEM, "%.150s: out of memory", path);
    }
    const int rc = sqlite3_open_v2(path, &db.sq, SQLITE_OPEN_READONLY, "unix");
    (void)sqlite3_busy_timeout(db.sq, READ_WAIT_MS);
    const int err = rc == SQLITE_OK ? check(&db, d) : unreadable(&db, d);
    if (err == 0) {
        *out = db.sq;
    } else {
        (void)sqlite3_close(db.sq);
    }
    free(name);
    return err;
}

int64_t sim_db_latest(sqlite3 *sq)
{
    sqlite3_stmt *st = NULL;
    int64_t study = -1;
    if (sqlite3_prepare_v2(sq, "SELECT study FROM studies ORDER BY started_at DESC LIMIT 1", -1,
                           &st, NULL) == SQLITE_OK &&
        sqlite3_step(st) == SQLITE_ROW) {
        study = sqlite3_column_int64(st, 0);
    }
    (void)sqlite3_finalize(st);
    return study;
}

const char *sim_db_text(sqlite3_stmt *st, int column)
{
    const char *text = (const char *)sqlite3_column_text(st, column);
    return text != NULL ? text : "";
}
