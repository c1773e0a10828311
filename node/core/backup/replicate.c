/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which object goes to whom, when a snapshot is safe, and what its reply says. */
#include "node/core/backup/replicate.h"

#include <stdlib.h>
#include <string.h>

#include "algorithms/place/place.h"
#include "node/core/backup/loop.h"
#include "node/core/backup/put.h"
#include "node/core/backup/spread.h"
#include "node/core/backup/store.h"

#define LOOK_AHEAD 64 /* objects considered at a time */

/* What the configuration and the known nodes ask of every object. */
struct goal {
    uint32_t copies;  /* holders */
    uint32_t regions; /* different ones among them */
    uint32_t stores;  /* nodes that could be holders, reachable or not */
};

static bool known_before(const struct sw_backup *b, const struct sw_holder *h)
{
    for (const struct sw_holder *k = sw_holder_next(b, NULL); k != h; k = sw_holder_next(b, k)) {
        if (k->known && k->stores && sw_name_equal(&k->region, &h->region)) {
            return true;
        }
    }
    return false;
}

static struct goal goal_of(const struct sw_backup *b)
{
    struct goal g = { .copies = b->cfg->copies };
    uint32_t regions = 0;
    for (const struct sw_holder *h = sw_holder_next(b, NULL); h != NULL; h = sw_holder_next(b, h)) {
        if (h->known && h->stores) {
            g.stores++;
            regions += known_before(b, h) ? 0 : 1;
        }
    }
    g.copies = g.copies > SW_COPIES_MAX ? SW_COPIES_MAX : g.copies;
    g.regions = g.copies < regions ? g.copies : regions;
    return g;
}

/* ---- where an object is, and where it is going ---- */

struct cover {
    const struct sw_holder *v[SW_COPIES_MAX + SW_PUTS_MAX];
    uint32_t n;
};

static bool covers(const struct cover *c, const struct sw_holder *h)
{
    for (uint32_t i = 0; i < c->n; i++) {
        if (c->v[i] == h) {
            return true;
        }
    }
    return false;
}

static bool covers_region(const struct cover *c, uint32_t n, const struct sw_name *region)
{
    for (uint32_t i = 0; i < n; i++) {
        if (sw_name_equal(&c->v[i]->region, region)) {
            return true;
        }
    }
    return false;
}

static uint32_t regions_of(const struct cover *c)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        n += covers_region(c, i, &c->v[i]->region) ? 0 : 1;
    }
    return n;
}

static struct cover cover_of(const struct sw_backup *b, const struct sw_spread *s, uint32_t object,
                             bool with_puts)
{
    const struct sw_spread_object *o = &s->objects[object];
    struct cover c = { .n = o->n_holders };
    memcpy(c.v, o->holders, o->n_holders * sizeof c.v[0]);
    for (const struct sw_put *p = b->replicate.puts; with_puts && p != NULL; p = p->next) {
        if (p->spread == s && p->object == object) {
            c.v[c.n++] = p->holder;
        }
    }
    return c;
}

static bool satisfied(const struct sw_backup *b, const struct sw_spread *s, uint32_t object,
                      const struct goal *g)
{
    const struct cover c = cover_of(b, s, object, false);
    return c.n >= g->copies && regions_of(&c) >= g->regions;
}

static void short_of_memory(struct sw_backup *b)
{
    b->replicate.retry_at = sw_backup_now(b) + SW_PUT_RETRY;
}

