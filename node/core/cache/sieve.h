/* SPDX-License-Identifier: GPL-3.0-or-later
 * The memory of a cache: entries found by their question, in a fixed amount of bytes that is
 * asked for once.  When it is full, SIEVE (Zhang, Yang, Yue, Vigfusson, Rashmi: SIEVE is Simpler
 * than LRU, NSDI 2024) says which entry goes: a queue in order of arrival, and a hand that moves
 * from the oldest to the newest, spares what was asked for since it last came by, and takes the
 * first that was not.
 *
 * An entry occupies blocks of SW_BLOCK bytes, chained; so memory does not fragment, and every
 * operation takes time bounded by the length of the entries it touches. */
#ifndef SW_CACHE_SIEVE_H
#define SW_CACHE_SIEVE_H

#include "node/base/types.h"

#define SW_BLOCK 128U
#define SW_BLOCK_NONE UINT32_MAX
/* Least memory that a store can work with. */
#define SW_SIEVE_MIN (64 * SW_KIB)

/* What an entry is found by.  @name is in wire form and lower case. */
struct sw_cache_key {
    const uint8_t *name;
    uint8_t name_len;
    uint8_t flags; /* enum sw_cache_flags */
    uint16_t type;
};

/* Bits of a question that change its answer. */
enum sw_cache_flags {
    SW_CACHE_DO = 1, /* DNSSEC records are wanted (RFC 3225) */
    SW_CACHE_CD = 2, /* unvalidated ones too (RFC 4035, 3.2.2) */
};

/* What is known of a question, at the beginning of its first block.  The content is what the caller
 * makes it: here, a message and the places of its TTLs (cache.h). */
struct sw_entry {
    /* the store's */
    uint64_t hash;
    uint32_t chain;        /* next of the same bucket */
    uint32_t older, newer; /* in the queue */
    uint32_t more;         /* next block of the content */
    uint32_t len;          /* bytes of content */
    bool visited;          /* asked for since the hand came by */
    /* the cache's */
    uint8_t name_len, flags;
    uint8_t failures; /* resolutions in a row that failed */
    uint16_t type;
    uint16_t n_ttls;
    uint32_t ttl;     /* s, when it was kept */
    uint16_t source;  /* who said it: enum sw_source */
    uint16_t hits;    /* since it was kept, up to 65,535 */
    sw_time kept_at;  /* 0: nothing was ever said, only failures are known */
    sw_time retry_at; /* nobody is asked again before */
};

struct sw_sieve {
    uint8_t *blocks;
    uint32_t n_blocks, n_free, free;
    uint32_t *buckets;
    uint32_t mask;
    uint32_t newest, oldest, hand;
    uint32_t n; /* entries */
    uint64_t evicted;
    uint8_t key[16]; /* of the hash: secret, so that nobody can choose what collides */
};

/* A store of @bytes in all, SW_SIEVE_MIN at least.  Errors: SW_ERR_NOMEM. */
int sw_sieve_init(struct sw_sieve *s, uint64_t bytes);
void sw_sieve_fini(struct sw_sieve *s);
/* Hash by @key from now on.  Only while it is empty. */
void sw_sieve_set_key(struct sw_sieve *s, const uint8_t key[16]);

/* SipHash-2-4 of @key (Aumasson, Bernstein 2012). */
uint64_t sw_sieve_hash(const struct sw_sieve *s, const struct sw_cache_key *key);
/* The entry of @key, or NULL. */
struct sw_entry *sw_sieve_find(const struct sw_sieve *s, const struct sw_cache_key *key);
/* It was asked for. */
void sw_sieve_visit(struct sw_entry *e);

/* The entry of @key, new or old, with room for @len bytes of content; what it had is gone, its
 * fields (of a new one: zero) stay.  The content begins with SW_DNS_HEADER bytes and @key's name:
 * that is where it is compared.  NULL, and nothing changed, when @len exceeds sw_sieve_most. */
struct sw_entry *sw_sieve_put(struct sw_sieve *s, const struct sw_cache_key *key, size_t len);
/* Most bytes of one content. */
size_t sw_sieve_most(const struct sw_sieve *s);
void sw_sieve_drop(struct sw_sieve *s, struct sw_entry *e);

/* Copy content in or out, from @at on.  @at + @len <= e->len. */
void sw_sieve_write(struct sw_sieve *s, struct sw_entry *e, size_t at, const void *data,
                    size_t len);
void sw_sieve_read(const struct sw_sieve *s, const struct sw_entry *e, size_t at, void *out,
                   size_t len);

/* For self-checks: do lists, counts and buckets agree? */
bool sw_sieve_is_sound(const struct sw_sieve *s);

#endif
