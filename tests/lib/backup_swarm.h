/* SPDX-License-Identifier: GPL-3.0-or-later
 * A handful of backup modules that talk to each other: messages and jobs wait in one queue and
 * run in the order in which they came; time passes only when nothing else is left to do. */
#ifndef SW_TESTS_LIB_BACKUP_SWARM_H
#define SW_TESTS_LIB_BACKUP_SWARM_H

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/base/err.h"
#include "node/core/backup/backup.h"
#include "node/core/backup/store.h"
#include "tests/lib/memfs.h"

#define SWARM_NODES 9
#define SWARM_TRACES 4096
#define SWARM_REPLIES 32

struct swarm;

struct swarm_reply {
    uint64_t command;
    int status;
    char reason[128];
    struct sw_blob message;
};

struct swarm_trace {
    enum sw_trace_kind kind;
    char peer[32];
    uint64_t a, b;
};

struct swarm_node {
    struct swarm *swarm;
    size_t number;
    struct sw_name name, region;
    bool up;      /* runs and can be reached */
    bool blocked; /* nothing large to it, its peers were told */
    struct memfs *fs;
    struct sw_backup *backup;
    struct sw_config config;
    struct sw_set_config set;
    uint8_t identity[32]; /* public */
    uint64_t jobs, draws;
    struct swarm_trace traces[SWARM_TRACES];
    size_t n_traces;
    struct swarm_reply replies[SWARM_REPLIES];
    size_t n_replies;
    /* what happens to messages that it sends, when set: true drops it */
    bool (*drop)(struct swarm_node *from, struct swarm_node *to, Swarm__V1__Envelope *e);
};

/* A message under way, or a job that waits. */
struct swarm_item {
    struct swarm_item *next;
    size_t node; /* where it happens */
    size_t from;
    uint64_t life;
    struct sw_job *job;
    struct sw_blob message;
};

struct swarm {
    struct swarm_node *nodes;
    size_t n;
    struct swarm_item *first, **last;
    uint64_t life[SWARM_NODES]; /* counts restarts: what belongs to an older life is gone */
    sw_time now;
    uint64_t steps, waiting, most_waiting; /* bytes of messages under way */
    uint8_t secret[32];
};

static inline void swarm_charge(void *self, enum sw_work work, uint64_t units)
{
    (void)self;
    (void)work;
    (void)units;
}

static inline bool swarm_peer(void *self, size_t i, struct sw_backup_peer *out)
{
    const struct swarm_node *n = self;
    i += i >= n->number ? 1 : 0;
    if (i >= n->swarm->n) {
        return false;
    }
    const struct swarm_node *p = &n->swarm->nodes[i];
    *out = (struct sw_backup_peer){ p->name, p->region, true, p->up && n->up };
    return true;
}

static inline struct swarm_item *swarm_add(struct swarm *s, size_t node, size_t from)
{
    struct swarm_item *i = calloc(1, sizeof *i);
    if (i == NULL) {
        return NULL;
    }
    i->node = node;
    i->from = from;
    i->life = s->life[node];
    *s->last = i;
    s->last = &i->next;
    return i;
}

static inline struct swarm_node *swarm_find(struct swarm *s, const char *name)
{
    for (size_t i = 0; i < s->n; i++) {
        if (strcmp(s->nodes[i].name.s, name) == 0) {
            return &s->nodes[i];
        }
    }
    return NULL;
}

static inline int swarm_send(void *self, const struct sw_name *peer, const Swarm__V1__Envelope *e)
{
    struct swarm_node *n = self;
    struct swarm_node *to = swarm_find(n->swarm, peer->s);
    if (to == NULL || !to->up || !n->up) {
        return SW_ERR_UNREACHABLE;
    }
    struct sw_blob message = { 0 };
    struct swarm_item *i = sw_message_pack(&e->base, &message) == SW_OK
                               ? swarm_add(n->swarm, to->number, n->number)
                               : NULL;
    if (i == NULL) {
        sw_blob_fini(&message);
        return SW_ERR_NOMEM;
    }
    i->message = message;
    n->swarm->waiting += i->message.len;
    if (n->swarm->waiting > n->swarm->most_waiting) {
        n->swarm->most_waiting = n->swarm->waiting;
    }
    return SW_OK;
}

static inline int swarm_submit(void *self, enum sw_job_kind kind, enum sw_strand strand,
                               struct sw_blob *in, uint64_t *id)
{
    struct swarm_node *n = self;
    struct sw_job *job = calloc(1, sizeof *job);
    struct swarm_item *i = job != NULL ? swarm_add(n->swarm, n->number, n->number) : NULL;
    if (i == NULL) {
        free(job);
        sw_blob_fini(in);
        return SW_ERR_NOMEM;
    }
    i->job = job;
    i->job->id = ++n->jobs;
    i->job->kind = kind;
    i->job->strand = strand;
    i->job->in = *in;
    *in = (struct sw_blob){ 0 };
    *id = i->job->id;
    return SW_OK;
}

