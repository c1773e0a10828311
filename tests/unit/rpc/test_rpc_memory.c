/* SPDX-License-Identifier: GPL-3.0-or-later
 * Memory runs out at every single place in turn: a call then fails with a status, or the session
 * with an error, and nothing leaks (AddressSanitizer looks).  nghttp2's and OpenSSL's own
 * allocations are not made to fail: they are other people's code in shared libraries. */
#include "tests/lib/fail_alloc.h"
#include "tests/lib/grpc_pair.h"

struct outcome {
    unsigned calls, ends, closes, messages;
};

static void on_call(void *self, struct grpc_call *call, const char *path)
{
    (void)self;
    (void)call;
    (void)path;
}

static void on_message(void *self, struct grpc_call *call, struct sw_bytes message)
{
    struct outcome *o = self;
    o->messages++;
    (void)grpc_call_send(call, message);
}

static void on_end(void *self, struct grpc_call *call, enum grpc_status status, const char *reason)
{
    struct outcome *o = self;
    (void)status;
    (void)reason;
    o->ends++;
    (void)grpc_call_end(call, GRPC_OK, NULL);
}

static void on_close(void *self, struct grpc_call *call)
{
    struct outcome *o = self;
    (void)call;
    o->closes++;
}

static const struct grpc_handler handler = { on_call, on_message, on_end, on_close, NULL };

/* Both ways until nothing moves; the bytes cross in @piece so that messages must be put together.
 */
static void run(struct grpc_session *a, struct grpc_session *b, size_t piece)
{
    static uint8_t wire[1 << 16];
    for (int turn = 0, idle = 0; idle < 2 && turn < 100; turn++) {
        struct grpc_session *from = turn % 2 == 0 ? a : b;
        struct grpc_session *to = turn % 2 == 0 ? b : a;
        struct sw_bytes out = { NULL, 0 };
        if (grpc_send(from, &out) != 0 || out.len > sizeof wire) {
            return;
        }
        idle = out.len == 0 ? idle + 1 : 0;
        const size_t len = out.len;
        if (len > 0) {
            memcpy(wire, out.data, len);
        }
        for (size_t off = 0; off < len; off += piece) {
            const size_t n = len - off < piece ? len - off : piece;
            if (grpc_receive(to, (struct sw_bytes){ wire + off, n }, SW_SEC) != 0) {
                return;
            }
        }
    }
}

/* One call with allocation @index failing; how many allocations there are. */
static uint64_t one_call(uint64_t index, bool only, struct outcome *client)
{
    struct outcome server = { 0 };
    static const uint8_t body[3000];
    *client = (struct outcome){ 0 };
    if (only) {
        fail_alloc_only(index);
    } else {
        fail_alloc_from(index);
    }
    struct grpc_session *c = grpc_session_new(false, &handler, client);
    struct grpc_session *s = grpc_session_new(true, &handler, &server);
    struct grpc_call *call =
        c == NULL || s == NULL ? NULL : grpc_call_new(c, "/a/b", "x", NULL, SW_SEC, SW_SEC);
    if (call != NULL) {
        client->calls = 1;
        (void)grpc_call_send(call, (struct sw_bytes){ body, sizeof body });
        (void)grpc_call_end(call, GRPC_OK, NULL);
        run(c, s, 500);
    }
    grpc_session_free(c);
    grpc_session_free(s);
    return fail_alloc_stop();
}

static void every_allocation_may_fail(void)
{
    struct outcome o;
    const uint64_t n = one_call(FAIL_ALLOC_NEVER, true, &o);
    CHECK(n > 5 && n < 1000);
    CHECK(o.messages == 1 && o.ends == 1 && o.closes == 1);
    for (uint64_t i = 0; i < n; i++) {
        for (int only = 0; only < 2; only++) {
            (void)one_call(i, only == 1, &o);
            CHECK_U64(o.ends, o.calls); /* every call that began has one outcome */
            CHECK_U64(o.closes, o.calls);
        }
    }
}

extern CU_TestInfo tests_rpc_memory[];
CU_TestInfo tests_rpc_memory[] = {
    { "every_allocation_may_fail", every_allocation_may_fail },
    CU_TEST_INFO_NULL,
};
