/* SPDX-License-Identifier: GPL-3.0-or-later
 * ObjectPut to STORE to ObjectStored; ObjectGet to FETCH to ObjectData; HeadsGet to Heads. */
#include "node/core/backup/serve.h"

#include <stdlib.h>
#include <string.h>

#include "node/core/backup/loop.h"
#include "node/core/backup/store.h"
#include "node/core/proto/job.pb-c.h"

/* An object on its way here. */
struct incoming {
    uint64_t number; /* of sw_serve.begun */
    struct sw_name peer;
    struct sw_digest name;
    uint64_t size;
    uint32_t kind;
    uint64_t received; /* bytes of parts that came */
    uint32_t jobs;     /* parts submitted and not done */
    bool refused;      /* the rest is not wanted */
    sw_time heard;     /* when a part last came */
};

struct incoming_key {
    uint8_t b[sizeof(struct sw_name) + SW_DIGEST_LEN];
};

static struct incoming_key key_of(const struct sw_name *peer, const struct sw_digest *name)
{
    struct incoming_key k;
    memcpy(k.b, peer->s, sizeof peer->s);
    memcpy(k.b + sizeof peer->s, name->b, SW_DIGEST_LEN);
    return k;
}

static struct incoming *find(const struct sw_backup *b, const struct sw_name *peer,
                             const struct sw_digest *name)
{
    const struct incoming_key k = key_of(peer, name);
    return sw_map_get(&b->serve.incoming, (struct sw_bytes){ k.b, sizeof k.b });
}

static void forget(struct sw_backup *b, struct incoming *in)
{
    struct sw_holder *h = sw_holder_find(b, &in->peer);
    const struct incoming_key k = key_of(&in->peer, &in->name);
    (void)sw_map_del(&b->serve.incoming, (struct sw_bytes){ k.b, sizeof k.b });
    b->serve.reserved -= in->size;
    if (h != NULL && h->incoming > 0) {
        h->incoming--;
    }
    free(in);
}

/* May this object begin?  0 or why not. */
static int admit(const struct sw_backup *b, const struct sw_holder *h, uint64_t size)
{
    const uint64_t capacity = b->cfg->capacity;
    if (b->draining || h->incoming >= SW_INCOMING_PER_PEER ||
        SW_BUGGIFY(b->host.buggify, put_refused)) {
        return SW_ERR_BUSY;
    }
    if (capacity != 0 && (b->stock.bytes + b->serve.reserved > capacity ||
                          size > capacity - b->stock.bytes - b->serve.reserved)) {
        return SW_ERR_FULL;
    }
    return SW_OK;
}

static int begin(struct sw_backup *b, struct sw_holder *h, const struct sw_digest *name,
                 const Swarm__V1__ObjectPut *m, struct incoming **out)
{
    const struct incoming_key k = key_of(&h->name, name);
    const int err = admit(b, h, m->size);
    struct incoming *in = err == SW_OK ? calloc(1, sizeof *in) : NULL;
    if (in == NULL) {
        return err != SW_OK ? err : SW_ERR_NOMEM;
    }
    *in = (struct incoming){ .number = ++b->serve.begun,
                             .peer = h->name,
                             .name = *name,
                             .size = m->size,
                             .kind = (uint32_t)m->kind };
    if (sw_map_put(&b->serve.incoming, (struct sw_bytes){ k.b, sizeof k.b }, in, NULL) != SW_OK) {
        free(in);
        return SW_ERR_NOMEM;
    }
    b->serve.reserved += in->size;
    h->incoming++;
    *out = in;
    return SW_OK;
}

static void kept(struct sw_backup *b, struct incoming *in, const Swarm__Job__StoreResult *r)
{
    struct sw_stocked o = { .name = in->name,
                            .size = in->size,
                            .kind = in->kind,
                            .sequence = r->sequence,
                            .taken_at = r->taken_at };
    (void)sw_name_from(r->node, &o.node);
    (void)sw_name_from(r->set, &o.set);
    (void)sw_stock_add(&b->stock, &o); /* without memory: known again after the next inventory */
    sw_backup_trace(b, SW_TRACE_OBJECT_KEPT, &in->peer, &in->name, in->size, 0, NULL);
}

