/* SPDX-License-Identifier: GPL-3.0-or-later
 * The phases of a restore: ask who holds what, get a manifest, plan, fetch, write. */
#include "node/core/backup/recover.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "node/core/backup/fetch.h"
#include "node/core/backup/loop.h"
#include "node/core/backup/store.h"
#include "node/core/proto/job.pb-c.h"

#define AHEAD_MAX 64U /* manifests asked for at once: what one holder can name */

enum phase { ASKING, MANIFEST, PLANNING, FETCHING, WRITING };

struct head {
    struct sw_digest name;
    uint64_t sequence;
    sw_wall taken_at;
    bool opened; /* its plan stood */
};

struct sw_recover {
    struct sw_recover *next;
    uint64_t number; /* of its current job: others' are stale */
    uint64_t command;
    struct sw_name node, set;
    char *target;
    uint8_t secret[32], identity[32];
    uint64_t sequence; /* 0: the newest */
    enum phase phase;
    bool begun;      /* it is the one that runs */
    bool whole_only; /* an older snapshot is better than a damaged one */
    sw_time started, asked_at, fetched_at;
    bool answered;                       /* by anybody */
    struct head heads[SW_RECOVER_HEADS]; /* the newest first */
    size_t n_heads, at;
    int error;                   /* why the last snapshot tried could not be used */
    struct sw_wanted *manifests; /* of heads; NULL until they are known */
    size_t ahead;                /* how many of them, from @at on, are asked for at once */
    struct sw_wanted *wanted;    /* packs */
    size_t n_wanted;
    unsigned repairs; /* of this snapshot: times that something here was not what its name says */
    uint64_t fetched_bytes;
    struct sw_map from; /* names of holders that delivered */
};

static void look_at(struct sw_backup *b, struct sw_recover *r);
static void run_next(struct sw_backup *b);

static void free_recover(struct sw_recover *r)
{
    sodium_memzero(r->secret, sizeof r->secret);
    sw_map_fini(&r->from);
    free(r->wanted);
    free(r->manifests);
    free(r->target);
    free(r);
}

/* Take it out of the list and let the next one run. */
static void end(struct sw_backup *b, struct sw_recover *r)
{
    SW_ASSERT(r == b->recovers.first);
    sw_fetch_drop(&b->recovers);
    b->recovers.first = r->next;
    free_recover(r);
    run_next(b);
}

static void fail(struct sw_backup *b, struct sw_recover *r, enum sw_backup_status status, int err,
                 const char *reason)
{
    sw_backup_trace(b, SW_TRACE_RESTORE_FAILED, &r->node, NULL, (uint64_t)err, 0, r->set.s);
    sw_backup_refuse(b, r->command, status, reason);
    end(b, r);
}

const struct sw_name *sw_recover_source(const struct sw_backup *b)
{
    return &b->recovers.first->node;
}

/* ---- asking ---- */

/* The newest first; of equal numbers the later one, then by name. */
static bool newer(const struct head *x, const struct head *y)
{
    if (x->sequence != y->sequence) {
        return x->sequence > y->sequence;
    }
    return x->taken_at != y->taken_at ? x->taken_at > y->taken_at
                                      : memcmp(x->name.b, y->name.b, SW_DIGEST_LEN) < 0;
}

static void note_head(struct sw_recover *r, const struct head *h)
{
    size_t i = 0;
    if (r->sequence != 0 && h->sequence != r->sequence) {
        return;
    }
    while (i < r->n_heads && newer(&r->heads[i], h)) {
        i++;
    }
    for (size_t k = 0; k < r->n_heads; k++) {
        if (memcmp(r->heads[k].name.b, h->name.b, SW_DIGEST_LEN) == 0) {
            return;
        }
    }
    if (i == SW_RECOVER_HEADS) {
        return;
    }
    r->n_heads -= r->n_heads == SW_RECOVER_HEADS ? 1 : 0; /* the oldest gives way */
    memmove(&r->heads[i + 1], &r->heads[i], (r->n_heads - i) * sizeof r->heads[0]);
    r->heads[i] = *h;
    r->n_heads++;
}

