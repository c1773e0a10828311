/* SPDX-License-Identifier: GPL-3.0-or-later
 * The ordered map against a sorted array. */
#include "node/base/err.h"
#include "node/base/map.h"
#include "node/base/rng.h"
#include "tests/lib/check.h"
#include "tests/lib/fail_alloc.h"

extern CU_TestInfo tests_map[];

static struct sw_bytes key_of(const char *s)
{
    return (struct sw_bytes){ (const uint8_t *)s, strlen(s) };
}

static void keys_come_in_byte_order_then_by_length(void)
{
    static const char *const in[] = { "b", "aa", "", "a", "ab", "\xff", "B" };
    static const char *const out[] = { "", "B", "a", "aa", "ab", "b", "\xff" };
    struct sw_map m = { 0 };
    int value = 0;
    for (size_t i = 0; i < SW_LEN(in); i++) {
        CHECK_I64(sw_map_put(&m, key_of(in[i]), &value, NULL), SW_OK);
    }
    CHECK_U64(m.count, SW_LEN(in));
    struct sw_bytes key;
    const struct sw_bytes *after = NULL;
    for (size_t i = 0; i < SW_LEN(out); i++) {
        REQUIRE(sw_map_next(&m, after, &key) == &value);
        CHECK_U64(key.len, strlen(out[i]));
        CHECK(memcmp(key.data, out[i], key.len) == 0);
        after = &key;
    }
    CHECK(sw_map_next(&m, after, &key) == NULL);
    sw_map_fini(&m);
}

static void put_replaces_and_tells_the_old_value(void)
{
    struct sw_map m = { 0 };
    int one = 1;
    int two = 2;
    void *old = &one;
    CHECK_I64(sw_map_put(&m, key_of("k"), &one, &old), SW_OK);
    CHECK(old == NULL);
    CHECK_I64(sw_map_put(&m, key_of("k"), &two, &old), SW_OK);
    CHECK(old == &one);
    CHECK_U64(m.count, 1);
    CHECK(sw_map_get(&m, key_of("k")) == &two);
    CHECK(sw_map_del(&m, key_of("k")) == &two);
    CHECK(sw_map_del(&m, key_of("k")) == NULL);
    CHECK(sw_map_get(&m, key_of("k")) == NULL);
    CHECK_U64(m.count, 0);
    sw_map_fini(&m);
}

#define KEYS 80

/* Keys are two bytes long: 'k' and a number; the model is presence by number. */
static void walk_agrees(const struct sw_map *m, void *const model[KEYS])
{
    struct sw_bytes key;
    const struct sw_bytes *after = NULL;
    size_t count = 0;
    for (size_t i = 0; i < KEYS; i++) {
        if (model[i] != NULL) {
            void *value = sw_map_next(m, after, &key);
            REQUIRE(value == model[i]);
            CHECK_U64(key.data[1], i);
            after = &key;
            count++;
        }
    }
    CHECK(sw_map_next(m, after, &key) == NULL);
    CHECK_U64(m->count, count);
}

static void the_map_agrees_with_a_sorted_array(void)
{
    static int values[KEYS];
    struct sw_rng rng;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct sw_map m = { 0 };
        void *model[KEYS] = { NULL };
        sw_rng_init(&rng, sw_rng_key(seed, "test map", ""));
        for (int step = 0; step < 400; step++) {
            const size_t i = (size_t)sw_rng_below(&rng, KEYS);
            const uint8_t bytes[2] = { 'k', (uint8_t)i };
            const struct sw_bytes key = { bytes, sizeof bytes };
            if (sw_rng_below(&rng, 5) < 3) {
                void *old = NULL;
                CHECK_I64(sw_map_put(&m, key, &values[i], &old), SW_OK);
                CHECK(old == model[i]);
                model[i] = &values[i];
            } else {
                CHECK(sw_map_del(&m, key) == model[i]);
                model[i] = NULL;
            }
            CHECK(sw_map_get(&m, key) == model[i]);
            if (step % 20 == 0) {
                walk_agrees(&m, model);
            }
        }
        walk_agrees(&m, model);
        sw_map_fini(&m);
    }
}

static void sorted_keys_do_not_unbalance_the_tree(void)
{
    /* A list instead of a tree would need 10^10 comparisons here. */
    struct sw_map m = { 0 };
    static int value;
    for (uint32_t i = 0; i < 200000; i++) {
        const uint8_t b[4] = { (uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8),
                               (uint8_t)i };
        CHECK_I64(sw_map_put(&m, (struct sw_bytes){ b, 4 }, &value, NULL), SW_OK);
    }
    for (uint32_t i = 0; i < 200000; i++) {
        const uint8_t b[4] = { (uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8),
                               (uint8_t)i };
        CHECK(sw_map_del(&m, (struct sw_bytes){ b, 4 }) == &value);
    }
    CHECK_U64(m.count, 0);
    sw_map_fini(&m);
}

static void a_put_that_finds_no_memory_changes_nothing(void)
{
    struct sw_map m = { 0 };
    int value = 0;
    void *old = &value;
    CHECK_I64(sw_map_put(&m, key_of("a"), &value, NULL), SW_OK);
    fail_alloc_from(0);
    CHECK_I64(sw_map_put(&m, key_of("b"), &value, &old), SW_ERR_NOMEM);
    CHECK_I64(sw_map_put(&m, key_of("a"), &value, &old), SW_OK);
    CHECK_U64(fail_alloc_stop(), 1);
    CHECK_U64(m.count, 1);
    CHECK(sw_map_get(&m, key_of("b")) == NULL);
    sw_map_fini(&m);
}

CU_TestInfo tests_map[] = {
    { "keys come in byte order, then by length", keys_come_in_byte_order_then_by_length },
    { "put replaces and tells the old value", put_replaces_and_tells_the_old_value },
    { "the map agrees with a sorted array", the_map_agrees_with_a_sorted_array },
    { "sorted keys do not unbalance the tree", sorted_keys_do_not_unbalance_the_tree },
    { "a put that finds no memory changes nothing", a_put_that_finds_no_memory_changes_nothing },
    CU_TEST_INFO_NULL,
};
