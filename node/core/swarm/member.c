/* SPDX-License-Identifier: GPL-3.0-or-later
 * Who is in the swarm. */
#include "node/core/swarm/member.h"

#include "node/base/bug.h"
#include "node/base/name.h"
#include "node/core/emit.h"
#include "node/core/node_state.h"
#include "node/core/swarm/hello.h"
#include "node/core/swarm/link.h"
#include "node/core/swarm/sync.h"

#include <stdlib.h>
#include <string.h>

const char *sw_member_state_name(enum sw_member_state state)
{
    static const char *const names[] = { "unknown", "alive", "suspect", "dead", "left" };
    return names[state];
}

bool sw_member_lives(const struct sw_member *m)
{
    return m->state == SW_MEMBER_ALIVE || m->state == SW_MEMBER_SUSPECT;
}

uint32_t sw_member_count(const struct sw_node *n)
{
    return n->peers.n_live + 1;
}

void sw_member_record(const struct sw_member *m, Swarm__V1__SignedRecord *out)
{
    swarm__v1__signed_record__init(out);
    out->record = (ProtobufCBinaryData){ m->record_len, m->record };
    out->signature = (ProtobufCBinaryData){ SW_SIGNATURE_LEN, m->record + m->record_len };
}

/* ---- states ---- */

static void end_suspicion(struct sw_node *n, struct sw_member *m)
{
    if (m->suspicion != NULL) {
        sw_heap_cancel(&n->timers, &m->suspicion->timer);
        free(m->suspicion);
        m->suspicion = NULL;
    }
}

void sw_member_fini(struct sw_node *n, struct sw_member *m)
{
    end_suspicion(n, m);
    free(m->record);
    m->record = NULL;
}

/* The trace that tells of each state; b is what its line in event.h says. */
static void tell(struct sw_node *n, const struct sw_peer *peer, uint64_t b, const char *from)
{
    static const enum sw_trace_kind kinds[] = {
        [SW_MEMBER_ALIVE] = SW_TRACE_MEMBER_ALIVE,
        [SW_MEMBER_SUSPECT] = SW_TRACE_MEMBER_SUSPECT,
        [SW_MEMBER_DEAD] = SW_TRACE_MEMBER_DEAD,
        [SW_MEMBER_LEFT] = SW_TRACE_MEMBER_LEFT,
    };
    sw_emit_trace(n, kinds[peer->member.state], &peer->name, peer->member.incarnation, b, from);
}

static void move(struct sw_node *n, struct sw_peer *peer, enum sw_member_state to)
{
    struct sw_member *m = &peer->member;
    const bool lived = sw_member_lives(m);
    if (to != SW_MEMBER_SUSPECT) {
        end_suspicion(n, m);
    }
    m->state = to;
    m->since = n->now;
    n->pool.stale = true;
    n->peers.n_live += sw_member_lives(m);
    n->peers.n_live -= lived;
    sw_sync_note(n, peer);
}

static void die(struct sw_node *n, uint32_t number, uint64_t age, const char *from)
{
    struct sw_peer *peer = n->peers.v[number];
    move(n, peer, SW_MEMBER_DEAD);
    age = age < SW_GONE_KEPT ? age : SW_GONE_KEPT;
    peer->member.since = n->now > age ? n->now - age : 0;
    sw_gossip_news(n, number);
    tell(n, peer, 0, from);
    sw_link_close(n, number);
}

/* ---- suspicion ---- */

static sw_dur period(const struct sw_node *n)
{
    return n->config->membership.period;
}

/* Set its timer by how many accuse it now. */
static void time_suspicion(struct sw_node *n, struct sw_suspicion *s)
{
    const uint32_t members = sw_member_count(n);
    const sw_dur least = sw_suspicion_least(members, period(n));
    const bool least_only =
        !n->config->membership.lifeguard || SW_BUGGIFY(n->buggify, suspicion_short);
    const uint32_t k = least_only ? 0 : sw_suspicion_expected(members);
    const sw_time at = s->since + sw_suspicion_timeout(least, s->n - 1, k);
    if (sw_heap_set(&n->timers, &s->timer, at > n->now ? at : n->now) != SW_OK) {
        n->out_of_memory = true; /* stays as it was; where none was set, the next claim sets it */
    }
}

