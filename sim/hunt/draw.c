/* SPDX-License-Identifier: GPL-3.0-or-later
 * A world and its load, drawn from a seed within small bounds.  No call has two arguments that
 * draw: C leaves open which is evaluated first, and a seed must mean one world with every compiler.
 */
#include "sim/hunt/draw.h"

#include "algorithms/route/policy.h"
#include "node/base/rng.h"

#include <string.h>

#define MOST_REGIONS 4U
#define MOST_NODES 3U /* in a region */
#define MOST_POLICIES 64U

/* Wildcards, an alias of an alias, a delegation, an empty non-terminal, a name with many records:
 * one of each thing that an answer can trip over. */
const char sim_draw_zone[] = "$ORIGIN hunt.example.\n"
                             "$TTL 300\n"
                             "@ SOA ns1 hostmaster 1 7200 900 1209600 60\n"
                             "@ NS ns1\n"
                             "@ NS ns2\n"
                             "@ MX 10 mail\n"
                             "@ TXT \"one\" \"two\"\n"
                             "ns1 A 192.0.2.1\n"
                             "ns2 A 192.0.2.2\n"
                             "mail A 192.0.2.3\n"
                             "mail AAAA 2001:db8::3\n"
                             "www A 192.0.2.4\n"
                             "www A 192.0.2.5\n"
                             "www AAAA 2001:db8::4\n"
                             "alias CNAME www\n"
                             "far CNAME alias\n"
                             "out CNAME www.example.net.\n"
                             "deep.empty.below A 192.0.2.6\n"
                             "*.wild A 192.0.2.7\n"
                             "*.wild TXT \"anything\"\n"
                             "sub NS ns.sub\n"
                             "ns.sub A 192.0.2.8\n"
                             "_service._tcp SRV 0 5 443 www\n";

static const struct {
    const char *name;
    double latitude, longitude;
} places[] = { { "fra", 50.11, 8.68 },    { "nyc", 40.71, -74.01 },  { "sin", 1.35, 103.82 },
               { "syd", -33.87, 151.21 }, { "gru", -23.55, -46.63 }, { "dub", 53.35, -6.26 } };

struct drawing {
    FILE *to;
    struct sw_rng rng;
    unsigned regions[MOST_REGIONS]; /* indices of places */
    unsigned nodes[MOST_REGIONS];   /* how many each has */
    unsigned n_regions;
    double duration; /* s */
    struct sim_region drawn_regions[MOST_REGIONS];
    struct sim_node drawn_nodes[MOST_REGIONS * MOST_NODES]; /* names only: what faults refer to */
    const char *holders[MOST_REGIONS * MOST_NODES];         /* of the zone; the primary first */
    unsigned n_holders;
    unsigned n_nodes;
    unsigned owners[MOST_REGIONS * MOST_NODES]; /* nodes that protect files: the first, and some */
    unsigned n_owners;
    struct sim_scenario world; /* names only, of all these */
    struct sim_upstream upstreams[SIM_DRAW_UPSTREAMS];
};

static uint64_t below(struct drawing *d, uint64_t n)
{
    return sw_rng_below(&d->rng, n);
}

/* @low to @low + @n - 1, as printf wants it. */
static unsigned long long some(struct drawing *d, unsigned low, unsigned n)
{
    return low + below(d, n);
}

static double between(struct drawing *d, double low, double high)
{
    return low + (high - low) * sw_unit(sw_rng_next(&d->rng));
}

static const char *any_node(struct drawing *d)
{
    return d->drawn_nodes[below(d, d->n_nodes)].config.name.s;
}

static const char *any_region(struct drawing *d)
{
    return d->drawn_regions[below(d, d->n_regions)].name.s;
}

/* ---- quiet and strangers ---- */

#define CALM 120.0 /* s; more than oracles wait for, see theirs */