static void note_own_heads(struct sw_backup *b, struct sw_recover *r)
{
    const struct sw_stocked *own[64];
    const size_t n = sw_stock_heads(&b->stock, &r->node, &r->set, own, SW_LEN(own));
    for (size_t i = 0; i < n; i++) {
        note_head(r, &(struct head){ .name = own[i]->name,
                                     .sequence = own[i]->sequence,
                                     .taken_at = own[i]->taken_at });
    }
}

static void ask(struct sw_backup *b, struct sw_recover *r, struct sw_holder *h)
{
    h->heads_asked = h->up && sw_send_heads_get(b, h, &r->node, &r->set) == SW_OK;
}

static bool is_answer_owed(const struct sw_backup *b)
{
    const struct sw_holder *h = sw_holder_next(b, NULL);
    while (h != NULL && !h->heads_asked) {
        h = sw_holder_next(b, h);
    }
    return h != NULL;
}

/* Enough answers, or enough waiting? */
static bool asked_enough(const struct sw_backup *b, const struct sw_recover *r)
{
    const sw_dur waited = sw_backup_now(b) - r->asked_at;
    const bool some = r->answered || r->n_heads > 0;
    const bool reaching = b->host.reach(b->host.self);
    return (r->answered && !is_answer_owed(b) && !reaching) || (some && waited >= SW_RECOVER_ASK) ||
           waited >= SW_RECOVER_PATIENCE;
}

/* ---- one snapshot after another ---- */

static bool all_here(const struct sw_recover *r)
{
    for (size_t i = 0; i < r->n_wanted; i++) {
        if (!r->wanted[i].here) {
            return false;
        }
    }
    return true;
}

/* Are damaged packs to be had anew, rather than files left out?  What nobody has is given up once
 * the packs here were all looked at. */
static bool is_whole_asked(const struct sw_recover *r)
{
    return r->repairs < SW_RECOVER_REPAIRS && (r->repairs == 0 || all_here(r));
}

static int run_job(struct sw_backup *b, struct sw_recover *r, bool plan_only, sw_ticket_done *done)
{
    Swarm__Job__RestoreJob j = SWARM__JOB__RESTORE_JOB__INIT;
    const struct sw_ticket t = { .done = done, .tag = ++r->number, .offset = r->command };
    j.store = b->store;
    j.manifest = (ProtobufCBinaryData){ SW_DIGEST_LEN, r->heads[r->at].name.b };
    j.target = r->target;
    j.secret = (ProtobufCBinaryData){ sizeof r->secret, r->secret };
    j.identity = (ProtobufCBinaryData){ sizeof r->identity, r->identity };
    j.node = r->node.s;
    j.set = r->set.s;
    j.sequence = r->heads[r->at].sequence;
    j.plan_only = plan_only;
    j.whole = is_whole_asked(r);
    return sw_ticket_submit(b, SW_JOB_RESTORE, &j.base, &t, NULL);
}

static struct sw_recover *waiting_for(const struct sw_backup *b, const struct sw_ticket *t)
{
    struct sw_recover *r = b->recovers.first;
    return r != NULL && r->command == t->offset && r->number == t->tag ? r : NULL;
}

static void try_snapshot(struct sw_backup *b, struct sw_recover *r)
{
    r->repairs = 0;
    r->n_wanted = 0;
    r->phase = MANIFEST;
    look_at(b, r);
}

/* Now it is known who says what: the newest first. */
static void try_first(struct sw_backup *b, struct sw_recover *r)
{
    r->manifests = calloc(r->n_heads, sizeof *r->manifests);
    if (r->manifests == NULL) {
        fail(b, r, SW_BACKUP_EXHAUSTED, SW_ERR_NOMEM, sw_strerror(SW_ERR_NOMEM));
        return;
    }
    for (size_t i = 0; i < r->n_heads; i++) {
        r->manifests[i].name = r->heads[i].name;
        r->manifests[i].kind = SWARM__V1__OBJECT_KIND__OBJECT_MANIFEST;
        r->manifests[i].here = sw_stock_find(&b->stock, &r->heads[i].name) != NULL;
    }
    r->ahead = 1;
    try_snapshot(b, r);
}

