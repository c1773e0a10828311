/* SPDX-License-Identifier: GPL-3.0-or-later
 * What operators do with zones. */
#include "node/core/zones/operate.h"

#include "node/core/command.h"
#include "node/core/emit.h"
#include "node/core/jobs.h"
#include "node/core/node_state.h"
#include "node/core/proto/job.pb-c.h"

#include <stdio.h>
#include <string.h>

/* ---- looking ---- */

static void *scratch(struct sw_node *n, size_t count, size_t size)
{
    void *p = sw_arena_alloc(&n->scratch, count * size);
    n->out_of_memory = n->out_of_memory || p == NULL;
    return p;
}

static bool list_holders(struct sw_node *n, const struct sw_known_zone *known,
                         Swarm__V1__ZoneStatus *status)
{
    Swarm__V1__ZoneHolder *v = scratch(n, known->n_holders, sizeof *v);
    Swarm__V1__ZoneHolder **list = scratch(n, known->n_holders, sizeof *list);
    if (v == NULL || list == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < known->n_holders; i++) {
        struct sw_holder *h = &known->holders[i];
        struct sw_peer *peer = n->peers.v[h->peer];
        swarm__v1__zone_holder__init(&v[i]);
        v[i].node = peer->name.s;
        v[i].serial = h->version.serial;
        v[i].epoch = h->version.epoch;
        v[i].digest = (ProtobufCBinaryData){ SW_ZONEMD_LEN, h->version.digest };
        v[i].primary = h->primary;
        v[i].alive = sw_member_lives(&peer->member);
        list[i] = &v[i];
    }
    status->holders = list;
    status->n_holders = known->n_holders;
    return true;
}

/* How @z stands to what others hold. */
static const char *state_of(const struct sw_node *n, const struct sw_held_zone *z,
                            const struct sw_known_zone *known)
{
    const char *state = z->box == NULL ? "missing" : "current";
    if (z->fetch.from != SW_PEER_NONE) {
        return "fetching";
    }
    for (uint32_t i = 0; known != NULL && z->box != NULL && i < known->n_holders; i++) {
        const struct sw_holder *h = &known->holders[i];
        if (sw_version_newer(&h->version, &z->box->version)) {
            return "behind";
        }
        if (sw_version_equal(&h->version, &z->box->version) &&
            !sw_version_same(&h->version, &z->box->version)) {
            state = "conflict";
        }
    }
    (void)n;
    return state;
}

static bool describe(struct sw_node *n, struct sw_held_zone *z, Swarm__V1__ZoneStatus *status)
{
    const struct sw_known_zone *known = sw_directory_zone(&n->directory, z->name);
    swarm__v1__zone_status__init(status);
    status->name = n->config->zones[z->config].name;
    status->primary = z->primary;
    if (z->box != NULL) {
        status->serial = z->box->version.serial;
        status->epoch = z->box->version.epoch;
        status->digest = (ProtobufCBinaryData){ SW_ZONEMD_LEN, z->box->version.digest };
    }
    status->state = (char *)(uintptr_t)state_of(n, z, known);
    if (z->fetch.from != SW_PEER_NONE) {
        status->fetching_from = n->peers.v[z->fetch.from]->name.s;
    }
    return known == NULL || list_holders(n, known, status);
}

static void reply(struct sw_node *n, uint64_t id, const ProtobufCMessage *m)
{
    struct sw_bytes packed;
    if (sw_proto_pack(&n->scratch, m, &packed) != SW_OK) {
        n->out_of_memory = true;
        sw_command_reply(n, id, SW_COMMAND_RESOURCE_EXHAUSTED, "out of memory",
                         (struct sw_bytes){ 0 });
        return;
    }
    sw_command_reply(n, id, SW_COMMAND_OK, NULL, packed);
}

void sw_operate_zones(struct sw_node *n, ProtobufCMessage *request)
{
    (void)request;
    Swarm__V1__ZonesReply r = SWARM__V1__ZONES_REPLY__INIT;
    Swarm__V1__ZoneStatus *v = scratch(n, n->held.n, sizeof *v);
    r.zones = scratch(n, n->held.n, sizeof *r.zones);
    if (v == NULL || r.zones == NULL) {
        return;
    }
    for (; r.n_zones < n->held.n; r.n_zones++) {
        r.zones[r.n_zones] = &v[r.n_zones];
        if (!describe(n, n->held.v[r.n_zones], &v[r.n_zones])) {
            return;
        }
    }
    reply(n, n->event->u.command.id, &r.base);
}

/* ---- doing ---- */

static void refuse(struct sw_node *n, uint64_t id, enum sw_command_status status, const char *zone,
                   const char *why)
{
    char text[512];
    (void)snprintf(text, sizeof text, "%.255s: %.240s", zone, why);
    sw_command_reply(n, id, (int)status, text, (struct sw_bytes){ 0 });
}

/* The zone called @name that is held here and has no job or operator; NULL after a refusal. */
static struct sw_held_zone *idle_zone(struct sw_node *n, const char *name)
{
    const uint64_t id = n->event->u.command.id;
    uint8_t wire[SW_DNAME_MAX];
    const int len = sw_dname_from_text(name, wire);
    struct sw_held_zone *z = NULL;
    if (len > 0) {
        sw_dname_lower(wire, (size_t)len);
        z = sw_held_zone(&n->held, wire);
    }
    if (z == NULL) {
        refuse(n, id, SW_COMMAND_NOT_FOUND, name, "this node does not hold the zone");
    } else if (z->command != 0 || z->job != 0) {
        refuse(n, id, SW_COMMAND_UNAVAILABLE, name, "the zone is being worked on; ask again");
        z = NULL;
    }
    return z;
}

