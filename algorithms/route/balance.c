/* SPDX-License-Identifier: GPL-3.0-or-later
 * Shares of demand among regions: what they cost, and the search for cheap ones. */
#include "algorithms/route/balance.h"

#include "node/base/fmath.h"

#include <math.h>
#include <string.h>

#define M SW_REGIONS_MOST
#define RHO_LINEAR 0.97
#define LOGIT_MOST 8.0
#define THETA 0.9 /* of the beginning */

enum { PARTICLES = 24, ROUNDS = 60, STEPS = 9 };

/* ---- what shares cost ---- */

/* D of one region, prepared. */
struct delay {
    double per_capacity;     /* 1/mu */
    double service, per_c;   /* s; 1/c */
    double power;            /* sqrt(2 (c + 1)) - 1 */
    double at_linear, slope; /* of D, at RHO_LINEAR and beyond */
};

/* The regions with demand (rows) and those with capacity (columns). */
struct problem {
    const struct sw_regions *g;
    uint32_t n_rows, n_cols;
    uint32_t row[M], col[M];
    struct delay delay[M]; /* of columns */
    double demand;         /* of all rows */
};

static struct delay prepare(const struct sw_region *k)
{
    struct delay d = { .per_capacity = 1 / k->capacity,
                       .service = k->cores / k->capacity * (double)SW_SEC,
                       .per_c = 1 / k->cores,
                       .power = sqrt(2 * (k->cores + 1)) - 1 };
    const double rho = RHO_LINEAR;
    const double left = 1 - rho;
    const double waits = sw_pow(rho, d.power);
    d.at_linear = d.service * (1 + waits * d.per_c / left);
    d.slope = d.service * d.per_c * (d.power * waits / rho * left + waits) / (left * left);
    return d;
}

static double delay_at(const struct delay *d, double rho)
{
    if (rho > RHO_LINEAR) {
        return d->at_linear + d->slope * (rho - RHO_LINEAR);
    }
    return d->service * (1 + sw_pow(rho, d->power) * d->per_c / (1 - rho));
}

static struct problem pose(const struct sw_regions *g)
{
    struct problem p = { .g = g };
    for (uint32_t i = 0; i < g->n; i++) {
        if (g->v[i].demand > 0) {
            p.row[p.n_rows++] = i;
            p.demand += g->v[i].demand;
        }
        if (g->v[i].capacity > 0 && g->v[i].cores > 0) {
            p.delay[p.n_cols] = prepare(&g->v[i]);
            p.col[p.n_cols++] = i;
        }
    }
    return p;
}

static double cost(const struct problem *p, const struct sw_balance *b)
{
    double load[M] = { 0 };
    double travel = 0;
    for (uint32_t i = 0; i < p->n_rows; i++) {
        const struct sw_region *r = &p->g->v[p->row[i]];
        for (uint32_t j = 0; j < p->n_cols; j++) {
            const double x = r->demand * b->w[p->row[i]][p->col[j]];
            load[j] += x;
            travel += x * r->rtt[p->col[j]];
        }
    }
    double stay = 0;
    for (uint32_t j = 0; j < p->n_cols; j++) {
        stay += load[j] * delay_at(&p->delay[j], load[j] * p->delay[j].per_capacity);
    }
    return p->demand > 0 ? (travel + stay) / p->demand : 0;
}

double sw_balance_cost(const struct sw_regions *g, const struct sw_balance *b)
{
    const struct problem p = pose(g);
    return cost(&p, b);
}

/* ---- nearest first ---- */

struct filling {
    double demand[M], room[M];
    uint32_t order[M][M]; /* of a row's columns, nearest first */
    uint32_t next[M];
};

static void sort_by_rtt(const struct sw_regions *g, uint32_t r, uint32_t *order)
{
    const double *rtt = g->v[r].rtt;
    for (uint32_t k = 0; k < g->n; k++) {
        uint32_t at = k;
        for (; at > 0 && rtt[order[at - 1]] > rtt[k]; at--) {
            order[at] = order[at - 1];
        }
        order[at] = k;
    }
}

