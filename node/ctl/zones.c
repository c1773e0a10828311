/* SPDX-License-Identifier: GPL-3.0-or-later
 * swarmctl zones, zones reload, promote: the zones that a node holds, and who edits them. */
#define _GNU_SOURCE
#include "node/core/proto/swarm.pb-c.h"
#include "node/ctl/client.h"
#include "node/ctl/json.h"

#include <string.h>

#define SHORT 8U /* bytes of a digest that people see */

static void short_digest(const ProtobufCBinaryData *d, char out[2 * SHORT + 1])
{
    out[0] = '\0';
    ctl_hex(d->data, d->len < SHORT ? d->len : SHORT, out);
}

/* ---- zones ---- */

static void print_zone(const Swarm__V1__ZoneStatus *z)
{
    char digest[2 * SHORT + 1];
    short_digest(&z->digest, digest);
    (void)printf("%-32s %-8s %6llu %10u  %-16s  %s%s%s\n", z->name,
                 z->primary ? "primary" : "backup", (unsigned long long)z->epoch, z->serial,
                 digest[0] != '\0' ? digest : "-", z->state,
                 z->fetching_from[0] != '\0' ? " from " : "", z->fetching_from);
    for (size_t i = 0; i < z->n_holders; i++) {
        const Swarm__V1__ZoneHolder *h = z->holders[i];
        short_digest(&h->digest, digest);
        (void)printf("  %-30s %-8s %6llu %10u  %-16s  %s\n", h->node,
                     h->primary ? "primary" : "backup", (unsigned long long)h->epoch, h->serial,
                     digest, h->alive ? "alive" : "gone");
    }
}

static void version_json(struct ctl_json *j, bool primary, uint64_t epoch, uint32_t serial,
                         const ProtobufCBinaryData *digest)
{
    ctl_json_bool(j, "primary", primary);
    ctl_json_number(j, "epoch", epoch);
    ctl_json_number(j, "serial", serial);
    ctl_json_hex(j, "digest", (struct sw_bytes){ digest->data, digest->len });
}

static void zone_json(struct ctl_json *j, const char *key, const Swarm__V1__ZoneStatus *z)
{
    ctl_json_open(j, key, '{');
    ctl_json_text(j, "name", z->name);
    version_json(j, z->primary != 0, z->epoch, z->serial, &z->digest);
    ctl_json_text(j, "state", z->state);
    ctl_json_text(j, "fetching_from", z->fetching_from);
    ctl_json_open(j, "holders", '[');
    for (size_t i = 0; i < z->n_holders; i++) {
        const Swarm__V1__ZoneHolder *h = z->holders[i];
        ctl_json_open(j, NULL, '{');
        ctl_json_text(j, "node", h->node);
        version_json(j, h->primary != 0, h->epoch, h->serial, &h->digest);
        ctl_json_bool(j, "alive", h->alive != 0);
        ctl_json_close(j, '}');
    }
    ctl_json_close(j, ']');
    ctl_json_close(j, '}');
}

static void print_zones(const Swarm__V1__ZonesReply *r, bool json)
{
    struct ctl_json j = { .to = stdout };
    if (!json) {
        (void)printf("%-32s %-8s %6s %10s  %-16s  %s\n", "zone, and other holders", "role", "epoch",
                     "serial", "digest", "state");
    } else {
        ctl_json_open(&j, NULL, '{');
        ctl_json_open(&j, "zones", '[');
    }
    for (size_t i = 0; i < r->n_zones; i++) {
        if (json) {
            zone_json(&j, NULL, r->zones[i]);
        } else {
            print_zone(r->zones[i]);
        }
    }
    if (!json && r->n_zones == 0) {
        (void)puts("this node holds none; `swarmctl members` counts who does");
    }
    if (json) {
        ctl_json_close(&j, ']');
        ctl_json_close(&j, '}');
        (void)putchar('\n');
    }
}

