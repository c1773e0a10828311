/* SPDX-License-Identifier: GPL-3.0-or-later
 * The messages of queries and ants, field by field.  (Encoding: protobuf.dev, "Encoding": a tag is
 * number << 3 | wire type; here 0 is a varint and 2 bytes with their length before them.) */
#include "node/core/swarm/codec_hot.h"

#include <string.h>

#define VARINT(number) ((uint8_t)((number) << 3))
#define BYTES(number) ((uint8_t)((number) << 3 | 2))

/* ---- sizes; what is zero or empty is not written ---- */

static size_t varint_size(uint64_t v)
{
    return (size_t)(70 - __builtin_clzll(v | 1)) / 7;
}

static size_t number_size(uint64_t v)
{
    return v == 0 ? 0 : 1 + varint_size(v);
}

/* A message, which is written even when it is empty. */
static size_t part_size(size_t len)
{
    return 1 + varint_size(len) + len;
}

static size_t bytes_size(size_t len)
{
    return len == 0 ? 0 : part_size(len);
}

static size_t load_size(const Swarm__V1__Load *m)
{
    return number_size(m->waiting) + number_size(m->cores) + number_size(m->service);
}

static size_t text_len(const char *text)
{
    return text == NULL ? 0 : strlen(text);
}

static size_t ant_size(const Swarm__V1__Ant *m)
{
    return number_size(m->nonce) + number_size(m->hops) + bytes_size(text_len(m->origin)) +
           bytes_size(text_len(m->target));
}

static size_t body_size(const Swarm__V1__Envelope *e)
{
    switch (e->body_case) {
    case SWARM__V1__ENVELOPE__BODY_ANT:
        return ant_size(e->ant);
    case SWARM__V1__ENVELOPE__BODY_ANT_REPLY: {
        const Swarm__V1__AntReply *m = e->ant_reply;
        return number_size(m->nonce) + (m->load == NULL ? 0 : part_size(load_size(m->load))) +
               number_size(m->refused != 0);
    }
    case SWARM__V1__ENVELOPE__BODY_QUERY: {
        const Swarm__V1__Query *m = e->query;
        return number_size(m->id) + number_size(m->hops) + bytes_size(text_len(m->origin)) +
               bytes_size(m->message.len) + number_size(m->stream != 0) +
               bytes_size(text_len(m->target)) + number_size(m->cached != 0);
    }
    default: {
        const Swarm__V1__Answer *m = e->answer;
        return number_size(m->id) + bytes_size(m->message.len) +
               (m->load == NULL ? 0 : part_size(load_size(m->load))) + number_size(m->sojourn) +
               number_size(m->hit != 0) + number_size(m->stale);
    }
    }
}

/* ---- writing ---- */

static uint8_t *put_varint(uint8_t *at, uint64_t v)
{
    for (; v >= 0x80; v >>= 7) {
        *at++ = (uint8_t)(v | 0x80);
    }
    *at++ = (uint8_t)v;
    return at;
}

static uint8_t *put_number(uint8_t *at, uint8_t tag, uint64_t v)
{
    if (v == 0) {
        return at;
    }
    *at++ = tag;
    return put_varint(at, v);
}

static uint8_t *put_bytes(uint8_t *at, uint8_t tag, const void *data, size_t len)
{
    if (len == 0) {
        return at;
    }
    *at++ = tag;
    at = put_varint(at, len);
    memcpy(at, data, len);
    return at + len;
}

static uint8_t *put_load(uint8_t *at, uint8_t tag, const Swarm__V1__Load *m)
{
    if (m == NULL) {
        return at;
    }
    *at++ = tag;
    at = put_varint(at, load_size(m));
    at = put_number(at, VARINT(1), m->waiting);
    at = put_number(at, VARINT(2), m->cores);
    return put_number(at, VARINT(3), m->service);
}

static void put_ant(uint8_t *at, const Swarm__V1__Ant *m)
{
    at = put_number(at, VARINT(1), m->nonce);
    at = put_number(at, VARINT(2), m->hops);
    at = put_bytes(at, BYTES(3), m->origin, text_len(m->origin));
    put_bytes(at, BYTES(4), m->target, text_len(m->target));
}

