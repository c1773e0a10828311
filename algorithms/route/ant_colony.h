/* SPDX-License-Identifier: GPL-3.0-or-later
 * ant_colony: the priced router.  What it keeps, and its formulas; nobody but the three
 * ant_*.c files and priced_greedy.c includes this.
 *
 * Symbols: d a destination; T a round trip; q requests waiting at d; s its service time; c its
 * cores; os our queries outstanding at d; overline: moving average.  Times are ns; where a
 * formula adds a time to a pure number, that number is in ms.
 *
 * COST (ant_colony.c)
 *   x       = max(0, q + 1 - c) / c                    how full d will be, in rounds of service
 *   cost(d) = net + s (1 + x + B x^2)                  B: the congestion price
 *   d is this node:   net = 0; q, s, c as they are
 *   d reports load:   q = q_avg + (q_last - q_avg) e^(-(now - reported)/TQ)
 *                         + w max(0, os - kappa os_avg)
 *     A reading evaporates towards its average; only outstanding queries beyond the usual number
 *     are added, since a distant peer always has more in flight (Little's law).  w stands for the
 *     other entry nodes, who see the same reading and choose as we do.
 *   d is blind (reports nothing, or the impossible):
 *     cost(d) = base + max(0.1 ms, T_avg - base) e^(-(now - sent)/1 s) (1 + os)
 *     A stay is what a round trip takes beyond its floor, ours in flight are each worth one, and a
 *     peer that is left alone for a second is worth another try.  Only the stay is multiplied: a
 *     distant peer is not slow.  Before T_avg is known, a stay is s0, this node's own service time.
 *   d reports sometimes: v cost(q v) + (1 - v) cost(blind), v: how far its reports are trusted;
 *     q is what it reported, without our excess.
 *   d was never heard: net = 1 ms in this region, 100 ms elsewhere; s = s0, x = os.
 *
 * CHOICE (ant_colony.c), the pseudo-random-proportional rule of the Ant Colony System:
 *   C = candidates not tried and not suspected; where that is empty, those not tried; else all.
 *   with probability q0 the cheapest of C; otherwise draw m from C without replacement with
 *   P(d) ~ tau(d)^alpha (1 + cost(d))^-beta W(d)^omega, and take the cheapest of them.
 *   W: the share of this region's demand that a particle swarm gives to d's region (balance.h),
 *   1e-4 at least; it is looked for, once a second, only where omega > 0.
 *
 * LEARNING (ant_learn.c), g = 0.1 from answers, 0.2 from ants' replies:
 *   net   += g (T - stay - net);  q_avg += 0.05 (q - q_avg);  q_last = q;  s += 0.05 (s_said - s)
 *     stay = min(sojourn, 8 s (1 + q/c)): a peer is believed to have kept a query no longer than
 *     the load it admits to can explain, so that it can't claim to be near and idle at once.
 *   A refusal teaches what an ant's reply does: it passed the queue.  Where the load that it tells
 *   does not explain it (q <= c), it is a time-out.
 *   An answer after its time-out says what the queue is, but neither moves net nor the trail: one
 *   lost segment makes a whole connection's answers late together, and the path is as it was.
 *   os_avg follows os with a time constant of 1 s, at each send.
 *   srtt, rttvar, patience: rtt.h, from queries alone: an ant passes the queue, and who was met by
 *   ants only would seem to answer within a few ms.
 *   trust: v = 1 with the first report; then v += (1 - v)/8 with each, v -= v/8 with each reply
 * that has none, in steps of 1/255; 0 with an impossible one.  q_last evaporates on. blind: base =
 * min(T, base + 0.002 (T - base)), T_avg += 0.2 (T - T_avg) suspicion: time-outs in a row, of
 * queries and ants; `suspect_after` of them make a suspect. Queries skip suspects while others are
 * left, so it is an ant, or an answer after its time-out, that finds one well again.
 *
 * TRAIL (ant_trail.c): hyper-cube update, bounded as in MAX-MIN ant systems.
 *   answer:   tau += rho (g - tau), g = min(1, (best + 1)/(T + 1))^gamma, tau in [tau_min, 1]
 *   time-out: tau (1 - k)
 *   always:   tau drifts to 1/2 with a time constant of 5 s
 *   best: the shortest T of an answer, rising with a time constant of 60 s until undercut.  Ants
 *   don't count for it: they reach neighbours that could not have answered.
 *
 * ANTS (ant_trail.c): `ants` a query are earned at each send.  Such an ant goes to a uniformly
 * drawn peer with probability epsilon, else P ~ tau/(net + 5).  Besides, `beat` ants a second are
 * there for peers not heard or probed for a second, the longest silent first, so that a swarm
 * without queries still knows who is there.
 *
 * CLASSES (class_trail.h), off by default: with `classes` 1, of the members that keep answers the
 * one is asked whose cost, and what a miss there would cost, is least; suspects are not asked.
 *
 * Sources: Dorigo and Gambardella 1997 (Ant Colony System), Stuetzle and Hoos 2000 (bounds),
 * Blum and Dorigo 2004 (hyper-cube), Pigou 1920 (pricing what one does to others), RFC 6298.
 * Price, excess and evaporation are this project's. */
