/* SPDX-License-Identifier: GPL-3.0-or-later
 * One scalar of a YAML file: numbers with and without units, names, addresses, bytes. */
#include "node/conf/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const char *name;
    double factor;
};

static const struct unit durations[] = {
    { "d", 86400e9 }, { "h", 3600e9 }, { "m", 60e9 }, { "s", 1e9 },
    { "ms", 1e6 },    { "us", 1e3 },   { "ns", 1 },
};
static const struct unit sizes[] = {
    { "B", 1 },         { "kB", 1e3 },         { "MB", 1e6 },
    { "GB", 1e9 },      { "TB", 1e12 },        { "KiB", 1024 },
    { "MiB", 1048576 }, { "GiB", 1073741824 }, { "TiB", 1099511627776.0 },
};
static const struct unit bandwidths[] = {
    { "bit/s", 1 }, { "kbit/s", 1e3 }, { "Mbit/s", 1e6 }, { "Gbit/s", 1e9 }, { "Tbit/s", 1e12 },
};
static const struct unit rates[] = {
    { "/s", 1 },           { "k/s", 1e3 },        { "M/s", 1e6 },         { "/m", 1.0 / 60 },
    { "k/m", 1e3 / 60 },   { "M/m", 1e6 / 60 },   { "/h", 1.0 / 3600 },   { "k/h", 1e3 / 3600 },
    { "M/h", 1e6 / 3600 }, { "/d", 1.0 / 86400 }, { "k/d", 1e3 / 86400 }, { "M/d", 1e6 / 86400 },
};

