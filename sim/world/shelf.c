/* SPDX-License-Identifier: GPL-3.0-or-later
 * Bytes that never change, kept once. */
#include "sim/world/shelf.h"

#include "node/base/bug.h"
#include "node/base/err.h"
#include "sim/engine/engine.h"
#include "sim/engine/xxh64.h"
#include "sim/world/pool.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct book {
    uint64_t hash;
    size_t users;
    size_t len;
    uint8_t bytes[];
};

static struct sw_bytes key(const uint64_t *hash)
{
    return (struct sw_bytes){ (const uint8_t *)hash, sizeof *hash };
}

static struct book *add(struct sim_shelf *s, uint64_t hash, struct sw_bytes bytes)
{
    struct book *b = sim_alloc(sizeof *b + bytes.len);
    *b = (struct book){ .hash = hash, .len = bytes.len };
    memcpy(b->bytes, bytes.data, bytes.len);
    if (sw_map_put(&s->books, key(&hash), b, NULL) != SW_OK) {
        sim_out_of_memory("zones");
    }
    return b;
}

static const uint8_t *take(void *self, struct sw_bytes bytes)
{
    struct sim_shelf *s = self;
    const uint64_t hash = sim_xxh64(bytes.data, bytes.len, 0);
    struct book *b = sw_map_get(&s->books, key(&hash));
    if (b == NULL) {
        b = add(s, hash, bytes);
    } else if (b->len != bytes.len || memcmp(b->bytes, bytes.data, bytes.len) != 0) {
        return NULL; /* others with the same hash */
    }
    b->users++;
    return b->bytes;
}

static void give(void *self, const uint8_t *bytes)
{
    struct sim_shelf *s = self;
    struct book *b = (struct book *)(uintptr_t)(bytes - offsetof(struct book, bytes));
    if (--b->users == 0) {
        (void)sw_map_del(&s->books, key(&b->hash));
        free(b);
    }
}

void sim_shelf_init(struct sim_shelf *s)
{
    *s = (struct sim_shelf){ .shelf = { .self = s, .take = take, .give = give } };
}

void sim_shelf_fini(struct sim_shelf *s)
{
    SW_ASSERT(s->books.count == 0);
    sw_map_fini(&s->books);
}
