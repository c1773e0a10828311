/* SPDX-License-Identifier: GPL-3.0-or-later
 * The failure detector: SWIM (Das, Gupta, Motivala 2002, 3.1 and 4.3) with Lifeguard (Dadgar,
 * Phillips, Currey 2017, IV.A).  Once a period one neighbour (pool.h: every member of a small
 * swarm) is pinged, in a shuffled round robin, so that each of n neighbours is probed again within
 * 2n - 1 periods.  When it does not answer in time, three others
 * are asked to ping it; when they don't bring an answer either by the end of the period, it is
 * suspect.  Who finds that its own probes and helpers fail takes itself to be the slow one, and
 * waits longer. */
#ifndef SW_SWARM_PROBE_H
#define SW_SWARM_PROBE_H

#include "node/base/heap.h"
#include "node/base/rng.h"
#include "node/core/proto/swarm.pb-c.h"

struct sw_node;
struct sw_link;

#define SW_PROBE_HELPERS 3U /* asked when a ping is not answered (SWIM's k) */
#define SW_HEALTH_MOST 8U   /* Lifeguard's S: periods stretch to 1 + S times their length */
#define SW_RELAYS 32U       /* pings for others that are out at once; more are not taken on */

/* A ping for somebody who asked. */
struct sw_relay {
    struct sw_timer timer; /* first; when a NACK is due, then when to forget */
    uint64_t nonce;        /* ours; 0: unused */
    uint64_t asked;        /* theirs */
    uint32_t by, target;
    bool sent, nacked;
};

/* Who was asked to ping our target. */
struct sw_helper {
    uint32_t peer; /* SW_PEER_NONE: no longer known */
    bool heard;    /* it sent a NACK */
};

enum sw_probe_stage { SW_PROBE_IDLE, SW_PROBE_DIRECT, SW_PROBE_INDIRECT, SW_PROBE_ANSWERED };

struct sw_probe {
    struct sw_rng rng;
    struct sw_timer timer; /* of the stage */
    enum sw_probe_stage stage;
    uint32_t target;
    uint64_t
        incarnation; /* of the target, when it became that: its silence says nothing of a later */
    uint64_t nonce;  /* of the present probe */
    uint64_t last_nonce;
    bool sent; /* the ping; otherwise it leaves when the target's Hello comes */
    sw_time sent_at;
    struct sw_helper helper[SW_PROBE_HELPERS]; /* asked for the present probe */
    uint32_t n_helpers;
    sw_time period_ends_at;
    uint32_t *order; /* members in the order of this round; some may have died meanwhile */
    uint32_t n_order, at, cap;
    uint32_t health; /* local health multiplier: 0 well .. SW_HEALTH_MOST */
    struct sw_relay relay[SW_RELAYS];
};

/* Begin to probe, at a moment of the first period drawn at random. */
void sw_probe_begin(struct sw_node *n);
int sw_probe_reserve(struct sw_probe *p, uint32_t n_peers);
void sw_probe_fini(struct sw_probe *p);

/* Its timer fired: the next stage, or the next period. */
void sw_probe_due(struct sw_node *n);
void sw_probe_relay_due(struct sw_node *n, struct sw_timer *timer);

/* A Probe came by @link.  Errors: SW_ERR_MALFORMED. */
int sw_probe_receive(struct sw_node *n, const struct sw_link *link, const Swarm__V1__Probe *probe);
/* @peer can be reached: send what waited for that. */
void sw_probe_linked(struct sw_node *n, uint32_t peer);
/* @peer has become a member: probe it in this round, too. */
void sw_probe_learn(struct sw_node *n, uint32_t peer);
/* @peer is no longer known. */
void sw_probe_forget(struct sw_node *n, uint32_t peer);
/* Somebody could not reach us. */
void sw_probe_suspected(struct sw_node *n);

#endif
