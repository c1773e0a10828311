/* SPDX-License-Identifier: GPL-3.0-or-later
 * Finding the scenario of a run that is to be seen again. */
#include "sim/verbs/replay_source.h"

#include "sim/record/db.h"
#include "sim/search/point.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_database(const char *path)
{
    static const char magic[16] = "SQLite format 3";
    char head[sizeof magic] = "";
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        return false;
    }
    const size_t n = fread(head, 1, sizeof head, f);
    (void)fclose(f);
    return n == sizeof head && memcmp(head, magic, sizeof magic) == 0;
}

static int from_file(const char *path, const char *name, struct sim_scenario **out,
                     struct sw_diag *d)
{
    struct sim_configuration *names = NULL;
    size_t n = 0;
    int err = sim_configurations(path, &names, &n, d);
    if (err == 0 && name == NULL && n > 1) {
        err = sw_diag_set(d, SW_ERR_NOTFOUND,
                          "%.150s has %zu configurations: say --configuration %s, or another", path,
                          n, names[0].name.s);
    }
    if (err == 0) {
        const char *only = n == 1 ? names[0].name.s : NULL;
        err = sim_scenario_load(path, name != NULL ? name : only, out, d);
    }
    sim_configurations_free(names);
    return err;
}

/* Set what the configuration of @st's row sets beyond its policy. */
static int read_settings(sqlite3 *sq, sqlite3_stmt *row, struct sim_point *p, struct sw_diag *d)
{
    sqlite3_stmt *st = NULL;
    int err = 0;
    if (sqlite3_prepare_v2(sq,
                           "SELECT key, value FROM settings WHERE study = ? AND configuration = ?",
                           -1, &st, NULL) != SQLITE_OK) {
        return sw_diag_set(d, SW_ERR_MALFORMED, "settings: %s", sqlite3_errmsg(sq));
    }
    (void)sqlite3_bind_int64(st, 1, sqlite3_column_int64(row, 0));
    (void)sqlite3_bind_text(st, 2, sim_db_text(row, 4), -1, SQLITE_TRANSIENT);
    while (err == 0 && sqlite3_step(st) == SQLITE_ROW) {
        err = sim_point_set(p, sim_db_text(st, 0), sim_db_text(st, 1), d);
    }
    (void)sqlite3_finalize(st);
    return err;
}

/* The scenario of a row of find_runs: a configuration of its file, the same with another policy, or
 * a point of a sweep. */
static int load_row(sqlite3 *sq, sqlite3_stmt *st, struct sim_scenario **out, struct sw_diag *d)
{
    const char *path = sim_db_text(st, 2);
    const char *policy = sim_db_text(st, 6);
    const char *text = sim_db_text(st, 3);
    const struct sw_bytes bytes = { (const uint8_t *)text, (size_t)sqlite3_column_bytes(st, 3) };
    struct sim_point p = { .n = 0 };
    int err = read_settings(sq, st, &p, d);
    if (err == 0 && p.n > 0) {
        err = policy[0] != '\0' ? sim_point_route_by(&p, policy, d) : 0;
        return err == 0 ? sim_point_load_text(&p, path, bytes, out, d) : err;
    }
    if (err == 0) {
        err = sim_scenario_parse(path, text, bytes.len, sim_db_text(st, policy[0] != '\0' ? 5 : 4),
                                 out, d);
    }
    if (err == 0 && policy[0] != '\0') {
        err = sim_scenario_route_by(*out, policy);
    }
    return err;
}

static int several(const struct sim_replay_wanted *w, const struct sim_replay_source *first,
                   const char *scenario, struct sw_diag *d)
{
    if (strcmp(first->s->name, scenario) != 0) {
        return sw_diag_set(d, SW_ERR_NOTFOUND,
                           "%.150s: several scenarios ran seed %llu: say --scenario %s, or another",
                           w->path, (unsigned long long)w->seed, first->s->name);
    }
    return sw_diag_set(d, SW_ERR_NOTFOUND,
                       "%.150s: several configurations ran seed %llu: say --configuration %s, or "
                       "another",
                       w->path, (unsigned long long)w->seed, first->s->configuration.s);
}

static int from_rows(sqlite3 *sq, sqlite3_stmt *st, const struct sim_replay_wanted *w,
                     struct sim_replay_source *out, struct sw_diag *d)
{
    if (sqlite3_step(st) != SQLITE_ROW) {
        return sw_diag_set(d, SW_ERR_NOTFOUND, "%.150s: holds no such run of seed %llu", w->path,
                           (unsigned long long)w->seed);
    }
    int err = load_row(sq, st, &out->s, d);
    out->stored = true;
    out->trace_hash = strtoull(sim_db_text(st, 7), NULL, 16);
    if (err == 0 && sqlite3_step(st) == SQLITE_ROW) {
        err = several(w, out, sim_db_text(st, 1), d);
        sim_scenario_free(out->s);
        out->s = NULL;
    }
    return err;
}

static int from_study(const struct sim_replay_wanted *w, struct sim_replay_source *out,
                      struct sw_diag *d)
{
    static const char find_runs[] =
        "SELECT s.study, s.name, s.path, s.scenario, r.configuration, c.base, c.policy,"
        " r.trace_hash FROM studies s JOIN runs r USING (study)"
        " JOIN configurations c USING (study, configuration)"
        " WHERE r.seed = ?1 AND r.configuration = coalesce(?2, r.configuration)"
        " AND s.name = coalesce(?3, s.name) ORDER BY s.started_at DESC, r.run";
    sqlite3 *sq = NULL;
    sqlite3_stmt *st = NULL;
    int err = sim_db_read(w->path, &sq, d);
    if (err != 0) {
        return err;
    }
    if (sqlite3_prepare_v2(sq, find_runs, -1, &st, NULL) != SQLITE_OK) {
        err = sw_diag_set(d, SW_ERR_MALFORMED, "%.150s: %s", w->path, sqlite3_errmsg(sq));
    } else {
        (void)sqlite3_bind_int64(st, 1, (sqlite3_int64)w->seed);
        (void)sqlite3_bind_text(st, 2, w->configuration, -1, SQLITE_STATIC);
        (void)sqlite3_bind_text(st, 3, w->scenario, -1, SQLITE_STATIC);
        err = from_rows(sq, st, w, out, d);
    }
    (void)sqlite3_finalize(st);
    (void)sqlite3_close(sq);
    return err;
}

int sim_replay_source(const struct sim_replay_wanted *w, struct sim_replay_source *out,
                      struct sw_diag *d)
{
    *out = (struct sim_replay_source){ .s = NULL };
    if (is_database(w->path)) {
        return from_study(w, out, d);
    }
    if (w->scenario != NULL) {
        return sw_diag_set(d, SW_ERR_MALFORMED, "--scenario: %.150s is no study's database",
                           w->path);
    }
    return from_file(w->path, w->configuration, &out->s, d);
}
