/* SPDX-License-Identifier: GPL-3.0-or-later
 * How swarmctl says things. */
#define _GNU_SOURCE
#include "node/ctl/ctl.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

enum ctl_exit ctl_exit_of(int err)
{
    switch (err) {
    case SW_OK:
        return CTL_DONE;
    case SW_ERR_RANGE:
    case SW_ERR_MALFORMED:
    case SW_ERR_NOTFOUND:
    case SW_ERR_EXISTS:
    case SW_ERR_UNSUPPORTED:
        return CTL_BAD_INPUT;
    case SW_ERR_IO:
    case SW_ERR_FULL:
    case SW_ERR_DENIED:
    case SW_ERR_TIMEOUT:
    case SW_ERR_UNREACHABLE:
    case SW_ERR_NOMEM:
        return CTL_ENVIRONMENT;
    default:
        return CTL_FAILED;
    }
}

int ctl_fail(int err, const struct sw_diag *d)
{
    (void)fprintf(stderr, "swarmctl: %s\n",
                  d != NULL && d->text[0] != '\0' ? d->text : sw_strerror(err));
    return (int)ctl_exit_of(err);
}

void ctl_hex(const uint8_t *data, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
    out[2 * len] = '\0';
}

static int digit(uint8_t c)
{
    static const char digits[] = "0123456789abcdef";
    const char *p = c == '\0' ? NULL : strchr(digits, tolower(c));
    return p == NULL ? -1 : (int)(p - digits);
}

int ctl_unhex(struct sw_bytes text, uint8_t *out, size_t len)
{
    while (text.len > 0 && isspace(text.data[text.len - 1])) {
        text.len--;
    }
    while (text.len > 0 && isspace(text.data[0])) {
        text.data++;
        text.len--;
    }
    if (text.len != 2 * len) {
        return SW_ERR_MALFORMED;
    }
    for (size_t i = 0; i < len; i++) {
        const int high = digit(text.data[2 * i]);
        const int low = digit(text.data[2 * i + 1]);
        if (high < 0 || low < 0) {
            return SW_ERR_MALFORMED;
        }
        out[i] = (uint8_t)(16 * high + low);
    }
    return 0;
}

void ctl_size(uint64_t bytes, char out[32])
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
    double v = (double)bytes;
    size_t i = 0;
    while (v >= 1024 && i + 1 < SW_LEN(units)) {
        v /= 1024;
        i++;
    }
    (void)snprintf(out, 32, i == 0 ? "%.0f %s" : "%.1f %s", v, units[i]);
}

void ctl_span(double ns, char out[32])
{
    if (!(ns >= 0)) { /* NaN: unknown */
        memcpy(out, "-", 2);
    } else if (ns < 1e6) {
        (void)snprintf(out, 32, "%.0f us", ns / 1e3);
    } else if (ns < 1e9) {
        (void)snprintf(out, 32, "%.1f ms", ns / 1e6);
    } else if (ns < 100e9) {
        (void)snprintf(out, 32, "%.1f s", ns / 1e9);
    } else {
        static const struct {
            const char *unit;
            double ns;
        } units[] = { { "min", 60e9 }, { "h", 3600e9 }, { "days", 86400e9 } };
        size_t i = 0;
        while (i + 1 < SW_LEN(units) && ns >= 100 * units[i].ns) {
            i++;
        }
        (void)snprintf(out, 32, "%.1f %s", ns / units[i].ns, units[i].unit);
    }
}

void ctl_time(int64_t wall_ns, char out[32])
{
    const time_t t = (time_t)(wall_ns / (int64_t)SW_SEC);
    struct tm tm;
    out[0] = '\0';
    if (gmtime_r(&t, &tm) != NULL) {
        (void)strftime(out, 32, "%Y-%m-%d %H:%M:%SZ", &tm);
    }
}
