/* SPDX-License-Identifier: GPL-3.0-or-later
 * Strands of jobs. */
#define _GNU_SOURCE /* what uv.h needs */
#include "node/live/jobs.h"

#include "node/base/bug.h"
#include "node/live/fs_posix.h"

#include <stdlib.h>

struct waiting {
    struct waiting *next;
    struct sw_job *job;
};

struct strand {
    uv_work_t work;
    struct live_jobs *all;
    struct sw_job *running;
    struct waiting *first, **last;
};

struct live_jobs {
    uv_loop_t *loop;
    void (*done)(void *self, struct sw_job *job);
    void *self;
    bool cancelled;
    size_t pending;
    struct strand strands[SW_STRAND_COUNT];
};

/* Processor time is what it is: nothing to advance. */
static void charge(void *self, enum sw_work work, uint64_t units)
{
    (void)self;
    (void)work;
    (void)units;
}

struct live_jobs *live_jobs_new(uv_loop_t *loop, void (*done)(void *self, struct sw_job *job),
                                void *self)
{
    struct live_jobs *j = calloc(1, sizeof *j);
    if (j == NULL) {
        return NULL;
    }
    j->loop = loop;
    j->done = done;
    j->self = self;
    for (size_t i = 0; i < SW_STRAND_COUNT; i++) {
        j->strands[i].all = j;
        j->strands[i].work.data = &j->strands[i];
        j->strands[i].last = &j->strands[i].first;
    }
    return j;
}

static void run(uv_work_t *work)
{
    const struct strand *s = work->data;
    const struct sw_job_host host = { .fs = &live_fs_posix, .self = NULL, .charge = charge };
    sw_job_run(s->running, &host);
}

static void start(struct strand *s);

static void ended(uv_work_t *work, int status)
{
    struct strand *s = work->data;
    struct live_jobs *j = s->all;
    struct sw_job *job = s->running;
    (void)status; /* nobody cancels a job that was handed over */
    s->running = NULL;
    j->pending--;
    if (j->cancelled) {
        sw_job_free(job);
        return;
    }
    j->done(j->self, job);
    start(s);
}

static void start(struct strand *s)
{
    struct waiting *w = s->first;
    if (s->running != NULL || w == NULL) {
        return;
    }
    s->first = w->next;
    if (s->first == NULL) {
        s->last = &s->first;
    }
    s->running = w->job;
    free(w);
    const int rv = uv_queue_work(s->all->loop, &s->work, run, ended);
    SW_ASSERT(rv == 0); /* it fails only for a NULL function */
}

void live_jobs_submit(struct live_jobs *j, struct sw_job *job)
{
    struct waiting *w = malloc(sizeof *w);
    if (w == NULL || j->cancelled) { /* the node learns it as from any failed job */
        free(w);
        job->status = w == NULL ? SW_ERR_NOMEM : SW_ERR_STATE;
        j->done(j->self, job);
        return;
    }
    struct strand *s = &j->strands[job->strand];
    *w = (struct waiting){ NULL, job };
    *s->last = w;
    s->last = &w->next;
    j->pending++;
    start(s);
}

void live_jobs_cancel(struct live_jobs *j)
{
    j->cancelled = true;
    for (size_t i = 0; i < SW_STRAND_COUNT; i++) {
        struct strand *s = &j->strands[i];
        while (s->first != NULL) {
            struct waiting *w = s->first;
            s->first = w->next;
            sw_job_free(w->job);
            free(w);
            j->pending--;
        }
        s->last = &s->first;
    }
}

size_t live_jobs_pending(const struct live_jobs *j)
{
    return j->pending;
}

void live_jobs_free(struct live_jobs *j)
{
    SW_ASSERT(j == NULL || j->pending == 0);
    free(j);
}
