/* SPDX-License-Identifier: GPL-3.0-or-later
 * Between the node and its backup module. */
#include "node/core/backup_host.h"

#include "node/core/command.h"
#include "node/core/emit.h"
#include "node/core/jobs.h"
#include "node/core/node_state.h"

static struct sw_backup_peer describe(const struct sw_peer *p)
{
    const struct sw_link *bulk = &p->link[SW_CLASS_BULK];
    return (struct sw_backup_peer){
        .name = p->name,
        .region = p->region,
        .stores = p->stores,
        .connected = bulk->conn != 0 && bulk->greeted,
    };
}

static bool peer(void *self, size_t i, struct sw_backup_peer *out)
{
    const struct sw_node *n = self;
    if (i >= n->peers.n_known) {
        return false;
    }
    *out = describe(n->peers.v[n->peers.by_name[i]]);
    return true;
}

static int send(void *self, const struct sw_name *name, const Swarm__V1__Envelope *envelope)
{
    struct sw_node *n = self;
    const uint32_t number = sw_peers_find(&n->peers, name->s);
    if (number == SW_PEER_NONE) {
        return SW_ERR_UNREACHABLE;
    }
    const struct sw_link *bulk = &n->peers.v[number]->link[SW_CLASS_BULK];
    if (bulk->conn == 0 || !bulk->greeted) {
        return SW_ERR_UNREACHABLE;
    }
    if (SW_BUGGIFY(n->buggify, bulk_unsent)) {
        return SW_ERR_NOMEM;
    }
    return sw_emit_envelope(n, bulk->conn, envelope) ? SW_OK : SW_ERR_NOMEM;
}

static bool reach(void *self)
{
    return sw_pool_reach_stores(self);
}

static int submit(void *self, enum sw_job_kind kind, enum sw_strand strand, struct sw_blob *in,
                  uint64_t *id)
{
    return sw_jobs_submit(self, kind, strand, in, id);
}

static void trace(void *self, const struct sw_trace *t)
{
    struct sw_node *n = self;
    const char *text = sw_emit_text(n, t->text != NULL ? t->text : "");
    struct sw_action *act = text != NULL ? sw_emit(n, SW_ACT_TRACE) : NULL;
    if (act != NULL) {
        act->u.trace = *t;
        act->u.trace.text = text;
    }
}

static void reply(void *self, uint64_t command, int status, const char *reason,
                  struct sw_bytes message)
{
    sw_command_reply(self, command, status, reason, message);
}

static int draw(void *self, uint8_t *out, size_t len)
{
    struct sw_node *n = self;
    return sw_keygen_draw(&n->keygen, out, len);
}

static sw_time now(void *self)
{
    const struct sw_node *n = self;
    return n->event->now;
}

static sw_wall wall(void *self)
{
    const struct sw_node *n = self;
    return n->event->wall;
}

struct sw_backup *sw_backup_host_new(struct sw_node *n)
{
    const struct sw_backup_host host = {
        .self = n,
        .buggify = n->buggify,
        .peer = peer,
        .send = send,
        .reach = reach,
        .submit = submit,
        .trace = trace,
        .reply = reply,
        .draw = draw,
        .now = now,
        .wall = wall,
    };
    return sw_backup_new(&host);
}

void sw_backup_host_up(struct sw_node *n, const struct sw_link *link)
{
    const struct sw_backup_peer p = describe(n->peers.v[link->peer]);
    sw_backup_on_peer_up(n->backup, &p);
}

void sw_backup_host_down(struct sw_node *n, const struct sw_link *link)
{
    sw_backup_on_peer_down(n->backup, &n->peers.v[link->peer]->name);
}

void sw_backup_host_blocked(struct sw_node *n, const struct sw_link *link)
{
    const struct sw_name *name = &n->peers.v[link->peer]->name;
    if (link->blocked) {
        sw_backup_on_peer_blocked(n->backup, name);
    } else {
        sw_backup_on_peer_writable(n->backup, name);
    }
}
