/* SPDX-License-Identifier: GPL-3.0-or-later
 * A zone as the text of a master file. */
#include "node/core/dns/master_text.h"

#include "node/core/dns/bytes.h"
#include "node/core/dns/wire.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct text {
    struct sw_blob *out;
    int err;
};

static void say(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct text *t, const char *fmt, ...)
{
    char line[SW_DNAME_TEXT_MAX + 64];
    va_list args;
    va_start(args, fmt);
    const int n = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    if (t->err == SW_OK && n > 0 && t->out->cap - t->out->len < (size_t)n) {
        t->err = sw_blob_reserve(t->out, t->out->len + (size_t)n + t->out->cap / 2);
    }
    if (t->err == SW_OK && n > 0) {
        t->err = sw_blob_append(t->out, line, (size_t)n);
    }
}

/* The name at @data, before which stands @between; how long it is. */
static size_t say_name(struct text *t, const uint8_t *data, const char *between)
{
    char name[SW_DNAME_TEXT_MAX];
    sw_dname_to_text(data, name);
    say(t, "%s%s", between, name);
    return sw_dname_len(data);
}

static void say_soa(struct text *t, const struct sw_record *rr)
{
    size_t at = say_name(t, rr->data, "SOA ");
    at += say_name(t, rr->data + at, " ");
    for (; at + 4 <= rr->data_len; at += 4) {
        say(t, " %u", sw_be32(rr->data + at));
    }
}

static void say_strings(struct text *t, const struct sw_record *rr)
{
    say(t, "TXT");
    for (size_t at = 0; at < rr->data_len; at += 1U + rr->data[at]) {
        say(t, " \"");
        for (size_t k = at + 1; k <= at + rr->data[at] && k < rr->data_len; k++) {
            const uint8_t c = rr->data[k];
            const bool plain = c >= ' ' && c <= '~' && c != '"' && c != '\\';
            say(t, plain ? "%c" : "\\%03u", c);
        }
        say(t, "\"");
    }
}

static void say_generic(struct text *t, const struct sw_record *rr)
{
    say(t, "TYPE%u \\# %u ", rr->type, rr->data_len);
    for (size_t i = 0; i < rr->data_len; i++) {
        say(t, "%02x", rr->data[i]);
    }
}

static void say_groups(struct text *t, const uint8_t *address)
{
    for (unsigned i = 0; i < 16; i += 2) {
        say(t, "%s%x", i > 0 ? ":" : "AAAA ", sw_be16(address + i));
    }
}

static void say_data(struct text *t, const struct sw_record *rr)
{
    const uint8_t *d = rr->data;
    switch (rr->type) {
    case SW_TYPE_A:
        say(t, "A %u.%u.%u.%u", d[0], d[1], d[2], d[3]);
        break;
    case SW_TYPE_AAAA:
        say_groups(t, d);
        break;
    case SW_TYPE_NS:
        (void)say_name(t, d, "NS ");
        break;
    case SW_TYPE_CNAME:
        (void)say_name(t, d, "CNAME ");
        break;
    case SW_TYPE_PTR:
        (void)say_name(t, d, "PTR ");
        break;
    case SW_TYPE_MX:
        say(t, "MX %u", sw_be16(d));
        (void)say_name(t, d + 2, " ");
        break;
    case SW_TYPE_SRV:
        say(t, "SRV %u %u %u", sw_be16(d), sw_be16(d + 2), sw_be16(d + 4));
        (void)say_name(t, d + 6, " ");
        break;
    case SW_TYPE_SOA:
        say_soa(t, rr);
        break;
    case SW_TYPE_TXT:
        say_strings(t, rr);
        break;
    default:
        say_generic(t, rr);
        break;
    }
}

int sw_master_text_put(const struct sw_records *r, struct sw_blob *out)
{
    struct text t = { .out = out };
    for (size_t i = 0; i < r->n && t.err == SW_OK; i++) {
        (void)say_name(&t, r->v[i]->owner, "");
        say(&t, " %u IN ", r->v[i]->ttl);
        say_data(&t, r->v[i]);
        say(&t, "\n");
    }
    return t.err;
}
