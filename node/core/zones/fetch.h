/* SPDX-License-Identifier: GPL-3.0-or-later
 * A backup gets a newer version of a zone: it hears of one in a member's record, asks the nearest
 * holder that it reaches over the bulk class, one that is cut off by a relay (swarm/relay.h), and
 * takes what comes when its digest is right.  A
 * holder that fails is left alone for a while, and the next one asked. */
#ifndef SW_ZONES_FETCH_H
#define SW_ZONES_FETCH_H

#include "node/base/buf.h"
#include "node/core/dns/version.h"
#include "node/core/proto/swarm.pb-c.h"

struct sw_node;
struct sw_link;
struct sw_held_zone;

/* Zones that are fetched at once; others wait. */
#define SW_FETCHES_MOST 4U
/* Bytes of a version in one message, and messages on their way. */
#define SW_ZONE_PART (256 * SW_KIB)
#define SW_ZONE_WINDOW 4U

struct sw_zone_fetch {
    uint32_t from; /* a peer, or SW_PEER_NONE: nothing is fetched */
    uint32_t via;  /* the relay that is asked, or SW_PEER_NONE: @from itself is */
    struct sw_zone_version version;
    struct sw_zone_version
        base; /* what a difference may be from, where there is one: what we hold */
    bool has_base;
    struct sw_zone_version told; /* the newest that was reported */
    bool applying;               /* all is here: a job works on it */
    bool whole;                  /* the difference did not help: fetch all */
    bool is_difference;
    bool begun;     /* the first part came */
    uint64_t size;  /* of all parts */
    uint64_t asked; /* from here on parts are yet to be asked for */
    struct sw_blob data;
    sw_time heard_at;   /* when the last part came, or the first was asked for */
    sw_time not_before; /* our own disk failed: wait until then */
};

void sw_zone_fetch_init(struct sw_zone_fetch *f);
void sw_zone_fetch_fini(struct sw_zone_fetch *f);

/* Is there something newer to fetch? */
void sw_zone_fetch_look(struct sw_node *n, struct sw_held_zone *z);
/* The same for zones of which something was heard; for all zones, once a bulk connection stands. */
void sw_zone_fetch_heard(struct sw_node *n);
void sw_zone_fetch_reachable(struct sw_node *n);
/* Once a second: what takes too long, and what may be tried again. */
void sw_zone_fetch_beat(struct sw_node *n);
/* The bulk connection with @peer is gone. */
void sw_zone_fetch_lost(struct sw_node *n, uint32_t peer);

/* A part came.  Errors: SW_ERR_MALFORMED: such a message can't be. */
int sw_zone_fetch_data(struct sw_node *n, const struct sw_link *link, const Swarm__V1__ZoneData *d);
/* The job that makes a version of what came ended with @err. */
void sw_zone_fetch_done(struct sw_node *n, struct sw_held_zone *z, int err);

/* A version as messages say it; @out borrows from @v.  The other way: false when it is none. */
void sw_zone_version_say(const struct sw_zone_version *v, Swarm__V1__ZoneHeld *out);
bool sw_zone_version_hear(const Swarm__V1__ZoneHeld *said, struct sw_zone_version *out);

#endif
