/* SPDX-License-Identifier: GPL-3.0-or-later
 * The life of a simulated host, and what reaches it. */
#include "sim/world/host.h"

#include "node/base/rng.h"
#include "sim/world/client.h"
#include "sim/world/files.h"
#include "sim/world/host_inside.h"

#include <stdlib.h>
#include <string.h>

/* ---- life ---- */

/* What a fresh installation has: the master files of its zones. */
static int provision(struct sim_host *h, struct sw_diag *d)
{
    for (size_t i = 0; i < h->config->n_zones; i++) {
        const struct sw_zone_config *z = &h->config->zones[i];
        const struct sim_zone *text = sim_find_zone(h->w->s, z->name);
        if (text == NULL) {
            return sw_diag_set(d, SW_ERR_NOTFOUND,
                               "node %s holds zone %s, which the scenario lacks", h->config->name.s,
                               z->name);
        }
        const struct sw_bytes content = { (const uint8_t *)text->text, text->len };
        const int err = sim_disk_put(h->disk, z->file, content, 0644);
        if (err != 0) {
            return sw_diag_set(d, err, "node %s: zone file %s: %s", h->config->name.s, z->file,
                               sw_strerror(err));
        }
    }
    return 0;
}

int sim_host_new(struct sim_world *w, uint32_t index, struct sim_host **out, struct sw_diag *d)
{
    const struct sim_node *spec = &w->s->nodes[index];
    struct sim_host *h = sim_calloc(1, sizeof *h);
    h->w = w;
    h->index = index;
    h->config = &spec->config;
    h->ahead = (sw_wall)spec->clock.offset;
    h->drifts = spec->clock.drift != 0;
    h->place = (struct sim_place){ sim_find_region(w->s, spec->config.region.s), index };
    h->lost_at = SW_TIME_NEVER;
    h->understates = 1;
    h->tick_at = SW_TIME_NEVER;
    h->late_end = &h->late;
    h->entropy = sw_rng_key(w->seed, "entropy", spec->config.name.s);
    h->silence = sw_rng_key(w->seed, "silence", spec->config.name.s);
    if (w->buggify) {
        sw_buggify_arm(&h->buggify, w->seed, spec->config.name.s);
    }
    int err = SW_ERR_NOMEM;
    if (h->place.region == UINT32_MAX) {
        err =
            sw_diag_set(d, SW_ERR_NOTFOUND, "node %s stands in region %s, which the scenario lacks",
                        spec->config.name.s, spec->config.region.s);
        goto fail;
    }
    h->processor = sim_processor_new(w->engine, &spec->processor, w->seed, spec->config.name.s);
    h->disk = sim_disk_new(w->engine, &spec->disk, w->seed, spec->config.name.s);
    if (h->processor == NULL || h->disk == NULL) {
        err = sw_diag_set(d, SW_ERR_NOMEM, "out of memory");
        goto fail;
    }
    sim_disk_set_epoch(h->disk, SIM_EPOCH);
    err = provision(h, d);
    for (size_t i = 0; i < spec->n_files && err == 0; i++) {
        err = sim_files_make(h->disk, &spec->files[i], w->seed, spec->config.name.s);
        if (err != 0) {
            (void)sw_diag_set(d, err, "node %s: files %s: %s", spec->config.name.s,
                              spec->files[i].path, sw_strerror(err));
        }
    }
    if (err == 0) {
        *out = h;
        return 0;
    }
fail:
    sim_host_free(h);
    return err;
}

void sim_host_free(struct sim_host *h)
{
    if (h == NULL) {
        return;
    }
    sim_host_free_jobs(h);
    sw_front_free(h->front);
    sw_node_free(h->node);
    sim_processor_free(h->processor);
    sim_disk_free(h->disk);
    free(h);
}

