/* SPDX-License-Identifier: GPL-3.0-or-later
 * What --version prints. */
#define _GNU_SOURCE
#include "node/conf/version.h"
#include "tests/lib/check.h"

#include <stdbool.h>
#include <stdlib.h>

extern CU_TestInfo tests_version[];

static bool all_hex(const char *s, size_t len)
{
    return strspn(s, "0123456789abcdef") >= len;
}

static void the_core_is_named_by_64_hex_digits(void)
{
    CHECK_U64(strlen(sw_core_digest()), 64);
    CHECK(all_hex(sw_core_digest(), 64));
}

static void every_fact_has_its_line(void)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    REQUIRE(out != NULL);
    CHECK_I64(sw_version_print(out, "swarmtest"), 0);
    (void)fclose(out);
    char first[64];
    (void)snprintf(first, sizeof first, "swarmtest %s\ncore %.20s", sw_version(), sw_core_digest());
    CHECK(strncmp(text, first, strlen(first)) == 0);
    CHECK(strstr(text, "\ncompiler ") != NULL);
    CHECK(strstr(text, "\nflags ") != NULL && strstr(text, "-ffp-contract=off") != NULL);
    CHECK(strstr(text, "-ffile-prefix-map") == NULL); /* no folder of this machine */
    free(text);
}

static void loaded_libraries_are_named_with_their_build_ids(void)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    REQUIRE(out != NULL);
    CHECK_I64(sw_version_print(out, "swarmtest"), 0);
    (void)fclose(out);
    const char *libc = strstr(text, "\nlibrary libc.so.6 ");
    REQUIRE(libc != NULL);
    CHECK(all_hex(libc + strlen("\nlibrary libc.so.6 "), 40));
    CHECK(strstr(text, "libcunit") == NULL); /* the core doesn't call it */
    free(text);
}

static void a_full_disk_is_noticed(void)
{
    FILE *full = fopen("/dev/full", "w");
    REQUIRE(full != NULL);
    CHECK_I64(sw_version_print(full, "swarmtest"), -1);
    (void)fclose(full);
}

CU_TestInfo tests_version[] = {
    { "the core is named by 64 hex digits", the_core_is_named_by_64_hex_digits },
    { "every fact has its line", every_fact_has_its_line },
    { "loaded libraries are named with their build-ids",
      loaded_libraries_are_named_with_their_build_ids },
    { "a full disk is noticed", a_full_disk_is_noticed },
    CU_TEST_INFO_NULL,
};
