/* SPDX-License-Identifier: GPL-3.0-or-later
 * A running hash over everything an action says. */
#include "tests/lib/action_digest.h"

#include "node/core/dns/name.h"
#include "node/core/view.h"

#include <string.h>

static void mix(uint64_t *h, const void *data, size_t len)
{
    const uint8_t *b = data;
    for (size_t i = 0; i < len; i++) {
        *h = (*h ^ b[i]) * UINT64_C(0x100000001b3);
    }
}

static void mix_number(uint64_t *h, uint64_t v)
{
    mix(h, &v, sizeof v);
}

static void mix_bytes(uint64_t *h, struct sw_bytes b)
{
    mix_number(h, b.len);
    mix(h, b.data, b.len);
}

static void mix_view(uint64_t *h, const struct sw_view *v)
{
    for (size_t i = 0; i < v->n_zones; i++) {
        mix_bytes(h, sw_zone_image(v->zones[i]));
    }
    for (size_t i = 0; i < v->n_elsewhere; i++) {
        mix(h, v->elsewhere[i], sw_dname_len(v->elsewhere[i]));
    }
}

void action_digest(uint64_t *h, const struct sw_action *a)
{
    mix_number(h, (uint64_t)a->kind);
    switch (a->kind) {
    case SW_ACT_SEND:
        mix_number(h, a->u.send.conn);
        mix_bytes(h, a->u.send.message);
        break;
    case SW_ACT_DIAL:
        mix(h, a->u.dial.peer.s, sizeof a->u.dial.peer.s);
        mix_number(h, (uint64_t)a->u.dial.class);
        break;
    case SW_ACT_HANG_UP:
        mix_number(h, a->u.hang_up);
        break;
    case SW_ACT_ASK:
        mix_number(h, a->u.ask.id);
        mix_bytes(h, a->u.ask.message);
        break;
    case SW_ACT_SUBMIT:
        mix_number(h, a->u.submit->id);
        mix_bytes(h, sw_blob_bytes(&a->u.submit->in));
        break;
    case SW_ACT_ANSWER:
        mix_number(h, a->u.answer.client.port);
        mix_bytes(h, a->u.answer.message);
        break;
    case SW_ACT_PUBLISH:
        mix_view(h, a->u.publish);
        break;
    case SW_ACT_COMMAND_REPLY:
        mix_bytes(h, a->u.command_reply.message);
        break;
    case SW_ACT_TRACE:
        mix_number(h, (uint64_t)a->u.trace.kind);
        mix(h, a->u.trace.peer.s, sizeof a->u.trace.peer.s);
        mix_number(h, a->u.trace.a);
        mix_number(h, a->u.trace.b);
        mix(h, a->u.trace.text, strlen(a->u.trace.text));
        break;
    default:
        break;
    }
}
