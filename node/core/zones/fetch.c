/* SPDX-License-Identifier: GPL-3.0-or-later
 * A backup gets a newer version of a zone. */
#include "node/core/zones/fetch.h"

#include "node/core/dns/content.h"

#include "node/core/emit.h"
#include "node/core/jobs.h"
#include "node/core/node_state.h"
#include "node/core/proto/job.pb-c.h"
#include "node/core/swarm/link.h"

#include <string.h>

#define SILENCE (10 * SW_SEC) /* a holder that says nothing for so long has failed */
#define AGAIN (1 * SW_SEC)    /* after its first failure; doubles */
#define AGAIN_DOUBLED 6U
#define LIAR_AGAIN (5 * SW_MIN) /* what came was not what it said */
#define DISK_AGAIN (10 * SW_SEC)
/* No epoch can be so far ahead: operators begin them by hand. */
#define EPOCHS_AHEAD (UINT64_C(1) << 20)

void sw_zone_fetch_init(struct sw_zone_fetch *f)
{
    *f = (struct sw_zone_fetch){ .from = SW_PEER_NONE, .via = SW_PEER_NONE };
}

void sw_zone_fetch_fini(struct sw_zone_fetch *f)
{
    sw_blob_fini(&f->data);
}

void sw_zone_version_say(const struct sw_zone_version *v, Swarm__V1__ZoneHeld *out)
{
    swarm__v1__zone_held__init(out);
    out->serial = v->serial;
    out->epoch = v->epoch;
    out->digest = (ProtobufCBinaryData){ SW_ZONEMD_LEN, (uint8_t *)(uintptr_t)v->digest };
}

bool sw_zone_version_hear(const Swarm__V1__ZoneHeld *said, struct sw_zone_version *out)
{
    if (said == NULL || said->digest.len != SW_ZONEMD_LEN || said->epoch > SW_EPOCH_MOST) {
        return false;
    }
    out->serial = said->serial;
    out->epoch = said->epoch;
    memcpy(out->digest, said->digest.data, SW_ZONEMD_LEN);
    return true;
}

static const char *name_of(const struct sw_node *n, const struct sw_held_zone *z)
{
    return n->config->zones[z->config].name;
}

/* ---- whom to ask ---- */

/* Is it for us to dial @h, and could we now? */
static bool may_dial(const struct sw_node *n, const struct sw_holder *h)
{
    const struct sw_peer *peer = n->peers.v[h->peer];
    const struct sw_link *link = &peer->link[SW_CLASS_BULK];
    return !sw_pool_is_mesh(n) && link->conn == 0 && !link->dialling && link->timer.pos == 0 &&
           sw_member_lives(&peer->member) && h->not_before <= n->now;
}

/* Can @h be asked now?  @via: the relay to ask where it is cut off, or SW_PEER_NONE. */
static bool reachable(struct sw_node *n, const struct sw_holder *h, uint32_t *via)
{
    const struct sw_link *link = &n->peers.v[h->peer]->link[SW_CLASS_BULK];
    *via = SW_PEER_NONE;
    if (h->not_before > n->now) {
        return false;
    }
    if (sw_relay_is_cut_off(n, h->peer)) {
        sw_relay_want(n, h->peer);
        *via = sw_relay_for_bulk(n, h->peer);
    }
    return *via != SW_PEER_NONE || (link->conn != 0 && link->greeted);
}

/* Is @a nearer than @b?  By round trip as the router measured it; where it has not, those of our
 * region first. */
static bool nearer(const struct sw_node *n, uint32_t a, uint32_t b)
{
    const struct sw_peer *x = n->peers.v[a];
    const struct sw_peer *y = n->peers.v[b];
    if (x->srtt != 0 && y->srtt != 0 && x->srtt != y->srtt) {
        return x->srtt < y->srtt;
    }
    const bool x_here = strcmp(x->region.s, n->config->region.s) == 0;
    const bool y_here = strcmp(y->region.s, n->config->region.s) == 0;
    return x_here != y_here ? x_here : strcmp(x->name.s, y->name.s) < 0;
}

