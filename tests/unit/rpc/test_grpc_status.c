/* SPDX-License-Identifier: GPL-3.0-or-later
 * Header values of gRPC: values worked by hand from grpc/grpc doc/PROTOCOL-HTTP2.md. */
#include "node/rpc/frame.h"
#include "node/rpc/status.h"
#include "tests/lib/check.h"

static void timeouts_are_read_as_the_specification_writes_them(void)
{
    static const struct {
        const char *text;
        int err;
        sw_dur value;
    } rows[] = {
        { "1n", 0, 1 },
        { "250u", 0, 250 * SW_US },
        { "80m", 0, 80 * SW_MS },
        { "1S", 0, SW_SEC },
        { "2M", 0, 2 * SW_MIN },
        { "3H", 0, 3 * SW_HOUR },
        { "99999999S", 0, 99999999 * SW_SEC },
        { "99999999H", 0, SW_TIME_NEVER },
        { "100000000S", SW_ERR_MALFORMED, 0 }, /* nine digits */
        { "", SW_ERR_MALFORMED, 0 },
        { "S", SW_ERR_MALFORMED, 0 },
        { "1", SW_ERR_MALFORMED, 0 },
        { "1s", SW_ERR_MALFORMED, 0 },
        { "1S ", SW_ERR_MALFORMED, 0 },
        { "-1S", SW_ERR_MALFORMED, 0 },
        { "1.5S", SW_ERR_MALFORMED, 0 },
    };
    for (size_t i = 0; i < SW_LEN(rows); i++) {
        sw_dur got = 0;
        CHECK_I64(grpc_timeout_parse(rows[i].text, &got), rows[i].err);
        CHECK_U64(got, rows[i].value);
    }
}

static void timeouts_are_written_without_getting_shorter(void)
{
    static const struct {
        sw_dur value;
        const char *text;
    } rows[] = {
        { 1, "1n" },
        { 99999999, "99999999n" },
        { 100000000, "100000u" },
        { 100000001, "100001u" },
        { 10 * SW_SEC, "10000000u" },
        { 100 * SW_SEC, "100000m" },
        { 48 * SW_HOUR, "172800S" },
    };
    for (size_t i = 0; i < SW_LEN(rows); i++) {
        char text[GRPC_TIMEOUT_MAX];
        sw_dur back = 0;
        grpc_timeout_format(rows[i].value, text);
        CHECK_I64(grpc_timeout_parse(text, &back), 0);
        CHECK(back >= rows[i].value && back - rows[i].value <= rows[i].value / 90000);
        CHECK_STR(text, rows[i].text);
    }
}