static void put_body(uint8_t *at, const Swarm__V1__Envelope *e)
{
    switch (e->body_case) {
    case SWARM__V1__ENVELOPE__BODY_ANT:
        put_ant(at, e->ant);
        return;
    case SWARM__V1__ENVELOPE__BODY_ANT_REPLY:
        at = put_number(at, VARINT(1), e->ant_reply->nonce);
        at = put_load(at, BYTES(2), e->ant_reply->load);
        put_number(at, VARINT(3), e->ant_reply->refused != 0);
        return;
    case SWARM__V1__ENVELOPE__BODY_QUERY: {
        const Swarm__V1__Query *m = e->query;
        at = put_number(at, VARINT(1), m->id);
        at = put_number(at, VARINT(2), m->hops);
        at = put_bytes(at, BYTES(3), m->origin, text_len(m->origin));
        at = put_bytes(at, BYTES(4), m->message.data, m->message.len);
        at = put_number(at, VARINT(5), m->stream != 0);
        at = put_bytes(at, BYTES(6), m->target, text_len(m->target));
        put_number(at, VARINT(7), m->cached != 0);
        return;
    }
    default: {
        const Swarm__V1__Answer *m = e->answer;
        at = put_number(at, VARINT(1), m->id);
        at = put_bytes(at, BYTES(2), m->message.data, m->message.len);
        at = put_load(at, BYTES(3), m->load);
        at = put_number(at, VARINT(4), m->sojourn);
        at = put_number(at, VARINT(5), m->hit != 0);
        put_number(at, VARINT(6), m->stale);
        return;
    }
    }
}

static bool is_plain(const Swarm__V1__Load *load)
{
    return load == NULL || load->base.n_unknown_fields == 0;
}

static bool is_hot(const Swarm__V1__Envelope *e)
{
    if (e->base.n_unknown_fields > 0) {
        return false;
    }
    switch (e->body_case) {
    case SWARM__V1__ENVELOPE__BODY_ANT:
        return e->ant != NULL && e->ant->base.n_unknown_fields == 0;
    case SWARM__V1__ENVELOPE__BODY_ANT_REPLY:
        return e->ant_reply != NULL && e->ant_reply->base.n_unknown_fields == 0 &&
               is_plain(e->ant_reply->load);
    case SWARM__V1__ENVELOPE__BODY_QUERY:
        return e->query != NULL && e->query->base.n_unknown_fields == 0;
    case SWARM__V1__ENVELOPE__BODY_ANSWER:
        return e->answer != NULL && e->answer->base.n_unknown_fields == 0 &&
               is_plain(e->answer->load);
    default:
        return false;
    }
}

bool sw_hot_pack(struct sw_arena *arena, const Swarm__V1__Envelope *e, struct sw_bytes *out)
{
    if (!is_hot(e)) {
        return false;
    }
    const size_t body = body_size(e);
    uint8_t *bytes = sw_arena_alloc(arena, part_size(body));
    if (bytes == NULL) {
        return false;
    }
    bytes[0] = BYTES((uint32_t)e->body_case);
    put_body(put_varint(bytes + 1, body), e);
    *out = (struct sw_bytes){ bytes, part_size(body) };
    return true;
}

/* ---- reading: a field that is not next is not there, and what is left over is for others ---- */

struct in {
    const uint8_t *at, *end;
    uint8_t *room; /* for what is copied */
    bool odd;
};

static uint64_t get_varint(struct in *s)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 63 && s->at < s->end; shift += 7) {
        const uint8_t byte = *s->at++;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return v;
        }
    }
    if (s->at < s->end && *s->at == 1) { /* bit 63 */
        s->at++;
        return v | UINT64_C(1) << 63;
    }
    s->odd = true;
    return 0;
}

static bool next_is(struct in *s, uint8_t tag)
{
    const bool is = s->at < s->end && *s->at == tag;
    s->at += is;
    return is;
}

static uint64_t get_number(struct in *s, uint8_t tag, uint64_t most)
{
    const uint64_t v = next_is(s, tag) ? get_varint(s) : 0;
    s->odd = s->odd || v > most;
    return v;
}

/* The content of a field whose tag was read; the reader goes on behind it. */
static struct sw_bytes get_content(struct in *s)
{
    const uint64_t len = get_varint(s);
    if (s->odd || len > (size_t)(s->end - s->at)) {
        s->odd = true;
        return (struct sw_bytes){ s->at, 0 };
    }
    s->at += len;
    return (struct sw_bytes){ s->at - len, (size_t)len };
}

static uint8_t *keep(struct in *s, struct sw_bytes content)
{
    uint8_t *kept = s->room;
    memcpy(kept, content.data, content.len);
    s->room += content.len;
    return kept;
}

static void get_bytes(struct in *s, uint8_t tag, ProtobufCBinaryData *field)
{
    if (next_is(s, tag)) {
        const struct sw_bytes content = get_content(s);
        *field = (ProtobufCBinaryData){ content.len, content.len > 0 ? keep(s, content) : NULL };
    }
}

static void get_text(struct in *s, uint8_t tag, char **field)
{
    if (next_is(s, tag)) {
        *field = (char *)keep(s, get_content(s));
        *s->room++ = '\0';
    }
}