static void report(struct sw_node *n, const struct sw_held_zone *z, struct sw_holder *h,
                   enum sw_trace_kind kind)
{
    if (!h->conflict) {
        h->conflict = true;
        sw_emit_trace(n, kind, &n->peers.v[h->peer]->name, h->version.serial, h->version.epoch,
                      name_of(n, z));
    }
}

/* What @h holds is not what we hold, under the same numbers: what was verified first stays. */
static void note_conflict(struct sw_node *n, const struct sw_held_zone *z, struct sw_holder *h)
{
    if (z->box != NULL && sw_version_equal(&h->version, &z->box->version) &&
        !sw_version_same(&h->version, &z->box->version)) {
        report(n, z, h, SW_TRACE_ZONE_CONFLICT);
    }
}

/* Is there something newer at @h?  An epoch that can't be is none. */
static bool wanted(struct sw_node *n, const struct sw_held_zone *z, struct sw_holder *h)
{
    if (z->box == NULL) {
        return true;
    }
    if (!sw_held_newer(n, &h->version, &z->box->version)) {
        return false;
    }
    if (h->version.epoch > z->box->version.epoch &&
        h->version.epoch - z->box->version.epoch > EPOCHS_AHEAD) {
        report(n, z, h, SW_TRACE_ZONE_DOUBTED);
        return false;
    }
    return true;
}

/* A holder that can be asked. */
struct source {
    struct sw_holder *holder; /* NULL: there is none */
    uint32_t via;
};

/* Is @a better than @b: newer, or as new and asked directly, or as both and nearer? */
static bool better(const struct sw_node *n, const struct source *a, const struct source *b)
{
    const bool a_directly = a->via == SW_PEER_NONE;
    const bool b_directly = b->via == SW_PEER_NONE;
    if (b->holder == NULL || sw_version_newer(&a->holder->version, &b->holder->version)) {
        return true;
    }
    if (sw_version_newer(&b->holder->version, &a->holder->version)) {
        return false;
    }
    return a_directly != b_directly ? a_directly : nearer(n, a->holder->peer, b->holder->peer);
}

/* Where to get the newest version that we want and can get now. */
static struct source choose(struct sw_node *n, const struct sw_held_zone *z,
                            const struct sw_known_zone *known)
{
    struct source best = { NULL, SW_PEER_NONE };
    struct source stranger = best; /* to be dialled */
    for (uint32_t i = 0; i < known->n_holders; i++) {
        struct source s = { &known->holders[i], SW_PEER_NONE };
        note_conflict(n, z, s.holder);
        if (!wanted(n, z, s.holder)) {
            continue;
        }
        if (!reachable(n, s.holder, &s.via)) {
            stranger = may_dial(n, s.holder) && better(n, &s, &stranger) ? s : stranger;
        } else if (better(n, &s, &best)) {
            best = s;
        }
    }
    if (best.holder == NULL && stranger.holder != NULL) {
        sw_link_want(n, stranger.holder->peer,
                     SW_CLASS_BULK); /* when it stands we are asked again */
    }
    return best;
}

/* ---- asking ---- */

/* By whose connection parts come. */
static uint32_t asked(const struct sw_zone_fetch *f)
{
    return f->via != SW_PEER_NONE ? f->via : f->from;
}

static bool ask_part(struct sw_node *n, const struct sw_held_zone *z, uint64_t offset)
{
    const struct sw_zone_fetch *f = &z->fetch;
    Swarm__V1__ZoneHeld want;
    Swarm__V1__ZoneHeld have;
    Swarm__V1__ZoneGet get = SWARM__V1__ZONE_GET__INIT;
    Swarm__V1__ZoneTransfer t = SWARM__V1__ZONE_TRANSFER__INIT;
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    struct sw_name origin = n->config->name;
    struct sw_name target = n->peers.v[f->from]->name;
    sw_zone_version_say(&f->version, &want);
    if (f->via != SW_PEER_NONE) {
        get.hops = 1;
        get.origin = origin.s;
        get.target = target.s;
    }
    get.name = (ProtobufCBinaryData){ sw_dname_len(z->name), (uint8_t *)(uintptr_t)z->name };
    get.want = &want;
    get.offset = offset;
    if (f->has_base) {
        sw_zone_version_say(&f->base, &have);
        get.have = &have;
    }
    t.get = &get;
    e.body_case = SWARM__V1__ENVELOPE__BODY_ZONE_TRANSFER;
    e.zone_transfer = &t;
    return sw_emit_envelope(n, n->peers.v[asked(f)]->link[SW_CLASS_BULK].conn, &e);
}