static void reasons_survive_the_header(void)
{
    char encoded[GRPC_REASON_ENCODED];
    char decoded[GRPC_REASON_MAX];
    grpc_reason_encode("a%b\r\n\xe2\x82\xac~", encoded);
    CHECK_STR(encoded, "a%25b%0D%0A%E2%82%AC~");
    grpc_reason_decode(encoded, decoded);
    CHECK_STR(decoded, "a%b\r\n\xe2\x82\xac~");
    grpc_reason_decode("%zz%4%41%00%", decoded); /* what is no escape stays */
    CHECK_STR(decoded, "%zz%4A%00%");
    char longest[2 * GRPC_REASON_MAX];
    memset(longest, '\n', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    grpc_reason_encode(longest, encoded);
    CHECK_U64(strlen(encoded), 3 * (GRPC_REASON_MAX - 1));
}

static void statuses_are_mapped_as_specified(void)
{
    CHECK_I64(grpc_status_parse("0"), GRPC_OK);
    CHECK_I64(grpc_status_parse("16"), GRPC_UNAUTHENTICATED);
    CHECK_I64(grpc_status_parse("17"), GRPC_UNKNOWN);
    CHECK_I64(grpc_status_parse(""), GRPC_UNKNOWN);
    CHECK_I64(grpc_status_parse("x"), GRPC_UNKNOWN);
    CHECK_I64(grpc_status_parse("99999999999999"), GRPC_UNKNOWN);
    CHECK_I64(grpc_status_of_http(404), GRPC_UNIMPLEMENTED);
    CHECK_I64(grpc_status_of_http(503), GRPC_UNAVAILABLE);
    CHECK_I64(grpc_status_of_http(418), GRPC_UNKNOWN);
    CHECK_I64(grpc_status_of_reset(8), GRPC_CANCELLED);
    CHECK_I64(grpc_status_of_reset(7), GRPC_UNAVAILABLE);
    CHECK_I64(grpc_status_of_reset(0), GRPC_INTERNAL);
    CHECK_STR(grpc_status_name(GRPC_DATA_LOSS), "DATA_LOSS");
}

/* Feed @wire in two parts, cut at @cut; the lengths of the messages found, and the error. */
static int read_all(const uint8_t *wire, size_t len, size_t cut, char *found, size_t cap)
{
    struct grpc_reader r = { .have = 0 };
    int err = 0;
    found[0] = '\0';
    for (int part = 0; part < 2 && err == 0; part++) {
        struct sw_bytes in = { wire + (part == 0 ? 0 : cut), part == 0 ? cut : len - cut };
        while (in.len > 0 && err == 0) {
            struct sw_bytes message;
            err = grpc_reader_next(&r, &in, &message);
            if (err == 0 && message.data != NULL) {
                const size_t n = strlen(found);
                (void)snprintf(found + n, cap - n, "%.*s,", (int)message.len,
                               (const char *)message.data);
            }
        }
    }
    if (err == 0 && grpc_reader_partial(&r)) {
        err = SW_ERR_STATE;
    }
    grpc_reader_fini(&r);
    return err;
}

static void messages_are_found_wherever_they_are_cut(void)
{
    static const uint8_t wire[] = "\0\0\0\0\003abc\0\0\0\0\0\0\0\0\0\001z";
    char found[64];
    for (size_t cut = 0; cut < sizeof wire; cut++) {
        CHECK_I64(read_all(wire, sizeof wire - 1, cut, found, sizeof found), 0);
        CHECK_STR(found, "abc,,z,");
    }
    CHECK_I64(read_all(wire, sizeof wire - 2, 3, found, sizeof found), SW_ERR_STATE);
}

static void bad_prefixes_are_refused(void)
{
    char found[64];
    CHECK_I64(read_all((const uint8_t *)"\1\0\0\0\1a", 6, 0, found, sizeof found),
              SW_ERR_UNSUPPORTED);
    CHECK_I64(read_all((const uint8_t *)"\2\0\0\0\1a", 6, 0, found, sizeof found),
              SW_ERR_MALFORMED);
    CHECK_I64(read_all((const uint8_t *)"\0\0\x40\0\1a", 6, 0, found, sizeof found), SW_ERR_RANGE);
    CHECK_I64(read_all((const uint8_t *)"\0\xff\xff\xff\xff", 5, 4, found, sizeof found),
              SW_ERR_RANGE);
}

static bool all_zero(const uint8_t *p, size_t n)
{
    while (n > 0 && p[n - 1] == 0) {
        n--;
    }
    return n == 0;
}

static void nothing_of_a_message_stays_in_the_buffers(void)
{
    static const uint8_t wire[] = { 0, 0, 0, 0, 6, 's', 'e', 'c', 'r', 'e', 't' };
    struct grpc_reader r = { 0 };
    struct sw_bytes message;
    struct sw_bytes first = { wire, 7 };
    struct sw_bytes rest = { wire + 7, 4 };
    CHECK_I64(grpc_reader_next(&r, &first, &message), 0);
    CHECK_I64(grpc_reader_next(&r, &rest, &message), 0);
    CHECK_U64(message.len, 6);
    CHECK(r.body.data != NULL && !all_zero(r.body.data, 6));
    CHECK_I64(grpc_reader_next(&r, &rest, &message), 0);
    CHECK(r.body.data != NULL && all_zero(r.body.data, 6));
    grpc_reader_fini(&r);
    struct grpc_queue q = { 0 };
    uint8_t out[16];
    CHECK_I64(grpc_queue_put(&q, (struct sw_bytes){ wire + 5, 6 }), 0);
    CHECK_U64(grpc_queue_take(&q, out, sizeof out), sizeof wire);
    CHECK(memcmp(out, wire, sizeof wire) == 0);
    CHECK(q.bytes.data != NULL && all_zero(q.bytes.data, sizeof wire));
    grpc_queue_fini(&q);
}

extern CU_TestInfo tests_grpc_status[];
CU_TestInfo tests_grpc_status[] = {
    { "timeouts_are_read_as_the_specification_writes_them",
      timeouts_are_read_as_the_specification_writes_them },
    { "timeouts_are_written_without_getting_shorter",
      timeouts_are_written_without_getting_shorter },
    { "reasons_survive_the_header", reasons_survive_the_header },
    { "statuses_are_mapped_as_specified", statuses_are_mapped_as_specified },
    { "messages_are_found_wherever_they_are_cut", messages_are_found_wherever_they_are_cut },
    { "bad_prefixes_are_refused", bad_prefixes_are_refused },
    { "nothing_of_a_message_stays_in_the_buffers", nothing_of_a_message_stays_in_the_buffers },
    CU_TEST_INFO_NULL,
};
