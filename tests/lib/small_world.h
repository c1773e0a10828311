/* SPDX-License-Identifier: GPL-3.0-or-later
 * Small scenarios for tests, made in C: a few regions, nodes of one shape, one zone, one group of
 * clients a region. */
#ifndef SW_TESTS_LIB_SMALL_WORLD_H
#define SW_TESTS_LIB_SMALL_WORLD_H

#include "sim/scenario/keys.h"
#include "sim/world/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALL_REGIONS ((size_t)3)

/* Scenarios own their strings, tests lend them constant ones. */
static inline char *small_text(const char *s)
{
    char *text;
    memcpy(&text, &s, sizeof text);
    return text;
}

static const char small_zone_text[] = "$ORIGIN example.org.\n"
                                      "$TTL 300\n"
                                      "@ SOA ns1 hostmaster 1 7200 900 1209600 60\n"
                                      "@ NS ns1\n"
                                      "@ NS ns2\n"
                                      "@ A 192.0.2.1\n"
                                      "@ MX 10 mail\n"
                                      "@ TXT \"v=spf1 -all\"\n"
                                      "ns1 A 192.0.2.2\n"
                                      "ns2 A 192.0.2.3\n"
                                      "mail A 192.0.2.4\n"
                                      "mail AAAA 2001:db8::4\n"
                                      "www 60 A 192.0.2.5\n"
                                      "www 60 A 192.0.2.6\n"
                                      "www 60 AAAA 2001:db8::5\n"
                                      "alias CNAME www\n"
                                      "far CNAME alias\n"
                                      "a.b.c A 192.0.2.7\n"
                                      "*.wild A 192.0.2.8\n"
                                      "*.wild TXT \"anything\"\n"
                                      "sub NS ns.sub\n"
                                      "ns.sub A 192.0.2.9\n";

/* What a test may choose; the rest is small and usual. */
struct small_world {
    unsigned nodes_a_region; /* 1..3 */
    unsigned holders;        /* nodes, the first so many, hold the zone */
    bool forward;            /* clients ask the nodes that don't hold it */
    double rate;             /* queries/s of a region */
    sw_dur duration;
    const char *policy;
    double nonexistent;
    sw_dur service;
    double loss;
};

struct small_scenario {
    struct sim_scenario s;
    struct sim_region regions[SMALL_REGIONS];
    struct sim_node nodes[3 * SMALL_REGIONS];
    struct sw_peer_config peers[3 * SMALL_REGIONS][3 * SMALL_REGIONS];
    struct sw_zone_config zone_config, primary_config;
    struct sim_zone zone;
    struct sim_clients clients[SMALL_REGIONS];
    struct sw_name servers[SMALL_REGIONS][3 * SMALL_REGIONS];
    struct sim_fault faults[8];
    struct sim_param params[8][3];
    struct sim_operation operations[8];
    struct sw_set_config sets[3 * SMALL_REGIONS];
    struct sim_files files[3 * SMALL_REGIONS];
    char names[4][32];
};

static inline void small_nodes(struct small_scenario *x, const struct small_world *o)
{
    const unsigned n = (unsigned)SMALL_REGIONS * o->nodes_a_region;
    for (unsigned i = 0; i < n; i++) {
        struct sim_node *node = &x->nodes[i];
        struct sw_config *c = &node->config;
        (void)snprintf(c->name.s, sizeof c->name.s, "n%u", i);
        c->region = x->regions[i % SMALL_REGIONS].name;
        c->cores = 1;
        c->policy = x->names[2];
        c->query_deadline = 1900 * SW_MS;
        c->query_attempts = 3;
        c->retry_budget = 0.2;
        c->relay = true;
        c->max_waiting = 8192;
        c->udp_size = 1232;
        c->address = c->name.s;
        c->membership = (struct sw_membership_config){ .period = SW_SEC,
                                                       .timeout = 500 * SW_MS,
                                                       .open = true,
                                                       .connections = 64,
                                                       .lifeguard = true };
        c->copies = 3;
        c->store = x->names[3];
        sim_identity_seed(c->name.s, c->identity);
        if (i < o->holders) {
            c->zones = i == 0 ? &x->primary_config : &x->zone_config;
            c->n_zones = 1;
        }
        node->processor = (struct sim_processor){
            .cores = 1, .distribution = SIM_EXPONENTIAL, .service = o->service, .queue = 1000
        };
        node->disk = (struct sim_disk){ .latency = 100 * SW_US,
                                        .bandwidth = UINT64_C(200000000),
                                        .fsync = 2 * SW_MS,
                                        .capacity = SW_GIB };
    }
    for (unsigned i = 0; i < n; i++) {
        for (unsigned j = 0; j < n; j++) {
            if (j == i) {
                continue;
            }
            struct sw_peer_config *p = &x->peers[i][x->nodes[i].config.n_peers++];
            p->name = x->nodes[j].config.name;
            p->region = x->nodes[j].config.region;
            p->address = x->nodes[j].config.name.s;
        }
        x->nodes[i].config.peers = x->peers[i];
    }
}

