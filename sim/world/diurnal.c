/* SPDX-License-Identifier: GPL-3.0-or-later
 * Load curves: straight lines between factors of the mean rate. */
#include "sim/world/diurnal.h"

#include "sim/world/pool.h"

#include <math.h>
#include <stdlib.h>

#define STEPS 288U

struct sim_day {
    double *factor; /* at the beginning of each step */
    size_t n;
    double step;  /* ns */
    double whole; /* ns at the mean rate that bring as many queries as one period does */
    sw_dur period;
};

/* 1 + amplitude x cos(2 pi (t - peak_at) / period) by turning a unit vector by the same angle
 * again and again: no libm in what reaches a trace. */
static void cosine(struct sim_day *day, const struct sim_diurnal *u)
{
    static const double c = 0.99976202707990909; /* cos and sin of 2 pi / 288 */
    static const double s = 0.02181488503456112;
    const size_t peak = (size_t)((double)(u->peak_at % u->period) / day->step + 0.5);
    double x = 1;
    double y = 0;
    for (size_t i = 0; i < STEPS; i++) {
        day->factor[(i + peak) % STEPS] = 1 + u->amplitude * x;
        const double turned = c * x - s * y;
        y = s * x + c * y;
        x = turned;
    }
}

struct sim_day *sim_day_new(const struct sim_diurnal *u)
{
    if (u->n_curve == 0 && u->amplitude <= 0) {
        return NULL;
    }
    struct sim_day *day = sim_calloc(1, sizeof *day);
    day->n = u->n_curve > 0 ? u->n_curve : STEPS;
    day->period = u->period;
    day->step = (double)u->period / (double)day->n;
    day->factor = sim_calloc(day->n, sizeof *day->factor);
    for (size_t i = 0; i < u->n_curve; i++) {
        day->factor[i] = u->curve[i];
    }
    if (u->n_curve == 0) {
        cosine(day, u);
    }
    for (size_t i = 0; i < day->n; i++) {
        day->factor[i] = day->factor[i] > 0 ? day->factor[i] : 0; /* 1 - 1 may be -1e-17 */
        day->whole += day->factor[i] * day->step;
    }
    return day;
}

void sim_day_free(struct sim_day *day)
{
    if (day != NULL) {
        free(day->factor);
        free(day);
    }
}

sw_time sim_day_after(const struct sim_day *day, sw_time now, sw_dur gap)
{
    const double periods = floor((double)gap / day->whole);
    if (periods * (double)day->period > (double)SIM_LONG) {
        return now + SIM_LONG;
    }
    const sw_time from = now + (sw_time)periods * day->period;
    double left = (double)gap - periods * day->whole;
    const double phase = (double)(now % day->period);
    size_t i = (size_t)(phase / day->step);
    double x = phase - (double)i * day->step; /* into step i */
    double passed = 0;
    for (size_t k = 0; k <= 2 * day->n && left > 0; k++) {
        const double end = day->factor[(i + 1) % day->n];
        const double slope = (end - day->factor[i % day->n]) / day->step;
        const double here = day->factor[i % day->n] + slope * x;
        const double rest = day->step - x;
        const double brings = (here + end) / 2 * rest;
        if (left <= brings) {
            /* here y + slope y^2 / 2 = left, in the form that does not cancel; rounding may take
             * what ends at 0 below it */
            const double square = here * here + 2 * slope * left;
            passed += 2 * left / (here + (square > 0 ? sqrt(square) : 0));
            break;
        }
        left -= brings;
        passed += rest;
        i++;
        x = 0;
    }
    return from + (sw_dur)(passed + 0.5);
}
