/* SPDX-License-Identifier: GPL-3.0-or-later
 * Connections to other nodes. */
#define _GNU_SOURCE /* what uv.h needs */
#include "node/live/peer.h"

#include "node/base/bug.h"
#include "node/core/swarm/lane.h"
#include "node/live/channel.h"
#include "node/live/clock.h"
#include "node/live/commands.h"
#include "node/live/fs_posix.h"
#include "node/live/log.h"
#include "node/live/tcp.h"

#include <stdlib.h>
#include <string.h>

#define EXCHANGE "/swarm.v1.Swarm/Exchange"
#define CHANNELS_MAX 2048
#define BACKLOG 128

/* An Exchange call: what the node knows as a connection. */
struct link {
    struct live_call call; /* first: how a call's owner is told from others */
    struct live_channel *channel;
    struct grpc_call *rpc;
    sw_conn conn;
    enum sw_class class;
    struct sw_name peer;
    bool blocked;
};

/* What hangs on a channel. */
struct attached {
    struct sw_name expects; /* dialled: whom */
    enum sw_class class;
    struct link *link; /* NULL: none (yet, or any longer) */
    bool told;         /* the node got its PEER_UP */
};

struct live_peers {
    struct live_host *host;
    struct live_channels *channels;
    uv_tcp_t listener;
    bool listening;
    sw_conn last_conn;
    struct link **links; /* ascending conn */
    size_t n_links, cap;
};

static const char *class_name(enum sw_class class)
{
    return class == SW_CLASS_BULK ? "bulk" : "control";
}

/* ---- the table of links ---- */