/* No snapshot could be used. */
static void fail_unusable(struct sw_backup *b, struct sw_recover *r)
{
    bool opened = false;
    for (size_t i = 0; i < r->n_heads; i++) {
        opened = opened || r->heads[i].opened;
    }
    if (r->error == SW_ERR_CRYPTO && !opened) {
        fail(b, r, SW_BACKUP_PRECONDITION, r->error,
             "no snapshot of this set is signed by that node and sealed to that key");
    } else if (r->error == SW_ERR_UNREACHABLE && !opened) {
        fail(b, r, SW_BACKUP_UNAVAILABLE, r->error,
             "no node in reach has an undamaged manifest of a snapshot of this set");
    } else if (r->error == SW_ERR_UNREACHABLE) {
        fail(b, r, SW_BACKUP_UNAVAILABLE, r->error,
             "the list of this snapshot's files is damaged or missing on every node in reach");
    } else {
        fail(b, r, SW_BACKUP_UNAVAILABLE, r->error, sw_strerror(r->error));
    }
}

/* This snapshot can't be used: the next older one, or, when none was whole, the newest that
 * opened, as it is. */
static void next_snapshot(struct sw_backup *b, struct sw_recover *r, int err)
{
    if (r->phase == MANIFEST) { /* nobody has it: whoever named it may name many such */
        r->ahead = 2 * r->ahead < AHEAD_MAX ? 2 * r->ahead : AHEAD_MAX;
    } else {
        sw_fetch_drop(&b->recovers);
    }
    r->error = err;
    r->at++;
    if (r->at == r->n_heads && r->whole_only) {
        r->whole_only = false;
        r->at = 0;
        while (r->at < r->n_heads && !r->heads[r->at].opened) {
            r->at++;
        }
    } else if (!r->whole_only) {
        r->at = r->n_heads;
    }
    if (r->at < r->n_heads) {
        try_snapshot(b, r);
    } else {
        fail_unusable(b, r);
    }
}

static void written(struct sw_backup *b, struct sw_ticket *t, const struct sw_job *job);

static void write_files(struct sw_backup *b, struct sw_recover *r)
{
    r->phase = WRITING;
    r->fetched_at = sw_backup_now(b);
    sw_backup_trace(b, SW_TRACE_RESTORE_FETCHED, &r->node, &r->heads[r->at].name, r->fetched_bytes,
                    0, r->set.s);
    if (run_job(b, r, false, written) != SW_OK) {
        fail(b, r, SW_BACKUP_EXHAUSTED, SW_ERR_NOMEM, sw_strerror(SW_ERR_NOMEM));
    }
}

static int note_plan(struct sw_recover *r, const Swarm__Job__RestoreResult *plan)
{
    free(r->wanted);
    r->n_wanted = 0;
    r->wanted = calloc(plan->n_needed + 1, sizeof *r->wanted);
    if (r->wanted == NULL) {
        return SW_ERR_NOMEM;
    }
    for (size_t i = 0; i < plan->n_needed; i++) {
        struct sw_wanted *w = &r->wanted[i];
        w->size = plan->needed[i]->size;
        w->kind = plan->needed[i]->kind;
        if (!sw_digest_from(plan->needed[i]->name, &w->name)) {
            return SW_ERR_MALFORMED;
        }
    }
    r->n_wanted = plan->n_needed;
    return SW_OK;
}

/* Something here was not what its name says: it must come from others. */
static void repair(struct sw_backup *b, struct sw_recover *r,
                   const Swarm__Job__RestoreResult *result)
{
    const bool manifest =
        result->n_needed == 1 && result->needed[0]->kind == SWARM__V1__OBJECT_KIND__OBJECT_MANIFEST;
    const int err = manifest ? SW_OK : note_plan(r, result);
    r->repairs++;
    if (err != SW_OK) {
        next_snapshot(b, r, err);
    } else if (!manifest) {
        r->phase = FETCHING;
        look_at(b, r);
    } else if (r->repairs <= SW_RECOVER_REPAIRS) {
        r->manifests[r->at] = (struct sw_wanted){ .name = r->heads[r->at].name,
                                                  .kind = SWARM__V1__OBJECT_KIND__OBJECT_MANIFEST };
        r->phase = MANIFEST;
        look_at(b, r);
    } else { /* this disk keeps nothing */
        next_snapshot(b, r, SW_ERR_IO);
    }
}

