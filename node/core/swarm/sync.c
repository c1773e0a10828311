/* SPDX-License-Identifier: GPL-3.0-or-later
 * Anti-entropy and joining. */
#include "node/core/swarm/sync.h"

#include "node/base/name.h"
#include "node/core/emit.h"
#include "node/core/node_state.h"
#include "node/core/swarm/link.h"

#include <string.h>

/* ---- what we know, in one number ---- */

/* FNV-1a (Fowler, Noll, Vo) over what both sides must agree on; a sum, so that order is nothing.
 * FNV's last bytes change the hash by all but the same amount whatever was before: two that take
 * each other for dead would have equal sums.  The finaliser of MurmurHash3 (Appleby, fmix64) mixes
 * them. */
static uint64_t hash(const char *name, uint64_t incarnation, uint64_t version, bool dead)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (const char *c = name; *c != '\0'; c++) {
        h = (h ^ (uint8_t)*c) * UINT64_C(1099511628211);
    }
    const uint64_t numbers[] = { incarnation, version, dead };
    for (size_t i = 0; i < SW_LEN(numbers); i++) {
        for (unsigned bit = 0; bit < 64; bit += 8) {
            h = (h ^ (numbers[i] >> bit & 255)) * UINT64_C(1099511628211);
        }
    }
    h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
    h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ h >> 33;
}

/* 0: of @peer nothing is known. */
static uint64_t share(const struct sw_peer *peer)
{
    const struct sw_member *m = &peer->member;
    return m->state == SW_MEMBER_UNKNOWN
               ? 0
               : hash(peer->name.s, m->incarnation, m->version, m->state == SW_MEMBER_DEAD);
}

void sw_sync_note(struct sw_node *n, struct sw_peer *peer)
{
    sw_sync_forget(n, peer);
    peer->member.share = share(peer);
    n->sync.sum += peer->member.share;
    n->sync.members += peer->member.share != 0;
}

void sw_sync_forget(struct sw_node *n, const struct sw_peer *peer)
{
    n->sync.sum -= peer->member.share;
    n->sync.members -= peer->member.share != 0;
}

bool sw_sync_is_sound(const struct sw_node *n)
{
    uint64_t sum = 0;
    uint32_t members = 0;
    for (uint32_t i = 0; i < n->peers.n_known; i++) {
        const struct sw_peer *peer = n->peers.v[n->peers.by_name[i]];
        if (peer->member.share != share(peer)) {
            return false;
        }
        sum += peer->member.share;
        members += peer->member.share != 0;
    }
    return sum == n->sync.sum && members == n->sync.members;
}

static uint64_t digest(const struct sw_node *n)
{
    const struct sw_self *self = &n->self;
    const uint64_t sum =
        n->sync.sum + hash(n->config->name.s, self->incarnation, self->version, false);
    return sum != 0 ? sum : 1;
}

/* ---- sending ---- */

static void send(struct sw_node *n, const struct sw_link *link, Swarm__V1__Sync *sync)
{
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    e.body_case = SWARM__V1__ENVELOPE__BODY_SYNC;
    e.sync = sync;
    n->counts.syncs++;
    (void)sw_emit_envelope(n, link->conn, &e);
}

sw_dur sw_sync_every(uint32_t n_live)
{
    sw_dur every = SW_SYNC_EVERY;
    for (; n_live >= SW_SYNC_FLAT; n_live /= 2) {
        every += SW_SYNC_EVERY;
    }
    return every;
}

static void offer(struct sw_node *n, const struct sw_link *link)
{
    Swarm__V1__Sync sync = SWARM__V1__SYNC__INIT;
    if (n->self.incarnation == 0 || SW_BUGGIFY(n->buggify, sync_unsaid)) {
        return;
    }
    n->sync.offered_at = n->now;
    sync.digest = digest(n);
    sync.members = n->sync.members;
    send(n, link, &sync);
}

void sw_sync_greeted(struct sw_node *n, const struct sw_link *link)
{
    const sw_dur rest = (sw_sync_every(n->peers.n_live) - SW_SYNC_EVERY) / SW_SYNC_RESTS;
    if (n->sync.offered_at == 0 || n->now - n->sync.offered_at >= rest) {
        offer(n, link);
    }
}