/* Index of the first link whose conn is not below @conn. */
static size_t position(const struct live_peers *p, sw_conn conn)
{
    size_t low = 0;
    size_t high = p->n_links;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (p->links[middle]->conn < conn) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct link *find(const struct live_peers *p, sw_conn conn)
{
    const size_t i = position(p, conn);
    return i < p->n_links && p->links[i]->conn == conn ? p->links[i] : NULL;
}

bool live_peers_has(const struct live_peers *p, sw_conn conn)
{
    return find(p, conn) != NULL;
}

static struct link *add_link(struct live_peers *p, struct live_channel *c, struct grpc_call *rpc,
                             enum sw_class class)
{
    if (p->n_links == p->cap) {
        const size_t cap = p->cap == 0 ? 16 : 2 * p->cap;
        struct link **links = realloc(p->links, cap * sizeof *links);
        if (links == NULL) {
            return NULL;
        }
        p->links = links;
        p->cap = cap;
    }
    struct link *l = calloc(1, sizeof *l);
    struct attached *a = live_channel_get(c);
    if (l == NULL) {
        return NULL;
    }
    l->channel = c;
    l->rpc = rpc;
    l->conn = ++p->last_conn; /* the largest: it goes to the end */
    l->class = class;
    l->peer = live_channel_peer(c)->name;
    p->links[p->n_links++] = l;
    a->link = l;
    a->class = class;
    a->told = true;
    return l;
}

static void remove_link(struct live_peers *p, struct link *l)
{
    const size_t i = position(p, l->conn);
    SW_ASSERT(i < p->n_links && p->links[i] == l);
    p->n_links--;
    memmove(&p->links[i], &p->links[i + 1], (p->n_links - i) * sizeof(struct link *));
    struct attached *a = live_channel_get(l->channel);
    a->link = NULL;
    free(l);
}

/* ---- events ---- */

static void tell_up(struct live_peers *p, const struct link *l)
{
    struct sw_event ev = { .kind = SW_EV_PEER_UP };
    ev.u.peer_up.conn = l->conn;
    ev.u.peer_up.class = l->class;
    ev.u.peer_up.peer = l->peer;
    ev.u.peer_up.dialled = live_channel_dialled(l->channel);
    live_host_later(p->host, &ev);
}

static void tell_down(struct live_peers *p, sw_conn conn, enum sw_class class, struct sw_name peer)
{
    struct sw_event ev = { .kind = SW_EV_PEER_DOWN };
    ev.u.peer_down.conn = conn;
    ev.u.peer_down.class = class;
    ev.u.peer_down.peer = peer;
    live_host_later(p->host, &ev);
}

static void exchange_message(void *self, struct grpc_call *call, struct sw_bytes message)
{
    struct live_peers *p = self;
    const struct link *l = grpc_call_get(call);
    const sw_time now = live_now();
    const bool work = sw_envelope_lane(message) == SW_LANE_WORK;
    const bool full = work && live_host_is_full(p->host);
    if (work && !full) {
        const struct live_mail mail = {
            .kind = LIVE_MAIL_ENVELOPE,
            .conn = l->conn,
            .arrived_at = now,
            .message = message,
        };
        live_host_queue(p->host, &mail);
        return;
    }
    struct sw_event ev = { .kind = SW_EV_PEER_MESSAGE };
    ev.u.peer_message.conn = l->conn;
    ev.u.peer_message.message = message;
    ev.u.peer_message.full = full;
    (void)live_host_step(p->host, &ev, now);
}

/* The other side says no more: an Exchange is for both or for none. */
static void exchange_end(void *self, struct grpc_call *call, enum grpc_status status,
                         const char *reason)
{
    (void)self;
    const struct link *l = grpc_call_get(call);
    live_channel_close(l->channel, status == GRPC_OK ? "ended by the other side" : reason);
}

static void exchange_close(void *self, struct grpc_call *call)
{
    struct live_peers *p = self;
    struct link *l = grpc_call_get(call);
    const sw_conn conn = l->conn;
    const enum sw_class class = l->class;
    const struct sw_name peer = l->peer;
    live_channel_finish(l->channel, "the call is over"); /* what was said last is still here */
    remove_link(p, l);
    tell_down(p, conn, class, peer);
}

static const struct grpc_handler exchange = { NULL, exchange_message, exchange_end, exchange_close,
                                              NULL };

/* ---- calls: who owns them is asked first ---- */

static struct live_peers *peers_of(void *channel)
{
    return live_channel_owner_self(channel);
}

static void accept_exchange(struct live_peers *p, struct live_channel *c, struct grpc_call *call)
{
    const char *class = grpc_call_header(call, "swarm-class");
    const struct attached *a = live_channel_get(c);
    if (live_channel_peer(c)->role != SW_ROLE_NODE) {
        (void)grpc_call_end(call, GRPC_PERMISSION_DENIED, "only nodes exchange envelopes");
    } else if (class == NULL || (strcmp(class, "control") != 0 && strcmp(class, "bulk") != 0)) {
        (void)grpc_call_end(call, GRPC_INVALID_ARGUMENT, "swarm-class: neither control nor bulk");
    } else if (a->link != NULL) {
        (void)grpc_call_end(call, GRPC_ALREADY_EXISTS, "one exchange a connection");
    } else {
        struct link *l =
            add_link(p, c, call, strcmp(class, "bulk") == 0 ? SW_CLASS_BULK : SW_CLASS_CONTROL);
        if (l == NULL) {
            (void)grpc_call_end(call, GRPC_RESOURCE_EXHAUSTED, "out of memory");
            return;
        }
        l->call.handler = &exchange;
        grpc_call_set(call, l);
        tell_up(p, l);
    }
}

static void on_call(void *self, struct grpc_call *call, const char *path)
{
    struct live_peers *p = peers_of(self);
    if (strcmp(path, EXCHANGE) == 0) {
        accept_exchange(p, self, call);
    } else {
        live_commands_begin(p->host->commands, call, path, live_channel_peer(self));
    }
}

/* The owner's handler and its self: the peers' for links, the host for commands. */
static const struct grpc_handler *handler_of(void *channel, struct grpc_call *call, void **self)
{
    const struct live_call *owner = grpc_call_get(call);
    struct live_peers *p = peers_of(channel);
    if (owner == NULL) {
        return NULL; /* refused as it began */
    }
    *self = owner->handler == &exchange ? (void *)p : (void *)p->host;
    return owner->handler;
}

static void on_message(void *self, struct grpc_call *call, struct sw_bytes message)
{
    void *owner = NULL;
    const struct grpc_handler *h = handler_of(self, call, &owner);
    if (h != NULL) {
        h->on_message(owner, call, message);
    }
}

static void on_end(void *self, struct grpc_call *call, enum grpc_status status, const char *reason)
{
    void *owner = NULL;
    const struct grpc_handler *h = handler_of(self, call, &owner);
    if (h != NULL) {
        h->on_end(owner, call, status, reason);
    }
}

static void on_close(void *self, struct grpc_call *call)
{
    void *owner = NULL;
    const struct grpc_handler *h = handler_of(self, call, &owner);
    if (h != NULL) {
        h->on_close(owner, call);
    }
}

static const struct grpc_handler dispatch = { on_call, on_message, on_end, on_close, NULL };

/* ---- channels ---- */

static void on_ready(void *self, struct live_channel *c)
{
    struct live_peers *p = self;
    const struct attached *a = live_channel_get(c);
    const struct sw_identity *who = live_channel_peer(c);
    LIVE_LOG(SW_LOG_DEBUG, "connected", LIVE_TEXT("peer", who->name.s),
             LIVE_TEXT("role", sw_role_name(who->role)),
             LIVE_TEXT("address", live_channel_address(c)));
    if (!live_channel_dialled(c)) {
        return;
    }
    char host[SW_HOST_MAX];
    sw_identity_host(who->name, host);
    const char *const headers[] = { "swarm-class", class_name(a->class), NULL };
    struct grpc_call *call =
        grpc_call_new(live_channel_session(c), EXCHANGE, host, headers, 0, live_now());
    struct link *l = call == NULL ? NULL : add_link(p, c, call, a->class);
    if (l == NULL) {
        live_channel_close(c, "out of memory");
        return;
    }
    l->call.handler = &exchange;
    grpc_call_set(call, l);
    tell_up(p, l);
}

static void on_closed(void *self, struct live_channel *c)
{
    struct live_peers *p = self;
    const struct attached *a = live_channel_get(c);
    const bool dialled = live_channel_dialled(c);
    LIVE_LOG(dialled && !a->told ? SW_LOG_INFO : SW_LOG_DEBUG,
             a->told || !dialled ? "disconnected" : "can not connect",
             LIVE_TEXT("peer", dialled ? a->expects.s : live_channel_peer(c)->name.s),
             LIVE_TEXT("address", live_channel_address(c)),
             LIVE_TEXT("reason", live_channel_reason(c)));
    if (dialled && !a->told) {
        tell_down(p, 0, a->class, a->expects);
    }
}

static void on_flushed(void *self, struct live_channel *c)
{
    struct live_peers *p = self;
    const struct attached *a = live_channel_get(c);
    struct link *l = a->link;
    if (l != NULL && l->blocked && grpc_call_queued(l->rpc) < LIVE_PEER_LOW) {
        l->blocked = false;
        const struct sw_event ev = { .kind = SW_EV_PEER_WRITABLE, .u.peer_writable = l->conn };
        live_host_later(p->host, &ev);
    }
}

static void on_connection(uv_stream_t *server, int status)
{
    struct live_peers *p = server->data;
    if (status != 0) {
        return;
    }
    if (live_channels_count(p->channels) >= CHANNELS_MAX) {
        live_tcp_refuse(server);
        LIVE_LOG(SW_LOG_WARNING, "connection refused", LIVE_TEXT("reason", "too many"));
    } else if (!live_channel_accept(p->channels, server, p->host->tls)) {
        LIVE_LOG(SW_LOG_WARNING, "connection refused", LIVE_TEXT("reason", "out of memory"));
    }
}

/* ---- what the node wants ---- */

void live_peers_dial(struct live_peers *p, const struct sw_name *who, enum sw_class class,
                     const char *address)
{
    const struct sw_identity expects = { SW_ROLE_NODE, *who };
    struct live_channel *c = live_channel_dial(p->channels, address, p->host->tls, &expects);
    if (c == NULL) {
        tell_down(p, 0, class, *who);
        return;
    }
    struct attached *a = live_channel_get(c);
    a->expects = *who;
    a->class = class;
}

void live_peers_send(struct live_peers *p, sw_conn conn, struct sw_bytes message)
{
    struct link *l = find(p, conn);
    if (l == NULL) {
        return; /* PEER_DOWN is on its way */
    }
    const int err = grpc_call_send(l->rpc, message);
    const size_t queued = grpc_call_queued(l->rpc);
    if ((err != 0 && err != SW_ERR_STATE) || queued > LIVE_PEER_MOST) {
        live_channel_close(l->channel, err != 0 ? sw_strerror(err) : "it takes too little");
        return;
    }
    live_channel_touch(l->channel);
    if (queued > LIVE_PEER_HIGH && !l->blocked) {
        l->blocked = true;
        const struct sw_event ev = { .kind = SW_EV_PEER_BLOCKED, .u.peer_blocked = conn };
        live_host_later(p->host, &ev);
    }
}

void live_peers_hang_up(struct live_peers *p, sw_conn conn)
{
    const struct link *l = find(p, conn);
    if (l != NULL) {
        live_channel_close(l->channel, "hung up");
    }
}

/* ---- life ---- */

struct live_peers *live_peers_new(struct live_host *h)
{
    struct live_peers *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return NULL;
    }
    const struct live_channel_owner owner = {
        .on_ready = on_ready,
        .on_closed = on_closed,
        .on_flushed = on_flushed,
        .handler = &dispatch,
        .attachment = sizeof(struct attached),
        .self = p,
    };
    p->host = h;
    p->channels = live_channels_new(&h->loop, &owner);
    if (p->channels == NULL) {
        free(p);
        return NULL;
    }
    return p;
}

