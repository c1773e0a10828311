/* SPDX-License-Identifier: GPL-3.0-or-later
 * Error codes and the message sink. */
#include "node/base/err.h"
#include "tests/lib/check.h"

extern CU_TestInfo tests_err[];

static void every_code_has_its_own_value_and_text(void)
{
    static const int codes[] = {
#define X(name, value, text) name,
        SW_ERR_LIST(X)
#undef X
    };
    const size_t n = sizeof codes / sizeof codes[0];
    for (size_t i = 0; i < n; i++) {
        CHECK(codes[i] < 0);
        CHECK(strcmp(sw_strerror(codes[i]), sw_strerror(1)) != 0);
        for (size_t j = 0; j < i; j++) {
            CHECK(codes[i] != codes[j]);
            CHECK(strcmp(sw_strerror(codes[i]), sw_strerror(codes[j])) != 0);
        }
    }
    CHECK_STR(sw_strerror(SW_OK), "ok");
    CHECK_STR(sw_strerror(12345), "unknown error");
}

static void the_first_message_wins(void)
{
    struct sw_diag d = { "" };
    CHECK_I64(sw_diag_set(&d, SW_ERR_RANGE, "line %u: loss %g", 7U, 1.5), SW_ERR_RANGE);
    CHECK_I64(sw_diag_set(&d, SW_ERR_IO, "cannot read"), SW_ERR_IO);
    CHECK_STR(d.text, "line 7: loss 1.5");
    CHECK_I64(sw_diag_set(NULL, SW_ERR_IO, "nobody listens"), SW_ERR_IO);
}

static void a_long_message_is_cut_and_terminated(void)
{
    struct sw_diag d = { "" };
    (void)sw_diag_set(&d, SW_ERR_RANGE, "%0300d", 1);
    CHECK_U64(strlen(d.text), sizeof d.text - 1);
}

CU_TestInfo tests_err[] = {
    { "every code has its own value and text", every_code_has_its_own_value_and_text },
    { "the first message wins", the_first_message_wins },
    { "a long message is cut and terminated", a_long_message_is_cut_and_terminated },
    CU_TEST_INFO_NULL,
};
