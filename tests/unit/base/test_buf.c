/* SPDX-License-Identifier: GPL-3.0-or-later
 * Bounded big-endian bytes. */
#include "node/base/buf.h"
#include "node/base/err.h"
#include "tests/lib/check.h"
#include "tests/lib/fail_alloc.h"

extern CU_TestInfo tests_buf[];

static void numbers_are_written_big_end_first(void)
{
    static const uint8_t want[] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xfe,
                                    0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 'h',  'i' };
    uint8_t buf[sizeof want];
    struct sw_wr w = { .buf = buf, .cap = sizeof buf };
    sw_wr_u8(&w, 0x01);
    sw_wr_u16(&w, 0x2345);
    sw_wr_u32(&w, 0x6789abcd);
    sw_wr_u64(&w, UINT64_C(0xeffedcba98765432));
    sw_wr_bytes(&w, "hi", 2);
    CHECK(!w.overflow);
    CHECK_U64(w.len, sizeof want);
    CHECK(memcmp(buf, want, sizeof want) == 0);

    struct sw_rd r = { .buf = buf, .len = sizeof buf };
    CHECK_U64(sw_rd_u8(&r), 0x01);
    CHECK_U64(sw_rd_u16(&r), 0x2345);
    CHECK_U64(sw_rd_u32(&r), 0x6789abcd);
    CHECK_U64(sw_rd_left(&r), 10);
    CHECK_U64(sw_rd_u64(&r), UINT64_C(0xeffedcba98765432));
    const uint8_t *hi = sw_rd_bytes(&r, 2);
    CHECK(hi != NULL && memcmp(hi, "hi", 2) == 0);
    CHECK(!r.fail);
    CHECK_U64(sw_rd_left(&r), 0);
}

static void what_does_not_fit_is_not_written_and_overflow_stays(void)
{
    uint8_t buf[4] = { 0, 0, 9, 9 };
    struct sw_wr w = { .buf = buf, .cap = 3 };
    sw_wr_u16(&w, 0xaabb);
    sw_wr_u16(&w, 0xccdd);
    CHECK(w.overflow);
    CHECK_U64(w.len, 2);
    sw_wr_u8(&w, 0xee); /* it would fit, but an answer with a hole is no answer */
    CHECK_U64(w.len, 2);
    CHECK_U64(buf[2], 9);
    CHECK_U64(buf[3], 9);
    sw_wr_bytes(&w, NULL, 0);
    CHECK_U64(w.len, 2);
}

static void a_read_past_the_end_fails_and_stays_failed(void)
{
    static const uint8_t buf[3] = { 1, 2, 3 };
    struct sw_rd r = { .buf = buf, .len = sizeof buf };
    CHECK_U64(sw_rd_u16(&r), 0x0102);
    CHECK_U64(sw_rd_u16(&r), 0);
    CHECK(r.fail);
    CHECK_U64(sw_rd_u8(&r), 0);
    CHECK(sw_rd_bytes(&r, 0) == NULL);
    CHECK_U64(sw_rd_left(&r), 0);
    struct sw_rd huge = { .buf = buf, .len = sizeof buf, .off = 1 };
    CHECK(sw_rd_bytes(&huge, SIZE_MAX) == NULL);
}

static void reading_nothing_from_nothing_succeeds(void)
{
    struct sw_rd r = { 0 };
    CHECK(sw_rd_bytes(&r, 0) != NULL);
    CHECK(!r.fail);
}

static void a_blob_grows_and_keeps_its_bytes(void)
{
    struct sw_blob b = { 0 };
    for (unsigned i = 0; i < 1000; i++) {
        const uint8_t byte = (uint8_t)i;
        CHECK_I64(sw_blob_append(&b, &byte, 1), SW_OK);
    }
    CHECK_U64(b.len, 1000);
    for (unsigned i = 0; i < 1000; i++) {
        CHECK_U64(b.data[i], i & 0xff);
    }
    CHECK_U64(sw_blob_bytes(&b).len, 1000);
    sw_blob_fini(&b);
    CHECK(b.data == NULL && b.len == 0 && b.cap == 0);
}

static void a_failed_growth_leaves_the_blob_as_it_was(void)
{
    struct sw_blob b = { 0 };
    CHECK_I64(sw_blob_append(&b, "abc", 3), SW_OK);
    const struct sw_blob before = b;
    uint8_t more[200] = { 0 };
    fail_alloc_from(0);
    CHECK_I64(sw_blob_append(&b, more, sizeof more), SW_ERR_NOMEM);
    CHECK_I64(sw_blob_reserve(&b, 1000), SW_ERR_NOMEM);
    CHECK_U64(fail_alloc_stop(), 2);
    CHECK(b.data == before.data && b.len == before.len && b.cap == before.cap);
    CHECK_I64(sw_blob_append(&b, more, SIZE_MAX - 1), SW_ERR_NOMEM);
    CHECK(memcmp(b.data, "abc", 3) == 0);
    sw_blob_fini(&b);
}

CU_TestInfo tests_buf[] = {
    { "numbers are written big end first", numbers_are_written_big_end_first },
    { "what does not fit is not written and overflow stays",
      what_does_not_fit_is_not_written_and_overflow_stays },
    { "a read past the end fails and stays failed", a_read_past_the_end_fails_and_stays_failed },
    { "reading nothing from nothing succeeds", reading_nothing_from_nothing_succeeds },
    { "a blob grows and keeps its bytes", a_blob_grows_and_keeps_its_bytes },
    { "a failed growth leaves the blob as it was", a_failed_growth_leaves_the_blob_as_it_was },
    CU_TEST_INFO_NULL,
};
