/* SPDX-License-Identifier: GPL-3.0-or-later
 * The front: datagrams and streams of DNS messages (RFC 1035, 4.2; RFC 7766). */
#include "node/core/front.h"

#include <stdlib.h>
#include <string.h>

#include "node/base/bug.h"
#include "node/base/heap.h"
#include "node/base/map.h"
#include "node/core/dns/answer.h"
#include "node/core/dns/bytes.h"

#define MAX_STREAMS 1024
#define STREAM_IDLE (10 * SW_SEC)
#define FRAME 2 /* bytes of length before a message on a stream */
/* What one stream may hold up: then it is read no further until the client has taken answers. */
#define UNSENT_MAX (64 * SW_KIB) /* bytes written that have not left */
#define WAITING_MAX 256          /* queries that the node has not answered */
#define HELD_MAX (128 * SW_KIB)  /* bytes received and not looked at; beyond: closed */

/* A TCP connection of a client. */
struct stream {
    struct sw_client client;
    struct sw_timer idle; /* closes it; put off by every query and answer */
    struct sw_blob in;    /* received and not looked at yet, from @begin on */
    size_t begin;
    size_t unsent;
    uint32_t waiting;
    bool ended; /* nothing more will be asked */
};

struct sw_front {
    struct sw_front_options options;
    const struct sw_view *view;
    struct sw_map streams; /* by number, big-endian */
    struct sw_heap idle;
    struct sw_front_counts counts;
};

/* ---- streams ---- */

struct key {
    uint8_t b[8];
};

static struct key key_of(uint64_t stream)
{
    struct key k;
    sw_put_be32(k.b, (uint32_t)(stream >> 32));
    sw_put_be32(k.b + 4, (uint32_t)stream);
    return k;
}

static struct stream *find_stream(const struct sw_front *f, uint64_t number)
{
    const struct key k = key_of(number);
    return sw_map_get(&f->streams, (struct sw_bytes){ k.b, sizeof k.b });
}

static struct stream *stream_of(struct sw_timer *idle)
{
    return (struct stream *)(void *)((char *)idle - offsetof(struct stream, idle));
}

static void forget(struct sw_front *f, struct stream *s)
{
    const struct key k = key_of(s->client.stream);
    (void)sw_map_del(&f->streams, (struct sw_bytes){ k.b, sizeof k.b });
    sw_heap_cancel(&f->idle, &s->idle);
    sw_blob_fini(&s->in);
    free(s);
}

static int close_stream(struct sw_front *f, struct stream *s, struct sw_actions *out)
{
    struct sw_action *a = sw_actions_add(out, SW_ACT_CLOSE);
    if (a == NULL) {
        return SW_ERR_NOMEM;
    }
    a->u.close = s->client.stream;
    forget(f, s);
    return SW_OK;
}

/* A timer that is set already moves without memory. */
static void put_off(struct sw_front *f, struct stream *s, sw_time now)
{
    (void)sw_heap_set(&f->idle, &s->idle, now + f->options.stream_idle);
}

static int open_stream(struct sw_front *f, const struct sw_event *ev, struct sw_actions *out)
{
    const struct key k = key_of(ev->u.stream_open.stream);
    const struct sw_bytes key = { k.b, sizeof k.b };
    SW_ASSERT(find_stream(f, ev->u.stream_open.stream) == NULL);
    struct stream *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return SW_ERR_NOMEM;
    }
    s->client = ev->u.stream_open;
    if (sw_heap_set(&f->idle, &s->idle, ev->now + f->options.stream_idle) != SW_OK) {
        free(s);
        return SW_ERR_NOMEM;
    }
    if (sw_map_put(&f->streams, key, s, NULL) != SW_OK) {
        sw_heap_cancel(&f->idle, &s->idle);
        free(s);
        return SW_ERR_NOMEM;
    }
    if (f->streams.count <= f->options.max_streams) {
        return SW_OK;
    }
    return close_stream(f, stream_of(sw_heap_first(&f->idle)), out); /* silent for longest */
}

/* ---- messages ---- */

