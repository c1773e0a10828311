/* SPDX-License-Identifier: GPL-3.0-or-later
 * The YAML binder: types, defaults, positions and refusals. */
#include "node/conf/yaml.h"
#include "tests/lib/check.h"

#include <stdlib.h>

extern CU_TestInfo tests_yaml[];

struct item {
    struct sw_name name;
    uint32_t weight;
    size_t line;
    struct sw_yaml_param *rest;
    size_t n_rest;
};

struct all {
    char *text, *path, *zone, *address;
    uint64_t big, size, bandwidth, span;
    uint32_t count;
    double number, rate, share;
    bool flag;
    int choice;
    uint8_t key[4];
    struct item *items;
    size_t n_items;
    char **words;
    size_t n_words;
    struct {
        uint32_t inner;
    } nested;
};

#define AT(member) .offset = offsetof(struct all, member)
static const struct sw_yaml_field item_fields[] = {
    { "name", SW_YAML_NAME, .offset = offsetof(struct item, name), .required = true },
    { "weight", SW_YAML_COUNT, .offset = offsetof(struct item, weight), .fallback = "7" },
    { NULL, SW_YAML_LINE, .offset = offsetof(struct item, line) },
    { NULL, SW_YAML_REST, .offset = offsetof(struct item, rest),
      .count = offsetof(struct item, n_rest) },
};
static const struct sw_yaml_table item_table = { "item", item_fields, SW_LEN(item_fields) };
static const struct sw_yaml_field nested_fields[] = {
    { "inner", SW_YAML_COUNT, AT(nested.inner), .fallback = "3", .low = 1, .high = 9 },
};
static const struct sw_yaml_table nested_table = { "nested", nested_fields, SW_LEN(nested_fields) };
static const char *const choices[] = { "red", "green", NULL };
static const struct sw_yaml_field shared_fields[] = {
    { "flag", SW_YAML_BOOL, AT(flag), .fallback = "true" },
    { "choice", SW_YAML_ENUM, AT(choice), .names = choices, .fallback = "green" },
};
static const struct sw_yaml_table shared_table = { "shared", shared_fields, SW_LEN(shared_fields) };
static const struct sw_yaml_field fields[] = {
    { "text", SW_YAML_STRING, AT(text) },
    { "path", SW_YAML_PATH, AT(path) },
    { "zone", SW_YAML_ZONE_NAME, AT(zone) },
    { "address", SW_YAML_ADDRESS, AT(address) },
    { "big", SW_YAML_INTEGER, AT(big) },
    { "size", SW_YAML_SIZE, AT(size) },
    { "bandwidth", SW_YAML_BANDWIDTH, AT(bandwidth) },
    { "latency", SW_YAML_DURATION, AT(span), .low = 1e6, .high = 3600e9 },
    { "count", SW_YAML_COUNT, AT(count) },
    { "number", SW_YAML_NUMBER, AT(number) },
    { "rate", SW_YAML_RATE, AT(rate) },
    { "share", SW_YAML_PROBABILITY, AT(share) },
    { "key", SW_YAML_HEX, AT(key), .size = 4 },
    { NULL, SW_YAML_INCLUDE, .offset = 0, .table = &shared_table },
    { "items", SW_YAML_LIST, AT(items), .table = &item_table, .size = sizeof(struct item),
      .count = offsetof(struct all, n_items), .item = SW_YAML_MAPPING },
    { "words", SW_YAML_LIST, AT(words), .size = sizeof(char *),
      .count = offsetof(struct all, n_words), .item = SW_YAML_STRING },
    { "nested", SW_YAML_MAPPING, .table = &nested_table },
};
static const struct sw_yaml_table table = { "all", fields, SW_LEN(fields) };

static int load(const char *text, struct all *out, struct sw_diag *d)
{
    struct sw_yaml y;
    *out = (struct all){ 0 };
    *d = (struct sw_diag){ 0 };
    int err = sw_yaml_parse("dir/t.yaml", text, strlen(text), &y, d);
    if (err == 0) {
        err = sw_yaml_bind(&y, y.root, &table, out, d);
        sw_yaml_fini(&y);
    }
    return err;
}

static void every_type_is_read_with_its_unit(void)
{
    struct all a;
    struct sw_diag d;
    const int err = load("text: no\npath: zones/x\nzone: Example.ORG.\naddress: '[::1]:53'\n"
                         "big: 18446744073709551615\nsize: 4GiB\nbandwidth: 1.5Gbit/s\n"
                         "latency: 1m2.5s\ncount: 4294967295\nnumber: -2.5e-3\nrate: 20k/s\n"
                         "share: 0.5%\nkey: 00fF10a0\nflag: false\nchoice: red\n",
                         &a, &d);
    CHECK_STR(d.text, "");
    REQUIRE(err == 0);
    CHECK_STR(a.text, "no");
    CHECK_STR(a.path, "dir/zones/x");
    CHECK_STR(a.zone, "example.org");
    CHECK_STR(a.address, "[::1]:53");
    CHECK_U64(a.big, UINT64_MAX);
    CHECK_U64(a.size, 4 * SW_GIB);
    CHECK_U64(a.bandwidth, 1500000000);
    CHECK_U64(a.span, 62500 * SW_MS);
    CHECK_U64(a.count, UINT32_MAX);
    CHECK_NEAR(a.number, -0.0025, 0);
    CHECK_NEAR(a.rate, 20000, 0);
    CHECK_NEAR(a.share, 0.005, 1e-18);
    CHECK_U64(a.key[1], 255);
    CHECK_U64(a.key[3], 0xa0);
    CHECK(!a.flag);
    CHECK_I64(a.choice, 0);
    sw_yaml_release(&table, &a);
    CHECK(a.text == NULL);
}

