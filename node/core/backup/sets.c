/* SPDX-License-Identifier: GPL-3.0-or-later
 * From "due" to a SNAPSHOT job, and from its DONE to the holders. */
#include "node/core/backup/sets.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "node/core/backup/loop.h"
#include "node/core/backup/store.h"
#include "node/core/proto/job.pb-c.h"

static struct sw_set *find(const struct sw_backup *b, const struct sw_name *name)
{
    for (size_t i = 0; i < b->sets.n; i++) {
        if (sw_name_equal(&b->sets.v[i].name, name)) {
            return &b->sets.v[i];
        }
    }
    return NULL;
}

void sw_waiters_refuse(struct sw_backup *b, struct sw_waiters *w, int status, const char *reason)
{
    for (size_t i = 0; i < w->n; i++) {
        sw_backup_refuse(b, w->command[i], (enum sw_backup_status)status, reason);
    }
    w->n = 0;
}

int sw_sets_configure(struct sw_backup *b, const struct sw_config *cfg)
{
    struct sw_set *v = calloc(cfg->n_sets + 1, sizeof *v);
    if (v == NULL) {
        return SW_ERR_NOMEM;
    }
    b->sets.configured++;
    for (size_t i = 0; i < cfg->n_sets; i++) {
        struct sw_set *old = find(b, &cfg->sets[i].name);
        if (old != NULL) {
            v[i] = *old;
            old->waiting.n = 0;
            old->served.n = 0;
        } else {
            v[i].name = cfg->sets[i].name;
        }
        v[i].cfg = &cfg->sets[i];
    }
    for (size_t i = 0; i < b->sets.n; i++) {
        sw_waiters_refuse(b, &b->sets.v[i].waiting, SW_BACKUP_ABORTED, "the set was removed");
        sw_waiters_refuse(b, &b->sets.v[i].served, SW_BACKUP_ABORTED, "the set was removed");
    }
    free(b->sets.v);
    b->sets.v = v;
    b->sets.n = cfg->n_sets;
    return SW_OK;
}

/* When a set is due whose last snapshot is from @taken_at: the wall clock may be wrong, so that
 * counts for at most one interval. */
static sw_time due_after(const struct sw_backup *b, const struct sw_set *s)
{
    const sw_time now = sw_backup_now(b);
    const sw_wall wall = b->host.wall(b->host.self);
    if (s->cfg->every == 0) {
        return SW_TIME_NEVER;
    }
    if (s->sequence == 0) {
        return now;
    }
    const sw_dur age = wall > s->taken_at ? (sw_dur)(wall - s->taken_at) : 0;
    return age >= s->cfg->every ? now : now + (s->cfg->every - age);
}

void sw_sets_begin(struct sw_backup *b)
{
    for (size_t i = 0; i < b->sets.n; i++) {
        struct sw_set *s = &b->sets.v[i];
        const struct sw_stocked *newest = NULL;
        if (sw_stock_heads(&b->stock, &b->cfg->name, &s->name, &newest, 1) == 1 &&
            newest->sequence > s->sequence) {
            s->sequence = newest->sequence;
            s->manifest = newest->name;
            s->taken_at = newest->taken_at;
            s->learned = true;
        }
        s->due = due_after(b, s);
    }
    for (struct sw_holder *h = sw_holder_next(b, NULL); h != NULL; h = sw_holder_next(b, h)) {
        sw_sets_peer_up(b, h);
    }
}

/* ---- what peers hold ---- */

void sw_sets_peer_up(struct sw_backup *b, struct sw_holder *h)
{
    for (size_t i = 0; b->ready && h->up && i < b->sets.n; i++) {
        struct sw_set *s = &b->sets.v[i];
        if (sw_send_heads_get(b, h, &b->cfg->name, &s->name) != SW_OK) {
            continue;
        }
        h->heads_owed++;
        s->answers_owed++;
        s->asked_at = s->asked ? s->asked_at : sw_backup_now(b);
        s->asked = true;
    }
}

/* A number that a peer has for something else must not be used again, nor may what we took be
 * older by number: a node that lost its store and began anew learns here how far it had come. */
static void learn(struct sw_set *s, const Swarm__V1__Head *head)
{
    struct sw_digest name;
    const bool read = sw_digest_from(head->name, &name);
    s->confirmed = s->confirmed || (read && memcmp(name.b, s->manifest.b, SW_DIGEST_LEN) == 0);
    if (!read || head->sequence > INT64_MAX || head->sequence < s->sequence ||
        memcmp(name.b, s->manifest.b, SW_DIGEST_LEN) == 0) {
        return;
    }
    s->wanted = s->wanted || (s->learned && s->sequence > 0);
    s->sequence = head->sequence;
    s->manifest = name;
    s->taken_at = head->taken_at;
    s->confirmed = true;
}