/* What a job that ended well says; NULL when memory is out, or when it did not. */
static Swarm__Job__RestoreResult *result_of(const struct sw_job *job)
{
    return job->status == SW_OK
               ? swarm__job__restore_result__unpack(NULL, job->out.len, job->out.data)
               : NULL;
}

static void planned(struct sw_backup *b, struct sw_ticket *t, const struct sw_job *job)
{
    struct sw_recover *r = waiting_for(b, t);
    Swarm__Job__RestoreResult *plan = r != NULL ? result_of(job) : NULL;
    if (r == NULL) {
        return;
    }
    int err = job->status == SW_OK && plan == NULL ? SW_ERR_NOMEM : job->status;
    if (err == SW_OK && !plan->unfit) {
        err = note_plan(r, plan);
    }
    if (err != SW_OK) {
        next_snapshot(b, r, err);
    } else if (plan->unfit) {
        repair(b, r, plan);
    } else {
        r->heads[r->at].opened = true;
        r->phase = FETCHING;
        sw_backup_trace(b, SW_TRACE_RESTORE_BEGUN, &r->node, &r->heads[r->at].name,
                        r->heads[r->at].sequence, r->n_wanted, r->set.s);
        look_at(b, r);
    }
    if (plan != NULL) {
        swarm__job__restore_result__free_unpacked(plan, NULL);
    }
}

static void plan(struct sw_backup *b, struct sw_recover *r)
{
    sw_fetch_drop(&b->recovers); /* older manifests */
    r->phase = PLANNING;
    if (run_job(b, r, true, planned) != SW_OK) {
        fail(b, r, SW_BACKUP_EXHAUSTED, SW_ERR_NOMEM, sw_strerror(SW_ERR_NOMEM));
    }
}

/* How many manifests are asked for now. */
static size_t n_ahead(const struct sw_recover *r)
{
    const size_t left = r->n_heads - r->at;
    return r->ahead < left ? r->ahead : left;
}

/* Go on as far as it goes. */
static void look_at(struct sw_backup *b, struct sw_recover *r)
{
    switch (r->phase) {
    case ASKING:
        if (asked_enough(b, r)) {
            if (r->n_heads == 0) {
                fail(b, r, SW_BACKUP_NOT_FOUND, SW_ERR_NOTFOUND,
                     "nobody reachable holds a snapshot of this set");
            } else {
                try_first(b, r);
            }
        }
        break;
    case MANIFEST: {
        struct sw_wanted *m = &r->manifests[r->at];
        (void)sw_fetch_pump(b, m, n_ahead(r));
        if (m->here) {
            plan(b, r);
        } else if (m->missing && !m->fetching) {
            next_snapshot(b, r, SW_ERR_UNREACHABLE);
        }
        break;
    }
    case FETCHING: {
        const bool settled = sw_fetch_pump(b, r->wanted, r->n_wanted);
        if (all_here(r) || (settled && !r->whole_only)) {
            write_files(b, r);
        } else if (settled) {
            next_snapshot(b, r, SW_ERR_UNREACHABLE);
        }
        break;
    }
    case PLANNING:
    case WRITING:
        break;
    }
}

void sw_recover_fetched(struct sw_backup *b, const struct sw_holder *from, uint64_t bytes)
{
    struct sw_recover *r = b->recovers.first;
    if (r == NULL) {
        return;
    }
    if (bytes > 0) {
        r->fetched_bytes += bytes;
        (void)sw_map_put(&r->from,
                         (struct sw_bytes){ (const uint8_t *)from->name.s, sizeof from->name.s }, r,
                         NULL);
    }
    look_at(b, r);
}

/* ---- the end ---- */

