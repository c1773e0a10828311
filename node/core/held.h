/* SPDX-License-Identifier: GPL-3.0-or-later
 * The zones held here: each is read by a job, served from the moment it is loaded, and replaced
 * only by a newer version that a job found good and put on disk.  One job of a zone is out at a
 * time. */
#ifndef SW_CORE_HELD_H
#define SW_CORE_HELD_H

#include "node/base/err.h"
#include "node/core/dns/name.h"
#include "node/core/dns/zone.h"
#include "node/core/job.h"
#include "node/core/zones/fetch.h"
#include "node/core/zones/history.h"

struct sw_node;
struct sw_config;

/* A loaded zone, shared by this table and by views; freed with its last user. */
struct sw_zone_box {
    struct sw_zone *zone;
    uint32_t users;
    struct sw_zone_version version;
    struct sw_history history; /* moves to the box of the next version */
};

struct sw_held_zone {
    uint8_t name[SW_DNAME_MAX]; /* lower case */
    size_t config;              /* index in the configuration's zones */
    struct sw_zone_box *box;    /* NULL until it is loaded */
    uint64_t job;               /* that is out; 0: none */
    bool wanted;                /* its files must be read */
    bool settled;               /* loaded or refused since it was configured */
    bool primary;               /* edited here: as configured, until a promotion says otherwise */
    uint64_t command;           /* of the operator who waits for the job or the files; 0: none */
    struct sw_zone_fetch fetch; /* a newer version on its way */
};

struct sw_held {
    struct sw_held_zone **v; /* canonical order of names */
    size_t n;
    bool changed;  /* what is loaded, since views.h last cleared this */
    bool announce; /* the same, since hello.h last cleared this */
};

/* Make the table for @config, with what @old has loaded; nothing of @old changes.
 * Errors: SW_ERR_RANGE: a name is malformed or there twice, and the diag says which;
 * SW_ERR_NOMEM. */
int sw_held_plan(const struct sw_held *old, const struct sw_config *config, struct sw_held *plan,
                 struct sw_diag *d);
void sw_held_fini(struct sw_held *h);

/* Where the copy of zone @z is kept: in the node's store, or, without one, beside the master file;
 * in the step's scratch.  NULL: memory is out. */
char *sw_held_copy(struct sw_node *n, const struct sw_held_zone *z);
/* The zone of that very name (wire form, lower case), or NULL. */
struct sw_held_zone *sw_held_zone(const struct sw_held *h, const uint8_t *name);

/* Submit a job for each zone that wants one and has none out. */
void sw_held_load(struct sw_node *n);
/* A job that makes a version came back. */
void sw_held_done(struct sw_node *n, const struct sw_job *job);
/* May @a replace @b? */
bool sw_held_newer(const struct sw_node *n, const struct sw_zone_version *a,
                   const struct sw_zone_version *b);
/* The zone here, loaded or not, that is closest at or above @name (wire form); NULL. */
const struct sw_held_zone *sw_held_find(const struct sw_held *h, const uint8_t *name);
/* Is every zone loaded or refused? */
bool sw_held_settled(const struct sw_held *h);

void sw_zone_box_drop(struct sw_zone_box *box);

#endif