static inline void small_clients(struct small_scenario *x, const struct small_world *o)
{
    const unsigned n = (unsigned)SMALL_REGIONS * o->nodes_a_region;
    for (unsigned r = 0; r < SMALL_REGIONS; r++) {
        struct sim_clients *c = &x->clients[r];
        *c = (struct sim_clients){ .region = x->regions[r].name,
                                   .count = 1000,
                                   .rate = o->rate / 1000,
                                   .servers = x->servers[r],
                                   .rotation = SIM_IN_ORDER,
                                   .timeout = 5 * SW_SEC,
                                   .attempts = 2,
                                   .zone = x->zone.name,
                                   .zipf = 0.9,
                                   .nonexistent = o->nonexistent };
        /* its own region's first, then the others' */
        for (unsigned k = 0; k < SMALL_REGIONS; k++) {
            for (unsigned i = 0; i < n; i++) {
                if (i % SMALL_REGIONS == (r + k) % SMALL_REGIONS &&
                    (!o->forward || i >= o->holders)) {
                    x->servers[r][c->n_servers++] = x->nodes[i].config.name;
                }
            }
        }
    }
}

/* Free with free(). */
static inline struct small_scenario *small_scenario(const struct small_world *o)
{
    static const struct {
        const char *name;
        double latitude, longitude;
    } places[SMALL_REGIONS] = { { "frankfurt", 50.1, 8.7 },
                                { "dublin", 53.3, -6.3 },
                                { "stockholm", 59.3, 18.1 } };
    struct small_scenario *x = calloc(1, sizeof *x);
    if (x == NULL) {
        abort();
    }
    for (unsigned r = 0; r < SMALL_REGIONS; r++) {
        (void)snprintf(x->regions[r].name.s, sizeof x->regions[r].name.s, "%s", places[r].name);
        x->regions[r].latitude = places[r].latitude;
        x->regions[r].longitude = places[r].longitude;
    }
    (void)snprintf(x->names[0], sizeof x->names[0], "example.org");
    (void)snprintf(x->names[1], sizeof x->names[1], "zones/example.org.zone");
    (void)snprintf(x->names[2], sizeof x->names[2], "%s",
                   o->policy != NULL ? o->policy : "lowest_rtt");
    (void)snprintf(x->names[3], sizeof x->names[3], "store");
    x->zone = (struct sim_zone){ .name = x->names[0],
                                 .file = x->names[1],
                                 .text = small_text(small_zone_text),
                                 .len = sizeof small_zone_text - 1 };
    x->zone_config = (struct sw_zone_config){ .name = x->names[0], .file = x->names[1] };
    x->primary_config = x->zone_config;
    x->primary_config.primary = true;
    small_nodes(x, o);
    small_clients(x, o);
    x->s = (struct sim_scenario){
        .name = x->names[0],
        .seed = 1,
        .replications = 1,
        .duration = o->duration,
        .interval = SW_SEC,
        .regions = x->regions,
        .n_regions = SMALL_REGIONS,
        .stretch = 1.6,
        .wide = { .latency = SW_MS,
                  .jitter = 500 * SW_US,
                  .loss = o->loss,
                  .bandwidth = UINT64_C(1000000000),
                  .downlink = UINT64_C(1000000000),
                  .queue = 256 * SW_KIB },
        .local = { .latency = 200 * SW_US,
                   .jitter = 50 * SW_US,
                   .bandwidth = UINT64_C(1000000000),
                   .downlink = UINT64_C(1000000000),
                   .queue = 256 * SW_KIB },
        .zones = &x->zone,
        .n_zones = 1,
        .nodes = x->nodes,
        .n_nodes = SMALL_REGIONS * o->nodes_a_region,
        .clients = x->clients,
        .n_clients = SMALL_REGIONS,
        .faults = x->faults,
        .operations = x->operations,
    };
    return x;
}

