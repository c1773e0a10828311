/* SPDX-License-Identifier: GPL-3.0-or-later
 * Operations, their outcomes, and what was in a set when its state was taken. */
#include "sim/world/operation.h"

#include "node/core/proto/swarm.pb-c.h"
#include "sim/scenario/keys.h"
#include "sim/world/copy.h"
#include "sim/world/zone_edit.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a set held when a snapshot or copy of it began. */
struct state {
    struct state *next; /* older */
    uint32_t node;      /* whose set */
    char set[SW_NAME_MAX + 1];
    sw_time at;
    sw_wall wall;         /* at that time, by the node's clock */
    uint64_t sequence;    /* of a snapshot; 0 for a copy */
    uint32_t holder;      /* of a copy that is complete; UINT32_MAX otherwise */
    uint32_t holder_disk; /* which disk of the holder */
    const char *folder;   /* of a copy, on the holder */
    struct sim_fileset *files;
};

struct operation {
    struct sim_operations *all;
    const struct sim_operation *spec;
    enum { SNAPSHOT, RESTORE, COPY, COPY_BACK, EDIT_ZONE, PROMOTE } kind;
    uint32_t node, from;
    const struct sw_set_config *set; /* of @from, or of @node for a snapshot */
    sw_time asked_at, lost_at;
    bool asked, reported;
    struct state *state; /* COPY: being made; COPY_BACK: being fetched */
    struct sim_copy *copy;
};

struct sim_operations {
    struct sim_world *w;
    struct operation *v;
    size_t n;
    struct state *states; /* newest first */
};

/* ---- states ---- */

static struct state *take_state(struct sim_operations *o, uint32_t node,
                                const struct sw_set_config *set, uint64_t sequence)
{
    struct state *s = sim_calloc(1, sizeof *s);
    *s = (struct state){ .next = o->states,
                         .node = node,
                         .at = sim_now(o->w->engine),
                         .wall = sim_world_wall(o->w, node),
                         .sequence = sequence,
                         .holder = UINT32_MAX };
    (void)snprintf(s->set, sizeof s->set, "%s", set->name.s);
    s->files = sim_fileset_take(sim_host_disk(o->w->hosts[node]), set->path);
    o->states = s;
    return s;
}

static const struct sw_set_config *find_set(const struct sw_config *c, const char *name)
{
    for (size_t i = 0; i < c->n_sets; i++) {
        if (strcmp(c->sets[i].name.s, name) == 0) {
            return &c->sets[i];
        }
    }
    return NULL;
}

void sim_operations_trace(struct sim_operations *o, uint32_t node, const struct sw_trace *t)
{
    if (t->kind == SW_TRACE_ZONE_SWAPPED && t->text != NULL) {
        sim_zone_swapped(o->w, node, t);
    }
    if (t->kind != SW_TRACE_SNAPSHOT_BEGUN || t->text == NULL) {
        return;
    }
    const struct sw_set_config *set = find_set(sim_host_config(o->w->hosts[node]), t->text);
    if (set != NULL) {
        (void)take_state(o, node, set, t->a);
    }
}

/* The newest complete copy of the set of @p that @holder still has. */
static struct state *newest_copy(const struct operation *p, uint32_t source, uint32_t holder)
{
    struct state *s = p->all->states;
    while (s != NULL && (s->holder != holder || strcmp(s->set, p->spec->set.s) != 0 ||
                         (source != UINT32_MAX && s->node != source) ||
                         s->holder_disk != sim_host_disk_number(p->all->w->hosts[holder]))) {
        s = s->next;
    }
    return s;
}

/* What the snapshot is of: its number alone does not say, since a node that lost its disk may
 * count anew. */
static const struct state *snapshot_state(const struct operation *p, uint64_t sequence,
                                          sw_wall wall)
{
    const struct state *s = p->all->states;
    while (s != NULL && (s->node != p->from || strcmp(s->set, p->spec->set.s) != 0 ||
                         s->sequence != sequence || s->wall != wall)) {
        s = s->next;
    }
    return s;
}