int live_peers_listen(struct live_peers *p, const char *address, struct sw_diag *d)
{
    union live_address a;
    if (live_address_parse(address, &a) != 0) {
        return sw_diag_set(d, SW_ERR_MALFORMED, "%s: not a numeric address and port", address);
    }
    p->listener.data = p;
    int rv = uv_tcp_init(&p->host->loop, &p->listener);
    p->listening = rv == 0;
    rv = rv != 0 ? rv : uv_tcp_bind(&p->listener, &a.any, 0);
    rv = rv != 0 ? rv : uv_listen((uv_stream_t *)&p->listener, BACKLOG, on_connection);
    return rv == 0 ? 0
                   : sw_diag_set(d, rv == UV_EADDRINUSE ? SW_ERR_BUSY : live_fs_error(-rv),
                                 "%s: %s", address, uv_strerror(rv));
}

size_t live_peers_count(const struct live_peers *p)
{
    return live_channels_count(p->channels);
}

void live_peers_flush(struct live_peers *p)
{
    live_channels_flush(p->channels);
}

void live_peers_recheck(struct live_peers *p)
{
    live_channels_recheck(p->channels, p->host->tls);
}

static void stop_listening(struct live_peers *p)
{
    if (p->listening) {
        p->listening = false;
        uv_close((uv_handle_t *)&p->listener, NULL);
    }
}

void live_peers_shutdown(struct live_peers *p)
{
    stop_listening(p);
    for (size_t i = 0; i < p->n_links; i++) { /* an exchange would never end by itself */
        (void)grpc_call_end(p->links[i]->rpc, GRPC_OK, NULL);
    }
    live_channels_shutdown(p->channels);
}

void live_peers_abort(struct live_peers *p)
{
    stop_listening(p);
    live_channels_abort(p->channels);
}

void live_peers_free(struct live_peers *p)
{
    if (p != NULL) {
        live_channels_free(p->channels);
        free(p->links);
        free(p);
    }
}