static void absent_keys_get_their_defaults(void)
{
    struct all a;
    struct sw_diag d;
    REQUIRE(load("count: 1\nitems:\n  - {name: a}\n  - {name: b, weight: 2, hue: 3, x: 80ms}\n"
                 "words: [a, 'b c']\n",
                 &a, &d) == 0);
    CHECK(a.flag);
    CHECK_I64(a.choice, 1);
    CHECK_U64(a.nested.inner, 3);
    REQUIRE(a.n_items == 2 && a.n_words == 2);
    CHECK_U64(a.items[0].weight, 7);
    CHECK_U64(a.items[0].line, 3);
    CHECK_U64(a.items[1].weight, 2);
    REQUIRE(a.items[1].n_rest == 2);
    CHECK_STR(a.items[1].rest[1].key, "x");
    CHECK_STR(a.items[1].rest[1].value, "80ms");
    CHECK_U64(a.items[1].rest[1].line, 4);
    CHECK_U64(a.items[1].rest[1].column, 37);
    CHECK_STR(a.words[1], "b c");
    sw_yaml_release(&table, &a);
}

static const struct {
    const char *text, *error;
} refusals[] = {
    { "latency: 80mss", "dir/t.yaml:1:10: latency: '80mss' is not a duration "
                        "(like 80ms, 2.5s, 1h30m)" },
    { "latency: 30s1h", "dir/t.yaml:1:10: latency: '30s1h' is not a duration "
                        "(like 80ms, 2.5s, 1h30m)" },
    { "latency: 80", "dir/t.yaml:1:10: latency: '80' is not a duration "
                     "(like 80ms, 2.5s, 1h30m)" },
    { "latency: 2h", "dir/t.yaml:1:10: latency: 2h is out of range (1ms to 1h)" },
    { "latency: -5ms", "dir/t.yaml:1:10: latency: '-5ms' is not a duration "
                       "(like 80ms, 2.5s, 1h30m)" },
    { "latency:", "dir/t.yaml:1:9: latency: has no value, expected a duration "
                  "(like 80ms, 2.5s, 1h30m)" },
    { "latency: [1s]",
      "dir/t.yaml:1:10: latency: a list is not a duration (like 80ms, 2.5s, 1h30m)" },
    { "latncy: 1s", "dir/t.yaml:1:1: latncy: unknown key (did you mean 'latency'?)" },
    { "nested: {iner: 1}", "dir/t.yaml:1:10: iner: unknown key (did you mean 'inner'?)" },
    { "nested: {xylophone: 1}", "dir/t.yaml:1:10: xylophone: unknown key (known: inner)" },
    { "nested: 5", "dir/t.yaml:1:9: nested: expected a mapping (keys and values, like {name: x})" },
    { "nested: {inner: 10}", "dir/t.yaml:1:17: inner: 10 is out of range (1 to 9)" },
    { "count: 010", "dir/t.yaml:1:8: count: '010' is not a whole number (like 42)" },
    { "count: 0x10", "dir/t.yaml:1:8: count: '0x10' is not a whole number (like 42)" },
    { "count: 4294967296", "dir/t.yaml:1:8: count: '4294967296' is too large for "
                           "a whole number (like 42)" },
    { "count: 1\ncount: 2", "dir/t.yaml:2:1: count: given twice (first in line 1)" },
    { "number: nan", "dir/t.yaml:1:9: number: 'nan' is not a number (like 0.25, 1e-3)" },
    { "number: .5", "dir/t.yaml:1:9: number: '.5' is not a number (like 0.25, 1e-3)" },
    { "number: 1e999", "dir/t.yaml:1:9: number: '1e999' is too large for "
                       "a number (like 0.25, 1e-3)" },
    { "number: 12.5x", "dir/t.yaml:1:9: number: '12.5x' is not a number (like 0.25, 1e-3)" },
    { "share: 1.5", "dir/t.yaml:1:8: share: '1.5' is not a probability (like 0.01, 1%)" },
    { "share: 101%", "dir/t.yaml:1:8: share: '101%' is not a probability (like 0.01, 1%)" },
    { "size: 4G", "dir/t.yaml:1:7: size: '4G' is not a size (like 512B, 64KiB, 4GiB)" },
    { "rate: 20k", "dir/t.yaml:1:7: rate: '20k' is not a rate (like 5/s, 20k/s, 3/m)" },
    { "bandwidth: 1Gb", "dir/t.yaml:1:12: bandwidth: '1Gb' is not a bandwidth "
                        "(like 100Mbit/s, 1Gbit/s)" },
    { "flag: yes", "dir/t.yaml:1:7: flag: 'yes' is not true or false" },
    { "choice: blue", "dir/t.yaml:1:9: choice: 'blue' is not one of: red, green" },
    { "key: 00ff10", "dir/t.yaml:1:6: key: '00ff10' is not 8 hexadecimal digits" },
    { "zone: a..b", "dir/t.yaml:1:7: zone: 'a..b' is not a zone's name (like example.org)" },
    { "address: 1.2.3.4", "dir/t.yaml:1:10: address: '1.2.3.4' is not an address with a port "
                          "(like 192.0.2.1:53, [2001:db8::1]:53)" },
    { "items: {name: a}", "dir/t.yaml:1:8: items: expected a list (like [a, b])" },
    { "items: [{weight: 1}]", "dir/t.yaml:1:9: name: is missing (required here)" },
    { "items: [{name: A}]",
      "dir/t.yaml:1:16: name: 'A' is not a name (1 to 31 of a-z, 0-9 and -)" },
    { "items: [{name: a, x: [1]}]", "dir/t.yaml:1:22: x: expected a single value" },
    { "words: [a, {b: c}]", "dir/t.yaml:1:12: words: a mapping is not a text" },
    { "words: &x [a]", "dir/t.yaml:1:8: anchors are not supported" },
    { "words: *x", "dir/t.yaml:1:8: aliases are not supported" },
    { "words: !!str a", "dir/t.yaml:1:8: tags are not supported" },
    { "? [a]\n: b", "dir/t.yaml:1:3: a key must be a word (like duration)" },
    { "text: \"a\\0b\"", "dir/t.yaml:1:7: a NUL character is not allowed" },
    { "text: a\n---\ntext: b", "dir/t.yaml:2:1: a second document begins (one is expected)" },
    { "text: [a", "dir/t.yaml:2:1: did not find expected ',' or ']'" },
    { "", "dir/t.yaml:1:1: the file is empty (keys and values, like name: x)" },
    { "- a", "dir/t.yaml:1:1: is no mapping (keys and values, like name: x)" },
};

