/* SPDX-License-Identifier: GPL-3.0-or-later
 * Log-linear buckets: 128 for every doubling, in units of 1.024 us. */
#include "sim/analyse/hist.h"
#include "node/base/err.h"

#include <math.h>
#include <stdlib.h>

#define SUB_BITS 7U
#define SUB (1U << SUB_BITS)
#define UNIT_BITS 10U

static uint32_t bucket_of(sw_dur value)
{
    const uint64_t v = value >> UNIT_BITS;
    if (v < SUB) {
        return (uint32_t)v;
    }
    const uint32_t top = 63U - (uint32_t)__builtin_clzll(v); /* >= SUB_BITS */
    const uint32_t shift = top - SUB_BITS;
    const uint32_t i = (shift + 1) * SUB + (uint32_t)((v >> shift) - SUB);
    return i < SIM_HIST_BUCKETS ? i : SIM_HIST_BUCKETS - 1;
}

sw_dur sim_hist_low(uint32_t i)
{
    if (i < SUB) {
        return (uint64_t)i << UNIT_BITS;
    }
    const uint32_t shift = i / SUB - 1;
    return ((uint64_t)(SUB + i % SUB) << shift) << UNIT_BITS;
}

sw_dur sim_hist_high(uint32_t i)
{
    return sim_hist_low(i + 1);
}

static int need_buckets(struct sim_hist *h)
{
    if (h->buckets == NULL) {
        h->buckets = calloc(SIM_HIST_BUCKETS, sizeof *h->buckets);
    }
    return h->buckets != NULL ? 0 : SW_ERR_NOMEM;
}

int sim_hist_add(struct sim_hist *h, sw_dur value)
{
    if (need_buckets(h) != 0) {
        return SW_ERR_NOMEM;
    }
    h->buckets[bucket_of(value)]++;
    h->low = h->count == 0 || value < h->low ? value : h->low;
    h->high = h->count == 0 || value > h->high ? value : h->high;
    h->count++;
    h->sum += (double)value;
    return 0;
}

int sim_hist_merge(struct sim_hist *into, const struct sim_hist *h)
{
    if (h->count == 0) {
        return 0;
    }
    if (need_buckets(into) != 0) {
        return SW_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < SIM_HIST_BUCKETS; i++) {
        into->buckets[i] += h->buckets[i];
    }
    into->low = into->count == 0 || h->low < into->low ? h->low : into->low;
    into->high = into->count == 0 || h->high > into->high ? h->high : into->high;
    into->count += h->count;
    into->sum += h->sum;
    return 0;
}

double sim_hist_quantile(const struct sim_hist *h, double q)
{
    if (h->count == 0) {
        return NAN;
    }
    const double wanted = ceil(q * (double)h->count);
    const uint64_t rank = wanted < 1 ? 1 : (uint64_t)wanted;
    uint64_t seen = 0;
    uint32_t i = 0;
    while (i < SIM_HIST_BUCKETS - 1 && seen + h->buckets[i] < rank) {
        seen += h->buckets[i++];
    }
    double v = ((double)sim_hist_low(i) + (double)sim_hist_high(i)) / 2;
    v = v < (double)h->low ? (double)h->low : v;
    return v > (double)h->high ? (double)h->high : v;
}

double sim_hist_mean(const struct sim_hist *h)
{
    return h->count > 0 ? h->sum / (double)h->count : NAN;
}

uint64_t sim_hist_above(const struct sim_hist *h, sw_dur value)
{
    uint64_t n = 0;
    for (uint32_t i = bucket_of(value) + 1; h->buckets != NULL && i < SIM_HIST_BUCKETS; i++) {
        n += h->buckets[i];
    }
    return n;
}

void sim_hist_fini(struct sim_hist *h)
{
    free(h->buckets);
    *h = (struct sim_hist){ 0 };
}