/* ---- reporting ---- */

static void report(struct operation *p, int status, const char *reason, sw_time taken_at,
                   const struct state *truth, uint64_t bytes, uint64_t files)
{
    struct sim_world *w = p->all->w;
    char text[256];
    struct sim_restore_done done = {
        .operation = p->spec,
        .asked_at = p->asked_at,
        .done_at = sim_now(w->engine),
        .status = status,
        .lost_at = p->lost_at,
        .taken_at = taken_at,
        .sequence = truth != NULL ? truth->sequence : 0,
        .bytes = bytes,
        .files = files,
        .reason = reason != NULL ? reason : "",
    };
    if (p->reported) {
        return;
    }
    p->reported = true;
    if (status == 0) {
        done.differs = truth == NULL
                           ? "no state of that snapshot was ever seen"
                           : sim_fileset_compare(truth->files, sim_host_disk(w->hosts[p->node]),
                                                 p->spec->target, text);
    }
    sim_tell_restore(w, &done);
}

static void report_failure(struct operation *p, int status, const char *reason)
{
    report(p, status, reason, SW_TIME_NEVER, NULL, 0, 0);
}

/* ---- snapshots and restores: ask the node ---- */

static void snapshot_replied(void *arg, int status, const char *reason, struct sw_bytes message,
                             bool last)
{
    (void)arg; /* the node's traces tell what became of it */
    (void)status;
    (void)reason;
    (void)message;
    (void)last;
}

static void ask_snapshot(struct operation *p)
{
    Swarm__V1__SnapshotRequest r = SWARM__V1__SNAPSHOT_REQUEST__INIT;
    uint8_t packed[64 + SW_NAME_MAX];
    char set[SW_NAME_MAX + 1];
    memcpy(set, p->spec->set.s, sizeof set);
    r.set = set;
    const size_t n = swarm__v1__snapshot_request__pack(&r, packed);
    sim_host_command(p->all->w->hosts[p->node], "Snapshot", (struct sw_bytes){ packed, n },
                     snapshot_replied, p);
}

/* The nearest of our errors to a gRPC status. */
static int error_of(int grpc_status)
{
    switch (grpc_status) {
    case 4:
        return SW_ERR_TIMEOUT;
    case 5:
        return SW_ERR_NOTFOUND;
    case 14:
        return SW_ERR_UNREACHABLE;
    case 15:
        return SW_ERR_IO;
    default:
        return SW_ERR_STATE;
    }
}

static void restore_replied(void *arg, int status, const char *reason, struct sw_bytes message,
                            bool last)
{
    struct operation *p = arg;
    if (status != 0) {
        report_failure(p, error_of(status), reason);
        return;
    }
    if (!last && message.len == 0) {
        return;
    }
    Swarm__V1__RestoreReply *r = swarm__v1__restore_reply__unpack(NULL, message.len, message.data);
    if (r == NULL) {
        report_failure(p, SW_ERR_MALFORMED, "the node's reply can't be read");
        return;
    }
    const struct state *truth = snapshot_state(p, r->sequence, r->taken_at);
    const sw_time taken_at = truth != NULL ? truth->at : (sw_time)(r->taken_at - SIM_EPOCH);
    if (r->n_damaged > 0) {
        report(p, SW_ERR_IO, r->damaged[0], taken_at, truth, r->bytes, r->files);
    } else {
        report(p, 0, NULL, taken_at, truth, r->bytes, r->files);
    }
    swarm__v1__restore_reply__free_unpacked(r, NULL);
}

/* The operator sees to it that the folders above the target are there. */
static void make_way(struct operation *p)
{
    char path[512];
    struct sw_fs fs;
    const size_t len = strlen(p->spec->target);
    if (len >= sizeof path) {
        return; /* the node refuses it */
    }
    memcpy(path, p->spec->target, len + 1);
    sim_disk_fs(sim_host_disk(p->all->w->hosts[p->node]), &fs);
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)fs.mkdir(fs.self, path, 0755); /* may be there */
        *slash = '/';
    }
}

