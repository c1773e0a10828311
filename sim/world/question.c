/* SPDX-License-Identifier: GPL-3.0-or-later
 * Questions: Walker's alias method for Zipf's law, and DNS queries on the wire. */
#include "sim/world/question.h"

#include "node/base/fmath.h"
#include "sim/scenario/replay.h"
#include "sim/world/diurnal.h"
#include "sim/world/pool.h"

#include <stdlib.h>
#include <string.h>

#define LABEL 13U /* letters of a made-up label: 64 bits in base 32 */

struct name {
    const uint8_t *wire;
    uint32_t len;
};

struct column {
    uint32_t threshold; /* below it the column itself, else its alias; of 2^32 */
    uint32_t alias;
};

struct type {
    uint32_t until; /* of 2^16: a draw below it, and not below the one before, means @type */
    uint16_t type;
};

/* APNIC 2022: A 86 %, AAAA 10 %; the rest is split between MX and TXT. */
static const struct type usual_types[] = {
    { 56361, 1 }, { 62915, 28 }, { 64226, 15 }, { 65536, 16 }
};

struct sim_questions {
    struct name *names; /* by popularity, the first most; of a replay: as they appear */
    struct column *columns;
    uint32_t n;
    uint64_t nonexistent; /* share, of 2^32 */
    struct name apex;     /* len 0: no names can be made up */
    const struct type *types;
    struct type *own_types;
};

static size_t wire_len(const uint8_t *name)
{
    size_t n = 0;
    while (name[n] != 0) {
        n += 1U + name[n];
    }
    return n + 1;
}

/* Vose 1991: split the weights into n columns of equal height, each of one or two owners. */
static void build_alias(struct sim_questions *q, double exponent)
{
    const uint32_t n = q->n;
    double *height = sim_alloc(n * sizeof *height);
    uint32_t *small = sim_alloc(n * sizeof *small);
    uint32_t *large = sim_alloc(n * sizeof *large);
    uint32_t n_small = 0;
    uint32_t n_large = 0;
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        height[i] = sw_pow((double)i + 1, -exponent);
        sum += height[i];
    }
    for (uint32_t i = 0; i < n; i++) {
        height[i] *= n / sum;
        q->columns[i] = (struct column){ UINT32_MAX, i };
        if (height[i] < 1) {
            small[n_small++] = i;
        } else {
            large[n_large++] = i;
        }
    }
    while (n_small > 0 && n_large > 0) {
        const uint32_t s = small[--n_small];
        const uint32_t l = large[n_large - 1];
        q->columns[s] = (struct column){ (uint32_t)(height[s] * 4294967295.0), l };
        height[l] -= 1 - height[s];
        if (height[l] < 1) {
            n_large--;
            small[n_small++] = l;
        }
    }
    free(height);
    free(small);
    free(large);
}

static void take_types(struct sim_questions *q, const struct sim_clients *spec)
{
    q->types = usual_types;
    if (spec->n_types == 0) {
        return;
    }
    q->own_types = sim_calloc(spec->n_types, sizeof *q->own_types);
    double sum = 0;
    for (size_t i = 0; i < spec->n_types; i++) {
        sum += spec->types[i].share;
        q->own_types[i] = (struct type){ (uint32_t)(sum * 65536 + 0.5), spec->types[i].type };
    }
    q->own_types[spec->n_types - 1].until = 65536;
    q->types = q->own_types;
}

/* The zone's names, the most popular first. */
static void deal_names(struct sim_questions *q, const struct sim_clients *spec,
                       const struct sim_truth *truth, uint64_t seed)
{
    for (uint32_t i = 0; i < q->n; i++) {
        const uint8_t *wire = sim_truth_name(truth, i);
        q->names[i] = (struct name){ wire, (uint32_t)wire_len(wire) };
    }
    struct sw_rng rng;
    sw_rng_init(&rng, sw_rng_key(seed, "popularity", spec->zone));
    for (uint32_t i = q->n; i > 1; i--) {
        const uint32_t j = (uint32_t)sw_rng_below(&rng, i);
        const struct name swap = q->names[i - 1];
        q->names[i - 1] = q->names[j];
        q->names[j] = swap;
    }
    build_alias(q, spec->zipf);
}

/* The replay's.  Which of them is drawn does not matter. */
static void take_names(struct sim_questions *q, const struct sim_replay *r)
{
    for (uint32_t i = 0; i < q->n; i++) {
        q->names[i] = (struct name){ r->names[i].wire, (uint32_t)wire_len(r->names[i].wire) };
        q->columns[i] = (struct column){ UINT32_MAX, i };
    }
}

