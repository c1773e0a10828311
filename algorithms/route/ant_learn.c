/* SPDX-License-Identifier: GPL-3.0-or-later
 * ant_colony: what it learns from sends, replies and time-outs.  Formulas: ant_colony.h. */
#include "algorithms/route/ant_colony.h"
#include "node/base/fmath.h"

#define OS_SPAN ((double)SW_SEC)
#define GAIN_ANSWER 0.1
#define GAIN_ANT 0.2
#define GAIN_LOAD 0.05
#define GAIN_BLIND 0.2
#define BASE_RISES 0.002
#define STAY_BELIEVED 8
#define TRUST_SPAN 8         /* replies */
#define WAITING_MOST 1000000 /* beyond these a report is impossible */
#define CORES_MOST 1024
#define SERVICE_MOST (10 * SW_SEC)

_Static_assert(sizeof(struct sw_aco_peer) <= 128, "a peer fits two cache lines");

void sw_aco_on_send(struct sw_route *r, uint32_t peer, sw_time now)
{
    const struct sw_aco_params *k = r->params;
    struct sw_aco_state *s = r->state;
    struct sw_aco_peer *p = sw_route_peer(r, peer);
    p->os_avg += (p->os - p->os_avg) * (1 - sw_exp(-(double)(now - p->sent_at) / OS_SPAN));
    p->sent_at = now;
    p->os++;
    s->earned += k->ants;
}

static bool possible(const struct sw_telemetry *t, sw_dur rtt)
{
    return t != NULL && t->known && t->waiting <= WAITING_MOST && t->cores >= 1 &&
           t->cores <= CORES_MOST && t->service > 0 && t->service <= SERVICE_MOST &&
           t->sojourn <= rtt;
}

static void learn_load(struct sw_aco_peer *p, const struct sw_telemetry *t, double rtt, double gain)
{
    const double service = (double)t->service;
    const double q = t->waiting;
    const double explained = STAY_BELIEVED * service * (1 + q / t->cores);
    const double sojourn = (double)t->sojourn;
    const double net = rtt - (sojourn < explained ? sojourn : explained);
    const bool first = p->cores == 0;
    if (first) {
        p->net = net;
        p->q_avg = q;
        p->service = service;
    } else {
        p->net += gain * (net - p->net);
        p->q_avg += GAIN_LOAD * (q - p->q_avg);
        p->service += GAIN_LOAD * (service - p->service);
    }
    p->q = q;
    p->cores = (uint16_t)t->cores;
    const int more = (SW_ACO_TRUSTED - p->trust + TRUST_SPAN - 1) / TRUST_SPAN;
    p->trust = (uint8_t)(first ? SW_ACO_TRUSTED : p->trust + more);
}

/* A reply that reports no load: what was read before evaporates, and is trusted less. */
static void learn_nothing(const struct sw_aco_params *k, struct sw_aco_peer *p, sw_time now,
                          bool impossible)
{
    p->q = p->q_avg + (p->q - p->q_avg) * sw_exp(-(double)(now - p->heard_at) / k->evaporation);
    const int less = (p->trust + TRUST_SPAN - 1) / TRUST_SPAN;
    p->trust = (uint8_t)(impossible ? 0 : p->trust - less);
}

static void learn_blind(struct sw_aco_peer *p, double rtt, bool probe)
{
    if (p->base == 0 || rtt < p->base) {
        p->base = rtt;
    } else {
        p->base += BASE_RISES * (rtt - p->base);
    }
    if (!probe) { /* an ant passes the queue */
        p->t_avg = p->t_avg == 0 ? rtt : p->t_avg + GAIN_BLIND * (rtt - p->t_avg);
    }
}

void sw_aco_on_reply(struct sw_route *r, uint32_t peer, sw_time now, sw_dur rtt,
                     const struct sw_telemetry *t, bool probe, bool late)
{
    const struct sw_aco_params *k = r->params;
    struct sw_aco_peer *p = sw_route_peer(r, peer);
    const double sample = rtt > 0 ? (double)rtt : 1; /* 0: never heard */
    if (!probe && !late && p->os > 0) {
        p->os--;
    }
    if (!probe) {
        sw_rtt_sample(&p->rtt, sample);
    }
    learn_blind(p, sample, probe);
    if (possible(t, rtt)) {
        learn_load(p, t, sample, late ? 0 : probe ? GAIN_ANT : GAIN_ANSWER);
    } else {
        learn_nothing(k, p, now, t != NULL && t->known);
    }
    p->suspicion = 0;
    p->heard_at = now;
    if (!late) {
        sw_aco_trail_reply(r, p, now, sample, probe);
    }
}

void sw_aco_on_timeout(struct sw_route *r, uint32_t peer, sw_time now, bool probe)
{
    struct sw_aco_peer *p = sw_route_peer(r, peer);
    if (p->suspicion < UINT8_MAX) {
        p->suspicion++;
    }
    if (!probe) {
        p->os -= p->os > 0;
        sw_rtt_back_off(&p->rtt);
        sw_aco_trail_timeout(r, p, now);
    }
}

void sw_aco_on_refused(struct sw_route *r, uint32_t peer, sw_time now, sw_dur rtt,
                       const struct sw_telemetry *t)
{
    struct sw_aco_peer *p = sw_route_peer(r, peer);
    if (!possible(t, rtt) || t->waiting <= t->cores) {
        sw_aco_on_timeout(r, peer, now, false);
        return;
    }
    p->os -= p->os > 0;
    sw_aco_on_reply(r, peer, now, rtt, t, true, false);
}

bool sw_aco_suspected(const struct sw_route *r, uint32_t peer)
{
    const struct sw_aco_params *k = r->params;
    const struct sw_aco_peer *p = sw_route_peer(r, peer);
    return p->suspicion >= k->suspect_after;
}