/* The row whose next column is the nearest of all; g->n when every row is through. */
static uint32_t nearest_pair(const struct sw_regions *g, const struct filling *f)
{
    uint32_t best = g->n;
    for (uint32_t r = 0; r < g->n; r++) {
        if (f->next[r] < g->n &&
            (best == g->n || g->v[r].rtt[f->order[r][f->next[r]]] <
                                 g->v[best].rtt[f->order[best][f->next[best]]])) {
            best = r;
        }
    }
    return best;
}

/* A region without demand asks for so little that others do not notice. */
static double asked(const struct sw_regions *g, uint32_t r)
{
    return g->v[r].demand > 0 ? g->v[r].demand : 1e-9;
}

static void spread_rest(const struct sw_regions *g, const struct filling *f, struct sw_balance *out)
{
    double capacity = 0;
    for (uint32_t k = 0; k < g->n; k++) {
        capacity += g->v[k].capacity;
    }
    for (uint32_t r = 0; r < g->n; r++) {
        for (uint32_t k = 0; k < g->n; k++) {
            const double part = capacity > 0 ? g->v[k].capacity / capacity : k == r;
            out->w[r][k] = (out->w[r][k] + f->demand[r] * part) / asked(g, r);
        }
    }
}

void sw_balance_fill(const struct sw_regions *g, double theta, struct sw_balance *out)
{
    struct filling f = { .next = { 0 } };
    *out = (struct sw_balance){ .w = { { 0 } } };
    for (uint32_t r = 0; r < g->n; r++) {
        f.demand[r] = asked(g, r);
        f.room[r] = theta * g->v[r].capacity;
        sort_by_rtt(g, r, f.order[r]);
    }
    uint32_t r;
    while ((r = nearest_pair(g, &f)) < g->n) {
        const uint32_t k = f.order[r][f.next[r]++];
        const double x = f.demand[r] < f.room[k] ? f.demand[r] : f.room[k];
        out->w[r][k] = x;
        f.demand[r] -= x;
        f.room[k] -= x;
    }
    spread_rest(g, &f, out);
}

/* ---- the swarm ---- */

struct particle {
    double x[M * M], v[M * M], p[M * M];
    double best; /* J at p */
};

/* The rows' softmax: w = e^x / sum e^x. */
static void decode(const struct problem *p, const double *x, struct sw_balance *out)
{
    for (uint32_t i = 0; i < p->n_rows; i++, x += p->n_cols) {
        double *w = out->w[p->row[i]];
        double most = x[0];
        double sum = 0;
        for (uint32_t j = 1; j < p->n_cols; j++) {
            most = x[j] > most ? x[j] : most;
        }
        for (uint32_t j = 0; j < p->n_cols; j++) {
            w[p->col[j]] = sw_exp(x[j] - most);
            sum += w[p->col[j]];
        }
        for (uint32_t j = 0; j < p->n_cols; j++) {
            w[p->col[j]] /= sum;
        }
    }
}

static double clamp(double x)
{
    return x > LOGIT_MOST ? LOGIT_MOST : x < -LOGIT_MOST ? -LOGIT_MOST : x;
}

static void encode(const struct problem *p, const struct sw_balance *b, double *x)
{
    for (uint32_t i = 0; i < p->n_rows; i++) {
        for (uint32_t j = 0; j < p->n_cols; j++) {
            *x++ = clamp(LOGIT_MOST + sw_log(b->w[p->row[i]][p->col[j]] + 1e-12));
        }
    }
}

static double unit(struct sw_rng *rng)
{
    return sw_unit(sw_rng_next(rng));
}

/* Even ones begin near @warm, the first of them there; odd ones anywhere. */
static void begin(struct particle *q, uint32_t number, const double *warm, uint32_t dim,
                  struct sw_rng *rng)
{
    for (uint32_t d = 0; d < dim; d++) {
        const double off = 2 * unit(rng) - 1;
        const double x = number % 2 == 0 ? warm[d] + 4 * off : LOGIT_MOST * off;
        q->x[d] = number == 0 ? warm[d] : clamp(x);
        q->v[d] = 0;
        q->p[d] = q->x[d];
    }
    q->best = (double)INFINITY;
}

