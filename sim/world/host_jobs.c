/* SPDX-License-Identifier: GPL-3.0-or-later
 * Jobs of a simulated host: fibres, one at a time a strand.  Each begins after a short delay that
 * the seed draws, so that the order across strands is not always the same. */
#include "sim/world/host_inside.h"

#include "node/base/rng.h"

#include <stdlib.h>

#define DISPATCH_MAX (50 * SW_US) /* what waking a worker thread takes at most */

static void free_run(struct running *r)
{
    struct sim_host *h = r->host;
    if (r->younger != NULL) {
        r->younger->older = r->older;
    } else {
        h->runs = r->older;
    }
    if (r->older != NULL) {
        r->older->younger = r->younger;
    }
    sw_job_free(r->job);
    free(r);
}

static void charge(void *self, enum sw_work work, uint64_t units)
{
    const struct running *r = self;
    struct sim_host *h = r->host;
    if (h->life != r->life || h->w->closing || h->w->hooks.whole_jobs) {
        return;
    }
    sim_processor_job(h->processor, true);
    sim_fibre_wait(sim_fibre_current(h->w->engine), sim_processor_work(h->processor, work, units));
    if (h->life == r->life) { /* a reset has forgotten it otherwise */
        sim_processor_job(h->processor, false);
    }
}

static void next_of(struct sim_host *h, struct strand *s);

static void ended(void *self, uint64_t arg)
{
    (void)arg;
    struct running *r = self;
    struct sim_host *h = r->host;
    if (sim_host_put_off(h, ended, r)) {
        return;
    }
    if (h->life != r->life) {
        free_run(r);
        return;
    }
    struct strand *s = &h->strands[r->job->strand];
    sim_tell_job(h->w, h->index, r->job, false);
    struct sw_event ev = sim_host_event(h, SW_EV_DONE);
    ev.u.done = r->job;
    r->job = NULL; /* the node takes it */
    const uint64_t name[3] = { ev.u.done->id, (uint64_t)ev.u.done->kind,
                               (uint64_t)(int64_t)ev.u.done->status };
    sim_trace(h->w->engine, h->index, SIM_KIND_DONE, name, sizeof name);
    sim_host_because(h, (struct sim_luck){ name[0] << 8 | h->index, ev.now });
    free_run(r);
    s->busy = false;
    next_of(h, s);
    sim_host_step(h, &ev);
}

static void body(void *arg)
{
    struct running *r = arg;
    struct sim_host *h = r->host;
    struct sw_fs fs;
    if (!h->w->hooks.whole_jobs) {
        sim_fibre_hold(sim_fibre_current(h->w->engine), &h->paused);
    }
    sim_disk_fs(h->disk, &fs);
    if (h->w->hooks.on_fs != NULL) {
        h->w->hooks.on_fs(h->w->hooks.self, h->index, &fs);
    }
    const struct sw_job_host host = { .fs = &fs, .self = r, .charge = charge };
    sw_job_run(r->job, &host);
    if (h->life != r->life || h->w->closing) {
        free_run(r);
        return;
    }
    (void)sim_at(h->w->engine, sim_now(h->w->engine), ended, r, 0);
}

static void begin(void *self, uint64_t arg)
{
    (void)arg;
    struct running *r = self;
    if (sim_host_put_off(r->host, begin, r)) {
        return;
    }
    if (r->host->life != r->life) {
        free_run(r);
        return;
    }
    sim_tell_job(r->host->w, r->host->index, r->job, true);
    if (r->host->w->hooks.whole_jobs) {
        body(r);
    } else if (sim_fibre_start(r->host->w->engine, body, r) == NULL) {
        sim_out_of_memory("a job");
    }
}

static void next_of(struct sim_host *h, struct strand *s)
{
    struct running *r = s->head;
    if (s->busy || r == NULL) {
        return;
    }
    s->head = r->next;
    s->busy = true;
    const struct sw_rng_key key = sw_rng_key(h->w->seed, "job dispatch", h->config->name.s);
    const sw_dur delay = sw_rng_at(key, h->life, r->job->id) % DISPATCH_MAX;
    (void)sim_at(h->w->engine, sim_now(h->w->engine) + delay, begin, r, 0);
}

void sim_host_submit(struct sim_host *h, struct sw_job *job)
{
    struct strand *s = &h->strands[job->strand];
    struct running *r = sim_alloc(sizeof *r);
    *r = (struct running){ .older = h->runs, .host = h, .job = job, .life = h->life };
    if (h->runs != NULL) {
        h->runs->younger = r;
    }
    h->runs = r;
    if (s->head == NULL) {
        s->head = r;
    } else {
        s->tail->next = r;
    }
    s->tail = r;
    next_of(h, s);
}

void sim_host_drop_jobs(struct sim_host *h)
{
    for (unsigned i = 0; i < SW_STRAND_COUNT; i++) {
        struct strand *s = &h->strands[i];
        while (s->head != NULL) {
            struct running *next = s->head->next;
            free_run(s->head);
            s->head = next;
        }
        *s = (struct strand){ .busy = false };
    }
}

void sim_host_free_jobs(struct sim_host *h)
{
    while (h->runs != NULL) {
        struct running *r = h->runs;
        h->runs = r->older;
        sw_job_free(r->job);
        free(r);
    }
}