static void ask_restore(struct operation *p)
{
    const struct sw_config *source = sim_host_config(p->all->w->hosts[p->from]);
    uint8_t public_key[32];
    uint8_t secret_key[32];
    uint8_t identity[crypto_sign_PUBLICKEYBYTES];
    uint8_t signing[crypto_sign_SECRETKEYBYTES];
    sim_recipient_pair(source->name.s, p->set->name.s, public_key, secret_key);
    (void)crypto_sign_seed_keypair(identity, signing, source->identity);
    char node[SW_NAME_MAX + 1];
    char set[SW_NAME_MAX + 1];
    memcpy(node, source->name.s, sizeof node);
    memcpy(set, p->set->name.s, sizeof set);
    Swarm__V1__RestoreRequest r = SWARM__V1__RESTORE_REQUEST__INIT;
    r.node = node;
    r.set = set;
    r.target = p->spec->target;
    r.secret = (ProtobufCBinaryData){ sizeof secret_key, secret_key };
    r.identity = (ProtobufCBinaryData){ sizeof identity, identity };
    const size_t n = swarm__v1__restore_request__get_packed_size(&r);
    uint8_t *packed = sim_alloc(n);
    (void)swarm__v1__restore_request__pack(&r, packed);
    sim_host_command(p->all->w->hosts[p->node], "Restore", (struct sw_bytes){ packed, n },
                     restore_replied, p);
    free(packed);
}

/* ---- copies ---- */

static void copied(void *self, int status, uint64_t bytes, uint64_t files)
{
    struct operation *p = self;
    (void)bytes;
    (void)files;
    if (status == 0) {
        p->state->holder = p->node;
        p->state->holder_disk = sim_host_disk_number(p->all->w->hosts[p->node]);
        p->state->folder = p->spec->target;
    }
}

static void start_copy(struct operation *p)
{
    const struct state *have = newest_copy(p, p->from, p->node);
    p->state = take_state(p->all, p->from, p->set, 0);
    const struct sim_copy_job job = {
        .from = p->from,
        .to = p->node,
        .source = p->set->path,
        .target = p->spec->target,
        .have = have != NULL && strcmp(have->folder, p->spec->target) == 0 ? have->files : NULL,
        .self = p,
        .done = copied,
    };
    p->copy = sim_copy_start(p->all->w, &job);
}

static void copied_back(void *self, int status, uint64_t bytes, uint64_t files)
{
    struct operation *p = self;
    if (status != 0) {
        report_failure(p, status, "the copy broke off");
        return;
    }
    report(p, 0, NULL, p->state->at, p->state, bytes, files);
}

static void start_copy_back(struct operation *p)
{
    p->state = newest_copy(p, UINT32_MAX, p->from);
    if (p->state == NULL) {
        report_failure(p, SW_ERR_NOTFOUND, "there is no complete copy");
        return;
    }
    p->lost_at = sim_host_lost_at(p->all->w->hosts[p->state->node]);
    const struct sim_copy_job job = {
        .from = p->from,
        .to = p->node,
        .source = p->state->folder,
        .target = p->spec->target,
        .self = p,
        .done = copied_back,
    };
    p->copy = sim_copy_start(p->all->w, &job);
}

/* ---- making ---- */

static void begin(void *self, uint64_t arg)
{
    (void)arg;
    struct operation *p = self;
    p->asked_at = sim_now(p->all->w->engine);
    p->lost_at = sim_host_lost_at(p->all->w->hosts[p->from]);
    p->asked = true;
    switch (p->kind) {
    case SNAPSHOT:
        ask_snapshot(p);
        break;
    case RESTORE:
        make_way(p);
        ask_restore(p);
        break;
    case COPY:
        start_copy(p);
        break;
    case COPY_BACK:
        start_copy_back(p);
        break;
    case EDIT_ZONE:
        sim_zone_edit(p->all->w, p->node, p->spec);
        break;
    case PROMOTE:
        sim_zone_promote(p->all->w, p->node, p->spec);
        break;
    }
}

