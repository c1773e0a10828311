/* SPDX-License-Identifier: GPL-3.0-or-later
 * What may be kept of an answer that somebody else made, for how long, and how a client is answered
 * from it: bytes are copied, and ID, question, flags and TTLs patched.  Nothing here allocates.
 *
 * A message is kept whole, under the question that it answers, and its records answer no other: who
 * lies can affect only the names that it was asked for (RFC 5452, 6; RFC 2181, 5.4.1). */
#ifndef SW_CACHE_KEPT_H
#define SW_CACHE_KEPT_H

#include "node/core/dns/wire.h"

/* More records than this are passed on, and not kept. */
#define SW_KEPT_RECORDS_MAX 255U
/* What a stale answer's records say, s (RFC 8767, 4). */
#define SW_STALE_TTL 30U

/* How long things may be kept. */
struct sw_kept_limits {
    uint32_t max_ttl;      /* s: RFC 8767, 4 wants a cap of days to weeks */
    uint32_t max_negative; /* s: RFC 2308, 5 recommends one to three hours */
};

enum sw_worth {
    SW_WORTH_KEEPING,
    SW_WORTH_PASSING, /* right, and for this once: TTL 0 (RFC 1035, 3.2.1), a denial without SOA
                       * (RFC 2308, 5), a referral, too many records */
    SW_WORTH_STREAM,  /* truncated: ask again by TCP */
    SW_WORTH_NOTHING, /* an error: another one may know (RFC 9520, 2) */
};

/* A message without its OPT and what follows that, AA, AD and TC cleared, RA set. */
struct sw_kept {
    uint8_t *data; /* the caller's */
    size_t len;
    uint32_t ttl;  /* s */
    bool negative; /* the name, or the type, does not exist */
    uint16_t n_ttls;
    uint16_t ttl_at[SW_KEPT_RECORDS_MAX]; /* where TTLs lie in @data */
};

/* Take in @message, which sw_answer_matches its query for @q; @into has room for all of it.  @out
 * is filled when it is worth keeping or passing.
 *
 * Its TTL is the least of its records', @limits->max_ttl at most; that of a denial is also bounded
 * by its SOA's last field and @limits->max_negative, and then no record says more (RFC 2308, 3, 5).
 * A TTL with the highest bit set is a long one (RFC 8767, 4). */
enum sw_worth sw_kept_take(struct sw_bytes message, const struct sw_question *q,
                           const struct sw_kept_limits *limits, uint8_t *into, struct sw_kept *out);

/* How to answer from it. */
struct sw_kept_answer {
    struct sw_bytes query; /* the client's message, and what it says */
    const struct sw_question *q;
    uint32_t age; /* s since it was kept */
    bool stale;   /* it has expired: TTLs are SW_STALE_TTL */
    enum sw_ede ede;
    uint16_t udp_size; /* what we take, for OPT */
    size_t limit;      /* bytes of the answer; more is truncated */
};

/* Make of @kept the answer, in place: @kept->data has room for SW_KEPT_MORE bytes more.  Its
 * length. */
#define SW_KEPT_MORE 17U
size_t sw_kept_answer(struct sw_kept *kept, const struct sw_kept_answer *a);

#endif