static void reply(struct sw_backup *b, struct sw_recover *r,
                  const Swarm__Job__RestoreResult *result)
{
    Swarm__V1__RestoreReply m = SWARM__V1__RESTORE_REPLY__INIT;
    struct sw_bytes key;
    const struct sw_bytes *after = NULL;
    char **names = calloc(r->from.count + 1, sizeof(char *));
    while (names != NULL && sw_map_next(&r->from, after, &key) != NULL) {
        names[m.n_holders++] = (char *)(uintptr_t)key.data;
        after = &key;
    }
    const sw_time now = sw_backup_now(b);
    m.sequence = result->sequence;
    m.files = result->files;
    m.bytes = result->bytes;
    m.fetched_bytes = r->fetched_bytes;
    m.holders = names;
    m.taken_at = result->taken_at;
    m.fetch_time = r->fetched_at - r->started;
    m.write_time = now - r->fetched_at;
    m.damaged = result->damaged;
    m.n_damaged = result->n_damaged;
    m.more_damaged = result->more_damaged;
    sw_backup_trace(b, SW_TRACE_RESTORE_DONE, &r->node, &r->heads[r->at].name, result->bytes,
                    result->files, r->set.s);
    sw_backup_answer(b, r->command, &m.base);
    free(names);
}

/* Which status an operator sees for what the disk or the packs said. */
static enum sw_backup_status status_of(int err)
{
    switch (err) {
    case SW_ERR_NOT_EMPTY:
    case SW_ERR_NOT_A_DIRECTORY:
    case SW_ERR_DENIED:
    case SW_ERR_NOTFOUND:
        return SW_BACKUP_PRECONDITION;
    case SW_ERR_FULL:
    case SW_ERR_NOMEM:
        return SW_BACKUP_EXHAUSTED;
    default:
        return SW_BACKUP_INTERNAL;
    }
}

static void written(struct sw_backup *b, struct sw_ticket *t, const struct sw_job *job)
{
    struct sw_recover *r = waiting_for(b, t);
    if (r == NULL) {
        return;
    }
    Swarm__Job__RestoreResult *result = result_of(job);
    if (result == NULL) {
        const int err = job->status != SW_OK ? job->status : SW_ERR_NOMEM;
        fail(b, r, status_of(err), err, sw_strerror(err));
        return;
    }
    if (result->unfit && is_whole_asked(r)) {
        repair(b, r, result);
    } else if (result->unfit) {
        next_snapshot(b, r, SW_ERR_UNREACHABLE);
    } else {
        reply(b, r, result);
        end(b, r);
    }
    swarm__job__restore_result__free_unpacked(result, NULL);
}

/* ---- what happens to it ---- */

static void start(struct sw_backup *b, struct sw_recover *r)
{
    r->begun = true;
    r->asked_at = sw_backup_now(b);
    note_own_heads(b, r);
    for (struct sw_holder *h = sw_holder_next(b, NULL); h != NULL; h = sw_holder_next(b, h)) {
        ask(b, r, h);
    }
    look_at(b, r);
}

static void run_next(struct sw_backup *b)
{
    if (b->ready && b->recovers.first != NULL && !b->recovers.first->begun) {
        start(b, b->recovers.first);
    }
}

static struct sw_recover *make(struct sw_backup *b, uint64_t command,
                               const Swarm__V1__RestoreRequest *q)
{
    struct sw_recover *r = calloc(1, sizeof *r);
    const size_t len = strlen(q->target) + 1;
    if (r == NULL) {
        return NULL;
    }
    r->command = command;
    r->sequence = q->sequence;
    r->whole_only = q->sequence == 0;
    r->started = sw_backup_now(b);
    r->target = malloc(len);
    if (r->target == NULL || !sw_name_from(q->node, &r->node) || !sw_name_from(q->set, &r->set)) {
        free_recover(r);
        return NULL;
    }
    memcpy(r->target, q->target, len);
    memcpy(r->secret, q->secret.data, sizeof r->secret);
    memcpy(r->identity, q->identity.data, sizeof r->identity);
    return r;
}

void sw_recover_command(struct sw_backup *b, uint64_t command, const Swarm__V1__RestoreRequest *q)
{
    struct sw_name name;
    struct sw_recover **last = &b->recovers.first;
    size_t n = 0;
    for (; *last != NULL; n++) {
        last = &(*last)->next;
    }
    if (b->store == NULL) {
        sw_backup_refuse(b, command, SW_BACKUP_PRECONDITION, "this node has no store");
    } else if (b->draining) {
        sw_backup_refuse(b, command, SW_BACKUP_UNAVAILABLE, "this node is draining");
    } else if (!sw_name_from(q->node, &name) || !sw_name_from(q->set, &name) ||
               q->target[0] == '\0' || q->secret.len != 32 || q->identity.len != 32) {
        sw_backup_refuse(b, command, SW_BACKUP_INVALID,
                         "a restore needs node, set, target, a key and an identity of 32 bytes");
    } else if (n == SW_RECOVERS_MAX) {
        sw_backup_refuse(b, command, SW_BACKUP_EXHAUSTED, "too many restores wait");
    } else {
        struct sw_recover *r = make(b, command, q);
        if (r == NULL) {
            sw_backup_refuse(b, command, SW_BACKUP_EXHAUSTED, sw_strerror(SW_ERR_NOMEM));
            return;
        }
        *last = r;
        run_next(b);
    }
}