static int operation_new(struct sim_operations *o, size_t i, struct sw_diag *d)
{
    static const char *const kinds[] = { "snapshot",  "restore",   "copy",
                                         "copy_back", "edit_zone", "promote" };
    const struct sim_scenario *s = o->w->s;
    const struct sim_operation *spec = &s->operations[i];
    struct operation *p = &o->v[i];
    size_t kind = 0;
    while (kind < SW_LEN(kinds) && strcmp(kinds[kind], spec->kind) != 0) {
        kind++;
    }
    if (kind == SW_LEN(kinds)) {
        return sw_diag_set(d, SW_ERR_NOTFOUND, "%zu:1: kind: '%.60s' is no operation", spec->line,
                           spec->kind);
    }
    *p = (struct operation){ .all = o, .spec = spec };
    p->kind = (unsigned)kind;
    p->node = sim_find_node(s, spec->node.s);
    const bool zone = p->kind == EDIT_ZONE || p->kind == PROMOTE;
    p->from = p->kind == SNAPSHOT || zone ? p->node : sim_find_node(s, spec->from.s);
    if (p->node == UINT32_MAX || p->from == UINT32_MAX) {
        return sw_diag_set(d, SW_ERR_NOTFOUND, "%zu:1: %s: '%s' is no node of this scenario",
                           spec->line, p->node == UINT32_MAX ? "node" : "from",
                           p->node == UINT32_MAX ? spec->node.s : spec->from.s);
    }
    if (zone) {
        return 0;
    }
    p->set = find_set(&s->nodes[p->from].config, spec->set.s);
    if (p->set == NULL && p->kind != COPY_BACK) {
        return sw_diag_set(d, SW_ERR_NOTFOUND, "%zu:1: set: node %s protects no set '%s'",
                           spec->line, s->nodes[p->from].config.name.s, spec->set.s);
    }
    if (spec->target == NULL && p->kind != SNAPSHOT) {
        return sw_diag_set(d, SW_ERR_MALFORMED, "%zu:1: target: missing (a folder)", spec->line);
    }
    return 0;
}

int sim_operations_new(struct sim_world *w, struct sim_operations **out, struct sw_diag *d)
{
    struct sim_operations *o = sim_calloc(1, sizeof *o);
    o->w = w;
    o->n = w->s->n_operations;
    o->v = sim_calloc(o->n, sizeof *o->v);
    int err = 0;
    for (size_t i = 0; i < o->n && err == 0; i++) {
        err = operation_new(o, i, d);
    }
    if (err != 0) {
        sim_operations_free(o);
        return err;
    }
    *out = o;
    return 0;
}

void sim_operations_free(struct sim_operations *o)
{
    if (o == NULL) {
        return;
    }
    for (size_t i = 0; i < o->n; i++) {
        sim_copy_free(o->v[i].copy);
    }
    while (o->states != NULL) {
        struct state *next = o->states->next;
        sim_fileset_free(o->states->files);
        free(o->states);
        o->states = next;
    }
    free(o->v);
    free(o);
}

void sim_operations_start(struct sim_operations *o)
{
    for (size_t i = 0; i < o->n; i++) {
        struct operation *p = &o->v[i];
        (void)sim_at(o->w->engine, p->spec->at + p->spec->after_loss, begin, p, 0);
    }
}

void sim_operations_end(struct sim_operations *o)
{
    for (size_t i = 0; i < o->n; i++) {
        struct operation *p = &o->v[i];
        if (p->asked && (p->kind == RESTORE || p->kind == COPY_BACK)) {
            report_failure(p, SW_ERR_TIMEOUT, "not finished when the run ended");
        }
    }
}
