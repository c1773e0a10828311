/* SPDX-License-Identifier: GPL-3.0-or-later
 * DNS messages as text, so that a test can say what it wants in lines that a person reads:
 *
 *     NOERROR aa
 *     an www.example. 300 A 192.0.2.1
 *     opt 1232
 *
 * The decoder is the tests' own and shares nothing with the code that it judges. */
#ifndef SW_TESTS_LIB_DNS_TEXT_H
#define SW_TESTS_LIB_DNS_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/core/dns/answer.h"

struct dns_text {
    const uint8_t *msg;
    size_t len;
    size_t at;
    bool bad;
    char *out;
    size_t cap;
};

static inline void dns_put(struct dns_text *t, const char *s)
{
    const size_t used = strlen(t->out);
    (void)snprintf(t->out + used, t->cap - used, "%s", s);
}

static inline void dns_put_number(struct dns_text *t, const char *before, unsigned long v)
{
    char s[64];
    (void)snprintf(s, sizeof s, "%s%lu", before, v);
    dns_put(t, s);
}

static inline unsigned long dns_get(struct dns_text *t, unsigned bytes)
{
    unsigned long v = 0;
    for (; bytes > 0; bytes--) {
        if (t->at >= t->len) {
            t->bad = true;
            return 0;
        }
        v = v << 8 | t->msg[t->at++];
    }
    return v;
}

static inline void dns_put_name(struct dns_text *t)
{
    size_t back = 0;
    unsigned hops = 0;
    bool root = true;
    for (;;) {
        const unsigned long c = dns_get(t, 1);
        if (t->bad || hops > 64) {
            t->bad = true;
            break;
        }
        if (c >= 0xC0) {
            const size_t to = (c & 0x3F) << 8 | dns_get(t, 1);
            back = hops++ == 0 ? t->at : back;
            t->at = to;
            continue;
        }
        if (c == 0) {
            break;
        }
        root = false;
        for (unsigned long i = 0; i < c; i++) {
            const char s[2] = { (char)dns_get(t, 1), 0 };
            dns_put(t, s);
        }
        dns_put(t, ".");
    }
    if (root) {
        dns_put(t, ".");
    }
    t->at = hops > 0 ? back : t->at;
}

static inline void dns_put_hex(struct dns_text *t, size_t end)
{
    dns_put_number(t, "\\# ", end - t->at);
    if (end > t->at) {
        dns_put(t, " ");
    }
    while (t->at < end && !t->bad) {
        char s[8];
        (void)snprintf(s, sizeof s, "%02lx", dns_get(t, 1));
        dns_put(t, s);
    }
}

static inline void dns_put_data(struct dns_text *t, unsigned long type, size_t end)
{
    switch (type) {
    case SW_TYPE_A:
        dns_put_number(t, "A ", dns_get(t, 1));
        while (t->at < end && !t->bad) {
            dns_put_number(t, ".", dns_get(t, 1));
        }
        return;
    case SW_TYPE_AAAA:
        dns_put(t, "AAAA ");
        for (unsigned i = 0; i < 8; i++) {
            char s[8];
            (void)snprintf(s, sizeof s, "%s%lx", i > 0 ? ":" : "", dns_get(t, 2));
            dns_put(t, s);
        }
        return;
    case SW_TYPE_NS:
    case SW_TYPE_CNAME:
    case SW_TYPE_PTR:
        dns_put(t, type == SW_TYPE_NS ? "NS " : type == SW_TYPE_PTR ? "PTR " : "CNAME ");
        dns_put_name(t);
        return;
    case SW_TYPE_MX:
        dns_put_number(t, "MX ", dns_get(t, 2));
        dns_put(t, " ");
        dns_put_name(t);
        return;
    case SW_TYPE_SRV:
        dns_put_number(t, "SRV ", dns_get(t, 2));
        dns_put_number(t, " ", dns_get(t, 2));
        dns_put_number(t, " ", dns_get(t, 2));
        dns_put(t, " ");
        dns_put_name(t);
        return;
    case SW_TYPE_SOA:
        dns_put(t, "SOA ");
        dns_put_name(t);
        dns_put(t, " ");
        dns_put_name(t);
        for (unsigned i = 0; i < 5; i++) {
            dns_put_number(t, " ", dns_get(t, 4));
        }
        return;
    case SW_TYPE_TXT:
        dns_put(t, "TXT");
        while (t->at < end && !t->bad) {
            dns_put(t, " \"");
            for (unsigned long n = dns_get(t, 1); n > 0 && !t->bad; n--) {
                const char s[2] = { (char)dns_get(t, 1), 0 };
                dns_put(t, s);
            }
            dns_put(t, "\"");
        }
        return;
    default:
        dns_put_number(t, "TYPE", type);
        dns_put(t, " ");
        dns_put_hex(t, end);
    }
}

