/* SPDX-License-Identifier: GPL-3.0-or-later
 * Protocol buffers in and out of arenas. */
#include "node/core/swarm/codec.h"

#include "node/core/swarm/codec_hot.h"
#include "node/core/swarm/lane.h"

/* What one unpacking may still take, and how it failed. */
struct budget {
    struct sw_arena *arena;
    size_t left;
    bool out_of_memory;
};

static void *take(void *data, size_t size)
{
    struct budget *b = data;
    if (size > b->left) {
        return NULL;
    }
    b->left -= size;
    void *p = sw_arena_alloc(b->arena, size);
    b->out_of_memory = b->out_of_memory || p == NULL;
    return p;
}

static void leave(void *data, void *pointer)
{
    (void)data;
    (void)pointer;
}

int sw_proto_pack(struct sw_arena *arena, const ProtobufCMessage *m, struct sw_bytes *out)
{
    const size_t len = protobuf_c_message_get_packed_size(m);
    uint8_t *bytes = sw_arena_alloc(arena, len);
    if (bytes == NULL) {
        return SW_ERR_NOMEM;
    }
    *out = (struct sw_bytes){ bytes, protobuf_c_message_pack(m, bytes) };
    return SW_OK;
}

int sw_proto_unpack(struct sw_arena *arena, const ProtobufCMessageDescriptor *type,
                    struct sw_bytes bytes, ProtobufCMessage **out)
{
    struct budget b = { .arena = arena, .left = SW_UNPACKED_MAX };
    ProtobufCAllocator allocator = { .alloc = take, .free = leave, .allocator_data = &b };
    static const uint8_t nothing[1] = { 0 };
    *out = protobuf_c_message_unpack(type, &allocator, bytes.len,
                                     bytes.len > 0 ? bytes.data : nothing);
    if (*out == NULL) {
        return b.out_of_memory ? SW_ERR_NOMEM : SW_ERR_MALFORMED;
    }
    return SW_OK;
}

int sw_envelope_pack(struct sw_arena *arena, const Swarm__V1__Envelope *e, struct sw_bytes *out)
{
    return sw_hot_pack(arena, e, out) ? SW_OK : sw_proto_pack(arena, &e->base, out);
}

int sw_envelope_unpack(struct sw_arena *arena, struct sw_bytes bytes, Swarm__V1__Envelope **out)
{
    if (bytes.len > SW_ENVELOPE_MAX) {
        return SW_ERR_MALFORMED;
    }
    *out = sw_hot_unpack(arena, bytes);
    if (*out != NULL) {
        return SW_OK;
    }
    ProtobufCMessage *m = NULL;
    const int err = sw_proto_unpack(arena, &swarm__v1__envelope__descriptor, bytes, &m);
    if (err != SW_OK) {
        return err;
    }
    *out = (Swarm__V1__Envelope *)(void *)m;
    const uint32_t body = (uint32_t)(*out)->body_case;
    return body == 0 || body == sw_envelope_first_field(bytes) ? SW_OK : SW_ERR_MALFORMED;
}
