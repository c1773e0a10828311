/* SPDX-License-Identifier: GPL-3.0-or-later
 * Transfers to holders. */
#include "node/core/backup/put.h"

#include <stdlib.h>
#include <string.h>

#include "node/core/backup/loop.h"
#include "node/core/backup/store.h"
#include "node/core/proto/job.pb-c.h"

static struct sw_spread_object *object_of(const struct sw_put *p)
{
    return &p->spread->objects[p->object];
}

static struct sw_put *by_number(const struct sw_backup *b, uint64_t number)
{
    struct sw_put *p = b->replicate.puts;
    while (p != NULL && p->number != number) {
        p = p->next;
    }
    return p;
}

static struct sw_put *by_name(const struct sw_backup *b, const struct sw_holder *h,
                              ProtobufCBinaryData name)
{
    struct sw_digest d;
    if (!sw_digest_from(name, &d)) {
        return NULL;
    }
    struct sw_put *p = b->replicate.puts;
    while (p != NULL && (p->holder != h || memcmp(object_of(p)->name.b, d.b, SW_DIGEST_LEN) != 0)) {
        p = p->next;
    }
    return p;
}

static void end(struct sw_backup *b, struct sw_put *p)
{
    struct sw_put **at = &b->replicate.puts;
    while (*at != p) {
        at = &(*at)->next;
    }
    *at = p->next;
    b->replicate.n_puts--;
    p->holder->puts--;
    object_of(p)->puts--;
    free(p);
}

/* The holder gets nothing new for a while; the object goes elsewhere. */
static void give_up(struct sw_backup *b, struct sw_put *p, sw_dur avoid)
{
    p->holder->avoid = sw_backup_now(b) + avoid;
    object_of(p)->stalled = false;
    end(b, p);
}

/* The holder has it, on disk. */
static void arrived(struct sw_backup *b, struct sw_put *p)
{
    struct sw_spread_object *o = object_of(p);
    SW_ASSERT(o->n_holders < SW_COPIES_MAX);
    o->holders[o->n_holders++] = p->holder;
    o->changed = true;
    sw_backup_trace(b, SW_TRACE_OBJECT_STORED, &p->holder->name, &o->name, o->size,
                    p->spread->o.sequence, p->spread->o.set.s);
    end(b, p);
}

static void progress(struct sw_backup *b, struct sw_put *p)
{
    p->deadline = sw_backup_now(b) + SW_PUT_PATIENCE;
}

bool sw_put_begin(struct sw_backup *b, struct sw_spread *s, uint32_t object, struct sw_holder *h)
{
    struct sw_put *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return false;
    }
    p->number = ++b->replicate.n_begun;
    p->spread = s;
    p->object = object;
    p->holder = h;
    p->asking = s->objects[object].reused;
    p->next = b->replicate.puts;
    if (p->asking) {
        const struct sw_get probe = { .name = s->objects[object].name };
        if (sw_send_get(b, h, &probe) != SW_OK) {
            free(p);
            return false;
        }
    }
    b->replicate.puts = p;
    b->replicate.n_puts++;
    h->puts++;
    s->objects[object].puts++;
    progress(b, p);
    return true;
}

static void send_part(struct sw_backup *b, struct sw_put *p, const Swarm__Job__FetchResult *r)
{
    struct sw_spread_object *o = object_of(p);
    Swarm__V1__ObjectPut m = SWARM__V1__OBJECT_PUT__INIT;
    m.name = (ProtobufCBinaryData){ SW_DIGEST_LEN, o->name.b };
    m.kind = (Swarm__V1__ObjectKind)o->kind;
    m.size = o->size;
    m.offset = p->sent;
    m.data = r->data;
    p->sent += r->data.len;
    if (sw_send_put(b, p->holder, &m) != SW_OK) {
        give_up(b, p, SW_AVOID);
    }
}

static void read_done(struct sw_backup *b, struct sw_ticket *t, const struct sw_job *job)
{
    struct sw_put *p = by_number(b, t->tag);
    if (p == NULL) {
        return; /* given up meanwhile */
    }
    Swarm__Job__FetchResult *r =
        job->status == SW_OK ? swarm__job__fetch_result__unpack(NULL, job->out.len, job->out.data)
                             : NULL;
    p->reading = false;
    if (r != NULL && r->data.len > 0 && r->size == object_of(p)->size) {
        send_part(b, p, r);
    } else { /* what we promised to keep is not there as we wrote it */
        sw_spread_fail(b, p->spread, SW_BACKUP_INTERNAL,
                       job->status != SW_OK ? job->status : SW_ERR_IO,
                       "the store lost an object of this snapshot");
    }
    if (r != NULL) {
        swarm__job__fetch_result__free_unpacked(r, NULL);
    }
    sw_replicate_pump(b);
}