/* A fault with up to three parameters "key", "value", ..., NULL. */
static inline void small_fault(struct small_scenario *x, const char *kind, sw_time at,
                               sw_dur length, const char *const params[])
{
    struct sim_fault *f = &x->faults[x->s.n_faults];
    struct sim_param *p = x->params[x->s.n_faults++];
    *f = (struct sim_fault){
        .kind = small_text(kind), .at = at, .length = length, .params = p, .line = 1
    };
    for (size_t i = 0; params[2 * i] != NULL; i++) {
        p[i] = (struct sim_param){ .key = small_text(params[2 * i]),
                                   .value = small_text(params[2 * i + 1]),
                                   .key_line = 2,
                                   .key_column = 3,
                                   .line = 2,
                                   .column = 3 };
        f->n_params++;
    }
}

/* What clients saw, of the queries first sent from @from on and before @until. */
struct small_counts {
    sw_time from, until;
    uint64_t answered, failed;
    uint64_t dark;          /* of a dark region, counted nowhere else */
    uint64_t transmissions; /* of all three */
    sw_dur slowest;         /* answered */
    uint64_t by_server[3 * SMALL_REGIONS];
    uint64_t arrivals; /* digest of who asked what when, in whatever order it ended */
};

static inline int small_start(struct sim_world *w, void **self)
{
    (void)w;
    *self = calloc(1, sizeof(struct small_counts));
    return *self == NULL ? SW_ERR_NOMEM : 0;
}

static inline void small_on_query(void *self, struct sim_world *w, const struct sim_query_done *q)
{
    struct small_counts *c = self;
    (void)w;
    if (q->sent_at < c->from || q->sent_at >= c->until) {
        return;
    }
    uint64_t h = q->sent_at * UINT64_C(0x9e3779b97f4a7c15) + UINT64_C(31) * q->group + q->type;
    for (const uint8_t *p = q->question; *p != 0; p++) {
        h = (h ^ *p) * UINT64_C(0x100000001b3);
    }
    c->arrivals += h;
    c->transmissions += q->transmissions;
    if (q->client_dark) {
        c->dark++;
    } else if (!q->answered) {
        c->failed++;
    } else {
        c->answered++;
        c->by_server[q->server]++;
        c->slowest = q->done_at - q->sent_at > c->slowest ? q->done_at - q->sent_at : c->slowest;
    }
}

static const struct sim_watcher small_counter = {
    .name = "small_counter", .start = small_start, .on_query = small_on_query, .stop = free
};

/* Count what clients of @w see; lives as long as the world. */
static inline struct small_counts *small_watch(struct sim_world *w, sw_time from, sw_time until)
{
    void *self = NULL;
    if (sim_world_watch(w, &small_counter, &self) != 0) {
        abort();
    }
    struct small_counts *c = self;
    c->from = from;
    c->until = until;
    return c;
}

/* A world of @x, or the end of the test program with the reason. */
static inline struct sim_world *small_start_world(const struct small_scenario *x, uint64_t seed)
{
    struct sim_world *w = NULL;
    struct sw_diag d = { "" };
    if (sim_world_new(&x->s, seed, &w, &d) != 0) {
        (void)fprintf(stderr, "small world: %s\n", d.text);
        abort();
    }
    return w;
}

/* ---- protected sets ---- */

