/* SPDX-License-Identifier: GPL-3.0-or-later
 * Plots of DNS service over time. */
#include "embedded/sim_answered_gp.h"
#include "embedded/sim_availability_gp.h"
#include "embedded/sim_entities_sql.h"
#include "embedded/sim_latency_gp.h"
#include "sim/analyse/plot_table.h"
#include "sim/record/db.h"

#include "node/base/types.h"
#include <stdlib.h>
#include <string.h>

int sim_plot_latency(struct sim_plots *p, size_t arm)
{
    static const char *const metrics[] = { "dns.latency.p50", "dns.latency.p99",
                                           "dns.latency.p99.9" };
    struct sim_plot_table t;
    int err = sim_plot_table_init(p, &t, SW_LEN(metrics));
    for (size_t i = 0; i < SW_LEN(metrics) && err == 0; i++) {
        err = sim_plot_series(p, &t, i, p->arms[arm], metrics[i], "");
    }
    char text[256];
    sim_plot_subtitle(p, arm, "by the time of asking, failures counted as the wait", text,
                      sizeof text);
    const struct sim_plot_head head = { .kind = "latency",
                                        .arm = p->arms[arm],
                                        .title = "How long DNS clients wait",
                                        .subtitle = text,
                                        .labels = true };
    err = err == 0 ? sim_plot_table_draw(p, &head, &t, "", sim_latency_gp) : err;
    free(t.v);
    return err;
}

/* Share answered within a second: 1 - share of slow ones. */
static void invert(struct sim_plot_table *t, size_t column)
{
    for (size_t i = 0; i < t->rows; i++) {
        t->v[i * t->columns + column] = 1 - t->v[i * t->columns + column];
    }
}

int sim_plot_availability(struct sim_plots *p, size_t arm)
{
    static const char *const metrics[] = { "availability", "dns.slow", "availability.dark" };
    struct sim_plot_table t;
    int err = sim_plot_table_init(p, &t, SW_LEN(metrics));
    for (size_t i = 0; i < SW_LEN(metrics) && err == 0; i++) {
        err = sim_plot_series(p, &t, i, p->arms[arm], metrics[i], "");
    }
    if (err == 0) {
        invert(&t, 1);
    }
    char text[256];
    sim_plot_subtitle(p, arm, "answered correctly, by the time of asking", text, sizeof text);
    const struct sim_plot_head head = { .kind = "availability",
                                        .arm = p->arms[arm],
                                        .title = "DNS queries that get their answer",
                                        .subtitle = text,
                                        .labels = true };
    err = err == 0 ? sim_plot_table_draw(p, &head, &t, "", sim_availability_gp) : err;
    free(t.v);
    return err;
}

#define MAX_REGIONS 16

/* Regions that answered anything, in the order of their names. */
static int read_regions(struct sim_plots *p, const char *arm,
                        char names[MAX_REGIONS][SIM_PLOT_NAME], size_t *n)
{
    sqlite3_stmt *st = sim_plot_query(p, sim_entities_sql, arm, "dns.answered", NULL);
    *n = 0;
    if (st == NULL) {
        return SW_ERR_MALFORMED;
    }
    while (*n < MAX_REGIONS && sqlite3_step(st) == SQLITE_ROW) {
        (void)snprintf(names[(*n)++], SIM_PLOT_NAME, "%s", sim_db_text(st, 0));
    }
    (void)sqlite3_finalize(st);
    return 0;
}

/* Columns become sums of themselves and those before: edges of a stack. */
static void stack(struct sim_plot_table *t)
{
    for (size_t i = 0; i < t->rows; i++) {
        for (size_t k = 1; k < t->columns; k++) {
            t->v[i * t->columns + k] += t->v[i * t->columns + k - 1];
        }
    }
}

int sim_plot_answered(struct sim_plots *p, size_t arm)
{
    char names[MAX_REGIONS][SIM_PLOT_NAME];
    char special[MAX_REGIONS * (SIM_PLOT_NAME + 1) + 32];
    size_t n = 0;
    int err = read_regions(p, p->arms[arm], names, &n);
    if (err != 0 || n == 0) {
        return err;
    }
    struct sim_plot_table t;
    err = sim_plot_table_init(p, &t, n);
    size_t len = (size_t)snprintf(special, sizeof special, "regions = '");
    for (size_t i = 0; i < n && err == 0; i++) {
        err = sim_plot_series(p, &t, i, p->arms[arm], "dns.answered", names[i]);
        len += (size_t)snprintf(special + len, sizeof special - len, "%s%s", i > 0 ? " " : "",
                                names[i]);
    }
    (void)snprintf(special + len, sizeof special - len, "'\n");
    if (err == 0) {
        stack(&t);
    }
    char text[256];
    sim_plot_subtitle(p, arm, "answers by the region that had them, stacked", text, sizeof text);
    const struct sim_plot_head head = { .kind = "answered",
                                        .arm = p->arms[arm],
                                        .title = "Which region answers",
                                        .subtitle = text,
                                        .labels = true };
    err = err == 0 ? sim_plot_table_draw(p, &head, &t, special, sim_answered_gp) : err;
    free(t.v);
    return err;
}
