/* SPDX-License-Identifier: GPL-3.0-or-later
 * Fluid flows through time: slow start, shares, and when the next thing happens to each. */
#include "sim/world/bulk.h"

#include "node/base/fmath.h"
#include "sim/world/pool.h"

#include <math.h>
#include <stdlib.h>

#define RTO_MIN (200 * SW_MS)  /* as Linux has it; RFC 6298, 2.4 would wait a second */
#define PROBE_MIN (10 * SW_MS) /* RFC 8985, 7.2 */
#define NOT_LISTED SIZE_MAX

struct sim_bulk {
    struct sim_engine *engine;
    struct sim_network *net;
    struct sim_flow **v; /* that have something to send */
    size_t n, cap;
    struct sim_share **sharing; /* of those, the ones that may send now */
    struct sim_maxmin maxmin;
    bool settling; /* an event will share out anew */
};

struct sim_bulk *sim_bulk_new(struct sim_engine *e, struct sim_network *net)
{
    struct sim_bulk *b = calloc(1, sizeof *b);
    if (b != NULL) {
        b->engine = e;
        b->net = net;
    }
    return b;
}

void sim_bulk_free(struct sim_bulk *b)
{
    if (b == NULL) {
        return;
    }
    sim_maxmin_fini(&b->maxmin);
    free(b->v);
    free(b->sharing);
    free(b);
}

double sim_bulk_limit(double loss, sw_dur round_trip)
{
    if (loss <= 0) {
        return SIM_LARGEST_WINDOW;
    }
    const double rtt = (double)round_trip / 1e9;
    const double cubic = rtt > 0 ? 1.054 * sw_pow(rtt / loss, 0.75) : 0;
    const double reno = sqrt(1.5 / loss);
    const double window = cubic > reno ? cubic : reno;
    const sw_dur probe = 2 * round_trip > PROBE_MIN ? 2 * round_trip : PROBE_MIN;
    const double often = 3 * sqrt(3 * loss / 8);
    const double timeouts =
        (often < 1 ? often : 1) * loss * (1 + 32 * loss * loss) * (double)probe / 1e9;
    const double bytes =
        SIM_SEGMENT * (rtt > 0 ? window * rtt / (rtt + window * timeouts) : window);
    return bytes < SIM_LARGEST_WINDOW ? bytes : SIM_LARGEST_WINDOW;
}

/* ---- one flow ---- */

static sw_dur round_trip(const struct sim_flow *f)
{
    const struct sim_network *net = f->bulk->net;
    return sim_network_latency(net, f->from, f->to) + sim_network_latency(net, f->to, f->from);
}

static double limit_of(const struct sim_flow *f)
{
    return sim_bulk_limit(sim_network_mean_loss(f->bulk->net, f->from, f->to), round_trip(f));
}

static void start_slowly(struct sim_flow *f)
{
    const double limit = limit_of(f);
    f->fast = limit <= SIM_FIRST_WINDOW;
    f->waits = false;
    f->window = SIM_FIRST_WINDOW;
    f->unused = f->window;
    f->round_at = sim_now(f->bulk->engine);
}

/* A round trip is over: what was sent in it is acknowledged, and opens the window as much more. */
static void next_round(struct sim_flow *f)
{
    const double limit = limit_of(f);
    f->window += f->window - f->unused;
    f->fast = f->window >= limit;
    f->unused = f->window;
    f->waits = false;
    f->round_at = sim_now(f->bulk->engine);
}

/* @bytes have left. */
static void move(struct sim_flow *f, double bytes)
{
    f->todo = f->todo > bytes ? f->todo - bytes : 0;
    f->unused = f->unused > bytes ? f->unused - bytes : 0;
    f->since = sim_now(f->bulk->engine);
}

/* Account for what has left since the last look. */
static void advance(struct sim_flow *f)
{
    const sw_time now = sim_now(f->bulk->engine);
    if (f->share.rate < INFINITY && now > f->since) {
        move(f, f->share.rate * ((double)(now - f->since) / 1e9));
    }
    f->since = now;
}

static void fire(void *self, uint64_t arg);

/* How long @bytes need at @rate: rounded up, so that they have left when it is over. */
static sw_dur needs(double bytes, double rate)
{
    const double ns = bytes / rate * 1e9;
    return ns < 9e18 ? (sw_dur)ceil(ns) : (sw_dur)9e18;
}

/* See to it that the flow's next event comes; its rate is right, its bytes are as of now. */
static void plan(struct sim_flow *f)
{
    struct sim_engine *e = f->bulk->engine;
    const sw_time now = sim_now(e);
    const double rate = f->share.rate;
    sw_time at = SW_TIME_NEVER;
    sim_cancel(e, f->event);
    f->event = 0;
    if (!f->held && !f->waits && rate > 0) {
        const bool all = f->fast || f->todo <= f->unused;
        f->plan = all ? SIM_FLOW_LEFT : SIM_FLOW_EXHAUSTED;
        at = now + needs(all ? f->todo : f->unused, rate);
    }
    const sw_time round_ends = f->round_at + round_trip(f);
    if (!f->held && !f->fast && round_ends > now && round_ends < at) {
        f->plan = SIM_FLOW_ROUND;
        at = round_ends;
    }
    if (at != SW_TIME_NEVER) {
        f->event = sim_at(e, at, fire, f, 0);
    }
}

