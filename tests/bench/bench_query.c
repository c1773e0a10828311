/* SPDX-License-Identifier: GPL-3.0-or-later
 * Simulated queries per CPU-second through real node code: nine nodes in three regions, a zone of
 * a thousand records, both oracles, the trace hash and every timer on.
 * usage: bench_query [SECONDS of virtual time, default 20] */
#define _POSIX_C_SOURCE 200809L
#include "tests/bench/bench.h"
#include "tests/lib/small_world.h"

#define WARM_UP (2 * SW_SEC)
#define HOLDERS 3U

/* A thousand records. */
static char *big_zone(size_t *len)
{
    const size_t cap = 100000;
    char *text = malloc(cap);
    if (text == NULL) {
        abort();
    }
    size_t n = (size_t)snprintf(text, cap,
                                "$ORIGIN example.org.\n$TTL 300\n"
                                "@ SOA ns1 hostmaster 1 7200 900 1209600 60\n@ NS ns1\n"
                                "@ MX 10 mail\nns1 A 192.0.2.2\nmail A 192.0.2.4\n");
    for (unsigned i = 0; i < 995; i++) {
        n += (size_t)snprintf(text + n, cap - n,
                              i % 4 == 3 ? "host%u AAAA 2001:db8::%x\n" : "host%u A 192.0.2.%u\n",
                              i, i % 250 + 1);
    }
    *len = n;
    return text;
}

/* Which of a region's nodes its clients ask: that which holds the zone, another, or both in turn.
 */
enum asked { HOLDER, OTHER, BOTH };

static struct small_scenario *scenario(enum asked asked, sw_dur seconds)
{
    const struct small_world o = { .nodes_a_region = 3,
                                   .holders = HOLDERS,
                                   .rate = 20000,
                                   .duration = WARM_UP + seconds,
                                   .policy = "ant_colony",
                                   .nonexistent = 0.03,
                                   .service = 20 * SW_US };
    struct small_scenario *x = small_scenario(&o);
    for (uint32_t r = 0; r < SMALL_REGIONS; r++) {
        struct sim_clients *c = &x->clients[r];
        c->n_servers = asked == BOTH ? 2 : 1;
        c->rotation = SIM_ROTATE;
        c->servers[0] = x->nodes[asked == OTHER ? HOLDERS + r : r].config.name;
        c->servers[1] = x->nodes[HOLDERS + r].config.name;
    }
    return x;
}

static void bench(const char *what, enum asked asked, sw_dur seconds, double target)
{
    struct small_scenario *x = scenario(asked, seconds);
    size_t len;
    char *text = big_zone(&len);
    struct sim_result r;
    x->zone.text = text;
    x->zone.len = len;
    struct sim_world *w = small_start_world(x, 1);
    const struct small_counts *c = small_watch(w, 0, SW_TIME_NEVER);
    (void)sim_world_run(w, WARM_UP, &r);
    const struct small_counts before = *c;
    const uint64_t events = r.events;
    const double begin = bench_cpu();
    (void)sim_world_run(w, SW_TIME_NEVER, &r);
    const double took = bench_cpu() - begin;
    const double answers = (double)(c->answered - before.answered);
    char against[32] = "      -      -";
    if (target > 0) {
        (void)snprintf(against, sizeof against, "%7.0f %6.2f", target / 1e3,
                       answers / took / target);
    }
    printf("%-14s %6.0f %s %9.2f %11.2f %6llu%s%s\n", what, answers / took / 1e3, against,
           (double)(r.events - events) / answers, (double)(r.events - events) / took / 1e6,
           (unsigned long long)(c->failed - before.failed),
           r.complaint[0] != '\0' ? "  COMPLAINT: " : "", r.complaint);
    sim_world_free(w);
    free(text);
    free(x);
}

int main(int argc, char **argv)
{
    const uint64_t seconds = argc > 1 ? strtoull(argv[1], NULL, 10) : 20;
    if (seconds == 0 || seconds > 10000) {
        (void)fprintf(stderr, "usage: bench_query [SECONDS]\n");
        return 2;
    }
    printf("simulated DNS, thousand answers per CPU-second, target, ratio; events an answer, "
           "million events per CPU-second, failed queries\n");
    bench("by the entry", HOLDER, seconds * SW_SEC, 600e3);
    bench("half forwarded", BOTH, seconds * SW_SEC, 250e3);
    bench("all forwarded", OTHER, seconds * SW_SEC, 0);
    return 0;
}