static inline void swarm_trace(void *self, const struct sw_trace *t)
{
    struct swarm_node *n = self;
    if (n->n_traces < SWARM_TRACES) {
        struct swarm_trace *k = &n->traces[n->n_traces++];
        k->kind = t->kind;
        memcpy(k->peer, t->peer.s, sizeof k->peer);
        k->a = t->a;
        k->b = t->b;
    }
}

static inline void swarm_reply(void *self, uint64_t command, int status, const char *reason,
                               struct sw_bytes message)
{
    struct swarm_node *n = self;
    if (n->n_replies == SWARM_REPLIES) {
        return;
    }
    struct swarm_reply *r = &n->replies[n->n_replies++];
    r->command = command;
    r->status = status;
    (void)snprintf(r->reason, sizeof r->reason, "%s", reason);
    (void)sw_blob_append(&r->message, message.data, message.len);
}

static inline bool swarm_reach(void *self)
{
    (void)self;
    return false; /* all are connected */
}

static inline int swarm_draw(void *self, uint8_t *out, size_t len)
{
    struct swarm_node *n = self;
    uint8_t seed[randombytes_SEEDBYTES] = { (uint8_t)(n->number + 1), (uint8_t)++n->draws };
    randombytes_buf_deterministic(out, len, seed);
    return SW_OK;
}

static inline sw_time swarm_now(void *self)
{
    return ((struct swarm_node *)self)->swarm->now;
}

static inline sw_wall swarm_wall(void *self)
{
    return (sw_wall)((struct swarm_node *)self)->swarm->now + 1000000000;
}

static inline void swarm_boot(struct swarm_node *n)
{
    const struct sw_backup_host host = {
        .self = n,
        .peer = swarm_peer,
        .send = swarm_send,
        .submit = swarm_submit,
        .trace = swarm_trace,
        .reply = swarm_reply,
        .reach = swarm_reach,
        .draw = swarm_draw,
        .now = swarm_now,
        .wall = swarm_wall,
    };
    n->backup = sw_backup_new(&host);
    n->up = true;
    if (n->backup == NULL || sw_backup_configure(n->backup, &n->config) != SW_OK) {
        abort();
    }
    for (size_t i = 0; i < n->swarm->n; i++) {
        struct swarm_node *p = &n->swarm->nodes[i];
        if (p != n && p->up && p->backup != NULL) {
            const struct sw_backup_peer other = { p->name, p->region, true, true };
            const struct sw_backup_peer self = { n->name, n->region, true, true };
            sw_backup_on_peer_up(n->backup, &other);
            sw_backup_on_peer_up(p->backup, &self);
        }
    }
}

/* The node dies; its disk loses what was not synced. */
static inline void swarm_kill(struct swarm_node *n)
{
    n->up = false;
    n->swarm->life[n->number]++;
    sw_backup_free(n->backup);
    n->backup = NULL;
    memfs_restart(n->fs, 0);
    for (size_t i = 0; i < n->swarm->n; i++) {
        struct swarm_node *p = &n->swarm->nodes[i];
        if (p != n && p->up && p->backup != NULL) {
            sw_backup_on_peer_down(p->backup, &n->name);
        }
    }
}

/* @n nodes in 3 regions, node i in region i % 3; node 0 protects "data" as set "etc". */
static inline void swarm_init(struct swarm *s, size_t n, uint32_t copies)
{
    uint8_t secret[64];
    *s = (struct swarm){ .n = n, .now = 1000 * SW_SEC };
    s->last = &s->first;
    memset(s->secret, 0x22, sizeof s->secret);
    s->nodes = calloc(n, sizeof *s->nodes);
    if (s->nodes == NULL) {
        abort();
    }
    for (size_t i = 0; i < n; i++) {
        struct swarm_node *k = &s->nodes[i];
        k->swarm = s;
        k->number = i;
        k->fs = memfs_new();
        (void)snprintf(k->name.s, sizeof k->name.s, "n%zu", i);
        (void)snprintf(k->region.s, sizeof k->region.s, "r%zu", i % 3);
        k->config.name = k->name;
        k->config.region = k->region;
        k->config.store = (char *)(uintptr_t) "store";
        k->config.copies = copies;
        memset(k->config.identity, (int)(0x40 + i), 32);
        (void)crypto_sign_seed_keypair(k->identity, secret, k->config.identity);
        memcpy(k->set.name.s, "etc", 4);
        k->set.path = (char *)(uintptr_t) "data";
        (void)crypto_scalarmult_base(k->set.recipient, s->secret);
    }
    s->nodes[0].config.sets = &s->nodes[0].set;
    s->nodes[0].config.n_sets = 1;
}

