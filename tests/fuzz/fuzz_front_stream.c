/* SPDX-License-Identifier: GPL-3.0-or-later
 * Any bytes on a TCP stream, cut anywhere, with the client taking its answers now and then: the
 * first byte says how.  What is written must be whole frames, and held memory stays bounded. */
#include <stdlib.h>

#include "node/core/front.h"
#include "tests/lib/dns_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* False when the stream was closed. */
static bool step(struct sw_front *f, const struct sw_event *ev, struct sw_actions *out)
{
    bool open = true;
    sw_actions_clear(out);
    check(sw_front_step(f, ev, out) == SW_OK);
    for (size_t i = 0; i < out->n; i++) {
        const struct sw_action *a = &out->v[i];
        if (a->kind == SW_ACT_WRITE) {
            const struct sw_bytes d = a->u.write.data;
            check(d.len >= 2 && (size_t)(d.data[0] << 8 | d.data[1]) == d.len - 2);
            check(sw_message_check((struct sw_bytes){ d.data + 2, d.len - 2 }, NULL));
        } else if (a->kind == SW_ACT_CLOSE) {
            open = false;
        } else {
            check(a->kind == SW_ACT_FORWARD);
        }
    }
    return open;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sw_zone *zone;
    static uint8_t away[SW_DNAME_MAX];
    if (zone == NULL) {
        zone = dns_zone("test", "$TTL 60\n@ SOA a b 1 1 1 1 60\n@ NS ns\nns A 192.0.2.1\n");
        (void)sw_dname_from_text("away", away);
    }
    if (size == 0) {
        return 0;
    }
    const struct sw_zone *zones[] = { zone };
    const uint8_t *elsewhere[] = { away };
    const struct sw_view view = { zones, 1, elsewhere, 1, 1232, NULL, 0 };
    struct sw_front *f = sw_front_new(&(struct sw_front_options){ 0 });
    struct sw_actions out = { 0 };
    const struct sw_client client = { .stream = 1 };
    struct sw_event ev = { .kind = SW_EV_VIEW, .u.view = &view };
    check(f != NULL && step(f, &ev, &out));
    ev = (struct sw_event){ .kind = SW_EV_STREAM_OPEN, .u.stream_open = client };
    bool open = step(f, &ev, &out);
    const size_t cut = 1U + (data[0] & 0x3FU);
    for (size_t at = 1; at < size && open; at += cut) {
        ev = (struct sw_event){ .kind = SW_EV_STREAM_DATA };
        ev.u.stream_data.stream = 1;
        ev.u.stream_data.data = (struct sw_bytes){ data + at, size - at < cut ? size - at : cut };
        open = step(f, &ev, &out);
        if (open && (data[0] & 0x40) != 0) {
            ev = (struct sw_event){ .kind = SW_EV_STREAM_WRITABLE, .u.stream_writable = 1 };
            open = step(f, &ev, &out);
        }
        if (open && (data[0] & 0x80) != 0) {
            static const uint8_t message[12] = { 0, 0, 0x80 };
            ev = (struct sw_event){ .kind = SW_EV_ANSWER };
            ev.u.answer.client = client;
            ev.u.answer.message = (struct sw_bytes){ message, sizeof message };
            open = step(f, &ev, &out);
        }
    }
    sw_front_free(f);
    sw_actions_fini(&out);
    return 0;
}
