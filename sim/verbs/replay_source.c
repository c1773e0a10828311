/* SPDX-License-Identifier: GPL-3.0-or-later
 * Finding the scenario of a run that is to be seen again. */
#include "sim/verbs/replay_source.h"

#include "sim/record/db.h"

#include <sqlite3.h>
#include <stdio.h>
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

/* Columns of @st: the scenario's path and text, a configuration that ran the seed, and what that
 * was made from: a configuration of the file, and the policy that its nodes got instead. */
static int from_rows(sqlite3_stmt *st, const char *path, uint64_t seed, struct sim_scenario **out,
                     struct sw_diag *d)
{
    if (sqlite3_step(st) != SQLITE_ROW) {
        return sw_diag_set(d, SW_ERR_NOTFOUND, "%.150s: holds no such run of seed %llu", path,
                           (unsigned long long)seed);
    }
    const char *policy = sim_db_text(st, 4);
    int err = sim_scenario_parse(sim_db_text(st, 0), sim_db_text(st, 1),
                                 (size_t)sqlite3_column_bytes(st, 1),
                                 sim_db_text(st, policy[0] != '\0' ? 3 : 2), out, d);
    if (err == 0 && policy[0] != '\0') {
        err = sim_scenario_route_by(*out, policy);
    }
    if (err == 0 && sqlite3_step(st) == SQLITE_ROW) {
        sim_scenario_free(*out);
        *out = NULL;
        return sw_diag_set(d, SW_ERR_NOTFOUND,
                           "%.150s: several configurations ran seed %llu: say --configuration %s, "
                           "or another",
                           path, (unsigned long long)seed, sim_db_text(st, 2));
    }
    return err;
}

static int from_study(const char *path, const char *name, uint64_t seed, struct sim_scenario **out,
                      struct sw_diag *d)
{
    sqlite3 *sq = NULL;
    sqlite3_stmt *st = NULL;
    int err = sim_db_read(path, &sq, d);
    if (err != 0) {
        return err;
    }
    if (sqlite3_prepare_v2(sq,
                           "SELECT s.path, s.scenario, r.configuration, c.base, c.policy"
                           " FROM studies s JOIN runs r USING (study)"
                           " JOIN configurations c USING (study, configuration)"
                           " WHERE r.seed = ?1"
                           " AND r.configuration = coalesce(?2, r.configuration)"
                           " ORDER BY s.started_at DESC, r.run",
                           -1, &st, NULL) != SQLITE_OK) {
        err = sw_diag_set(d, SW_ERR_MALFORMED, "%.150s: %s", path, sqlite3_errmsg(sq));
    } else {
        (void)sqlite3_bind_int64(st, 1, (sqlite3_int64)seed);
        (void)sqlite3_bind_text(st, 2, name, -1, SQLITE_STATIC);
        err = from_rows(st, path, seed, out, d);
    }
    (void)sqlite3_finalize(st);
    (void)sqlite3_close(sq);
    return err;
}

int sim_replay_source(const char *path, const char *name, uint64_t seed, struct sim_scenario **out,
                      struct sw_diag *d)
{
    *out = NULL;
    return is_database(path) ? from_study(path, name, seed, out, d) : from_file(path, name, out, d);
}