static inline void swarm_item_free(struct swarm_item *i)
{
    if (i->job != NULL) {
        sw_job_free(i->job);
    }
    sw_blob_fini(&i->message);
    free(i);
}

static inline void swarm_fini(struct swarm *s)
{
    while (s->first != NULL) {
        struct swarm_item *i = s->first;
        s->first = i->next;
        swarm_item_free(i);
    }
    for (size_t i = 0; i < s->n; i++) {
        sw_backup_free(s->nodes[i].backup);
        memfs_free(s->nodes[i].fs);
        for (size_t k = 0; k < s->nodes[i].n_replies; k++) {
            sw_blob_fini(&s->nodes[i].replies[k].message);
        }
    }
    free(s->nodes);
}

static inline void swarm_deliver(struct swarm *s, struct swarm_item *i)
{
    struct swarm_node *n = &s->nodes[i->node];
    struct swarm_node *from = &s->nodes[i->from];
    if (i->job != NULL) {
        const struct sw_job_host host = { .fs = memfs_fs(n->fs),
                                          .self = n,
                                          .charge = swarm_charge };
        sw_job_run(i->job, &host);
        sw_backup_on_done(n->backup, i->job);
        return;
    }
    Swarm__V1__Envelope *e = swarm__v1__envelope__unpack(NULL, i->message.len, i->message.data);
    if (e == NULL) {
        return;
    }
    if (from->drop == NULL || !from->drop(from, n, e)) {
        sw_backup_on_message(n->backup, &from->name, e);
    }
    swarm__v1__envelope__free_unpacked(e, NULL);
}

/* One thing happens.  False when nothing is left and nobody has a deadline before @until. */
static inline bool swarm_step(struct swarm *s, sw_time until)
{
    s->steps++;
    if (s->first != NULL) {
        struct swarm_item *i = s->first;
        s->first = i->next;
        s->last = s->first == NULL ? &s->first : s->last;
        s->waiting -= i->message.len;
        if (i->life == s->life[i->node] && s->nodes[i->node].up) {
            swarm_deliver(s, i);
        }
        swarm_item_free(i);
        return true;
    }
    struct swarm_node *next = NULL;
    sw_time at = until;
    for (size_t i = 0; i < s->n; i++) {
        if (s->nodes[i].backup != NULL && sw_backup_deadline(s->nodes[i].backup) < at) {
            next = &s->nodes[i];
            at = sw_backup_deadline(next->backup);
        }
    }
    if (next == NULL) {
        return false;
    }
    s->now = at > s->now ? at : s->now;
    sw_backup_tick(next->backup);
    return true;
}

/* Until nothing happens for @span.  False: it went on for ever. */
static inline bool swarm_run(struct swarm *s, sw_dur span)
{
    const sw_time until = s->now + span;
    for (uint64_t i = 0; i < 2000000; i++) {
        if (!swarm_step(s, until)) {
            s->now = until;
            return true;
        }
    }
    return false;
}

static inline void swarm_snapshot(struct swarm_node *n, uint64_t command)
{
    Swarm__V1__SnapshotRequest q = SWARM__V1__SNAPSHOT_REQUEST__INIT;
    q.set = (char *)(uintptr_t) "etc";
    sw_backup_snapshot(n->backup, command, &q);
}

/* Restore node 0's set on @n. */
static inline void swarm_restore(struct swarm_node *n, uint64_t command, const char *target)
{
    Swarm__V1__RestoreRequest q = SWARM__V1__RESTORE_REQUEST__INIT;
    q.node = (char *)(uintptr_t) "n0";
    q.set = (char *)(uintptr_t) "etc";
    q.target = (char *)(uintptr_t)target;
    q.secret = (ProtobufCBinaryData){ 32, n->swarm->secret };
    q.identity = (ProtobufCBinaryData){ 32, n->swarm->nodes[0].identity };
    sw_backup_restore(n->backup, command, &q);
}

static inline const struct swarm_reply *swarm_replied(const struct swarm_node *n, uint64_t command)
{
    for (size_t i = 0; i < n->n_replies; i++) {
        if (n->replies[i].command == command) {
            return &n->replies[i];
        }
    }
    return NULL;
}

static inline size_t swarm_traced(const struct swarm_node *n, enum sw_trace_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < n->n_traces; i++) {
        count += n->traces[i].kind == kind;
    }
    return count;
}

#endif
