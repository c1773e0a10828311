/* SPDX-License-Identifier: GPL-3.0-or-later
 * The memory of a cache. */
#include "node/core/cache/sieve.h"

#include "node/base/err.h"
#include "node/base/rng.h"
#include "node/core/dns/wire.h"
#include "tests/lib/check.h"
#include "tests/lib/fail_alloc.h"

#include <stdlib.h>

/* The key of a name of one label, "nNNNNN." */
struct name {
    uint8_t wire[8];
};

static struct sw_cache_key key_of(struct name *n, unsigned number)
{
    char digits[8];
    (void)snprintf(digits, sizeof digits, "%05u", number % 100000);
    n->wire[0] = 6;
    n->wire[1] = 'n';
    memcpy(n->wire + 2, digits, 5);
    n->wire[7] = 0;
    return (struct sw_cache_key){ .name = n->wire, .name_len = 8, .type = 1 };
}

static struct sw_entry *put(struct sw_sieve *s, unsigned number, size_t len)
{
    struct name n;
    const struct sw_cache_key k = key_of(&n, number);
    return sw_sieve_put(s, &k, len);
}

static struct sw_entry *find(const struct sw_sieve *s, unsigned number)
{
    struct name n;
    const struct sw_cache_key k = key_of(&n, number);
    return sw_sieve_find(s, &k);
}

static void content_comes_back_from_any_number_of_blocks(void)
{
    struct sw_sieve s;
    REQUIRE(sw_sieve_init(&s, SW_SIEVE_MIN) == SW_OK);
    for (size_t len = 20; len <= sw_sieve_most(&s); len += 37) {
        uint8_t in[8192];
        uint8_t out[8192];
        for (size_t i = 0; i < len; i++) {
            in[i] = (uint8_t)(i * 7 + len);
        }
        struct sw_entry *e = put(&s, 1, len);
        REQUIRE(e != NULL);
        sw_sieve_write(&s, e, 20, in + 20, len - 20);
        sw_sieve_read(&s, e, 20, out, len - 20);
        CHECK(memcmp(in + 20, out, len - 20) == 0);
        CHECK(find(&s, 1) == e);
        CHECK(sw_sieve_is_sound(&s));
    }
    CHECK(put(&s, 2, sw_sieve_most(&s) + 1) == NULL);
    CHECK_U64(s.n, 1);
    sw_sieve_fini(&s);
}

static void questions_that_differ_in_anything_are_different(void)
{
    struct sw_sieve s;
    REQUIRE(sw_sieve_init(&s, SW_SIEVE_MIN) == SW_OK);
    struct name n;
    struct sw_cache_key k = key_of(&n, 7);
    struct sw_entry *e = sw_sieve_put(&s, &k, 40);
    k.type = 28;
    CHECK(sw_sieve_find(&s, &k) == NULL);
    k.type = 1;
    k.flags = SW_CACHE_DO;
    CHECK(sw_sieve_find(&s, &k) == NULL);
    k.flags = 0;
    CHECK(sw_sieve_find(&s, &k) == e);
    CHECK(find(&s, 8) == NULL);
    sw_sieve_drop(&s, e);
    CHECK(sw_sieve_find(&s, &k) == NULL);
    CHECK_U64(s.n_free, s.n_blocks);
    sw_sieve_fini(&s);
}

/* The longest content: a sixteenth of all blocks and one more, so that 15 of them fit. */
static void fill(struct sw_sieve *s, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        (void)put(s, i, sw_sieve_most(s));
    }
}

static void the_hand_spares_what_was_asked_for_and_takes_the_next(void)
{
    struct sw_sieve s;
    REQUIRE(sw_sieve_init(&s, SW_SIEVE_MIN) == SW_OK);
    fill(&s, 15);
    REQUIRE(s.evicted == 0);
    sw_sieve_visit(find(&s, 0));
    sw_sieve_visit(find(&s, 2));
    (void)put(&s, 100, sw_sieve_most(&s)); /* hand: 0 spared, 1 goes */
    CHECK(find(&s, 0) != NULL && find(&s, 1) == NULL && find(&s, 2) != NULL);
    (void)put(&s, 101, sw_sieve_most(&s)); /* 2 spared, 3 goes; 0 is behind the hand */
    CHECK(find(&s, 0) != NULL && find(&s, 2) != NULL && find(&s, 3) == NULL);
    for (unsigned i = 102; i < 115; i++) { /* 4 to 14 go, then 100 and 101: newer, unvisited */
        (void)put(&s, i, sw_sieve_most(&s));
    }
    CHECK(find(&s, 0) != NULL && find(&s, 2) != NULL);
    CHECK(find(&s, 100) == NULL && find(&s, 101) == NULL && find(&s, 102) != NULL);
    CHECK_U64(s.evicted, 15);
    CHECK(sw_sieve_is_sound(&s));
    sw_sieve_fini(&s);
}