static inline void dns_put_opt(struct dns_text *t, unsigned long size, unsigned long ttl,
                               size_t end)
{
    dns_put_number(t, "opt ", size);
    if (ttl >> 24 != 0) {
        dns_put_number(t, " rcode+", ttl >> 24 << 4);
    }
    if ((ttl >> 16 & 0xff) != 0) {
        dns_put_number(t, " version ", ttl >> 16 & 0xff);
    }
    dns_put(t, (ttl & 0x8000) != 0 ? " do" : "");
    while (t->at < end && !t->bad) {
        const unsigned long code = dns_get(t, 2);
        const unsigned long len = dns_get(t, 2);
        if (code == 15 && len >= 2) {
            dns_put_number(t, " ede ", dns_get(t, 2));
            t->at += len - 2;
        } else {
            dns_put_number(t, " option ", code);
            t->at += len;
        }
    }
}

static inline void dns_put_record(struct dns_text *t, const char *section)
{
    const size_t owner = t->at;
    char *mark = t->out + strlen(t->out);
    dns_put_name(t);
    const unsigned long type = dns_get(t, 2);
    const unsigned long class = dns_get(t, 2);
    const unsigned long ttl = dns_get(t, 4);
    const size_t len = dns_get(t, 2);
    const size_t end = t->at + len;
    if (end > t->len) {
        t->bad = true;
        return;
    }
    *mark = '\0';
    if (type == SW_TYPE_OPT) {
        dns_put_opt(t, class, ttl, end);
    } else {
        const size_t data = t->at;
        t->at = owner;
        dns_put(t, section);
        dns_put_name(t);
        dns_put_number(t, " ", ttl);
        dns_put(t, class == 1 ? " " : " not IN ");
        t->at = data;
        dns_put_data(t, type, end);
    }
    dns_put(t, "\n");
    t->bad = t->bad || t->at != end;
}

/* @message as text into @out; "malformed\n" at its end when it is. */
static inline void dns_text(struct sw_bytes message, char *out, size_t cap)
{
    static const char *const rcodes[] = { "NOERROR",  "FORMERR", "SERVFAIL",
                                          "NXDOMAIN", "NOTIMP",  "REFUSED" };
    static const char *const sections[] = { "an ", "ns ", "ar " };
    struct dns_text t = { .msg = message.data, .len = message.len, .out = out, .cap = cap };
    out[0] = '\0';
    (void)dns_get(&t, 2);
    const unsigned long flags = dns_get(&t, 2);
    const unsigned long questions = dns_get(&t, 2);
    unsigned long counts[3];
    for (unsigned i = 0; i < 3; i++) {
        counts[i] = dns_get(&t, 2);
    }
    dns_put(&t, (flags & 15) < 6 ? rcodes[flags & 15] : "RCODE?");
    dns_put(&t, (flags & 0x8000) != 0 ? "" : " query");
    dns_put(&t, (flags & 0x0400) != 0 ? " aa" : "");
    dns_put(&t, (flags & 0x0200) != 0 ? " tc" : "");
    dns_put(&t, (flags & 0x0100) != 0 ? " rd" : "");
    dns_put(&t, (flags & 0x00F0) != 0 ? " ra, z, ad or cd" : "");
    dns_put(&t, questions == 1 ? "\n" : " no question\n");
    for (unsigned long i = 0; i < questions && !t.bad; i++) {
        char *mark = t.out + strlen(t.out);
        dns_put_name(&t);
        *mark = '\0';
        (void)dns_get(&t, 4);
    }
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned long n = counts[i]; n > 0 && !t.bad; n--) {
            dns_put_record(&t, sections[i]);
        }
    }
    if (t.bad || t.at != t.len) {
        dns_put(&t, "malformed\n");
    }
}

/* The zone @origin of master file @text; NULL with a line on stderr when it does not compile. */
static inline struct sw_zone *dns_zone(const char *origin, const char *text)
{
    struct sw_blob image = { 0 };
    struct sw_diag d = { { 0 } };
    struct sw_zone *z = NULL;
    const struct sw_bytes bytes = { (const uint8_t *)text, strlen(text) };
    if (sw_zone_compile(origin, bytes, &image, &d) != SW_OK || sw_zone_new(&image, &z) != SW_OK) {
        (void)fprintf(stderr, "%s: %s\n", origin, d.text);
    }
    sw_blob_fini(&image);
    return z;
}

/* Append a query for @name (presentation form) to @w. */
static inline void dns_query(struct sw_wr *w, const char *name, uint16_t type, uint16_t udp_size)
{
    uint8_t wire[SW_DNAME_MAX];
    if (sw_dname_from_text(name, wire) < 0) {
        abort();
    }
    const struct sw_query q = { .id = 0x1234, .type = type, .name = wire, .udp_size = udp_size };
    sw_query_write(w, &q);
}

#endif
