/* SPDX-License-Identifier: GPL-3.0-or-later
 * The directory: which peer holds which zone, as their records say.  What a peer said stays known
 * while it is away, so that a zone whose holders are all gone fails honestly instead of being
 * refused. */
#ifndef SW_SWARM_DIRECTORY_H
#define SW_SWARM_DIRECTORY_H

#include "node/base/err.h"
#include "node/core/dns/name.h"
#include "node/core/dns/version.h"
#include "node/core/swarm/codec.h"

struct sw_holder {
    uint32_t peer;
    struct sw_zone_version version;
    bool primary;
    bool said; /* by the record that is being read */
    /* zones/fetch.c: */
    sw_time not_before; /* it is not asked for the zone until then */
    uint32_t failures;  /* in a row */
    bool conflict;      /* that @version is not ours, or can't be, was reported */
};

struct sw_known_zone {
    uint8_t name[SW_DNAME_MAX]; /* lower case */
    uint64_t hash;              /* of the name: half of a query class */
    struct sw_holder *holders;  /* ascending peers; at least one */
    uint32_t n_holders, cap;
    bool heard; /* a holder's version changed, since zones/fetch.c last cleared this */
};

struct sw_directory {
    struct sw_known_zone **zones; /* canonical order of names */
    size_t n, cap;
    bool changed;      /* the set of names, since the owner last cleared this */
    bool heard;        /* of a new version of any zone, since zones/fetch.c last cleared this */
    uint64_t revision; /* one more whenever who holds what may have changed */
};

void sw_directory_fini(struct sw_directory *d);

/* @peer now holds exactly the zones of @record, which record.c found possible.
 * Errors: SW_ERR_NOMEM: some may be missing. */
int sw_directory_announce(struct sw_directory *d, uint32_t peer, const Swarm__V1__Record *record);
/* @peer is not known any longer. */
void sw_directory_forget(struct sw_directory *d, uint32_t peer);

/* The zone of that very name (wire form, lower case), or NULL. */
struct sw_known_zone *sw_directory_zone(const struct sw_directory *d, const uint8_t *name);
/* The closest known zone at or above @name (wire form), or NULL. */
const struct sw_known_zone *sw_directory_find(const struct sw_directory *d, const uint8_t *name);

#endif
