/* SPDX-License-Identifier: GPL-3.0-or-later
 * Two nodes that forward, while upstreams and the other node say anything, at any time: whoever
 * asked gets an answer that is whole and belongs to the question.
 *
 * The input is a list of records: one byte what, two bytes how long, and that many bytes. */
#include "node/core/dns/answer.h"
#include "node/core/node_state.h"
#include "tests/lib/cluster.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(cond) ((cond) ? (void)0 : abort())
#define TICKETS 200U

static const char *const names[] = { "a.test", "nx.test", "fail.test", "big.test",
                                     "b.test", "c.test",  "d.test",    "nx2.test" };

/* The upstream's bytes, made to fit the latest question where the first says so. */
static void upstream_says(struct cluster *c, struct sw_bytes said)
{
    const struct cluster_upstream *u = cluster_upstream(c, 0);
    uint8_t bytes[2048];
    if (u->asked == 0 || said.len < 2 || said.len > sizeof bytes - SW_DNS_UDP_MIN) {
        return;
    }
    struct sw_question q;
    struct sw_event ev = { .kind = SW_EV_UPSTREAM, .u.upstream.id = u->id };
    must(sw_question_parse((struct sw_bytes){ u->query, u->len }, &q) == 0);
    size_t len = said.len - 1;
    if (said.data[0] % 2 == 0 && len >= SW_DNS_HEADER) { /* header as said, question as asked */
        memcpy(bytes, said.data + 1, SW_DNS_HEADER);
        memcpy(bytes, u->query, 2);
        bytes[2] |= SW_DNS_QR;
        bytes[4] = 0;
        bytes[5] = 1;
        memcpy(bytes + SW_DNS_HEADER, u->query + SW_DNS_HEADER, q.end - SW_DNS_HEADER);
        memcpy(bytes + q.end, said.data + 1 + SW_DNS_HEADER, len - SW_DNS_HEADER);
        len += q.end - SW_DNS_HEADER;
    } else {
        memcpy(bytes, said.data + 1, len);
    }
    ev.u.upstream.message = (struct sw_bytes){ bytes, len };
    (void)cluster_event(c, u->node, &ev);
}

static void act(struct cluster *c, uint8_t what, struct sw_bytes rest, uint32_t *tickets)
{
    const uint8_t first = rest.len > 0 ? rest.data[0] : 0;
    switch (what % 6) {
    case 0:
        if (*tickets < TICKETS) {
            (void)cluster_ask(c, first % 2, names[first / 2 % SW_LEN(names)], SW_TYPE_A);
            ++*tickets;
        }
        break;
    case 1:
        cluster_run(c, first * 10 * SW_MS);
        break;
    case 2:
        cluster_run(c, first % 32 * 4 * SW_SEC);
        break;
    case 3:
        upstream_says(c, rest);
        break;
    case 4:
        cluster_upstream(c, first % 2)->silent = first % 4 < 2;
        break;
    case 5:
        (void)cluster_inject(c, 1, 0, SW_CLASS_CONTROL, rest);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cluster *c = cluster_new(1);
    uint32_t tickets = 0;
    (void)cluster_add(c, "a", "eu");
    (void)cluster_add(c, "b", "eu");
    cluster_upstreams(c, 2);
    cluster_start(c);
    cluster_run(c, 2 * SW_SEC);
    for (size_t at = 0; at + 3 <= size && cluster_now(c) < 100000 * SW_SEC;) {
        const size_t len = (size_t)data[at + 1] << 8 | data[at + 2];
        const size_t left = size - at - 3;
        const struct sw_bytes rest = { data + at + 3, len < left ? len : left };
        act(c, data[at], rest, &tickets);
        at += 3 + rest.len;
    }
    cluster_run(c, 3 * SW_SEC);
    for (uint32_t i = 0; i < tickets; i++) {
        must(cluster_rcode(c, i) >= 0 && sw_message_check(cluster_answer(c, i), NULL));
    }
    for (uint32_t i = 0; i < 2; i++) {
        must(cluster_node(c, i)->lookups.slots.taken == 0 &&
             cluster_node(c, i)->lookups.askers.taken == 0 &&
             sw_sieve_is_sound(&cluster_node(c, i)->cache.store));
    }
    cluster_free(c);
    return 0;
}