/* One more who accuses @s; false when it did so before, or enough do. */
static bool accuse(struct sw_suspicion *s, const char *from)
{
    for (uint32_t i = 0; i < s->n; i++) {
        if (strcmp(s->accuser[i].s, from) == 0) {
            return false;
        }
    }
    if (s->n == SW_LEN(s->accuser)) {
        return false;
    }
    memcpy(s->accuser[s->n++].s, from, strlen(from) + 1);
    return true;
}

/* @from accuses @number, which lives. */
static void suspect(struct sw_node *n, uint32_t number, const char *from)
{
    struct sw_peer *peer = n->peers.v[number];
    struct sw_member *m = &peer->member;
    struct sw_suspicion *s = m->suspicion;
    if (s == NULL) {
        s = calloc(1, sizeof *s);
        if (s == NULL) {
            n->out_of_memory = true;
            return;
        }
        *s = (struct sw_suspicion){ .timer.kind = SW_TIMER_SUSPICION,
                                    .peer = number,
                                    .since = n->now };
        m->suspicion = s;
    }
    const bool more = accuse(s, from);
    if (s->timer.pos == 0 || more) {
        time_suspicion(n, s);
    }
    if (!more) {
        return;
    }
    if (m->state == SW_MEMBER_ALIVE) {
        move(n, peer, SW_MEMBER_SUSPECT);
    }
    sw_gossip_news(n, number);
    tell(n, peer, s->n, from);
}

void sw_member_suspect(struct sw_node *n, uint32_t peer)
{
    if (sw_member_lives(&n->peers.v[peer]->member)) {
        suspect(n, peer, n->config->name.s);
    }
}

void sw_member_expire(struct sw_node *n, struct sw_timer *timer)
{
    const struct sw_suspicion *s = (struct sw_suspicion *)(void *)timer;
    die(n, s->peer, 0, n->config->name.s);
}

/* ---- ourselves ---- */

/* Somebody holds us for what we are not: we live, in a greater incarnation. */
static void refute(struct sw_node *n, uint64_t incarnation, const char *from)
{
    if (!sw_record_reincarnate(n, incarnation)) {
        n->held.announce = true; /* the beat makes the record */
        return;
    }
    sw_probe_suspected(n);
    sw_gossip_news(n, SW_PEER_SELF);
    sw_emit_trace(n, SW_TRACE_REFUTED, NULL, n->self.incarnation, 0, from);
    sw_hello_tell_all(n);
}

static int take_own_record(struct sw_node *n, const Swarm__V1__SignedRecord *signed_record,
                           const Swarm__V1__Record *r)
{
    const struct sw_self *self = &n->self;
    const struct sw_bytes ours = { self->record, self->record_len };
    if (r->incarnation < self->incarnation ||
        (r->incarnation == self->incarnation && r->version < self->version) ||
        (signed_record->record.len == ours.len &&
         memcmp(signed_record->record.data, ours.data, ours.len) == 0)) {
        return SW_OK;
    }
    if (memcmp(r->key.data, self->public_key, SW_KEY_LEN) != 0) {
        return SW_ERR_CRYPTO; /* no record of ours */
    }
    const int err = sw_record_verify(n, signed_record, r);
    if (err == SW_OK && !self->left) {
        refute(n, r->incarnation + 1, ""); /* of a life before */
    }
    return err;
}

void sw_member_leave(struct sw_node *n)
{
    if (n->self.incarnation == 0) {
        return;
    }
    n->self.left = true;
    (void)sw_record_refresh(n);
    sw_sync_tell_all(n);
}

/* ---- records ---- */