#ifndef SW_ROUTE_ANT_COLONY_H
#define SW_ROUTE_ANT_COLONY_H

#include "algorithms/route/class_trail.h"
#include "algorithms/route/policy.h"
#include "algorithms/route/rtt.h"

struct sw_aco_params {
    double price;       /* B */
    double excess;      /* w */
    double kappa;       /* share of the usual in-flight that is not counted as excess */
    double evaporation; /* TQ */
    double q0, m, beta, alpha;
    double omega;   /* weight of the regional prior */
    double classes; /* 1: class trails say whose cache is asked */
    double ants;    /* a */
    double epsilon;
    double beat;                        /* ants a second for silent peers */
    double suspect_after;               /* cb */
    double rho, gamma, tau_min, forget; /* forget: k */
};

struct sw_aco_state {
    double own_service; /* s0; 0 until known */
    double best;        /* ns; 0 until an answer came */
    sw_time best_at;
    double earned;  /* ants earned by queries */
    double beating; /* ants earned by time */
    sw_time beat_at;
    uint32_t n_regions;            /* 0: nothing is advised */
    double prior[SW_REGIONS_MOST]; /* W^omega */
    struct sw_class_trails classes;
};

/* 128 bytes a peer.  All zero: never heard. */
struct sw_aco_peer {
    double net, q, q_avg, service; /* mean something once cores > 0 */
    double os_avg;
    double trail;       /* tau - 1/2 */
    double base, t_avg; /* 0 until heard, t_avg until a query was answered */
    double weight;      /* scratch of one choice */
    struct sw_rtt rtt;
    sw_time heard_at;  /* its last reply to anything */
    sw_time probed_at; /* the last ant to it */
    sw_time sent_at;   /* the last query to it */
    sw_time trail_at;  /* when trail was brought up to date */
    uint32_t os;
    uint16_t cores;    /* 0 until it reported its load */
    uint8_t suspicion; /* time-outs in a row */
    uint8_t trust;     /* v, of SW_ACO_TRUSTED: its replies report loads */
};

/* A row of a parameter table over struct sw_aco_params. */
#define SW_ACO_PARAM(name, unit, low, high, fallback, log, help)                          \
    {                                                                                     \
#name, offsetof(struct sw_aco_params, name), unit, low, high, fallback, log, help \
    }
/* What the cost alone depends on. */
#define SW_ACO_COST_PARAMS                                                  \
    SW_ACO_PARAM(price, "1", 0.01, 8, 2, true,                              \
                 "congestion price B: what queueing costs beyond waiting"), \
        SW_ACO_PARAM(excess, "1", 0.1, 10, 2, true,                         \
                     "weight w of queries in flight beyond the usual"),     \
        SW_ACO_PARAM(kappa, "1", 0, 1, 1, false,                            \
                     "share of the usual in-flight that is no excess"),     \
        SW_ACO_PARAM(evaporation, "ns", 50e6, 3e9, 300e6, true,             \
                     "TQ: how long a reported queue is believed")

#define SW_ACO_TRUSTED UINT8_MAX
#define SW_ACO_SERVICE_UNKNOWN ((double)SW_MS) /* s0 before the node has served anything */

/* tau now. */
double sw_aco_trail(const struct sw_aco_peer *p, sw_time now);
/* Fold an answer's round trip or a time-out into the trail. */
void sw_aco_trail_reply(struct sw_route *r, struct sw_aco_peer *p, sw_time now, double rtt,
                        bool probe);
void sw_aco_trail_timeout(struct sw_route *r, struct sw_aco_peer *p, sw_time now);

void sw_aco_on_send(struct sw_route *r, uint32_t peer, sw_time now);
void sw_aco_on_reply(struct sw_route *r, uint32_t peer, sw_time now, sw_dur rtt,
                     const struct sw_telemetry *t, bool probe, bool late);
void sw_aco_on_timeout(struct sw_route *r, uint32_t peer, sw_time now, bool probe);
void sw_aco_on_refused(struct sw_route *r, uint32_t peer, sw_time now, sw_dur rtt,
                       const struct sw_telemetry *t);
/* The cheapest of C, outright. */
size_t sw_aco_cheapest(struct sw_route *r, const struct sw_choice *c, struct sw_rng *rng);
sw_dur sw_aco_patience(const struct sw_route *r, uint32_t peer);
double sw_aco_cost(const struct sw_route *r, uint32_t peer, sw_time now);
bool sw_aco_suspected(const struct sw_route *r, uint32_t peer);
uint32_t sw_aco_next_probe(struct sw_route *r, sw_time now, const struct sw_candidate *peers,
                           size_t n, struct sw_rng *rng);

#endif
