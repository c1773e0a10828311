/* SPDX-License-Identifier: GPL-3.0-or-later
 * The answer cache: what upstreams and other nodes said, by question, until it expires, and for a
 * while beyond in case nobody can be asked (RFC 8767).  Also that nobody could be asked (RFC 9520).
 * Memory is fixed, nothing here allocates after sw_cache_init, and time comes from the caller. */
#ifndef SW_CACHE_CACHE_H
#define SW_CACHE_CACHE_H

#include "node/core/cache/kept.h"
#include "node/core/cache/sieve.h"

/* A failed resolution is not tried again for this long, doubled with each one after it up to the
 * second (RFC 9520, 3.2: 1 s to 5 min). */
#define SW_FAILURE_FIRST (5 * SW_SEC)
#define SW_FAILURE_MOST (5 * SW_MIN)
/* ... and this long where there is a stale answer (RFC 8767, 5: failure recheck timer). */
#define SW_FAILURE_RECHECK (30 * SW_SEC)

struct sw_cache_limits {
    struct sw_kept_limits kept;
    sw_dur max_stale; /* after it expired; 0: no stale answers */
    bool prefetch;
};

/* Who said it. */
enum sw_source {
    SW_SOURCE_NONE,
    SW_SOURCE_UPSTREAM,      /* plus its number in the configuration */
    SW_SOURCE_PEER = 0x8000, /* plus the peer's number, as far as it fits */
};

struct sw_cache_counts {
    uint64_t hits, stale, failures; /* answered from the cache: fresh, stale, with SERVFAIL */
    uint64_t misses;
    uint64_t kept, not_kept; /* answers taken in, and those that were only passed on */
    uint64_t prefetches;
};

struct sw_cache {
    struct sw_sieve store;
    uint64_t size; /* bytes; 0: there is no cache, and nothing is kept */
    struct sw_cache_limits limits;
    struct sw_cache_counts counts;
    unsigned planted; /* enum sw_planted */
};

/* A cache of @size bytes, 0 for none; an old one of another size goes, with all that is in it.
 * Errors: SW_ERR_NOMEM: nothing changed. */
int sw_cache_set(struct sw_cache *c, uint64_t size, const struct sw_cache_limits *limits);
void sw_cache_fini(struct sw_cache *c);

/* The key of @q's question.  @q must stay. */
struct sw_cache_key sw_cache_key(const struct sw_question *q, bool checking_disabled);

/* What is known. */
enum sw_known {
    SW_KNOWN_NOTHING,
    SW_KNOWN_FRESH,
    SW_KNOWN_STALE,  /* it may be given out when nobody can be asked in time */
    SW_KNOWN_FAILURE /* nobody could be asked a moment ago, and nothing stale is there */
};
struct sw_recall {
    enum sw_known known;
    struct sw_entry *entry; /* until the next change of the cache; NULL: SW_KNOWN_NOTHING */
    bool wait;              /* nobody shall be asked yet: the latest attempt failed just now */
    uint32_t left;          /* s until it expires; of a fresh one */
    bool renew; /* it is asked for often and expires soon: ask again ahead of that.  Said once. */
};
/* Look up @key for somebody who asks (@visit), or just look. */
struct sw_recall sw_cache_recall(struct sw_cache *c, const struct sw_cache_key *key, sw_time now,
                                 bool visit);

/* Bytes that sw_cache_answer needs for @e at @out. */
size_t sw_cache_room(const struct sw_entry *e);
/* @e as it was kept, into @out->data, which has that room. */
void sw_cache_read(const struct sw_cache *c, const struct sw_entry *e, struct sw_kept *out);
/* Answer @a->query from @e into @out; @a->age and @a->stale are filled in here.  Its length. */
size_t sw_cache_answer(const struct sw_cache *c, const struct sw_entry *e, sw_time now,
                       struct sw_kept_answer *a, uint8_t *out);

/* Keep @kept for @key, said by @source (enum sw_source).  Its entry; NULL: it is too large. */
struct sw_entry *sw_cache_keep(struct sw_cache *c, const struct sw_cache_key *key,
                               const struct sw_kept *kept, unsigned source, sw_time now);
/* The same for one that expired @stale s ago, where nothing better is there. */
void sw_cache_keep_stale(struct sw_cache *c, const struct sw_cache_key *key,
                         const struct sw_kept *kept, unsigned source, uint32_t stale, sw_time now);
/* s since @e expired, at least 1; 0: it has not. */
uint32_t sw_cache_stale(const struct sw_entry *e, sw_time now);
/* Nobody could be asked for @key; what is kept stays. */
void sw_cache_fail(struct sw_cache *c, const struct sw_cache_key *key, sw_time now);

#endif
