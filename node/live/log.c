/* SPDX-License-Identifier: GPL-3.0-or-later
 * Log lines. */
#define _GNU_SOURCE /* clock_gettime, gmtime_r */
#include "node/live/log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX 2048

static const char *const levels[] = { "error", "warning", "info", "debug" };

static atomic_int max_level = SW_LOG_INFO;
static atomic_int line_format = SW_LOG_LOGFMT;

void live_log_set(enum sw_log_level level, enum sw_log_format format)
{
    atomic_store(&max_level, (int)level);
    atomic_store(&line_format, (int)format);
}

bool live_log_on(enum sw_log_level level)
{
    return (int)level <= atomic_load(&max_level);
}

struct line {
    char *buf;
    size_t cap, len;
};

static void put(struct line *l, const char *text, size_t n)
{
    n = n < l->cap - l->len ? n : l->cap - l->len;
    memcpy(l->buf + l->len, text, n);
    l->len += n;
}

static void put_text(struct line *l, const char *text)
{
    put(l, text, strlen(text));
}

static void put_quoted(struct line *l, const char *text)
{
    put(l, "\"", 1);
    for (const char *p = text; *p != '\0'; p++) {
        const unsigned char ch = (unsigned char)*p;
        char escape[8];
        if (ch == '"' || ch == '\\') {
            put(l, "\\", 1);
            put(l, p, 1);
        } else if (ch < 0x20 || ch == 0x7f) {
            (void)snprintf(escape, sizeof escape, "\\u%04x", ch);
            put_text(l, escape);
        } else {
            put(l, p, 1);
        }
    }
    put(l, "\"", 1);
}

/* A logfmt value that needs no quotes. */
static bool is_plain(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        const unsigned char ch = (unsigned char)*p;
        if (ch <= 0x20 || ch >= 0x7f || ch == '"' || ch == '=' || ch == '\\') {
            return false;
        }
    }
    return text[0] != '\0';
}

static void put_pair(struct line *l, enum sw_log_format format, const char *key, const char *text)
{
    if (format == SW_LOG_JSON) {
        put_text(l, l->len > 1 ? "," : ""); /* after the brace: nothing */
        put_quoted(l, key);
        put(l, ":", 1);
        put_quoted(l, text);
        return;
    }
    put_text(l, l->len > 0 ? " " : "");
    put_text(l, key);
    put(l, "=", 1);
    if (is_plain(text)) {
        put_text(l, text);
    } else {
        put_quoted(l, text);
    }
}

static void put_number(struct line *l, enum sw_log_format format, const char *key, uint64_t number)
{
    char text[64];
    (void)snprintf(text, sizeof text, format == SW_LOG_JSON ? ",\"%s\":%llu" : " %s=%llu", key,
                   (unsigned long long)number);
    put_text(l, text);
}

static void put_event(struct line *l, enum sw_log_format format, enum sw_log_level level,
                      const char *event, const struct live_field *fields)
{
    put_pair(l, format, "level", levels[level]);
    put_pair(l, format, "event", event);
    for (const struct live_field *f = fields; f->key != NULL; f++) {
        if (f->text == NULL) {
            put_number(l, format, f->key, f->number);
        } else if (f->text[0] != '\0') {
            put_pair(l, format, f->key, f->text);
        }
    }
}

static void put_time(struct line *l, enum sw_log_format format)
{
    struct timespec now;
    struct tm tm;
    char date[32];
    char text[48];
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &tm);
    (void)strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
    (void)snprintf(text, sizeof text, "%s.%06uZ", date, (unsigned)(now.tv_nsec / 1000) % 1000000);
    put_pair(l, format, "ts", text);
}

size_t live_log_format(enum sw_log_format format, enum sw_log_level level, const char *event,
                       const struct live_field *fields, char *out, size_t cap)
{
    const char *end = format == SW_LOG_JSON ? "}\n" : "\n";
    struct line l = { out, cap - strlen(end), 0 };
    put_text(&l, format == SW_LOG_JSON ? "{" : "");
    put_time(&l, format);
    put_event(&l, format, level, event, fields);
    l.cap = cap;
    put_text(&l, end);
    return l.len;
}

void live_log_write(enum sw_log_level level, const char *event, const struct live_field *fields)
{
    if (!live_log_on(level)) {
        return;
    }
    char buf[LINE_MAX];
    const size_t n = live_log_format((enum sw_log_format)atomic_load(&line_format), level, event,
                                     fields, buf, sizeof buf);
    /* A log that can't be written must not stop the node. */
    const ssize_t ignored = write(STDERR_FILENO, buf, n);
    (void)ignored;
}
