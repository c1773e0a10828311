/* SPDX-License-Identifier: GPL-3.0-or-later
 * Address prefixes. */
#include "node/base/prefix.h"

#include "node/base/err.h"
#include "tests/lib/check.h"

static bool has(const char *prefix, const char *address)
{
    struct sw_prefix p;
    struct sw_prefix a;
    CHECK_I64(sw_prefix_parse(prefix, &p), SW_OK);
    CHECK_I64(sw_prefix_parse(address, &a), SW_OK);
    return sw_prefixes_have(&p, 1, a.addr);
}

static void an_address_is_in_its_prefix_and_in_no_other(void)
{
    CHECK(has("192.0.2.0/24", "192.0.2.255"));
    CHECK(!has("192.0.2.0/24", "192.0.3.0"));
    CHECK(has("10.0.0.0/9", "10.127.0.1"));
    CHECK(!has("10.0.0.0/9", "10.128.0.1"));
    CHECK(has("0.0.0.0/0", "255.255.255.255"));
    CHECK(!has("0.0.0.0/0", "::1"));
    CHECK(has("::/0", "192.0.2.1"));
    CHECK(has("fd00::/8", "fd00:1:2::1"));
    CHECK(!has("fd00::/8", "fe80::1"));
    CHECK(has("2001:db8:0:8000::/49", "2001:db8:0:ffff::"));
    CHECK(!has("2001:db8:0:8000::/49", "2001:db8:0:7fff::"));
    CHECK(has("::1", "::1"));
    CHECK(!has("::1", "::"));
    CHECK(has("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"));
}

static void what_is_no_prefix_is_refused(void)
{
    static const char *const bad[] = {
        "",           "192.0.2",       "192.0.2.0/33", "192.0.2.1/24",      "256.0.0.0",
        "192.0.2.0/", "192.0.2.0/24 ", "::/129",       "1::2::3",           ":1",
        "1:",         "12345::",       "fd00::1/8",    "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7",
        "host",       "1.2.3.4.5",     "0001.2.3.4",   "1:2:3:4:5:6:7::8"
    };
    struct sw_prefix p;
    for (size_t i = 0; i < SW_LEN(bad); i++) {
        if (sw_prefix_parse(bad[i], &p) != SW_ERR_MALFORMED) {
            CHECK_STR(bad[i], "refused");
        }
    }
}

extern CU_TestInfo tests_prefix[];
CU_TestInfo tests_prefix[] = {
    { "an_address_is_in_its_prefix_and_in_no_other", an_address_is_in_its_prefix_and_in_no_other },
    { "what_is_no_prefix_is_refused", what_is_no_prefix_is_refused },
    CU_TEST_INFO_NULL,
};
