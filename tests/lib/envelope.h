/* SPDX-License-Identifier: GPL-3.0-or-later
 * Envelopes for tests that speak as a peer. */
#ifndef SW_TESTS_LIB_ENVELOPE_H
#define SW_TESTS_LIB_ENVELOPE_H

#include "node/core/dns/wire.h"
#include "node/core/proto/swarm.pb-c.h"

#include <sodium.h>
#include <stdio.h>
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

/* A record and what it borrows. */
struct signed_record {
    uint8_t record[1024], signature[64], key[32];
    char name[32];
    Swarm__V1__SignedRecord m;
};

/* Sign @r, whose name and key are filled in here, with the key of @signer. */
static inline void envelope_sign_as(struct signed_record *s, const char *name, const char *signer,
                                    Swarm__V1__Record *r)
{
    static const char purpose[] = "swarm record";
    uint8_t text[sizeof purpose + sizeof s->record];
    uint8_t seed[32] = { 0 };
    uint8_t secret[64];
    (void)snprintf(s->name, sizeof s->name, "%s", name);
    (void)snprintf((char *)seed, sizeof seed, "%s", signer);
    (void)crypto_sign_seed_keypair(s->key, secret, seed);
    r->name = s->name;
    r->key = (ProtobufCBinaryData){ sizeof s->key, s->key };
    const size_t len = swarm__v1__record__pack(r, s->record);
    memcpy(text, purpose, sizeof purpose);
    memcpy(text + sizeof purpose, s->record, len);
    (void)crypto_sign_detached(s->signature, NULL, text, sizeof purpose + len, secret);
    swarm__v1__signed_record__init(&s->m);
    s->m.record = (ProtobufCBinaryData){ len, s->record };
    s->m.signature = (ProtobufCBinaryData){ sizeof s->signature, s->signature };
}

static inline void envelope_sign(struct signed_record *s, const char *name, Swarm__V1__Record *r)
{
    envelope_sign_as(s, name, name, r);
}

/* The record of the member @name of incarnation and version 1, which holds @zone (wire form, @len
 * bytes) unless that is NULL. */
static inline void envelope_record(struct signed_record *s, const char *name, uint8_t *zone,
                                   size_t len)
{
    static uint8_t digest[48];
    Swarm__V1__ZoneHeld held = SWARM__V1__ZONE_HELD__INIT;
    held.digest = (ProtobufCBinaryData){ sizeof digest, digest };
    Swarm__V1__ZoneHeld *zones[] = { &held };
    Swarm__V1__Record r = SWARM__V1__RECORD__INIT;
    char region[] = "eu";
    held.name = (ProtobufCBinaryData){ len, zone };
    r.incarnation = 1;
    r.version = 1;
    r.region = region;
    r.cores = 1;
    r.stores = true;
    r.zones = zones;
    r.n_zones = zone != NULL ? 1 : 0;
    envelope_sign(s, name, &r);
}

/* Of the control connection, with that record. */
static inline struct envelope envelope_hello_with(const char *name, uint8_t *zone, size_t len)
{
    struct envelope e;
    struct signed_record record;
    Swarm__V1__Hello m = SWARM__V1__HELLO__INIT;
    envelope_record(&record, name, zone, len);
    m.name = record.name;
    m.record = &record.m;
    ENVELOPE(&e, HELLO, hello, &m);
    return e;
}

static inline struct envelope envelope_hello(const char *name)
{
    return envelope_hello_with(name, NULL, 0);
}

/* Of the bulk connection. */
static inline struct envelope envelope_hello_bulk(const char *name)
{
    struct envelope e;
    char text[32];
    Swarm__V1__Hello m = SWARM__V1__HELLO__INIT;
    (void)snprintf(text, sizeof text, "%s", name);
    m.name = text;
    ENVELOPE(&e, HELLO, hello, &m);
    return e;
}

/* A peer's query for www.example.org A, to be handed on to @target unless that is empty. */
static inline struct envelope envelope_query_to(uint64_t id, const char *origin, uint32_t hops,
                                                const char *target)
{
    static const uint8_t name[] = "\3www\7example\3org";
    uint8_t message[512];
    struct sw_wr w = { .buf = message, .cap = sizeof message };
    sw_query_write(&w, &(struct sw_query){ .id = 9, .type = SW_TYPE_A, .name = name });
    struct envelope e;
    char from[32];
    char to[32];
    (void)snprintf(from, sizeof from, "%s", origin);
    (void)snprintf(to, sizeof to, "%s", target);
    Swarm__V1__Query m = SWARM__V1__QUERY__INIT;
    m.id = id;
    m.hops = hops;
    m.origin = from;
    m.target = to;
    m.message = (ProtobufCBinaryData){ w.len, message };
    ENVELOPE(&e, QUERY, query, &m);
    return e;
}

static inline struct envelope envelope_query(uint64_t id, const char *origin, uint32_t hops)
{
    return envelope_query_to(id, origin, hops, "");
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

static inline struct envelope envelope_ant_to(uint64_t nonce, const char *origin, uint32_t hops,
                                              const char *target)
{
    struct envelope e;
    char from[32];
    char to[32];
    (void)snprintf(from, sizeof from, "%s", origin);
    (void)snprintf(to, sizeof to, "%s", target);
    Swarm__V1__Ant m = SWARM__V1__ANT__INIT;
    m.nonce = nonce;
    m.hops = hops;
    m.origin = from;
    m.target = to;
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
