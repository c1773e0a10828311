/* SPDX-License-Identifier: GPL-3.0-or-later
 * How far a study is. */
#define _POSIX_C_SOURCE 200809L
#include "sim/verbs/study.h"

#include <math.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PLAIN_EVERY 10.0 /* s, where a line can't be rewritten */
#define SILENT_FOR 1.0   /* s: short work says nothing */

static double now_seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void sim_progress_begin(struct sim_progress_line *p)
{
    *p = (struct sim_progress_line){ .terminal = isatty(STDERR_FILENO) == 1,
                                     .began = now_seconds() };
    p->told = p->began;
}

static void show_left(char *out, size_t cap, double seconds)
{
    if (!isfinite(seconds) || seconds > 1e6) {
        (void)snprintf(out, cap, "-");
    } else if (seconds >= 60) {
        (void)snprintf(out, cap, "%.0f min", ceil(seconds / 60));
    } else {
        (void)snprintf(out, cap, "%.0f s", ceil(seconds));
    }
}

void sim_progress_tell(struct sim_progress_line *p, const struct sim_crew_progress *now)
{
    const double t = now_seconds();
    const double spent = t - p->began;
    const bool due = p->terminal ? spent > SILENT_FOR : t - p->told >= PLAIN_EVERY;
    if (!due) {
        return;
    }
    p->told = t;
    char left[32];
    show_left(left, sizeof left, spent * (now->to_simulate / now->simulated - 1));
    (void)fprintf(stderr, "%s%zu/%zu runs, %3.0f %%, %.0f x real time, %.2f M events/s, %s left%s",
                  p->terminal ? "\r\033[K" : "", now->done, now->tasks,
                  100 * now->simulated / now->to_simulate, now->simulated / spent,
                  (double)now->events / spent * 1e-6, left, p->terminal ? "" : "\n");
    (void)fflush(stderr);
}

double sim_progress_end(struct sim_progress_line *p)
{
    if (p->terminal && p->told > p->began) {
        (void)fputs("\r\033[K", stderr);
    }
    return now_seconds() - p->began;
}
