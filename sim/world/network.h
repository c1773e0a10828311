/* SPDX-License-Identifier: GPL-3.0-or-later
 * Packets between places: propagation by geography or matrix, log-normal jitter, loss, a host's
 * uplink with a finite queue, cuts and dark regions. */
#ifndef SIM_NETWORK_H
#define SIM_NETWORK_H

#include "sim/scenario/scenario.h"

#define SIM_NO_HOST UINT32_MAX

/* Bytes around a payload on the wire: Ethernet frame, IPv6, and UDP, or TCP with TLS, HTTP/2 and
 * gRPC framing. */
#define SIM_UDP_OVERHEAD 66U
#define SIM_TCP_OVERHEAD 130U
/* Payload of one TCP segment. */
#define SIM_SEGMENT 1400U
/* What a host's uplink holds before it drops datagrams. */
#define SIM_UPLINK_QUEUE (256 * SW_KIB)

/* An end of a path: a host, or clients of a region (@host is SIM_NO_HOST). */
struct sim_place {
    uint32_t region;
    uint32_t host;
};

/* What a packet's chances belong to, so that they stay the same whatever else happens in the run:
 * the query (or message) it travels for, and which of that query's packets it is. */
struct sim_luck {
    uint64_t of;
    uint64_t step;
};
/* The luck of the @n-th packet that @cause brings about. */
struct sim_luck sim_luck_child(struct sim_luck cause, uint64_t n);

struct sim_network;

/* NULL when memory is out.  @s must outlive it. */
struct sim_network *sim_network_new(const struct sim_scenario *s, uint64_t seed);
void sim_network_free(struct sim_network *net);

/* One way, without jitter or queues. */
sw_dur sim_network_latency(const struct sim_network *net, struct sim_place from,
                           struct sim_place to);
/* Do packets get from @from to @to at present? */
bool sim_network_reaches(const struct sim_network *net, struct sim_place from, struct sim_place to);
/* And back as well? */
bool sim_network_joined(const struct sim_network *net, struct sim_place a, struct sim_place b);

/* A datagram of @bytes of payload leaves @from now.  True, and when it arrives; false when it is
 * lost by chance, cut, dark, or finds the uplink's queue full. */
bool sim_network_datagram(struct sim_network *net, sw_time now, struct sim_place from,
                          struct sim_place to, size_t bytes, struct sim_luck luck, sw_time *at);

/* ---- for ordered connections, which repair losses themselves ---- */

/* Put @bytes on the wire through @from's uplink: when the last of them has left. */
sw_time sim_network_depart(struct sim_network *net, sw_time now, struct sim_place from,
                           struct sim_place to, size_t bytes);
/* From leaving to arriving: latency and this packet's jitter. */
sw_dur sim_network_flight(const struct sim_network *net, struct sim_place from, struct sim_place to,
                          struct sim_luck luck);
/* Is one of @packets packets lost? */
bool sim_network_loses(const struct sim_network *net, struct sim_place from, struct sim_place to,
                       uint64_t packets, struct sim_luck luck);

/* ---- what faults do; every begin needs its end, and they may overlap ---- */

/* Stop packets from region @from to region @to. */
void sim_network_cut(struct sim_network *net, uint32_t from, uint32_t to, bool begins);
/* Stop all packets from and to a host. */
void sim_network_isolate(struct sim_network *net, uint32_t host, bool begins);
/* A region's network is off: nothing gets in, out, or across. */
void sim_network_dark(struct sim_network *net, uint32_t region, bool begins);

/* What ails packets that come from or go to a place, beside the links' own properties. */
struct sim_impairment {
    uint32_t region; /* UINT32_MAX: any */
    uint32_t host;   /* UINT32_MAX: any */
    double loss;
    sw_dur latency;     /* one way, added */
    double narrowing;   /* uplinks' bandwidth is divided by it; 0: it is not */
    double duplication; /* datagrams only */
    double reordering;  /* share of packets that come @delay later than the others */
    sw_dur delay;
    double corruption; /* share of datagrams in which a bit flips */
    enum { SIM_CHECKSUM_CATCHES, SIM_CHECKSUM_MISSES_AT_NODES, SIM_CHECKSUM_MISSES } checksum;
};
/* The end names the same values as the beginning. */
void sim_network_impair(struct sim_network *net, const struct sim_impairment *what, bool begins);

/* What happens to a datagram that arrives. */
struct sim_fate {
    bool twice;
    sw_dur later; /* the second one comes this much after the first */
    bool dropped; /* altered, and the receiver's checksum saw it */
    bool altered; /* and nobody saw it */
    uint64_t bit; /* which bit flipped, to be reduced */
};
struct sim_fate sim_network_fate(const struct sim_network *net, struct sim_place from,
                                 struct sim_place to, struct sim_luck luck);

bool sim_network_is_dark(const struct sim_network *net, uint32_t region);

#endif