/* Half of the seeds end with a time in which nothing new goes wrong. */
static bool is_calm(uint64_t seed)
{
    return (sw_rng_at(sw_rng_key(seed, "hunt", "calm"), 0, 0) & 1) != 0;
}

/* In two of three seeds, nodes are told of one or two members and learn of the others from them;
 * the draw is of its own, so that what else is drawn does not depend on it.  The first node is
 * always among them. */
static void write_join(const struct drawing *d, uint64_t seed)
{
    const uint64_t bits = sw_rng_at(sw_rng_key(seed, "hunt", "join"), 0, 0);
    if (bits % 3 == 0) {
        return;
    }
    const uint64_t second = bits / 3 % d->n_nodes;
    (void)fprintf(d->to, "    join: [%s", d->drawn_nodes[0].config.name.s);
    if (second != 0) {
        (void)fprintf(d->to, ", %s", d->drawn_nodes[second].config.name.s);
    }
    (void)fputs("]\n", d->to);
}

/* In one of three seeds, nodes stay connected with a few others only, where there are more. */
static void write_connections(const struct drawing *d, uint64_t seed)
{
    if (sw_rng_at(sw_rng_key(seed, "hunt", "connections"), 0, 0) % 3 == 0) {
        (void)fputs("    membership: {connections: 4}\n", d->to);
    }
}

/* ---- places and machines ---- */

static void draw_places(struct drawing *d)
{
    bool taken[SW_LEN(places)] = { false };
    d->n_regions = 2 + (unsigned)below(d, MOST_REGIONS - 1);
    for (unsigned i = 0; i < d->n_regions; i++) {
        unsigned p = (unsigned)below(d, SW_LEN(places));
        while (taken[p]) {
            p = (p + 1) % SW_LEN(places);
        }
        taken[p] = true;
        d->regions[i] = p;
        d->nodes[i] = 1 + (unsigned)below(d, MOST_NODES);
        (void)snprintf(d->drawn_regions[i].name.s, sizeof d->drawn_regions[i].name.s, "%s",
                       places[p].name);
        for (unsigned k = 0; k < d->nodes[i]; k++) {
            struct sw_name *name = &d->drawn_nodes[d->n_nodes++].config.name;
            (void)snprintf(name->s, sizeof name->s, "%s-%u", places[p].name, k + 1);
        }
    }
}

static void write_places(struct drawing *d)
{
    (void)fputs("regions:\n", d->to);
    for (unsigned i = 0; i < d->n_regions; i++) {
        (void)fprintf(d->to, "  - {name: %s, latitude: %.2f, longitude: %.2f}\n",
                      places[d->regions[i]].name, places[d->regions[i]].latitude,
                      places[d->regions[i]].longitude);
    }
    const double loss = below(d, 3) == 0 ? between(d, 0, 3) : 0.01;
    const double jitter = between(d, 10, 5000);
    (void)fprintf(d->to, "network: {wide: {jitter: %.0fus, loss: %.3f%%}}\n", jitter, loss);
}

static void write_zone(struct drawing *d, const char *zone)
{
    const uint64_t primary = below(d, d->n_nodes);
    bool first = true;
    d->holders[d->n_holders++] = d->drawn_nodes[primary].config.name.s;
    (void)fprintf(d->to, "zones:\n  - {name: hunt.example, file: \"%s\", primary: %s, backups: [",
                  zone, d->drawn_nodes[primary].config.name.s);
    for (unsigned i = 0; i < d->n_nodes; i++) {
        if (i != primary && below(d, 3) == 0) {
            (void)fprintf(d->to, "%s%s", first ? "" : ", ", d->drawn_nodes[i].config.name.s);
            d->holders[d->n_holders++] = d->drawn_nodes[i].config.name.s;
            first = false;
        }
    }
    (void)fputs("]}\n", d->to);
}

