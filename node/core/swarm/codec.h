/* SPDX-License-Identifier: GPL-3.0-or-later
 * Protocol buffers in and out of arenas: nothing to free, and a bound on what a message may cost.
 */
#ifndef SW_SWARM_CODEC_H
#define SW_SWARM_CODEC_H

#include "node/base/arena.h"
#include "node/base/err.h"
#include "node/core/proto/swarm.pb-c.h"

/* A peer's message is no longer than this, packed (what the transport carries), ... */
#define SW_ENVELOPE_MAX (4 * SW_MIB)
/* ... and takes no more memory than this, unpacked: small fields may blow up twentyfold. */
#define SW_UNPACKED_MAX (16 * SW_MIB)

/* Pack @m into @arena.  Errors: SW_ERR_NOMEM. */
int sw_proto_pack(struct sw_arena *arena, const ProtobufCMessage *m, struct sw_bytes *out);
/* Unpack a message of @type into @arena, where it stays; free nothing.
 * Errors: SW_ERR_MALFORMED, also when it is too large; SW_ERR_NOMEM. */
int sw_proto_unpack(struct sw_arena *arena, const ProtobufCMessageDescriptor *type,
                    struct sw_bytes bytes, ProtobufCMessage **out);

/* The same for an Envelope.  One whose body is not the first thing it says is SW_ERR_MALFORMED
 * (sw_envelope_lane relies on it); one with a body this version does not know has body_case
 * NOT_SET. */
int sw_envelope_pack(struct sw_arena *arena, const Swarm__V1__Envelope *e, struct sw_bytes *out);
int sw_envelope_unpack(struct sw_arena *arena, struct sw_bytes bytes, Swarm__V1__Envelope **out);

#endif