static bool is_newer(const struct sw_member *m, const Swarm__V1__Record *r)
{
    return r->incarnation > m->incarnation ||
           (r->incarnation == m->incarnation && r->version > m->version);
}

static bool is_same(const struct sw_member *m, const Swarm__V1__SignedRecord *s,
                    const Swarm__V1__Record *r)
{
    return r->incarnation == m->incarnation && r->version == m->version &&
           s->record.len == m->record_len && memcmp(s->record.data, m->record, m->record_len) == 0;
}

/* Keep the record's bytes and what is needed often.  Nothing changed when memory is out. */
static int keep(struct sw_node *n, uint32_t number, const Swarm__V1__SignedRecord *s,
                const Swarm__V1__Record *r)
{
    struct sw_peer *peer = n->peers.v[number];
    struct sw_member *m = &peer->member;
    const size_t address_size = strlen(r->address) + 1;
    uint8_t *bytes = malloc(s->record.len + SW_SIGNATURE_LEN + address_size);
    const int err = bytes == NULL ? SW_ERR_NOMEM : sw_directory_announce(&n->directory, number, r);
    if (err != SW_OK) {
        free(bytes);
        return err;
    }
    memcpy(bytes, s->record.data, s->record.len);
    memcpy(bytes + s->record.len, s->signature.data, SW_SIGNATURE_LEN);
    memcpy(bytes + s->record.len + SW_SIGNATURE_LEN, r->address, address_size);
    free(m->record);
    m->record = bytes;
    m->record_len = (uint32_t)s->record.len;
    m->version = r->version;
    memcpy(m->key, r->key.data, SW_KEY_LEN);
    memset(&peer->region, 0, sizeof peer->region);
    memcpy(peer->region.s, r->region, strlen(r->region));
    peer->address = (const char *)bytes + s->record.len + SW_SIGNATURE_LEN;
    peer->cores = r->cores;
    peer->caches = r->caches != 0;
    peer->stores = r->stores != 0;
    return SW_OK;
}

/* @r is newer than what we have, or proven where that was not: it counts. */
static int accept(struct sw_node *n, uint32_t number, const Swarm__V1__SignedRecord *s,
                  const Swarm__V1__Record *r)
{
    struct sw_peer *peer = n->peers.v[number];
    struct sw_member *m = &peer->member;
    const int err = keep(n, number, s, r);
    if (err != SW_OK) {
        return err;
    }
    const bool reborn = r->incarnation != m->incarnation || m->state == SW_MEMBER_UNKNOWN;
    const bool lived = sw_member_lives(m);
    m->incarnation = r->incarnation;
    const enum sw_member_state to = r->left ? SW_MEMBER_LEFT : SW_MEMBER_ALIVE;
    const bool moves = reborn ? to != m->state : r->left && m->state != SW_MEMBER_LEFT;
    if (moves) {
        move(n, peer, to);
    }
    if (moves || reborn) {
        tell(n, peer, r->version, NULL);
    } else {
        sw_emit_trace(n, SW_TRACE_RECORD_TAKEN, &peer->name, r->incarnation, r->version, NULL);
    }
    sw_sync_note(n, peer);
    sw_gossip_news(n, number);
    if (!lived) {
        sw_probe_learn(n, number); /* others have their turn: news must not lengthen the round */
    }
    sw_router_reachable(n, number);
    return SW_OK;
}

/* The peer that @r is about, taken in when it is new; SW_PEER_NONE: no room. */
static uint32_t whose(struct sw_node *n, const Swarm__V1__Record *r, uint32_t proven_by)
{
    if (proven_by != SW_PEER_NONE) {
        return proven_by;
    }
    const uint32_t number = sw_peers_find(&n->peers, r->name);
    return number != SW_PEER_NONE ? number : sw_peers_add(n, r->name);
}