static void send_known(struct sw_node *n, const struct sw_link *link)
{
    const size_t most = n->peers.n_known + 1;
    Swarm__V1__Sync sync = SWARM__V1__SYNC__INIT;
    Swarm__V1__Known *known = sw_arena_alloc(&n->scratch, most * sizeof *known);
    Swarm__V1__Known **list = sw_arena_alloc(&n->scratch, most * sizeof *list);
    if (known == NULL || list == NULL) {
        n->out_of_memory = true;
        return;
    }
    swarm__v1__known__init(&known[0]);
    known[0].name = n->config->name.s;
    known[0].incarnation = n->self.incarnation;
    known[0].version = n->self.version;
    size_t count = 1;
    for (uint32_t i = 0; i < n->peers.n_known; i++) {
        struct sw_peer *peer = n->peers.v[n->peers.by_name[i]];
        if (peer->member.state == SW_MEMBER_UNKNOWN) {
            continue;
        }
        swarm__v1__known__init(&known[count]);
        known[count].name = peer->name.s;
        known[count].incarnation = peer->member.incarnation;
        known[count].version = peer->member.version;
        known[count].dead = peer->member.state == SW_MEMBER_DEAD;
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        list[i] = &known[i];
    }
    sync.known = list;
    sync.n_known = count;
    sync.closed = !n->config->membership.open;
    send(n, link, &sync);
}

/* States to send, and about how many bytes they take. */
struct parcel {
    Swarm__V1__Gossip *gossip;
    size_t bytes;
};

static bool is_full(const struct parcel *p)
{
    return p->bytes > SW_SYNC_BYTES;
}

/* All that there is to say of @who: of the dead both the record and the claim. */
static void add_all(struct sw_node *n, struct parcel *p, uint32_t who)
{
    static const size_t framing = 128; /* of a record; a claim takes no more */
    const struct sw_member *m = who != SW_PEER_SELF ? &n->peers.v[who]->member : NULL;
    if (m != NULL && (m->state == SW_MEMBER_DEAD || m->state == SW_MEMBER_SUSPECT)) {
        Swarm__V1__SignedRecord *r = sw_arena_alloc(&n->scratch, sizeof *r);
        if (r == NULL) {
            n->out_of_memory = true;
            return;
        }
        sw_member_record(m, r);
        p->gossip->records[p->gossip->n_records++] = r;
        p->bytes += framing;
    }
    (void)sw_gossip_add(n, p->gossip, who);
    p->bytes += framing + (m != NULL ? m->record_len : n->self.record_len);
}

/* ---- comparing ---- */

/* Less than 0: they know less; more: they know more. */
static int compare(uint64_t incarnation, uint64_t version, bool dead, const Swarm__V1__Known *k)
{
    if (k->incarnation != incarnation) {
        return k->incarnation < incarnation ? -1 : 1;
    }
    if (k->version != version) {
        return k->version < version ? -1 : 1;
    }
    return (k->dead != 0) - dead;
}

struct comparison {
    struct parcel give;
    char **want;
    size_t n_want;
    bool *seen; /* by peer's number */
    bool seen_self;
    uint32_t at; /* where in our names: theirs come in order */
};

static void compare_one(struct sw_node *n, struct comparison *c, Swarm__V1__Known *k)
{
    if (strcmp(k->name, n->config->name.s) == 0) {
        const int order = compare(n->self.incarnation, n->self.version, false, k);
        if (order < 0 && !c->seen_self) {
            add_all(n, &c->give, SW_PEER_SELF);
        } else if (order > 0) {
            c->want[c->n_want++] = k->name; /* of a life before, or our death: we will refute */
        }
        c->seen_self = true;
        return;
    }
    const uint32_t number = sw_peers_find_next(&n->peers, k->name, &c->at);
    const struct sw_member *m = number != SW_PEER_NONE ? &n->peers.v[number]->member : NULL;
    if (m == NULL && !n->config->membership.open) {
        return; /* none of ours */
    }
    if (m == NULL || m->state == SW_MEMBER_UNKNOWN) {
        c->want[c->n_want++] = k->name;
        return;
    }
    const int order = compare(m->incarnation, m->version, m->state == SW_MEMBER_DEAD, k);
    if (order < 0 && !c->seen[number] && !is_full(&c->give)) {
        add_all(n, &c->give, number);
    } else if (order > 0) {
        c->want[c->n_want++] = k->name;
    }
    c->seen[number] = true;
}