/* The best of those that may get it next; NULL when nobody can at present. */
static struct sw_holder *choose(struct sw_backup *b, const struct sw_spread_object *o,
                                const struct cover *c, bool new_region)
{
    struct sw_place_node *nodes = NULL;
    struct sw_holder **who = NULL;
    struct sw_holder *best = NULL;
    struct sw_place place;
    size_t n = 0;
    const size_t cap = b->holders.by_name.count;
    nodes = calloc(cap + 1, sizeof *nodes);
    who = calloc(cap + 1, sizeof(void *));
    for (struct sw_holder *h = sw_holder_next(b, NULL); nodes != NULL && who != NULL && h != NULL;
         h = sw_holder_next(b, h)) {
        if (sw_holder_usable(b, h) && !covers(c, h) &&
            !(new_region && covers_region(c, c->n, &h->region))) {
            nodes[n] = (struct sw_place_node){ h->name, h->region, true, UINT64_MAX };
            who[n++] = h;
        }
    }
    if (nodes == NULL || who == NULL) {
        short_of_memory(b);
    }
    if (n > 0) {
        const struct sw_place_request q = { .object = o->name,
                                            .size = o->size,
                                            .self = b->cfg->name,
                                            .region = b->cfg->region,
                                            .copies = 1 };
        sw_place_choose(&q, nodes, n, &place);
        best = place.n > 0 ? who[place.chosen[0]] : NULL;
        best = SW_BUGGIFY(b->host.buggify, place_any) ? who[0] : best;
    }
    free(nodes);
    free(who);
    return best;
}

/* Begin what can be begun for one object.  False when all transfers are taken. */
static bool advance(struct sw_backup *b, struct sw_spread *s, uint32_t object, const struct goal *g)
{
    struct sw_spread_object *o = &s->objects[object];
    while (b->replicate.n_puts < SW_PUTS_MAX) {
        const struct cover c = cover_of(b, s, object, true);
        const bool new_region = regions_of(&c) < g->regions;
        if (c.n >= SW_COPIES_MAX || (c.n >= g->copies && !new_region)) {
            return true;
        }
        struct sw_holder *h = choose(b, o, &c, new_region);
        if (h == NULL) {
            o->stalled = true;
            return true;
        }
        if (h->puts >= SW_PUTS_PER_PEER) {
            return true; /* its turn comes */
        }
        if (!sw_put_begin(b, s, object, h)) {
            short_of_memory(b);
            o->stalled = true;
            return true;
        }
    }
    return false;
}

/* ---- a snapshot ---- */

void sw_spread_free(struct sw_spread *s)
{
    if (s != NULL) {
        for (size_t i = 0; i < s->n_skipped; i++) {
            free(s->skipped[i]);
        }
        free(s->skipped);
        free(s->objects);
        free(s);
    }
}

static void unlink_spread(struct sw_backup *b, struct sw_spread *s)
{
    struct sw_spread **at = &b->replicate.spreads;
    while (*at != s) {
        at = &(*at)->next;
    }
    *at = s->next;
    sw_put_drop_spread(b, s);
}

void sw_spread_fail(struct sw_backup *b, struct sw_spread *s, int status, int err,
                    const char *reason)
{
    unlink_spread(b, s);
    sw_backup_trace(b, SW_TRACE_SNAPSHOT_FAILED, NULL, NULL, s->o.sequence, (uint64_t)err,
                    s->o.set.s);
    sw_waiters_refuse(b, &s->o.waiting, status, reason);
    sw_spread_free(s);
}

static uint64_t stored_bytes(const struct sw_spread *s)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < s->n; i++) {
        bytes += s->objects[i].reused ? 0 : s->objects[i].size;
    }
    return bytes;
}

static bool holds_any(const struct sw_spread *s, const struct sw_holder *h)
{
    for (uint32_t i = 0; i < s->n; i++) {
        for (uint32_t k = 0; k < s->objects[i].n_holders; k++) {
            if (s->objects[i].holders[k] == h) {
                return true;
            }
        }
    }
    return false;
}

/* Every object has its copies: say so. */
static void safe(struct sw_backup *b, struct sw_spread *s)
{
    Swarm__V1__SnapshotReply r = SWARM__V1__SNAPSHOT_REPLY__INIT;
    char **names = calloc(b->holders.by_name.count + 1, sizeof(char *));
    for (struct sw_holder *h = sw_holder_next(b, NULL); names != NULL && h != NULL;
         h = sw_holder_next(b, h)) {
        if (holds_any(s, h)) {
            names[r.n_holders++] = h->name.s;
        }
    }
    r.set = s->o.set.s;
    r.sequence = s->o.sequence;
    r.files = s->files;
    r.bytes = s->bytes;
    r.stored_bytes = stored_bytes(s);
    r.packs = s->n - 1;
    r.holders = names;
    r.manifest = (ProtobufCBinaryData){ SW_DIGEST_LEN, s->objects[s->n - 1].name.b };
    r.taken_at = s->o.taken_at;
    r.skipped = s->skipped;
    r.n_skipped = s->n_skipped;
    r.more_skipped = s->more_skipped;
    unlink_spread(b, s);
    sw_backup_trace(b, SW_TRACE_SNAPSHOT_SAFE, NULL, &s->objects[s->n - 1].name, s->o.sequence,
                    s->bytes, s->o.set.s);
    for (size_t i = 0; i < s->o.waiting.n; i++) {
        sw_backup_answer(b, s->o.waiting.command[i], &r.base);
    }
    free(names);
    sw_spread_free(s);
}

