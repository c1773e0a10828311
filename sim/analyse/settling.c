/* SPDX-License-Identifier: GPL-3.0-or-later
 * When a series settles. */
#include "sim/analyse/settling.h"
#include "embedded/sim_settling_sql.h"
#include "node/base/err.h"
#include "sim/analyse/stats.h"
#include "sim/record/db.h"

#include <math.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>

struct series {
    double *at, *value;
    size_t n, cap;
};

static int make_room(struct series *s)
{
    if (s->n < s->cap) {
        return 0;
    }
    const size_t cap = s->cap > 0 ? 2 * s->cap : 128;
    double *at = realloc(s->at, cap * sizeof *at);
    s->at = at != NULL ? at : s->at;
    double *value = realloc(s->value, cap * sizeof *value);
    s->value = value != NULL ? value : s->value;
    s->cap = at != NULL && value != NULL ? cap : s->cap;
    return at != NULL && value != NULL ? 0 : SW_ERR_NOMEM;
}

static int read_series(struct series *s, sqlite3_stmt *st)
{
    while (sqlite3_step(st) == SQLITE_ROW) {
        if (make_room(s) != 0) {
            return SW_ERR_NOMEM;
        }
        s->at[s->n] = sqlite3_column_double(st, 0);
        s->value[s->n++] = sqlite3_column_double(st, 1);
    }
    return 0;
}

int sim_settling(struct sqlite3 *sq, const char *configuration, const char *metric, double *out)
{
    sqlite3_stmt *st = NULL;
    struct series s = { 0 };
    *out = NAN;
    if (sqlite3_prepare_v2(sq, sim_settling_sql, -1, &st, NULL) != SQLITE_OK) {
        return SW_ERR_MALFORMED;
    }
    (void)sqlite3_bind_int64(st, 1, sim_db_latest(sq));
    (void)sqlite3_bind_text(st, 2, configuration, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(st, 3, metric, -1, SQLITE_STATIC);
    int err = read_series(&s, st);
    (void)sqlite3_finalize(st);
    size_t skip = 0;
    if (err == 0 && s.n >= SIM_MSER5_LEAST) {
        const bool settles = sim_stats_mser5(s.value, s.n, &skip) == SW_OK;
        *out = !settles ? INFINITY : skip > 0 ? s.at[skip] : 0;
    }
    free(s.at);
    free(s.value);
    return err;
}
