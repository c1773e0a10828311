/* SPDX-License-Identifier: GPL-3.0-or-later
 * Any bytes as a query, to zones that have everything: an answer must be whole, within its limit,
 * and belong to the query; and any bytes as a peer's message. */
#include <stdlib.h>
#include <string.h>

#include "tests/lib/dns_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char zone_text[] =
    "$TTL 60\n@ SOA a b 1 1 1 1 60\n@ NS ns\n@ MX 1 ns\n@ TXT x\nns A 192.0.2.1\nns AAAA ::1\n"
    "a CNAME b\nb CNAME ns\n*.w A 192.0.2.2\n*.v CNAME a.v\nc NS ns.c\nc DS 1 8 2 00\n"
    "ns.c A 192.0.2.3\ne.f.g TXT y\no TYPE999 \\# 1 00\nx CNAME y.z\n_s._t SRV 1 1 1 ns\n";

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void ask(const struct sw_view *view, struct sw_bytes query, bool stream)
{
    static uint8_t answer[65535];
    struct sw_wr out = { .buf = answer, .cap = stream ? sizeof answer : 1232 };
    if (sw_answer(view, query, stream, &out) == SW_VERDICT_REPLY) {
        check(out.len >= SW_DNS_HEADER && out.len <= out.cap);
        check(sw_message_check((struct sw_bytes){ answer, out.len }, NULL));
        check((answer[2] & SW_DNS_QR) != 0 && memcmp(answer, query.data, 2) == 0);
        check(answer[5] == 0 || sw_answer_matches(query, (struct sw_bytes){ answer, out.len }));
        char text[8192];
        dns_text((struct sw_bytes){ answer, out.len }, text, sizeof text);
        check(strlen(text) < 10 || strcmp(text + strlen(text) - 10, "malformed\n") != 0);
    } else {
        check(out.len == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sw_zone *zone;
    static uint8_t away[SW_DNAME_MAX];
    if (zone == NULL) {
        zone = dns_zone("test", zone_text);
        (void)sw_dname_from_text("away.test", away);
    }
    const struct sw_zone *zones[] = { zone };
    const uint8_t *elsewhere[] = { away };
    const struct sw_view view = { zones, 1, elsewhere, 1, 1232, NULL, 0 };
    const struct sw_bytes message = { data, size };
    ask(&view, message, false);
    ask(&view, message, true);

    static uint8_t out[65535];
    struct sw_wr error = { .buf = out, .cap = sizeof out };
    if (sw_answer_error(message, SW_RCODE_SERVFAIL, SW_EDE_OTHER, &error)) {
        check(sw_message_check((struct sw_bytes){ out, error.len }, NULL));
    }
    if (size >= SW_DNS_HEADER && size <= sizeof out) {
        memcpy(out, data, size);
        const size_t len = sw_answer_truncate(out, size);
        check(len >= SW_DNS_HEADER && len <= size);
        check(sw_message_check((struct sw_bytes){ out, len }, NULL));
    }
    return 0;
}