/* SIEVE as the paper's pseudo-code has it, on an array: the newest last. */
struct model {
    unsigned id[1024];
    bool visited[1024];
    size_t n, hand;
};

static bool model_has(struct model *m, unsigned id)
{
    for (size_t i = 0; i < m->n; i++) {
        if (m->id[i] == id) {
            m->visited[i] = true;
            return true;
        }
    }
    return false;
}

static void model_add(struct model *m, unsigned id, size_t most)
{
    if (m->n == most) {
        size_t o = m->hand;
        while (m->visited[o % m->n]) {
            m->visited[o % m->n] = false;
            o++;
        }
        o %= m->n;
        m->n--;
        memmove(&m->id[o], &m->id[o + 1], (m->n - o) * sizeof m->id[0]);
        memmove(&m->visited[o], &m->visited[o + 1], (m->n - o) * sizeof m->visited[0]);
        m->hand = o;
    }
    m->id[m->n] = id;
    m->visited[m->n++] = false;
}

static void it_does_what_sieve_does(void)
{
    static struct model m;
    struct sw_sieve s;
    REQUIRE(sw_sieve_init(&s, SW_SIEVE_MIN) == SW_OK);
    REQUIRE(s.n_blocks < 1024);
    struct sw_rng rng;
    sw_rng_init(&rng, sw_rng_key(1, "store", "model"));
    unsigned hits = 0;
    for (unsigned i = 0; i < 20000; i++) {
        const double u = sw_unit(sw_rng_next(&rng));
        const unsigned id = (unsigned)(u * u * u * 4000); /* some much more often than others */
        struct sw_entry *e = find(&s, id);
        REQUIRE(model_has(&m, id) == (e != NULL));
        if (e != NULL) {
            sw_sieve_visit(e);
            hits++;
        } else {
            (void)put(&s, id, 60); /* one block */
            model_add(&m, id, s.n_blocks);
        }
    }
    CHECK(hits > 8000);
    CHECK(sw_sieve_is_sound(&s));
    sw_sieve_fini(&s);
}

static void a_storm_of_sizes_leaves_every_block_accounted_for(void)
{
    struct sw_sieve s;
    REQUIRE(sw_sieve_init(&s, SW_SIEVE_MIN) == SW_OK);
    struct sw_rng rng;
    sw_rng_init(&rng, sw_rng_key(2, "store", "storm"));
    for (unsigned i = 0; i < 20000; i++) {
        const unsigned id = (unsigned)sw_rng_below(&rng, 300);
        struct sw_entry *e = find(&s, id);
        switch (sw_rng_below(&rng, 4)) {
        case 0:
            if (e != NULL) {
                sw_sieve_drop(&s, e);
            }
            break;
        case 1:
            if (e != NULL) {
                sw_sieve_visit(e);
            }
            break;
        default:
            REQUIRE(put(&s, id, 20 + sw_rng_below(&rng, sw_sieve_most(&s) - 20)) != NULL);
            break;
        }
        REQUIRE(i % 50 != 0 || sw_sieve_is_sound(&s));
    }
    sw_sieve_fini(&s);
}

static void without_memory_there_is_none(void)
{
    struct sw_sieve s;
    for (uint64_t i = 0; i < 2; i++) {
        fail_alloc_only(i);
        CHECK_I64(sw_sieve_init(&s, SW_SIEVE_MIN), SW_ERR_NOMEM);
        (void)fail_alloc_stop();
    }
}

extern CU_TestInfo tests_sieve[];
CU_TestInfo tests_sieve[] = {
    { "content_comes_back_from_any_number_of_blocks",
      content_comes_back_from_any_number_of_blocks },
    { "questions_that_differ_in_anything_are_different",
      questions_that_differ_in_anything_are_different },
    { "the_hand_spares_what_was_asked_for_and_takes_the_next",
      the_hand_spares_what_was_asked_for_and_takes_the_next },
    { "it_does_what_sieve_does", it_does_what_sieve_does },
    { "a_storm_of_sizes_leaves_every_block_accounted_for",
      a_storm_of_sizes_leaves_every_block_accounted_for },
    { "without_memory_there_is_none", without_memory_there_is_none },
    CU_TEST_INFO_NULL,
};