int sim_questions_new(const struct sim_clients *spec, const struct sim_truth *truth, uint64_t seed,
                      struct sim_questions **out, struct sw_diag *d)
{
    const size_t n = spec->replay != NULL ? spec->replay->n_names : sim_truth_names(truth);
    const uint8_t *apex = truth != NULL ? sim_truth_apex(truth) : NULL;
    if (n == 0 || n > UINT32_MAX || (apex != NULL && wire_len(apex) + LABEL + 1 > 255)) {
        return sw_diag_set(d, SW_ERR_RANGE, "zone %s: no names to ask for, or too long a name",
                           spec->zone != NULL ? spec->zone : "of a replay");
    }
    struct sim_questions *q = sim_calloc(1, sizeof *q);
    q->n = (uint32_t)n;
    if (apex != NULL) {
        q->apex = (struct name){ apex, (uint32_t)wire_len(apex) };
    }
    q->names = sim_alloc(n * sizeof *q->names);
    q->columns = sim_alloc(n * sizeof *q->columns);
    take_types(q, spec);
    sim_questions_nonexistent(q, spec->nonexistent);
    if (spec->replay != NULL) {
        take_names(q, spec->replay);
    } else {
        deal_names(q, spec, truth, seed);
    }
    *out = q;
    return 0;
}

void sim_questions_nonexistent(struct sim_questions *q, double share)
{
    q->nonexistent = q->apex.len > 0 ? (uint64_t)(share * 4294967296.0) : 0;
}

void sim_questions_free(struct sim_questions *q)
{
    if (q == NULL) {
        return;
    }
    free(q->names);
    free(q->columns);
    free(q->own_types);
    free(q);
}

static uint16_t type_of(const struct sim_questions *q, uint32_t share)
{
    const struct type *t = q->types;
    while (share >= t->until) {
        t++;
    }
    return t->type;
}

#define EDNS_SHARE 45220U /* 69 % of 65,536: statistics of a BIND operator */

void sim_demand_draw(const struct sim_questions *q, struct sw_rng_key key, uint64_t number,
                     double mean_gap, uint64_t clients, struct sim_demand *out)
{
    uint32_t a[4];
    uint32_t b[4];
    uint32_t ctr[4] = { (uint32_t)number, (uint32_t)(number >> 32), 0, 0 };
    sw_philox(key, ctr, a);
    ctr[2] = 1;
    sw_philox(key, ctr, b);
    out->gap = sim_rounded(sw_exponential((uint64_t)a[0] << 32 | a[1], mean_gap));
    out->client = (uint32_t)((uint64_t)a[2] * clients >> 32);
    out->question.type = type_of(q, a[3] & 0xFFFF);
    out->question.edns = (a[3] >> 16) < EDNS_SHARE;
    const uint32_t column = (uint32_t)((uint64_t)b[0] * q->n >> 32);
    out->question.name = b[1] <= q->columns[column].threshold ? column : q->columns[column].alias;
    out->question.id = (uint16_t)b[3];
    out->start = (uint16_t)(b[3] >> 16);
    out->question.made_up = 0;
    if (b[2] < q->nonexistent) {
        ctr[2] = 2;
        sw_philox(key, ctr, a);
        out->question.made_up = ((uint64_t)a[0] << 32 | a[1]) | 1;
    }
}

const uint8_t *sim_question_name(const struct sim_questions *q, const struct sim_question *a,
                                 uint8_t scratch[256], size_t *len)
{
    static const char letters[33] = "abcdefghijklmnopqrstuvwxyz234567";
    if (a->made_up == 0) {
        *len = q->names[a->name].len;
        return q->names[a->name].wire;
    }
    scratch[0] = LABEL;
    uint64_t bits = a->made_up;
    for (unsigned i = 1; i <= LABEL; i++) {
        scratch[i] = (uint8_t)letters[bits & 31];
        bits >>= 5;
    }
    memcpy(scratch + 1 + LABEL, q->apex.wire, q->apex.len);
    *len = 1 + LABEL + q->apex.len;
    return scratch;
}

size_t sim_question_write(const struct sim_questions *q, const struct sim_question *a,
                          uint8_t out[SIM_QUERY_MAX])
{
    static const uint8_t header[10] = { 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0 }; /* RD, one question */
    static const uint8_t opt[11] = { 0, 0, 41, 1232 >> 8, 1232 & 255, 0, 0, 0, 0, 0, 0 };
    uint8_t scratch[256];
    size_t len;
    const uint8_t *name = sim_question_name(q, a, scratch, &len);
    out[0] = (uint8_t)(a->id >> 8);
    out[1] = (uint8_t)a->id;
    memcpy(out + 2, header, sizeof header);
    memcpy(out + 12, name, len);
    size_t n = 12 + len;
    out[n++] = (uint8_t)(a->type >> 8);
    out[n++] = (uint8_t)a->type;
    out[n++] = 0;
    out[n++] = 1;
    if (a->edns) {
        out[11] = 1;
        memcpy(out + n, opt, sizeof opt);
        n += sizeof opt;
    }
    return n;
}
