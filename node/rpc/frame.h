/* SPDX-License-Identifier: GPL-3.0-or-later
 * Length-prefixed messages: one byte "compressed", four bytes length, the message.  They lie
 * anywhere across DATA frames.  Source: grpc/grpc doc/PROTOCOL-HTTP2.md. */
#ifndef SW_RPC_FRAME_H
#define SW_RPC_FRAME_H

#include "node/base/buf.h"
#include "node/rpc/grpc.h"

#define GRPC_PREFIX_LEN 5

/* Puts messages together.  Zero-initialised is ready. */
struct grpc_reader {
    uint8_t prefix[GRPC_PREFIX_LEN];
    uint8_t have;        /* bytes of the prefix */
    bool lent;           /* @body was given out: forget it first */
    uint32_t length;     /* of the message, once the prefix is whole */
    struct sw_blob body; /* what came of it so far */
};

/* Take bytes from the front of @in until a message is whole or @in is empty.  @message->data is
 * NULL while none is whole; otherwise it is borrowed (from @in or @r) until the next call.
 * Errors: SW_ERR_UNSUPPORTED: compressed; SW_ERR_MALFORMED: a flag nobody defined; SW_ERR_RANGE:
 * longer than GRPC_MAX_MESSAGE; SW_ERR_NOMEM. */
int grpc_reader_next(struct grpc_reader *r, struct sw_bytes *in, struct sw_bytes *message);
/* Stopped in the middle of a message. */
bool grpc_reader_partial(const struct grpc_reader *r);
void grpc_reader_fini(struct grpc_reader *r);

/* Messages waiting to be sent, prefixes included.  Zero-initialised is empty. */
struct grpc_queue {
    struct sw_blob bytes;
    size_t head; /* sent so far */
};

/* Errors: SW_ERR_NOMEM: unchanged. */
int grpc_queue_put(struct grpc_queue *q, struct sw_bytes message);
size_t grpc_queue_len(const struct grpc_queue *q);
/* Move up to @cap bytes to @out; how many. */
size_t grpc_queue_take(struct grpc_queue *q, uint8_t *out, size_t cap);
void grpc_queue_fini(struct grpc_queue *q);

#endif
