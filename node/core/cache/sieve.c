/* SPDX-License-Identifier: GPL-3.0-or-later
 * Blocks, buckets, and SIEVE's queue. */
#include "node/core/cache/sieve.h"

#include "node/base/bug.h"
#include "node/base/err.h"
#include "node/core/dns/name.h"
#include "node/core/dns/wire.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define HEAD sizeof(struct sw_entry) /* of the first block */
#define FIRST (SW_BLOCK - HEAD)      /* its content */
#define LINK sizeof(uint32_t)        /* of the others */
#define OTHER (SW_BLOCK - LINK)      /* their content */
#define LARGEST_SHARE 16U            /* one entry takes at most this part of all blocks */

_Static_assert(sizeof(struct sw_entry) <= SW_BLOCK / 2 + 16, "an entry's head leaves no room");

static uint8_t *block(const struct sw_sieve *s, uint32_t i)
{
    return s->blocks + (size_t)i * SW_BLOCK;
}

static struct sw_entry *entry(const struct sw_sieve *s, uint32_t i)
{
    return (struct sw_entry *)(void *)block(s, i);
}

static uint32_t index_of(const struct sw_sieve *s, const struct sw_entry *e)
{
    return (uint32_t)((size_t)((const uint8_t *)e - s->blocks) / SW_BLOCK);
}

/* Where a block other than the first says which is next. */
static uint32_t next_block(const struct sw_sieve *s, uint32_t i)
{
    uint32_t next;
    memcpy(&next, block(s, i), sizeof next);
    return next;
}

static void set_next(struct sw_sieve *s, uint32_t i, uint32_t next)
{
    memcpy(block(s, i), &next, sizeof next);
}

int sw_sieve_init(struct sw_sieve *s, uint64_t bytes)
{
    *s = (struct sw_sieve){ .newest = SW_BLOCK_NONE,
                            .oldest = SW_BLOCK_NONE,
                            .hand = SW_BLOCK_NONE,
                            .free = SW_BLOCK_NONE };
    bytes = bytes > SW_SIEVE_MIN ? bytes : SW_SIEVE_MIN;
    uint64_t buckets = 64; /* a power of two: an entry has two or three blocks */
    while (buckets * 2 * SW_BLOCK < bytes && buckets < UINT32_MAX / 8) {
        buckets *= 2;
    }
    const uint64_t blocks = (bytes - buckets * sizeof *s->buckets) / SW_BLOCK;
    s->n_blocks = blocks < SW_BLOCK_NONE ? (uint32_t)blocks : SW_BLOCK_NONE - 1;
    s->mask = (uint32_t)buckets - 1;
    s->blocks = malloc((size_t)s->n_blocks * SW_BLOCK);
    s->buckets = malloc((size_t)buckets * sizeof *s->buckets);
    if (s->blocks == NULL || s->buckets == NULL) {
        sw_sieve_fini(s);
        return SW_ERR_NOMEM;
    }
    memset(s->buckets, 0xff, (size_t)buckets * sizeof *s->buckets);
    for (uint32_t i = s->n_blocks; i-- > 0;) {
        set_next(s, i, s->free);
        s->free = i;
    }
    s->n_free = s->n_blocks;
    return SW_OK;
}

void sw_sieve_fini(struct sw_sieve *s)
{
    free(s->blocks);
    free(s->buckets);
    sodium_memzero(s, sizeof *s);
}

void sw_sieve_set_key(struct sw_sieve *s, const uint8_t key[16])
{
    SW_ASSERT(s->n == 0);
    memcpy(s->key, key, sizeof s->key);
}

size_t sw_sieve_most(const struct sw_sieve *s)
{
    return FIRST + (size_t)(s->n_blocks / LARGEST_SHARE) * OTHER;
}

/* ---- finding ---- */

uint64_t sw_sieve_hash(const struct sw_sieve *s, const struct sw_cache_key *key)
{
    uint8_t bytes[SW_DNAME_MAX + 3];
    uint64_t hash;
    _Static_assert(crypto_shorthash_BYTES == sizeof hash, "SipHash-2-4 gives 64 bits");
    _Static_assert(crypto_shorthash_KEYBYTES == sizeof s->key, "of a key of 128");
    memcpy(bytes, key->name, key->name_len);
    bytes[key->name_len] = (uint8_t)(key->type >> 8);
    bytes[key->name_len + 1U] = (uint8_t)key->type;
    bytes[key->name_len + 2U] = key->flags;
    uint8_t out[crypto_shorthash_BYTES];
    (void)crypto_shorthash(out, bytes, key->name_len + 3U, s->key);
    memcpy(&hash, out, sizeof hash);
    return hash;
}

