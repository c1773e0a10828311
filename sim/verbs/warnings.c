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
    (void)fprintf(to, "measured  %.6g s to %.6g s of %.6g s: stubs may wait %.6g s\n",
                  (double)s->warmup * 1e-9, end, (double)s->duration * 1e-9, wait);
}