void sw_sets_heads(struct sw_backup *b, struct sw_holder *h, const Swarm__V1__Heads *m)
{
    struct sw_name node;
    struct sw_name name;
    if (h->heads_owed == 0 || b->cfg == NULL || !sw_name_from(m->node, &node) ||
        !sw_name_from(m->set, &name) || !sw_name_equal(&node, &b->cfg->name)) {
        return;
    }
    h->heads_owed--;
    struct sw_set *s = find(b, &name);
    if (s == NULL || s->running) {
        return;
    }
    for (size_t i = 0; i < m->n_heads; i++) {
        learn(s, m->heads[i]);
    }
    s->answers_owed -= s->answers_owed > 0 ? 1 : 0;
    s->learned = s->learned || s->answers_owed == 0;
}

/* ---- taking one ---- */

static void failed(struct sw_backup *b, struct sw_set *s, uint64_t sequence, int err,
                   const char *reason)
{
    sw_backup_trace(b, SW_TRACE_SNAPSHOT_FAILED, NULL, NULL, sequence, (uint64_t)err, s->name.s);
    sw_waiters_refuse(b, &s->served, SW_BACKUP_INTERNAL, reason);
    if (s->cfg->every != 0) {
        const sw_dur wait = s->cfg->every < SW_SET_RETRY ? s->cfg->every : SW_SET_RETRY;
        s->due = sw_backup_now(b) + wait;
    }
}

static void snapshot_ok(struct sw_backup *b, struct sw_set *s, const struct sw_ticket *t,
                        const Swarm__Job__SnapshotResult *r)
{
    const Swarm__Job__ObjectRef *last = r->n_objects > 0 ? r->objects[r->n_objects - 1] : NULL;
    struct sw_spread_options o = {
        .set = s->name, .sequence = t->tag, .taken_at = s->taken_at, .waiting = s->served
    };
    if (last == NULL || !sw_digest_from(last->name, &s->manifest)) {
        failed(b, s, t->tag, SW_ERR_MALFORMED, "the snapshot's result does not read");
        return;
    }
    s->served.n = 0;
    s->confirmed = true;
    sw_backup_trace(b, SW_TRACE_SNAPSHOT_SEALED, NULL, &s->manifest, t->tag, r->n_objects - 1,
                    s->name.s);
    const int err = sw_replicate_begin(b, &o, r);
    if (err != SW_OK) {
        sw_backup_trace(b, SW_TRACE_SNAPSHOT_FAILED, NULL, NULL, t->tag, (uint64_t)err, s->name.s);
    }
}

static void snapshot_done(struct sw_backup *b, struct sw_ticket *t, const struct sw_job *job)
{
    struct sw_set *s = find(b, &t->peer); /* the set's name */
    Swarm__Job__SnapshotResult *r =
        job->out.data != NULL
            ? swarm__job__snapshot_result__unpack(NULL, job->out.len, job->out.data)
            : NULL;
    if (s != NULL && s->running && s->number == t->offset) {
        s->running = false;
        if (job->status != SW_OK || r == NULL) {
            const int err = job->status != SW_OK ? job->status : SW_ERR_NOMEM;
            failed(b, s, t->tag, err, sw_strerror(err));
        } else {
            snapshot_ok(b, s, t, r);
        }
    }
    if (r != NULL) {
        swarm__job__snapshot_result__free_unpacked(r, NULL);
    }
    sw_sets_tick(b);
    sw_replicate_pump(b);
}

static int submit(struct sw_backup *b, struct sw_set *s)
{
    Swarm__Job__SnapshotJob j = SWARM__JOB__SNAPSHOT_JOB__INIT;
    static const struct sw_digest zero;
    uint8_t entropy[32];
    const struct sw_ticket t = {
        .done = snapshot_done, .tag = s->sequence + 1, .offset = s->number + 1, .peer = s->name
    };
    int err = b->host.draw(b->host.self, entropy, sizeof entropy);
    if (err != SW_OK) {
        return err;
    }
    s->taken_at = b->host.wall(b->host.self);
    j.store = b->store;
    j.node = (char *)(uintptr_t)b->cfg->name.s;
    j.set = s->name.s;
    j.path = s->cfg->path;
    j.recipient = (ProtobufCBinaryData){ 32, (uint8_t *)(uintptr_t)s->cfg->recipient };
    j.identity = (ProtobufCBinaryData){ 32, (uint8_t *)(uintptr_t)b->cfg->identity };
    j.entropy = (ProtobufCBinaryData){ sizeof entropy, entropy };
    j.sequence = s->sequence + 1;
    j.taken_at = s->taken_at;
    if (memcmp(s->manifest.b, zero.b, SW_DIGEST_LEN) != 0) {
        j.previous = (ProtobufCBinaryData){ SW_DIGEST_LEN, s->manifest.b };
    }
    err = sw_ticket_submit(b, SW_JOB_SNAPSHOT, &j.base, &t, NULL);
    sodium_memzero(entropy, sizeof entropy);
    return err;
}