static void a_refusal_says_where_what_and_what_was_expected(void)
{
    for (size_t i = 0; i < SW_LEN(refusals); i++) {
        struct all a;
        struct sw_diag d;
        CHECK(load(refusals[i].text, &a, &d) < 0);
        CHECK_STR(d.text, refusals[i].error);
        sw_yaml_release(&table, &a);
    }
}

static void nesting_and_size_are_bounded(void)
{
    struct all a;
    struct sw_diag d;
    char deep[256] = "words: ";
    for (size_t i = 0; i < 60; i++) {
        strcat(deep, "[");
    }
    CHECK_I64(load(deep, &a, &d), SW_ERR_FULL);
    CHECK_STR(d.text, "dir/t.yaml:1:32: nested too deep");
    const size_t n = SW_YAML_MAX_NODES + 10;
    char *wide = malloc(3 * n + 10);
    REQUIRE(wide != NULL);
    strcpy(wide, "words: [");
    for (size_t i = 0; i < n; i++) {
        memcpy(wide + 8 + 2 * i, "a,", 2);
    }
    wide[8 + 2 * n] = ']';
    wide[9 + 2 * n] = '\0';
    CHECK_I64(load(wide, &a, &d), SW_ERR_FULL);
    CHECK(strstr(d.text, "too many values in one file") != NULL);
    free(wide);
}

static void a_missing_file_is_an_input_error(void)
{
    struct sw_yaml y;
    struct sw_diag d = { 0 };
    CHECK_I64(sw_yaml_read("/nowhere/x.yaml", &y, &d), SW_ERR_IO);
    CHECK_STR(d.text, "/nowhere/x.yaml: No such file or directory");
}

static void the_nearest_word_is_found_and_a_far_one_is_not(void)
{
    static const char *const words[] = { "duration", "warmup", "seed" };
    CHECK_STR(sw_yaml_nearest("durration", words, 3), "duration");
    CHECK_STR(sw_yaml_nearest("warmpu", words, 3), "warmup");
    CHECK(sw_yaml_nearest("banana", words, 3) == NULL);
}

CU_TestInfo tests_yaml[] = {
    { "every type is read with its unit", every_type_is_read_with_its_unit },
    { "absent keys get their defaults", absent_keys_get_their_defaults },
    { "a refusal says where, what, and what was expected",
      a_refusal_says_where_what_and_what_was_expected },
    { "nesting and size are bounded", nesting_and_size_are_bounded },
    { "a missing file is an input error", a_missing_file_is_an_input_error },
    { "the nearest word is found and a far one is not",
      the_nearest_word_is_found_and_a_far_one_is_not },
    CU_TEST_INFO_NULL,
};