/* ---- sharing ---- */

static double capacity(void *self, uint32_t link)
{
    return sim_network_capacity(self, link);
}

/* Share out anew among all that have something to send and may. */
static void share_out(void *self, uint64_t arg)
{
    struct sim_bulk *b = self;
    size_t n = 0;
    (void)arg;
    b->settling = false;
    for (size_t i = 0; i < b->n; i++) {
        struct sim_flow *f = b->v[i];
        advance(f);
        f->before = f->share.rate;
        if (f->held || f->waits) {
            f->share.rate = 0;
            continue;
        }
        const sw_dur rtt = round_trip(f);
        f->share.cap = f->fast && rtt > 0 ? limit_of(f) / ((double)rtt / 1e9) : INFINITY;
        f->share.links = sim_network_links(b->net, f->from, f->to, f->share.link);
        b->sharing[n++] = &f->share;
    }
    sim_maxmin(&b->maxmin, sim_network_link_count(b->net), capacity, b->net, b->sharing, n);
    for (size_t i = 0; i < b->n; i++) {
        if (b->v[i]->share.rate != b->v[i]->before || b->v[i]->event == 0) {
            plan(b->v[i]);
        }
    }
}

void sim_bulk_changed(struct sim_bulk *b)
{
    if (!b->settling && b->n > 0) {
        b->settling = true;
        (void)sim_at(b->engine, sim_now(b->engine), share_out, b, 0);
    }
}

static void list(struct sim_flow *f)
{
    struct sim_bulk *b = f->bulk;
    if (b->n == b->cap) {
        b->cap = b->cap == 0 ? 16 : 2 * b->cap;
        b->v = sim_realloc(b->v, b->cap * sizeof(struct sim_flow *));
        b->sharing = sim_realloc(b->sharing, b->cap * sizeof(struct sim_share *));
    }
    f->index = b->n;
    f->share.rate = 0;
    b->v[b->n++] = f;
    sim_bulk_changed(b);
}

static void unlist(struct sim_flow *f)
{
    struct sim_bulk *b = f->bulk;
    sim_cancel(b->engine, f->event);
    f->event = 0;
    f->share.rate = 0;
    f->idle_at = sim_now(b->engine);
    b->v[f->index] = b->v[--b->n];
    b->v[f->index]->index = f->index;
    f->index = NOT_LISTED;
    sim_bulk_changed(b);
}

/* What was planned for the flow happens. */
static void fire(void *self, uint64_t arg)
{
    struct sim_flow *f = self;
    (void)arg;
    f->event = 0;
    if (f->plan == SIM_FLOW_LEFT) {
        move(f, f->todo);
        f->left(f);
        if (f->index != NOT_LISTED && f->todo > 0) {
            plan(f);
        } else if (f->index != NOT_LISTED) {
            unlist(f);
        }
        return;
    }
    if (f->plan == SIM_FLOW_EXHAUSTED) {
        move(f, f->unused);
        f->waits = true;
        if (f->round_at + round_trip(f) > sim_now(f->bulk->engine)) {
            f->share.rate = 0;
            plan(f);
            sim_bulk_changed(f->bulk);
            return;
        }
    } else {
        advance(f);
    }
    const bool waited = f->waits;
    const bool narrow = f->share.rate * ((double)round_trip(f) / 1e9) < f->window;
    next_round(f);
    f->fast = f->fast || (narrow && !waited); /* the network limits it, and not the window */
    plan(f);
    if (waited) {
        sim_bulk_changed(f->bulk); /* it sends again */
    }
}

/* ---- what owners do ---- */

void sim_flow_init(struct sim_flow *f, struct sim_bulk *b, struct sim_place from,
                   struct sim_place to, void (*left)(struct sim_flow *f))
{
    *f = (struct sim_flow){ .bulk = b, .from = from, .to = to, .left = left, .index = NOT_LISTED };
    start_slowly(f);
    f->idle_at = f->round_at;
}

void sim_flow_send(struct sim_flow *f, double bytes)
{
    f->todo = bytes;
    if (f->index != NOT_LISTED) {
        return; /* called from left(): it goes on */
    }
    const sw_time now = sim_now(f->bulk->engine);
    const sw_dur rtt = round_trip(f);
    const sw_dur rto = 2 * rtt > RTO_MIN ? 2 * rtt : RTO_MIN;
    f->since = now;
    if (now - f->idle_at >= rto) {
        start_slowly(f);
    } else if (!f->fast && now >= f->round_at + rtt) {
        next_round(f);
    }
    list(f);
}

void sim_flow_hold(struct sim_flow *f, bool held)
{
    if (f->held == held) {
        return;
    }
    advance(f);
    f->held = held;
    f->share.rate = 0;
    if (!held) {
        start_slowly(f);
    }
    if (f->index != NOT_LISTED) {
        plan(f);
        sim_bulk_changed(f->bulk);
    }
}

void sim_flow_stop(struct sim_flow *f)
{
    f->todo = 0;
    if (f->index != NOT_LISTED) {
        unlist(f);
    }
}
