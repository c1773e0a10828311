/* SPDX-License-Identifier: GPL-3.0-or-later
 * Envelopes for tests that speak as a peer. */
#ifndef SW_TESTS_LIB_ENVELOPE_H
#define SW_TESTS_LIB_ENVELOPE_H

#include "node/core/dns/wire.h"
#include "node/core/proto/swarm.pb-c.h"

#include <string.h>

struct envelope {
    uint8_t data[2048];
    size_t len;
};

/* ENVELOPE(e, HELLO, hello, &m) packs the body @m into @e. */
#define ENVELOPE(e, CASE, member, body)                            \
    do {                                                           \
        Swarm__V1__Envelope packed_ = SWARM__V1__ENVELOPE__INIT;   \
        packed_.body_case = SWARM__V1__ENVELOPE__BODY_##CASE;      \
        packed_.member = (body);                                   \
        (e)->len = swarm__v1__envelope__pack(&packed_, (e)->data); \
    } while (0)

static inline struct sw_bytes envelope_bytes(const struct envelope *e)
{
    return (struct sw_bytes){ e->data, e->len };
}

static inline struct envelope envelope_hello(const char *name)
{
    struct envelope e;
    char text[32];
    char region[] = "eu";
    Swarm__V1__Hello m = SWARM__V1__HELLO__INIT;
    strncpy(text, name, sizeof text - 1);
    text[sizeof text - 1] = '\0';
    m.name = text;
    m.region = region;
    m.cores = 1;
    ENVELOPE(&e, HELLO, hello, &m);
    return e;
}

/* A peer's query for www.example.org A. */
static inline struct envelope envelope_query(uint64_t id, const char *origin, uint32_t hops)
{
    static const uint8_t name[] = "\3www\7example\3org";
    uint8_t message[512];
    struct sw_wr w = { .buf = message, .cap = sizeof message };
    sw_query_write(&w, &(struct sw_query){ .id = 9, .type = SW_TYPE_A, .name = name });
    struct envelope e;
    char from[32];
    strncpy(from, origin, sizeof from - 1);
    from[sizeof from - 1] = '\0';
    Swarm__V1__Query m = SWARM__V1__QUERY__INIT;
    m.id = id;
    m.hops = hops;
    m.origin = from;
    m.message = (ProtobufCBinaryData){ w.len, message };
    ENVELOPE(&e, QUERY, query, &m);
    return e;
}

static inline struct envelope envelope_answer(uint64_t id, struct sw_bytes message)
{
    struct envelope e;
    Swarm__V1__Answer m = SWARM__V1__ANSWER__INIT;
    m.id = id;
    m.message = (ProtobufCBinaryData){ message.len, (uint8_t *)(uintptr_t)message.data };
    ENVELOPE(&e, ANSWER, answer, &m);
    return e;
}

static inline struct envelope envelope_ant(uint64_t nonce)
{
    struct envelope e;
    Swarm__V1__Ant m = SWARM__V1__ANT__INIT;
    m.nonce = nonce;
    ENVELOPE(&e, ANT, ant, &m);
    return e;
}

static inline struct envelope envelope_ant_reply(uint64_t nonce)
{
    struct envelope e;
    Swarm__V1__AntReply m = SWARM__V1__ANT_REPLY__INIT;
    m.nonce = nonce;
    ENVELOPE(&e, ANT_REPLY, ant_reply, &m);
    return e;
}

static inline struct envelope envelope_heads_get(void)
{
    struct envelope e;
    Swarm__V1__HeadsGet m = SWARM__V1__HEADS_GET__INIT;
    ENVELOPE(&e, HEADS_GET, heads_get, &m);
    return e;
}

#endif
