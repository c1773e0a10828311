/* SPDX-License-Identifier: GPL-3.0-or-later
 * Any bytes as an Envelope: what the codec of queries and ants takes means what protobuf-c says it
 * means, and comes out as protobuf-c writes it. */
#include "node/core/swarm/codec_hot.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(cond) ((cond) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_arena arena = { 0 };
    const Swarm__V1__Envelope *ours = sw_hot_unpack(&arena, (struct sw_bytes){ data, size });
    if (ours != NULL) {
        Swarm__V1__Envelope *theirs = swarm__v1__envelope__unpack(NULL, size, data);
        must(theirs != NULL && ours->body_case == theirs->body_case);
        const size_t len = swarm__v1__envelope__get_packed_size(theirs);
        uint8_t *packed = malloc(2 * len);
        must(packed != NULL && swarm__v1__envelope__get_packed_size(ours) == len);
        (void)swarm__v1__envelope__pack(theirs, packed);
        (void)swarm__v1__envelope__pack(ours, packed + len);
        must(memcmp(packed, packed + len, len) == 0);
        struct sw_bytes again;
        must(sw_hot_pack(&arena, theirs, &again));
        must(again.len == len && memcmp(again.data, packed, len) == 0);
        free(packed);
        swarm__v1__envelope__free_unpacked(theirs, NULL);
    }
    sw_arena_fini(&arena);
    return 0;
}
