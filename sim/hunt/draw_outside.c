/* SPDX-License-Identifier: GPL-3.0-or-later
 * What lies outside a drawn world: in one of three seeds upstreams, a zone that only they know, how
 * nodes ask them and keep what they say, and clients that ask for it.  Every part is drawn from a
 * stream of its own: the rest of a seed's world does not depend on it. */
#include "sim/hunt/draw.h"

static unsigned long long some(struct sw_rng *rng, unsigned low, unsigned n)
{
    return low + sw_rng_below(rng, n);
}

static double between(struct sw_rng *rng, double low, double high)
{
    return low + (high - low) * sw_unit(sw_rng_next(rng));
}

static struct sw_rng stream(uint64_t seed, const char *purpose)
{
    struct sw_rng rng;
    sw_rng_init(&rng, sw_rng_key(seed, "hunt", purpose));
    return rng;
}

size_t sim_draw_outside(FILE *to, uint64_t seed, const struct sim_scenario *s,
                        struct sim_upstream out[SIM_DRAW_UPSTREAMS])
{
    struct sw_rng rng = stream(seed, "upstreams");
    if (sw_rng_below(&rng, 3) > 0) {
        return 0;
    }
    const unsigned long long names = some(&rng, 1, 200);
    const unsigned long long ttl = some(&rng, 0, 10);
    const unsigned long long longer = some(&rng, 1, 120);
    (void)fprintf(to,
                  "  - {name: out.example, names: %llu, ttls: [%llus, %llus], negative_ttl: "
                  "%llus}\nupstreams:\n",
                  names, ttl, longer, some(&rng, 1, 30));
    const size_t n = 1 + sw_rng_below(&rng, SIM_DRAW_UPSTREAMS);
    for (size_t i = 0; i < n; i++) {
        const double miss = between(&rng, 1, 2000);
        const double warm = between(&rng, 0, 100);
        const double loss = sw_rng_below(&rng, 2) == 0 ? between(&rng, 0, 10) : 0;
        out[i].region = s->regions[sw_rng_below(&rng, s->n_regions)].name;
        (void)snprintf(out[i].name.s, sizeof out[i].name.s, "up-%zu", i + 1);
        (void)fprintf(to, "  - {name: %s, region: %s, miss: %.0fms, warm: %.0f%%, loss: %.1f%%}\n",
                      out[i].name.s, out[i].region.s, miss, warm, loss);
    }
    return n;
}

void sim_draw_forwarding(FILE *to, uint64_t seed, const struct sim_scenario *s)
{
    static const char *const caches[] = { "size: 64KiB", "size: 1MiB, across: true",
                                          "size: 1MiB, cooperate: false", "size: 0",
                                          "size: 1MiB, stale: 10s" };
    struct sw_rng rng = stream(seed, "caches");
    if (s->n_upstreams == 0) {
        return;
    }
    (void)fputs("    forwarding: {clients: [\"fd00::/8\"], upstreams: [", to);
    for (size_t i = 0; i < s->n_upstreams; i++) {
        (void)fprintf(to, "%s%s", i > 0 ? ", " : "", s->upstreams[i].name.s);
    }
    (void)fprintf(to, "]}\n    cache: {%s}\n", caches[sw_rng_below(&rng, SW_LEN(caches))]);
}

void sim_draw_askers(FILE *to, uint64_t seed, const struct sim_scenario *s)
{
    struct sw_rng rng = stream(seed, "askers");
    if (s->n_upstreams == 0) {
        return;
    }
    const size_t region = sw_rng_below(&rng, s->n_regions);
    const size_t first = sw_rng_below(&rng, s->n_nodes);
    const size_t second = sw_rng_below(&rng, s->n_nodes);
    const double rate = between(&rng, 0.05, 1);
    (void)fprintf(
        to,
        "  - {region: %s, count: %llu, rate: %.2f/s, zone: out.example, nonexistent: 10%%, "
        "servers: [%s, %s]}\n",
        s->regions[region].name.s, some(&rng, 1, 50), rate, s->nodes[first].config.name.s,
        s->nodes[second].config.name.s);
}
