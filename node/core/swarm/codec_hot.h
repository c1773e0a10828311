/* SPDX-License-Identifier: GPL-3.0-or-later
 * Query, Answer, Ant and AntReply in and out of bytes, without descriptors: what every forwarded
 * query and every ant costs.  The bytes are those of Protocol buffers' library, and so is what is
 * read from them; whatever these functions leave is for it. */
#ifndef SW_SWARM_CODEC_HOT_H
#define SW_SWARM_CODEC_HOT_H

#include "node/base/arena.h"
#include "node/core/proto/swarm.pb-c.h"

/* Pack @e into @arena as protobuf_c_message_pack does.  False when it has another body or unknown
 * fields, or memory is out. */
bool sw_hot_pack(struct sw_arena *arena, const Swarm__V1__Envelope *e, struct sw_bytes *out);

/* Unpack @bytes into @arena, where it stays.  NULL when it has another body or is not written as
 * sw_hot_pack writes (fields ascending, nothing unknown), or memory is out. */
Swarm__V1__Envelope *sw_hot_unpack(struct sw_arena *arena, struct sw_bytes bytes);

#endif