void sim_host_start(struct sim_host *h)
{
    struct sim_world *w = h->w;
    if (h->node != NULL || h->down > 0) {
        return;
    }
    const struct sw_rng_key key = sw_rng_key(w->seed, "node", h->config->name.s);
    const struct sw_node_options node = { .seed = sw_rng_at(key, h->life, 0),
                                          .buggify = w->buggify ? &h->buggify : NULL,
                                          .truth = &w->truth,
                                          .planted = w->hooks.planted,
                                          .shelf = &w->shelf.shelf,
                                          .scratch = &w->scratch,
                                          .verifier = &w->signatures.verifier };

    const struct sw_front_options front = { .number = 0 };
    h->life++;
    h->node = sw_node_new(&node);
    h->front = sw_front_new(&front);
    if (h->node == NULL || h->front == NULL) {
        sim_out_of_memory("a node");
    }
    const struct sim_conn_end end = { &sim_host_peers, h };
    sim_conns_listen(w->conns, h->index, &end);
    sim_clientele_paths_changed(w->clientele);
    sim_trace(w->engine, h->index, SIM_KIND_START, NULL, 0);
    sim_host_because(h, (struct sim_luck){ UINT64_MAX - h->index, sim_now(w->engine) });
    struct sw_event ev = sim_host_event(h, SW_EV_CONFIGURE);
    ev.u.configure = h->config;
    h->wants_entropy = true;
    sim_host_step(h, &ev);
}

static void drop_datagrams(struct sim_host *h)
{
    while (h->datagrams != NULL) {
        struct sim_datagram *next = h->datagrams->next;
        sim_pool_put(&h->w->pool, h->datagrams, sizeof *next + h->datagrams->len);
        h->datagrams = next;
    }
}

/* Whoever asked learns that the node is gone. */
static void fail_commands(struct sim_host *h)
{
    while (h->commands != NULL) {
        struct command *c = h->commands;
        h->commands = c->next;
        c->reply(c->arg, 14, "the node went away", (struct sw_bytes){ NULL, 0 }, true);
        sim_pool_put(&h->w->pool, c, sizeof *c);
    }
}

static void crash_disk(struct sim_host *h, enum sim_death how)
{
    switch (how) {
    case SIM_PROCESS_DIES:
        sim_disk_leave(h->disk);
        break;
    case SIM_MACHINE_DIES:
        sim_disk_crash(h->disk);
        break;
    case SIM_POWER_TEARS:
        sim_disk_tear(h->disk);
        break;
    }
}

void sim_host_kill(struct sim_host *h, enum sim_death how)
{
    struct sim_world *w = h->w;
    const bool silent = how != SIM_PROCESS_DIES;
    if (h->down++ > 0) {
        if (silent) {
            crash_disk(h, how);
            sim_conns_host_gone(w->conns, h->index, true);
        }
        return;
    }
    h->down += h->stopping; /* those restarts end with a revive */
    h->stopping = 0;
    sim_trace(w->engine, h->index, SIM_KIND_DEATH, NULL, 0);
    h->life++;
    if (h->lost_at == SW_TIME_NEVER) {
        h->lost_at = sim_now(w->engine);
        h->disks_at_loss = h->disks;
    }
    sim_processor_reset(h->processor);
    crash_disk(h, how);
    sim_conns_host_gone(w->conns, h->index, silent);
    sim_cancel(w->engine, h->tick);
    h->tick = 0;
    h->tick_at = SW_TIME_NEVER;
    sim_host_drop_mails(h);
    drop_datagrams(h);
    sim_host_drop_jobs(h);
    sw_front_free(h->front);
    h->front = NULL;
    sw_node_free(h->node);
    h->node = NULL;
    h->view = NULL;
    h->n_retired = 0;
    h->wants_entropy = false;
    sim_clientele_paths_changed(w->clientele);
    fail_commands(h);
    sim_host_drop_late(h);
}

void sim_host_revive(struct sim_host *h)
{
    if (h->down == 0 || --h->down > 0) {
        return;
    }
    if (h->disks == h->disks_at_loss) {
        h->lost_at = SW_TIME_NEVER;
    }
    sim_conns_host_back(h->w->conns, h->index);
    sim_host_start(h);
}

void sim_host_burn(struct sim_host *h)
{
    sim_disk_wipe(h->disk);
    h->disks++;
    if (h->lost_at == SW_TIME_NEVER) {
        h->lost_at = sim_now(h->w->engine);
    }
    (void)provision(h, NULL); /* it fitted before */
}

void sim_host_lie(struct sim_host *h, double factor)
{
    h->understates = factor;
}

void sim_host_silence(struct sim_host *h, double share)
{
    h->silent = share;
}

/* ---- datagrams and streams of clients ---- */

static void unlink_datagram(struct sim_host *h, struct sim_datagram *d)
{
    if (d->previous != NULL) {
        d->previous->next = d->next;
    } else {
        h->datagrams = d->next;
    }
    if (d->next != NULL) {
        d->next->previous = d->previous;
    }
}