void sw_operate_reload(struct sw_node *n, ProtobufCMessage *request)
{
    const Swarm__V1__ReloadRequest *r = (const Swarm__V1__ReloadRequest *)(void *)request;
    struct sw_held_zone *z = idle_zone(n, r->zone);
    if (z == NULL) {
        return;
    }
    if (!z->primary) {
        refuse(n, n->event->u.command.id, SW_COMMAND_FAILED_PRECONDITION, r->zone,
               "this node is a backup: reload the primary, or promote this one");
        return;
    }
    z->command = n->event->u.command.id;
    z->wanted = true;
    sw_held_load(n);
}

/* What a promotion begins with, and who holds something newer than we do. */
static const char *next_version(const struct sw_node *n, const struct sw_held_zone *z,
                                struct sw_zone_version *next)
{
    const struct sw_known_zone *known = sw_directory_zone(&n->directory, z->name);
    const struct sw_zone_version *top = &z->box->version;
    const char *ahead = NULL;
    for (uint32_t i = 0; known != NULL && i < known->n_holders; i++) {
        const struct sw_holder *h = &known->holders[i];
        if (sw_version_newer(&h->version, top)) {
            top = &h->version;
            ahead = n->peers.v[h->peer]->name.s;
        }
    }
    *next = (struct sw_zone_version){ .epoch = top->epoch + 1,
                                      .serial = top->serial + SW_SERIAL_STRIDE };
    return ahead;
}

/* Is @z edited here and nowhere else, as far as is known?  Then a promotion would only use up
 * serials, which external secondaries may not follow twice. */
static bool sole_primary(const struct sw_node *n, const struct sw_held_zone *z)
{
    const struct sw_known_zone *known = sw_directory_zone(&n->directory, z->name);
    bool sole = z->primary;
    for (uint32_t i = 0; known != NULL && i < known->n_holders; i++) {
        const struct sw_holder *h = &known->holders[i];
        const bool rival = h->primary && h->version.epoch >= z->box->version.epoch;
        sole = sole && !rival && strcmp(state_of(n, z, known), "conflict") != 0;
    }
    return sole;
}

void sw_operate_promote(struct sw_node *n, ProtobufCMessage *request)
{
    const Swarm__V1__PromoteRequest *r = (const Swarm__V1__PromoteRequest *)(void *)request;
    const uint64_t id = n->event->u.command.id;
    struct sw_zone_version next;
    struct sw_held_zone *z = idle_zone(n, r->zone);
    if (z == NULL) {
        return;
    }
    if (z->box == NULL) {
        refuse(n, id, SW_COMMAND_FAILED_PRECONDITION, r->zone, "this node has no copy of it yet");
        return;
    }
    const char *ahead = next_version(n, z, &next);
    if (ahead != NULL && !r->force) {
        char why[200];
        (void)snprintf(why, sizeof why,
                       "%s holds a newer version: wait until it is here, or force it", ahead);
        refuse(n, id, SW_COMMAND_FAILED_PRECONDITION, r->zone, why);
        return;
    }
    if (ahead == NULL && !r->force && sole_primary(n, z)) {
        refuse(n, id, SW_COMMAND_FAILED_PRECONDITION, r->zone,
               "this node is its primary already: edit its file, or force it");
        return;
    }
    if (next.epoch > SW_EPOCH_MOST) {
        refuse(n, id, SW_COMMAND_FAILED_PRECONDITION, r->zone, "there is no greater epoch");
        return;
    }
    Swarm__Job__ZonePromoteJob job = SWARM__JOB__ZONE_PROMOTE_JOB__INIT;
    job.name = n->config->zones[z->config].name;
    job.file = n->config->zones[z->config].file;
    job.copy = sw_held_copy(n, z);
    job.epoch = next.epoch;
    job.serial = next.serial;
    if (job.copy == NULL || sw_jobs_submit_message(n, SW_JOB_ZONE_PROMOTE, SW_STRAND_ZONES,
                                                   &job.base, &z->job) != SW_OK) {
        refuse(n, id, SW_COMMAND_RESOURCE_EXHAUSTED, r->zone, "out of memory");
        return;
    }
    z->command = id;
}

void sw_operate_done(struct sw_node *n, struct sw_held_zone *z, int err, const char *reason)
{
    const uint64_t id = z->command;
    const char *name = n->config->zones[z->config].name;
    Swarm__V1__ReloadReply r = SWARM__V1__RELOAD_REPLY__INIT; /* a PromoteReply has its form */
    Swarm__V1__ZoneStatus status;
    if (id == 0) {
        return;
    }
    z->command = 0;
    if (err != SW_OK || reason[0] != '\0') {
        refuse(n, id, SW_COMMAND_FAILED_PRECONDITION, name,
               reason[0] != '\0' ? reason : sw_strerror(err));
        return;
    }
    r.zone = &status;
    if (describe(n, z, &status)) {
        reply(n, id, &r.base);
    }
}