/* Answer with what they lack, and the names of what we lack. */
static int on_known(struct sw_node *n, const struct sw_link *link, const Swarm__V1__Sync *theirs)
{
    Swarm__V1__Sync sync = SWARM__V1__SYNC__INIT;
    struct comparison c = {
        .give = { .gossip = sw_gossip_new(n, n->peers.n_known + 1) },
        .want = sw_arena_alloc(&n->scratch, theirs->n_known * sizeof *c.want),
        .seen = sw_arena_alloc(&n->scratch, n->peers.n * sizeof *c.seen),
    };
    if (c.give.gossip == NULL || c.want == NULL || c.seen == NULL) {
        n->out_of_memory = true;
        return SW_OK;
    }
    memset(c.seen, 0, n->peers.n * sizeof *c.seen);
    for (size_t i = 0; i < theirs->n_known; i++) {
        if (!sw_name_valid(theirs->known[i]->name)) {
            return SW_ERR_MALFORMED;
        }
        compare_one(n, &c, theirs->known[i]);
    }
    if (!c.seen_self) {
        add_all(n, &c.give, SW_PEER_SELF);
    }
    for (uint32_t i = 0; i < n->peers.n_known && !theirs->closed && !is_full(&c.give); i++) {
        const uint32_t number = n->peers.by_name[i];
        if (!c.seen[number] && n->peers.v[number]->member.state != SW_MEMBER_UNKNOWN) {
            add_all(n, &c.give, number);
        }
    }
    sync.gossip = c.give.gossip;
    sync.want = c.want;
    sync.n_want = c.n_want;
    send(n, link, &sync);
    return SW_OK;
}

static int on_want(struct sw_node *n, const struct sw_link *link, const Swarm__V1__Sync *theirs)
{
    Swarm__V1__Sync sync = SWARM__V1__SYNC__INIT;
    struct parcel give = { .gossip = sw_gossip_new(n, theirs->n_want) };
    for (size_t i = 0; give.gossip != NULL && i < theirs->n_want && !is_full(&give); i++) {
        const char *name = theirs->want[i];
        const uint32_t number = sw_peers_find(&n->peers, name);
        if (strcmp(name, n->config->name.s) == 0) {
            add_all(n, &give, SW_PEER_SELF);
        } else if (number != SW_PEER_NONE &&
                   n->peers.v[number]->member.state != SW_MEMBER_UNKNOWN) {
            add_all(n, &give, number);
        }
    }
    sync.gossip = give.gossip;
    if (sync.gossip != NULL) {
        send(n, link, &sync);
    }
    return SW_OK;
}

/* They offer to compare: whoever knows less begins. */
static void on_offer(struct sw_node *n, const struct sw_link *link, const Swarm__V1__Sync *theirs)
{
    if (theirs->digest == digest(n)) {
        return;
    }
    if (n->sync.members > theirs->members) {
        offer(n, link);
    } else {
        send_known(n, link);
    }
}

int sw_sync_receive(struct sw_node *n, const struct sw_link *link, const Swarm__V1__Sync *sync)
{
    const uint32_t from = link->peer;
    int err = sw_gossip_take(n, sync->gossip);
    if (err != SW_OK || n->self.incarnation == 0 || n->peers.v[from] == NULL || link->conn == 0) {
        return err;
    }
    if (sync->n_known > 0) {
        err = on_known(n, link, sync);
    } else if (sync->n_want > 0) {
        err = on_want(n, link, sync);
    } else if (sync->digest != 0) {
        on_offer(n, link, sync);
    }
    return err;
}

void sw_sync_tell_all(struct sw_node *n)
{
    Swarm__V1__Sync sync = SWARM__V1__SYNC__INIT;
    sync.gossip = sw_gossip_new(n, 1);
    if (sync.gossip == NULL || !sw_gossip_add(n, sync.gossip, SW_PEER_SELF)) {
        return;
    }
    for (uint32_t i = 0; i < n->peers.n_conns; i++) {
        const struct sw_peer_conn *c = &n->peers.conns[i];
        const struct sw_link *link = &n->peers.v[c->peer]->link[SW_CLASS_CONTROL];
        if (c->class == SW_CLASS_CONTROL && link->greeted) {
            send(n, link, &sync);
        }
    }
}

/* ---- from time to time ---- */

static bool is_linked(const struct sw_peer *peer)
{
    const struct sw_link *link = &peer->link[SW_CLASS_CONTROL];
    return link->conn != 0 && link->greeted;
}

/* Does somebody who lives, or ourselves, answer at @address? */
static bool is_taken(const struct sw_node *n, const char *address)
{
    if (n->config->address != NULL && strcmp(n->config->address, address) == 0) {
        return true;
    }
    for (uint32_t i = 0; i < n->peers.n_known; i++) {
        const struct sw_peer *peer = n->peers.v[n->peers.by_name[i]];
        const char *known = sw_peer_address(n, peer);
        if (sw_member_lives(&peer->member) && known != NULL && strcmp(known, address) == 0) {
            return true;
        }
    }
    return false;
}

