/* SPDX-License-Identifier: GPL-3.0-or-later
 * Operators' and health checkers' calls: one message in, an answer out. */
#define _GNU_SOURCE /* what uv.h needs */
#include "node/live/commands.h"

#include "node/base/bug.h"
#include "node/conf/version.h"
#include "node/core/proto/swarm.pb-c.h"
#include "node/live/channel.h"
#include "node/live/clock.h"
#include "node/live/health.pb-c.h"
#include "node/live/log.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTROL "/swarm.v1.Control/"
#define REQUEST_MAX 65536u
#define HEALTH "/grpc.health.v1.Health/Check"

struct command {
    struct live_call call; /* first */
    struct live_commands *all;
    struct grpc_call *rpc;
    struct command *next;
    uint64_t id;
    bool health;
    bool got;   /* its one message */
    bool asked; /* the node */
    char method[32];
    char operator[SW_NAME_MAX + 1];
    struct sw_blob request;
};

struct live_commands {
    struct live_host *host;
    struct command *first;
    size_t n;
    size_t asked; /* commands the node has not answered */
    uint64_t last_id;
};

struct live_commands *live_commands_new(struct live_host *h)
{
    struct live_commands *c = calloc(1, sizeof *c);
    if (c != NULL) {
        c->host = h;
    }
    return c;
}

void live_commands_free(struct live_commands *c)
{
    SW_ASSERT(c == NULL || c->n == 0);
    free(c);
}

/* A request may hold a key. */
static void forget_request(struct command *c)
{
    if (c->request.data != NULL) {
        sodium_memzero(c->request.data, c->request.cap);
    }
    sw_blob_fini(&c->request);
}

/* ---- health ---- */

static bool known_service(const char *name)
{
    return name[0] == '\0' || strcmp(name, "swarm.v1.Swarm") == 0 ||
           strcmp(name, "swarm.v1.Control") == 0;
}

static void answer_health(struct command *c)
{
    Grpc__Health__V1__HealthCheckResponse response = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
    Grpc__Health__V1__HealthCheckRequest *request = grpc__health__v1__health_check_request__unpack(
        NULL, c->request.len, c->request.len > 0 ? c->request.data : (const uint8_t *)"");
    if (request == NULL) {
        (void)grpc_call_end(c->rpc, GRPC_INVALID_ARGUMENT, "the request is malformed");
        return;
    }
    const bool known = known_service(request->service);
    grpc__health__v1__health_check_request__free_unpacked(request, NULL);
    if (!known) {
        (void)grpc_call_end(c->rpc, GRPC_NOT_FOUND, "no such service");
        return;
    }
    uint8_t packed[8];
    response.status = sw_node_state(c->all->host->node) == SW_STATE_READY
                          ? GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING
                          : GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING;
    const size_t n = grpc__health__v1__health_check_response__pack(&response, packed);
    (void)grpc_call_send(c->rpc, (struct sw_bytes){ packed, n });
    (void)grpc_call_end(c->rpc, GRPC_OK, NULL);
}

/* ---- commands ---- */

static void ask_node(struct command *c)
{
    struct sw_event ev = { .kind = SW_EV_COMMAND };
    ev.u.command.id = c->id;
    ev.u.command.method = c->method;
    ev.u.command.request = sw_blob_bytes(&c->request);
    if (c->all->asked >= LIVE_COMMANDS_MAX) {
        (void)grpc_call_end(c->rpc, GRPC_RESOURCE_EXHAUSTED, "too many commands at once");
        return;
    }
    c->asked = true;
    c->all->asked++;
    LIVE_LOG(strcmp(c->method, "Status") == 0 ? SW_LOG_DEBUG : SW_LOG_INFO, "command",
             LIVE_TEXT("method", c->method), LIVE_TEXT("operator", c->operator));
    (void)live_host_step(c->all->host, &ev, live_now());
}

static void command_message(void *self, struct grpc_call *call, struct sw_bytes message)
{
    (void)self;
    struct command *c = grpc_call_get(call);
    if (c->got) {
        (void)grpc_call_end(call, GRPC_INVALID_ARGUMENT, "one message is one too many");
    } else if (message.len > REQUEST_MAX) {
        (void)grpc_call_end(call, GRPC_RESOURCE_EXHAUSTED, "the request is too long");
    } else if (sw_blob_append(&c->request, message.data, message.len) != 0) {
        (void)grpc_call_end(call, GRPC_RESOURCE_EXHAUSTED, "out of memory");
    }
    c->got = true;
}

