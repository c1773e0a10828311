/* SPDX-License-Identifier: GPL-3.0-or-later
 * Jobs on libuv's thread pool: those of one strand one after another, strands side by side. */
#ifndef SW_LIVE_JOBS_H
#define SW_LIVE_JOBS_H

#include "node/core/job.h"

#include <uv.h>

struct live_jobs;

/* @done(@self, job) is called on the loop's thread and takes the job. */
struct live_jobs *live_jobs_new(uv_loop_t *loop, void (*done)(void *self, struct sw_job *job),
                                void *self);
/* Takes @job. */
void live_jobs_submit(struct live_jobs *j, struct sw_job *job);
/* Forget what has not begun; what runs is waited for by the loop. */
void live_jobs_cancel(struct live_jobs *j);
/* Jobs running or waiting. */
size_t live_jobs_pending(const struct live_jobs *j);
/* Only when nothing runs.  NULL is fine. */
void live_jobs_free(struct live_jobs *j);

#endif
