/* SPDX-License-Identifier: GPL-3.0-or-later
 * The simulator as a whole, as swarms grow: simulated against real time, what an event costs, and
 * the memory of a node.  Everything is on: real nodes, all oracles, trace hash, samples.
 *
 * "50 nodes": 1,000 queries/s in all, every node knows every other, ten hold the zone.
 * "10 to 10,000": groups of ten of which three hold the zone; each node knows its group and the
 * first of the next, and is asked 20 queries/s.  The queries a node sees, and whom it knows, stay
 * the same; what grows is what the processor's caches must hold.
 * Each case runs in a process of its own, so that its memory is its own.
 * usage: bench_scale [SECONDS of virtual time of the first, default 60 [NODES: that case only]] */
#define _POSIX_C_SOURCE 200809L
#include "sim/scenario/scenario.h"
#include "sim/world/hugepages.h"
#include "sim/world/world.h"
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define GROUP 10U
#define REGIONS 20U
#define WARM_UP (2 * SW_SEC) /* everybody has started and is connected */

struct text {
    char *s;
    size_t len, cap;
};

#define ADD(t, ...)                                                                        \
    do {                                                                                   \
        if ((t)->cap - (t)->len < 4096) {                                                  \
            (t)->cap = 2 * (t)->cap + 65536;                                               \
            (t)->s = realloc((t)->s, (t)->cap);                                            \
            if ((t)->s == NULL) {                                                          \
                abort();                                                                   \
            }                                                                              \
        }                                                                                  \
        (t)->len += (size_t)snprintf((t)->s + (t)->len, (t)->cap - (t)->len, __VA_ARGS__); \
    } while (0)

struct size {
    unsigned nodes, holders; /* holders: of each group */
    double rate;             /* queries/s of each node */
    bool all;                /* everybody knows everybody */
    double seconds;
};

/* Node @i is in group @i / GROUP; groups go round the regions. */
static void add_name(struct text *t, const char *before, unsigned i)
{
    const unsigned group = i / GROUP;
    ADD(t, "%sr%u-%u", before, group % REGIONS, group / REGIONS * GROUP + i % GROUP + 1);
}

/* "[a, b, ...": a group. */
static void add_group(struct text *t, unsigned group)
{
    for (unsigned k = 0; k < GROUP; k++) {
        add_name(t, k == 0 ? "[" : ", ", group * GROUP + k);
    }
}

static struct text scenario_text(const struct size *z)
{
    const unsigned groups = z->nodes / GROUP;
    struct text t = { 0 };
    ADD(&t, "name: scale\nquestion: How fast?\nduration: %gs\nregions:\n", z->seconds + 2);
    for (unsigned r = 0; r < REGIONS; r++) { /* around the globe at 40 degrees north */
        ADD(&t, "  - {name: r%u, latitude: 40, longitude: %u}\n", r, 9 * r);
    }
    ADD(&t,
        "zones:\n  - {name: example.org, file: zones/example.org.zone, primary: r0-1, backups: ");
    for (unsigned i = 1; i < z->nodes; i++) {
        if (i % GROUP < z->holders) {
            add_name(&t, i == 1 ? "[" : ", ", i);
        }
    }
    ADD(&t, "]}\nnodes:\n");
    for (unsigned g = 0; g < groups; g++) {
        ADD(&t, "  - {region: r%u, count: %u", g % REGIONS, GROUP);
        if (!z->all) {
            ADD(&t, ", knows: ");
            add_group(&t, g);
            add_name(&t, ", ", (g + 1) % groups * GROUP);
            ADD(&t, "]");
        }
        ADD(&t, "}\n");
    }
    ADD(&t, "clients:\n");
    for (unsigned g = 0; g < groups; g++) {
        ADD(&t,
            "  - {region: r%u, count: 100, rate: %g/s, zone: example.org, rotation: rotate, "
            "servers: ",
            g % REGIONS, z->rate * GROUP / 100);
        add_group(&t, g);
        ADD(&t, "]}\n");
    }
    return t;
}