static int take(struct sw_node *n, const Swarm__V1__SignedRecord *s, const Swarm__V1__Record *r,
                uint32_t proven_by)
{
    if (strcmp(r->name, n->config->name.s) == 0) {
        return proven_by == SW_PEER_NONE ? take_own_record(n, s, r) : SW_ERR_MALFORMED;
    }
    uint32_t number = sw_peers_find(&n->peers, r->name);
    struct sw_member *m = number != SW_PEER_NONE ? &n->peers.v[number]->member : NULL;
    if (proven_by != SW_PEER_NONE && proven_by != number) {
        return SW_ERR_MALFORMED; /* another name than the connection proved */
    }
    if (number == SW_PEER_NONE && !n->config->membership.open) {
        return SW_OK; /* none of ours */
    }
    const bool has = m != NULL && m->state != SW_MEMBER_UNKNOWN;
    const bool other_key = has && memcmp(m->key, r->key.data, SW_KEY_LEN) != 0;
    if (has && is_same(m, s, r)) {
        m->proven = m->proven || proven_by != SW_PEER_NONE;
        return SW_OK;
    }
    if (other_key && proven_by == SW_PEER_NONE) {
        return SW_ERR_CRYPTO;
    }
    if (has && !other_key && !is_newer(m, r)) {
        return r->incarnation == m->incarnation && r->version == m->version ? SW_ERR_CRYPTO : SW_OK;
    }
    if (number == SW_PEER_NONE && n->peers.n_known >= SW_MEMBERS_MOST) {
        return SW_ERR_FULL;
    }
    const int err = sw_record_verify(n, s, r);
    if (err != SW_OK) {
        return err;
    }
    number = whose(n, r, proven_by);
    if (number == SW_PEER_NONE) {
        return SW_ERR_NOMEM;
    }
    m = &n->peers.v[number]->member;
    m->proven = m->proven || proven_by != SW_PEER_NONE;
    return accept(n, number, s, r);
}

/* The peer of the name that @record begins with, as we write it; SW_PEER_NONE where it does not. */
static uint32_t names(const struct sw_node *n, const ProtobufCBinaryData *record)
{
    struct sw_name name = { "" };
    const size_t len = record->len > 2 && record->data[0] == (1 << 3 | 2) ? record->data[1] : 0;
    if (len == 0 || len >= sizeof name.s || len > record->len - 2) {
        return SW_PEER_NONE;
    }
    memcpy(name.s, record->data + 2, len);
    return sw_peers_find(&n->peers, name.s);
}

/* Is it, byte by byte, what we have?  As gossip mostly is: it need not be taken apart again. */
static bool is_known(struct sw_node *n, const Swarm__V1__SignedRecord *s, uint32_t proven_by)
{
    const uint32_t number = names(n, &s->record);
    struct sw_member *m = number != SW_PEER_NONE ? &n->peers.v[number]->member : NULL;
    if (m == NULL || m->state == SW_MEMBER_UNKNOWN || s->record.len != m->record_len ||
        s->signature.len != SW_SIGNATURE_LEN ||
        (proven_by != SW_PEER_NONE && proven_by != number) ||
        memcmp(s->record.data, m->record, m->record_len) != 0) {
        return false;
    }
    m->proven = m->proven || proven_by != SW_PEER_NONE;
    return true;
}

int sw_member_take_record(struct sw_node *n, const Swarm__V1__SignedRecord *signed_record,
                          uint32_t proven_by)
{
    if (is_known(n, signed_record, proven_by)) {
        return SW_OK;
    }
    Swarm__V1__Record *r = NULL;
    int err = sw_record_unpack(&n->scratch, signed_record, &r);
    if (err == SW_OK) {
        err = take(n, signed_record, r, proven_by);
    }
    if (err == SW_ERR_NOMEM) {
        n->out_of_memory = true;
    } else if (err != SW_OK && !(err == SW_ERR_FULL && n->peers.full)) {
        const bool named = r != NULL && sw_name_valid(r->name);
        sw_emit_trace(n, SW_TRACE_RECORD_REFUSED, NULL, (uint64_t)err, 0, named ? r->name : "");
        n->peers.full = n->peers.full || err == SW_ERR_FULL;
    }
    return err;
}

