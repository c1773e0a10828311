/* SPDX-License-Identifier: GPL-3.0-or-later
 * Statuses, reasons and time-outs as text. */
#include "node/rpc/status.h"

#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
};

const char *grpc_status_name(enum grpc_status status)
{
    return (size_t)status < SW_LEN(names) ? names[status] : names[GRPC_UNKNOWN];
}

enum grpc_status grpc_status_parse(const char *text)
{
    unsigned v = 0;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p < '0' || *p > '9' || p - text > 2) {
            return GRPC_UNKNOWN;
        }
        v = 10 * v + (unsigned)(*p - '0');
    }
    return text[0] != '\0' && v < SW_LEN(names) ? (enum grpc_status)v : GRPC_UNKNOWN;
}

enum grpc_status grpc_status_of_http(unsigned code)
{
    switch (code) {
    case 400:
        return GRPC_INTERNAL;
    case 401:
        return GRPC_UNAUTHENTICATED;
    case 403:
        return GRPC_PERMISSION_DENIED;
    case 404:
        return GRPC_UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
        return GRPC_UNAVAILABLE;
    default:
        return GRPC_UNKNOWN;
    }
}

enum grpc_status grpc_status_of_reset(uint32_t code)
{
    switch (code) {
    case NGHTTP2_REFUSED_STREAM:
        return GRPC_UNAVAILABLE;
    case NGHTTP2_CANCEL:
        return GRPC_CANCELLED;
    case NGHTTP2_ENHANCE_YOUR_CALM:
        return GRPC_RESOURCE_EXHAUSTED;
    case NGHTTP2_INADEQUATE_SECURITY:
        return GRPC_PERMISSION_DENIED;
    default:
        return GRPC_INTERNAL;
    }
}

void grpc_reason_encode(const char *text, char out[GRPC_REASON_ENCODED])
{
    static const char hex[] = "0123456789ABCDEF";
    size_t n = 0;
    for (size_t i = 0; text[i] != '\0' && i < GRPC_REASON_MAX - 1; i++) {
        const uint8_t ch = (uint8_t)text[i];
        if (ch >= 0x20 && ch <= 0x7e && ch != '%') {
            out[n++] = (char)ch;
        } else {
            out[n++] = '%';
            out[n++] = hex[ch >> 4];
            out[n++] = hex[ch & 15];
        }
    }
    out[n] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void grpc_reason_decode(const char *value, char out[GRPC_REASON_MAX])
{
    size_t n = 0;
    while (*value != '\0' && n < GRPC_REASON_MAX - 1) {
        const int high = value[0] == '%' ? hex_digit(value[1]) : -1;
        const int low = high >= 0 ? hex_digit(value[2]) : -1;
        if (low >= 0 && high + low > 0) { /* %00 would end the text */
            out[n++] = (char)(16 * high + low);
            value += 3;
        } else {
            out[n++] = *value++;
        }
    }
    out[n] = '\0';
}

/* From the finest unit to the coarsest. */
static const struct {
    char letter;
    sw_dur ns;
} units[] = {
    { 'n', 1 }, { 'u', SW_US }, { 'm', SW_MS }, { 'S', SW_SEC }, { 'M', SW_MIN }, { 'H', SW_HOUR },
};

int grpc_timeout_parse(const char *text, sw_dur *out)
{
    uint64_t v = 0;
    size_t digits = 0;
    while (text[digits] >= '0' && text[digits] <= '9') {
        if (digits == 8) {
            return SW_ERR_MALFORMED;
        }
        v = 10 * v + (uint64_t)(text[digits++] - '0');
    }
    if (digits == 0 || text[digits] == '\0' || text[digits + 1] != '\0') {
        return SW_ERR_MALFORMED;
    }
    for (size_t i = 0; i < SW_LEN(units); i++) {
        if (units[i].letter == text[digits]) {
            *out = v > SW_TIME_NEVER / units[i].ns ? SW_TIME_NEVER : v * units[i].ns;
            return 0;
        }
    }
    return SW_ERR_MALFORMED;
}

void grpc_timeout_format(sw_dur timeout, char out[GRPC_TIMEOUT_MAX])
{
    size_t i = 0;
    uint64_t v = timeout;
    while (v > 99999999 && i + 1 < SW_LEN(units)) {
        i++;
        v = timeout / units[i].ns + (timeout % units[i].ns != 0 ? 1 : 0);
    }
    (void)snprintf(out, GRPC_TIMEOUT_MAX, "%u%c", (unsigned)v, units[i].letter);
}
