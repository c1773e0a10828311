/* SPDX-License-Identifier: GPL-3.0-or-later
 * swarmctl members: who is in the swarm, as one node sees it. */
#define _GNU_SOURCE
#include "node/core/proto/swarm.pb-c.h"
#include "node/ctl/client.h"
#include "node/ctl/json.h"

#include <stdlib.h>
#include <string.h>

/* What @m says of itself; NULL when no record of it has come.  The node asked has checked it. */
static Swarm__V1__Record *record_of(const Swarm__V1__MemberStatus *m)
{
    return m->record != NULL
               ? swarm__v1__record__unpack(NULL, m->record->record.len, m->record->record.data)
               : NULL;
}

/* "alive", or "suspect by a, b". */
static void say_state(const Swarm__V1__MemberStatus *m, char *out, size_t cap)
{
    int used = snprintf(out, cap, "%s", m->state);
    for (size_t i = 0; i < m->n_from && used > 0 && (size_t)used < cap; i++) {
        used +=
            snprintf(out + used, cap - (size_t)used, "%s%s", i == 0 ? " by " : ", ", m->from[i]);
    }
}

static void print_members(const Swarm__V1__MembersReply *r)
{
    (void)printf("%-20s %-14s %-24s %10s %-5s %5s %10s %6s  %s\n", "member", "region", "state",
                 "since", "link", "cores", "free", "zones", "address");
    for (size_t i = 0; i < r->n_members; i++) {
        const Swarm__V1__MemberStatus *m = r->members[i];
        Swarm__V1__Record *record = record_of(m);
        char state[160];
        char since[32] = "-";
        char size[32] = "-";
        say_state(m, state, sizeof state);
        if (i > 0) {
            ctl_span((double)m->since, since);
        }
        if (record != NULL && record->free > 0) {
            ctl_size(record->free, size);
        }
        (void)printf("%-20s %-14s %-24s %10s %-5s %5u %10s %6zu  %s\n", m->name,
                     record != NULL ? record->region : "-", state, since,
                     i == 0 ? "self" : (m->connected ? "up" : "-"),
                     record != NULL ? record->cores : 0, size, record != NULL ? record->n_zones : 0,
                     record != NULL ? record->address : "-");
        swarm__v1__record__free_unpacked(record, NULL);
    }
    if (r->health > 0) {
        (void)printf("\nThis node finds itself slow: it waits %u times as long for others.\n",
                     r->health + 1);
    }
}

/* A zone's name as text; bytes beyond letters, digits and the like as \DDD (RFC 1035, 5.1). */
static void zone_text(const ProtobufCBinaryData *wire, char out[1100])
{
    size_t n = 0;
    for (size_t at = 0; at < wire->len && wire->data[at] != 0; at += 1U + wire->data[at]) {
        for (size_t k = 1; k <= wire->data[at] && at + k < wire->len && n < 1090; k++) {
            const uint8_t c = wire->data[at + k];
            const bool plain = c > ' ' && c <= '~' && strchr("\".;\\()@$", c) == NULL;
            n += (size_t)snprintf(out + n, 1100 - n, plain ? "%c" : "\\%03u", c);
        }
        out[n++] = '.';
    }
    if (n == 0) {
        out[n++] = '.';
    }
    out[n > 1 ? n - 1 : n] = '\0';
}

static void record_json(struct ctl_json *j, const Swarm__V1__Record *r)
{
    ctl_json_number(j, "incarnation", r->incarnation);
    ctl_json_number(j, "version", r->version);
    ctl_json_text(j, "region", r->region);
    ctl_json_text(j, "site", r->site);
    ctl_json_text(j, "address", r->address);
    ctl_json_bool(j, "stores", r->stores != 0);
    ctl_json_number(j, "cores", r->cores);
    ctl_json_number(j, "memory", r->memory);
    ctl_json_number(j, "disk", r->disk);
    ctl_json_number(j, "free", r->free);
    ctl_json_number(j, "bandwidth_in", r->bandwidth_in);
    ctl_json_number(j, "bandwidth_out", r->bandwidth_out);
    ctl_json_real(j, "price_out", r->price_out);
    ctl_json_real(j, "price_stored", r->price_stored);
    ctl_json_hex(j, "key", (struct sw_bytes){ r->key.data, r->key.len });
    ctl_json_hex(j, "core_digest", (struct sw_bytes){ r->core_digest.data, r->core_digest.len });
    ctl_json_hex(j, "certificate", (struct sw_bytes){ r->certificate.data, r->certificate.len });
    ctl_json_open(j, "zones", '[');
    for (size_t i = 0; i < r->n_zones; i++) {
        char name[1100];
        zone_text(&r->zones[i]->name, name);
        ctl_json_open(j, NULL, '{');
        ctl_json_text(j, "name", name);
        ctl_json_number(j, "serial", r->zones[i]->serial);
        ctl_json_number(j, "epoch", r->zones[i]->epoch);
        ctl_json_bool(j, "primary", r->zones[i]->primary != 0);
        ctl_json_close(j, '}');
    }
    ctl_json_close(j, ']');
}

static void print_members_json(const Swarm__V1__MembersReply *r)
{
    struct ctl_json j = { .to = stdout };
    ctl_json_open(&j, NULL, '{');
    ctl_json_number(&j, "health", r->health);
    ctl_json_open(&j, "members", '[');
    for (size_t i = 0; i < r->n_members; i++) {
        const Swarm__V1__MemberStatus *m = r->members[i];
        Swarm__V1__Record *record = record_of(m);
        ctl_json_open(&j, NULL, '{');
        ctl_json_text(&j, "name", m->name);
        ctl_json_text(&j, "state", m->state);
        ctl_json_number(&j, "since", m->since);
        ctl_json_bool(&j, "connected", m->connected != 0);
        ctl_json_open(&j, "suspected_by", '[');
        for (size_t k = 0; k < m->n_from; k++) {
            ctl_json_text(&j, NULL, m->from[k]);
        }
        ctl_json_close(&j, ']');
        if (record != NULL) {
            record_json(&j, record);
        }
        ctl_json_close(&j, '}');
        swarm__v1__record__free_unpacked(record, NULL);
    }
    ctl_json_close(&j, ']');
    ctl_json_close(&j, '}');
    (void)putchar('\n');
}

int ctl_members(int argc, char **argv)
{
    struct ctl_target t = { .timeout = "10s" };
    const struct ctl_option options[] = { CTL_TARGET_OPTIONS(t) };
    const struct ctl_usage u = { "members", "Shows who is in the swarm, as one node sees it.",
                                 options, SW_LEN(options) };
    const int parsed = ctl_parse(&u, argc, argv);
    if (parsed >= 0) {
        return parsed;
    }
    struct sw_diag d = { "" };
    const Swarm__V1__MembersRequest request = SWARM__V1__MEMBERS_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;
    const int err =
        ctl_ask(&t, "Members", &request.base, &swarm__v1__members_reply__descriptor, &reply, &d);
    if (err != 0) {
        return ctl_fail(err, &d);
    }
    const Swarm__V1__MembersReply *members = (Swarm__V1__MembersReply *)(void *)reply;
    if (t.json) {
        print_members_json(members);
    } else {
        print_members(members);
    }
    protobuf_c_message_free_unpacked(reply, NULL);
    return CTL_DONE;
}
