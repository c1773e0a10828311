/* SPDX-License-Identifier: GPL-3.0-or-later
 * Plot of the membership: who thought whom alive, suspect or dead, over time. */
#include "embedded/sim_members_gp.h"
#include "embedded/sim_members_sql.h"
#include "embedded/sim_regions_sql.h"
#include "node/base/types.h"
#include "sim/analyse/plot.h"

#include <stdlib.h>
#include <string.h>

#define MAX_NODES 48 /* of whom it is told; more can't be told apart */
#define FORGOTTEN 4

struct members {
    struct sim_plots *p;
    char names[MAX_NODES][SIM_PLOT_NAME];
    size_t n;
    size_t told; /* lines written */
};

static int read_names(struct members *m, const char *arm)
{
    sqlite3_stmt *st = sim_plot_query(m->p, sim_regions_sql, arm, NULL, NULL);
    if (st == NULL) {
        return SW_ERR_MALFORMED;
    }
    while (m->n < MAX_NODES && sqlite3_step(st) == SQLITE_ROW) {
        (void)snprintf(m->names[m->n++], SIM_PLOT_NAME, "%s", sqlite3_column_text(st, 0));
    }
    (void)sqlite3_finalize(st);
    return 0;
}

static size_t find(const struct members *m, const char *name)
{
    size_t i = 0;
    while (i < m->n && strcmp(m->names[i], name) != 0) {
        i++;
    }
    return i;
}

/* What one node thought of another, from a moment on. */
struct thought {
    size_t of, by;
    double since;
    int state;
};

/* Row @of is from of to of + 1; the line of @by lies in it. */
static void write_line(struct members *m, FILE *f, const struct thought *t, double until)
{
    if (t->state == FORGOTTEN || t->of >= m->n || t->by >= m->n) {
        return;
    }
    const double y = (double)t->of + ((double)t->by + 1) / ((double)m->n + 1);
    (void)fprintf(f, "%.9g\t%.9g\t%.6g\t%d\n", t->since, until, y, t->state);
    m->told++;
}

static int write_lines(struct members *m, const char *arm, FILE *f)
{
    sqlite3_stmt *st = sim_plot_query(m->p, sim_members_sql, arm, NULL, NULL);
    struct thought now = { .state = FORGOTTEN };
    if (st == NULL) {
        return SW_ERR_MALFORMED;
    }
    while (sqlite3_step(st) == SQLITE_ROW) {
        const struct thought next = {
            .of = find(m, (const char *)sqlite3_column_text(st, 0)),
            .by = find(m, (const char *)sqlite3_column_text(st, 1)),
            .since = sqlite3_column_double(st, 2),
            .state = sqlite3_column_int(st, 3),
        };
        const bool same = next.of == now.of && next.by == now.by;
        write_line(m, f, &now, same ? next.since : m->p->duration);
        now = next;
    }
    write_line(m, f, &now, m->p->duration);
    (void)sqlite3_finalize(st);
    return 0;
}

static int draw(struct members *m, const char *arm)
{
    char text[256];
    char image[2 * SIM_PLOT_NAME];
    char file[2 * SIM_PLOT_NAME + 8];
    (void)snprintf(
        text, sizeof text,
        "%s%s%s: a row a node, in it a line for each that knows it; blank: none; one run",
        m->p->name, arm[0] != '\0' ? ", " : "", arm);
    const struct sim_plot_head head = { .kind = "members",
                                        .arm = arm,
                                        .title = "Who took whom for alive, suspect, dead",
                                        .subtitle = text };
    sim_plot_image(&head, image);
    (void)snprintf(file, sizeof file, "%s.tsv", image);
    FILE *f = sim_plot_open(m->p, file);
    if (f == NULL) {
        return SW_ERR_IO;
    }
    int err = write_lines(m, arm, f);
    const int closed = sim_plot_close(m->p, f, file);
    err = err == 0 ? closed : err;
    if (err != 0 || m->told == 0) {
        return err;
    }
    f = sim_plot_begin(m->p, &head);
    if (f == NULL) {
        return SW_ERR_IO;
    }
    (void)fputs("nodes = '", f);
    for (size_t i = 0; i < m->n; i++) {
        (void)fprintf(f, "%s%s", i > 0 ? " " : "", m->names[i]);
    }
    (void)fprintf(f, "'\nstep = %zu\nwidth = %.3g\n", m->n < 16 ? m->n * 3 + 4 : (size_t)24,
                  m->n < 16 ? 2.4 : 24.0 / (double)m->n);
    return sim_plot_finish(m->p, &head, f, sim_members_gp);
}

int sim_plot_members(struct sim_plots *p, size_t arm)
{
    struct members *m = calloc(1, sizeof *m);
    if (m == NULL) {
        return sw_diag_set(p->d, SW_ERR_NOMEM, "out of memory for a plot");
    }
    m->p = p;
    int err = read_names(m, p->arms[arm]);
    if (err == 0 && m->n > 1) {
        err = draw(m, p->arms[arm]);
    }
    free(m);
    return err;
}