static void count_sent(struct sw_front *f, const uint8_t *message)
{
    f->counts.by_rcode[message[3] & SW_DNS_RCODE]++;
    f->counts.truncated += (message[2] & SW_DNS_TC) != 0;
    f->counts.refused += (message[3] & SW_DNS_RCODE) == SW_RCODE_REFUSED;
}

static void count_verdict(struct sw_front *f, enum sw_verdict verdict, const uint8_t *message)
{
    if (verdict == SW_VERDICT_FORWARD) {
        f->counts.queries++;
        f->counts.forwarded++;
    } else if (verdict == SW_VERDICT_DROP || (message[3] & SW_DNS_RCODE) == SW_RCODE_FORMERR) {
        f->counts.malformed++;
    } else {
        f->counts.queries++;
        f->counts.answered++;
    }
}

static int forward(const struct sw_client *client, struct sw_bytes message, struct sw_actions *out)
{
    const uint8_t *copy = sw_arena_copy(&out->bytes, message.data, message.len);
    struct sw_action *a = copy == NULL ? NULL : sw_actions_add(out, SW_ACT_FORWARD);
    if (a == NULL) {
        return SW_ERR_NOMEM;
    }
    a->u.forward.client = *client;
    a->u.forward.message = (struct sw_bytes){ copy, message.len };
    return SW_OK;
}

static int reply(struct sw_front *f, const struct sw_client *client, struct sw_bytes message,
                 struct sw_actions *out)
{
    struct sw_action *a = sw_actions_add(out, SW_ACT_REPLY);
    if (a == NULL) {
        return SW_ERR_NOMEM;
    }
    a->u.reply.client = *client;
    a->u.reply.message = message;
    count_sent(f, message.data);
    return SW_OK;
}

/* Send what lies framed at @frame: the length is filled in here. */
static int write_frame(struct sw_front *f, struct stream *s, uint8_t *frame, size_t len,
                       struct sw_actions *out)
{
    struct sw_action *a = sw_actions_add(out, SW_ACT_WRITE);
    if (a == NULL) {
        return SW_ERR_NOMEM;
    }
    sw_put_be16(frame, (unsigned)len);
    a->u.write.stream = s->client.stream;
    a->u.write.data = (struct sw_bytes){ frame, FRAME + len };
    s->unsent += FRAME + len;
    count_sent(f, frame + FRAME);
    return SW_OK;
}

/* Whether upstreams are asked depends on who asks. */
static enum sw_verdict allow(const struct sw_front *f, const struct sw_client *client,
                             enum sw_verdict verdict)
{
    if (verdict != SW_VERDICT_OUTSIDE) {
        return verdict;
    }
    return sw_prefixes_have(f->view->clients, f->view->n_clients, client->addr) ? SW_VERDICT_FORWARD
                                                                                : SW_VERDICT_REPLY;
}

static size_t udp_size(const struct sw_front *f)
{
    return f->view != NULL && f->view->udp_size > SW_DNS_UDP_MIN ? f->view->udp_size
                                                                 : SW_DNS_UDP_MIN;
}

static int on_datagram(struct sw_front *f, const struct sw_event *ev, struct sw_actions *out)
{
    const struct sw_client *client = &ev->u.datagram.client;
    const struct sw_bytes message = ev->u.datagram.message;
    struct sw_wr w = { .cap = udp_size(f) };
    w.buf = sw_arena_alloc(&out->bytes, w.cap);
    if (w.buf == NULL) {
        return SW_ERR_NOMEM;
    }
    const enum sw_verdict verdict = allow(f, client, sw_answer(f->view, message, false, &w));
    sw_arena_trim(&out->bytes, w.buf, verdict == SW_VERDICT_FORWARD ? 0 : w.len);
    count_verdict(f, verdict, w.buf);
    if (verdict == SW_VERDICT_FORWARD) {
        return forward(client, message, out);
    }
    return verdict == SW_VERDICT_DROP ? SW_OK
                                      : reply(f, client, (struct sw_bytes){ w.buf, w.len }, out);
}