static void look(const struct problem *p, struct particle *q, struct sw_balance *room)
{
    decode(p, q->x, room);
    const double now = cost(p, room);
    if (now < q->best) {
        q->best = now;
        memcpy(q->p, q->x, sizeof(double) * p->n_rows * p->n_cols);
    }
}

/* The best of a particle and its two neighbours, as of now. */
static const struct particle *leader(const struct particle *all, uint32_t i)
{
    const struct particle *left = &all[(i + PARTICLES - 1) % PARTICLES];
    const struct particle *right = &all[(i + 1) % PARTICLES];
    const struct particle *best = &all[i];
    best = left->best < best->best ? left : best;
    return right->best < best->best ? right : best;
}

static void move(struct particle *q, const double *l, uint32_t dim, struct sw_rng *rng)
{
    for (uint32_t d = 0; d < dim; d++) {
        q->v[d] = 0.7298 * q->v[d] + 1.49618 * unit(rng) * (q->p[d] - q->x[d]) +
                  1.49618 * unit(rng) * (l[d] - q->x[d]);
        const double x = q->x[d] + q->v[d];
        q->x[d] = clamp(x);
        if (q->x[d] != x) {
            q->v[d] = 0; /* a wall */
        }
    }
}

double sw_balance_swarm(const struct sw_regions *g, struct sw_balance *out)
{
    const struct problem p = pose(g);
    const uint32_t dim = p.n_rows * p.n_cols;
    sw_balance_fill(g, THETA, out);
    if (dim == 0) {
        return 0;
    }
    struct particle all[PARTICLES] = { { .best = 0 } };
    double warm[M * M] = { 0 };
    struct sw_balance room = *out;
    struct sw_rng rng;
    sw_rng_init(&rng, sw_rng_key(g->epoch, "balance", ""));
    encode(&p, out, warm);
    for (uint32_t i = 0; i < PARTICLES; i++) {
        begin(&all[i], i, warm, dim, &rng);
        look(&p, &all[i], &room);
    }
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t i = 0; i < PARTICLES; i++) {
            move(&all[i], leader(all, i)->p, dim, &rng);
            look(&p, &all[i], &room);
        }
    }
    uint32_t best = 0;
    for (uint32_t i = 1; i < PARTICLES; i++) {
        best = all[i].best < all[best].best ? i : best;
    }
    decode(&p, all[best].p, out);
    return all[best].best;
}

/* ---- the control ---- */

/* One pass over every row and pair of columns: true when J fell. */
static bool descend(const struct problem *p, double step, struct sw_balance *b, double *least)
{
    bool fell = false;
    for (uint32_t i = 0; i < p->n_rows; i++) {
        double *w = b->w[p->row[i]];
        for (uint32_t pair = 0; pair < p->n_cols * p->n_cols; pair++) {
            double *from = &w[p->col[pair / p->n_cols]];
            double *to = &w[p->col[pair % p->n_cols]];
            const double before[2] = { *from, *to };
            const double moved = step < *from ? step : *from;
            if (from == to || moved == 0) {
                continue;
            }
            *from -= moved;
            *to += moved;
            const double now = cost(p, b);
            if (now < *least) {
                *least = now;
                fell = true;
            } else {
                *from = before[0];
                *to = before[1];
            }
        }
    }
    return fell;
}

double sw_balance_descent(const struct sw_regions *g, struct sw_balance *out)
{
    const struct problem p = pose(g);
    sw_balance_fill(g, THETA, out);
    double least = cost(&p, out);
    double step = 0.5;
    for (uint32_t i = 0; i < STEPS; i++) {
        step /= 2;
        while (descend(&p, step, out, &least)) {
        }
    }
    return least;
}
