/* SPDX-License-Identifier: GPL-3.0-or-later
 * One connection to one node, by poll(2): the sessions below do no input or output. */
#define _GNU_SOURCE
#include "node/ctl/client.h"
#include "node/base/bug.h"

#include "node/ctl/context.h"
#include "node/rpc/ca.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECT_PATIENCE (10 * SW_SEC)
#define SLICE_MS 250 /* between looks at the clock */

struct ctl_client {
    int fd;
    struct sw_tls_context *context;
    struct sw_tls *tls;
    struct grpc_session *rpc;
    char node[SW_NAME_MAX + 1];
    sw_dur patience;
    /* of the call */
    bool over;
    enum grpc_status status;
    char reason[200];
    struct sw_blob *reply;
    bool has_reply;
};

static sw_time now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (sw_time)t.tv_sec * SW_SEC + (sw_time)t.tv_nsec;
}

/* ---- bytes ---- */

/* Wait for @events, SLICE_MS at most.  True: there are some. */
static bool wait_for(const struct ctl_client *c, short events)
{
    struct pollfd p = { .fd = c->fd, .events = events };
    return poll(&p, 1, SLICE_MS) > 0;
}

static int send_all(struct ctl_client *c, sw_time until, struct sw_diag *d)
{
    for (struct sw_bytes out; (out = sw_tls_send(c->tls)).len > 0;) {
        for (size_t done = 0; done < out.len;) {
            const ssize_t n = send(c->fd, out.data + done, out.len - done, MSG_NOSIGNAL);
            if (n > 0) {
                done += (size_t)n;
            } else if (errno != EAGAIN && errno != EINTR) {
                return sw_diag_set(d, SW_ERR_UNREACHABLE, "%s", strerror(errno));
            } else if (now() > until) {
                return sw_diag_set(d, SW_ERR_TIMEOUT, "the node does not read");
            } else {
                (void)wait_for(c, POLLOUT);
            }
        }
    }
    return 0;
}

/* Read what is there.  0 also when nothing is. */
static int receive(struct ctl_client *c, struct sw_diag *d)
{
    uint8_t buf[16384];
    const ssize_t n = recv(c->fd, buf, sizeof buf, 0);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR
                   ? 0
                   : sw_diag_set(d, SW_ERR_UNREACHABLE, "%s", strerror(errno));
    }
    if (n == 0) {
        return sw_diag_set(d, SW_ERR_UNREACHABLE, "the node closed the connection");
    }
    if (sw_tls_receive(c->tls, (struct sw_bytes){ buf, (size_t)n }) != 0) {
        return sw_diag_set(d, SW_ERR_DENIED, "TLS: %s", sw_tls_reason(c->tls));
    }
    while (c->rpc != NULL) {
        const int k = sw_tls_read(c->tls, buf, sizeof buf);
        if (k < 0) {
            return k == SW_ERR_STATE
                       ? sw_diag_set(d, SW_ERR_UNREACHABLE, "the node closed the connection")
                       : sw_diag_set(d, SW_ERR_DENIED, "TLS: %s", sw_tls_reason(c->tls));
        }
        if (k == 0) {
            break;
        }
        if (grpc_receive(c->rpc, (struct sw_bytes){ buf, (size_t)k }, now()) != 0) {
            return sw_diag_set(d, SW_ERR_MALFORMED, "the node does not speak gRPC");
        }
    }
    return 0;
}

/* Everything the session has to say. */
static int speak(struct ctl_client *c, sw_time until, struct sw_diag *d)
{
    for (struct sw_bytes out; c->rpc != NULL;) {
        if (grpc_send(c->rpc, &out) != 0) {
            return sw_diag_set(d, SW_ERR_NOMEM, "out of memory");
        }
        if (out.len == 0) {
            break;
        }
        if (sw_tls_write(c->tls, out) != 0) {
            return sw_diag_set(d, SW_ERR_DENIED, "TLS: %s", sw_tls_reason(c->tls));
        }
    }
    return send_all(c, until, d);
}

