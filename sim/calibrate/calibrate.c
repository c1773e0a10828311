/* SPDX-License-Identifier: GPL-3.0-or-later
 * Repetitions, and what is made of them. */
#define _POSIX_C_SOURCE 200809L
#include "sim/calibrate/calibrate.h"

#include "sim/world/pool.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ALL (SIM_COSTS + SW_WORK_COUNT)

const char *const sim_cost_names[SIM_COSTS] = {
    [SIM_COST_QUERY] = "query",
    [SIM_COST_FORWARD] = "forward",
    [SIM_COST_PEER] = "peer",
    [SIM_COST_URGENT] = "urgent",
};

const char *const sim_work_names[SW_WORK_COUNT] = {
    [SW_WORK_HASH] = "hash",         [SW_WORK_CUT] = "cut",
    [SW_WORK_COMPRESS] = "compress", [SW_WORK_DECOMPRESS] = "decompress",
    [SW_WORK_SEAL] = "seal",         [SW_WORK_PARSE] = "parse",
};

double sim_cpu_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* What Linux calls the processor; "" where it does not say. */
static void name_machine(char *out, size_t cap)
{
    char line[256];
    FILE *f = fopen("/proc/cpuinfo", "r");
    out[0] = '\0';
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && colon != NULL) {
            line[strcspn(line, "\n")] = '\0';
            (void)snprintf(out, cap, "%s", colon + 2);
            break;
        }
    }
    if (f != NULL) {
        (void)fclose(f);
    }
}

static int by_value(const void *a, const void *b)
{
    double x;
    double y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

static void summarise(double *v, unsigned n, double *low, double *median, double *high)
{
    qsort(v, n, sizeof *v, by_value);
    *low = v[n / 4];
    *median = v[n / 2];
    *high = v[n - 1 - n / 4];
}

int sim_calibrate(unsigned repetitions, void (*progress)(unsigned done, unsigned all),
                  struct sim_calibration *out, struct sw_diag *d)
{
    int err = sodium_init() < 0 ? SW_ERR_STATE : 0;
    double *all[ALL];
    *out = (struct sim_calibration){ .repetitions = repetitions };
    name_machine(out->machine, sizeof out->machine);
    for (unsigned k = 0; k < ALL; k++) {
        all[k] = sim_calloc(repetitions, sizeof *all[k]);
    }
    for (unsigned i = 0; i < repetitions && err == 0; i++) {
        double cost[SIM_COSTS];
        double work[SW_WORK_COUNT];
        progress(i, repetitions);
        err = sim_measure_node(cost);
        err = err == 0 ? sim_measure_work(work) : err;
        for (unsigned k = 0; k < ALL && err == 0; k++) {
            all[k][i] = k < SIM_COSTS ? cost[k] : work[k - SIM_COSTS];
        }
    }
    for (unsigned k = 0; k < ALL; k++) {
        if (err == 0 && k < SIM_COSTS) {
            summarise(all[k], repetitions, &out->low[k], &out->cost[k], &out->high[k]);
        } else if (err == 0) {
            const unsigned w = k - SIM_COSTS;
            summarise(all[k], repetitions, &out->work_low[w], &out->work[w], &out->work_high[w]);
        }
        free(all[k]);
    }
    return err == 0 ? 0 : sw_diag_set(d, err, "calibrate: %s", sw_strerror(err));
}
