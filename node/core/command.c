/* SPDX-License-Identifier: GPL-3.0-or-later
 * What operators ask of a node. */
#include "node/core/command.h"

#include "node/core/backup/backup.h"
#include "node/core/emit.h"
#include "node/core/node_state.h"
#include "node/core/zones/operate.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

void sw_command_reply(struct sw_node *n, uint64_t id, int status, const char *reason,
                      struct sw_bytes message)
{
    const char *text = sw_emit_text(n, reason != NULL ? reason : "");
    uint8_t *bytes = sw_emit_bytes(n, message.len);
    struct sw_action *act = text != NULL && bytes != NULL ? sw_emit(n, SW_ACT_COMMAND_REPLY) : NULL;
    if (act == NULL) {
        return;
    }
    if (message.len > 0) {
        memcpy(bytes, message.data, message.len);
    }
    act->u.command_reply.id = id;
    act->u.command_reply.status = status;
    act->u.command_reply.reason = text;
    act->u.command_reply.message = (struct sw_bytes){ bytes, message.len };
    act->u.command_reply.last = true;
}

static void reply(struct sw_node *n, const ProtobufCMessage *m)
{
    const uint64_t id = n->event->u.command.id;
    struct sw_bytes packed;
    if (sw_proto_pack(&n->scratch, m, &packed) != SW_OK) {
        n->out_of_memory = true;
        sw_command_reply(n, id, SW_COMMAND_RESOURCE_EXHAUSTED, "out of memory",
                         (struct sw_bytes){ 0 });
        return;
    }
    sw_command_reply(n, id, SW_COMMAND_OK, NULL, packed);
}

/* ---- Status ---- */

/* Scratch memory for @count items; NULL and marked when there is none. */
static void *scratch(struct sw_node *n, size_t count, size_t size)
{
    void *p = sw_arena_alloc(&n->scratch, count * size);
    n->out_of_memory = n->out_of_memory || p == NULL;
    return p;
}

static bool list_peers(struct sw_node *n, Swarm__V1__StatusReply *status)
{
    const size_t count = n->peers.n_known;
    struct sw_route_info *infos = scratch(n, count, sizeof *infos);
    Swarm__V1__PeerStatus *peers = scratch(n, count, sizeof *peers);
    Swarm__V1__PeerStatus **list = scratch(n, count, sizeof *list);
    if (infos == NULL || peers == NULL || list == NULL) {
        return false;
    }
    (void)sw_node_routes(n, infos, count);
    for (size_t i = 0; i < count; i++) {
        swarm__v1__peer_status__init(&peers[i]);
        peers[i].name = infos[i].peer.s;
        peers[i].region = n->peers.v[n->peers.by_name[i]]->region.s;
        peers[i].connected = infos[i].connected;
        peers[i].suspected = infos[i].suspected;
        peers[i].cost = infos[i].cost;
        peers[i].trail = infos[i].trail;
        peers[i].srtt = infos[i].srtt;
        peers[i].sent = infos[i].sent;
        list[i] = &peers[i];
    }
    status->peers = list;
    status->n_peers = count;
    return true;
}

static bool list_relays(struct sw_node *n, Swarm__V1__StatusReply *status)
{
    const size_t count = sw_node_relays(n, NULL, 0);
    struct sw_relay_info *infos = scratch(n, count, sizeof *infos);
    Swarm__V1__RelayStatus *relays = scratch(n, count, sizeof *relays);
    Swarm__V1__RelayStatus **list = scratch(n, count, sizeof *list);
    if (infos == NULL || relays == NULL || list == NULL) {
        return false;
    }
    (void)sw_node_relays(n, infos, count);
    for (size_t i = 0; i < count; i++) {
        swarm__v1__relay_status__init(&relays[i]);
        relays[i].relay = infos[i].relay.s;
        relays[i].target = infos[i].target.s;
        relays[i].known = infos[i].known;
        relays[i].cost = infos[i].cost;
        relays[i].trail = infos[i].trail;
        list[i] = &relays[i];
    }
    status->relays = list;
    status->n_relays = count;
    return true;
}

