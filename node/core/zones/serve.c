/* SPDX-License-Identifier: GPL-3.0-or-later
 * A holder gives backups the version that it serves. */
#include "node/core/zones/serve.h"

#include "node/core/emit.h"
#include "node/core/jobs.h"
#include "node/core/node_state.h"
#include "node/core/proto/job.pb-c.h"

#include <stdlib.h>
#include <string.h>

void sw_zone_reads_fini(struct sw_zone_reads *r)
{
    free(r->v);
    *r = (struct sw_zone_reads){ 0 };
}

/* What a peer asked for, and what it gets. */
struct answer {
    const uint8_t *name;
    const struct sw_zone_version *version;
    uint64_t id;
    int status;
    bool difference;
    uint64_t offset, size;
    struct sw_bytes data;
};

static void reply(struct sw_node *n, sw_conn conn, const struct answer *a)
{
    Swarm__V1__ZoneHeld version;
    Swarm__V1__ZoneData d = SWARM__V1__ZONE_DATA__INIT;
    Swarm__V1__ZoneTransfer t = SWARM__V1__ZONE_TRANSFER__INIT;
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    sw_zone_version_say(a->version, &version);
    d.name = (ProtobufCBinaryData){ sw_dname_len(a->name), (uint8_t *)(uintptr_t)a->name };
    d.version = &version;
    d.id = a->id;
    d.status = a->status;
    d.difference = a->difference;
    d.offset = a->offset;
    d.size = a->size;
    d.data = (ProtobufCBinaryData){ a->data.len, (uint8_t *)(uintptr_t)a->data.data };
    t.data = &d;
    e.body_case = SWARM__V1__ENVELOPE__BODY_ZONE_TRANSFER;
    e.zone_transfer = &t;
    (void)sw_emit_envelope(n, conn, &e); /* lost: the peer asks anew after a while */
}

/* What leads from @have to what we serve, where it is known and no longer than all of it. */
static bool reply_difference(struct sw_node *n, const struct sw_link *link,
                             const struct sw_held_zone *z, const Swarm__V1__ZoneGet *get)
{
    struct sw_zone_version from;
    struct sw_blob difference = { 0 };
    const bool known = sw_zone_version_hear(get->have, &from) &&
                       sw_history_since(&z->box->history, from.digest, &difference) &&
                       difference.len <= sw_zone_image(z->box->zone).len;
    if (known) {
        reply(n, link->conn,
              &(struct answer){ .name = z->name,
                                .version = &z->box->version,
                                .id = get->id,
                                .difference = true,
                                .size = difference.len,
                                .data = sw_blob_bytes(&difference) });
    }
    sw_blob_fini(&difference);
    return known;
}

/* Room for one more read for @conn, or NULL. */
static struct sw_zone_read *add_read(struct sw_node *n, sw_conn conn)
{
    struct sw_zone_reads *r = &n->reads;
    uint32_t of_peer = 0;
    for (uint32_t i = 0; i < r->n; i++) {
        of_peer += r->v[i].conn == conn;
    }
    if (r->n >= SW_ZONE_READS_MOST || of_peer >= SW_ZONE_READS_PEER) {
        return NULL;
    }
    if (r->n == r->cap) {
        const uint32_t cap = r->cap == 0 ? 4 : 2 * r->cap;
        struct sw_zone_read *v = realloc(r->v, cap * sizeof *v);
        if (v == NULL) {
            n->out_of_memory = true;
            return NULL;
        }
        r->v = v;
        r->cap = cap;
    }
    return &r->v[r->n];
}

/* Read a part; false: there is no room for it now. */
static bool read_part(struct sw_node *n, const struct sw_link *link, const struct sw_held_zone *z,
                      const Swarm__V1__ZoneGet *get)
{
    struct sw_zone_read *read = add_read(n, link->conn);
    Swarm__Job__ZoneVersion version = SWARM__JOB__ZONE_VERSION__INIT;
    Swarm__Job__ZonePartJob job = SWARM__JOB__ZONE_PART_JOB__INIT;
    if (read == NULL) {
        return false;
    }
    *read = (struct sw_zone_read){
        .conn = link->conn, .id = get->id, .offset = get->offset, .version = z->box->version
    };
    memcpy(read->name, z->name, sw_dname_len(z->name));
    version.epoch = read->version.epoch;
    version.serial = read->version.serial;
    version.digest = (ProtobufCBinaryData){ SW_ZONEMD_LEN, read->version.digest };
    job.copy = sw_held_copy(n, z);
    job.version = &version;
    job.offset = get->offset;
    job.length = SW_ZONE_PART;
    if (job.copy == NULL || sw_jobs_submit_message(n, SW_JOB_ZONE_PART, SW_STRAND_ZONES, &job.base,
                                                   &read->job) != SW_OK) {
        return false;
    }
    n->reads.n++;
    return true;
}

int sw_zone_serve(struct sw_node *n, const struct sw_link *link, const Swarm__V1__ZoneGet *get)
{
    uint8_t name[SW_DNAME_MAX];
    struct sw_zone_version want;
    if (get->name.len == 0 || get->name.len > sizeof name ||
        sw_dname_check(get->name.data, get->name.len) != get->name.len ||
        !sw_zone_version_hear(get->want, &want)) {
        return SW_ERR_MALFORMED;
    }
    if (get->target[0] != '\0') {
        sw_zone_carry_get(n, link, get);
        return SW_OK;
    }
    memcpy(name, get->name.data, get->name.len);
    const struct sw_held_zone *z = sw_held_zone(&n->held, name);
    struct answer a = { .name = name, .version = &want, .id = get->id, .offset = get->offset };
    if (z == NULL || z->box == NULL || !sw_version_same(&want, &z->box->version)) {
        a.status = SW_ERR_NOTFOUND;
        reply(n, link->conn, &a);
        return SW_OK;
    }
    if (get->offset == 0 && get->have != NULL && reply_difference(n, link, z, get)) {
        return SW_OK;
    }
    if (!read_part(n, link, z, get)) {
        a.status = SW_ERR_BUSY;
        reply(n, link->conn, &a);
    }
    return SW_OK;
}

void sw_zone_serve_done(struct sw_node *n, const struct sw_job *job)
{
    struct sw_zone_reads *r = &n->reads;
    uint32_t i = 0;
    while (i < r->n && r->v[i].job != job->id) {
        i++;
    }
    if (i == r->n) {
        return;
    }
    const struct sw_zone_read read = r->v[i];
    memmove(&r->v[i], &r->v[i + 1], (r->n - i - 1) * sizeof *r->v);
    r->n--;
    struct answer a = { .name = read.name,
                        .version = &read.version,
                        .id = read.id,
                        .status = job->status,
                        .offset = read.offset };
    ProtobufCMessage *m = NULL;
    if (a.status == SW_OK) {
        a.status = sw_proto_unpack(&n->scratch, &swarm__job__zone_part__descriptor,
                                   sw_blob_bytes(&job->out), &m);
    }
    if (a.status == SW_OK) {
        const Swarm__Job__ZonePart *part = (const Swarm__Job__ZonePart *)(void *)m;
        a.size = part->size;
        a.data = (struct sw_bytes){ part->data.data, part->data.len };
    }
    if (sw_peers_conn(&n->peers, read.conn) != NULL) {
        reply(n, read.conn, &a);
    }
}
