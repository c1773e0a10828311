/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a scenario may say, and hardly means. */
#define _POSIX_C_SOURCE 200809L
#include "sim/verbs/study.h"
#include "sim/world/pool.h"

#include <stdlib.h>
#include <string.h>

/* Where measuring ends; whole intervals count. */
static double measured_until(const struct sim_scenario *s)
{
    const sw_time whole = sim_scenario_decided(s) / s->interval * s->interval;
    return (double)whole * 1e-9;
}

static void warn_of_faults(const struct sim_scenario *s, FILE *to)
{
    const double end = measured_until(s);
    for (size_t i = 0; i < s->n_faults && s->n_clients > 0; i++) {
        const double at = (double)s->faults[i].at * 1e-9;
        if (!s->faults[i].drawn && at >= end) {
            (void)fprintf(to,
                          "swarmsim: warning: %s at %.6g s: queries are measured until %.6g s only "
                          "(stubs may wait %.6g s), so none counts during it\n",
                          s->faults[i].kind, at, end, (double)sim_scenario_patience(s) * 1e-9);
        }
    }
}

static void warn_of_copies(const struct sim_scenario *s, FILE *to)
{
    const size_t others = s->n_nodes - 1;
    for (size_t i = 0; i < s->n_nodes; i++) {
        const struct sw_config *c = &s->nodes[i].config;
        if (c->n_sets > 0 && c->copies > others) {
            (void)fprintf(to,
                          "swarmsim: warning: %s: backup.copies is %u, but there %s %zu other "
                          "node%s: no snapshot will be safe\n",
                          c->name.s, c->copies, others == 1 ? "is" : "are", others,
                          others == 1 ? "" : "s");
        }
    }
}

/* Is one of two paths on a node's disk the other, or inside it? */
static bool overlap(const char *a, const char *b)
{
    a += strspn(a, "/");
    b += strspn(b, "/");
    const size_t la = strlen(a) - (a[0] != '\0' && a[strlen(a) - 1] == '/');
    const size_t lb = strlen(b) - (b[0] != '\0' && b[strlen(b) - 1] == '/');
    const size_t n = la < lb ? la : lb;
    const char *longer = la < lb ? b : a;
    return strncmp(a, b, n) == 0 && (la == lb || n == 0 || longer[n] == '/');
}

/* Does anything ever lie on node @i's disk at @path? */
static bool anything_at(const struct sim_scenario *s, size_t i, const char *path)
{
    const struct sim_node *n = &s->nodes[i];
    bool there = false;
    for (size_t k = 0; k < n->n_files; k++) {
        there = there || overlap(n->files[k].path, path);
    }
    for (size_t k = 0; k < n->config.n_zones; k++) {
        there = there || overlap(n->config.zones[k].file, path);
    }
    for (size_t k = 0; k < s->n_operations; k++) {
        const struct sim_operation *o = &s->operations[k];
        there = there || (o->target != NULL && strcmp(o->node.s, n->config.name.s) == 0 &&
                          overlap(o->target, path));
    }
    return there;
}

static void warn_of_sets(const struct sim_scenario *s, FILE *to)
{
    for (size_t i = 0; i < s->n_nodes; i++) {
        const struct sw_config *c = &s->nodes[i].config;
        for (size_t k = 0; k < c->n_sets; k++) {
            if (!anything_at(s, i, c->sets[k].path)) {
                (void)fprintf(to,
                              "swarmsim: warning: %s: nothing lies at %s, which the set %s "
                              "protects (files): there is nothing to restore\n",
                              c->name.s, c->sets[k].path, c->sets[k].name.s);
            }
        }
    }
}

void sim_study_warn(const struct sim_study *st, FILE *to)
{
    char *last = NULL;
    for (size_t i = 0; i < st->n_arms; i++) {
        char *text = NULL;
        size_t len = 0;
        FILE *f = open_memstream(&text, &len);
        if (f == NULL) {
            sim_out_of_memory("a warning");
        }
        warn_of_faults(st->arms[i].s, f);
        warn_of_copies(st->arms[i].s, f);
        warn_of_sets(st->arms[i].s, f);
        if (fclose(f) != 0) {
            sim_out_of_memory("a warning");
        }
        if (last == NULL || strcmp(last, text) != 0) { /* configurations mostly share them */
            (void)fputs(text, to);
        }
        free(last);
        last = text;
    }
    free(last);
}

/* Whose clients wait so long, when others do not: of the first such group, the region and why. */
static void print_patient(const struct sim_scenario *s, FILE *to)
{
    const sw_dur most = sim_scenario_patience(s);
    const struct sim_clients *who = NULL;
    bool others = false;
    for (size_t i = 0; i < s->n_clients; i++) {
        const bool so_long = sim_clients_patience(&s->clients[i]) == most;
        who = who == NULL && so_long ? &s->clients[i] : who;
        others = others || !so_long;
    }
    if (who != NULL && others) {
        (void)fprintf(to, " (those of %s: %u times %.6g s)", who->region.s,
                      (unsigned)(most / who->timeout), (double)who->timeout * 1e-9);
    }
    (void)fputc('\n', to);
}

void sim_study_print_measured(const struct sim_study *st, FILE *to)
{
    const struct sim_scenario *s = st->arms[0].s;
    const double wait = (double)sim_scenario_patience(s) * 1e-9;
    const double end = measured_until(s);
    if (s->n_clients == 0 || wait * 20 <= (double)s->duration * 1e-9) {
        return; /* a twentieth of the run is no surprise */
    }
    if (end * 1e9 <= (double)s->warmup) {
        (void)fprintf(to, "measured  no query: stubs may wait %.6g s of %.6g s\n", wait,
                      (double)s->duration * 1e-9);
        return;
    }
    (void)fprintf(to, "measured  %.6g s to %.6g s of %.6g s: stubs may wait %.6g s",
                  (double)s->warmup * 1e-9, end, (double)s->duration * 1e-9, wait);
    print_patient(s, to);
}