static void take(struct sw_backup *b, struct sw_set *s)
{
    const sw_time now = sw_backup_now(b);
    const int err = submit(b, s);
    s->wanted = false;
    s->served = s->waiting;
    s->waiting.n = 0;
    s->due = s->cfg->every != 0 ? now + s->cfg->every : SW_TIME_NEVER;
    if (err != SW_OK) {
        failed(b, s, s->sequence + 1, err, sw_strerror(err));
        return;
    }
    s->running = true;
    s->number++;
    s->sequence++;
    sw_backup_trace(b, SW_TRACE_SNAPSHOT_BEGUN, NULL, NULL, s->sequence, 0, s->name.s);
}

/* Is it known which number comes next?  Without a peer that knows, wait for one: nobody else
 * could keep the snapshot either. */
static bool may_take(struct sw_backup *b, struct sw_set *s)
{
    if (!s->learned && s->asked && sw_backup_now(b) >= s->asked_at + SW_SET_ASK) {
        s->learned = true;
    }
    s->learned = s->learned || sw_holder_next(b, NULL) == NULL; /* a node alone */
    return b->ready && !s->running && s->learned;
}

/* Peers are being asked whether anybody has the newest snapshot. */
static bool is_doubtful(const struct sw_set *s)
{
    return s->asked && !s->confirmed && s->sequence > 0 && s->cfg->every != 0;
}

/* We died before the newest snapshot reached anybody: take another, now.  (Only on a schedule:
 * who asked for one by hand saw his command fail.) */
static void catch_up(const struct sw_backup *b, struct sw_set *s)
{
    if (is_doubtful(s) && sw_backup_now(b) >= s->asked_at + SW_SET_ASK) {
        s->confirmed = true;
        s->wanted = true;
    }
}

void sw_sets_tick(struct sw_backup *b)
{
    const sw_time now = sw_backup_now(b);
    for (size_t i = 0; b->ready && !b->draining && i < b->sets.n; i++) {
        struct sw_set *s = &b->sets.v[i];
        s->wanted = s->wanted || s->due <= now;
        catch_up(b, s);
        if (s->wanted && may_take(b, s)) {
            take(b, s);
        }
    }
}

sw_time sw_sets_deadline(const struct sw_backup *b)
{
    sw_time first = SW_TIME_NEVER;
    for (size_t i = 0; b->ready && !b->draining && i < b->sets.n; i++) {
        const struct sw_set *s = &b->sets.v[i];
        const bool wanted = s->wanted || s->due <= sw_backup_now(b);
        sw_time at = wanted ? SW_TIME_NEVER : s->due;
        if (is_doubtful(s)) {
            at = at < s->asked_at + SW_SET_ASK ? at : s->asked_at + SW_SET_ASK;
        }
        if (wanted && !s->running) {
            at = s->learned ? sw_backup_now(b) : SW_TIME_NEVER;
            at = !s->learned && s->asked ? s->asked_at + SW_SET_ASK : at;
        }
        first = at < first ? at : first;
    }
    return first;
}

void sw_sets_command(struct sw_backup *b, uint64_t command, const char *set)
{
    struct sw_name name;
    struct sw_set *s = sw_name_from(set, &name) ? find(b, &name) : NULL;
    if (b->store == NULL) {
        sw_backup_refuse(b, command, SW_BACKUP_PRECONDITION, "this node has no store");
    } else if (s == NULL) {
        sw_backup_refuse(b, command, SW_BACKUP_NOT_FOUND, "this node has no set of that name");
    } else if (b->draining) {
        sw_backup_refuse(b, command, SW_BACKUP_UNAVAILABLE, "this node is draining");
    } else if (s->waiting.n == SW_SET_COMMANDS) {
        sw_backup_refuse(b, command, SW_BACKUP_EXHAUSTED, "too many wait for this set");
    } else {
        s->waiting.command[s->waiting.n++] = command;
        s->wanted = true;
        sw_sets_tick(b);
    }
}

void sw_sets_drain(struct sw_backup *b)
{
    for (size_t i = 0; i < b->sets.n; i++) {
        if (!b->sets.v[i].running) {
            sw_waiters_refuse(b, &b->sets.v[i].waiting, SW_BACKUP_UNAVAILABLE,
                              "this node is draining");
        }
    }
}

void sw_sets_fini(struct sw_sets *s)
{
    free(s->v);
    *s = (struct sw_sets){ 0 };
}
