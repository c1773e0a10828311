/* SPDX-License-Identifier: GPL-3.0-or-later
 * The module's own life: configuration, inventory, and who gets which event. */
#include "node/core/backup/backup.h"

#include <stdlib.h>
#include <string.h>

#include "node/core/backup/loop.h"
#include "node/core/backup/store.h"
#include "node/core/proto/job.pb-c.h"

#define RETRY (30 * SW_SEC) /* after an inventory that failed */

void sw_backup_trace(struct sw_backup *b, enum sw_trace_kind kind, const struct sw_name *peer,
                     const struct sw_digest *object, uint64_t va, uint64_t vb, const char *text)
{
    struct sw_trace t = { .kind = kind, .a = va, .b = vb, .text = text != NULL ? text : "" };
    if (peer != NULL) {
        t.peer = *peer;
    }
    if (object != NULL) {
        t.object = *object;
    }
    b->host.trace(b->host.self, &t);
}

void sw_backup_refuse(struct sw_backup *b, uint64_t command, enum sw_backup_status status,
                      const char *reason)
{
    b->host.reply(b->host.self, command, (int)status, reason, (struct sw_bytes){ 0 });
}

void sw_backup_answer(struct sw_backup *b, uint64_t command, const ProtobufCMessage *reply)
{
    struct sw_blob bytes = { 0 };
    if (sw_message_pack(reply, &bytes) == SW_OK) {
        b->host.reply(b->host.self, command, SW_BACKUP_OK, "", sw_blob_bytes(&bytes));
    } else {
        sw_backup_refuse(b, command, SW_BACKUP_EXHAUSTED, sw_strerror(SW_ERR_NOMEM));
    }
    sw_blob_fini(&bytes);
}

struct sw_backup *sw_backup_new(const struct sw_backup_host *host)
{
    struct sw_backup *b = calloc(1, sizeof *b);
    if (b != NULL) {
        b->host = *host;
        b->retry_at = SW_TIME_NEVER;
    }
    return b;
}

void sw_backup_free(struct sw_backup *b)
{
    if (b == NULL) {
        return;
    }
    sw_recovers_fini(&b->recovers);
    sw_replicate_fini(&b->replicate);
    sw_sets_fini(&b->sets);
    sw_serve_fini(&b->serve);
    sw_holders_fini(&b->holders);
    sw_stock_fini(&b->stock);
    sw_tickets_fini(&b->tickets);
    free(b->store);
    free(b);
}

static void hear(struct sw_backup *b)
{
    b->now = b->host.now(b->host.self);
}

/* ---- configuration and inventory ---- */

static void inventory_done(struct sw_backup *b, struct sw_ticket *t, const struct sw_job *job)
{
    if (t->tag != b->stores_read) {
        return; /* of a store that is no longer ours */
    }
    int err = job->status;
    if (err == SW_OK) {
        err = sw_stock_fill(&b->stock, job);
    }
    if (err != SW_OK) { /* without knowing what is there, neither keep nor promise anything */
        sw_stock_fini(&b->stock);
        b->retry_at = sw_backup_now(b) + RETRY;
        return;
    }
    b->ready = true;
    sw_sets_begin(b);
    sw_sets_tick(b);
    sw_recover_tick(b);
}

static int read_store(struct sw_backup *b)
{
    Swarm__Job__InventoryJob j = SWARM__JOB__INVENTORY_JOB__INIT;
    const struct sw_ticket t = { .done = inventory_done, .tag = ++b->stores_read };
    b->retry_at = SW_TIME_NEVER;
    j.store = b->store;
    return sw_ticket_submit(b, SW_JOB_INVENTORY, &j.base, &t, NULL);
}

/* Another store: all that was about the old one ends. */
static int change_store(struct sw_backup *b, const char *path)
{
    char *copy = NULL;
    if (path != NULL && path[0] != '\0') {
        copy = malloc(strlen(path) + 1);
        if (copy == NULL) {
            return SW_ERR_NOMEM;
        }
        memcpy(copy, path, strlen(path) + 1);
    }
    sw_recover_cancel(b, "the store was changed");
    sw_replicate_cancel(b);
    for (struct sw_holder *h = sw_holder_next(b, NULL); h != NULL; h = sw_holder_next(b, h)) {
        sw_serve_drop(b, h);
    }
    sw_stock_fini(&b->stock);
    free(b->store);
    b->store = copy;
    b->ready = copy == NULL;
    return copy != NULL ? read_store(b) : SW_OK;
}

int sw_backup_configure(struct sw_backup *b, const struct sw_config *cfg)
{
    hear(b);
    const char *now = b->store != NULL ? b->store : "";
    const char *then = cfg->store != NULL ? cfg->store : "";
    const bool first = b->cfg == NULL;
    int err = sw_sets_configure(b, cfg);
    if (err != SW_OK) {
        return err;
    }
    b->cfg = cfg;
    err = sw_holders_refresh(b);
    if (err == SW_OK && (first || strcmp(now, then) != 0)) {
        err = change_store(b, then);
    } else if (err == SW_OK && b->ready && b->store != NULL) {
        sw_sets_begin(b);
        sw_replicate_retry(b);
        sw_replicate_pump(b);
    }
    return err;
}

bool sw_backup_ready(const struct sw_backup *b)
{
    return b->cfg != NULL && b->ready;
}

/* ---- events ---- */

