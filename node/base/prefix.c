/* SPDX-License-Identifier: GPL-3.0-or-later
 * Reading prefixes without the system's resolver, which the core must not call. */
#include "node/base/prefix.h"

#include "node/base/err.h"

#include <string.h>

/* A number of at most @digits digits in @base; -1 when there is none or it exceeds @most. */
static int number(const char **text, unsigned base, unsigned digits, unsigned most)
{
    unsigned v = 0;
    unsigned n = 0;
    for (; n <= digits; n++, (*text)++) {
        const char c = **text;
        const unsigned d = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                           : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                           : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                                  : 99;
        if (d >= base) {
            break;
        }
        v = v * base + d;
    }
    return n == 0 || n > digits || v > most ? -1 : (int)v;
}

static bool read_v4(const char **text, uint8_t out[4])
{
    for (unsigned i = 0; i < 4; i++) {
        const int v = number(text, 10, 3, 255);
        if (v < 0 || (i < 3 && *(*text)++ != '.')) {
            return false;
        }
        out[i] = (uint8_t)v;
    }
    return true;
}

/* RFC 4291, 2.2, without dotted IPv4 at its end. */
static bool read_v6(const char **text, uint8_t out[16])
{
    size_t n = 0;
    size_t gap = SIZE_MAX; /* where "::" stands */
    if ((*text)[0] == ':' && (*text)[1] == ':') {
        *text += 2;
        gap = 0;
    }
    while (n < 16 && **text != '/' && **text != '\0') {
        const int v = number(text, 16, 4, 0xffff);
        if (v < 0) {
            return false;
        }
        out[n++] = (uint8_t)(v >> 8);
        out[n++] = (uint8_t)v;
        if (**text != ':') {
            break;
        }
        (*text)++;
        if (**text == ':') {
            if (gap != SIZE_MAX) {
                return false;
            }
            (*text)++;
            gap = n;
        } else if (**text == '/' || **text == '\0') {
            return false; /* a colon at the end */
        }
    }
    if (gap == SIZE_MAX) {
        return n == 16;
    }
    if (n == 16) {
        return false; /* nothing is left for the gap */
    }
    memmove(out + 16 - (n - gap), out + gap, n - gap);
    memset(out + gap, 0, 16 - n);
    return true;
}

static bool is_clean(const struct sw_prefix *p)
{
    for (unsigned i = p->bits; i < 128; i++) {
        if ((p->addr[i / 8] >> (7 - i % 8) & 1) != 0) {
            return false;
        }
    }
    return true;
}

int sw_prefix_parse(const char *text, struct sw_prefix *out)
{
    const bool v4 = strchr(text, ':') == NULL;
    memset(out, 0, sizeof *out);
    if (v4) {
        out->addr[10] = out->addr[11] = 0xff;
    }
    if (!(v4 ? read_v4(&text, out->addr + 12) : read_v6(&text, out->addr))) {
        return SW_ERR_MALFORMED;
    }
    int bits = v4 ? 32 : 128;
    if (*text == '/') {
        text++;
        bits = number(&text, 10, 3, (unsigned)bits);
    }
    if (bits < 0 || *text != '\0') {
        return SW_ERR_MALFORMED;
    }
    out->bits = (uint8_t)(bits + (v4 ? 96 : 0));
    return is_clean(out) ? SW_OK : SW_ERR_MALFORMED;
}

bool sw_prefix_has(const struct sw_prefix *p, const uint8_t addr[16])
{
    const unsigned bytes = p->bits / 8;
    const unsigned rest = p->bits % 8;
    return memcmp(p->addr, addr, bytes) == 0 &&
           (rest == 0 || (p->addr[bytes] ^ addr[bytes]) >> (8 - rest) == 0);
}

bool sw_prefixes_have(const struct sw_prefix *v, size_t n, const uint8_t addr[16])
{
    for (size_t i = 0; i < n; i++) {
        if (sw_prefix_has(&v[i], addr)) {
            return true;
        }
    }
    return false;
}