static bool is_of(const struct sw_sieve *s, const struct sw_entry *e,
                  const struct sw_cache_key *key)
{
    if (e->type != key->type || e->flags != key->flags || e->name_len != key->name_len) {
        return false;
    }
    uint8_t name[SW_DNAME_MAX];
    sw_sieve_read(s, e, SW_DNS_HEADER, name, e->name_len);
    return memcmp(name, key->name, e->name_len) == 0;
}

static struct sw_entry *find(const struct sw_sieve *s, const struct sw_cache_key *key,
                             uint64_t hash)
{
    uint32_t i = s->buckets[hash & s->mask];
    while (i != SW_BLOCK_NONE) {
        struct sw_entry *e = entry(s, i);
        if (e->hash == hash && is_of(s, e, key)) {
            return e;
        }
        i = e->chain;
    }
    return NULL;
}

struct sw_entry *sw_sieve_find(const struct sw_sieve *s, const struct sw_cache_key *key)
{
    return find(s, key, sw_sieve_hash(s, key));
}

void sw_sieve_visit(struct sw_entry *e)
{
    e->visited = true;
    if (e->hits < UINT16_MAX) {
        e->hits++;
    }
}

/* ---- blocks ---- */

/* How many blocks beside the first @len bytes of content take. */
static uint32_t others(size_t len)
{
    return len <= FIRST ? 0 : (uint32_t)((len - FIRST + OTHER - 1) / OTHER);
}

static void give_block(struct sw_sieve *s, uint32_t i)
{
    set_next(s, i, s->free);
    s->free = i;
    s->n_free++;
}

static uint32_t take_block(struct sw_sieve *s)
{
    const uint32_t i = s->free;
    s->free = next_block(s, i);
    s->n_free--;
    return i;
}

static void give_content(struct sw_sieve *s, struct sw_entry *e)
{
    while (e->more != SW_BLOCK_NONE) {
        const uint32_t i = e->more;
        e->more = next_block(s, i);
        give_block(s, i);
    }
    e->len = 0;
}

/* ---- the queue ---- */

static void enqueue(struct sw_sieve *s, uint32_t i)
{
    struct sw_entry *e = entry(s, i);
    e->older = s->newest;
    e->newer = SW_BLOCK_NONE;
    if (s->newest != SW_BLOCK_NONE) {
        entry(s, s->newest)->newer = i;
    } else {
        s->oldest = i;
    }
    s->newest = i;
}

static void dequeue(struct sw_sieve *s, uint32_t i)
{
    const struct sw_entry *e = entry(s, i);
    if (s->hand == i) {
        s->hand = e->newer; /* NONE: it begins anew with the oldest */
    }
    if (e->newer != SW_BLOCK_NONE) {
        entry(s, e->newer)->older = e->older;
    } else {
        s->newest = e->older;
    }
    if (e->older != SW_BLOCK_NONE) {
        entry(s, e->older)->newer = e->newer;
    } else {
        s->oldest = e->newer;
    }
}

void sw_sieve_drop(struct sw_sieve *s, struct sw_entry *e)
{
    const uint32_t i = index_of(s, e);
    uint32_t *at = &s->buckets[e->hash & s->mask];
    while (*at != i) {
        at = &entry(s, *at)->chain;
    }
    *at = e->chain;
    dequeue(s, i);
    give_content(s, e);
    give_block(s, i);
    s->n--;
}

/* SIEVE's choice, @kept excepted.  There is another one. */
static void evict(struct sw_sieve *s, const struct sw_entry *kept)
{
    uint32_t i = s->hand;
    for (;;) {
        i = i == SW_BLOCK_NONE ? s->oldest : i;
        struct sw_entry *e = entry(s, i);
        if (!e->visited && e != kept) {
            s->hand = i;
            sw_sieve_drop(s, e);
            s->evicted++;
            return;
        }
        e->visited = false;
        i = e->newer;
    }
}

/* ---- keeping ---- */