/* The disk has dealt with a part of @in. */
static void part_settled(struct sw_backup *b, struct incoming *in, int status,
                         const Swarm__Job__StoreResult *r)
{
    struct sw_holder *h = sw_holder_find(b, &in->peer);
    const bool complete = status == SW_OK && r->complete;
    in->jobs--;
    if (complete) {
        kept(b, in, r);
    }
    if (h != NULL && !in->refused) {
        (void)sw_send_stored(b, h, &in->name, status, r != NULL ? r->kept : 0);
        in->refused = status != SW_OK;
    }
    if (in->jobs == 0 && (in->refused || complete)) {
        forget(b, in);
    }
}

static void part_done(struct sw_backup *b, struct sw_ticket *t, const struct sw_job *job)
{
    struct incoming *in = find(b, &t->peer, &t->object);
    Swarm__Job__StoreResult *r =
        job->status == SW_OK ? swarm__job__store_result__unpack(NULL, job->out.len, job->out.data)
                             : NULL;
    b->serve.waiting -= t->offset; /* how long the part was */
    if (in != NULL && in->number == t->tag) {
        part_settled(b, in, job->status == SW_OK && r == NULL ? SW_ERR_NOMEM : job->status, r);
    }
    if (r != NULL) {
        swarm__job__store_result__free_unpacked(r, NULL);
    }
}

static int submit(struct sw_backup *b, struct sw_holder *h, struct incoming *in,
                  const Swarm__V1__ObjectPut *m)
{
    Swarm__Job__StoreJob j = SWARM__JOB__STORE_JOB__INIT;
    const struct sw_ticket t = { .done = part_done,
                                 .tag = in->number,
                                 .peer = h->name,
                                 .object = in->name,
                                 .offset = m->data.len };
    j.store = b->store;
    j.name = m->name;
    j.kind = in->kind;
    j.size = in->size;
    j.offset = m->offset;
    j.data = m->data;
    j.from = h->name.s;
    return sw_ticket_submit(b, SW_JOB_STORE, &j.base, &t, NULL);
}

/* Take one part in turn.  0 or why not. */
static int take_part(struct sw_backup *b, struct sw_holder *h, struct incoming *in,
                     const Swarm__V1__ObjectPut *m)
{
    if (m->size != in->size || (uint32_t)m->kind != in->kind || m->offset != in->received ||
        m->data.len == 0 || m->data.len > in->size - in->received) {
        return SW_ERR_RANGE;
    }
    if (m->data.len > SW_INCOMING_BYTES - b->serve.waiting) {
        return SW_ERR_BUSY;
    }
    const int err = submit(b, h, in, m);
    if (err == SW_OK) {
        in->received += m->data.len;
        in->heard = sw_backup_now(b);
        in->jobs++;
        b->serve.waiting += m->data.len;
    }
    return err;
}

void sw_serve_put(struct sw_backup *b, struct sw_holder *h, const Swarm__V1__ObjectPut *m)
{
    struct sw_digest name;
    int err = SW_OK;
    if (!sw_digest_from(m->name, &name) || m->size == 0 ||
        m->size > sw_store_largest((uint32_t)m->kind) || m->data.len > SW_PART_MAX) {
        sw_backup_trace(b, SW_TRACE_BAD_MESSAGE, &h->name, NULL, (uint64_t)SW_ERR_RANGE, 0,
                        "ObjectPut");
        return;
    }
    const struct sw_stocked *have = b->ready ? sw_stock_find(&b->stock, &name) : NULL;
    if (have != NULL && have->size == m->size) {
        (void)sw_send_stored(b, h, &name, SW_OK, m->size);
        return;
    }
    struct incoming *in = find(b, &h->name, &name);
    if (in != NULL && m->offset == 0 && in->received > 0) { /* the sender starts anew */
        forget(b, in);
        in = NULL;
    }
    if (!b->ready) {
        err = SW_ERR_STATE;
    } else if (in == NULL) {
        err = m->offset == 0 ? begin(b, h, &name, m, &in) : SW_ERR_STATE;
    } else if (in->refused) {
        return; /* it was told; these were on their way */
    }
    if (err == SW_OK) {
        err = take_part(b, h, in, m);
    }
    if (err != SW_OK) {
        (void)sw_send_stored(b, h, &name, err, 0);
        if (in != NULL) {
            in->refused = true;
        }
        if (in != NULL && in->jobs == 0) {
            forget(b, in);
        }
    }
}