static bool list_zones(struct sw_node *n, Swarm__V1__StatusReply *status)
{
    Swarm__V1__ZoneStatus *zones = scratch(n, n->held.n, sizeof *zones);
    Swarm__V1__ZoneStatus **list = scratch(n, n->held.n, sizeof *list);
    if (zones == NULL || list == NULL) {
        return false;
    }
    size_t count = 0;
    for (size_t i = 0; i < n->held.n; i++) {
        const struct sw_held_zone *z = n->held.v[i];
        if (z->box == NULL) {
            continue;
        }
        swarm__v1__zone_status__init(&zones[count]);
        zones[count].name = n->config->zones[z->config].name;
        zones[count].serial = sw_zone_serial(z->box->zone);
        zones[count].epoch = z->box->version.epoch;
        zones[count].primary = z->primary;
        list[count] = &zones[count];
        count++;
    }
    status->zones = list;
    status->n_zones = count;
    return true;
}

/* What it asks upstreams and keeps; nothing where it asks none. */
static bool describe_cache(struct sw_node *n, const struct sw_node_counts *c,
                           Swarm__V1__CacheStatus *cache, Swarm__V1__StatusReply *status)
{
    const uint32_t count = n->upstreams.n;
    if (count == 0) {
        return true;
    }
    Swarm__V1__UpstreamStatus *v = sw_arena_alloc(&n->scratch, count * sizeof *v);
    Swarm__V1__UpstreamStatus **list =
        sw_arena_alloc(&n->scratch, count * sizeof(Swarm__V1__UpstreamStatus *));
    if (v == NULL || list == NULL) {
        n->out_of_memory = true;
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct sw_upstream *u = &n->upstreams.v[i];
        swarm__v1__upstream_status__init(&v[i]);
        v[i].address = n->config->upstreams[i];
        v[i].down = u->down;
        v[i].asked = u->asked;
        v[i].answered = u->answered;
        list[i] = &v[i];
    }
    cache->bytes = c->cache.bytes;
    cache->entries = c->cache.entries;
    cache->hits = c->cache.hits;
    cache->misses = c->cache.misses;
    cache->stale = c->cache.stale;
    cache->failures = c->cache.failures;
    cache->evicted = c->cache.evicted;
    cache->prefetches = c->cache.prefetches;
    cache->homes_asked = c->cache.homes_asked;
    cache->homes_hit = c->cache.homes_hit;
    cache->limited = c->cache.limited;
    cache->upstreams = list;
    cache->n_upstreams = count;
    status->cache = cache;
    return true;
}

static void on_status(struct sw_node *n, ProtobufCMessage *request)
{
    (void)request;
    Swarm__V1__StatusReply status = SWARM__V1__STATUS_REPLY__INIT;
    struct sw_name name = { "" };
    struct sw_name region = { "" };
    char state[16];
    if (n->config != NULL) {
        name = n->config->name;
        region = n->config->region;
    }
    (void)snprintf(state, sizeof state, "%s", sw_state_name(n->state));
    struct sw_node_counts counts;
    sw_node_counts(n, &counts);
    status.name = name.s;
    status.region = region.s;
    status.state = state;
    status.forwarded = counts.forwarded;
    status.answered = counts.answered;
    status.failed = counts.failed;
    status.retried = counts.retried;
    status.ants = counts.ants;
    status.objects = counts.objects;
    status.object_bytes = counts.object_bytes;
    status.relayed = counts.relayed;
    status.carried = counts.carried;
    Swarm__V1__CacheStatus cache = SWARM__V1__CACHE_STATUS__INIT;
    if (list_peers(n, &status) && list_relays(n, &status) && list_zones(n, &status) &&
        describe_cache(n, &counts, &cache, &status)) {
        reply(n, &status.base);
    }
}

/* ---- Members ---- */

static void describe_member(struct sw_node *n, uint32_t number, Swarm__V1__MemberStatus *status)
{
    struct sw_peer *peer = n->peers.v[number];
    const struct sw_member *m = &peer->member;
    swarm__v1__member_status__init(status);
    status->name = peer->name.s;
    status->state = (char *)(uintptr_t)sw_member_state_name(m->state);
    status->since = n->now - m->since;
    status->connected = peer->link[SW_CLASS_CONTROL].greeted;
    if (m->state == SW_MEMBER_SUSPECT) {
        const Swarm__V1__Claim *c = sw_member_claim(n, number);
        status->from = c != NULL ? c->from : NULL;
        status->n_from = c != NULL ? c->n_from : 0;
    }
    status->record = m->record != NULL ? scratch(n, 1, sizeof *status->record) : NULL;
    if (status->record != NULL) {
        sw_member_record(m, status->record);
    }
}

