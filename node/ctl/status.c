/* SPDX-License-Identifier: GPL-3.0-or-later
 * swarmctl status, health, drain: one node asked. */
#define _GNU_SOURCE
#include "node/core/proto/swarm.pb-c.h"
#include "node/ctl/client.h"
#include "node/ctl/json.h"

#include <string.h>

static void print_peers(const Swarm__V1__StatusReply *s)
{
    (void)printf("\n%-20s %-14s %-11s %10s %10s %7s %10s\n", "peer", "region", "link", "cost",
                 "round trip", "trail", "sent");
    for (size_t i = 0; i < s->n_peers; i++) {
        const Swarm__V1__PeerStatus *p = s->peers[i];
        char cost[32];
        char srtt[32];
        char trail[32] = "-";
        ctl_span(p->cost, cost);
        ctl_span(p->srtt > 0 ? (double)p->srtt : -1, srtt);
        if (p->trail >= 0) {
            (void)snprintf(trail, sizeof trail, "%.3f", p->trail);
        }
        (void)printf("%-20s %-14s %-11s %10s %10s %7s %10llu\n", p->name, p->region,
                     p->suspected ? "suspected" : (p->connected ? "connected" : "down"), cost, srtt,
                     trail, (unsigned long long)p->sent);
    }
}

static void print_relays(const Swarm__V1__StatusReply *s)
{
    (void)printf("\n%-20s %-20s %-11s %10s %7s\n", "can't reach", "relay", "state", "cost",
                 "trail");
    for (size_t i = 0; i < s->n_relays; i++) {
        const Swarm__V1__RelayStatus *r = s->relays[i];
        char cost[32];
        char trail[32] = "-";
        ctl_span(r->cost, cost);
        if (r->trail >= 0) {
            (void)snprintf(trail, sizeof trail, "%.3f", r->trail);
        }
        (void)printf("%-20s %-20s %-11s %10s %7s\n", r->target, r->relay,
                     r->known ? "known" : "tried", cost, trail);
    }
}

static void print_cache(const Swarm__V1__CacheStatus *c)
{
    char size[32];
    const uint64_t asked = c->hits + c->misses + c->failures;
    ctl_size(c->bytes, size);
    (void)printf("%-10s %llu entries in %s, %.1f %% of %llu questions hit, %llu stale, %llu failed "
                 "lately, %llu prefetched, %llu evicted, %llu over their client's limit\n",
                 "cache", (unsigned long long)c->entries, size,
                 asked > 0 ? 100.0 * (double)c->hits / (double)asked : 0.0,
                 (unsigned long long)asked, (unsigned long long)c->stale,
                 (unsigned long long)c->failures, (unsigned long long)c->prefetches,
                 (unsigned long long)c->evicted, (unsigned long long)c->limited);
    (void)printf("%-10s %llu questions asked of them, %llu hit\n", "homes",
                 (unsigned long long)c->homes_asked, (unsigned long long)c->homes_hit);
    for (size_t i = 0; i < c->n_upstreams; i++) {
        const Swarm__V1__UpstreamStatus *u = c->upstreams[i];
        (void)printf("%-10s %s, %s, %llu asked, %llu answered\n", "upstream", u->address,
                     u->down ? "down" : "up", (unsigned long long)u->asked,
                     (unsigned long long)u->answered);
    }
}

static void print_cache_json(struct ctl_json *j, const Swarm__V1__CacheStatus *c)
{
    ctl_json_open(j, "cache", '{');
    ctl_json_number(j, "bytes", c->bytes);
    ctl_json_number(j, "entries", c->entries);
    ctl_json_number(j, "hits", c->hits);
    ctl_json_number(j, "misses", c->misses);
    ctl_json_number(j, "stale", c->stale);
    ctl_json_number(j, "failures", c->failures);
    ctl_json_number(j, "evicted", c->evicted);
    ctl_json_number(j, "prefetches", c->prefetches);
    ctl_json_number(j, "limited", c->limited);
    ctl_json_number(j, "homes_asked", c->homes_asked);
    ctl_json_number(j, "homes_hit", c->homes_hit);
    ctl_json_open(j, "upstreams", '[');
    for (size_t i = 0; i < c->n_upstreams; i++) {
        ctl_json_open(j, NULL, '{');
        ctl_json_text(j, "address", c->upstreams[i]->address);
        ctl_json_bool(j, "down", c->upstreams[i]->down != 0);
        ctl_json_number(j, "asked", c->upstreams[i]->asked);
        ctl_json_number(j, "answered", c->upstreams[i]->answered);
        ctl_json_close(j, '}');
    }
    ctl_json_close(j, ']');
    ctl_json_close(j, '}');
}

