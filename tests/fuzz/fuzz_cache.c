/* SPDX-License-Identifier: GPL-3.0-or-later
 * Any bytes as an upstream's answer: what is kept of it answers clients with whole messages, that
 * belong to their queries and say no more than the answer did. */
#include "node/core/cache/cache.h"
#include "node/core/dns/answer.h"
#include "node/core/dns/bytes.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(cond) ((cond) ? (void)0 : abort())

/* The answer's own question as a client would ask it, in capitals and with @flags of EDNS. */
static struct sw_bytes query_of(const uint8_t *data, size_t size, bool edns, uint8_t out[512])
{
    const size_t name =
        size > SW_DNS_HEADER ? sw_dname_check(data + SW_DNS_HEADER, size - SW_DNS_HEADER) : 0;
    if (name == 0 || SW_DNS_HEADER + name + 4 > size) {
        return (struct sw_bytes){ NULL, 0 };
    }
    const struct sw_query q = { .id = sw_be16(data),
                                .type = sw_be16(data + SW_DNS_HEADER + name),
                                .name = data + SW_DNS_HEADER,
                                .udp_size = edns ? 600 : 0,
                                .recursion = true };
    struct sw_wr w = { .buf = out, .cap = 512 };
    sw_query_write(&w, &q);
    return (struct sw_bytes){ out, w.len };
}

static void give(struct sw_cache *c, const struct sw_entry *e, struct sw_bytes query, sw_time now,
                 enum sw_ede ede)
{
    static uint8_t out[SW_DNS_MESSAGE_MAX + 1024];
    struct sw_question q;
    must(sw_question_parse(query, &q) == 0);
    struct sw_kept_answer a = {
        .query = query, .q = &q, .ede = ede, .udp_size = 1232, .limit = q.udp_size
    };
    must(sw_cache_room(e) <= sizeof out);
    const size_t len = sw_cache_answer(c, e, now, &a, out);
    const struct sw_bytes answer = { out, len };
    must(len <= q.udp_size || (out[2] & SW_DNS_TC) != 0);
    must(sw_answer_matches(query, answer) && (out[2] & SW_DNS_AA) == 0 &&
         (out[3] & SW_DNS_AD) == 0);
    size_t opt;
    must(sw_message_check(answer, &opt) && (opt != 0) == q.edns);
    size_t at = q.end;
    while (at < len) {
        struct sw_rr rr;
        must(sw_rr_read(answer, &at, &rr));
        must(rr.type == SW_TYPE_OPT || rr.ttl <= 86400);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sw_cache c;
    static uint8_t into[SW_DNS_MESSAGE_MAX];
    const struct sw_cache_limits limits = { .kept = { 86400, 3600 },
                                            .max_stale = 3600 * SW_SEC,
                                            .prefetch = true };
    const sw_time now = 1000 * SW_SEC;
    uint8_t bytes[512];
    struct sw_question q;
    struct sw_kept kept;
    must(c.size != 0 || sw_cache_set(&c, 4 * SW_SIEVE_MIN, &limits) == 0);
    const struct sw_bytes query = query_of(data, size, false, bytes);
    const struct sw_bytes answer = { data, size };
    if (query.len == 0 || sw_question_parse(query, &q) != 0 || !sw_answer_matches(query, answer)) {
        return 0;
    }
    const struct sw_cache_key key = sw_cache_key(&q, false);
    if (sw_kept_take(answer, &q, &limits.kept, into, &kept) != SW_WORTH_KEEPING) {
        return 0;
    }
    must(kept.len <= size && kept.ttl > 0 && kept.ttl <= 86400);
    sw_cache_keep(&c, &key, &kept, SW_SOURCE_UPSTREAM, now);
    const struct sw_recall r = sw_cache_recall(&c, &key, now + SW_SEC / 2, true);
    if (r.known == SW_KNOWN_FRESH) {
        uint8_t other[512];
        give(&c, r.entry, query, now + SW_SEC / 2, SW_EDE_NONE);
        give(&c, r.entry, query, now + 90000 * SW_SEC, SW_EDE_STALE_ANSWER);
        give(&c, r.entry, query_of(data, size, true, other), now, SW_EDE_STALE_ANSWER);
    }
    must(sw_sieve_is_sound(&c.store));
    return 0;
}
