/* SPDX-License-Identifier: GPL-3.0-or-later
 * Addresses as people write them and as the core sees them. */
#define _GNU_SOURCE
#include "node/live/address.h"
#include "tests/lib/check.h"

#include <arpa/inet.h>
#include <stdlib.h>

static void addresses_are_read_and_written(void)
{
    static const struct {
        const char *text;
        int err;
    } rows[] = {
        { "192.0.2.1:53", 0 },
        { "[2001:db8::1]:65535", 0 },
        { "0.0.0.0:0", 0 },
        { "[::]:53", 0 },
        { "192.0.2.1", SW_ERR_MALFORMED },
        { "192.0.2.1:", SW_ERR_MALFORMED },
        { ":53", SW_ERR_MALFORMED },
        { "2001:db8::1:53", SW_ERR_MALFORMED },
        { "[192.0.2.1]:53", SW_ERR_MALFORMED },
        { "[2001:db8::1]53", SW_ERR_MALFORMED },
        { "[]:53", SW_ERR_MALFORMED },
        { "192.0.2.1:65536", SW_ERR_MALFORMED },
        { "192.0.2.1:-1", SW_ERR_MALFORMED },
        { "192.0.2.1:5x", SW_ERR_MALFORMED },
        { "192.0.2.256:53", SW_ERR_MALFORMED },
        { "host.example:53", SW_ERR_MALFORMED },
        { "", SW_ERR_MALFORMED },
    };
    for (size_t i = 0; i < SW_LEN(rows); i++) {
        union live_address a;
        char text[LIVE_ADDRESS_MAX];
        CHECK_I64(live_address_parse(rows[i].text, &a), rows[i].err);
        if (rows[i].err == 0) {
            live_address_format(&a, text);
            CHECK_STR(text, rows[i].text);
        }
    }
}

static void names_are_split_for_the_resolver(void)
{
    char host[16];
    char port[8];
    CHECK_I64(live_address_split("host.example:7053", host, sizeof host, port, sizeof port), 0);
    CHECK_STR(host, "host.example");
    CHECK_STR(port, "7053");
    CHECK_I64(live_address_split("[::1]:7053", host, sizeof host, port, sizeof port), 0);
    CHECK_STR(host, "::1");
    CHECK_I64(
        live_address_split("a-very-long-name.example:1", host, sizeof host, port, sizeof port),
        SW_ERR_RANGE);
}

static void clients_go_there_and_back(void)
{
    static const char *const texts[] = { "192.0.2.1:5353", "[2001:db8::1]:4711" };
    for (size_t i = 0; i < SW_LEN(texts); i++) {
        union live_address a;
        union live_address b;
        char text[LIVE_ADDRESS_MAX];
        struct sw_client client = { 0 };
        CHECK_I64(live_address_parse(texts[i], &a), 0);
        live_address_to_client(&a, &client);
        live_address_of_client(&client, a.any.sa_family, &b);
        live_address_format(&b, text);
        CHECK_STR(text, texts[i]);
        CHECK((client.addr[10] == 0xff && client.addr[11] == 0xff) == (i == 0));
    }
}

static void a_wildcard_becomes_every_address(void)
{
    char *texts[] = { (char *)(uintptr_t) "0.0.0.0:53", (char *)(uintptr_t) "127.0.0.1:53" };
    union live_address *all = NULL;
    size_t n = 0;
    CHECK_I64(live_address_expand(texts, 2, &all, &n, NULL), 0);
    unsigned loopback = 0;
    for (size_t i = 0; i < n; i++) {
        CHECK(all[i].v4.sin_addr.s_addr != htonl(INADDR_ANY));
        CHECK_U64(ntohs(all[i].v4.sin_port), 53);
        loopback += all[i].v4.sin_addr.s_addr == htonl(INADDR_LOOPBACK) ? 1 : 0;
    }
    CHECK_U64(loopback, 1); /* and none of them twice */
    free(all);
    char *wrong[] = { (char *)(uintptr_t) "localhost:53" };
    struct sw_diag d = { "" };
    CHECK_I64(live_address_expand(wrong, 1, &all, &n, &d), SW_ERR_MALFORMED);
    CHECK_STR(d.text, "localhost:53: not a numeric address and port");
}

extern CU_TestInfo tests_address[];
CU_TestInfo tests_address[] = {
    { "addresses_are_read_and_written", addresses_are_read_and_written },
    { "names_are_split_for_the_resolver", names_are_split_for_the_resolver },
    { "clients_go_there_and_back", clients_go_there_and_back },
    { "a_wildcard_becomes_every_address", a_wildcard_becomes_every_address },
    CU_TEST_INFO_NULL,
};
