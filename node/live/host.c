/* SPDX-License-Identifier: GPL-3.0-or-later
 * A live node's life: made, run, drained, closed. */
#define _GNU_SOURCE /* what uv.h needs */
#include "node/live/host.h"

#include "node/live/clock.h"
#include "node/live/commands.h"
#include "node/live/fronts.h"
#include "node/live/jobs.h"
#include "node/live/log.h"
#include "node/live/metrics.h"
#include "node/live/peer.h"
#include "node/live/upstream.h"

#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DRAIN_MS 10000 /* to finish what is in flight */
#define STOP_MS 2000   /* to send what is queued and end jobs */

static void job_done(void *self, struct sw_job *job)
{
    struct live_host *h = self;
    const struct sw_event ev = { .kind = SW_EV_DONE, .u.done = job };
    live_host_later(h, &ev);
}

static void on_hang_up(uv_signal_t *s, int number)
{
    (void)number;
    live_host_reload(s->data);
}

static void on_terminate(uv_signal_t *s, int number)
{
    (void)number;
    live_host_drain(s->data);
}

static int watch_signals(struct live_host *h)
{
    const struct {
        uv_signal_t *handle;
        int number;
        uv_signal_cb react;
    } rows[] = {
        { &h->hang_up, SIGHUP, on_hang_up },
        { &h->terminate, SIGTERM, on_terminate },
        { &h->interrupt, SIGINT, on_terminate },
    };
    for (size_t i = 0; i < SW_LEN(rows); i++) {
        rows[i].handle->data = h;
        if (uv_signal_init(&h->loop, rows[i].handle) != 0 ||
            uv_signal_start(rows[i].handle, rows[i].react, rows[i].number) != 0) {
            return SW_ERR_NOMEM;
        }
    }
    return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? SW_ERR_IO : 0;
}

static int start_fronts(struct live_host *h, struct sw_diag *d)
{
    struct live_fronts_options o = { .threads = h->file->host.fronts, .node = &h->box };
    union live_address *addresses = NULL;
    int err =
        live_address_expand(h->file->host.dns, h->file->host.n_dns, &addresses, &o.n_addresses, d);
    o.addresses = addresses;
    err = err != 0 ? err : live_fronts_start(&o, &h->fronts, d);
    free(addresses);
    return err;
}

/* Everything but the sockets. */
static int make_parts(struct live_host *h, struct sw_diag *d)
{
    struct sw_node_options options = { 0 };
    randombytes_buf(&options.seed, sizeof options.seed);
    int err = live_loop_init(h);
    if (err != 0) {
        return sw_diag_set(d, err, "no memory for the loop");
    }
    h->looping = true;
    h->node = sw_node_new(&options);
    h->peers = live_peers_new(h);
    h->upstreams = live_upstreams_new(h);
    h->jobs = live_jobs_new(&h->loop, job_done, h);
    h->commands = live_commands_new(h);
    err = watch_signals(h);
    if (err != 0 || h->node == NULL || h->peers == NULL || h->upstreams == NULL ||
        h->jobs == NULL || h->commands == NULL) {
        return sw_diag_set(d, err != 0 ? err : SW_ERR_NOMEM, "no memory for the node");
    }
    return 0;
}

int live_host_open(struct live_host *h, const char *path, struct sw_diag *d)
{
    memset(h, 0, sizeof *h);
    h->path = path;
    int err = sw_config_load(path, &h->file, d);
    err = err != 0 ? err : live_tls_load(&h->file->host, &h->tls, d);
    err = err != 0 ? err : live_check_identity(h->tls, &h->file->config, d);
    err = err != 0 ? err : live_complete(h->file, h->tls, d);
    if (err != 0) {
        return err;
    }
    live_log_set(h->file->host.log_level, h->file->host.log_format);
    err = make_parts(h, d);
    err = err != 0 ? err : live_peers_listen(h->peers, h->file->host.peers, d);
    if (err == 0 && h->file->host.admin != NULL) {
        err = live_metrics_start(h, h->file->host.admin, &h->metrics, d);
    }
    return err != 0 ? err : start_fronts(h, d);
}