static bool may_read(const struct sw_backup *b, const struct sw_put *p)
{
    return !p->asking && !p->reading && !p->holder->blocked && p->sent < object_of(p)->size &&
           p->sent - p->acked < SW_PUT_WINDOW &&
           (p->sent == p->acked || !SW_BUGGIFY(b->host.buggify, put_window));
}

static bool read_part(struct sw_backup *b, struct sw_put *p)
{
    Swarm__Job__FetchJob j = SWARM__JOB__FETCH_JOB__INIT;
    const struct sw_ticket t = { .done = read_done, .tag = p->number };
    j.store = b->store;
    j.name = (ProtobufCBinaryData){ SW_DIGEST_LEN, object_of(p)->name.b };
    j.offset = p->sent;
    j.length = SW_BUGGIFY(b->host.buggify, put_short) ? SW_PART_MAX / 64 : SW_PART_MAX;
    return sw_ticket_submit(b, SW_JOB_FETCH, &j.base, &t, NULL) == SW_OK;
}

void sw_put_pump(struct sw_backup *b)
{
    for (struct sw_put *p = b->replicate.puts; p != NULL; p = p->next) {
        if (may_read(b, p)) {
            p->reading = read_part(b, p); /* without memory: the next event tries again */
        }
    }
}

void sw_put_drop_spread(struct sw_backup *b, const struct sw_spread *s)
{
    for (struct sw_put *p = b->replicate.puts; p != NULL;) {
        struct sw_put *next = p->next;
        if (p->spread == s) {
            end(b, p);
        }
        p = next;
    }
}

void sw_replicate_stored(struct sw_backup *b, struct sw_holder *h, const Swarm__V1__ObjectStored *m)
{
    struct sw_put *p = by_name(b, h, m->name);
    if (p == NULL || p->asking || p->sent == 0) {
        return; /* of a transfer that was given up */
    }
    if (m->status != SW_OK) {
        give_up(b, p, m->status == SW_ERR_FULL ? SW_AVOID_FULL : SW_AVOID);
    } else if (m->offset == object_of(p)->size) {
        arrived(b, p);
    } else if (m->offset > p->acked && m->offset <= p->sent) {
        p->acked = m->offset;
        progress(b, p);
    }
    sw_replicate_pump(b);
}

bool sw_replicate_data(struct sw_backup *b, struct sw_holder *h, const Swarm__V1__ObjectData *m)
{
    struct sw_put *p = by_name(b, h, m->name);
    if (p == NULL || !p->asking) {
        return false;
    }
    if (m->status == SW_OK && m->size == object_of(p)->size) {
        arrived(b, p);
    } else if (m->status == SW_ERR_NOTFOUND) {
        p->asking = false;
        progress(b, p);
    } else {
        give_up(b, p, SW_AVOID);
    }
    sw_replicate_pump(b);
    return true;
}

void sw_replicate_peer_down(struct sw_backup *b, struct sw_holder *h)
{
    for (struct sw_put *p = b->replicate.puts; p != NULL;) {
        struct sw_put *next = p->next;
        if (p->holder == h) {
            object_of(p)->stalled = false;
            end(b, p);
        }
        p = next;
    }
}

void sw_replicate_tick(struct sw_backup *b)
{
    const sw_time now = sw_backup_now(b);
    bool again = b->replicate.retry_at != 0 && b->replicate.retry_at <= now;
    for (struct sw_put *p = b->replicate.puts; p != NULL;) {
        struct sw_put *next = p->next;
        if (p->deadline <= now) {
            give_up(b, p, SW_AVOID);
        }
        p = next;
    }
    for (struct sw_holder *h = sw_holder_next(b, NULL); h != NULL; h = sw_holder_next(b, h)) {
        if (h->avoid != 0 && h->avoid <= now) {
            h->avoid = 0;
            again = true;
        }
    }
    if (again) {
        b->replicate.retry_at = 0;
        sw_replicate_retry(b);
    }
    sw_replicate_pump(b);
}

sw_time sw_replicate_deadline(const struct sw_backup *b)
{
    sw_time first = b->replicate.retry_at != 0 ? b->replicate.retry_at : SW_TIME_NEVER;
    for (const struct sw_put *p = b->replicate.puts; p != NULL; p = p->next) {
        first = p->deadline < first ? p->deadline : first;
    }
    const bool spreading = b->replicate.spreads != NULL;
    for (const struct sw_holder *h = spreading ? sw_holder_next(b, NULL) : NULL; h != NULL;
         h = sw_holder_next(b, h)) {
        first = h->avoid != 0 && h->avoid < first ? h->avoid : first;
    }
    return first;
}
