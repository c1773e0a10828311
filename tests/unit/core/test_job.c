/* SPDX-License-Identifier: GPL-3.0-or-later
 * Jobs: each kind finds its function and has a name of its own. */
#include "node/core/job.h"

#include <stdlib.h>

#include "node/base/err.h"
#include "node/core/proto/job.pb-c.h"
#include "tests/lib/check.h"

extern CU_TestInfo tests_job[];

static void every_kind_has_a_name_of_its_own(void)
{
    for (int i = 0; i < SW_JOB_KIND_COUNT; i++) {
        CHECK(strcmp(sw_job_name((enum sw_job_kind)i), "unknown") != 0);
        for (int k = 0; k < i; k++) {
            CHECK(strcmp(sw_job_name((enum sw_job_kind)i), sw_job_name((enum sw_job_kind)k)) != 0);
        }
    }
    CHECK_STR(sw_job_name(SW_JOB_KIND_COUNT), "unknown");
}

static int no_file(void *self, const char *path, unsigned flags, uint32_t mode)
{
    (void)flags;
    (void)mode;
    *(const char **)self = path[0] == 'z' ? "asked" : "asked for something else";
    return SW_ERR_NOTFOUND;
}

static void a_job_runs_and_keeps_its_status(void)
{
    const char *asked = "";
    const struct sw_fs fs = { .self = &asked, .open = no_file };
    const struct sw_job_host host = { .fs = &fs };
    static char name[] = "test";
    static char file[] = "zone";
    Swarm__Job__ZoneJob in = SWARM__JOB__ZONE_JOB__INIT;
    in.name = name;
    in.file = file;
    uint8_t packed[64];
    const size_t len = swarm__job__zone_job__pack(&in, packed);
    struct sw_job *job = calloc(1, sizeof *job);
    REQUIRE(job != NULL);
    job->kind = SW_JOB_ZONE;
    CHECK_I64(sw_blob_append(&job->in, packed, len), SW_OK);
    sw_job_run(job, &host);
    CHECK_I64(job->status, SW_ERR_NOTFOUND);
    CHECK_STR(asked, "asked");
    CHECK(job->out.len > 0);
    sw_job_free(job);
    sw_job_free(NULL);
}

CU_TestInfo tests_job[] = {
    { "every kind has a name of its own", every_kind_has_a_name_of_its_own },
    { "a job runs and keeps its status", a_job_runs_and_keeps_its_status },
    CU_TEST_INFO_NULL,
};