int live_host_run(struct live_host *h)
{
    LIVE_LOG(SW_LOG_INFO, "starting", LIVE_TEXT("node", h->file->config.name.s),
             LIVE_TEXT("region", h->file->config.region.s), LIVE_TEXT("file", h->path),
             LIVE_NUMBER("pid", (uint64_t)getpid()));
    struct sw_event ev = { .kind = SW_EV_CONFIGURE, .u.configure = &h->file->config };
    if (live_host_step(h, &ev, live_now()) != 0) {
        h->exit_code = 2; /* the node said why */
        live_host_stop(h);
    }
    (void)uv_run(&h->loop, UV_RUN_DEFAULT);
    LIVE_LOG(SW_LOG_INFO, "stopped", LIVE_NUMBER("dropped", h->dropped));
    return h->exit_code;
}

/* ---- the end ---- */

static void on_drain_deadline(uv_timer_t *timer)
{
    struct live_host *h = timer->data;
    LIVE_SAY(SW_LOG_WARNING, "not drained in time");
    live_host_stop(h);
}

void live_host_drain(struct live_host *h)
{
    if (h->draining) {
        live_host_stop(h); /* asked twice: now */
        return;
    }
    h->draining = true;
    LIVE_SAY(SW_LOG_INFO, "draining");
    (void)uv_timer_start(&h->stop_deadline, on_drain_deadline, DRAIN_MS, 0);
    struct sw_event ev = { .kind = SW_EV_DRAIN };
    (void)live_host_step(h, &ev, live_now());
}

static void on_stop_deadline(uv_timer_t *timer)
{
    struct live_host *h = timer->data;
    live_peers_abort(h->peers);
    if (live_jobs_pending(h->jobs) > 0) {
        /* What a job leaves half done is safe: it renames what is whole. */
        LIVE_SAY(SW_LOG_WARNING, "a job does not end, leaving without it");
        _exit(h->exit_code);
    }
}

void live_host_stop(struct live_host *h)
{
    if (h->stopping) {
        return;
    }
    h->stopping = true;
    live_jobs_cancel(h->jobs);
    live_fronts_stop(h->fronts);
    h->fronts = NULL;
    live_peers_shutdown(h->peers);
    live_upstreams_shutdown(h->upstreams);
    live_metrics_stop(h->metrics);
    uv_close((uv_handle_t *)&h->hang_up, NULL);
    uv_close((uv_handle_t *)&h->terminate, NULL);
    uv_close((uv_handle_t *)&h->interrupt, NULL);
    (void)uv_timer_stop(&h->deadline);
    /* The rest is needed while connections end, and does not keep the loop. */
    uv_unref((uv_handle_t *)&h->wake);
    uv_unref((uv_handle_t *)&h->before_poll);
    uv_unref((uv_handle_t *)&h->after_poll);
    uv_unref((uv_handle_t *)&h->busy);
    (void)uv_timer_start(&h->stop_deadline, on_stop_deadline, STOP_MS, 0);
    uv_unref((uv_handle_t *)&h->stop_deadline);
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (uv_is_closing(handle) == 0) {
        uv_close(handle, NULL);
    }
}

void live_host_close(struct live_host *h)
{
    if (h->looping) {
        live_fronts_stop(h->fronts);
        live_metrics_stop(h->metrics);
        if (h->peers != NULL) {
            live_peers_abort(h->peers);
        }
        live_upstreams_shutdown(h->upstreams);
        uv_walk(&h->loop, close_handle, NULL);
        (void)uv_run(&h->loop, UV_RUN_DEFAULT);
        (void)uv_loop_close(&h->loop);
        live_box_fini(&h->box);
    }
    live_metrics_free(h->metrics);
    live_commands_free(h->commands);
    live_peers_free(h->peers);
    live_upstreams_free(h->upstreams);
    live_jobs_free(h->jobs);
    sw_node_free(h->node);
    sw_actions_fini(&h->actions);
    live_queue_fini(&h->mail);
    live_queue_fini(&h->work);
    free(h->later.v);
    sw_tls_context_free(h->tls);
    sw_config_free(h->file);
}