/* Ask for as many parts as may be on their way. */
static void ask_more(struct sw_node *n, struct sw_held_zone *z)
{
    struct sw_zone_fetch *f = &z->fetch;
    while (f->asked < f->size && f->asked - f->data.len < SW_ZONE_WINDOW * SW_ZONE_PART &&
           ask_part(n, z, f->asked)) {
        f->asked += SW_ZONE_PART;
    }
}

static void stop(struct sw_zone_fetch *f)
{
    sw_blob_fini(&f->data);
    f->from = SW_PEER_NONE;
    f->via = SW_PEER_NONE;
    f->applying = false;
    f->begun = false;
    f->size = 0;
    f->asked = 0;
}

static uint32_t fetches(const struct sw_node *n)
{
    uint32_t count = 0;
    for (size_t i = 0; i < n->held.n; i++) {
        count += n->held.v[i]->fetch.from != SW_PEER_NONE;
    }
    return count;
}

void sw_zone_fetch_look(struct sw_node *n, struct sw_held_zone *z)
{
    struct sw_zone_fetch *f = &z->fetch;
    const struct sw_known_zone *known = sw_directory_zone(&n->directory, z->name);
    if (known == NULL || !z->settled || z->job != 0 || z->wanted || f->from != SW_PEER_NONE ||
        n->state == SW_STATE_DRAINING || (n->planted & SW_PLANTED_DEAF) != 0) {
        return;
    }
    const struct source source = choose(n, z, known);
    const struct sw_holder *h = source.holder;
    if (h == NULL || f->not_before > n->now || fetches(n) >= SW_FETCHES_MOST) {
        return;
    }
    const struct sw_name *peer = &n->peers.v[h->peer]->name;
    if (!sw_version_same(&f->told, &h->version)) {
        f->told = h->version;
        sw_emit_trace(n, SW_TRACE_ZONE_LEARNED, peer, h->version.serial, h->version.epoch,
                      name_of(n, z));
    }
    f->from = h->peer;
    f->via = source.via;
    f->version = h->version;
    f->has_base = z->box != NULL && !f->whole;
    f->base = z->box != NULL ? z->box->version : f->base;
    f->heard_at = n->now;
    f->asked = SW_ZONE_PART;
    sw_emit_trace(n, SW_TRACE_ZONE_FETCHING, peer, h->version.serial, h->version.epoch,
                  name_of(n, z));
    if (!ask_part(n, z, 0)) {
        stop(f);
    }
}

void sw_zone_fetch_heard(struct sw_node *n)
{
    if (!n->directory.heard) {
        return;
    }
    n->directory.heard = false;
    for (size_t i = 0; i < n->directory.n; i++) {
        struct sw_known_zone *known = n->directory.zones[i];
        struct sw_held_zone *z = known->heard ? sw_held_zone(&n->held, known->name) : NULL;
        known->heard = false;
        if (z != NULL) {
            sw_zone_fetch_look(n, z);
        }
    }
}

void sw_zone_fetch_reachable(struct sw_node *n)
{
    for (size_t i = 0; i < n->held.n; i++) {
        sw_zone_fetch_look(n, n->held.v[i]);
    }
}

/* ---- failures ---- */

