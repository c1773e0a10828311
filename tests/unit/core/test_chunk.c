/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where files are cut. */
#include "node/core/backup/chunk.h"

#include <sodium.h>
#include <stdlib.h>

#include "tests/lib/check.h"

extern CU_TestInfo tests_chunk[];

#define SIZE (8U * 1024 * 1024)

struct cuts {
    size_t end[1024];
    size_t n;
};

static void noise(uint8_t *buf, size_t len, uint8_t seed)
{
    const uint8_t key[randombytes_SEEDBYTES] = { seed };
    randombytes_buf_deterministic(buf, len, key);
}

static void cut_all(const struct sw_chunker *c, enum sw_chunk_mode mode, struct sw_bytes data,
                    struct cuts *out)
{
    out->n = 0;
    for (size_t at = 0; at < data.len && out->n < SW_LEN(out->end);) {
        at += sw_chunk_cut(c, mode, (struct sw_bytes){ data.data + at, data.len - at });
        out->end[out->n++] = at;
    }
}

static bool has(const struct cuts *c, size_t end)
{
    for (size_t i = 0; i < c->n; i++) {
        if (c->end[i] == end) {
            return true;
        }
    }
    return false;
}

static void chunks_keep_to_their_bounds_and_average(void)
{
    static struct cuts cuts;
    struct sw_chunker c;
    const uint8_t key[32] = { 1 };
    uint8_t *data = malloc(SIZE);
    REQUIRE(data != NULL);
    sw_chunker_init(&c, key);
    noise(data, SIZE, 7);
    cut_all(&c, SW_CHUNK_BY_CONTENT, (struct sw_bytes){ data, SIZE }, &cuts);
    CHECK_U64(cuts.end[cuts.n - 1], SIZE);
    for (size_t i = 0; i < cuts.n; i++) {
        const size_t len = cuts.end[i] - (i > 0 ? cuts.end[i - 1] : 0);
        CHECK(len <= SW_CHUNK_MAX);
        CHECK(len >= SW_CHUNK_MIN || i == cuts.n - 1);
    }
    /* normalised chunking: between 1 and 2 times the wanted length on random bytes */
    CHECK(SIZE / cuts.n > SW_CHUNK_AVG * 3 / 4 && SIZE / cuts.n < 2 * SW_CHUNK_AVG);
    free(data);
}

static void an_inserted_byte_changes_only_the_chunks_around_it(void)
{
    static struct cuts before;
    static struct cuts after;
    struct sw_chunker c;
    const uint8_t key[32] = { 1 };
    uint8_t *data = malloc(SIZE + 1);
    REQUIRE(data != NULL);
    sw_chunker_init(&c, key);
    noise(data, SIZE, 8);
    cut_all(&c, SW_CHUNK_BY_CONTENT, (struct sw_bytes){ data, SIZE }, &before);
    memmove(data + SIZE / 2 + 1, data + SIZE / 2, SIZE / 2);
    data[SIZE / 2] = 0x55;
    cut_all(&c, SW_CHUNK_BY_CONTENT, (struct sw_bytes){ data, SIZE + 1 }, &after);
    size_t lost = 0;
    for (size_t i = 0; i < before.n; i++) {
        const size_t end = before.end[i];
        lost += has(&after, end <= SIZE / 2 ? end : end + 1) ? 0 : 1;
    }
    CHECK(lost <= 4);
    CHECK(before.n > 60);
    free(data);
}

static void another_key_cuts_elsewhere(void)
{
    static struct cuts a;
    static struct cuts b;
    struct sw_chunker c;
    uint8_t key[32] = { 1 };
    uint8_t *data = malloc(SIZE);
    size_t common = 0;
    REQUIRE(data != NULL);
    noise(data, SIZE, 9);
    sw_chunker_init(&c, key);
    cut_all(&c, SW_CHUNK_BY_CONTENT, (struct sw_bytes){ data, SIZE }, &a);
    key[31] = 1;
    sw_chunker_init(&c, key);
    cut_all(&c, SW_CHUNK_BY_CONTENT, (struct sw_bytes){ data, SIZE }, &b);
    for (size_t i = 0; i + 1 < a.n; i++) {
        common += has(&b, a.end[i]);
    }
    CHECK(common < 3);
    free(data);
}

static void small_files_are_one_chunk_and_databases_are_cut_by_pages(void)
{
    const uint8_t sqlite[] = "SQLite format 3";
    const struct sw_bytes db = { sqlite, sizeof sqlite };
    const struct sw_bytes text = { sqlite, 15 };
    CHECK(sw_chunk_mode(SW_CHUNK_WHOLE, text) == SW_CHUNK_AS_ONE);
    CHECK(sw_chunk_mode(SW_CHUNK_WHOLE, db) == SW_CHUNK_AS_ONE);
    CHECK(sw_chunk_mode(SW_CHUNK_WHOLE + 1, db) == SW_CHUNK_BY_PAGES);
    CHECK(sw_chunk_mode(SW_CHUNK_WHOLE + 1, text) == SW_CHUNK_BY_CONTENT);
    static struct cuts cuts;
    static uint8_t data[100000];
    struct sw_chunker c = { { 0 } };
    cut_all(&c, SW_CHUNK_BY_PAGES, (struct sw_bytes){ data, sizeof data }, &cuts);
    CHECK_U64(cuts.n, 7);
    CHECK_U64(cuts.end[0], 16384);
    CHECK_U64(cuts.end[6], sizeof data);
}

static void bytes_that_never_match_are_cut_at_the_maximum(void)
{
    static struct cuts cuts;
    static uint8_t data[1024 * 1024];
    struct sw_chunker c;
    for (size_t i = 0; i < SW_LEN(c.gear); i++) {
        c.gear[i] = UINT64_C(1) << 63; /* 2h + this keeps the top bit, whatever h is */
    }
    cut_all(&c, SW_CHUNK_BY_CONTENT, (struct sw_bytes){ data, sizeof data }, &cuts);
    CHECK_U64(cuts.n, 4);
    CHECK_U64(cuts.end[0], SW_CHUNK_MAX);
}

CU_TestInfo tests_chunk[] = {
    { "chunks keep to their bounds and average", chunks_keep_to_their_bounds_and_average },
    { "an inserted byte changes only the chunks around it",
      an_inserted_byte_changes_only_the_chunks_around_it },
    { "another key cuts elsewhere", another_key_cuts_elsewhere },
    { "small files are one chunk and databases are cut by pages",
      small_files_are_one_chunk_and_databases_are_cut_by_pages },
    { "bytes that never match are cut at the maximum",
      bytes_that_never_match_are_cut_at_the_maximum },
    CU_TEST_INFO_NULL,
};
