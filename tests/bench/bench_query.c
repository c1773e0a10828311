/* SPDX-License-Identifier: GPL-3.0-or-later
 * Simulated queries per CPU-second through real node code: nine nodes in three regions, a zone of
 * a thousand records, oracles, trace hash and timers on. */
#define _POSIX_C_SOURCE 200809L
#include "tests/lib/small_world.h"

#include <time.h>

struct counts {
    uint64_t answered, failed;
};

static struct counts counts;

static void on_query(void *self, struct sim_world *w, const struct sim_query_done *q)
{
    (void)self;
    (void)w;
    counts.answered += q->answered;
    counts.failed += !q->answered;
}

static const struct sim_watcher counter = { .name = "counter", .on_query = on_query };

static double cpu_seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

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

static void bench(const char *what, unsigned holders, bool forward, double target)
{
    const struct small_world o = { .nodes_a_region = 3,
                                   .holders = holders,
                                   .forward = forward,
                                   .rate = 20000,
                                   .duration = 20 * SW_SEC,
                                   .policy = "ant_colony",
                                   .nonexistent = 0.03,
                                   .service = 20 * SW_US };
    struct small_scenario *x = small_scenario(&o);
    for (size_t i = 0; i < x->s.n_clients; i++) {
        x->clients[i].rotation = SIM_ROTATE;
    }
    struct sim_world *w;
    struct sw_diag d = { "" };
    size_t len;
    char *text = big_zone(&len);
    x->zone.text = text;
    x->zone.len = len;
    if (sim_world_new(&x->s, 1, &w, &d) != 0) {
        (void)fprintf(stderr, "bench_query: %s\n", d.text);
        exit(1);
    }
    (void)sim_world_watch(w, &counter, NULL);
    struct sim_result r;
    (void)sim_world_run(w, 2 * SW_SEC, &r); /* start, and warm caches */
    counts = (struct counts){ 0 };
    const uint64_t events = r.events;
    const double begin = cpu_seconds();
    (void)sim_world_run(w, SW_TIME_NEVER, &r);
    const double took = cpu_seconds() - begin;
    (void)printf("%-24s %7.0f k answers/CPU-s (target %.0f k) %6.2f M events/CPU-s  %4.2f events "
                 "a query  failed %llu  %s%s\n",
                 what, (double)counts.answered / took / 1e3, target / 1e3,
                 (double)(r.events - events) / took / 1e6,
                 (double)(r.events - events) / (double)(counts.answered + counts.failed),
                 (unsigned long long)counts.failed, r.complaint[0] != '\0' ? "COMPLAINT: " : "",
                 r.complaint);
    sim_world_free(w);
    free(text);
    free(x);
}

int main(void)
{
    bench("answered by the entry", 9, false, 600e3);
    bench("half forwarded", 3, false, 250e3);
    bench("all forwarded", 3, true, 150e3);
    return 0;
}
