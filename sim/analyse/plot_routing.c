/* SPDX-License-Identifier: GPL-3.0-or-later
 * Plots of routing by region: who sent how much to whom; what holders were asked for against what
 * they could give. */
#define _POSIX_C_SOURCE 200809L /* open_memstream */
#include "embedded/sim_entities_sql.h"
#include "embedded/sim_load_gp.h"
#include "embedded/sim_sent_gp.h"
#include "embedded/sim_sent_sql.h"
#include "node/base/types.h"
#include "sim/analyse/plot_table.h"
#include "sim/record/db.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_REGIONS 16

struct regions {
    char names[MAX_REGIONS][SIM_PLOT_NAME];
    size_t n;
};

/* Index of the region whose name is the first @len bytes of @name, added when new; MAX_REGIONS
 * when there is no room. */
static size_t region_of(struct regions *r, const char *name, size_t len)
{
    size_t i = 0;
    while (i < r->n && (strncmp(r->names[i], name, len) != 0 || r->names[i][len] != '\0')) {
        i++;
    }
    if (i == r->n && i < MAX_REGIONS) {
        (void)snprintf(r->names[r->n++], SIM_PLOT_NAME, "%.*s", (int)len, name);
    }
    return i;
}

static void write_regions(const struct regions *r, FILE *f)
{
    (void)fputs("regions = '", f);
    for (size_t i = 0; i < r->n; i++) {
        (void)fprintf(f, "%s%s", i > 0 ? " " : "", r->names[i]);
    }
    (void)fputs("'\n", f);
}

/* ---- who sent how much to whom ---- */

struct matrix {
    struct regions regions;
    double v[2][MAX_REGIONS][MAX_REGIONS]; /* without a fault, during one */
    bool any[2];
    double most;
};

static int read_matrix(struct sim_plots *p, const char *arm, struct matrix *m)
{
    sqlite3_stmt *st = sim_plot_query(p, sim_sent_sql, arm, NULL, NULL);
    if (st == NULL) {
        return SW_ERR_MALFORMED;
    }
    (void)sqlite3_bind_double(st, 3, p->warmup);
    (void)sqlite3_bind_double(st, 4, p->interval);
    while (sqlite3_step(st) == SQLITE_ROW) {
        const char *entity = sim_db_text(st, 0);
        const char *to = strchr(entity, '>');
        const size_t k = sqlite3_column_int(st, 1) != 0;
        if (to == NULL) {
            continue;
        }
        const size_t i = region_of(&m->regions, entity, (size_t)(to - entity));
        const size_t j = region_of(&m->regions, to + 1, strlen(to + 1));
        if (i < MAX_REGIONS && j < MAX_REGIONS) {
            m->v[k][i][j] = sqlite3_column_double(st, 2);
            m->any[k] = true;
            m->most = fmax(m->most, m->v[k][i][j]);
        }
    }
    (void)sqlite3_finalize(st);
    return 0;
}

static int write_matrix(struct sim_plots *p, const struct sim_plot_head *head,
                        const struct matrix *m)
{
    char image[2 * SIM_PLOT_NAME];
    char file[2 * SIM_PLOT_NAME + 8];
    sim_plot_image(head, image);
    (void)snprintf(file, sizeof file, "%s.tsv", image);
    FILE *f = sim_plot_open(p, file);
    if (f == NULL) {
        return SW_ERR_IO;
    }
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < m->regions.n && m->any[k]; i++) {
            for (size_t j = 0; j < m->regions.n; j++) {
                (void)fprintf(f, "%zu\t%zu\t%.6g\n", i, j, m->v[k][i][j]);
            }
        }
        (void)fputs(m->any[k] ? "\n\n" : "", f);
    }
    return sim_plot_close(p, f, file);
}

