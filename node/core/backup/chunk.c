/* SPDX-License-Identifier: GPL-3.0-or-later
 * FastCDC: a gear hash over the last 64 bytes, with a stricter mask before the wanted length and
 * a looser one after it. */
#include "node/core/backup/chunk.h"

#include <sodium.h>
#include <string.h>

/* The top bits of the hash depend on the most bytes (64); normalisation is +-2 bits around the
 * 16 that give 64 KiB on average. */
#define MASK_STRICT (UINT64_MAX << (64 - 18))
#define MASK_LOOSE (UINT64_MAX << (64 - 14))

void sw_chunker_init(struct sw_chunker *c, const uint8_t key[32])
{
    uint8_t seed[randombytes_SEEDBYTES];
    uint8_t bytes[sizeof c->gear];
    static const char label[] = "QBgear";
    (void)crypto_generichash(seed, sizeof seed, (const uint8_t *)label, sizeof label - 1, key, 32);
    randombytes_buf_deterministic(bytes, sizeof bytes, seed);
    for (size_t i = 0; i < SW_LEN(c->gear); i++) {
        uint64_t v = 0;
        for (size_t j = 0; j < 8; j++) {
            v = v << 8 | bytes[8 * i + j];
        }
        c->gear[i] = v;
    }
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(bytes, sizeof bytes);
}

void sw_chunker_wipe(struct sw_chunker *c)
{
    sodium_memzero(c, sizeof *c);
}

enum sw_chunk_mode sw_chunk_mode(uint64_t size, struct sw_bytes head)
{
    static const char sqlite[16] = "SQLite format 3"; /* with its NUL: the file format's magic */
    if (size <= SW_CHUNK_WHOLE) {
        return SW_CHUNK_AS_ONE;
    }
    if (head.len >= sizeof sqlite && memcmp(head.data, sqlite, sizeof sqlite) == 0) {
        return SW_CHUNK_BY_PAGES;
    }
    return SW_CHUNK_BY_CONTENT;
}

/* @hash and @i carry on between the two masks. */
static bool cut_before(const struct sw_chunker *c, const uint8_t *data, size_t end, uint64_t mask,
                       uint64_t *hash, size_t *i)
{
    uint64_t h = *hash;
    for (size_t k = *i; k < end; k++) {
        h = (h << 1) + c->gear[data[k]];
        if ((h & mask) == 0) {
            *i = k + 1;
            return true;
        }
    }
    *hash = h;
    *i = end;
    return false;
}

static size_t cut_by_content(const struct sw_chunker *c, struct sw_bytes data)
{
    const size_t end = data.len < SW_CHUNK_MAX ? data.len : SW_CHUNK_MAX;
    const size_t normal = end < SW_CHUNK_AVG ? end : SW_CHUNK_AVG;
    uint64_t hash = 0;
    size_t i = SW_CHUNK_MIN;
    if (end <= SW_CHUNK_MIN) {
        return end;
    }
    if (!cut_before(c, data.data, normal, MASK_STRICT, &hash, &i)) {
        (void)cut_before(c, data.data, end, MASK_LOOSE, &hash, &i);
    }
    return i;
}

size_t sw_chunk_cut(const struct sw_chunker *c, enum sw_chunk_mode mode, struct sw_bytes data)
{
    const size_t most = data.len < SW_CHUNK_MAX ? data.len : SW_CHUNK_MAX;
    switch (mode) {
    case SW_CHUNK_AS_ONE:
        return most;
    case SW_CHUNK_BY_PAGES:
        return data.len < SW_CHUNK_PAGES ? data.len : SW_CHUNK_PAGES;
    case SW_CHUNK_BY_CONTENT:
        break;
    }
    return cut_by_content(c, data);
}