static void call_address(struct sw_node *n, const char *text)
{
    const char *address = sw_emit_text(n, text);
    struct sw_action *act = address != NULL ? sw_emit(n, SW_ACT_DIAL) : NULL;
    if (act != NULL) {
        act->u.dial.class = SW_CLASS_CONTROL;
        act->u.dial.address = address;
    }
}

/* Is no connection for control there, nor one being made?  One for bulk helps nothing: who has left
 * and come back waits to be called by some, who wait to hear that it lives. */
static bool is_free(const struct sw_peer *peer)
{
    const struct sw_link *link = &peer->link[SW_CLASS_CONTROL];
    return link->conn == 0 && !link->dialling && link->timer.pos == 0;
}

/* Compare with @number, or make the connection whose Hello is answered with an offer. */
static void meet(struct sw_node *n, uint32_t number)
{
    const struct sw_peer *peer = n->peers.v[number];
    if (is_linked(peer)) {
        offer(n, &peer->link[SW_CLASS_CONTROL]);
    } else {
        sw_link_want(n, number, SW_CLASS_CONTROL);
    }
}

/* One with whom nothing is shared now, drawn among the dead, those that left (they may be back, and
 * nobody there whom they join by), the configured and the addresses.  To be connected is not
 * enough: the first comparison may have been lost, and two who hold each other dead begin no other.
 */
static void call_somebody(struct sw_node *n)
{
    const size_t most = n->peers.n_known + n->config->n_join;
    uint32_t *whom = sw_arena_alloc(&n->scratch, most * sizeof *whom);
    size_t count = 0;
    if (whom == NULL) {
        n->out_of_memory = true;
        return;
    }
    for (uint32_t i = 0; i < n->peers.n_known; i++) {
        const struct sw_peer *peer = n->peers.v[n->peers.by_name[i]];
        if (!sw_member_lives(&peer->member) && (is_free(peer) || is_linked(peer))) {
            whom[count++] = n->peers.by_name[i];
        }
    }
    const size_t peers = count;
    for (size_t i = 0; i < n->config->n_join; i++) {
        if (!is_taken(n, n->config->join[i])) {
            whom[count++] = (uint32_t)i;
        }
    }
    if (count == 0) {
        return;
    }
    const size_t at = sw_rng_below(&n->sync.rng, count);
    if (at < peers) {
        meet(n, whom[at]);
    } else {
        call_address(n, n->config->join[whom[at]]);
    }
}

/* With a neighbour that lives, drawn at random. */
static void compare_with_somebody(struct sw_node *n)
{
    const uint32_t *kept = sw_pool_kept(n);
    uint32_t *living = sw_arena_alloc(&n->scratch, n->pool.n_kept * sizeof *living);
    uint32_t count = 0;
    if (living == NULL) {
        n->out_of_memory = true;
        return;
    }
    for (uint32_t i = 0; i < n->pool.n_kept; i++) {
        if (sw_member_lives(&n->peers.v[kept[i]]->member)) {
            living[count++] = kept[i];
        }
    }
    if (count == 0) {
        return;
    }
    meet(n, living[sw_rng_below(&n->sync.rng, count)]);
}

static void wait(struct sw_node *n)
{
    struct sw_sync *s = &n->sync;
    sw_dur every = sw_sync_every(n->peers.n_live);
    s->alone = n->peers.n_live > 0 ? 0 : s->alone + 1;
    if (s->alone > 0 && s->alone < SW_JOIN_QUICK) {
        every = SW_JOIN_EVERY;
    }
    every = every / 2 + sw_rng_below(&n->sync.rng, every) + 1;
    if (sw_heap_set(&n->timers, &n->sync.timer, n->now + every) != SW_OK) {
        n->out_of_memory = true; /* the beat sets it again */
    }
}

void sw_sync_begin(struct sw_node *n)
{
    n->sync.timer.kind = SW_TIMER_SYNC;
    if (n->sync.timer.pos == 0) {
        wait(n);
    }
}

void sw_sync_due(struct sw_node *n)
{
    if (n->state != SW_STATE_DRAINING) {
        n->held.announce = true; /* the space that is free may have changed */
        compare_with_somebody(n);
        call_somebody(n);
    }
    wait(n);
}