static struct sw_holder *holder(const struct sw_node *n, const struct sw_held_zone *z)
{
    const struct sw_known_zone *known = sw_directory_zone(&n->directory, z->name);
    for (uint32_t i = 0; known != NULL && i < known->n_holders; i++) {
        if (known->holders[i].peer == z->fetch.from) {
            return &known->holders[i];
        }
    }
    return NULL;
}

/* Of what the holder does not know, for all we know. */
static bool is_relays_fault(const struct sw_zone_fetch *f, int err)
{
    return f->via != SW_PEER_NONE &&
           (err == SW_ERR_UNREACHABLE || err == SW_ERR_BUSY || err == SW_ERR_TIMEOUT);
}

/* The holder asked did not deliver: another one, or it once more after a while. */
static void fail(struct sw_node *n, struct sw_held_zone *z, int err)
{
    struct sw_zone_fetch *f = &z->fetch;
    struct sw_holder *h = holder(n, z);
    sw_emit_trace(n, SW_TRACE_ZONE_FETCH_FAILED, &n->peers.v[f->from]->name, (uint64_t)err,
                  f->version.serial, name_of(n, z));
    if (is_relays_fault(f, err)) {
        sw_relay_give_up(n, f->via, f->from);
    } else if (h != NULL) {
        const bool lied = err == SW_ERR_CRYPTO || err == SW_ERR_MALFORMED;
        const uint32_t doubled = h->failures < AGAIN_DOUBLED ? h->failures : AGAIN_DOUBLED;
        h->failures++;
        h->not_before = n->now + (lied ? LIAR_AGAIN : (sw_dur)AGAIN << doubled);
    }
    stop(f);
}

void sw_zone_fetch_lost(struct sw_node *n, uint32_t peer)
{
    for (size_t i = 0; i < n->held.n; i++) {
        struct sw_held_zone *z = n->held.v[i];
        if (z->fetch.from != SW_PEER_NONE && asked(&z->fetch) == peer && !z->fetch.applying) {
            fail(n, z, SW_ERR_UNREACHABLE);
            sw_zone_fetch_look(n, z);
        }
    }
}

void sw_zone_fetch_beat(struct sw_node *n)
{
    for (size_t i = 0; i < n->held.n; i++) {
        struct sw_held_zone *z = n->held.v[i];
        const struct sw_zone_fetch *f = &z->fetch;
        if (f->from != SW_PEER_NONE && !f->applying && n->now - f->heard_at >= SILENCE) {
            fail(n, z, SW_ERR_TIMEOUT);
        } else if (f->from != SW_PEER_NONE && f->applying && z->job == 0) {
            stop(&z->fetch); /* there was no memory for the job */
        }
        sw_zone_fetch_look(n, z);
    }
}

/* ---- what comes ---- */

static void apply(struct sw_node *n, struct sw_held_zone *z)
{
    struct sw_zone_fetch *f = &z->fetch;
    Swarm__Job__ZoneVersion version = SWARM__JOB__ZONE_VERSION__INIT;
    Swarm__Job__ZoneVersion from = SWARM__JOB__ZONE_VERSION__INIT;
    Swarm__Job__ZoneUpdateJob job = SWARM__JOB__ZONE_UPDATE_JOB__INIT;
    sw_emit_trace(n, SW_TRACE_ZONE_FETCHED, &n->peers.v[f->from]->name, f->data.len,
                  f->is_difference, name_of(n, z));
    version.epoch = f->version.epoch;
    version.serial = f->version.serial;
    version.digest = (ProtobufCBinaryData){ SW_ZONEMD_LEN, f->version.digest };
    job.name = n->config->zones[z->config].name;
    job.file = n->config->zones[z->config].file;
    job.copy = sw_held_copy(n, z);
    job.version = &version;
    job.difference = f->is_difference;
    job.data = (ProtobufCBinaryData){ f->data.len, f->data.data };
    job.primary = z->primary && (z->box == NULL || f->version.epoch == z->box->version.epoch);
    if (f->is_difference) {
        from.epoch = f->base.epoch;
        from.serial = f->base.serial;
        from.digest = (ProtobufCBinaryData){ SW_ZONEMD_LEN, f->base.digest };
        job.from = &from;
    }
    f->applying = job.copy != NULL && sw_jobs_submit_message(n, SW_JOB_ZONE_UPDATE, SW_STRAND_ZONES,
                                                             &job.base, &z->job) == SW_OK;
    if (f->applying) {
        sw_blob_fini(&f->data);
    } else {
        stop(f); /* the beat looks again */
    }
}

