/* SPDX-License-Identifier: GPL-3.0-or-later
 * What operators do with zones. */
#include "sim/world/zone_edit.h"

#include "node/core/dns/bytes.h"
#include "node/core/dns/master_text.h"
#include "node/core/dns/wire.h"
#include "node/core/proto/swarm.pb-c.h"
#include "sim/world/disk.h"
#include "sim/world/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct sw_zone_config *find(const struct sim_host *h, const char *name)
{
    const struct sw_config *c = sim_host_config(h);
    for (size_t i = 0; i < c->n_zones; i++) {
        if (strcmp(c->zones[i].name, name) == 0) {
            return &c->zones[i];
        }
    }
    return NULL;
}

static void replied(void *arg, int status, const char *reason, struct sw_bytes message, bool last)
{
    (void)arg; /* the node's traces tell what became of it */
    (void)status;
    (void)reason;
    (void)message;
    (void)last;
}

/* Both requests begin with the zone's name. */
static void ask(struct sim_host *h, const char *method, const char *zone, bool force)
{
    Swarm__V1__PromoteRequest r = SWARM__V1__PROMOTE_REQUEST__INIT;
    uint8_t packed[512];
    r.zone = (char *)(uintptr_t)zone;
    r.force = force;
    if (swarm__v1__promote_request__get_packed_size(&r) <= sizeof packed) {
        const size_t n = swarm__v1__promote_request__pack(&r, packed);
        sim_host_command(h, method, (struct sw_bytes){ packed, n }, replied, h);
    }
}

void sim_zone_promote(struct sim_world *w, uint32_t node, const struct sim_operation *o)
{
    if (sim_world_node(w, node) != NULL) {
        ask(w->hosts[node], "Promote", o->zone, o->force);
    }
}

/* ---- what files said ---- */

/* What a master file was before or after an edit: a job may have read it then, and be done later.
 * The world keeps them, the newest first. */
struct sim_zone_text {
    struct sim_zone_text *older;
    uint32_t node;
    const char *zone; /* its configuration's */
    uint32_t serial;
    struct sw_blob text;
};

void sim_zone_texts_free(struct sim_zone_text *t)
{
    while (t != NULL) {
        struct sim_zone_text *older = t->older;
        sw_blob_fini(&t->text);
        free(t);
        t = older;
    }
}

static bool read_serial(const char *zone, struct sw_bytes text, uint32_t *serial)
{
    struct sw_records r = { 0 };
    struct sw_diag d;
    const bool is = sw_records_read(&r, zone, text, &d) == 0 && sw_records_serial(&r, serial);
    sw_records_fini(&r);
    return is;
}

static void remember(struct sim_world *w, uint32_t node, const char *zone, struct sw_bytes text)
{
    uint32_t serial;
    if (!read_serial(zone, text, &serial)) {
        return;
    }
    struct sim_zone_text *t = sim_calloc(1, sizeof *t);
    *t = (struct sim_zone_text){
        .older = w->zone_texts, .node = node, .zone = zone, .serial = serial
    };
    if (sw_blob_append(&t->text, text.data, text.len) != 0) {
        sim_out_of_memory("a master file");
    }
    w->zone_texts = t;
}

/* The newest text of @z's file on @node with @serial; empty when it never had any. */
static struct sw_bytes text_of(const struct sim_world *w, uint32_t node,
                               const struct sw_zone_config *z, uint32_t serial)
{
    struct sw_bytes text;
    uint32_t now;
    if (sim_disk_get(sim_host_disk(w->hosts[node]), z->file, &text) == 0 &&
        read_serial(z->name, text, &now) && now == serial) {
        return text;
    }
    const struct sim_zone_text *t = w->zone_texts;
    while (t != NULL && (t->node != node || t->serial != serial || strcmp(t->zone, z->name) != 0)) {
        t = t->older;
    }
    return t != NULL ? sw_blob_bytes(&t->text) : (struct sw_bytes){ 0 };
}

/* ---- edits ---- */

static bool at_apex(const struct sw_records *r, const struct sw_record *rr)
{
    return sw_dname_compare(rr->owner, r->origin) == 0;
}

