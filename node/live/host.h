/* SPDX-License-Identifier: GPL-3.0-or-later
 * The live host: one node, its loop, and what carries its events and actions.  Everything here
 * belongs to the main thread. */
#ifndef SW_LIVE_HOST_H
#define SW_LIVE_HOST_H

#include "node/conf/config.h"
#include "node/core/node.h"
#include "node/live/mail.h"
#include "node/rpc/tls.h"

#include <uv.h>

struct live_fronts;
struct live_peers;
struct live_upstreams;
struct live_jobs;
struct live_commands;
struct live_metrics;

/* Events that arose while actions were carried out: stepped when those are done. */
struct live_later {
    struct sw_event *v;
    size_t n, cap;
};

struct live_host {
    uv_loop_t loop;
    uv_prepare_t before_poll;
    uv_check_t after_poll;
    uv_idle_t busy; /* runs while work waits, so that the loop does not sleep */
    uv_timer_t deadline, stop_deadline;
    uv_async_t wake;
    uv_signal_t hang_up, terminate, interrupt;
    sw_time deadline_at; /* what the timer is set to */

    struct sw_node *node;
    struct sw_actions actions;
    struct live_later later;
    bool looping; /* the loop and its handles exist */
    bool stepping;
    uint8_t entropy[64]; /* of an event to be stepped; wiped after it */
    const char *path;    /* of the configuration */
    struct sw_node_file *file;
    struct sw_tls_context *tls;

    struct live_box box; /* from the fronts */
    struct live_queue mail, work;
    sw_dur service; /* smoothed processor time of a request */
    uint64_t dropped;

    struct live_fronts *fronts;
    struct live_peers *peers;
    struct live_upstreams *upstreams;
    struct live_jobs *jobs;
    struct live_commands *commands;
    struct live_metrics *metrics; /* NULL: none wanted */
    enum sw_state told;           /* the state last told to the service manager */
    bool draining;                /* DRAIN was said */
    bool drained;                 /* the node has nothing in flight */
    bool stopping;                /* handles are being closed */
    int exit_code;
};

/* Make the host and its node from the configuration file @path.  Nothing runs yet.
 * Errors: as sw_config_load, sw_tls_context_new, live_fronts_start; @d explains. */
int live_host_open(struct live_host *h, const char *path, struct sw_diag *d);
/* Until the node has drained after SIGTERM or SIGINT: the exit code. */
int live_host_run(struct live_host *h);
/* Also after live_host_open failed. */
void live_host_close(struct live_host *h);

/* Is the queue of requests too long for a peer's? */
bool live_host_is_full(const struct live_host *h);
/* Fill in clocks and load, step the node, carry out its actions.  Not from within itself. */
int live_host_step(struct live_host *h, struct sw_event *ev, sw_time arrived_at);
/* Step @ev as soon as the actions of this step are carried out, or now.  @ev must not refer to
 * memory that does not stay. */
void live_host_later(struct live_host *h, const struct sw_event *ev);
/* A request for the processor's queue: QUERY or ENVELOPE. */
void live_host_queue(struct live_host *h, const struct live_mail *mail);
/* Begin to stop: finish what is in flight; asked again: don't. */
void live_host_drain(struct live_host *h);
/* Close everything; the loop ends when that is done.  Not while stepping. */
void live_host_stop(struct live_host *h);

/* loop.c */
/* Errors: SW_ERR_NOMEM. */
int live_loop_init(struct live_host *h);

/* reload.c */
/* Read @path's keys and certificates into a context.  Errors: SW_ERR_IO and those of
 * sw_tls_context_new. */
int live_tls_load(const struct sw_host_config *c, struct sw_tls_context **out, struct sw_diag *d);
/* Errors: SW_ERR_DENIED: the certificate is not for this node. */
int live_check_identity(const struct sw_tls_context *tls, const struct sw_config *c,
                        struct sw_diag *d);
/* Tell the core what it can't know: where it listens, its certificate, the program's core.
 * Errors: SW_ERR_NOMEM. */
int live_complete(struct sw_node_file *file, const struct sw_tls_context *tls, struct sw_diag *d);
/* SIGHUP: read the configuration again; a bad one changes nothing and is said. */
void live_host_reload(struct live_host *h);

/* carry_out.c */
void live_carry_out(struct live_host *h, const struct sw_action *a);
void live_log_trace(const struct sw_trace *t);

#endif