/* ---- giving back ---- */

static void read_done(struct sw_backup *b, struct sw_ticket *t, const struct sw_job *job)
{
    struct sw_holder *h = sw_holder_find(b, &t->peer);
    Swarm__V1__ObjectData m = SWARM__V1__OBJECT_DATA__INIT;
    if (h == NULL) {
        return;
    }
    h->reading--;
    Swarm__Job__FetchResult *r =
        job->status == SW_OK ? swarm__job__fetch_result__unpack(NULL, job->out.len, job->out.data)
                             : NULL;
    m.name = (ProtobufCBinaryData){ SW_DIGEST_LEN, t->object.b };
    m.offset = t->offset;
    m.status = job->status == SW_OK && r == NULL ? SW_ERR_NOMEM : job->status;
    if (r != NULL) {
        m.size = r->size;
        m.data = r->data;
    }
    if (t->tag == h->life) { /* the connection is still the one that asked */
        (void)sw_send_data(b, h, &m);
    }
    if (r != NULL) {
        swarm__job__fetch_result__free_unpacked(r, NULL);
    }
    sw_serve_resume(b, h);
}

static int read_part(struct sw_backup *b, struct sw_holder *h, const struct sw_get *g)
{
    Swarm__Job__FetchJob j = SWARM__JOB__FETCH_JOB__INIT;
    const struct sw_ticket t = {
        .done = read_done, .tag = h->life, .peer = h->name, .object = g->name, .offset = g->offset
    };
    j.store = b->store;
    j.name = (ProtobufCBinaryData){ SW_DIGEST_LEN, (uint8_t *)(uintptr_t)g->name.b };
    j.offset = g->offset;
    j.length = g->length;
    return sw_ticket_submit(b, SW_JOB_FETCH, &j.base, &t, NULL);
}

static void refuse_get(struct sw_backup *b, const struct sw_holder *h, const struct sw_get *g,
                       int status, uint64_t size)
{
    Swarm__V1__ObjectData m = SWARM__V1__OBJECT_DATA__INIT;
    m.name = (ProtobufCBinaryData){ SW_DIGEST_LEN, (uint8_t *)(uintptr_t)g->name.b };
    m.offset = g->offset;
    m.status = status;
    m.size = size;
    (void)sw_send_data(b, h, &m);
}

void sw_serve_resume(struct sw_backup *b, struct sw_holder *h)
{
    while (h->up && !h->blocked && h->n_gets > 0 && h->reading < SW_READING_PER_PEER) {
        const struct sw_get g = h->gets[h->gets_at];
        h->gets_at = (h->gets_at + 1) % SW_HOLDER_GETS;
        h->n_gets--;
        const int err = read_part(b, h, &g);
        if (err == SW_OK) {
            h->reading++;
        } else {
            refuse_get(b, h, &g, err, 0);
        }
    }
}

/* Let it wait its turn.  False: there is no room. */
static bool queue_get(struct sw_holder *h, const struct sw_get *g)
{
    if (h->gets == NULL) {
        h->gets = calloc(SW_HOLDER_GETS, sizeof *h->gets);
    }
    if (h->gets == NULL || h->n_gets == SW_HOLDER_GETS) {
        return false;
    }
    h->gets[(h->gets_at + h->n_gets++) % SW_HOLDER_GETS] = *g;
    return true;
}

void sw_serve_get(struct sw_backup *b, struct sw_holder *h, const Swarm__V1__ObjectGet *m)
{
    struct sw_get g = { .offset = m->offset, .length = m->length };
    if (!sw_digest_from(m->name, &g.name) || m->length > SW_PART_MAX) {
        sw_backup_trace(b, SW_TRACE_BAD_MESSAGE, &h->name, NULL, (uint64_t)SW_ERR_RANGE, 0,
                        "ObjectGet");
        return;
    }
    const struct sw_stocked *have = b->ready ? sw_stock_find(&b->stock, &g.name) : NULL;
    if (!b->ready) {
        refuse_get(b, h, &g, SW_ERR_STATE, 0);
    } else if (have == NULL) {
        refuse_get(b, h, &g, SW_ERR_NOTFOUND, 0);
    } else if (g.length == 0) { /* only asks whether it is here */
        refuse_get(b, h, &g, SW_OK, have->size);
    } else if (g.offset >= have->size) {
        refuse_get(b, h, &g, SW_ERR_RANGE, have->size);
    } else if (!queue_get(h, &g)) {
        refuse_get(b, h, &g, SW_ERR_BUSY, have->size);
    } else {
        sw_serve_resume(b, h);
    }
}