static void give_stream(struct sim_host *h, const struct sim_datagram *d)
{
    struct sw_event ev = sim_host_event(h, SW_EV_STREAM_OPEN);
    ev.u.stream_open = d->client;
    sim_host_step_front(h, &ev);
    ev = sim_host_event(h, SW_EV_STREAM_DATA);
    ev.arrived_at = d->arrived_at;
    ev.u.stream_data.stream = d->client.stream;
    ev.u.stream_data.data = (struct sw_bytes){ d->data, d->len };
    sim_host_step_front(h, &ev);
    sim_host_set_tick(h);
}

static void datagram_served(void *self, uint64_t arg)
{
    (void)arg;
    struct sim_datagram *d = self;
    struct sim_host *h = d->host;
    unlink_datagram(h, d);
    sim_trace(h->w->engine, h->index, SIM_KIND_DATAGRAM, d->data, d->len);
    sim_host_because(h, d->luck);
    if (d->client.stream != 0) {
        give_stream(h, d);
    } else {
        struct sw_event ev = sim_host_event(h, SW_EV_DATAGRAM);
        ev.arrived_at = d->arrived_at;
        ev.u.datagram.client = d->client;
        ev.u.datagram.message = (struct sw_bytes){ d->data, d->len };
        sim_host_step_front(h, &ev);
    }
    sim_pool_put(&h->w->pool, d, sizeof *d + d->len);
}

uint64_t sim_host_request_of(struct sim_luck luck)
{
    return sim_luck_child(luck, luck.of).step;
}

/* Queue @d, of what kind @as says, or drop it. */
static void queue_datagram(struct sim_host *h, struct sim_datagram *d, enum sim_request as,
                           sim_fn served)
{
    if (h->node == NULL ||
        !sim_processor_submit_as(h->processor, as, sim_host_request_of(d->luck), served, d, 0)) {
        sim_pool_put(&h->w->pool, d, sizeof *d + d->len);
        return;
    }
    d->previous = NULL;
    d->next = h->datagrams;
    if (h->datagrams != NULL) {
        h->datagrams->previous = d;
    }
    h->datagrams = d;
}

void sim_host_datagram(struct sim_host *h, struct sim_datagram *d)
{
    d->arrived_at = sim_now(h->w->engine);
    queue_datagram(h, d, SIM_REQUEST_QUERY, datagram_served);
}

static void forwarding_served(void *self, uint64_t arg)
{
    (void)arg;
    struct sim_datagram *d = self;
    struct sim_host *h = d->host;
    unlink_datagram(h, d);
    sim_host_because(h, sim_luck_child(d->luck, SIM_REQUEST_FORWARD));
    struct sw_event ev = sim_host_event(h, SW_EV_QUERY);
    ev.arrived_at = d->arrived_at;
    ev.u.query.client = d->client;
    ev.u.query.message = (struct sw_bytes){ d->data, d->len };
    sim_host_step(h, &ev);
    sim_pool_put(&h->w->pool, d, sizeof *d + d->len);
}

void sim_host_forward(struct sim_host *h, const struct sw_client *client, struct sw_bytes message,
                      sw_time arrived_at)
{
    struct sim_datagram *d = sim_pool_get(&h->w->pool, sizeof *d + message.len);
    *d = (struct sim_datagram){ .host = h,
                                .client = *client,
                                .luck = h->cause,
                                .arrived_at = arrived_at,
                                .len = (uint32_t)message.len };
    memcpy(d->data, message.data, message.len);
    queue_datagram(h, d, SIM_REQUEST_FORWARD, forwarding_served);
}

void sim_host_stream_event(struct sim_host *h, enum sw_event_kind kind, uint64_t stream)
{
    if (h->front == NULL) {
        return;
    }
    struct sw_event ev = sim_host_event(h, kind);
    if (kind == SW_EV_STREAM_CLOSED) {
        ev.u.stream_closed = stream;
    } else {
        ev.u.stream_writable = stream;
    }
    sim_host_hear(h, &ev, (struct sim_luck){ stream, ev.now });
}

/* ---- upstreams ---- */

struct heard {
    struct sim_host *host;
    uint64_t life, id;
    struct sim_luck luck;
    size_t len;
    uint8_t message[];
};