int ctl_zones(int argc, char **argv)
{
    struct ctl_target t = { .timeout = "10s" };
    const struct ctl_option options[] = { CTL_TARGET_OPTIONS(t) };
    const struct ctl_usage u = { "zones",
                                 "Shows the zones that a node holds, in which version, and what "
                                 "other holders say that they have.",
                                 options, SW_LEN(options) };
    const int parsed = ctl_parse(&u, argc, argv);
    if (parsed >= 0) {
        return parsed;
    }
    struct sw_diag d = { "" };
    const Swarm__V1__ZonesRequest request = SWARM__V1__ZONES_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;
    const int err =
        ctl_ask(&t, "Zones", &request.base, &swarm__v1__zones_reply__descriptor, &reply, &d);
    if (err != 0) {
        return ctl_fail(err, &d);
    }
    print_zones((const Swarm__V1__ZonesReply *)(void *)reply, t.json);
    protobuf_c_message_free_unpacked(reply, NULL);
    return CTL_DONE;
}

/* ---- zones reload, promote ---- */

/* Both are answered with the zone as it is then. */
static int change(const struct ctl_target *t, const char *method, const ProtobufCMessage *request,
                  const char *done)
{
    struct sw_diag d = { "" };
    ProtobufCMessage *reply = NULL;
    const int err = ctl_ask(t, method, request, &swarm__v1__reload_reply__descriptor, &reply, &d);
    if (err != 0) {
        return ctl_fail(err, &d);
    }
    const Swarm__V1__ReloadReply *r = (const Swarm__V1__ReloadReply *)(void *)reply;
    if (r->zone != NULL && t->json) {
        struct ctl_json j = { .to = stdout };
        zone_json(&j, NULL, r->zone);
        (void)putchar('\n');
    } else if (r->zone != NULL) {
        (void)printf("%s %s: serial %u of epoch %llu\n", r->zone->name, done, r->zone->serial,
                     (unsigned long long)r->zone->epoch);
    }
    protobuf_c_message_free_unpacked(reply, NULL);
    return CTL_DONE;
}

int ctl_zones_reload(int argc, char **argv)
{
    struct ctl_target t = { .timeout = "60s" };
    const char *zone = NULL;
    const struct ctl_option options[] = {
        { NULL, "ZONE", "whose master file is read again", &zone, NULL, true },
        CTL_TARGET_OPTIONS(t),
    };
    const struct ctl_usage u = { "zones reload",
                                 "Has the primary of a zone read its master file again.  Refused "
                                 "when the serial does not go up.",
                                 options, SW_LEN(options) };
    const int parsed = ctl_parse(&u, argc, argv);
    if (parsed >= 0) {
        return parsed;
    }
    Swarm__V1__ReloadRequest request = SWARM__V1__RELOAD_REQUEST__INIT;
    request.zone = (char *)(uintptr_t)zone;
    return change(&t, "Reload", &request.base, "is served");
}

int ctl_promote(int argc, char **argv)
{
    struct ctl_target t = { .timeout = "60s" };
    const char *zone = NULL;
    bool force = false;
    const struct ctl_option options[] = {
        { NULL, "ZONE", "a zone that the node holds", &zone, NULL, true },
        { "force", NULL,
          "also when others hold something newer, or the node is the primary already", NULL, &force,
          false },
        CTL_TARGET_OPTIONS(t),
    };
    const struct ctl_usage u = {
        "promote",
        "Makes the node asked the primary of a zone: a new epoch begins, with a serial beyond any "
        "that the old primary could have issued.  Its master file gets what is served now, to go "
        "on editing; what was in it stays beside it, under the name FILE.before.  The old primary "
        "steps down when it hears of it.",
        options, SW_LEN(options)
    };
    const int parsed = ctl_parse(&u, argc, argv);
    if (parsed >= 0) {
        return parsed;
    }
    Swarm__V1__PromoteRequest request = SWARM__V1__PROMOTE_REQUEST__INIT;
    request.zone = (char *)(uintptr_t)zone;
    request.force = force;
    return change(&t, "Promote", &request.base, "is edited here from now on");
}
