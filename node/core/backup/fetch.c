/* SPDX-License-Identifier: GPL-3.0-or-later
 * ObjectGet to ObjectData to STORE, a window of parts at a time. */
#include "node/core/backup/fetch.h"

#include <stdlib.h>
#include <string.h>

#include "algorithms/place/place.h"
#include "node/core/backup/loop.h"
#include "node/core/backup/store.h"
#include "node/core/proto/job.pb-c.h"

struct sw_fetch {
    struct sw_fetch *next;
    uint64_t number;
    struct sw_wanted *wanted;
    struct sw_holder *holder;
    uint64_t asked, received, kept; /* bytes */
    bool refused;                   /* the rest is not wanted: ends when its jobs are done */
    uint32_t jobs;
    sw_time deadline;
};

static struct sw_fetch *by_number(const struct sw_backup *b, uint64_t number)
{
    struct sw_fetch *f = b->recovers.fetches;
    while (f != NULL && f->number != number) {
        f = f->next;
    }
    return f;
}

static void unlink_fetch(struct sw_recovers *r, struct sw_fetch *f)
{
    struct sw_fetch **at = &r->fetches;
    while (*at != f) {
        at = &(*at)->next;
    }
    *at = f->next;
    r->n_fetches--;
    f->holder->fetches--;
    f->wanted->fetching = false;
    free(f);
}

void sw_fetch_drop(struct sw_recovers *r)
{
    while (r->fetches != NULL) {
        unlink_fetch(r, r->fetches);
    }
}

/* Another holder, please.  Parts that are being written must be done first: the next attempt
 * begins the same file anew. */
static void give_up(struct sw_backup *b, struct sw_fetch *f)
{
    f->refused = true;
    if (f->jobs == 0) {
        unlink_fetch(&b->recovers, f);
    }
}

/* ---- asking ---- */

static bool ask(struct sw_backup *b, struct sw_fetch *f)
{
    const uint64_t size = f->wanted->size;
    while (!f->refused && (f->asked == 0 || f->asked < size) &&
           f->asked - f->kept < SW_FETCH_WINDOW) {
        const uint64_t left = size > 0 ? size - f->asked : SW_PART_MAX;
        const uint64_t most =
            SW_BUGGIFY(b->host.buggify, fetch_short) ? SW_PART_MAX / 2 : SW_PART_MAX;
        const struct sw_get g = { .name = f->wanted->name,
                                  .offset = f->asked,
                                  .length = (uint32_t)(left < most ? left : most) };
        if (sw_send_get(b, f->holder, &g) != SW_OK) {
            return false;
        }
        f->asked += g.length;
    }
    return true;
}

static bool was_tried(const struct sw_wanted *w, const struct sw_holder *h)
{
    for (uint32_t i = 0; i < w->n_tried; i++) {
        if (w->tried[i] == h) {
            return true;
        }
    }
    return false;
}

/* Whom placement would have chosen first among those not tried. */
static struct sw_holder *choose(const struct sw_backup *b, const struct sw_wanted *w, bool *busy)
{
    const size_t cap = b->holders.by_name.count;
    struct sw_place_node *nodes = calloc(cap + 1, sizeof *nodes);
    struct sw_holder **who = calloc(cap + 1, sizeof(void *));
    struct sw_holder *best = NULL;
    struct sw_place place;
    size_t n = 0;
    struct sw_place_request q = { .object = w->name, .self = *sw_recover_source(b), .copies = 1 };
    for (struct sw_holder *h = sw_holder_next(b, NULL); nodes != NULL && who != NULL && h != NULL;
         h = sw_holder_next(b, h)) {
        if (sw_name_equal(&h->name, &q.self)) {
            q.region = h->region;
        }
        if (h->known && h->up && !was_tried(w, h)) {
            *busy = *busy || h->fetches >= SW_FETCHES_PER_PEER;
            nodes[n] = (struct sw_place_node){ h->name, h->region, true, UINT64_MAX };
            who[n++] = h;
        }
    }
    if (n > 0) {
        sw_place_choose(&q, nodes, n, &place);
        /* the source is never chosen by placement; when all else was tried, it is asked */
        best = place.n > 0 ? who[place.chosen[0]] : who[0];
        best = best->fetches < SW_FETCHES_PER_PEER ? best : NULL;
    }
    free(nodes);
    free(who);
    return best;
}