static void get_load(struct in *s, uint8_t tag, Swarm__V1__Load *load, Swarm__V1__Load **field)
{
    if (!next_is(s, tag)) {
        return;
    }
    const struct sw_bytes content = get_content(s);
    struct in part = { content.data, content.data + content.len, NULL, s->odd };
    *load = (Swarm__V1__Load)SWARM__V1__LOAD__INIT;
    load->waiting = (uint32_t)get_number(&part, VARINT(1), UINT32_MAX);
    load->cores = (uint32_t)get_number(&part, VARINT(2), UINT32_MAX);
    load->service = get_number(&part, VARINT(3), UINT64_MAX);
    s->odd = part.odd || part.at != part.end;
    *field = load;
}

/* An envelope and all that may hang from it. */
struct hot {
    Swarm__V1__Envelope e;
    union {
        Swarm__V1__Ant ant;
        Swarm__V1__AntReply ant_reply;
        Swarm__V1__Query query;
        Swarm__V1__Answer answer;
    };
    Swarm__V1__Load load;
    uint8_t room[];
};

static void get_body(struct in *s, struct hot *h)
{
    switch (h->e.body_case) {
    case SWARM__V1__ENVELOPE__BODY_ANT:
        h->ant = (Swarm__V1__Ant)SWARM__V1__ANT__INIT;
        h->e.ant = &h->ant;
        h->ant.nonce = get_number(s, VARINT(1), UINT64_MAX);
        h->ant.hops = (uint32_t)get_number(s, VARINT(2), UINT32_MAX);
        get_text(s, BYTES(3), &h->ant.origin);
        get_text(s, BYTES(4), &h->ant.target);
        return;
    case SWARM__V1__ENVELOPE__BODY_ANT_REPLY:
        h->ant_reply = (Swarm__V1__AntReply)SWARM__V1__ANT_REPLY__INIT;
        h->e.ant_reply = &h->ant_reply;
        h->ant_reply.nonce = get_number(s, VARINT(1), UINT64_MAX);
        get_load(s, BYTES(2), &h->load, &h->ant_reply.load);
        h->ant_reply.refused = (protobuf_c_boolean)get_number(s, VARINT(3), 1);
        return;
    case SWARM__V1__ENVELOPE__BODY_QUERY:
        h->query = (Swarm__V1__Query)SWARM__V1__QUERY__INIT;
        h->e.query = &h->query;
        h->query.id = get_number(s, VARINT(1), UINT64_MAX);
        h->query.hops = (uint32_t)get_number(s, VARINT(2), UINT32_MAX);
        get_text(s, BYTES(3), &h->query.origin);
        get_bytes(s, BYTES(4), &h->query.message);
        h->query.stream = (protobuf_c_boolean)get_number(s, VARINT(5), 1);
        get_text(s, BYTES(6), &h->query.target);
        h->query.cached = (protobuf_c_boolean)get_number(s, VARINT(7), 1);
        return;
    default:
        h->answer = (Swarm__V1__Answer)SWARM__V1__ANSWER__INIT;
        h->e.answer = &h->answer;
        h->answer.id = get_number(s, VARINT(1), UINT64_MAX);
        get_bytes(s, BYTES(2), &h->answer.message);
        get_load(s, BYTES(3), &h->load, &h->answer.load);
        h->answer.sojourn = get_number(s, VARINT(4), UINT64_MAX);
        h->answer.hit = (protobuf_c_boolean)get_number(s, VARINT(5), 1);
        h->answer.stale = (uint32_t)get_number(s, VARINT(6), UINT32_MAX);
        return;
    }
}

static bool is_hot_tag(uint8_t tag)
{
    return tag == BYTES(SWARM__V1__ENVELOPE__BODY_ANT) ||
           tag == BYTES(SWARM__V1__ENVELOPE__BODY_ANT_REPLY) ||
           tag == BYTES(SWARM__V1__ENVELOPE__BODY_QUERY) ||
           tag == BYTES(SWARM__V1__ENVELOPE__BODY_ANSWER);
}

Swarm__V1__Envelope *sw_hot_unpack(struct sw_arena *arena, struct sw_bytes bytes)
{
    if (bytes.len == 0 || !is_hot_tag(bytes.data[0])) {
        return NULL;
    }
    struct in s = { bytes.data + 1, bytes.data + bytes.len, NULL, false };
    const uint64_t len = get_varint(&s);
    /* Every copy is shorter than the field it comes from, a text's end included. */
    struct hot *h =
        len == (size_t)(s.end - s.at) ? sw_arena_alloc(arena, sizeof *h + bytes.len) : NULL;
    if (h == NULL) {
        return NULL;
    }
    s.room = h->room;
    h->e = (Swarm__V1__Envelope)SWARM__V1__ENVELOPE__INIT;
    h->e.body_case = (Swarm__V1__Envelope__BodyCase)(bytes.data[0] >> 3);
    get_body(&s, h);
    return s.odd || s.at != s.end ? NULL : &h->e;
}