static void upstream_read(void *self, uint64_t arg)
{
    (void)arg;
    struct heard *m = self;
    struct sim_host *h = m->host;
    if (h->life == m->life) {
        struct sw_event ev = sim_host_event(h, SW_EV_UPSTREAM);
        ev.u.upstream.id = m->id;
        ev.u.upstream.message = (struct sw_bytes){ m->message, m->len };
        sim_trace(h->w->engine, h->index, SIM_KIND_SAID, m->message, m->len);
        sim_host_because(h, m->luck);
        sim_host_step(h, &ev);
    }
    sim_pool_put(&h->w->pool, m, sizeof *m + m->len);
}

void sim_host_upstream(struct sim_host *h, uint64_t life, uint64_t id, struct sw_bytes message,
                       struct sim_luck luck)
{
    if (h->node == NULL || h->life != life) {
        return;
    }
    struct heard *m = sim_pool_get(&h->w->pool, sizeof *m + message.len);
    *m = (struct heard){ h, life, id, luck, message.len };
    if (message.len > 0) {
        memcpy(m->message, message.data, message.len);
    }
    sim_processor_urgent(h->processor, upstream_read, m, 0);
}

uint64_t sim_host_life(const struct sim_host *h)
{
    return h->life;
}

/* ---- operators ---- */

struct asked {
    struct sim_host *host;
    sim_reply_fn reply;
    void *arg;
    const char *method;
    size_t len;
    uint8_t request[];
};

static void give_command(void *self, uint64_t arg)
{
    (void)arg;
    struct asked *a = self;
    struct sim_host *h = a->host;
    if (sim_host_put_off(h, give_command, a)) {
        return;
    }
    if (h->node == NULL) {
        a->reply(a->arg, 14, "the node is down", (struct sw_bytes){ NULL, 0 }, true);
    } else {
        struct command *c = sim_pool_get(&h->w->pool, sizeof *c);
        *c = (struct command){ h->commands, ++h->command_id, a->reply, a->arg };
        h->commands = c;
        struct sw_event ev = sim_host_event(h, SW_EV_COMMAND);
        ev.u.command.id = c->id;
        ev.u.command.method = a->method;
        ev.u.command.request = (struct sw_bytes){ a->request, a->len };
        sim_trace(h->w->engine, h->index, SIM_KIND_COMMAND, a->request, a->len);
        sim_host_because(h, (struct sim_luck){ UINT64_MAX - h->index, ev.now });
        sim_host_step(h, &ev);
    }
    sim_pool_put(&h->w->pool, a, sizeof *a + a->len);
}

void sim_host_command(struct sim_host *h, const char *method, struct sw_bytes request,
                      sim_reply_fn reply, void *arg)
{
    struct asked *a = sim_pool_get(&h->w->pool, sizeof *a + request.len);
    a->host = h;
    a->reply = reply;
    a->arg = arg;
    a->method = method;
    a->len = request.len;
    if (request.len > 0) {
        memcpy(a->request, request.data, request.len);
    }
    (void)sim_at(h->w->engine, sim_now(h->w->engine), give_command, a, 0);
}

/* ---- looking in ---- */

bool sim_host_true_load(void *world, const struct sw_name *node, struct sw_load *out)
{
    const struct sim_world *w = world;
    const uint32_t i = sim_find_node(w->s, node->s);
    const struct sim_host *h = i != UINT32_MAX ? w->hosts[i] : NULL;
    if (h == NULL || h->node == NULL) {
        return false;
    }
    *out = sim_processor_load(h->processor);
    out->waiting += sim_conns_coming(w->conns, i);
    return true;
}

struct sim_world *sim_host_world(const struct sim_host *h)
{
    return h->w;
}

uint32_t sim_host_index(const struct sim_host *h)
{
    return h->index;
}

struct sim_place sim_host_place(const struct sim_host *h)
{
    return h->place;
}

const struct sw_config *sim_host_config(const struct sim_host *h)
{
    return h->config;
}

const struct sw_node *sim_host_node(const struct sim_host *h)
{
    return h->node;
}

struct sim_disk_state *sim_host_disk(const struct sim_host *h)
{
    return h->disk;
}

struct sim_processor_state *sim_host_processor(const struct sim_host *h)
{
    return h->processor;
}

const struct sw_buggify *sim_host_buggify(const struct sim_host *h)
{
    return &h->buggify;
}

uint32_t sim_host_disk_number(const struct sim_host *h)
{
    return h->disks;
}

sw_time sim_host_lost_at(const struct sim_host *h)
{
    return h->lost_at;
}