static int on_message(struct sw_front *f, struct stream *s, struct sw_bytes message,
                      struct sw_actions *out)
{
    uint8_t *frame = sw_arena_alloc(&out->bytes, FRAME + SW_DNS_MESSAGE_MAX);
    if (frame == NULL) {
        return SW_ERR_NOMEM;
    }
    struct sw_wr w = { .buf = frame + FRAME, .cap = SW_DNS_MESSAGE_MAX };
    const enum sw_verdict verdict = allow(f, &s->client, sw_answer(f->view, message, true, &w));
    sw_arena_trim(&out->bytes, frame,
                  w.len > 0 && verdict != SW_VERDICT_FORWARD ? FRAME + w.len : 0);
    count_verdict(f, verdict, w.buf);
    if (verdict == SW_VERDICT_FORWARD) {
        s->waiting++;
        return forward(&s->client, message, out);
    }
    return verdict == SW_VERDICT_DROP ? SW_OK : write_frame(f, s, frame, w.len, out);
}

/* ---- bytes of a stream ---- */

static bool is_held_up(const struct stream *s)
{
    return s->unsent >= UNSENT_MAX || s->waiting >= WAITING_MAX;
}

/* Take whole messages off the front of @bytes while the client keeps up; bytes taken. */
static size_t take_messages(struct sw_front *f, struct stream *s, struct sw_bytes bytes,
                            struct sw_actions *out, int *err)
{
    size_t at = 0;
    while (*err == SW_OK && !is_held_up(s) && bytes.len - at >= FRAME) {
        const size_t len = sw_be16(bytes.data + at);
        if (bytes.len - at - FRAME < len) {
            break;
        }
        *err = on_message(f, s, (struct sw_bytes){ bytes.data + at + FRAME, len }, out);
        at += FRAME + len;
    }
    return at;
}

/* Go on with what was held. */
static int take_held(struct sw_front *f, struct stream *s, sw_time now, struct sw_actions *out)
{
    if (s->in.len == 0) {
        return SW_OK;
    }
    int err = SW_OK;
    const struct sw_bytes held = { s->in.data + s->begin, s->in.len - s->begin };
    const size_t taken = take_messages(f, s, held, out, &err);
    s->begin += taken;
    if (s->begin == s->in.len) {
        sw_blob_fini(&s->in); /* most streams are silent most of the time */
        s->begin = 0;
    }
    if (taken > 0) {
        put_off(f, s, now);
    }
    return err;
}

/* Keep @rest for later. */
static int hold(struct stream *s, struct sw_bytes rest)
{
    if (s->begin > 0) {
        s->in.len -= s->begin;
        memmove(s->in.data, s->in.data + s->begin, s->in.len);
        s->begin = 0;
    }
    return sw_blob_append(&s->in, rest.data, rest.len);
}

static int on_stream_data(struct sw_front *f, const struct sw_event *ev, struct sw_actions *out)
{
    struct stream *s = find_stream(f, ev->u.stream_data.stream);
    if (s == NULL) {
        return SW_OK; /* closed by us while this was on its way */
    }
    int err = SW_OK;
    struct sw_bytes data = ev->u.stream_data.data;
    if (s->in.len == 0) {
        const size_t taken = take_messages(f, s, data, out, &err);
        data = (struct sw_bytes){ data.data + taken, data.len - taken };
        if (taken > 0) {
            put_off(f, s, ev->now);
        }
    }
    if (err == SW_OK && data.len > 0) {
        err = hold(s, data);
    }
    if (err == SW_OK) {
        err = take_held(f, s, ev->now, out);
    }
    if (err != SW_OK || s->in.len - s->begin > HELD_MAX) {
        (void)close_stream(f, s, out); /* a byte was lost, or this client never reads */
    }
    return err;
}

/* The client ended its side: once everything is answered and has left, so do we. */
static int settle(struct sw_front *f, struct stream *s, struct sw_actions *out)
{
    return s->ended && s->waiting == 0 && s->unsent == 0 ? close_stream(f, s, out) : SW_OK;
}

static int on_stream_end(struct sw_front *f, const struct sw_event *ev, struct sw_actions *out)
{
    struct stream *s = find_stream(f, ev->u.stream_end);
    if (s == NULL) {
        return SW_OK;
    }
    s->ended = true;
    return settle(f, s, out);
}

