/* SPDX-License-Identifier: GPL-3.0-or-later
 * One front end: a thread, its loop, its sockets.  Private to fronts.c and front*.c. */
#ifndef SW_LIVE_FRONT_H
#define SW_LIVE_FRONT_H

#include "node/core/front.h"
#include "node/live/address.h"
#include "node/live/mail.h"

#define LIVE_FRONT_FIGURES (sizeof(struct sw_front_counts) / sizeof(uint64_t) + 1)
#define LIVE_UDP_BATCH 64
#define LIVE_UDP_MESSAGE 4096 /* bytes of the longest query; longer ones are dropped */

struct live_udp {
    uv_poll_t poll;
    struct live_front *front;
    int fd; /* -1: none */
    int family;
    uint16_t socket; /* index of its address */
    bool polled;     /* @poll must be closed */
};

struct live_listener {
    uv_tcp_t tcp;
    struct live_front *front;
    uint16_t socket;
    bool opened; /* @tcp must be closed */
};

struct live_stream;
struct live_udp_batch;

struct live_front {
    uint32_t number;
    bool opened, ready, running; /* how far it came: loop, handles, thread */
    uv_thread_t thread;
    uv_loop_t loop;
    uv_async_t wake;
    uv_timer_t deadline;
    sw_time deadline_at; /* what the timer is set to */
    struct live_box in;
    struct live_queue mail;
    struct live_box *node;
    struct sw_front *core;
    struct sw_actions actions;

    struct live_udp *udp;
    struct live_listener *tcp;
    size_t n_sockets;
    struct live_udp_batch *batch;

    struct live_stream **streams; /* by slot */
    size_t n_streams;
    uint64_t streams_made;
    struct live_stream *dirty; /* written to, or drained, since the last flush */
    uint8_t *read_buffer;
    uint64_t dropped; /* answers and queries there was no room for */
    /* What it counted until its last flush, for other threads: struct sw_front_counts and dropped,
     * number by number. */
    _Atomic uint64_t figures[LIVE_FRONT_FIGURES];
};

/* front.c */
/* Bind and prepare all, on the caller's thread.  Errors: as live_fronts_start. */
int live_front_open(struct live_front *f, const union live_address *addresses, size_t n,
                    struct sw_diag *d);
void live_front_run(void *front);
/* After its thread has ended, or was never started. */
void live_front_close(struct live_front *f);
/* Fill in the clocks, step; the actions wait for live_front_flush. */
void live_front_step(struct live_front *f, struct sw_event *ev, sw_time arrived_at);
/* Carry out what has been decided. */
void live_front_flush(struct live_front *f);

/* front_udp.c */
int live_udp_open(struct live_udp *u, const union live_address *a, struct sw_diag *d);
void live_udp_close(struct live_udp *u);
struct live_udp_batch *live_udp_batch_new(void);
void live_udp_batch_free(struct live_udp_batch *b);
void live_udp_reply(struct live_front *f, const struct sw_client *to, struct sw_bytes message);
void live_udp_flush(struct live_front *f);

/* front_tcp.c */
int live_listener_open(struct live_listener *l, const union live_address *a, struct sw_diag *d);
void live_stream_write(struct live_front *f, uint64_t number, struct sw_bytes data);
void live_stream_close(struct live_front *f, uint64_t number);
/* Write what the streams' buffers hold.  True: a stream has something to tell (step, then again).
 */
bool live_streams_flush(struct live_front *f);
void live_streams_abort(struct live_front *f);

#endif