/* ---- connecting ---- */

static int split(const char *address, char *host, size_t cap, const char **port)
{
    const char *colon = strrchr(address, ':');
    size_t n = colon == NULL ? 0 : (size_t)(colon - address);
    if (n > 1 && address[0] == '[' && address[n - 1] == ']') {
        address++;
        n -= 2;
    }
    if (n == 0 || n >= cap || colon[1] == '\0') {
        return SW_ERR_MALFORMED;
    }
    memcpy(host, address, n);
    host[n] = '\0';
    *port = colon + 1;
    return 0;
}

/* 0 when connected; otherwise errno. */
static int connect_one(struct ctl_client *c, const struct addrinfo *a, sw_time until)
{
    const int on = 1;
    int failure = 0;
    socklen_t len = sizeof failure;
    c->fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) {
        return errno;
    }
    if (connect(c->fd, a->ai_addr, a->ai_addrlen) != 0) {
        failure = errno;
        while (failure == EINPROGRESS && now() < until) {
            if (wait_for(c, POLLOUT)) {
                (void)getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &failure, &len);
            }
        }
    }
    if (failure != 0) {
        (void)close(c->fd);
        c->fd = -1;
        return failure == EINPROGRESS ? ETIMEDOUT : failure;
    }
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return 0;
}

static int dial(struct ctl_client *c, const char *address, sw_time until, struct sw_diag *d)
{
    char host[256];
    const char *port = NULL;
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    if (split(address, host, sizeof host, &port) != 0) {
        return sw_diag_set(d, SW_ERR_MALFORMED, "no host:port");
    }
    const int rv = getaddrinfo(host, port, &hints, &found);
    if (rv != 0) {
        return sw_diag_set(d, SW_ERR_UNREACHABLE, "%s", gai_strerror(rv));
    }
    int failure = EHOSTUNREACH;
    for (const struct addrinfo *a = found; a != NULL && failure != 0; a = a->ai_next) {
        failure = connect_one(c, a, until);
    }
    freeaddrinfo(found);
    return failure == 0 ? 0 : sw_diag_set(d, SW_ERR_UNREACHABLE, "%s", strerror(failure));
}

static int load_context(struct ctl_client *c, const struct ctl_resolved *r, struct sw_diag *d)
{
    struct sw_blob chain = { 0 };
    struct sw_blob key = { 0 };
    struct sw_blob ca = { 0 };
    int err = ctl_read(r->certificate, &chain, d);
    err = err != 0 ? err : ctl_read(r->key, &key, d);
    err = err != 0 ? err : ctl_read(r->ca, &ca, d);
    if (err == 0) {
        const struct sw_tls_material m = { .chain = sw_blob_bytes(&chain),
                                           .key = sw_blob_bytes(&key),
                                           .ca = sw_blob_bytes(&ca) };
        err = sw_tls_context_new(&m, &c->context, d);
    }
    sw_blob_fini(&chain);
    sw_ca_wipe(&key);
    sw_blob_fini(&ca);
    return err;
}

static int shake_hands(struct ctl_client *c, sw_time until, struct sw_diag *d)
{
    int err = send_all(c, until, d);
    while (err == 0 && !sw_tls_ready(c->tls)) {
        if (now() > until) {
            return sw_diag_set(d, SW_ERR_TIMEOUT, "the node does not answer");
        }
        err = wait_for(c, POLLIN) ? receive(c, d) : 0;
        const int sent = send_all(c, until, err == 0 ? d : NULL); /* also an alert */
        err = err != 0 ? err : sent;
    }
    return err;
}

/* ---- the call ---- */

