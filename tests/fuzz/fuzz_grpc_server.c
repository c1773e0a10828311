/* SPDX-License-Identifier: GPL-3.0-or-later
 * Bytes from a hostile client into a server session that echoes.  The first byte says how many
 * bytes are delivered at once and how the owner behaves; then come the bytes of the connection.  An
 * input that does not begin with HTTP/2's preface gets one, so that mutations reach what lies
 * behind. */
#include "node/rpc/grpc.h"

#include <nghttp2/nghttp2.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CANCEL = 0x40, END_EARLY = 0x80 };

struct owner {
    uint8_t manner;
    unsigned open; /* calls begun and not closed */
};

static void on_call(void *self, struct grpc_call *call, const char *path)
{
    struct owner *o = self;
    o->open++;
    (void)grpc_call_header(call, path);
    if ((o->manner & END_EARLY) != 0) {
        (void)grpc_call_end(call, GRPC_UNIMPLEMENTED, path);
    }
}

static void on_message(void *self, struct grpc_call *call, struct sw_bytes message)
{
    const struct owner *o = self;
    (void)grpc_call_send(call, message);
    if ((o->manner & CANCEL) != 0 && message.len % 3 == 1) {
        grpc_call_cancel(call);
    }
}

static void on_end(void *self, struct grpc_call *call, enum grpc_status status, const char *reason)
{
    (void)self;
    (void)status;
    (void)grpc_call_end(call, GRPC_OK, reason);
}

static void on_close(void *self, struct grpc_call *call)
{
    struct owner *o = self;
    (void)call;
    if (o->open-- == 0) {
        __builtin_trap(); /* closed what never began, or twice */
    }
}

static const struct grpc_handler handler = { on_call, on_message, on_end, on_close, NULL };

/* Bytes the session sent for @n bytes taken. */
static size_t feed(struct grpc_session *s, const uint8_t *data, size_t n, sw_time *now)
{
    size_t sent = 0;
    *now += SW_MS;
    const int err = grpc_receive(s, (struct sw_bytes){ data, n }, *now);
    for (struct sw_bytes out; grpc_send(s, &out) == 0 && out.len > 0;) {
        sent += out.len;
    }
    (void)grpc_tick(s, *now);
    return err == 0 ? sent : SIZE_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    struct owner o = { data[0], 0 };
    const size_t piece = 1 + (data[0] & 0x3fU) * 17;
    struct grpc_session *s = grpc_session_new(true, &handler, &o);
    if (s == NULL) {
        return 0;
    }
    sw_time now = SW_SEC;
    data++;
    size--;
    if (size < NGHTTP2_CLIENT_MAGIC_LEN ||
        memcmp(data, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN) != 0) {
        (void)feed(s, (const uint8_t *)NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN, &now);
    }
    for (size_t at = 0; at < size; at += piece) {
        const size_t n = size - at < piece ? size - at : piece;
        if (feed(s, data + at, n, &now) == SIZE_MAX) {
            break;
        }
    }
    grpc_session_free(s);
    if (o.open != 0) {
        __builtin_trap(); /* a call was forgotten */
    }
    return 0;
}
