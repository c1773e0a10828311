/* SPDX-License-Identifier: GPL-3.0-or-later
 * The zones held here. */
#include "node/core/held.h"

#include "node/core/emit.h"
#include "node/core/jobs.h"
#include "node/core/node_state.h"
#include "node/core/proto/job.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sw_zone_box_drop(struct sw_zone_box *box)
{
    if (box != NULL && --box->users == 0) {
        sw_zone_free(box->zone);
        free(box);
    }
}

static void zone_free(struct sw_held_zone *z)
{
    if (z != NULL) {
        sw_zone_box_drop(z->box);
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
    struct sw_held_zone z = { .config = index, .wanted = true };
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
        z.box = old->v[before]->box;
        z.settled = old->v[before]->settled;
    }
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

void sw_held_load(struct sw_node *n)
{
    for (size_t i = 0; i < n->held.n; i++) {
        struct sw_held_zone *z = n->held.v[i];
        if (!z->wanted) {
            continue;
        }
        const struct sw_zone_config *config = &n->config->zones[z->config];
        Swarm__Job__ZoneJob input = SWARM__JOB__ZONE_JOB__INIT;
        input.name = config->name;
        input.file = config->file;
        if (sw_jobs_submit_message(n, SW_JOB_ZONE, SW_STRAND_ZONES, &input.base, &z->job) !=
            SW_OK) {
            return; /* the next beat tries again */
        }
        z->wanted = false;
    }
}

/* The zone in a job's result.  Errors as sw_zone_new; @reason says why where somebody knows. */
static int open_result(struct sw_node *n, const struct sw_job *job, struct sw_zone **zone,
                       const char **reason)
{
    ProtobufCMessage *m = NULL;
    int err = sw_proto_unpack(&n->scratch, &swarm__job__zone_result__descriptor,
                              sw_blob_bytes(&job->out), &m);
    if (err == SW_OK) {
        const Swarm__Job__ZoneResult *r = (const Swarm__Job__ZoneResult *)(void *)m;
        *reason = r->reason;
        err = job->status;
        if (err == SW_OK) {
            struct sw_blob image = { 0 };
            err = sw_blob_append(&image, r->image.data, r->image.len);
            err = err == SW_OK ? sw_zone_new(&image, zone) : err;
            sw_blob_fini(&image);
        }
    } else if (job->status != SW_OK) {
        err = job->status; /* a job that fails early leaves no result */
    }
    return err;
}

static struct sw_zone_box *box_new(struct sw_zone *zone)
{
    struct sw_zone_box *box = malloc(sizeof *box);
    if (box == NULL) {
        sw_zone_free(zone);
        return NULL;
    }
    *box = (struct sw_zone_box){ .zone = zone, .users = 1 };
    return box;
}

static void refuse(struct sw_node *n, const struct sw_held_zone *z, int err, const char *reason)
{
    char text[512];
    const char *name = n->config->zones[z->config].name;
    (void)snprintf(text, sizeof text, "%s: %s", name,
                   reason[0] != '\0' ? reason : sw_strerror(err));
    sw_emit_trace(n, SW_TRACE_ZONE_REFUSED, NULL, (uint64_t)err, 0, text);
}

/* Take the job's result into @z. */
static void settle(struct sw_node *n, struct sw_held_zone *z, const struct sw_job *job)
{
    struct sw_zone *zone = NULL;
    const char *reason = "";
    int err = open_result(n, job, &zone, &reason);
    if (err == SW_OK && sw_dname_compare(sw_zone_name(zone), z->name) != 0) {
        sw_zone_free(zone);
        err = SW_ERR_MALFORMED;
    }
    struct sw_zone_box *box = err == SW_OK ? box_new(zone) : NULL;
    if (err == SW_OK && box == NULL) {
        err = SW_ERR_NOMEM;
    }
    z->job = 0;
    z->settled = z->settled || err != SW_ERR_NOMEM;
    z->wanted = err == SW_ERR_NOMEM;
    if (box == NULL) {
        refuse(n, z, err, reason);
        return;
    }
    sw_zone_box_drop(z->box);
    z->box = box;
    n->held.changed = true;
    n->held.announce = true;
    sw_emit_trace(n, SW_TRACE_ZONE_LOADED, NULL, sw_zone_serial(box->zone),
                  sw_zone_rrsets(box->zone), n->config->zones[z->config].name);
}

void sw_held_done(struct sw_node *n, const struct sw_job *job)
{
    for (size_t i = 0; i < n->held.n; i++) {
        if (n->held.v[i]->job == job->id) {
            settle(n, n->held.v[i], job);
            return;
        }
    }
    /* A reload asked anew meanwhile: that job's result is the one that counts. */
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