struct queries {
    uint64_t answered, failed;
};

static int queries_start(struct sim_world *w, void **self)
{
    (void)w;
    *self = calloc(1, sizeof(struct queries));
    return *self == NULL ? SW_ERR_NOMEM : 0;
}

static void queries_on_query(void *self, struct sim_world *w, const struct sim_query_done *q)
{
    struct queries *n = self;
    (void)w;
    n->answered += q->answered;
    n->failed += !q->answered;
}

static const struct sim_watcher queries_watcher = {
    .name = "queries", .start = queries_start, .on_query = queries_on_query, .stop = free
};

static double peak_memory(void)
{
    struct rusage u;
    (void)getrusage(RUSAGE_SELF, &u);
    return (double)u.ru_maxrss * 1024;
}

/* In the child. */
static int measure(const struct size *z)
{
    struct sw_diag d = { "" };
    struct sim_scenario *s = NULL;
    struct sim_world *w = NULL;
    struct sim_result r;
    void *self = NULL;
    const double bare = peak_memory();
    struct text t = scenario_text(z);
    int err = sim_scenario_parse(SW_SOURCE_DIR "/scenarios/bench.yaml", t.s, t.len, NULL, &s, &d);
    free(t.s);
    const double begin = bench_cpu();
    err = err == 0 ? sim_world_new(s, 1, &w, &d) : err;
    err = err == 0 ? sim_world_watch(w, &queries_watcher, &self) : err;
    err = err == 0 ? sim_world_run(w, WARM_UP, &r) : err;
    if (err != 0) {
        (void)fprintf(stderr, "bench_scale: %s\n", d.text);
        return 1;
    }
    const uint64_t events = r.events;
    const double started = bench_cpu();
    (void)sim_world_run(w, SW_TIME_NEVER, &r);
    const double took = bench_cpu() - started;
    const struct queries *q = self;
    printf("%6u %10.1f %9.0f %10.3f %9.2f %9.0f %9.1f %7llu%s%s\n", z->nodes, z->seconds / took,
           (double)(r.events - events) / z->seconds, (double)(r.events - events) / took / 1e6,
           started - begin, peak_memory() / 1048576, (peak_memory() - bare) / 1024 / z->nodes,
           (unsigned long long)q->failed, r.complaint[0] != '\0' ? "  COMPLAINT: " : "",
           r.complaint);
    sim_world_free(w);
    sim_scenario_free(s);
    return 0;
}

static void bench(const struct size *z)
{
    (void)fflush(stdout);
    const pid_t child = fork();
    int status = 0;
    if (child == 0) {
        const int code = measure(z);
        (void)fflush(stdout);
        _exit(code);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0) {
        (void)fprintf(stderr, "bench_scale: a run failed\n");
        exit(1);
    }
}

int main(int argc, char **argv)
{
    const double seconds = argc > 1 ? strtod(argv[1], NULL) : 60;
    const unsigned long only = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    if (!(seconds >= 1 && seconds <= 100000)) {
        (void)fprintf(stderr, "usage: bench_scale [SECONDS [NODES]]\n");
        return 2;
    }
    sim_want_hugepages(); /* as the program does */
    printf("whole simulator, processor time: nodes, times real time, events a simulated second,\n"
           "million events per CPU-second, CPU-seconds to start, peak MiB, KiB a node, failed\n");
    if (only == 0 || only == 50) {
        bench(&(struct size){ 50, 2, 20, true, seconds });
    }
    printf("the same load a node, and the same acquaintances\n");
    for (unsigned n = 10; n <= 10000; n *= 10) {
        if (only == 0 || only == n) {
            bench(&(struct size){ n, 3, 20, false, seconds * 20 / n > 5 ? seconds * 20 / n : 5 });
        }
    }
    return 0;
}