/* Node @node protects "etc": @count files of about @size bytes in "data". */
static inline void small_set_of(struct small_scenario *x, unsigned node, uint64_t count,
                                uint64_t size, sw_dur every)
{
    uint8_t secret[32];
    struct sim_node *n = &x->nodes[node];
    x->files[node] = (struct sim_files){
        .path = small_text("data"), .count = count, .size = size, .compressible = 0.5
    };
    n->files = &x->files[node];
    n->n_files = 1;
    x->sets[node] =
        (struct sw_set_config){ .name = { "etc" }, .path = small_text("data"), .every = every };
    sim_recipient_pair(n->config.name.s, "etc", x->sets[node].recipient, secret);
    n->config.sets = &x->sets[node];
    n->config.n_sets = 1;
}

static inline void small_set(struct small_scenario *x, uint64_t count, uint64_t size, sw_dur every)
{
    small_set_of(x, 0, count, size, every);
}

/* Operation on that set; @from is "" for a snapshot. */
static inline void small_operation(struct small_scenario *x, sw_time at, const char *kind,
                                   const char *node, const char *from, const char *target)
{
    struct sim_operation *o = &x->operations[x->s.n_operations++];
    *o = (struct sim_operation){ .at = at,
                                 .kind = small_text(kind),
                                 .set = { "etc" },
                                 .target = small_text(target),
                                 .line = 9 };
    (void)snprintf(o->node.s, sizeof o->node.s, "%s", node);
    (void)snprintf(o->from.s, sizeof o->from.s, "%s", from);
}

/* Operation on the zone. */
static inline void small_zone_operation(struct small_scenario *x, sw_time at, const char *kind,
                                        const char *node)
{
    struct sim_operation *o = &x->operations[x->s.n_operations++];
    *o = (struct sim_operation){
        .at = at, .kind = small_text(kind), .zone = x->names[0], .records = 3, .line = 9
    };
    (void)snprintf(o->node.s, sizeof o->node.s, "%s", node);
}

/* What came back, the latest last, and what nodes said of snapshots. */
struct small_outcome {
    unsigned n;
    struct sim_restore_done last;
    char reason[128], differs[128];
    unsigned begun, safe, failed, kept;
    sw_time safe_at;
};

static inline int small_outcome_start(struct sim_world *w, void **self)
{
    (void)w;
    *self = calloc(1, sizeof(struct small_outcome));
    return *self == NULL ? SW_ERR_NOMEM : 0;
}

static inline void small_on_restore(void *self, struct sim_world *w,
                                    const struct sim_restore_done *r)
{
    struct small_outcome *o = self;
    (void)w;
    o->n++;
    o->last = *r;
    (void)snprintf(o->reason, sizeof o->reason, "%s", r->reason);
    (void)snprintf(o->differs, sizeof o->differs, "%s", r->differs != NULL ? r->differs : "");
}

static inline void small_on_trace(void *self, struct sim_world *w, uint32_t node,
                                  const struct sw_trace *t)
{
    struct small_outcome *o = self;
    (void)node;
    o->begun += t->kind == SW_TRACE_SNAPSHOT_BEGUN;
    o->failed += t->kind == SW_TRACE_SNAPSHOT_FAILED;
    o->kept += t->kind == SW_TRACE_OBJECT_KEPT;
    if (t->kind == SW_TRACE_SNAPSHOT_SAFE) {
        o->safe++;
        o->safe_at = sim_world_now(w);
    }
}

static const struct sim_watcher small_outcome_watcher = { .name = "small_outcome",
                                                          .start = small_outcome_start,
                                                          .on_restore = small_on_restore,
                                                          .on_trace = small_on_trace,
                                                          .stop = free };

/* Run @x to its end with @hooks (may be NULL); @r gets the result. */
static inline struct small_outcome small_run(const struct small_scenario *x, uint64_t seed,
                                             const struct sim_hooks *hooks, struct sim_result *r)
{
    struct sim_world *w = small_start_world(x, seed);
    void *self = NULL;
    if (hooks != NULL) {
        sim_world_hook(w, hooks);
    }
    if (sim_world_watch(w, &small_outcome_watcher, &self) != 0 ||
        sim_world_run(w, SW_TIME_NEVER, r) != 0) {
        abort();
    }
    const struct small_outcome o = *(struct small_outcome *)self;
    sim_world_free(w);
    return o;
}

#endif
