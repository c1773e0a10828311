/* SPDX-License-Identifier: GPL-3.0-or-later
 * Bytes from a hostile server into a client session with three calls.  The first byte says how many
 * bytes are delivered at once; the rest are the bytes of the connection. */
#include "node/rpc/grpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CALLS 3

struct owner {
    unsigned ended, closed;
};

static void on_message(void *self, struct grpc_call *call, struct sw_bytes message)
{
    (void)self;
    if (message.len % 5 == 1) {
        (void)grpc_call_end(call, GRPC_OK, NULL);
    } else {
        (void)grpc_call_send(call, message);
    }
}

static void on_end(void *self, struct grpc_call *call, enum grpc_status status, const char *reason)
{
    struct owner *o = self;
    (void)call;
    if (status > GRPC_UNAUTHENTICATED || reason == NULL) {
        __builtin_trap();
    }
    o->ended++;
}

static void on_close(void *self, struct grpc_call *call)
{
    struct owner *o = self;
    (void)call;
    if (++o->closed > o->ended) {
        __builtin_trap(); /* closed without an outcome */
    }
}

static const struct grpc_handler handler = { NULL, on_message, on_end, on_close, NULL };

static void pull(struct grpc_session *s)
{
    for (struct sw_bytes out; grpc_send(s, &out) == 0 && out.len > 0;) {
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    struct owner o = { 0, 0 };
    struct grpc_session *s = grpc_session_new(false, &handler, &o);
    if (s == NULL) {
        return 0;
    }
    sw_time now = SW_SEC;
    for (unsigned i = 0; i < CALLS; i++) {
        struct grpc_call *c = grpc_call_new(s, "/a/b", "c", NULL, i * 50 * SW_MS, now);
        (void)grpc_call_send(c, (struct sw_bytes){ (const uint8_t *)"request", 7 });
    }
    pull(s);
    const size_t piece = 1 + (size_t)data[0] * 5;
    for (size_t at = 1; at < size; at += piece) {
        const size_t n = size - at < piece ? size - at : piece;
        now += SW_MS;
        const int err = grpc_receive(s, (struct sw_bytes){ data + at, n }, now);
        pull(s);
        (void)grpc_tick(s, now);
        if (err != 0) {
            break;
        }
    }
    grpc_session_free(s);
    if (o.ended != CALLS || o.closed != CALLS) {
        __builtin_trap();
    }
    return 0;
}
