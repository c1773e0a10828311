/* SPDX-License-Identifier: GPL-3.0-or-later
 * Plots of what routers believe: one entry node a region, a line for each node it could ask. */
#include "embedded/sim_moving_nodes_sql.h"
#include "embedded/sim_regions_sql.h"
#include "embedded/sim_trails_gp.h"
#include "embedded/sim_trails_sql.h"
#include "node/base/types.h"
#include "sim/analyse/plot.h"
#include "sim/record/db.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PANELS 4
#define MAX_PEERS 24
#define MAX_NODES 2048

struct known {
    char name[SIM_PLOT_NAME];
    size_t region; /* from 1: its colour */
    size_t number; /* from 1, in its region: its dashes */
    char region_name[SIM_PLOT_NAME];
};

struct panel {
    char node[SIM_PLOT_NAME];
    char peers[MAX_PEERS][SIM_PLOT_NAME];
    size_t n;
    double *v; /* rows x MAX_PEERS */
};

struct trails {
    struct sim_plots *p;
    size_t arm;
    struct known *nodes;
    size_t n_nodes;
    struct panel panels[MAX_PANELS];
    size_t n_panels, rows;
};

static int read_nodes(struct trails *t)
{
    sqlite3_stmt *st = sim_plot_query(t->p, sim_regions_sql, t->p->arms[t->arm], NULL, NULL);
    t->nodes = calloc(MAX_NODES, sizeof *t->nodes);
    if (st == NULL || t->nodes == NULL) {
        (void)sqlite3_finalize(st);
        return sw_diag_set(t->p->d, SW_ERR_NOMEM, "out of memory for a plot");
    }
    size_t regions = 0;
    while (t->n_nodes < MAX_NODES && sqlite3_step(st) == SQLITE_ROW) {
        struct known *k = &t->nodes[t->n_nodes++];
        (void)snprintf(k->name, sizeof k->name, "%s", sim_db_text(st, 0));
        (void)snprintf(k->region_name, sizeof k->region_name, "%s", sim_db_text(st, 1));
        k->number = 1;
        for (size_t i = 0; i + 1 < t->n_nodes; i++) {
            if (strcmp(t->nodes[i].region_name, k->region_name) == 0) {
                k->region = t->nodes[i].region;
                k->number++;
            }
        }
        k->region = k->region == 0 ? ++regions : k->region;
    }
    (void)sqlite3_finalize(st);
    return 0;
}

static int read_panels(struct trails *t)
{
    sqlite3_stmt *st = sim_plot_query(t->p, sim_moving_nodes_sql, t->p->arms[t->arm], NULL, NULL);
    if (st == NULL) {
        return SW_ERR_MALFORMED;
    }
    while (t->n_panels < MAX_PANELS && sqlite3_step(st) == SQLITE_ROW) {
        struct panel *panel = &t->panels[t->n_panels++];
        (void)snprintf(panel->node, sizeof panel->node, "%s", sim_db_text(st, 0));
        panel->v = malloc(t->rows * MAX_PEERS * sizeof *panel->v);
        if (panel->v == NULL) {
            (void)sqlite3_finalize(st);
            return sw_diag_set(t->p->d, SW_ERR_NOMEM, "out of memory for a plot");
        }
        for (size_t i = 0; i < t->rows * MAX_PEERS; i++) {
            panel->v[i] = NAN;
        }
    }
    (void)sqlite3_finalize(st);
    return 0;
}

/* Column of @peer in @panel, made when new; MAX_PEERS when there is no room. */
static size_t column_of(struct panel *panel, const char *peer)
{
    size_t i = 0;
    while (i < panel->n && strcmp(panel->peers[i], peer) != 0) {
        i++;
    }
    if (i == panel->n && i < MAX_PEERS) {
        (void)snprintf(panel->peers[panel->n++], SIM_PLOT_NAME, "%s", peer);
    }
    return i;
}

static void take_row(struct trails *t, sqlite3_stmt *st)
{
    const char *entity = sim_db_text(st, 0);
    const char *peer = strchr(entity, '>');
    for (size_t i = 0; peer != NULL && i < t->n_panels; i++) {
        struct panel *panel = &t->panels[i];
        const size_t len = (size_t)(peer - entity);
        if (strlen(panel->node) != len || strncmp(panel->node, entity, len) != 0) {
            continue;
        }
        const size_t column = column_of(panel, peer + 1);
        const double row = floor(sqlite3_column_double(st, 1) / t->p->interval + 0.5);
        if (column < MAX_PEERS && row >= 0 && row < (double)t->rows) {
            panel->v[(size_t)row * MAX_PEERS + column] = sqlite3_column_double(st, 2);
        }
    }
}