static void print_status(const Swarm__V1__StatusReply *s)
{
    char size[32];
    ctl_size(s->object_bytes, size);
    (void)printf("%-10s %s\n%-10s %s\n%-10s %s\n", "node", s->name, "region", s->region, "state",
                 s->state);
    (void)printf("%-10s %llu forwarded, %llu answered, %llu failed, %llu retried, %llu ants\n",
                 "queries", (unsigned long long)s->forwarded, (unsigned long long)s->answered,
                 (unsigned long long)s->failed, (unsigned long long)s->retried,
                 (unsigned long long)s->ants);
    (void)printf("%-10s %llu by relays, %llu handed on for others\n", "",
                 (unsigned long long)s->relayed, (unsigned long long)s->carried);
    (void)printf("%-10s %llu objects, %s\n", "store", (unsigned long long)s->objects, size);
    if (s->cache != NULL) {
        print_cache(s->cache);
    }
    if (s->core_digest[0] != '\0') {
        (void)printf("%-10s %.16s\n", "core", s->core_digest);
    }
    if (s->n_peers > 0) {
        print_peers(s);
    }
    if (s->n_relays > 0) {
        print_relays(s);
    }
    if (s->n_zones > 0) {
        (void)printf("\n%-40s %-10s %s\n", "zone", "serial", "role");
    }
    for (size_t i = 0; i < s->n_zones; i++) {
        (void)printf("%-40s %-10u %s\n", s->zones[i]->name, s->zones[i]->serial,
                     s->zones[i]->primary ? "primary" : "backup");
    }
}

static void print_status_json(const Swarm__V1__StatusReply *s)
{
    struct ctl_json j = { .to = stdout };
    ctl_json_open(&j, NULL, '{');
    ctl_json_text(&j, "name", s->name);
    ctl_json_text(&j, "region", s->region);
    ctl_json_text(&j, "state", s->state);
    ctl_json_open(&j, "peers", '[');
    for (size_t i = 0; i < s->n_peers; i++) {
        const Swarm__V1__PeerStatus *p = s->peers[i];
        ctl_json_open(&j, NULL, '{');
        ctl_json_text(&j, "name", p->name);
        ctl_json_text(&j, "region", p->region);
        ctl_json_bool(&j, "connected", p->connected != 0);
        ctl_json_bool(&j, "suspected", p->suspected != 0);
        ctl_json_real(&j, "cost", p->cost);
        ctl_json_real(&j, "trail", p->trail);
        ctl_json_number(&j, "srtt", p->srtt);
        ctl_json_number(&j, "sent", p->sent);
        ctl_json_close(&j, '}');
    }
    ctl_json_close(&j, ']');
    ctl_json_open(&j, "relays", '[');
    for (size_t i = 0; i < s->n_relays; i++) {
        const Swarm__V1__RelayStatus *r = s->relays[i];
        ctl_json_open(&j, NULL, '{');
        ctl_json_text(&j, "target", r->target);
        ctl_json_text(&j, "relay", r->relay);
        ctl_json_bool(&j, "known", r->known != 0);
        ctl_json_real(&j, "cost", r->cost);
        ctl_json_real(&j, "trail", r->trail);
        ctl_json_close(&j, '}');
    }
    ctl_json_close(&j, ']');
    ctl_json_open(&j, "zones", '[');
    for (size_t i = 0; i < s->n_zones; i++) {
        ctl_json_open(&j, NULL, '{');
        ctl_json_text(&j, "name", s->zones[i]->name);
        ctl_json_number(&j, "serial", s->zones[i]->serial);
        ctl_json_bool(&j, "primary", s->zones[i]->primary != 0);
        ctl_json_close(&j, '}');
    }
    ctl_json_close(&j, ']');
    ctl_json_number(&j, "forwarded", s->forwarded);
    ctl_json_number(&j, "answered", s->answered);
    ctl_json_number(&j, "failed", s->failed);
    ctl_json_number(&j, "retried", s->retried);
    ctl_json_number(&j, "ants", s->ants);
    ctl_json_number(&j, "relayed", s->relayed);
    ctl_json_number(&j, "carried", s->carried);
    ctl_json_number(&j, "objects", s->objects);
    ctl_json_number(&j, "object_bytes", s->object_bytes);
    ctl_json_text(&j, "core_digest", s->core_digest);
    if (s->cache != NULL) {
        print_cache_json(&j, s->cache);
    }
    ctl_json_close(&j, '}');
    (void)putchar('\n');
}

