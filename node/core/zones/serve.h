/* SPDX-License-Identifier: GPL-3.0-or-later
 * A holder gives backups the version that it serves: what differs from theirs, where that is known
 * and short, or parts of its copy on disk, read by jobs. */
#ifndef SW_ZONES_SERVE_H
#define SW_ZONES_SERVE_H

#include "node/core/dns/version.h"
#include "node/core/event.h"
#include "node/core/proto/swarm.pb-c.h"

struct sw_node;
struct sw_link;

/* Parts read at once: of all peers, of one. */
#define SW_ZONE_READS_MOST 64U
#define SW_ZONE_READS_PEER 16U

struct sw_zone_read {
    uint64_t job;
    sw_conn conn; /* who asked */
    uint64_t id;  /* its number for it */
    uint8_t name[256];
    uint64_t offset;
    struct sw_zone_version version;
};

struct sw_zone_reads {
    struct sw_zone_read *v;
    uint32_t n, cap;
};

void sw_zone_reads_fini(struct sw_zone_reads *r);

/* A peer asks; what has a target is handed on (carry.h).  Errors: SW_ERR_MALFORMED: such a message
 * can't be. */
int sw_zone_serve(struct sw_node *n, const struct sw_link *link, const Swarm__V1__ZoneGet *get);
/* A part was read. */
void sw_zone_serve_done(struct sw_node *n, const struct sw_job *job);

#endif
