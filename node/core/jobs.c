/* SPDX-License-Identifier: GPL-3.0-or-later
 * Submitting jobs. */
#include "node/core/jobs.h"

#include "node/core/emit.h"
#include "node/core/node_state.h"

#include <sodium.h>
#include <stdlib.h>

int sw_jobs_submit(struct sw_node *n, enum sw_job_kind kind, enum sw_strand strand,
                   struct sw_blob *in, uint64_t *id)
{
    struct sw_job *job = calloc(1, sizeof *job);
    if (job == NULL) {
        if (in->data != NULL) {
            sodium_memzero(in->data, in->cap);
        }
        sw_blob_fini(in);
        *in = (struct sw_blob){ 0 };
        n->out_of_memory = true;
        return SW_ERR_NOMEM;
    }
    job->in = *in;
    *in = (struct sw_blob){ 0 };
    struct sw_action *act = sw_emit(n, SW_ACT_SUBMIT);
    if (act == NULL) {
        sw_job_free(job);
        return SW_ERR_NOMEM;
    }
    job->id = ++n->last_job;
    job->kind = kind;
    job->strand = strand;
    job->buggify = n->buggify;
    act->u.submit = job;
    *id = job->id;
    return SW_OK;
}

int sw_jobs_submit_message(struct sw_node *n, enum sw_job_kind kind, enum sw_strand strand,
                           const ProtobufCMessage *in, uint64_t *id)
{
    struct sw_blob bytes = { 0 };
    const size_t len = protobuf_c_message_get_packed_size(in);
    if (sw_blob_reserve(&bytes, len) != SW_OK) {
        n->out_of_memory = true;
        return SW_ERR_NOMEM;
    }
    if (len > 0) {
        bytes.len = protobuf_c_message_pack(in, bytes.data);
    }
    return sw_jobs_submit(n, kind, strand, &bytes, id);
}