/* ---- claims ---- */

Swarm__V1__Claim *sw_member_claim(struct sw_node *n, uint32_t peer)
{
    struct sw_peer *p = n->peers.v[peer];
    struct sw_suspicion *s = p->member.suspicion;
    Swarm__V1__Claim *c = sw_arena_alloc(&n->scratch, sizeof *c);
    char **from = sw_arena_alloc(&n->scratch, (SW_SUSPICION_K + 1) * sizeof *from);
    if (c == NULL || from == NULL) {
        n->out_of_memory = true;
        return NULL;
    }
    swarm__v1__claim__init(c);
    c->name = p->name.s;
    c->incarnation = p->member.incarnation;
    c->state =
        s != NULL ? SWARM__V1__CLAIM_STATE__CLAIM_SUSPECT : SWARM__V1__CLAIM_STATE__CLAIM_DEAD;
    c->age = s != NULL ? 0 : n->now - p->member.since;
    for (uint32_t i = 0; s != NULL && i < s->n; i++) {
        from[c->n_from++] = s->accuser[i].s;
    }
    c->from = from;
    return c;
}

static bool claim_ok(const Swarm__V1__Claim *c)
{
    for (size_t i = 0; i < c->n_from; i++) {
        if (!sw_name_valid(c->from[i])) {
            return false;
        }
    }
    return sw_name_valid(c->name) && (c->state == SWARM__V1__CLAIM_STATE__CLAIM_SUSPECT ||
                                      c->state == SWARM__V1__CLAIM_STATE__CLAIM_DEAD);
}

int sw_member_take_claim(struct sw_node *n, const Swarm__V1__Claim *c)
{
    const char *from = c->n_from > 0 ? c->from[0] : "";
    if (!claim_ok(c)) {
        return SW_ERR_MALFORMED;
    }
    if (strcmp(c->name, n->config->name.s) == 0) {
        if (c->incarnation == n->self.incarnation && !n->self.left) {
            refute(n, 0, from);
        }
        return SW_OK;
    }
    const uint32_t number = sw_peers_find(&n->peers, c->name);
    const struct sw_member *m = number != SW_PEER_NONE ? &n->peers.v[number]->member : NULL;
    if (m == NULL || !sw_member_lives(m) || c->incarnation != m->incarnation) {
        return SW_OK;
    }
    if (c->state == SWARM__V1__CLAIM_STATE__CLAIM_DEAD) {
        die(n, number, c->age, from);
        return SW_OK;
    }
    for (size_t i = 0; i < c->n_from && i <= SW_SUSPICION_K; i++) {
        suspect(n, number, c->from[i]);
    }
    return SW_OK;
}

/* ---- forgetting ---- */

/* Is there no reason to know @peer any longer? */
static bool is_over(const struct sw_node *n, const struct sw_peer *peer)
{
    const struct sw_member *m = &peer->member;
    if (peer->config != SW_PEER_NOT_CONFIGURED || sw_member_lives(m)) {
        return false;
    }
    return m->state == SW_MEMBER_UNKNOWN ? sw_link_idle(peer) : n->now - m->since >= SW_GONE_KEPT;
}

void sw_member_forget_gone(struct sw_node *n)
{
    if (n->peers.n_live == n->peers.n_known) {
        return;
    }
    for (uint32_t i = 0; i < n->peers.n; i++) {
        const struct sw_peer *peer = n->peers.v[i];
        if (peer == NULL || !is_over(n, peer)) {
            continue;
        }
        if (peer->member.state != SW_MEMBER_UNKNOWN) {
            sw_emit_trace(n, SW_TRACE_MEMBER_FORGOTTEN, &peer->name, 0, 0, NULL);
        }
        sw_peers_forget(n, i);
    }
}