static int draw_matrix(struct sim_plots *p, const struct sim_plot_head *head,
                       const struct matrix *m)
{
    const int err = write_matrix(p, head, m);
    FILE *f = err == 0 ? sim_plot_begin(p, head) : NULL;
    if (f == NULL) {
        return err != 0 ? err : SW_ERR_IO;
    }
    write_regions(&m->regions, f);
    (void)fprintf(f, "most = %.6g\npanels = %d\nnames = '%s%s'\n", m->most, m->any[0] + m->any[1],
                  m->any[0] ? "\"no fault\"" : "", m->any[1] ? " \"during faults\"" : "");
    return sim_plot_finish(p, head, f, sim_sent_gp);
}

int sim_plot_sent(struct sim_plots *p, size_t arm)
{
    struct matrix *m = calloc(1, sizeof *m);
    if (m == NULL) {
        return sw_diag_set(p->d, SW_ERR_NOMEM, "out of memory for a plot");
    }
    char text[256];
    sim_plot_subtitle(p, arm, "queries a second, retries too", text, sizeof text);
    const struct sim_plot_head head = {
        .kind = "sent", .arm = p->arms[arm], .title = "Who sends queries to whom", .subtitle = text
    };
    int err = read_matrix(p, p->arms[arm], m);
    if (err == 0 && m->most > 0 && m->regions.n > 1) {
        err = draw_matrix(p, &head, m);
    }
    free(m);
    return err;
}

/* ---- load against capacity ---- */

static int read_regions(struct sim_plots *p, const char *arm, struct regions *r)
{
    sqlite3_stmt *st = sim_plot_query(p, sim_entities_sql, arm, "load.asked", NULL);
    if (st == NULL) {
        return SW_ERR_MALFORMED;
    }
    while (sqlite3_step(st) == SQLITE_ROW) {
        const char *name = sim_db_text(st, 0);
        (void)region_of(r, name, strlen(name));
    }
    (void)sqlite3_finalize(st);
    return 0;
}

/* The highest value after warm-up. */
static double most_of(const struct sim_plots *p, const struct sim_plot_table *t)
{
    double most = 0;
    for (size_t i = (size_t)(p->warmup / p->interval); i < t->rows; i++) {
        for (size_t k = 0; k < t->columns; k++) {
            most = fmax(most, t->v[i * t->columns + k]); /* of a number and NaN, the number */
        }
    }
    return most;
}

static int draw_load(struct sim_plots *p, size_t arm, const struct regions *r,
                     const struct sim_plot_table *t)
{
    char *special = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&special, &len);
    if (f == NULL) {
        return sw_diag_set(p->d, SW_ERR_NOMEM, "out of memory for a plot");
    }
    write_regions(r, f);
    (void)fprintf(f, "most = %.6g\n", most_of(p, t));
    (void)fclose(f);
    char text[256];
    sim_plot_subtitle(p, arm, "of the nodes that hold zones, by region", text, sizeof text);
    const struct sim_plot_head head = { .kind = "load",
                                        .arm = p->arms[arm],
                                        .title = "What holders are asked for, and can give",
                                        .subtitle = text };
    const int err = sim_plot_table_draw(p, &head, t, special, sim_load_gp);
    free(special);
    return err;
}

int sim_plot_load(struct sim_plots *p, size_t arm)
{
    struct regions *r = calloc(1, sizeof *r);
    struct sim_plot_table t = { 0 };
    if (r == NULL) {
        return sw_diag_set(p->d, SW_ERR_NOMEM, "out of memory for a plot");
    }
    int err = read_regions(p, p->arms[arm], r);
    if (err == 0 && r->n > 0) {
        err = sim_plot_table_init(p, &t, 2 * r->n);
        for (size_t i = 0; i < r->n && err == 0; i++) {
            err = sim_plot_series(p, &t, 2 * i, p->arms[arm], "load.asked", r->names[i]);
            err = err == 0 ? sim_plot_series(p, &t, 2 * i + 1, p->arms[arm], "load.capacity",
                                             r->names[i])
                           : err;
        }
        err = err == 0 ? draw_load(p, arm, r, &t) : err;
    }
    free(t.v);
    free(r);
    return err;
}
