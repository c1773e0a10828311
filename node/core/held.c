/* SPDX-License-Identifier: GPL-3.0-or-later
 * The zones held here. */
#include "node/core/held.h"

#include "node/core/emit.h"
#include "node/core/jobs.h"
#include "node/core/node_state.h"
#include "node/core/proto/job.pb-c.h"
#include "node/core/zones/operate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sw_zone_box_drop(struct sw_zone_box *box)
{
    if (box != NULL && --box->users == 0) {
        sw_zone_free(box->zone);
        sw_history_fini(&box->history);
        free(box);
    }
}

static void zone_free(struct sw_held_zone *z)
{
    if (z != NULL) {
        sw_zone_box_drop(z->box);
        sw_zone_fetch_fini(&z->fetch);
        free(z);
    }
}

void sw_held_fini(struct sw_held *h)
{
    for (size_t i = 0; i < h->n && h->v != NULL; i++) {
        zone_free(h->v[i]);
    }
    free((void *)h->v);
    *h = (struct sw_held){ 0 };
}

/* Where @name is or belongs. */
static size_t place(const struct sw_held *h, const uint8_t *name, bool *there)
{
    size_t low = 0;
    size_t high = h->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = sw_dname_compare(h->v[middle]->name, name);
        if (order == 0) {
            *there = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *there = false;
    return low;
}

static int plan_zone(const struct sw_held *old, const struct sw_zone_config *config, size_t index,
                     struct sw_held *plan, struct sw_diag *d)
{
    struct sw_held_zone z = { .config = index, .wanted = true, .primary = config->primary };
    const int len = config->name != NULL ? sw_dname_from_text(config->name, z.name) : 0;
    if (len <= 0) {
        return sw_diag_set(d, SW_ERR_RANGE, "zone %zu: no domain name", index + 1);
    }
    if (config->file == NULL) {
        return sw_diag_set(d, SW_ERR_RANGE, "zone %s: no file", config->name);
    }
    sw_dname_lower(z.name, (size_t)len);
    bool there;
    const size_t at = place(plan, z.name, &there);
    if (there) {
        return sw_diag_set(d, SW_ERR_RANGE, "zone %s is there twice", config->name);
    }
    struct sw_held_zone *kept = malloc(sizeof *kept);
    if (kept == NULL) {
        return SW_ERR_NOMEM;
    }
    const size_t before = place(old, z.name, &there);
    if (there) {
        const struct sw_held_zone *was = old->v[before];
        z.box = was->box;
        z.settled = was->settled;
        z.primary = was->box != NULL ? was->primary : z.primary;
        z.job = was->job;
        z.command = was->command;
    }
    sw_zone_fetch_init(&z.fetch);
    if (z.box != NULL) {
        z.box->users++;
    }
    *kept = z;
    memmove((void *)(plan->v + at + 1), (const void *)(plan->v + at),
            (plan->n - at) * sizeof *plan->v);
    plan->v[at] = kept;
    plan->n++;
    return SW_OK;
}

int sw_held_plan(const struct sw_held *old, const struct sw_config *config, struct sw_held *plan,
                 struct sw_diag *d)
{
    *plan = (struct sw_held){ .changed = true, .announce = true };
    if (config->n_zones == 0) {
        return SW_OK;
    }
    plan->v = calloc(config->n_zones, sizeof *plan->v);
    int err = plan->v != NULL ? SW_OK : SW_ERR_NOMEM;
    for (size_t i = 0; i < config->n_zones && err == SW_OK; i++) {
        err = plan_zone(old, &config->zones[i], i, plan, d);
    }
    if (err != SW_OK) {
        sw_held_fini(plan);
    }
    return err;
}

/* ---- jobs ---- */

char *sw_held_copy(struct sw_node *n, const struct sw_held_zone *z)
{
    const struct sw_zone_config *config = &n->config->zones[z->config];
    const char *store = n->config->store;
    char name[SW_DNAME_TEXT_MAX];
    sw_dname_to_text(z->name, name);
    for (char *slash = strchr(name, '/'); slash != NULL; slash = strchr(slash, '/')) {
        *slash = '|'; /* as well as any */
    }
    const size_t size = strlen(store != NULL ? store : config->file) + sizeof name + 16;
    char *path = sw_arena_alloc(&n->scratch, size);
    if (path == NULL) {
        n->out_of_memory = true;
    } else if (store != NULL) {
        (void)snprintf(path, size, "%s/zones/%szone", store, name);
    } else {
        (void)snprintf(path, size, "%s.copy", config->file);
    }
    return path;
}

/* The oldest serial that another holder is known to have in our epoch. */
static bool known_serial(const struct sw_node *n, const struct sw_held_zone *z, uint32_t *serial)
{
    const struct sw_known_zone *known = sw_directory_zone(&n->directory, z->name);
    bool some = false;
    for (uint32_t i = 0; known != NULL && z->box != NULL && i < known->n_holders; i++) {
        const struct sw_zone_version *v = &known->holders[i].version;
        if (v->epoch == z->box->version.epoch && (!some || sw_serial_newer(*serial, v->serial))) {
            *serial = v->serial;
            some = true;
        }
    }
    return some;
}

void sw_held_load(struct sw_node *n)
{
    for (size_t i = 0; i < n->held.n; i++) {
        struct sw_held_zone *z = n->held.v[i];
        if (!z->wanted || z->job != 0) {
            continue;
        }
        const struct sw_zone_config *config = &n->config->zones[z->config];
        Swarm__Job__ZoneJob input = SWARM__JOB__ZONE_JOB__INIT;
        input.name = config->name;
        input.file = config->file;
        input.copy = sw_held_copy(n, z);
        input.primary = config->primary;
        input.limited = known_serial(n, z, &input.known);
        if (input.copy == NULL || sw_jobs_submit_message(n, SW_JOB_ZONE, SW_STRAND_ZONES,
                                                         &input.base, &z->job) != SW_OK) {
            return; /* the next beat tries again */
        }
        z->wanted = false;
    }
}

/* What a job said; NULL with an error: it left no result, or one that is none. */
static const Swarm__Job__ZoneResult *read_result(struct sw_node *n, const struct sw_job *job,
                                                 int *err)
{
    ProtobufCMessage *m = NULL;
    const int got = sw_proto_unpack(&n->scratch, &swarm__job__zone_result__descriptor,
                                    sw_blob_bytes(&job->out), &m);
    *err = job->status != SW_OK ? job->status : got;
    return got == SW_OK ? (const Swarm__Job__ZoneResult *)(void *)m : NULL;
}

/* The version in a job's result.  Errors as sw_zone_new. */
static int open_result(const struct sw_node *n, const struct sw_held_zone *z,
                       const Swarm__Job__ZoneResult *r, struct sw_zone_box **out)
{
    struct sw_blob image = { 0 };
    struct sw_zone *zone = NULL;
    if (r == NULL || r->version == NULL || r->version->digest.len != SW_ZONEMD_LEN) {
        return SW_ERR_MALFORMED;
    }
    int err = sw_blob_append(&image, r->image.data, r->image.len);
    err = err == SW_OK ? sw_zone_new(&image, &zone) : err;
    sw_blob_fini(&image);
    if (err == SW_OK && sw_dname_compare(sw_zone_name(zone), z->name) != 0) {
        sw_zone_free(zone);
        return SW_ERR_MALFORMED;
    }
    struct sw_zone_box *box = err == SW_OK ? calloc(1, sizeof *box) : NULL;
    if (box == NULL) {
        sw_zone_free(zone);
        return err == SW_OK ? SW_ERR_NOMEM : err;
    }
    if (n->shelf != NULL) {
        sw_zone_share(zone, n->shelf);
    }
    *box = (struct sw_zone_box){ .zone = zone, .users = 1 };
    box->version.epoch = r->version->epoch;
    box->version.serial = r->version->serial;
    memcpy(box->version.digest, r->version->digest.data, SW_ZONEMD_LEN);
    *out = box;
    return SW_OK;
}

static void refuse(struct sw_node *n, const struct sw_held_zone *z, int err, const char *reason)
{
    char text[512];
    const char *name = n->config->zones[z->config].name;
    (void)snprintf(text, sizeof text, "%s: %s", name,
                   reason[0] != '\0' ? reason : sw_strerror(err));
    sw_emit_trace(n, SW_TRACE_ZONE_REFUSED, NULL, (uint64_t)err, 0, text);
}

bool sw_held_newer(const struct sw_node *n, const struct sw_zone_version *a,
                   const struct sw_zone_version *b)
{
    if ((n->planted & SW_PLANTED_LAST_WRITER) != 0) {
        return !sw_version_same(a, b);
    }
    return sw_version_newer(a, b);
}

/* @box replaces what is served, where it may; @r says what leads from one to the other. */
static void swap(struct sw_node *n, struct sw_held_zone *z, struct sw_zone_box *box,
                 const Swarm__Job__ZoneResult *r)
{
    const char *name = n->config->zones[z->config].name;
    struct sw_zone_box *was = z->box;
    const bool steps_down = z->primary && !r->primary && was != NULL;
    if (was != NULL && !sw_version_same(&box->version, &was->version) &&
        !sw_held_newer(n, &box->version, &was->version)) {
        refuse(n, z, SW_ERR_STATE, "older than what is served");
        sw_zone_box_drop(box);
        return;
    }
    if (was != NULL) {
        box->history = was->history;
        was->history = (struct sw_history){ 0 };
    }
    if (r->from.len == SW_ZONEMD_LEN &&
        !(was != NULL && sw_version_same(&box->version, &was->version))) {
        sw_history_add(&box->history, r->from.data, box->version.digest,
                       (struct sw_bytes){ r->difference.data, r->difference.len });
    }
    sw_zone_box_drop(was);
    z->box = box;
    z->primary = r->primary != 0;
    n->held.changed = true;
    n->held.announce = true;
    sw_emit_trace(n, SW_TRACE_ZONE_LOADED, NULL, box->version.serial, sw_zone_rrsets(box->zone),
                  name);
    sw_emit_trace(n, SW_TRACE_ZONE_SWAPPED, NULL, box->version.serial, box->version.epoch, name);
    if (steps_down) {
        sw_emit_trace(n, SW_TRACE_ZONE_STEPPED_DOWN, NULL, box->version.serial, box->version.epoch,
                      name);
    }
}

/* Take the job's result into @z. */
static void settle(struct sw_node *n, struct sw_held_zone *z, const struct sw_job *job)
{
    struct sw_zone_box *box = NULL;
    int err;
    const Swarm__Job__ZoneResult *r = read_result(n, job, &err);
    const char *reason = r != NULL ? r->reason : "";
    err = err == SW_OK ? open_result(n, z, r, &box) : err;
    z->job = 0;
    if (job->kind == SW_JOB_ZONE) {
        z->settled = z->settled || err != SW_ERR_NOMEM;
        z->wanted = z->wanted || err == SW_ERR_NOMEM;
    }
    if (err != SW_OK || reason[0] != '\0') {
        refuse(n, z, err, reason);
    }
    if (err == SW_OK) {
        swap(n, z, box, r);
    }
    if (job->kind == SW_JOB_ZONE_PROMOTE && err == SW_OK) {
        sw_emit_trace(n, SW_TRACE_ZONE_PROMOTED, NULL, z->box->version.serial,
                      z->box->version.epoch, n->config->zones[z->config].name);
    }
    if (job->kind == SW_JOB_ZONE_UPDATE) {
        sw_zone_fetch_done(n, z, err);
    } else if (!z->wanted) {
        sw_operate_done(n, z, err, reason);
    }
    sw_held_load(n);
    sw_zone_fetch_look(n, z);
}

void sw_held_done(struct sw_node *n, const struct sw_job *job)
{
    for (size_t i = 0; i < n->held.n; i++) {
        if (n->held.v[i]->job == job->id) {
            settle(n, n->held.v[i], job);
            return;
        }
    }
    /* the zone is not held any longer */
}

struct sw_held_zone *sw_held_zone(const struct sw_held *h, const uint8_t *name)
{
    bool there;
    const size_t at = place(h, name, &there);
    return there ? h->v[at] : NULL;
}

static const uint8_t *name_at(const void *self, size_t i)
{
    const struct sw_held *h = self;
    return h->v[i]->name;
}

const struct sw_held_zone *sw_held_find(const struct sw_held *h, const uint8_t *name)
{
    const struct sw_dname_list list = { .self = h, .n = h->n, .at = name_at };
    const size_t i = sw_dname_closest(&list, name);
    return i < h->n ? h->v[i] : NULL;
}

bool sw_held_settled(const struct sw_held *h)
{
    for (size_t i = 0; i < h->n; i++) {
        if (!h->v[i]->settled) {
            return false;
        }
    }
    return true;
}
