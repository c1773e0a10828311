/* SPDX-License-Identifier: GPL-3.0-or-later
 * A front: the half of a node that talks DNS to clients, one a thread.  It answers what its view
 * can answer and forwards the rest to the node.  Answering allocates nothing in steady state. */
#ifndef SW_CORE_FRONT_H
#define SW_CORE_FRONT_H

#include "node/core/event.h"

struct sw_front;

struct sw_front_options {
    uint32_t number;      /* goes into nothing but its own counters */
    uint32_t max_streams; /* TCP connections at once; default 1024 when 0 */
    sw_dur stream_idle;   /* close a silent connection after; default 10 s when 0 (RFC 7766) */
};

/* A front without a view: it refuses everything.  NULL when memory is out. */
struct sw_front *sw_front_new(const struct sw_front_options *options);
void sw_front_free(struct sw_front *f);

/* Handle one event; append REPLY, FORWARD, WRITE, CLOSE to @out.  A datagram that is no query
 * is dropped in silence; a malformed query gets FORMERR.
 * Errors: SW_ERR_NOMEM: the event is dropped. */
int sw_front_step(struct sw_front *f, const struct sw_event *ev, struct sw_actions *out);

/* When to call again with TICK at the latest; SW_TIME_NEVER when idle. */
sw_time sw_front_deadline(const struct sw_front *f);

struct sw_front_counts {
    uint64_t queries;   /* well-formed queries seen */
    uint64_t answered;  /* from the view */
    uint64_t forwarded; /* to the node */
    uint64_t malformed; /* answered FORMERR, or dropped */
    uint64_t refused;
    uint64_t truncated;
    uint64_t by_rcode[16]; /* of answers sent */
};
void sw_front_counts(const struct sw_front *f, struct sw_front_counts *out);

#endif