static int read_trails(struct trails *t)
{
    sqlite3_stmt *st = sim_plot_query(t->p, sim_trails_sql, t->p->arms[t->arm], NULL, NULL);
    if (st == NULL) {
        return SW_ERR_MALFORMED;
    }
    while (sqlite3_step(st) == SQLITE_ROW) {
        take_row(t, st);
    }
    (void)sqlite3_finalize(st);
    return 0;
}

/* Only changes were recorded: a value holds until the next. */
static int write_panel(struct trails *t, struct panel *panel, const char *image)
{
    char file[3 * SIM_PLOT_NAME + 8];
    (void)snprintf(file, sizeof file, "%s.tsv-%s.tsv", image, panel->node);
    FILE *f = sim_plot_open(t->p, file);
    if (f == NULL) {
        return SW_ERR_IO;
    }
    double now[MAX_PEERS];
    for (size_t k = 0; k < MAX_PEERS; k++) {
        now[k] = NAN;
    }
    for (size_t i = 0; i < t->rows; i++) {
        (void)fprintf(f, "%.9g", (double)i * t->p->interval);
        for (size_t k = 0; k < panel->n; k++) {
            const double v = panel->v[i * MAX_PEERS + k];
            now[k] = isnan(v) ? now[k] : v;
            (void)fprintf(f, isnan(now[k]) ? "\tNaN" : "\t%.4g", now[k]);
        }
        (void)fputc('\n', f);
    }
    return sim_plot_close(t->p, f, file);
}

static const struct known *find_node(const struct trails *t, const char *name)
{
    for (size_t i = 0; i < t->n_nodes; i++) {
        if (strcmp(t->nodes[i].name, name) == 0) {
            return &t->nodes[i];
        }
    }
    return &t->nodes[0];
}

static void write_special(const struct trails *t, FILE *f)
{
    (void)fputs("nodes = '", f);
    for (size_t i = 0; i < t->n_panels; i++) {
        (void)fprintf(f, "%s%s", i > 0 ? " " : "", t->panels[i].node);
    }
    (void)fputs("'\n# of each line: node, region (its colour), number in the region (its dashes)\n",
                f);
    (void)fprintf(f, "array looks[%zu]\n", t->n_panels);
    for (size_t i = 0; i < t->n_panels; i++) {
        (void)fprintf(f, "looks[%zu] = '", i + 1);
        for (size_t k = 0; k < t->panels[i].n; k++) {
            const struct known *node = find_node(t, t->panels[i].peers[k]);
            (void)fprintf(f, "%s%s %zu %zu", k > 0 ? " " : "", t->panels[i].peers[k], node->region,
                          node->number);
        }
        (void)fputs("'\n", f);
    }
}

static int draw(struct trails *t)
{
    char text[256];
    const char *arm = t->p->arms[t->arm];
    (void)snprintf(
        text, sizeof text,
        "%s%s%s: 1 as near as the nearest, 0.5 nothing known lately, 0 far or silent; one run",
        t->p->name, arm[0] != '\0' ? ", " : "", arm);
    const struct sim_plot_head head = { .kind = "trails",
                                        .arm = arm,
                                        .title = "How entry nodes rate the nodes they could ask",
                                        .subtitle = text,
                                        .labels = true };
    char image[2 * SIM_PLOT_NAME];
    sim_plot_image(&head, image);
    int err = 0;
    for (size_t i = 0; i < t->n_panels && err == 0; i++) {
        err = write_panel(t, &t->panels[i], image);
    }
    FILE *f = err == 0 ? sim_plot_begin(t->p, &head) : NULL;
    if (f == NULL) {
        return err != 0 ? err : SW_ERR_IO;
    }
    write_special(t, f);
    return sim_plot_finish(t->p, &head, f, sim_trails_gp);
}

int sim_plot_trails(struct sim_plots *p, size_t arm)
{
    struct trails *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return sw_diag_set(p->d, SW_ERR_NOMEM, "out of memory for a plot");
    }
    t->p = p;
    t->arm = arm;
    t->rows = (size_t)(p->duration / p->interval) + 1;
    int err = read_nodes(t);
    if (err == 0) {
        err = read_panels(t);
    }
    if (err == 0) {
        err = read_trails(t);
    }
    if (err == 0 && t->n_panels > 0 && t->n_nodes > 0) {
        err = draw(t);
    }
    for (size_t i = 0; i < MAX_PANELS; i++) {
        free(t->panels[i].v);
    }
    free(t->nodes);
    free(t);
    return err;
}