static int on_writable(struct sw_front *f, const struct sw_event *ev, struct sw_actions *out)
{
    struct stream *s = find_stream(f, ev->u.stream_writable);
    if (s == NULL) {
        return SW_OK;
    }
    s->unsent = 0;
    const int err = take_held(f, s, ev->now, out);
    return err != SW_OK ? err : settle(f, s, out);
}

/* ---- answers from the node ---- */

static int on_answer(struct sw_front *f, const struct sw_event *ev, struct sw_actions *out)
{
    const struct sw_client *client = &ev->u.answer.client;
    const struct sw_bytes message = ev->u.answer.message;
    struct stream *s = client->stream != 0 ? find_stream(f, client->stream) : NULL;
    if (message.len < SW_DNS_HEADER || message.len > SW_DNS_MESSAGE_MAX ||
        (client->stream != 0 && s == NULL)) {
        return SW_OK; /* that client is gone */
    }
    uint8_t *frame = sw_arena_alloc(&out->bytes, FRAME + message.len);
    if (frame == NULL) {
        return SW_ERR_NOMEM;
    }
    memcpy(frame + FRAME, message.data, message.len);
    if (s == NULL) {
        size_t len = message.len;
        if (len > udp_size(f)) {
            len = sw_answer_truncate(frame + FRAME, len);
        }
        return reply(f, client, (struct sw_bytes){ frame + FRAME, len }, out);
    }
    s->waiting -= s->waiting > 0;
    put_off(f, s, ev->now);
    const int err = write_frame(f, s, frame, message.len, out);
    return err != SW_OK ? err : take_held(f, s, ev->now, out);
}

/* ---- the seam ---- */

static int on_tick(struct sw_front *f, sw_time now, struct sw_actions *out)
{
    int err = SW_OK;
    for (struct sw_timer *t;
         err == SW_OK && (t = sw_heap_first(&f->idle)) != NULL && t->at <= now;) {
        err = close_stream(f, stream_of(t), out);
    }
    return err;
}

int sw_front_step(struct sw_front *f, const struct sw_event *ev, struct sw_actions *out)
{
    switch (ev->kind) {
    case SW_EV_DATAGRAM:
        return on_datagram(f, ev, out);
    case SW_EV_STREAM_OPEN:
        return open_stream(f, ev, out);
    case SW_EV_STREAM_DATA:
        return on_stream_data(f, ev, out);
    case SW_EV_STREAM_WRITABLE:
        return on_writable(f, ev, out);
    case SW_EV_STREAM_END:
        return on_stream_end(f, ev, out);
    case SW_EV_STREAM_CLOSED: {
        struct stream *s = find_stream(f, ev->u.stream_closed);
        if (s != NULL) {
            forget(f, s);
        }
        return SW_OK;
    }
    case SW_EV_ANSWER:
        return on_answer(f, ev, out);
    case SW_EV_VIEW:
        f->view = ev->u.view;
        return SW_OK;
    case SW_EV_TICK:
        return on_tick(f, ev->now, out);
    default:
        return SW_OK; /* the node's */
    }
}

sw_time sw_front_deadline(const struct sw_front *f)
{
    const struct sw_timer *t = sw_heap_first(&f->idle);
    return t != NULL ? t->at : SW_TIME_NEVER;
}

struct sw_front *sw_front_new(const struct sw_front_options *options)
{
    struct sw_front *f = calloc(1, sizeof *f);
    if (f == NULL) {
        return NULL;
    }
    f->options = *options;
    if (f->options.max_streams == 0) {
        f->options.max_streams = MAX_STREAMS;
    }
    if (f->options.stream_idle == 0) {
        f->options.stream_idle = STREAM_IDLE;
    }
    return f;
}

void sw_front_free(struct sw_front *f)
{
    if (f == NULL) {
        return;
    }
    for (struct sw_timer *t; (t = sw_heap_first(&f->idle)) != NULL;) {
        forget(f, stream_of(t));
    }
    sw_heap_fini(&f->idle);
    sw_map_fini(&f->streams);
    free(f);
}

void sw_front_counts(const struct sw_front *f, struct sw_front_counts *out)
{
    *out = f->counts;
}
