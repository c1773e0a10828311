/* SPDX-License-Identifier: GPL-3.0-or-later
 * What resolver timers do to an event queue: N entities that act after exponential times; an
 * eighth of their acts is a request, with a timer at 5 s beside the answer's event; 90 % of the
 * answers arrive and cancel the timer, the others' entities wait for it.
 * Prints million acts (events fired) per processor second.
 * usage: bench_mix [EVENTS, default 10000000] */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>

#include "sim/engine/engine.h"
#include "tests/bench/bench.h"

static const double mean = 1e6; /* ns */

struct mix {
    struct sim_engine *e;
    sim_event_id *timer; /* of each entity; 0 none */
    uint64_t draws;
    uint64_t left;
};

static void act(void *self, uint64_t who)
{
    struct mix *m = self;
    if (--m->left == 0) {
        sim_stop(m->e);
    }
    sim_cancel(m->e, m->timer[who]); /* the answer's event; nothing to cancel otherwise */
    m->timer[who] = 0;
    const uint64_t dice = bench_draw(&m->draws) >> 32;
    const sw_time now = sim_now(m->e);
    if (dice % 8 == 0) {
        m->timer[who] = sim_at(m->e, now + 5 * SW_SEC, act, m, who);
        if (dice / 8 % 10 == 0) {
            return; /* no answer will come */
        }
    }
    (void)sim_at(m->e, now + bench_exponential(&m->draws, mean), act, m, who);
}

static double rate(enum sim_queue queue, uint64_t entities, uint64_t events)
{
    struct mix m = { .e = sim_engine_new_on(queue), .draws = UINT64_C(88172645463325252) };
    m.timer = calloc(entities, sizeof *m.timer);
    if (m.e == NULL || m.timer == NULL) {
        sim_out_of_memory("an engine");
    }
    for (uint64_t i = 0; i < entities; i++) {
        (void)sim_at(m.e, bench_exponential(&m.draws, 10 * mean), act, &m, i);
    }
    m.left = 40 * entities + 100000;
    sim_run(m.e, SW_TIME_NEVER);
    m.left = events;
    const double begin = bench_cpu();
    sim_run(m.e, SW_TIME_NEVER);
    const double took = bench_cpu() - begin;
    sim_engine_free(m.e);
    free(m.timer);
    return (double)events / took / 1e6;
}

int main(int argc, char **argv)
{
    const uint64_t events = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
    if (events == 0) {
        (void)fprintf(stderr, "usage: bench_mix [EVENTS]\n");
        return 2;
    }
    printf("mixed timers, million events per CPU-second\n%10s", "entities");
    for (int q = 0; q < SIM_QUEUE_COUNT; q++) {
        printf(" %8s", sim_queue_name((enum sim_queue)q));
    }
    printf("\n");
    for (uint64_t entities = 1000; entities <= 1000000; entities *= 10) {
        printf("%10llu", (unsigned long long)entities);
        for (int q = 0; q < SIM_QUEUE_COUNT; q++) {
            printf(" %8.2f", rate((enum sim_queue)q, entities, events));
            (void)fflush(stdout);
        }
        printf("\n");
    }
    return 0;
}