/* May the manifest go?  When every pack is where it belongs, or somewhere at least and can't be
 * brought further now: a snapshot with fewer copies is better than none. */
static bool packs_settled(const struct sw_spread *s)
{
    for (uint32_t i = s->first; i + 1 < s->n; i++) {
        const struct sw_spread_object *o = &s->objects[i];
        if (!o->done && !(o->stalled && o->n_holders > 0 && o->puts == 0)) {
            return false;
        }
    }
    return true;
}

static void begin_puts(struct sw_backup *b, struct sw_spread *s, const struct goal *g)
{
    uint32_t looked = 0;
    for (uint32_t i = s->first; i + 1 < s->n && looked < LOOK_AHEAD; i++) {
        if (!s->objects[i].done && !s->objects[i].stalled) {
            looked++;
            if (!advance(b, s, i, g)) {
                return;
            }
        }
    }
    struct sw_spread_object *manifest = &s->objects[s->n - 1];
    if (!manifest->done && !manifest->stalled && packs_settled(s)) {
        (void)advance(b, s, s->n - 1, g);
    }
}

static void mark_done(struct sw_backup *b, struct sw_spread *s, const struct goal *g)
{
    for (uint32_t i = s->first; i < s->n; i++) {
        struct sw_spread_object *o = &s->objects[i];
        if (o->changed && !o->done) {
            o->done = satisfied(b, s, i, g);
        }
        o->changed = false;
    }
    while (s->first < s->n && s->objects[s->first].done) {
        s->first++;
    }
}

/* With fewer nodes than copies it can never be safe: say so once it is as good as it gets. */
static bool hopeless(const struct sw_spread *s, const struct goal *g)
{
    if (g->stores >= g->copies) {
        return false;
    }
    for (uint32_t i = s->first; i < s->n; i++) {
        if (s->objects[i].puts > 0 || !s->objects[i].stalled ||
            s->objects[i].n_holders < g->stores) {
            return false;
        }
    }
    return true;
}

static void pump_spread(struct sw_backup *b, struct sw_spread *s, const struct goal *g)
{
    mark_done(b, s, g);
    if (s->first == s->n) {
        safe(b, s);
        return;
    }
    begin_puts(b, s, g);
    if (hopeless(s, g)) {
        sw_spread_fail(b, s, SW_BACKUP_PRECONDITION, SW_ERR_TOO_FEW,
                       "there are fewer other nodes with a store than backup.copies");
    }
}

void sw_replicate_pump(struct sw_backup *b)
{
    if (b->cfg == NULL || b->replicate.spreads == NULL) {
        return;
    }
    const struct goal g = goal_of(b);
    for (struct sw_spread *s = b->replicate.spreads; s != NULL;) {
        struct sw_spread *next = s->next;
        pump_spread(b, s, &g);
        s = next;
    }
    sw_put_pump(b);
}

void sw_replicate_retry(struct sw_backup *b)
{
    for (struct sw_spread *s = b->replicate.spreads; s != NULL; s = s->next) {
        for (uint32_t i = s->first; i < s->n; i++) {
            s->objects[i].stalled = false;
        }
    }
}

/* ---- begin and end ---- */