/* One more serial, and the records that stay. */
static void renumber(struct sw_records *r, bool empty)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->n; i++) {
        struct sw_record *rr = r->v[i];
        const bool soa = rr->type == SW_TYPE_SOA && at_apex(r, rr);
        if (soa) {
            uint8_t *data = sw_arena_copy(&r->arena, rr->data, rr->data_len);
            sw_put_be32(data + rr->data_len - 20, sw_be32(data + rr->data_len - 20) + 1);
            rr->data = data;
        }
        const bool edited = rr->owner[0] > 6 && memcmp(rr->owner + 1, "edited", 6) == 0;
        if (!edited && (!empty || soa || (rr->type == SW_TYPE_NS && at_apex(r, rr)))) {
            r->v[kept++] = rr;
        }
    }
    r->n = kept;
}

/* The text after the edit, to be freed; NULL when the file is none to edit. */
static char *edited(const struct sim_operation *o, struct sw_bytes text, size_t *len)
{
    struct sw_records r = { 0 };
    struct sw_diag d = { "" };
    struct sw_blob out = { 0 };
    uint32_t serial = 0;
    int err = sw_records_read(&r, o->zone, text, &d);
    if (err == 0) {
        renumber(&r, o->empty);
        (void)sw_records_serial(&r, &serial);
        err = sw_master_text_put(&r, &out);
    }
    for (uint64_t i = 0; i < o->records && err == 0 && !o->empty; i++) {
        char line[400];
        const int n = snprintf(line, sizeof line, "edited-%llu.%s. 300 IN TXT \"%u\"\n",
                               (unsigned long long)i, o->zone, serial);
        err = sw_blob_append(&out, line, (size_t)n);
    }
    sw_records_fini(&r);
    if (err != 0) {
        sw_blob_fini(&out);
        return NULL;
    }
    *len = out.len;
    return (char *)out.data;
}

void sim_zone_edit(struct sim_world *w, uint32_t node, const struct sim_operation *o)
{
    struct sim_host *h = w->hosts[node];
    const struct sw_zone_config *z = find(h, o->zone);
    struct sw_bytes before;
    size_t len = 0;
    if (sim_world_node(w, node) == NULL || z == NULL ||
        sim_disk_get(sim_host_disk(h), z->file, &before) != 0) {
        return;
    }
    char *text = edited(o, before, &len);
    if (text != NULL) {
        const struct sw_bytes after = { (uint8_t *)text, len };
        remember(w, node, z->name, before);
        remember(w, node, z->name, after);
        (void)sim_disk_put(sim_host_disk(h), z->file, after,
                           0644); /* a full disk: the old text is read again */
        ask(h, "Reload", o->zone, false);
    }
    free(text);
}

/* ---- what is served ---- */

static bool is_primary(const struct sw_node *n, const char *zone)
{
    uint8_t name[SW_DNAME_MAX];
    const size_t count = sw_node_zones(n, NULL, 0);
    struct sw_zone_info *info = calloc(count + 1, sizeof *info);
    bool primary = false;
    const int len = sw_dname_from_text(zone, name);
    if (info != NULL && len > 0) {
        sw_dname_lower(name, (size_t)len);
        (void)sw_node_zones(n, info, count);
    }
    for (size_t i = 0; info != NULL && len > 0 && i < count; i++) {
        primary = primary || (info[i].primary && sw_dname_compare(info[i].name, name) == 0);
    }
    free(info);
    return primary;
}

void sim_zone_swapped(struct sim_world *w, uint32_t node, const struct sw_trace *t)
{
    const struct sw_node *n = sim_world_node(w, node);
    const struct sw_zone_config *z = find(w->hosts[node], t->text);
    if (n == NULL || z == NULL || !is_primary(n, t->text)) {
        return;
    }
    const struct sim_zone_version v = { .zone = z->name,
                                        .epoch = t->b,
                                        .serial = (uint32_t)t->a,
                                        .text = text_of(w, node, z, (uint32_t)t->a) };
    sim_tell_zone(w, node, &v);
}