static void on_message(void *self, struct grpc_call *call, struct sw_bytes message)
{
    struct ctl_client *c = self;
    if (!c->has_reply && c->reply != NULL &&
        sw_blob_append(c->reply, message.data, message.len) == 0) {
        c->has_reply = true;
    } else {
        grpc_call_cancel(call); /* one answer was asked for */
    }
}

static void on_end(void *self, struct grpc_call *call, enum grpc_status status, const char *reason)
{
    struct ctl_client *c = self;
    (void)call;
    c->over = true;
    c->status = status;
    (void)snprintf(c->reason, sizeof c->reason, "%s", reason);
}

static const struct grpc_handler handler = { NULL, on_message, on_end, NULL, NULL };

static int connect_resolved(struct ctl_client *c, const struct ctl_resolved *r, struct sw_diag *d)
{
    const sw_time until = now() + (c->patience < CONNECT_PATIENCE ? c->patience : CONNECT_PATIENCE);
    const struct sw_identity who = { SW_ROLE_NODE, r->name };
    int err = load_context(c, r, d);
    if (err != 0) {
        return err;
    }
    struct sw_diag why = { "" };
    err = dial(c, r->address, until, &why);
    if (err == 0) {
        c->tls = sw_tls_new(c->context, false, &who);
        err = c->tls != NULL ? shake_hands(c, until, &why)
                             : sw_diag_set(&why, SW_ERR_NOMEM, "out of memory");
    }
    if (err != 0) {
        return sw_diag_set(d, err, "%s%s%s: %.160s", r->name.s, r->name.s[0] != '\0' ? " at " : "",
                           r->address, why.text);
    }
    if (err == 0) {
        c->rpc = grpc_session_new(false, &handler, c);
        err = c->rpc != NULL ? 0 : sw_diag_set(d, SW_ERR_NOMEM, "out of memory");
        (void)snprintf(c->node, sizeof c->node, "%s", sw_tls_peer(c->tls)->name.s);
    }
    return err;
}

int ctl_connect(const struct ctl_target *t, bool pinned, struct ctl_client **out, struct sw_diag *d)
{
    struct ctl_context context = { 0 };
    struct ctl_resolved r = { .address = "" };
    struct ctl_client *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return sw_diag_set(d, SW_ERR_NOMEM, "out of memory");
    }
    c->fd = -1;
    int err = ctl_duration(t->timeout, &c->patience);
    err = err != 0 ? sw_diag_set(d, err, "--timeout: '%s' is no duration (like 30s)", t->timeout)
                   : ctl_context_load(t->context, &context, d);
    err = err != 0 ? err : ctl_resolve(t, &context, &r, d);
    if (err == 0 && pinned && r.name.s[0] == '\0') {
        err = sw_diag_set(d, SW_ERR_MALFORMED,
                          "this sends a secret: say --node NAME@host:port, so that no other node "
                          "gets it");
    }
    err = err != 0 ? err : connect_resolved(c, &r, d);
    ctl_context_release(&context);
    if (err != 0) {
        ctl_disconnect(c);
        return err;
    }
    *out = c;
    return 0;
}

void ctl_disconnect(struct ctl_client *c)
{
    if (c == NULL) {
        return;
    }
    grpc_session_free(c->rpc);
    if (c->fd >= 0) {
        if (c->tls != NULL) {
            sw_tls_close(c->tls);
            (void)send_all(c, now(), NULL);
        }
        (void)close(c->fd);
    }
    sw_tls_free(c->tls);
    sw_tls_context_free(c->context);
    free(c);
}

const char *ctl_client_node(const struct ctl_client *c)
{
    return c->node;
}