/* A policy that a live node can have. */
static const char *draw_policy(struct drawing *d)
{
    const char *names[MOST_POLICIES];
    size_t n = 0;
    const struct sw_policy *p;
    for (size_t i = 0; n < MOST_POLICIES && (p = sw_policy_at(i)) != NULL; i++) {
        if (!p->reference) {
            names[n++] = p->name;
        }
    }
    return names[below(d, n)];
}

/* Files that a node protects. */
static void write_set(struct drawing *d)
{
    const unsigned long long every = some(d, 3, 18);
    const unsigned long long copies = some(d, 1, 3);
    const unsigned long long size = some(d, 1, 64);
    (void)fprintf(
        d->to,
        ", files: [{path: etc, count: %llu, size: %lluKiB}], backup: {copies: %llu, sets: "
        "[{name: etc, path: etc, every: %llus}]}",
        some(d, 1, 30), size, copies, every);
}

static void write_nodes(struct drawing *d, uint64_t seed)
{
    static const char *const distributions[] = { "constant", "exponential", "lognormal" };
    const char *policy = draw_policy(d);
    const unsigned long long queue = 1ULL << below(d, 13);
    const char *distribution = distributions[below(d, SW_LEN(distributions))];
    const double service = between(d, 20, 2000);
    (void)fprintf(d->to,
                  "defaults:\n  node:\n    processor: {cores: %llu, service: %.0fus, distribution: "
                  "%s, queue: %llu}\n    routing: {policy: %s}\n",
                  some(d, 1, 4), service, distribution, queue, policy);
    write_join(d, seed);
    write_connections(d, seed);
    sim_draw_forwarding(d->to, seed, &d->world);
    (void)fputs("nodes:\n", d->to);
    unsigned n = 0;
    for (unsigned i = 0; i < d->n_regions; i++) {
        for (unsigned k = 0; k < d->nodes[i]; k++, n++) {
            (void)fprintf(d->to, "  - {name: %s, region: %s", d->drawn_nodes[n].config.name.s,
                          places[d->regions[i]].name);
            if (n == 0 || below(d, 4) == 0) {
                d->owners[d->n_owners++] = n;
                write_set(d);
            }
            (void)fputs("}\n", d->to);
        }
    }
}

/* ---- what is done with them ---- */

/* A group's stub and way in, of draws of their own: what else is drawn does not depend on them. */
struct manners {
    bool resolved, one_address;
    const char *entry;
    unsigned withdrawal; /* s */
};

static struct manners manners_of(uint64_t seed, unsigned group)
{
    const uint64_t bits = sw_rng_at(sw_rng_key(seed, "hunt", "stubs"), group, 0);
    return (struct manners){ .resolved = bits % 4 == 0,
                             .one_address = bits / 4 % 4 == 0,
                             .entry = bits / 16 % 2 == 0 ? "anycast" : "virtual",
                             .withdrawal = (unsigned)(bits / 32 % 20) };
}

static void write_manners(FILE *to, const struct manners *m)
{
    if (m->resolved) {
        (void)fputs(", stub: resolved", to);
    }
    if (m->one_address) {
        (void)fprintf(to, ", entry: %s, withdrawal: %us", m->entry, m->withdrawal);
    }
}

static void write_clients(struct drawing *d, uint64_t seed)
{
    const unsigned groups = 1 + (unsigned)below(d, 3);
    (void)fputs("clients:\n", d->to);
    for (unsigned i = 0; i < groups; i++) {
        const struct manners m = manners_of(seed, i);
        const char *server = any_node(d);
        const double nonexistent = between(d, 0, 30);
        const bool rotates = below(d, 2) == 0 && !m.resolved && !m.one_address;
        const unsigned long long attempts = some(d, 1, 3);
        const double timeout = between(d, 1, 5);
        const double rate = between(d, 0.05, 1);
        const unsigned long long count = some(d, 1, 50);
        (void)fprintf(d->to,
                      "  - {region: %s, count: %llu, rate: %.2f/s, zone: hunt.example, timeout: "
                      "%.1fs, attempts: %llu, rotation: %s, nonexistent: %.0f%%, servers: [%s",
                      any_region(d), count, rate, timeout, attempts,
                      rotates ? "rotate" : "in_order", nonexistent, server);
        for (uint64_t more = below(d, 3); more > 0; more--) {
            (void)fprintf(d->to, ", %s", any_node(d));
        }
        (void)fputs("]", d->to);
        write_manners(d->to, &m);
        (void)fputs("}\n", d->to);
    }
}