static bool begin(struct sw_backup *b, struct sw_wanted *w, struct sw_holder *h)
{
    struct sw_fetch *f = calloc(1, sizeof *f);
    if (f == NULL) {
        return false;
    }
    f->number = ++b->recovers.n_begun;
    f->wanted = w;
    f->holder = h;
    f->deadline = sw_backup_now(b) + SW_FETCH_PATIENCE;
    f->next = b->recovers.fetches;
    b->recovers.fetches = f;
    b->recovers.n_fetches++;
    h->fetches++;
    w->fetching = true;
    if (w->kind == SWARM__V1__OBJECT_KIND__OBJECT_MANIFEST) {
        w->size = 0; /* what another said of it may be wrong */
    }
    w->tried[w->n_tried++] = h;
    if (!ask(b, f)) {
        give_up(b, f);
    }
    return true;
}

/* Everybody was asked in vain: again in a moment, or not at all. */
static void round_over(struct sw_backup *b, struct sw_wanted *w)
{
    w->n_tried = 0;
    w->rounds++;
    w->missing = w->rounds == SW_FETCH_ROUNDS;
    w->not_before = sw_backup_now(b) + SW_FETCH_PAUSE;
}

bool sw_fetch_pump(struct sw_backup *b, struct sw_wanted *wanted, size_t n)
{
    const sw_time now = sw_backup_now(b);
    bool settled = true;
    for (size_t i = 0; i < n; i++) {
        struct sw_wanted *w = &wanted[i];
        if (w->here || w->missing) {
            continue;
        }
        while (!w->fetching && !w->missing && w->not_before <= now &&
               b->recovers.n_fetches < SW_FETCHES_MAX) {
            bool busy = false;
            struct sw_holder *h = w->n_tried < SW_FETCH_TRIED ? choose(b, w, &busy) : NULL;
            if (h == NULL && busy) {
                break; /* its turn comes */
            }
            if (h == NULL) {
                round_over(b, w);
            } else if (!begin(b, w, h)) { /* memory is short: later */
                w->not_before = now + SW_FETCH_PAUSE;
            }
        }
        settled = settled && w->missing && !w->fetching;
    }
    return settled;
}

/* ---- parts ---- */

static void note_kept(struct sw_backup *b, const struct sw_fetch *f,
                      const Swarm__Job__StoreResult *r)
{
    struct sw_stocked o = { .name = f->wanted->name,
                            .size = f->wanted->size,
                            .kind = f->wanted->kind,
                            .sequence = r->sequence,
                            .taken_at = r->taken_at };
    (void)sw_name_from(r->node, &o.node);
    (void)sw_name_from(r->set, &o.set);
    (void)sw_stock_add(&b->stock, &o);
    f->wanted->here = true;
}

static void kept(struct sw_backup *b, struct sw_ticket *t, const struct sw_job *job)
{
    struct sw_fetch *f = by_number(b, t->tag);
    if (f == NULL) {
        return; /* the restore ended */
    }
    Swarm__Job__StoreResult *r =
        job->status == SW_OK ? swarm__job__store_result__unpack(NULL, job->out.len, job->out.data)
                             : NULL;
    const struct sw_holder *from = f->holder;
    uint64_t delivered = 0;
    f->jobs--;
    if (r == NULL) {
        give_up(b, f);
    } else if (r->complete) {
        delivered = f->wanted->size;
        note_kept(b, f, r);
        give_up(b, f);
    } else {
        f->kept = r->kept > f->kept ? r->kept : f->kept;
        if (f->refused || !ask(b, f)) {
            give_up(b, f);
        }
    }
    if (r != NULL) {
        swarm__job__store_result__free_unpacked(r, NULL);
    }
    sw_recover_fetched(b, from, delivered);
}