static const struct unit *find_unit(const struct unit *table, size_t n, const char *name,
                                    size_t len)
{
    for (size_t i = 0; i < n; i++) {
        if (strlen(table[i].name) == len && strncmp(table[i].name, name, len) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits, at most one point with digits on both sides, and no leading zero, so that 010 is never
 * mistaken for octal.  Returns where the number ends; NULL when there is none. */
static const char *decimal(const char *s, double *v)
{
    const char *end = s;
    while (is_digit(*end)) {
        end++;
    }
    if (end == s || (s[0] == '0' && end - s > 1)) {
        return NULL;
    }
    if (*end == '.') {
        if (!is_digit(end[1])) {
            return NULL;
        }
        for (end++; is_digit(*end); end++) {
        }
    }
    char digits[40];
    const size_t len = (size_t)(end - s);
    if (len >= sizeof digits) {
        return NULL;
    }
    memcpy(digits, s, len);
    digits[len] = '\0';
    *v = strtod(digits, NULL);
    return end;
}

/* A number and one unit, with or without a space between.  @bare: a number alone will do. */
static int measure(const char *s, const struct unit *table, size_t n, bool bare, double *v)
{
    const char *end = decimal(s, v);
    if (end == NULL) {
        return SW_ERR_MALFORMED;
    }
    if (*end == '\0' && (bare || *v == 0)) {
        return 0;
    }
    end += *end == ' ';
    const struct unit *u = find_unit(table, n, end, strlen(end));
    if (u == NULL) {
        return SW_ERR_MALFORMED;
    }
    *v *= u->factor;
    return 0;
}

/* Parts from large to small: 1h30m, 80ms. */
static int duration(const char *s, double *ns)
{
    if (strcmp(s, "0") == 0) {
        *ns = 0;
        return 0;
    }
    const struct unit *last = NULL;
    *ns = 0;
    do {
        double v;
        const char *end = decimal(s, &v);
        if (end == NULL) {
            return SW_ERR_MALFORMED;
        }
        size_t len = 0;
        while (end[len] >= 'a' && end[len] <= 'z') {
            len++;
        }
        const struct unit *u = find_unit(durations, SW_LEN(durations), end, len);
        if (u == NULL || (last != NULL && u <= last)) {
            return SW_ERR_MALFORMED;
        }
        *ns += v * u->factor;
        last = u;
        s = end + len;
    } while (*s != '\0');
    return *ns < 9e18 ? 0 : SW_ERR_RANGE;
}

static int number(const char *s, double *v)
{
    const bool negative = *s == '-';
    const char *end = decimal(s + (negative ? 1 : 0), v);
    if (end == NULL) {
        return SW_ERR_MALFORMED;
    }
    if (*end == 'e') {
        const char *digits = end + 1 + (end[1] == '-' || end[1] == '+' ? 1 : 0);
        if (!is_digit(*digits) || strspn(digits, "0123456789") != strlen(digits) ||
            strlen(digits) > 3) {
            return SW_ERR_MALFORMED;
        }
        *v = strtod(s + (negative ? 1 : 0), NULL);
    } else if (*end != '\0') {
        return SW_ERR_MALFORMED;
    }
    if (*v > 1e300) {
        return SW_ERR_RANGE;
    }
    *v = negative ? -*v : *v;
    return 0;
}

static int probability(const char *s, double *v)
{
    const char *end = decimal(s, v);
    if (end == NULL) {
        return number(s, v) == 0 && *v >= 0 && *v <= 1 ? 0 : SW_ERR_MALFORMED; /* 1e-6 */
    }
    const char *rest = end + (*end == ' ' ? 1 : 0);
    if (strcmp(rest, "%") == 0) {
        *v /= 100;
    } else if (*end != '\0') {
        return number(s, v) == 0 && *v >= 0 && *v <= 1 ? 0 : SW_ERR_MALFORMED;
    }
    return *v <= 1 ? 0 : SW_ERR_MALFORMED;
}

static int whole(const char *s, uint64_t *v)
{
    const size_t len = strlen(s);
    if (len == 0 || strspn(s, "0123456789") != len || (s[0] == '0' && len > 1)) {
        return SW_ERR_MALFORMED;
    }
    errno = 0;
    *v = strtoull(s, NULL, 10);
    return errno == 0 ? 0 : SW_ERR_RANGE;
}

static int hex(const char *s, uint8_t *out, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    if (strlen(s) != 2 * size) {
        return SW_ERR_MALFORMED;
    }
    for (size_t i = 0; i < 2 * size; i++) {
        const char lower = s[i] >= 'A' && s[i] <= 'F' ? (char)(s[i] - 'A' + 'a') : s[i];
        const char *at = strchr(digits, lower);
        if (at == NULL) {
            return SW_ERR_MALFORMED;
        }
        const uint8_t nibble = (uint8_t)(at - digits);
        out[i / 2] = (uint8_t)(i % 2 == 0 ? nibble << 4 : out[i / 2] | nibble);
    }
    return 0;
}

static int name(const char *s, struct sw_name *out)
{
    const size_t len = strlen(s);
    if (len == 0 || len > SW_NAME_MAX ||
        strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") != len) {
        return SW_ERR_MALFORMED;
    }
    memset(out, 0, sizeof *out);
    memcpy(out->s, s, len);
    return 0;
}

static int copy(const char *s, char **out)
{
    const size_t len = strlen(s);
    *out = malloc(len + 1);
    if (*out == NULL) {
        return SW_ERR_NOMEM;
    }
    memcpy(*out, s, len + 1);
    return 0;
}

static int zone_name(const char *s, char **out)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    size_t len = strlen(s);
    if (len == 0 || len > 254 || strspn(s, allowed) != len || strstr(s, "..") != NULL ||
        (s[0] == '.' && len > 1)) {
        return SW_ERR_MALFORMED;
    }
    for (size_t i = 0, label = 0; i < len; i++) {
        label = s[i] == '.' ? 0 : label + 1;
        if (label > 63) {
            return SW_ERR_MALFORMED;
        }
    }
    const int err = copy(s, out);
    if (err != 0) {
        return err;
    }
    for (size_t i = 0; i < len; i++) {
        const char c = (*out)[i];
        (*out)[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    if (len > 1 && (*out)[len - 1] == '.') {
        (*out)[len - 1] = '\0';
    }
    return 0;
}

static int address(const char *s, char **out)
{
    const char *colon = strrchr(s, ':');
    uint64_t port;
    if (colon == NULL || colon == s || whole(colon + 1, &port) != 0 || port > 65535) {
        return SW_ERR_MALFORMED;
    }
    const size_t host = (size_t)(colon - s);
    const bool bracketed = s[0] == '[' && s[host - 1] == ']' && host > 2;
    static const char hosts[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    const size_t inside =
        bracketed ? strspn(s + 1, "0123456789abcdefABCDEF:.") + 2 : strspn(s, hosts);
    return inside == host ? copy(s, out) : SW_ERR_MALFORMED;
}

static int path(const char *folder, const char *s, char **out)
{
    if (*s == '\0') {
        return SW_ERR_MALFORMED;
    }
    if (s[0] == '/' || folder == NULL || strcmp(folder, ".") == 0) {
        return copy(s, out);
    }
    const size_t a = strlen(folder);
    const size_t b = strlen(s);
    char *joined = malloc(a + b + 2);
    if (joined == NULL) {
        return SW_ERR_NOMEM;
    }
    memcpy(joined, folder, a);
    joined[a] = '/';
    memcpy(joined + a + 1, s, b + 1);
    *out = joined;
    return 0;
}

/* ---- storing ---- */

static int in_range(const struct sw_yaml_field *f, double v)
{
    return f->high > f->low && (v < f->low || v > f->high) ? SW_ERR_RANGE : 0;
}

static int store_u64(const struct sw_yaml_field *f, int err, double v, void *out)
{
    if (err == 0) {
        err = in_range(f, v);
    }
    if (err == 0 && v >= 1.8e19) {
        err = SW_ERR_RANGE;
    }
    if (err == 0) {
        const uint64_t rounded = (uint64_t)(v + 0.5);
        memcpy(out, &rounded, sizeof rounded);
    }
    return err;
}

static int store_double(const struct sw_yaml_field *f, int err, double v, void *out)
{
    if (err == 0) {
        err = in_range(f, v);
    }
    if (err == 0) {
        memcpy(out, &v, sizeof v);
    }
    return err;
}

static int store_whole(const struct sw_yaml_field *f, const char *text, void *out)
{
    uint64_t v = 0;
    int err = whole(text, &v);
    if (err == 0) {
        err = in_range(f, (double)v);
    }
    if (err == 0 && f->type == SW_YAML_COUNT && v > UINT32_MAX) {
        err = SW_ERR_RANGE;
    }
    if (err == 0 && f->type == SW_YAML_COUNT) {
        const uint32_t small = (uint32_t)v;
        memcpy(out, &small, sizeof small);
    } else if (err == 0) {
        memcpy(out, &v, sizeof v);
    }
    return err;
}

static int store_choice(const struct sw_yaml_field *f, const char *text, void *out)
{
    for (int i = 0; f->names[i] != NULL; i++) {
        if (strcmp(f->names[i], text) == 0) {
            memcpy(out, &i, sizeof i);
            return 0;
        }
    }
    return SW_ERR_MALFORMED;
}

static int store_bool(const char *text, bool *out)
{
    *out = strcmp(text, "true") == 0;
    return *out || strcmp(text, "false") == 0 ? 0 : SW_ERR_MALFORMED;
}

int sw_yaml_scalar(const struct sw_yaml_field *f, const char *folder, const char *text, void *out)
{
    double v = 0;
    int err = 0;
    switch (f->type) {
    case SW_YAML_STRING:
    case SW_YAML_LOCAL_PATH:
        return *text != '\0' ? copy(text, out) : SW_ERR_MALFORMED;
    case SW_YAML_PATH:
        return path(folder, text, out);
    case SW_YAML_ADDRESS:
        return address(text, out);
    case SW_YAML_ZONE_NAME:
        return zone_name(text, out);
    case SW_YAML_NAME:
        return name(text, out);
    case SW_YAML_INTEGER:
    case SW_YAML_COUNT:
        return store_whole(f, text, out);
    case SW_YAML_NUMBER:
        err = number(text, &v);
        return store_double(f, err, v, out);
    case SW_YAML_PROBABILITY:
        err = probability(text, &v);
        return store_double(f, err, v, out);
    case SW_YAML_RATE:
        err = measure(text, rates, SW_LEN(rates), false, &v);
        return store_double(f, err, v, out);
    case SW_YAML_DURATION:
        err = duration(text, &v);
        return store_u64(f, err, v, out);
    case SW_YAML_SIZE:
        err = measure(text, sizes, SW_LEN(sizes), false, &v);
        return store_u64(f, err, v, out);
    case SW_YAML_BANDWIDTH:
        err = measure(text, bandwidths, SW_LEN(bandwidths), false, &v);
        return store_u64(f, err, v, out);
    case SW_YAML_BOOL:
        return store_bool(text, out);
    case SW_YAML_ENUM:
        return store_choice(f, text, out);
    case SW_YAML_HEX:
        return hex(text, out, f->size);
    default:
        return SW_ERR_UNSUPPORTED;
    }
}
