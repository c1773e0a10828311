/* SPDX-License-Identifier: GPL-3.0-or-later
 * Jobs of one strand run in order; every job comes back. */
#define _GNU_SOURCE /* what uv.h needs */
#include "node/base/err.h"
#include "node/live/jobs.h"
#include "tests/lib/check.h"

#include <stdlib.h>

struct seen {
    uint64_t ids[64];
    size_t n;
    struct live_jobs *jobs;
};

static void note(void *self, struct sw_job *job)
{
    struct seen *s = self;
    s->ids[s->n++] = job->id;
    CHECK(job->status != 0); /* its input says nothing, so it fails, and that is its result */
    sw_job_free(job);
}

static struct sw_job *make(uint64_t id, enum sw_strand strand)
{
    struct sw_job *job = calloc(1, sizeof *job);
    if (job != NULL) {
        job->id = id;
        job->kind = strand == SW_STRAND_ZONES ? SW_JOB_ZONE : SW_JOB_FETCH;
        job->strand = strand;
    }
    return job;
}

static void a_strand_keeps_its_order(void)
{
    uv_loop_t loop;
    struct seen s = { .n = 0 };
    uint64_t last[SW_STRAND_COUNT] = { 0 };
    REQUIRE(uv_loop_init(&loop) == 0);
    s.jobs = live_jobs_new(&loop, note, &s);
    for (uint64_t i = 1; i <= 30; i++) {
        live_jobs_submit(s.jobs, make(i, i % 2 == 0 ? SW_STRAND_ZONES : SW_STRAND_STORE));
    }
    CHECK_U64(live_jobs_pending(s.jobs), 30);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_U64(s.n, 30);
    for (size_t i = 0; i < s.n; i++) {
        CHECK(s.ids[i] > last[s.ids[i] % 2]);
        last[s.ids[i] % 2] = s.ids[i];
    }
    CHECK_U64(live_jobs_pending(s.jobs), 0);
    live_jobs_free(s.jobs);
    CHECK(uv_loop_close(&loop) == 0);
}

static void what_is_cancelled_does_not_come_back(void)
{
    uv_loop_t loop;
    struct seen s = { .n = 0 };
    REQUIRE(uv_loop_init(&loop) == 0);
    s.jobs = live_jobs_new(&loop, note, &s);
    for (uint64_t i = 1; i <= 10; i++) {
        live_jobs_submit(s.jobs, make(i, SW_STRAND_STORE));
    }
    live_jobs_cancel(s.jobs);
    CHECK(live_jobs_pending(s.jobs) <= 1); /* the one that runs */
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_U64(s.n, 0);
    live_jobs_submit(s.jobs, make(11, SW_STRAND_STORE)); /* too late: it fails at once */
    CHECK_U64(s.n, 1);
    live_jobs_free(s.jobs);
    CHECK(uv_loop_close(&loop) == 0);
}

extern CU_TestInfo tests_jobs[];
CU_TestInfo tests_jobs[] = {
    { "a_strand_keeps_its_order", a_strand_keeps_its_order },
    { "what_is_cancelled_does_not_come_back", what_is_cancelled_does_not_come_back },
    CU_TEST_INFO_NULL,
};