static bool keep(struct sw_backup *b, struct sw_fetch *f, ProtobufCBinaryData data)
{
    Swarm__Job__StoreJob j = SWARM__JOB__STORE_JOB__INIT;
    const struct sw_ticket t = { .done = kept, .tag = f->number };
    j.store = b->store;
    j.name = (ProtobufCBinaryData){ SW_DIGEST_LEN, f->wanted->name.b };
    j.kind = f->wanted->kind;
    j.size = f->wanted->size;
    j.offset = f->received;
    j.data = data;
    return sw_ticket_submit(b, SW_JOB_STORE, &j.base, &t, NULL) == SW_OK;
}

/* Is it the part that we asked for? */
static bool fits(struct sw_fetch *f, const Swarm__V1__ObjectData *m)
{
    struct sw_wanted *w = f->wanted;
    if (m->status != SW_OK || m->offset != f->received || m->data.len == 0 ||
        m->data.len > SW_PART_MAX || m->size > sw_store_largest(w->kind)) {
        return false;
    }
    if (w->size == 0) { /* a manifest: its name will prove it right or wrong */
        w->size = m->size;
        f->asked = f->asked < w->size ? f->asked : w->size;
    }
    return m->size == w->size && m->data.len <= f->asked - f->received;
}

bool sw_fetch_data(struct sw_backup *b, struct sw_holder *h, const Swarm__V1__ObjectData *m)
{
    struct sw_digest name;
    struct sw_fetch *f = b->recovers.fetches;
    if (!sw_digest_from(m->name, &name)) {
        return false;
    }
    while (f != NULL && (f->holder != h || memcmp(f->wanted->name.b, name.b, SW_DIGEST_LEN) != 0)) {
        f = f->next;
    }
    if (f == NULL || f->refused) {
        return f != NULL;
    }
    if (!fits(f, m) || !keep(b, f, m->data)) {
        give_up(b, f);
        sw_recover_fetched(b, h, 0);
        return true;
    }
    f->jobs++;
    f->received += m->data.len;
    f->deadline = sw_backup_now(b) + SW_FETCH_PATIENCE;
    if (!ask(b, f)) {
        give_up(b, f);
        sw_recover_fetched(b, h, 0);
    }
    return true;
}

void sw_fetch_peer_down(struct sw_backup *b, const struct sw_holder *h)
{
    for (struct sw_fetch *f = b->recovers.fetches; f != NULL;) {
        struct sw_fetch *next = f->next;
        if (f->holder == h) {
            give_up(b, f);
        }
        f = next;
    }
}

void sw_fetch_tick(struct sw_backup *b)
{
    const sw_time now = sw_backup_now(b);
    for (struct sw_fetch *f = b->recovers.fetches; f != NULL;) {
        struct sw_fetch *next = f->next;
        if (f->jobs == 0 && f->deadline <= now) {
            give_up(b, f);
        }
        f = next;
    }
}

sw_time sw_fetch_deadline(const struct sw_backup *b, const struct sw_wanted *wanted, size_t n)
{
    const sw_time now = sw_backup_now(b);
    sw_time first = SW_TIME_NEVER;
    for (const struct sw_fetch *f = b->recovers.fetches; f != NULL; f = f->next) {
        first = f->jobs == 0 && f->deadline < first ? f->deadline : first;
    }
    for (size_t i = 0; i < n; i++) {
        const struct sw_wanted *w = &wanted[i];
        if (!w->here && !w->missing && !w->fetching && w->not_before > now &&
            w->not_before < first) {
            first = w->not_before;
        }
    }
    return first;
}