static int note_skipped(struct sw_spread *s, const Swarm__Job__SnapshotResult *r)
{
    const size_t n = r->n_skipped < SW_SKIPPED_SHOWN ? r->n_skipped : SW_SKIPPED_SHOWN;
    s->more_skipped = r->more_skipped + (r->n_skipped - n);
    s->skipped = calloc(n + 1, sizeof(char *));
    for (size_t i = 0; s->skipped != NULL && i < n; i++) {
        const size_t len = strlen(r->skipped[i]) + 1;
        s->skipped[i] = malloc(len);
        if (s->skipped[i] == NULL) {
            return SW_ERR_NOMEM;
        }
        memcpy(s->skipped[i], r->skipped[i], len);
        s->n_skipped++;
    }
    return s->skipped != NULL ? SW_OK : SW_ERR_NOMEM;
}

static int fill(struct sw_spread *s, const Swarm__Job__SnapshotResult *r)
{
    s->objects = calloc(r->n_objects, sizeof *s->objects);
    if (s->objects == NULL) {
        return SW_ERR_NOMEM;
    }
    s->n = (uint32_t)r->n_objects;
    s->files = r->files;
    s->bytes = r->bytes;
    for (uint32_t i = 0; i < s->n; i++) {
        const Swarm__Job__ObjectRef *ref = r->objects[i];
        s->objects[i].size = ref->size;
        s->objects[i].kind = ref->kind;
        s->objects[i].reused = ref->reused;
        if (!sw_digest_from(ref->name, &s->objects[i].name)) {
            return SW_ERR_MALFORMED;
        }
    }
    return note_skipped(s, r);
}

/* The snapshot's objects lie in our own store. */
static void note_stock(struct sw_backup *b, const struct sw_spread *s)
{
    for (uint32_t i = 0; i < s->n; i++) {
        struct sw_stocked o = { .name = s->objects[i].name,
                                .size = s->objects[i].size,
                                .kind = s->objects[i].kind };
        if (i + 1 == s->n) {
            o.node = b->cfg->name;
            o.set = s->o.set;
            o.sequence = s->o.sequence;
            o.taken_at = s->o.taken_at;
        }
        (void)sw_stock_add(&b->stock, &o); /* without memory: known after the next inventory */
    }
}

/* An older snapshot of the set is overtaken: those who wait get this one. */
static void overtake(struct sw_backup *b, struct sw_spread *s)
{
    for (struct sw_spread *old = b->replicate.spreads; old != NULL; old = old->next) {
        if (sw_name_equal(&old->o.set, &s->o.set)) {
            while (old->o.waiting.n > 0 && s->o.waiting.n < SW_SET_COMMANDS) {
                s->o.waiting.command[s->o.waiting.n++] = old->o.waiting.command[--old->o.waiting.n];
            }
            sw_spread_fail(b, old, SW_BACKUP_ABORTED, SW_ERR_BUSY, "overtaken by a newer snapshot");
            return;
        }
    }
}

int sw_replicate_begin(struct sw_backup *b, const struct sw_spread_options *o,
                       const Swarm__Job__SnapshotResult *r)
{
    struct sw_spread *s = calloc(1, sizeof *s);
    int err = s == NULL ? SW_ERR_NOMEM : fill(s, r);
    if (err != SW_OK) {
        struct sw_waiters waiting = o->waiting;
        sw_spread_free(s);
        sw_waiters_refuse(b, &waiting, SW_BACKUP_INTERNAL, sw_strerror(err));
        return err;
    }
    s->o = *o;
    if (s->n_skipped > 0) { /* nobody may be waiting for the reply */
        sw_backup_trace(b, SW_TRACE_SNAPSHOT_PARTIAL, NULL, NULL, s->o.sequence,
                        s->n_skipped + s->more_skipped, s->o.set.s);
    }
    note_stock(b, s);
    overtake(b, s);
    struct sw_spread **last = &b->replicate.spreads;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = s;
    return SW_OK;
}

void sw_replicate_cancel(struct sw_backup *b)
{
    while (b->replicate.spreads != NULL) {
        sw_spread_fail(b, b->replicate.spreads, SW_BACKUP_ABORTED, SW_ERR_STATE,
                       "the store was changed");
    }
}

void sw_replicate_fini(struct sw_replicate *r)
{
    while (r->spreads != NULL) {
        struct sw_spread *s = r->spreads;
        r->spreads = s->next;
        sw_spread_free(s);
    }
    while (r->puts != NULL) {
        struct sw_put *p = r->puts;
        r->puts = p->next;
        free(p);
    }
}