static void describe_self(struct sw_node *n, Swarm__V1__MemberStatus *status)
{
    swarm__v1__member_status__init(status);
    status->name = n->config->name.s;
    status->state = (char *)(uintptr_t)(n->self.left ? "left" : "alive");
    status->connected = true;
    status->record = n->self.record != NULL ? scratch(n, 1, sizeof *status->record) : NULL;
    if (status->record != NULL) {
        sw_record_own(n, status->record);
    }
}

static void on_members(struct sw_node *n, ProtobufCMessage *request)
{
    (void)request;
    Swarm__V1__MembersReply r = SWARM__V1__MEMBERS_REPLY__INIT;
    const size_t count = n->config != NULL ? n->peers.n_known + 1 : 0;
    Swarm__V1__MemberStatus *members = scratch(n, count, sizeof *members);
    Swarm__V1__MemberStatus **list = scratch(n, count, sizeof *list);
    if (members == NULL || list == NULL) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        list[i] = &members[i];
        if (i == 0) {
            describe_self(n, list[i]);
        } else {
            describe_member(n, n->peers.by_name[i - 1], list[i]);
        }
    }
    r.members = list;
    r.n_members = count;
    r.health = n->probe.health;
    reply(n, &r.base);
}

/* ---- the others ---- */

static void on_drain(struct sw_node *n, ProtobufCMessage *request)
{
    (void)request;
    const Swarm__V1__DrainReply r = SWARM__V1__DRAIN_REPLY__INIT;
    reply(n, &r.base);
    sw_node_drain(n);
}

static void on_snapshot(struct sw_node *n, ProtobufCMessage *request)
{
    sw_backup_snapshot(n->backup, n->event->u.command.id,
                       (const Swarm__V1__SnapshotRequest *)(void *)request);
}

static void on_restore(struct sw_node *n, ProtobufCMessage *request)
{
    Swarm__V1__RestoreRequest *r = (Swarm__V1__RestoreRequest *)(void *)request;
    sw_backup_restore(n->backup, n->event->u.command.id, r);
    if (r->secret.len > 0) {
        sodium_memzero(r->secret.data, r->secret.len);
    }
}

/* One line a method: its name, what its request must be, and who handles it. */
static const struct {
    const char *name;
    const ProtobufCMessageDescriptor *request;
    void (*handle)(struct sw_node *n, ProtobufCMessage *request);
} methods[] = {
    { "Status", &swarm__v1__status_request__descriptor, on_status },
    { "Members", &swarm__v1__members_request__descriptor, on_members },
    { "Zones", &swarm__v1__zones_request__descriptor, sw_operate_zones },
    { "Reload", &swarm__v1__reload_request__descriptor, sw_operate_reload },
    { "Promote", &swarm__v1__promote_request__descriptor, sw_operate_promote },
    { "Drain", &swarm__v1__drain_request__descriptor, on_drain },
    { "Snapshot", &swarm__v1__snapshot_request__descriptor, on_snapshot },
    { "Restore", &swarm__v1__restore_request__descriptor, on_restore },
};

void sw_command(struct sw_node *n)
{
    const struct sw_event *ev = n->event;
    for (size_t i = 0; i < SW_LEN(methods); i++) {
        if (strcmp(ev->u.command.method, methods[i].name) != 0) {
            continue;
        }
        ProtobufCMessage *request = NULL;
        if (sw_proto_unpack(&n->scratch, methods[i].request, ev->u.command.request, &request) !=
            SW_OK) {
            sw_command_reply(n, ev->u.command.id, SW_COMMAND_INVALID_ARGUMENT,
                             "the request is malformed", (struct sw_bytes){ 0 });
            return;
        }
        methods[i].handle(n, request);
        return;
    }
    sw_command_reply(n, ev->u.command.id, SW_COMMAND_UNIMPLEMENTED, "no such method",
                     (struct sw_bytes){ 0 });
}