/* What a status of the node means to whoever asked. */
static int error_of(enum grpc_status status)
{
    switch (status) {
    case GRPC_OK:
        return 0;
    case GRPC_INVALID_ARGUMENT:
        return SW_ERR_MALFORMED;
    case GRPC_NOT_FOUND:
        return SW_ERR_NOTFOUND;
    case GRPC_ALREADY_EXISTS:
        return SW_ERR_EXISTS;
    case GRPC_UNIMPLEMENTED:
        return SW_ERR_UNSUPPORTED;
    case GRPC_PERMISSION_DENIED:
    case GRPC_UNAUTHENTICATED:
        return SW_ERR_DENIED;
    case GRPC_DEADLINE_EXCEEDED:
        return SW_ERR_TIMEOUT;
    case GRPC_UNAVAILABLE:
        return SW_ERR_UNREACHABLE;
    default:
        return SW_ERR_STATE;
    }
}

/* On a terminal, what takes long is seen to go on. */
static void show_waiting(const char *what, sw_time began, bool done)
{
    const sw_time spent = now() - began;
    if (what != NULL && spent > SW_SEC && isatty(STDERR_FILENO) == 1) {
        (void)fprintf(stderr, done ? "\r%s: %llu s\n" : "\r%s: %llu s ", what,
                      (unsigned long long)(spent / SW_SEC));
    }
}

static int exchange(struct ctl_client *c, const char *what, struct sw_diag *d)
{
    const sw_time began = now();
    const sw_time until = began + c->patience;
    int err = speak(c, until, d);
    while (err == 0 && !c->over) {
        (void)grpc_tick(c->rpc, now());
        show_waiting(what, began, false);
        if (wait_for(c, POLLIN)) {
            err = receive(c, d);
        }
        err = err != 0 ? err : speak(c, until, d);
    }
    show_waiting(what, began, true);
    return err;
}

int ctl_call(struct ctl_client *c, const char *path, const ProtobufCMessage *request,
             const char *what, struct sw_blob *reply, struct sw_diag *d)
{
    char host[SW_HOST_MAX];
    struct sw_blob packed = { 0 };
    const size_t n = protobuf_c_message_get_packed_size(request);
    sw_identity_host(sw_tls_peer(c->tls)->name, host);
    struct grpc_call *call = grpc_call_new(c->rpc, path, host, NULL, c->patience, now());
    if (call == NULL || sw_blob_reserve(&packed, n + 1) != 0) {
        return sw_diag_set(d, SW_ERR_NOMEM, "out of memory");
    }
    packed.len = protobuf_c_message_pack(request, packed.data);
    c->reply = reply;
    int err = grpc_call_send(call, sw_blob_bytes(&packed));
    err = err != 0 ? err : grpc_call_end(call, GRPC_OK, NULL);
    err = err != 0 ? sw_diag_set(d, err, "out of memory") : exchange(c, what, d);
    sw_ca_wipe(&packed); /* it may hold a key */
    if (err != 0) {
        return err;
    }
    err = error_of(c->status);
    if (err != 0) {
        return sw_diag_set(d, err, "%s: %s%s%s", c->node, grpc_status_name(c->status),
                           c->reason[0] != '\0' ? ": " : "", c->reason);
    }
    return c->has_reply ? 0 : sw_diag_set(d, SW_ERR_MALFORMED, "%s sent no answer", c->node);
}

int ctl_ask(const struct ctl_target *t, const char *method, const ProtobufCMessage *request,
            const ProtobufCMessageDescriptor *reply, ProtobufCMessage **out, struct sw_diag *d)
{
    struct ctl_client *c = NULL;
    struct sw_blob bytes = { 0 };
    char path[64];
    (void)snprintf(path, sizeof path, "/swarm.v1.Control/%s", method);
    int err = ctl_connect(t, false, &c, d);
    SW_ASSERT(err != 0 || c != NULL);
    err = err != 0 ? err : ctl_call(c, path, request, NULL, &bytes, d);
    if (err == 0) {
        *out = protobuf_c_message_unpack(reply, NULL, bytes.len, bytes.data);
        err = *out != NULL ? 0 : sw_diag_set(d, SW_ERR_MALFORMED, "the answer is malformed");
    }
    ctl_disconnect(c);
    sw_blob_fini(&bytes);
    return err;
}