void sw_recover_heads(struct sw_backup *b, struct sw_holder *h, const Swarm__V1__Heads *m)
{
    struct sw_recover *r = b->recovers.first;
    struct sw_name node;
    struct sw_name set;
    if (!h->heads_asked || r == NULL || !r->begun || r->phase != ASKING ||
        !sw_name_from(m->node, &node) || !sw_name_from(m->set, &set) ||
        !sw_name_equal(&node, &r->node) || !sw_name_equal(&set, &r->set)) {
        return;
    }
    h->heads_asked = false; /* one answer each, or one holder could speak for all */
    for (size_t i = 0; i < m->n_heads && i < SW_HEADS_MAX; i++) {
        struct head head = { .sequence = m->heads[i]->sequence, .taken_at = m->heads[i]->taken_at };
        if (sw_digest_from(m->heads[i]->name, &head.name)) {
            note_head(r, &head);
        }
    }
    r->answered = true;
    look_at(b, r);
}

void sw_recover_data(struct sw_backup *b, struct sw_holder *h, const Swarm__V1__ObjectData *m)
{
    (void)sw_fetch_data(b, h, m);
}

void sw_recover_peer_up(struct sw_backup *b, struct sw_holder *h)
{
    struct sw_recover *r = b->recovers.first;
    if (r != NULL && r->begun && r->phase == ASKING) {
        ask(b, r, h);
    }
    if (r != NULL && r->begun) {
        look_at(b, r);
    }
}

void sw_recover_peer_down(struct sw_backup *b, struct sw_holder *h)
{
    h->heads_asked = false;
    sw_fetch_peer_down(b, h);
    if (b->recovers.first != NULL && b->recovers.first->begun) {
        look_at(b, b->recovers.first);
    }
}

void sw_recover_tick(struct sw_backup *b)
{
    run_next(b);
    if (b->recovers.first != NULL && b->recovers.first->begun) {
        sw_fetch_tick(b);
        look_at(b, b->recovers.first);
    }
}

sw_time sw_recover_deadline(const struct sw_backup *b)
{
    const struct sw_recover *r = b->recovers.first;
    if (r == NULL || !r->begun) {
        return SW_TIME_NEVER;
    }
    switch (r->phase) {
    case ASKING: {
        const bool some = r->answered || r->n_heads > 0;
        const sw_time soon = r->asked_at + SW_RECOVER_ASK;
        return some && soon > sw_backup_now(b) ? soon : r->asked_at + SW_RECOVER_PATIENCE;
    }
    case MANIFEST:
        return sw_fetch_deadline(b, &r->manifests[r->at], n_ahead(r));
    case FETCHING:
        return sw_fetch_deadline(b, r->wanted, r->n_wanted);
    case PLANNING:
    case WRITING:
        break;
    }
    return SW_TIME_NEVER;
}

void sw_recover_cancel(struct sw_backup *b, const char *reason)
{
    sw_fetch_drop(&b->recovers);
    while (b->recovers.first != NULL) {
        struct sw_recover *r = b->recovers.first;
        b->recovers.first = r->next;
        sw_backup_trace(b, SW_TRACE_RESTORE_FAILED, &r->node, NULL, (uint64_t)SW_ERR_STATE, 0,
                        r->set.s);
        sw_backup_refuse(b, r->command, SW_BACKUP_ABORTED, reason);
        free_recover(r);
    }
}

void sw_recovers_fini(struct sw_recovers *rs)
{
    sw_fetch_drop(rs);
    while (rs->first != NULL) {
        struct sw_recover *r = rs->first;
        rs->first = r->next;
        free_recover(r);
    }
}
