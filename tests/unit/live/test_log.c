/* SPDX-License-Identifier: GPL-3.0-or-later
 * Log lines can be parsed again, whatever is in them. */
#define _GNU_SOURCE /* fileno, what uv.h needs */
#include "node/live/host.h"
#include "node/live/log.h"
#include "tests/lib/check.h"

#include <stdio.h>
#include <unistd.h>

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

/* What @kind writes to standard error at the default level, or NULL for nothing. */
static const char *logged(enum sw_trace_kind kind, enum sw_log_level level)
{
    static char line[512];
    const struct sw_trace t = { .kind = kind, .peer = { "b" }, .a = 1, .b = 2, .text = "what" };
    FILE *f = tmpfile();
    if (f == NULL) {
        return NULL;
    }
    const int saved = dup(STDERR_FILENO);
    (void)dup2(fileno(f), STDERR_FILENO);
    live_log_set(level, SW_LOG_LOGFMT);
    live_log_trace(&t);
    (void)dup2(saved, STDERR_FILENO);
    (void)close(saved);
    rewind(f);
    const char *got = fgets(line, sizeof line, f);
    (void)fclose(f);
    return got;
}

/* The transitions of members, of the directory and of zones; what a record says beside its zones
 * changes too often for people. */
static void each_transition_is_a_line(void)
{
    static const enum sw_trace_kind kinds[] = {
        SW_TRACE_STATE,         SW_TRACE_MEMBER_ALIVE,   SW_TRACE_MEMBER_SUSPECT,
        SW_TRACE_MEMBER_DEAD,   SW_TRACE_MEMBER_LEFT,    SW_TRACE_MEMBER_FORGOTTEN,
        SW_TRACE_REFUTED,       SW_TRACE_RECORD_REFUSED, SW_TRACE_ZONE_LEARNED,
        SW_TRACE_ZONE_FETCHING, SW_TRACE_ZONE_FETCHED,   SW_TRACE_ZONE_FETCH_FAILED,
        SW_TRACE_ZONE_SWAPPED,  SW_TRACE_ZONE_REFUSED,   SW_TRACE_ZONE_CONFLICT,
        SW_TRACE_ZONE_DOUBTED,  SW_TRACE_ZONE_PROMOTED,  SW_TRACE_ZONE_STEPPED_DOWN,
        SW_TRACE_ZONE_LOADED,   SW_TRACE_PEER_UP,        SW_TRACE_PEER_DOWN,
    };
    for (size_t i = 0; i < SW_LEN(kinds); i++) {
        const char *line = logged(kinds[i], SW_LOG_INFO);
        CHECK(line != NULL && strstr(line, sw_trace_text(kinds[i])) != NULL);
    }
    CHECK(logged(SW_TRACE_RECORD_TAKEN, SW_LOG_INFO) == NULL);
    for (unsigned kind = 0; kind < SW_TRACE_KIND_COUNT; kind++) {
        CHECK(logged((enum sw_trace_kind)kind, SW_LOG_DEBUG) != NULL);
    }
}

extern CU_TestInfo tests_log[];
CU_TestInfo tests_log[] = {
    { "a_line_is_logfmt", a_line_is_logfmt },
    { "a_line_is_json", a_line_is_json },
    { "what_is_hostile_is_quoted", what_is_hostile_is_quoted },
    { "what_is_empty_is_left_out", what_is_empty_is_left_out },
    { "a_line_too_long_is_cut_and_still_ends", a_line_too_long_is_cut_and_still_ends },
    { "each_transition_is_a_line", each_transition_is_a_line },
    CU_TEST_INFO_NULL,
};
