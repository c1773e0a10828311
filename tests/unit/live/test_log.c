/* SPDX-License-Identifier: GPL-3.0-or-later
 * Log lines can be parsed again, whatever is in them. */
#include "node/live/log.h"
#include "tests/lib/check.h"

#define FORMAT(format, event, ...) \
    format_line((format), (event), (const struct live_field[]){ __VA_ARGS__, { NULL, NULL, 0 } })

/* Without the time, which ends at the second space or the first comma. */
static const char *format_line(enum sw_log_format format, const char *event,
                               const struct live_field *fields)
{
    static char line[512];
    const size_t n = live_log_format(format, SW_LOG_INFO, event, fields, line, sizeof line - 1);
    line[n] = '\0';
    const char *rest = strchr(line, format == SW_LOG_JSON ? ',' : ' ');
    return rest != NULL ? rest + 1 : line;
}

static void a_line_is_logfmt(void)
{
    CHECK_STR(FORMAT(SW_LOG_LOGFMT, "peer up", LIVE_TEXT("peer", "a-1"), LIVE_NUMBER("n", 42)),
              "level=info event=\"peer up\" peer=a-1 n=42\n");
}

static void a_line_is_json(void)
{
    CHECK_STR(
        FORMAT(SW_LOG_JSON, "peer up", LIVE_TEXT("peer", "a-1"), LIVE_NUMBER("n", UINT64_MAX)),
        "\"level\":\"info\",\"event\":\"peer up\",\"peer\":\"a-1\","
        "\"n\":18446744073709551615}\n");
}

static void what_is_hostile_is_quoted(void)
{
    CHECK_STR(FORMAT(SW_LOG_LOGFMT, "x", LIVE_TEXT("a", "b=c\"d\\e\nf\x7f")),
              "level=info event=x a=\"b=c\\\"d\\\\e\\u000af\\u007f\"\n");
    CHECK_STR(FORMAT(SW_LOG_JSON, "x", LIVE_TEXT("a", "\"\x01")),
              "\"level\":\"info\",\"event\":\"x\",\"a\":\"\\\"\\u0001\"}\n");
}

static void what_is_empty_is_left_out(void)
{
    CHECK_STR(FORMAT(SW_LOG_LOGFMT, "x", LIVE_TEXT("a", ""), LIVE_NUMBER("b", 0)),
              "level=info event=x b=0\n");
}

static void a_line_too_long_is_cut_and_still_ends(void)
{
    char text[4096];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    const char *line = FORMAT(SW_LOG_JSON, "x", LIVE_TEXT("a", text));
    const size_t n = strlen(line);
    CHECK(n > 400 && n < 512);
    CHECK_STR(line + n - 2, "}\n");
}

extern CU_TestInfo tests_log[];
CU_TestInfo tests_log[] = {
    { "a_line_is_logfmt", a_line_is_logfmt },
    { "a_line_is_json", a_line_is_json },
    { "what_is_hostile_is_quoted", what_is_hostile_is_quoted },
    { "what_is_empty_is_left_out", what_is_empty_is_left_out },
    { "a_line_too_long_is_cut_and_still_ends", a_line_too_long_is_cut_and_still_ends },
    CU_TEST_INFO_NULL,
};
