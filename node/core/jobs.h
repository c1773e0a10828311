/* SPDX-License-Identifier: GPL-3.0-or-later
 * Submitting jobs. */
#ifndef SW_CORE_JOBS_H
#define SW_CORE_JOBS_H

#include "node/base/err.h"
#include "node/core/job.h"

#include <protobuf-c/protobuf-c.h>

struct sw_node;

/* Submit a job.  Takes the bytes of @in and leaves it empty, whatever the outcome.
 * Errors: SW_ERR_NOMEM: not submitted, the bytes wiped. */
int sw_jobs_submit(struct sw_node *n, enum sw_job_kind kind, enum sw_strand strand,
                   struct sw_blob *in, uint64_t *id);
/* The same with a message that it packs. */
int sw_jobs_submit_message(struct sw_node *n, enum sw_job_kind kind, enum sw_strand strand,
                           const ProtobufCMessage *in, uint64_t *id);

#endif
