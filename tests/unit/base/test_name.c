/* SPDX-License-Identifier: GPL-3.0-or-later
 * Names of nodes, regions and sets. */
#include "node/base/name.h"
#include "tests/lib/check.h"

extern CU_TestInfo tests_name[];

static void letters_digits_and_hyphens_make_a_name(void)
{
    CHECK(sw_name_valid("a"));
    CHECK(sw_name_valid("-"));
    CHECK(sw_name_valid("eu-west-1"));
    CHECK(sw_name_valid("abcdefghijklmnopqrstuvwxyz01234"));
    CHECK(sw_name_valid("56789"));
}

static void anything_else_does_not(void)
{
    CHECK(!sw_name_valid(""));
    CHECK(!sw_name_valid("abcdefghijklmnopqrstuvwxyz012345"));
    for (unsigned c = 1; c < 256; c++) {
        const char text[3] = { 'a', (char)c, '\0' };
        const bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
        CHECK(sw_name_valid(text) == fits);
    }
    CHECK(!sw_name_valid_bytes((const uint8_t *)"a\0b", 3));
    CHECK(!sw_name_valid_bytes(NULL, 0));
}

CU_TestInfo tests_name[] = {
    { "letters, digits and hyphens make a name", letters_digits_and_hyphens_make_a_name },
    { "anything else does not", anything_else_does_not },
    CU_TEST_INFO_NULL,
};