/* Edits by the primary, promotions of others, and what both write after that.  From a stream of
 * their own: the rest of a seed's world stays as it was. */
static void write_zone_operations(struct drawing *d, uint64_t seed)
{
    struct drawing own = *d;
    sw_rng_init(&own.rng, sw_rng_key(seed, "hunt", "zones"));
    for (uint64_t n = below(&own, 6); n > 0; n--) {
        const double at = between(&own, 5, d->duration - 5);
        const char *node = d->holders[below(&own, d->n_holders)];
        if (below(&own, 4) == 0) {
            (void)fprintf(d->to, "  - {at: %.3fs, node: %s, kind: promote, zone: hunt.example%s}\n",
                          at, node, below(&own, 4) == 0 ? ", force: true" : "");
        } else {
            (void)fprintf(d->to,
                          "  - {at: %.3fs, node: %s, kind: edit_zone, zone: hunt.example, records: "
                          "%llu%s}\n",
                          at, node, some(&own, 0, 50), below(&own, 5) == 0 ? ", empty: true" : "");
        }
    }
}

static void write_operations(struct drawing *d, uint64_t seed)
{
    const unsigned n = (unsigned)below(d, 4);
    (void)fputs("operations:\n", d->to);
    (void)fprintf(d->to, "  - {at: 5s, node: %s, kind: edit_zone, zone: hunt.example}\n",
                  d->holders[0]);
    write_zone_operations(d, seed);
    for (unsigned i = 0; i < n; i++) {
        const double at = between(d, 5, d->duration - 5);
        const char *owner = d->drawn_nodes[d->owners[below(d, d->n_owners)]].config.name.s;
        if (below(d, 4) == 0) {
            (void)fprintf(d->to, "  - {at: %.3fs, node: %s, kind: snapshot, set: etc}\n", at,
                          owner);
        } else {
            (void)fprintf(d->to,
                          "  - {at: %.3fs, node: %s, kind: restore, set: etc, from: %s, target: "
                          "back-%u}\n",
                          at, any_node(d), owner, i);
        }
    }
}

void sim_draw_scenario(FILE *to, uint64_t seed, const char *zone)
{
    struct drawing d = { .to = to };
    sw_rng_init(&d.rng, sw_rng_key(seed, "hunt", "world"));
    d.duration = (double)(60 + below(&d, 180));
    draw_places(&d);
    d.world = (struct sim_scenario){ .duration = (sw_dur)(d.duration * 1e9),
                                     .regions = d.drawn_regions,
                                     .n_regions = d.n_regions,
                                     .nodes = d.drawn_nodes,
                                     .n_nodes = d.n_nodes,
                                     .upstreams = d.upstreams };
    (void)fprintf(to,
                  "name: hunt-%llu\nquestion: Does an oracle find anything wrong in a world drawn "
                  "from seed %llu?\nseed: %llu\nduration: %.0fs\n",
                  (unsigned long long)seed, (unsigned long long)seed, (unsigned long long)seed,
                  d.duration + (is_calm(seed) ? CALM : 0));
    write_places(&d);
    write_zone(&d, zone);
    d.world.n_upstreams = sim_draw_outside(to, seed, &d.world, d.upstreams);
    write_nodes(&d, seed);
    write_clients(&d, seed);
    sim_draw_askers(to, seed, &d.world);
    write_operations(&d, seed);
    sim_draw_faults(to, seed, &d.world, true);
}