static void command_end(void *self, struct grpc_call *call, enum grpc_status status,
                        const char *reason)
{
    (void)self;
    (void)status;
    (void)reason;
    struct command *c = grpc_call_get(call);
    if (!c->got) {
        (void)grpc_call_end(call, GRPC_INVALID_ARGUMENT, "the request is missing");
    } else if (c->health) {
        answer_health(c);
    } else {
        ask_node(c);
    }
    forget_request(c);
}

static void command_close(void *self, struct grpc_call *call)
{
    (void)self;
    struct command *c = grpc_call_get(call);
    struct command **p = &c->all->first;
    while (*p != c) {
        p = &(*p)->next;
    }
    *p = c->next;
    c->all->n--;
    c->all->asked -= c->asked ? 1 : 0;
    forget_request(c);
    free(c);
}

static const struct grpc_handler handler = { NULL, command_message, command_end, command_close,
                                             NULL };

static struct command *add(struct live_commands *all, struct grpc_call *call)
{
    struct command *c = calloc(1, sizeof *c);
    if (c == NULL) {
        (void)grpc_call_end(call, GRPC_RESOURCE_EXHAUSTED, "out of memory");
        return NULL;
    }
    c->call.handler = &handler;
    c->all = all;
    c->rpc = call;
    c->id = ++all->last_id;
    c->next = all->first;
    all->first = c;
    all->n++;
    grpc_call_set(call, c);
    return c;
}

void live_commands_begin(struct live_commands *all, struct grpc_call *call, const char *path,
                         const struct sw_identity *who)
{
    const bool control = strncmp(path, CONTROL, sizeof CONTROL - 1) == 0;
    const char *method = control ? path + sizeof CONTROL - 1 : "";
    struct command *c = NULL;
    if (strcmp(path, HEALTH) == 0) {
        c = add(all, call);
        if (c != NULL) {
            c->health = true;
        }
    } else if (!control || strlen(method) >= sizeof c->method) {
        (void)grpc_call_end(call, GRPC_UNIMPLEMENTED, "no such method");
    } else if (who->role != SW_ROLE_OPERATOR) {
        (void)grpc_call_end(call, GRPC_PERMISSION_DENIED, "an operator's certificate is needed");
    } else if ((c = add(all, call)) != NULL) {
        (void)snprintf(c->method, sizeof c->method, "%s", method);
        (void)snprintf(c->operator, sizeof c->operator, "%s", who->name.s);
    }
}

/* A Status says which core it comes from, and the core can't know.  Protobuf messages concatenate:
 * what is appended is one more field. */
static int send_status(struct grpc_call *call, struct sw_bytes message)
{
    Swarm__V1__StatusReply extra = SWARM__V1__STATUS_REPLY__INIT;
    struct sw_blob whole = { 0 };
    extra.core_digest = (char *)(uintptr_t)sw_core_digest();
    const size_t n = swarm__v1__status_reply__get_packed_size(&extra);
    int err = sw_blob_reserve(&whole, message.len + n);
    err = err != 0 ? err : sw_blob_append(&whole, message.data, message.len);
    if (err == 0) {
        whole.len += swarm__v1__status_reply__pack(&extra, whole.data + whole.len);
        err = grpc_call_send(call, sw_blob_bytes(&whole));
    }
    sw_blob_fini(&whole);
    return err;
}

void live_commands_reply(struct live_commands *all, const struct sw_action *a)
{
    struct command *c = all->first;
    while (c != NULL && (c->id != a->u.command_reply.id || !c->asked)) {
        c = c->next;
    }
    if (c == NULL) {
        return; /* the operator hung up */
    }
    const int status = a->u.command_reply.status;
    if (status == GRPC_OK) {
        (void)(strcmp(c->method, "Status") == 0
                   ? send_status(c->rpc, a->u.command_reply.message)
                   : grpc_call_send(c->rpc, a->u.command_reply.message));
    }
    if (status != GRPC_OK || a->u.command_reply.last) {
        c->asked = false;
        all->asked--;
        (void)grpc_call_end(c->rpc, (enum grpc_status)status, a->u.command_reply.reason);
    }
    live_channel_touch(grpc_session_self(grpc_call_session(c->rpc)));
}
