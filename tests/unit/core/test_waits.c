/* SPDX-License-Identifier: GPL-3.0-or-later
 * Waiting questions counted by client. */
#include "node/core/cache/waits.h"

#include "tests/lib/check.h"

#include <string.h>

static struct sw_client v4(uint8_t d)
{
    return (struct sw_client){ .addr = { [10] = 0xff, 0xff, 192, 0, 2, d } };
}

static struct sw_client v6(uint8_t network, uint8_t host)
{
    return (struct sw_client){ .addr = { 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, network, [15] = host } };
}

static void each_client_has_its_own_count(void)
{
    static struct sw_waits w;
    const struct sw_rng_key key = sw_waits_key(1);
    const struct sw_client a = v4(1);
    const struct sw_client b = v4(2);
    for (unsigned i = 0; i < 5; i++) {
        sw_waits_begin(&w, key, &a);
    }
    sw_waits_begin(&w, key, &b);
    CHECK_U64(sw_waits_of(&w, key, &a), 5);
    CHECK_U64(sw_waits_of(&w, key, &b), 1);
    sw_waits_end(&w, key, &a);
    CHECK_U64(sw_waits_of(&w, key, &a), 4);
    sw_waits_end(&w, key, &b);
    CHECK_U64(sw_waits_of(&w, key, &b), 0);
}

static void by_ipv6_a_network_of_64_bits_is_one_client(void)
{
    static struct sw_waits w;
    const struct sw_rng_key key = sw_waits_key(1);
    const struct sw_client one = v6(1, 1);
    const struct sw_client other = v6(1, 2);
    const struct sw_client elsewhere = v6(2, 1);
    sw_waits_begin(&w, key, &one);
    sw_waits_begin(&w, key, &other);
    CHECK_U64(sw_waits_of(&w, key, &one), 2);
    CHECK_U64(sw_waits_of(&w, key, &elsewhere), 0);
}

/* 200 clients with one question each and a greedy one with 1000: a client would be taken for
 * greedy only where both of its cells are the greedy one's, once in 2048^2. */
static void the_greedy_do_not_count_for_others(void)
{
    static struct sw_waits w;
    const struct sw_rng_key key = sw_waits_key(7);
    const struct sw_client greedy = v6(1, 1);
    for (unsigned i = 0; i < 1000; i++) {
        sw_waits_begin(&w, key, &greedy);
    }
    for (uint8_t i = 0; i < 200; i++) {
        const struct sw_client c = v4(i);
        sw_waits_begin(&w, key, &c);
    }
    for (uint8_t i = 0; i < 200; i++) {
        const struct sw_client c = v4(i);
        CHECK(sw_waits_of(&w, key, &c) >= 1 && sw_waits_of(&w, key, &c) < 10);
        sw_waits_end(&w, key, &c);
    }
    for (unsigned i = 0; i < 1000; i++) {
        sw_waits_end(&w, key, &greedy);
    }
    static const struct sw_waits none;
    CHECK(memcmp(&w, &none, sizeof w) == 0);
}

extern CU_TestInfo tests_waits[];
CU_TestInfo tests_waits[] = {
    { "each client has its own count", each_client_has_its_own_count },
    { "by IPv6 a network of 64 bits is one client", by_ipv6_a_network_of_64_bits_is_one_client },
    { "the greedy do not count for others", the_greedy_do_not_count_for_others },
    CU_TEST_INFO_NULL,
};
