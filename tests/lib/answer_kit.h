/* SPDX-License-Identifier: GPL-3.0-or-later
 * Answers as an upstream would make them, record by record. */
#ifndef SW_TESTS_LIB_ANSWER_KIT_H
#define SW_TESTS_LIB_ANSWER_KIT_H

#include <stdlib.h>
#include <string.h>

#include "node/core/dns/bytes.h"
#include "node/core/dns/wire.h"

struct answer_kit {
    uint8_t bytes[4096];
    size_t len;
};

enum { KIT_ANSWER, KIT_AUTHORITY, KIT_ADDITIONAL };

/* A response to @query with @rcode, and no records yet. */
static inline void kit_begin(struct answer_kit *k, struct sw_bytes query, unsigned rcode)
{
    struct sw_question q;
    if (sw_question_parse(query, &q) != 0) {
        abort();
    }
    memcpy(k->bytes, query.data, q.end);
    k->len = q.end;
    k->bytes[2] |= SW_DNS_QR | SW_DNS_AA;
    k->bytes[3] = (uint8_t)(SW_DNS_RA | SW_DNS_AD | rcode);
    memset(k->bytes + 6, 0, 6);
}

/* A record; @owner NULL: the name asked for, else presentation form. */
static inline void kit_record(struct answer_kit *k, unsigned section, const char *owner,
                              unsigned type, uint32_t ttl, const void *data, size_t len)
{
    uint8_t *at = k->bytes + k->len;
    if (owner == NULL) {
        sw_put_be16(at, 0xC000U | SW_DNS_HEADER);
        at += 2;
    } else {
        const int n = sw_dname_from_text(owner, at);
        if (n < 0) {
            abort();
        }
        at += n;
    }
    sw_put_be16(at, type);
    sw_put_be16(at + 2, SW_DNS_CLASS_IN);
    sw_put_be32(at + 4, ttl);
    sw_put_be16(at + 8, (unsigned)len);
    memcpy(at + 10, data, len);
    k->len = (size_t)(at - k->bytes) + 10 + len;
    uint8_t *count = k->bytes + 6 + 2 * section;
    sw_put_be16(count, sw_be16(count) + 1U);
}

static inline void kit_a(struct answer_kit *k, const char *owner, uint32_t ttl, uint8_t last)
{
    const uint8_t data[4] = { 192, 0, 2, last };
    kit_record(k, KIT_ANSWER, owner, SW_TYPE_A, ttl, data, sizeof data);
}

/* The SOA of example. in the authority section. */
static inline void kit_soa(struct answer_kit *k, uint32_t ttl, uint32_t minimum)
{
    uint8_t data[22] = { 0 };
    sw_put_be32(data + 18, minimum);
    kit_record(k, KIT_AUTHORITY, "example", SW_TYPE_SOA, ttl, data, sizeof data);
}

static inline void kit_opt(struct answer_kit *k)
{
    uint8_t *at = k->bytes + k->len;
    memset(at, 0, 11);
    sw_put_be16(at + 1, SW_TYPE_OPT);
    sw_put_be16(at + 3, 1232);
    k->len += 11;
    sw_put_be16(k->bytes + 10, sw_be16(k->bytes + 10) + 1U);
}

static inline struct sw_bytes kit_bytes(const struct answer_kit *k)
{
    return (struct sw_bytes){ k->bytes, k->len };
}

#endif