void sw_zone_fetch_done(struct sw_node *n, struct sw_held_zone *z, int err)
{
    struct sw_zone_fetch *f = &z->fetch;
    if (!f->applying) {
        return; /* of a configuration before */
    }
    f->whole = err == SW_ERR_STATE;
    struct sw_holder *h = holder(n, z);
    if (err == SW_OK && h != NULL) {
        h->failures = 0;
    }
    if (err == SW_ERR_CRYPTO || err == SW_ERR_MALFORMED || err == SW_ERR_RANGE) {
        fail(n, z, SW_ERR_CRYPTO);
        return;
    }
    stop(f);
    if (err != SW_OK && err != SW_ERR_STATE) {
        f->not_before = n->now + DISK_AGAIN;
    }
}

/* Did what we hold change since we asked? */
static bool overtaken(const struct sw_held_zone *z)
{
    const struct sw_zone_fetch *f = &z->fetch;
    return z->box != NULL && f->has_base && !sw_version_same(&z->box->version, &f->base);
}

/* Is @d the next part of what was asked for?  A late one of an earlier attempt is not. */
static bool expected(const struct sw_held_zone *z, const struct sw_link *link,
                     const Swarm__V1__ZoneData *d)
{
    struct sw_zone_version version;
    const struct sw_zone_fetch *f = &z->fetch;
    return f->from != SW_PEER_NONE && asked(f) == link->peer && !f->applying &&
           sw_zone_version_hear(d->version, &version) && sw_version_same(&version, &f->version);
}

/* Could such a part be? */
static bool possible(const struct sw_zone_fetch *f, const Swarm__V1__ZoneData *d)
{
    if (d->difference) {
        return !f->begun && f->has_base && d->offset == 0 && d->size == d->data.len &&
               d->size <= SW_HISTORY_MOST && d->size > 0;
    }
    return d->size > 0 && d->size <= SW_CONTENT_MAX && (!f->begun || d->size == f->size) &&
           d->offset == f->data.len && d->data.len > 0 && d->data.len <= SW_ZONE_PART &&
           d->data.len <= d->size - d->offset;
}

int sw_zone_fetch_data(struct sw_node *n, const struct sw_link *link, const Swarm__V1__ZoneData *d)
{
    uint8_t name[SW_DNAME_MAX];
    if (d->name.len > sizeof name || sw_dname_check(d->name.data, d->name.len) != d->name.len ||
        d->name.len == 0) {
        return SW_ERR_MALFORMED;
    }
    if (d->id != 0) {
        sw_zone_carry_data(n, link, d);
        return SW_OK;
    }
    memcpy(name, d->name.data, d->name.len);
    struct sw_held_zone *z = sw_held_zone(&n->held, name);
    if (z == NULL || !expected(z, link, d)) {
        return SW_OK;
    }
    struct sw_zone_fetch *f = &z->fetch;
    if (d->status != SW_OK || !possible(f, d)) {
        fail(n, z, d->status < 0 ? d->status : SW_ERR_MALFORMED);
        sw_zone_fetch_look(n, z);
        return SW_OK;
    }
    if (sw_blob_append(&f->data, d->data.data, d->data.len) != SW_OK) {
        n->out_of_memory = true;
        stop(f);
        return SW_OK;
    }
    f->begun = true;
    f->is_difference = d->difference != 0;
    f->size = d->size;
    f->heard_at = n->now;
    if (f->data.len == f->size && (z->job != 0 || overtaken(z))) {
        stop(f); /* look again once the job is done */
    } else if (f->data.len == f->size) {
        apply(n, z);
    } else {
        ask_more(n, z);
    }
    return SW_OK;
}
