/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which function a job is, and the end of its memory. */
#include "node/core/job.h"

#include <sodium.h>
#include <stdlib.h>

#include "node/base/bug.h"

void sw_job_run(struct sw_job *job, const struct sw_job_host *host)
{
    struct sw_job_host own = *host;
    own.buggify = job->buggify;
    switch (job->kind) {
#define X(kind, function)                  \
    case kind:                             \
        job->status = function(job, &own); \
        return;
        SW_JOB_LIST(X)
#undef X
    case SW_JOB_KIND_COUNT:
        break;
    }
    SW_ASSERT(false);
}

/* Jobs carry keys: nothing of them stays in freed memory. */
static void wipe(struct sw_blob *b)
{
    if (b->data != NULL) {
        sodium_memzero(b->data, b->cap);
    }
    sw_blob_fini(b);
}

void sw_job_free(struct sw_job *job)
{
    if (job == NULL) {
        return;
    }
    wipe(&job->in);
    wipe(&job->out);
    free(job);
}

const char *sw_job_name(enum sw_job_kind kind)
{
    switch (kind) {
    case SW_JOB_ZONE:
        return "zone";
    case SW_JOB_SNAPSHOT:
        return "snapshot";
    case SW_JOB_STORE:
        return "store";
    case SW_JOB_FETCH:
        return "fetch";
    case SW_JOB_INVENTORY:
        return "inventory";
    case SW_JOB_RESTORE:
        return "restore";
    case SW_JOB_ZONE_UPDATE:
        return "zone update";
    case SW_JOB_ZONE_PROMOTE:
        return "zone promotion";
    case SW_JOB_ZONE_PART:
        return "zone part";
    case SW_JOB_KIND_COUNT:
        break;
    }
    return "unknown";
}