/* Ask for the status; the caller frees @out. */
static int ask_status(const struct ctl_target *t, Swarm__V1__StatusReply **out, struct sw_diag *d)
{
    const Swarm__V1__StatusRequest request = SWARM__V1__STATUS_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;
    const int err =
        ctl_ask(t, "Status", &request.base, &swarm__v1__status_reply__descriptor, &reply, d);
    *out = (Swarm__V1__StatusReply *)(void *)reply;
    return err;
}

int ctl_status(int argc, char **argv)
{
    struct ctl_target t = { .timeout = "10s" };
    const struct ctl_option options[] = { CTL_TARGET_OPTIONS(t) };
    const struct ctl_usage u = { "status", "Shows what a node knows of itself and of the others.",
                                 options, SW_LEN(options) };
    const int parsed = ctl_parse(&u, argc, argv);
    if (parsed >= 0) {
        return parsed;
    }
    struct sw_diag d = { "" };
    Swarm__V1__StatusReply *status = NULL;
    const int err = ask_status(&t, &status, &d);
    if (err != 0) {
        return ctl_fail(err, &d);
    }
    if (t.json) {
        print_status_json(status);
    } else {
        print_status(status);
    }
    swarm__v1__status_reply__free_unpacked(status, NULL);
    return CTL_DONE;
}

int ctl_health(int argc, char **argv)
{
    struct ctl_target t = { .timeout = "2s" };
    const struct ctl_option options[] = { CTL_TARGET_OPTIONS(t) };
    const struct ctl_usage u = {
        "health",
        "Says whether a node is ready.  Exit code 0: it is; 1: it answers and is not; 3: it does\n"
        "not answer.  Made for the checks of BIRD, ExaBGP and keepalived.",
        options, SW_LEN(options)
    };
    const int parsed = ctl_parse(&u, argc, argv);
    if (parsed >= 0) {
        return parsed;
    }
    struct sw_diag d = { "" };
    Swarm__V1__StatusReply *status = NULL;
    const int err = ask_status(&t, &status, &d);
    if (err != 0) {
        return ctl_fail(err, &d);
    }
    const bool ready = strcmp(status->state, "ready") == 0;
    if (t.json) {
        struct ctl_json j = { .to = stdout };
        ctl_json_open(&j, NULL, '{');
        ctl_json_text(&j, "name", status->name);
        ctl_json_bool(&j, "ready", ready);
        ctl_json_text(&j, "state", status->state);
        ctl_json_close(&j, '}');
        (void)putchar('\n');
    } else {
        (void)printf("%s: %s\n", status->name, status->state);
    }
    swarm__v1__status_reply__free_unpacked(status, NULL);
    return ready ? CTL_DONE : CTL_FAILED;
}

int ctl_drain(int argc, char **argv)
{
    struct ctl_target t = { .timeout = "30s" };
    const struct ctl_option options[] = { CTL_TARGET_OPTIONS(t) };
    const struct ctl_usage u = {
        "drain", "Lets a node finish what is in flight, say goodbye to the others, and end.",
        options, SW_LEN(options)
    };
    const int parsed = ctl_parse(&u, argc, argv);
    if (parsed >= 0) {
        return parsed;
    }
    struct sw_diag d = { "" };
    struct ctl_client *c = NULL;
    struct sw_blob reply = { 0 };
    const Swarm__V1__DrainRequest request = SWARM__V1__DRAIN_REQUEST__INIT;
    int err = ctl_connect(&t, false, &c, &d);
    err = err != 0 ? err
                   : ctl_call(c, "/swarm.v1.Control/Drain", &request.base, "draining", &reply, &d);
    if (err == 0) {
        (void)printf(t.json ? "{\"name\": \"%s\"}\n" : "%s drains\n", ctl_client_node(c));
    }
    ctl_disconnect(c);
    sw_blob_fini(&reply);
    return err == 0 ? CTL_DONE : ctl_fail(err, &d);
}