static struct sw_entry *add(struct sw_sieve *s, const struct sw_cache_key *key, uint64_t hash)
{
    while (s->n_free == 0) {
        evict(s, NULL);
    }
    const uint32_t i = take_block(s);
    struct sw_entry *e = entry(s, i);
    uint32_t *bucket = &s->buckets[hash & s->mask];
    *e = (struct sw_entry){ .hash = hash,
                            .chain = *bucket,
                            .more = SW_BLOCK_NONE,
                            .name_len = key->name_len,
                            .flags = key->flags,
                            .type = key->type };
    *bucket = i;
    enqueue(s, i);
    s->n++;
    return e;
}

struct sw_entry *sw_sieve_put(struct sw_sieve *s, const struct sw_cache_key *key, size_t len)
{
    SW_ASSERT(len >= SW_DNS_HEADER + (size_t)key->name_len);
    if (len > sw_sieve_most(s)) {
        return NULL;
    }
    const uint64_t hash = sw_sieve_hash(s, key);
    struct sw_entry *e = find(s, key, hash);
    if (e == NULL) {
        e = add(s, key, hash);
    } else {
        give_content(s, e);
    }
    const uint32_t n = others(len);
    while (s->n_free < n) {
        evict(s, e);
    }
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t taken = take_block(s);
        set_next(s, taken, e->more);
        e->more = taken;
    }
    e->len = (uint32_t)len;
    sw_sieve_write(s, e, SW_DNS_HEADER, key->name, key->name_len);
    return e;
}

/* ---- content ---- */

/* Call for each run of bytes: where it lies, how long it is. */
struct run {
    uint8_t *at;
    size_t len;
};

struct walk {
    uint32_t more;
    struct run run;
};

static struct walk begin(const struct sw_sieve *s, const struct sw_entry *e)
{
    return (struct walk){ e->more, { block(s, index_of(s, e)) + HEAD, FIRST } };
}

static void forward(const struct sw_sieve *s, struct walk *w, size_t n)
{
    while (n >= w->run.len) {
        n -= w->run.len;
        if (w->more == SW_BLOCK_NONE) {
            w->run.len = 0;
            return; /* exactly at the end */
        }
        w->run = (struct run){ block(s, w->more) + LINK, OTHER };
        w->more = next_block(s, w->more);
    }
    w->run.at += n;
    w->run.len -= n;
}

void sw_sieve_write(struct sw_sieve *s, struct sw_entry *e, size_t at, const void *data, size_t len)
{
    SW_ASSERT(at + len <= e->len);
    const uint8_t *from = data;
    struct walk w = begin(s, e);
    forward(s, &w, at);
    while (len > 0) {
        const size_t n = len < w.run.len ? len : w.run.len;
        memcpy(w.run.at, from, n);
        from += n;
        len -= n;
        forward(s, &w, n);
    }
}

void sw_sieve_read(const struct sw_sieve *s, const struct sw_entry *e, size_t at, void *out,
                   size_t len)
{
    SW_ASSERT(at + len <= e->len);
    uint8_t *to = out;
    struct walk w = begin(s, e);
    forward(s, &w, at);
    while (len > 0) {
        const size_t n = len < w.run.len ? len : w.run.len;
        memcpy(to, w.run.at, n);
        to += n;
        len -= n;
        forward(s, &w, n);
    }
}

/* ---- self-check ---- */

bool sw_sieve_is_sound(const struct sw_sieve *s)
{
    uint32_t n = 0;
    uint32_t used = 0;
    uint32_t before = SW_BLOCK_NONE;
    for (uint32_t i = s->oldest; i != SW_BLOCK_NONE; i = entry(s, i)->newer) {
        const struct sw_entry *e = entry(s, i);
        uint32_t at = s->buckets[e->hash & s->mask];
        while (at != i && at != SW_BLOCK_NONE) {
            at = entry(s, at)->chain;
        }
        uint32_t blocks = 1;
        for (uint32_t k = e->more; k != SW_BLOCK_NONE; k = next_block(s, k)) {
            blocks++;
        }
        if (e->older != before || at != i || blocks != 1 + others(e->len)) {
            return false;
        }
        before = i;
        used += blocks;
        n++;
    }
    return before == s->newest && n == s->n && used + s->n_free == s->n_blocks;
}
