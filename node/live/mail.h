/* SPDX-License-Identifier: GPL-3.0-or-later
 * Messages between threads, in order: a writer appends under a lock, the reader takes all at
 * once.  In steady state nothing is allocated. */
#ifndef SW_LIVE_MAIL_H
#define SW_LIVE_MAIL_H

#include "node/base/buf.h"
#include "node/core/event.h"

#include <uv.h>

enum live_mail_kind {
    LIVE_MAIL_QUERY,    /* front to node: FORWARD */
    LIVE_MAIL_ADOPTED,  /* front to node: answers from @view now */
    LIVE_MAIL_ANSWER,   /* node to front */
    LIVE_MAIL_VIEW,     /* node to front */
    LIVE_MAIL_STOP,     /* node to front */
    LIVE_MAIL_ENVELOPE, /* a peer's message that waits for its turn */
};

struct live_mail {
    enum live_mail_kind kind;
    struct sw_client client;
    sw_conn conn;
    sw_time arrived_at;
    const struct sw_view *view;
    struct sw_bytes message; /* lies in the box that it was read from */
};

/* A plain queue of mails, for one thread.  Zero-initialised is empty. */
struct live_queue {
    struct sw_blob bytes;
    size_t at;    /* of the next mail to read */
    size_t count; /* mails not yet read */
};

/* Errors: SW_ERR_NOMEM; SW_ERR_FULL: more than @limit bytes would wait. */
int live_queue_put(struct live_queue *q, const struct live_mail *m, size_t limit);
/* The next mail; its bytes stay valid until the next call on @q.  False: there is none. */
bool live_queue_next(struct live_queue *q, struct live_mail *out);
void live_queue_fini(struct live_queue *q);

/* A queue that other threads write. */
struct live_box {
    uv_mutex_t lock;
    struct live_queue in; /* under the lock */
    uv_async_t *wake;     /* the reader's */
};

/* Errors: those of uv_mutex_init, as SW_ERR_NOMEM. */
int live_box_init(struct live_box *b, uv_async_t *wake);
void live_box_fini(struct live_box *b);
/* Append and wake the reader.  Errors: as live_queue_put. */
int live_box_put(struct live_box *b, const struct live_mail *m, size_t limit);
/* Take all that is there into @out, which must be empty; gives @out's memory in exchange. */
void live_box_take(struct live_box *b, struct live_queue *out);

#endif