void sw_serve_heads_get(struct sw_backup *b, struct sw_holder *h, const Swarm__V1__HeadsGet *m)
{
    const struct sw_stocked *found[SW_HEADS_MAX];
    Swarm__V1__Head heads[SW_HEADS_MAX];
    Swarm__V1__Head *list[SW_HEADS_MAX];
    Swarm__V1__Heads reply = SWARM__V1__HEADS__INIT;
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    struct sw_name node;
    struct sw_name set;
    if (!sw_name_from(m->node, &node) || !sw_name_from(m->set, &set)) {
        sw_backup_trace(b, SW_TRACE_BAD_MESSAGE, &h->name, NULL, (uint64_t)SW_ERR_RANGE, 0,
                        "HeadsGet");
        return;
    }
    if (!b->ready || SW_BUGGIFY(b->host.buggify, heads_unsaid)) {
        return; /* not known yet: silence is no answer, and the asker waits or goes on */
    }
    reply.n_heads = sw_stock_heads(&b->stock, &node, &set, found, SW_HEADS_MAX);
    for (size_t i = 0; i < reply.n_heads; i++) {
        swarm__v1__head__init(&heads[i]);
        heads[i].name =
            (ProtobufCBinaryData){ SW_DIGEST_LEN, (uint8_t *)(uintptr_t)found[i]->name.b };
        heads[i].node = node.s;
        heads[i].set = set.s;
        heads[i].sequence = found[i]->sequence;
        heads[i].taken_at = found[i]->taken_at;
        list[i] = &heads[i];
    }
    reply.node = node.s;
    reply.set = set.s;
    reply.heads = list;
    e.body_case = SWARM__V1__ENVELOPE__BODY_HEADS;
    e.heads = &reply;
    (void)b->host.send(b->host.self, &h->name, &e);
}

/* ---- what ends ---- */

static struct incoming *next(const struct sw_backup *b, struct incoming_key *key, bool *more)
{
    const struct sw_bytes after = { key->b, sizeof key->b };
    struct sw_bytes found;
    struct incoming *in = sw_map_next(&b->serve.incoming, *more ? &after : NULL, &found);
    if (in != NULL) {
        memcpy(key->b, found.data, sizeof key->b);
        *more = true;
    }
    return in;
}

/* Jobs of a forgotten object still run; their DONE finds nothing and says nothing. */
void sw_serve_drop(struct sw_backup *b, struct sw_holder *h)
{
    struct incoming_key key;
    bool more = false;
    for (struct incoming *in = next(b, &key, &more); in != NULL; in = next(b, &key, &more)) {
        if (sw_name_equal(&in->peer, &h->name)) {
            forget(b, in);
        }
    }
    h->n_gets = 0;
}

void sw_serve_tick(struct sw_backup *b)
{
    struct incoming_key key;
    bool more = false;
    const sw_time now = sw_backup_now(b);
    for (struct incoming *in = next(b, &key, &more); in != NULL; in = next(b, &key, &more)) {
        if (in->jobs == 0 && in->heard + SW_INCOMING_PATIENCE <= now) {
            forget(b, in);
        }
    }
}

sw_time sw_serve_deadline(const struct sw_backup *b)
{
    struct incoming_key key;
    bool more = false;
    sw_time first = SW_TIME_NEVER;
    if (b->serve.incoming.count == 0) {
        return first;
    }
    for (const struct incoming *in = next(b, &key, &more); in != NULL; in = next(b, &key, &more)) {
        const sw_time at = in->heard + SW_INCOMING_PATIENCE;
        first = in->jobs == 0 && at < first ? at : first;
    }
    return first;
}

void sw_serve_fini(struct sw_serve *s)
{
    struct sw_bytes key;
    const struct sw_bytes *after = NULL;
    for (struct incoming *in = sw_map_next(&s->incoming, after, &key); in != NULL;
         in = sw_map_next(&s->incoming, after, &key)) {
        free(in);
        after = &key;
    }
    sw_map_fini(&s->incoming);
}
