/* SPDX-License-Identifier: GPL-3.0-or-later
 * The DNS front ends of a node, as its main thread sees them: threads that share nothing but
 * immutable views and two mail boxes each. */
#ifndef SW_LIVE_FRONTS_H
#define SW_LIVE_FRONTS_H

#include "node/core/front.h"
#include "node/live/address.h"
#include "node/live/mail.h"

struct live_fronts;

/* Bytes of queries that may wait for the node, and of answers that may wait for a front. */
#define LIVE_MAIL_LIMIT (8u << 20)

struct live_fronts_options {
    const union live_address *addresses;
    size_t n_addresses;
    uint32_t threads;
    struct live_box *node; /* where QUERY and ADOPTED go */
};

/* Bind every address once a thread (UDP and TCP, SO_REUSEPORT) and start the threads.
 * Errors: SW_ERR_DENIED, SW_ERR_BUSY (address in use), SW_ERR_IO, SW_ERR_NOMEM; @d names the
 * address. */
int live_fronts_start(const struct live_fronts_options *o, struct live_fronts **out,
                      struct sw_diag *d);
/* Give every front this view. */
void live_fronts_publish(struct live_fronts *f, const struct sw_view *view);
/* A front answers from @view now: the view that no front uses any longer because of it, or NULL. */
const struct sw_view *live_fronts_adopted(struct live_fronts *f, const struct sw_view *view);
/* Give an answer to the client's front.  Errors: SW_ERR_FULL, SW_ERR_NOMEM: dropped. */
int live_fronts_answer(struct live_fronts *f, const struct sw_client *client,
                       struct sw_bytes message);
/* What all fronts counted so far, summed up; *@dropped: messages there was no room for. */
void live_fronts_counts(const struct live_fronts *f, struct sw_front_counts *out,
                        uint64_t *dropped);
/* Stop and join all threads; free.  NULL is fine. */
void live_fronts_stop(struct live_fronts *f);

#endif