void sw_backup_on_done(struct sw_backup *b, const struct sw_job *job)
{
    hear(b);
    sw_ticket_settle(b, job);
}

void sw_backup_on_message(struct sw_backup *b, const struct sw_name *peer,
                          const Swarm__V1__Envelope *e)
{
    hear(b);
    struct sw_holder *h = b->cfg != NULL && b->store != NULL ? sw_holder_find(b, peer) : NULL;
    if (h == NULL || !h->up) {
        return;
    }
    switch (e->body_case) {
    case SWARM__V1__ENVELOPE__BODY_OBJECT_PUT:
        sw_serve_put(b, h, e->object_put);
        break;
    case SWARM__V1__ENVELOPE__BODY_OBJECT_STORED:
        sw_replicate_stored(b, h, e->object_stored);
        break;
    case SWARM__V1__ENVELOPE__BODY_OBJECT_GET:
        sw_serve_get(b, h, e->object_get);
        break;
    case SWARM__V1__ENVELOPE__BODY_OBJECT_DATA:
        if (!sw_replicate_data(b, h, e->object_data)) {
            sw_recover_data(b, h, e->object_data);
        }
        break;
    case SWARM__V1__ENVELOPE__BODY_HEADS_GET:
        sw_serve_heads_get(b, h, e->heads_get);
        break;
    case SWARM__V1__ENVELOPE__BODY_HEADS:
        sw_recover_heads(b, h, e->heads);
        sw_sets_heads(b, h, e->heads);
        sw_sets_tick(b);
        break;
    default:
        break;
    }
}

void sw_backup_on_peer_up(struct sw_backup *b, const struct sw_backup_peer *peer)
{
    hear(b);
    struct sw_holder *h = b->cfg != NULL ? sw_holder_take(b, peer) : NULL;
    if (h == NULL || (b->holders.behind && sw_holders_refresh(b) != SW_OK)) {
        b->holders.behind = true;
        return; /* the next event about a peer tries again */
    }
    b->holders.behind = false;
    h->up = true;
    h->blocked = false;
    h->avoid = 0;
    h->heads_owed = 0;
    if (b->store == NULL) {
        return;
    }
    sw_sets_peer_up(b, h);
    sw_sets_tick(b);
    sw_recover_peer_up(b, h);
    sw_replicate_retry(b);
    sw_replicate_pump(b);
}

void sw_backup_on_peer_down(struct sw_backup *b, const struct sw_name *peer)
{
    hear(b);
    struct sw_holder *h = sw_holder_find(b, peer);
    if (h == NULL) {
        return;
    }
    h->up = false;
    h->blocked = false;
    h->life++;
    sw_serve_drop(b, h);
    sw_replicate_peer_down(b, h);
    sw_recover_peer_down(b, h);
    sw_replicate_pump(b);
}

void sw_backup_on_peer_blocked(struct sw_backup *b, const struct sw_name *peer)
{
    struct sw_holder *h = sw_holder_find(b, peer);
    if (h != NULL) {
        h->blocked = true;
    }
}

void sw_backup_on_peer_writable(struct sw_backup *b, const struct sw_name *peer)
{
    hear(b);
    struct sw_holder *h = sw_holder_find(b, peer);
    if (h != NULL) {
        h->blocked = false;
        sw_serve_resume(b, h);
        sw_replicate_pump(b);
    }
}

void sw_backup_snapshot(struct sw_backup *b, uint64_t command,
                        const Swarm__V1__SnapshotRequest *request)
{
    hear(b);
    sw_sets_command(b, command, request->set);
}

void sw_backup_restore(struct sw_backup *b, uint64_t command,
                       const Swarm__V1__RestoreRequest *request)
{
    hear(b);
    sw_recover_command(b, command, request);
}

void sw_backup_tick(struct sw_backup *b)
{
    hear(b);
    if (b->cfg == NULL) {
        return;
    }
    if (b->retry_at <= sw_backup_now(b) && read_store(b) != SW_OK) {
        b->retry_at = sw_backup_now(b) + RETRY;
    }
    sw_serve_tick(b);
    sw_sets_tick(b);
    sw_replicate_tick(b);
    sw_recover_tick(b);
}

static sw_time sooner(sw_time a, sw_time b)
{
    return a < b ? a : b;
}

sw_time sw_backup_deadline(const struct sw_backup *b)
{
    sw_time at = b->retry_at;
    const struct sw_replicate *r = &b->replicate;
    if (b->serve.incoming.count == 0 && b->sets.n == 0 && r->puts == NULL && r->retry_at == 0 &&
        r->spreads == NULL && b->recovers.first == NULL) {
        return at; /* as after most steps of most nodes */
    }
    at = sooner(at, sw_serve_deadline(b));
    at = sooner(at, sw_sets_deadline(b));
    at = sooner(at, sw_replicate_deadline(b));
    return sooner(at, sw_recover_deadline(b));
}

void sw_backup_drain(struct sw_backup *b)
{
    b->draining = true;
    sw_sets_drain(b);
}

bool sw_backup_recovers(const struct sw_backup *b)
{
    return b->recovers.first != NULL;
}

bool sw_backup_idle(const struct sw_backup *b)
{
    return b->tickets.by_id.count == 0 && b->replicate.n_puts == 0 && b->recovers.first == NULL;
}

void sw_backup_counts(const struct sw_backup *b, uint64_t *objects, uint64_t *bytes)
{
    *objects = b->stock.objects.count;
    *bytes = b->stock.bytes;
}
