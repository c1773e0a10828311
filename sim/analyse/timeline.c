/* SPDX-License-Identifier: GPL-3.0-or-later
 * Slots, stretches, and when service is good again. */
#include "sim/analyse/timeline.h"
#include "node/base/err.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GOOD_FOR (10 * SW_SEC)
#define RECOVERS_WITHIN (30 * SW_SEC) /* of a fault's end: with less to look at, nobody knows */

int sim_timeline_init(struct sim_timeline *t, const struct sim_scenario *s)
{
    *t = (struct sim_timeline){ .interval = s->interval };
    t->n = (size_t)((s->duration + s->interval - 1) / s->interval);
    t->slots = calloc(t->n, sizeof *t->slots);
    if (t->slots == NULL) {
        return SW_ERR_NOMEM;
    }
    t->first = (size_t)((s->warmup + s->interval - 1) / s->interval);
    t->last = (size_t)(sim_scenario_decided(s) / s->interval);
    t->last = t->last < t->first ? t->first : t->last;
    return 0;
}

void sim_timeline_fini(struct sim_timeline *t)
{
    for (size_t i = 0; t->slots != NULL && i < t->n; i++) {
        sim_hist_fini(&t->slots[i].latency);
    }
    free(t->slots);
    *t = (struct sim_timeline){ 0 };
}

size_t sim_timeline_slot(const struct sim_timeline *t, sw_time at)
{
    const size_t i = (size_t)(at / t->interval);
    return i < t->n ? i : t->n - 1;
}

bool sim_timeline_good(const struct sim_timeline *t, size_t i, double p99_before)
{
    const struct sim_slot *slot = &t->slots[i];
    if (slot->asked == 0) {
        return true;
    }
    const bool available = (double)slot->answered >= 0.999 * (double)slot->asked;
    return available && !(sim_hist_quantile(&slot->latency, 0.99) > 1.5 * p99_before);
}

size_t sim_timeline_recovered(const struct sim_timeline *t, size_t from, double p99_before)
{
    const size_t wanted = (size_t)((GOOD_FOR + t->interval - 1) / t->interval);
    size_t run = 0;
    for (size_t i = from; i < t->last; i++) {
        run = sim_timeline_good(t, i, p99_before) ? run + 1 : 0;
        if (run == wanted) {
            return i + 1 - wanted;
        }
    }
    return SIZE_MAX;
}

double sim_timeline_before(const struct sim_timeline *t, size_t until)
{
    struct sim_hist all = { 0 };
    int err = 0;
    for (size_t i = t->first; i < until && i < t->n && err == 0; i++) {
        err = sim_hist_merge(&all, &t->slots[i].latency);
    }
    const double p99 = err == 0 ? sim_hist_quantile(&all, 0.99) : NAN;
    sim_hist_fini(&all);
    return p99;
}

static bool is_kind(const struct sim_fault *f, const char *kind)
{
    return kind == NULL || strcmp(f->kind, kind) == 0;
}

struct sim_stretch sim_timeline_stretch(const struct sim_timeline *t, const struct sim_scenario *s,
                                        const char *during)
{
    if (during == NULL) {
        return (struct sim_stretch){ t->first, t->last };
    }
    struct sim_stretch out = { SIZE_MAX, 0 };
    for (size_t i = 0; i < s->n_faults; i++) {
        const struct sim_fault *f = &s->faults[i];
        if (!is_kind(f, during)) {
            continue;
        }
        const size_t from = sim_timeline_slot(t, f->at);
        size_t until = t->last;
        if (f->length > 0 && f->at + f->length < s->duration) {
            const size_t end = sim_timeline_slot(t, f->at + f->length - 1) + 1;
            const size_t recovered = sim_timeline_recovered(t, end, sim_timeline_before(t, from));
            until = recovered < t->last ? recovered : t->last;
        }
        out.from = from < out.from ? from : out.from;
        out.until = until > out.until ? until : out.until;
    }
    return out.from < out.until ? out : (struct sim_stretch){ 0, 0 };
}

/* Whether service that is not good again by the end of measuring could have shown it: half a
 * minute after the fault ended, or began when it is for good. */
static bool had_time(const struct sim_timeline *t, const struct sim_fault *f)
{
    return f->at + f->length + RECOVERS_WITHIN <= (sw_time)t->last * t->interval;
}

double sim_timeline_recovery(const struct sim_timeline *t, const struct sim_scenario *s,
                             const char *during)
{
    double longest = NAN;
    for (size_t i = 0; i < s->n_faults; i++) {
        const struct sim_fault *f = &s->faults[i];
        if (!is_kind(f, during)) {
            continue;
        }
        const size_t from = sim_timeline_slot(t, f->at);
        const size_t good = sim_timeline_recovered(t, from, sim_timeline_before(t, from));
        double took = had_time(t, f) ? INFINITY : NAN;
        if (good != SIZE_MAX) {
            const double at = (double)good * (double)t->interval;
            took = at > (double)f->at ? (at - (double)f->at) * 1e-9 : 0;
        }
        longest = isnan(longest) || took > longest ? took : longest;
    }
    return longest;
}
