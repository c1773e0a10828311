/* SPDX-License-Identifier: GPL-3.0-or-later
 * The plots of a study, one after another. */
#define _POSIX_C_SOURCE 200809L
#include "sim/analyse/report.h"
#include "embedded/sim_complete_sql.h"
#include "embedded/sim_configurations_sql.h"
#include "node/base/types.h"
#include "sim/analyse/plot.h"
#include "sim/record/db.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static int read_study(struct sim_plots *p, const char *path)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(p->sq,
                           "SELECT study, name, question, warmup, duration, interval FROM studies "
                           "ORDER BY started_at DESC LIMIT 1",
                           -1, &st, NULL) != SQLITE_OK ||
        sqlite3_step(st) != SQLITE_ROW) {
        (void)sqlite3_finalize(st);
        return sw_diag_set(p->d, SW_ERR_MALFORMED, "%.150s: holds no study", path);
    }
    p->study = sqlite3_column_int64(st, 0);
    (void)snprintf(p->name, sizeof p->name, "%s", sim_db_text(st, 1));
    (void)snprintf(p->question, sizeof p->question, "%s", sim_db_text(st, 2));
    p->warmup = sqlite3_column_double(st, 3);
    p->duration = sqlite3_column_double(st, 4);
    p->interval = sqlite3_column_double(st, 5);
    (void)sqlite3_finalize(st);
    return p->interval > 0 && p->duration / p->interval < 1e7
               ? 0
               : sw_diag_set(p->d, SW_ERR_MALFORMED, "%.150s: impossible times", path);
}

/* Series end before the run does: see sim/analyse/timeline.h. */
static void read_end(struct sim_plots *p)
{
    sqlite3_stmt *st = sim_plot_query(
        p,
        "SELECT max(s.at) FROM samples s JOIN runs r USING (run) WHERE r.study = ?1 AND "
        "s.metric = 'dns.rate'",
        NULL, NULL, NULL);
    p->end = p->duration;
    if (st != NULL && sqlite3_step(st) == SQLITE_ROW && sqlite3_column_double(st, 0) > p->warmup) {
        p->end = sqlite3_column_double(st, 0) + p->interval;
    }
    (void)sqlite3_finalize(st);
}

static int read_arms(struct sim_plots *p, const char *path)
{
    sqlite3_stmt *st = sim_plot_query(p, sim_configurations_sql, NULL, NULL, NULL);
    if (st == NULL) {
        return SW_ERR_MALFORMED;
    }
    while (p->n_arms < SIM_PLOT_ARMS && sqlite3_step(st) == SQLITE_ROW) {
        (void)snprintf(p->arms[p->n_arms], SIM_PLOT_NAME, "%s", sim_db_text(st, 0));
        p->runs[p->n_arms++] = sqlite3_column_int64(st, 1);
    }
    (void)sqlite3_finalize(st);
    return p->n_arms > 0 ? 0 : sw_diag_set(p->d, SW_ERR_MALFORMED, "%.150s: holds no runs", path);
}

static int draw(struct sim_plots *p, const struct sim_report_options *o)
{
    static int (*const plots[])(struct sim_plots *, size_t) = {
        sim_plot_latency, sim_plot_availability, sim_plot_answered, sim_plot_sent,
        sim_plot_load,    sim_plot_trails,       sim_plot_members,
    };
    int err = 0;
    for (size_t arm = 0; arm < p->n_arms; arm++) {
        for (size_t i = 0; i < SW_LEN(plots) && err == 0; i++) {
            err = plots[i](p, arm);
        }
    }
    if (err == 0 && p->n_arms > 1) {
        err = sim_plot_comparison(p);
    }
    return err == 0 ? sim_plot_stored_intervals(p, o) : err;
}

int sim_report(const struct sim_report_options *o, struct sw_diag *d)
{
    struct sim_plots p = { .d = d };
    int err = sim_db_read(o->database, &p.sq, d);
    if (err != 0) {
        return err;
    }
    err = read_study(&p, o->database);
    if (err == 0) {
        read_end(&p);
        err = read_arms(&p, o->database);
    }
    (void)snprintf(p.folder, sizeof p.folder, "%s/plots", o->out);
    if (err == 0 && mkdir(p.folder, 0777) != 0 && errno != EEXIST) {
        err = sw_diag_set(d, SW_ERR_IO, "%.150s: %s", p.folder, strerror(errno));
    }
    if (err == 0) {
        err = o->comparison != NULL ? sim_plot_intervals(&p, o->comparison) : draw(&p, o);
    }
    (void)sqlite3_close(p.sq);
    return err == 0 ? p.drawn : err;
}

int sim_report_progress(const char *database, struct sim_report_progress *out, struct sw_diag *d)
{
    struct sim_plots p = { .d = d };
    *out = (struct sim_report_progress){ 0 };
    int err = sim_db_read(database, &p.sq, d);
    if (err != 0) {
        return err;
    }
    p.study = sim_db_latest(p.sq);
    sqlite3_stmt *st = sim_plot_query(&p, sim_complete_sql, NULL, NULL, NULL);
    err = st == NULL ? SW_ERR_MALFORMED : 0;
    while (st != NULL && sqlite3_step(st) == SQLITE_ROW) {
        out->wanted += (uint64_t)sqlite3_column_int64(st, 1);
        out->stored += (uint64_t)sqlite3_column_int64(st, 2);
    }
    (void)sqlite3_finalize(st);
    (void)sqlite3_close(p.sq);
    return err;
}
