/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the node wants done, done. */
#define _GNU_SOURCE /* what uv.h needs */
#include "node/live/commands.h"
#include "node/live/fronts.h"
#include "node/live/host.h"
#include "node/live/jobs.h"
#include "node/live/log.h"
#include "node/live/peer.h"
#include "node/live/upstream.h"

#include <sodium.h>
#include <string.h>

static void give_entropy(struct live_host *h)
{
    randombytes_buf(h->entropy, sizeof h->entropy);
    const struct sw_event ev = { .kind = SW_EV_ENTROPY,
                                 .u.entropy = { h->entropy, sizeof h->entropy } };
    live_host_later(h, &ev);
}

/* What a query does is no news, what a peer, a zone or a snapshot does is; that a member has a
 * little less space free is none. */
static enum sw_log_level level_of(enum sw_trace_kind kind)
{
    switch (kind) {
    case SW_TRACE_ROUTED:
    case SW_TRACE_ROUTE_REPLY:
    case SW_TRACE_ROUTE_TIMEOUT:
    case SW_TRACE_QUERY_FAILED:
    case SW_TRACE_ANT:
    case SW_TRACE_CARRIED:
    case SW_TRACE_LOOKED_UP:
    case SW_TRACE_HOME_ASKED:
    case SW_TRACE_HOME_ANSWERED:
    case SW_TRACE_UPSTREAM_ASKED:
    case SW_TRACE_UPSTREAM_ANSWERED:
    case SW_TRACE_OBJECT_STORED:
    case SW_TRACE_OBJECT_KEPT:
    case SW_TRACE_RECORD_TAKEN:
        return SW_LOG_DEBUG;
    case SW_TRACE_ZONE_REFUSED:
    case SW_TRACE_SNAPSHOT_FAILED:
    case SW_TRACE_SNAPSHOT_PARTIAL:
    case SW_TRACE_RESTORE_FAILED:
    case SW_TRACE_BAD_MESSAGE:
    case SW_TRACE_SUSPECT:
    case SW_TRACE_UPSTREAM_DOWN:
    case SW_TRACE_MEMBER_SUSPECT:
    case SW_TRACE_MEMBER_DEAD:
    case SW_TRACE_REFUTED:
    case SW_TRACE_RECORD_REFUSED:
    case SW_TRACE_ZONE_FETCH_FAILED:
    case SW_TRACE_ZONE_CONFLICT:
    case SW_TRACE_ZONE_DOUBTED:
        return SW_LOG_WARNING;
    default:
        return SW_LOG_INFO;
    }
}

/* A field from the words that describe it in event.h: "round trip, ns" -> round_trip=...,
 * "enum sw_err" -> error="...". */
static struct live_field field_of(const char *words, uint64_t value, char key[32])
{
    if (strstr(words, "enum sw_err") != NULL) {
        return (struct live_field)LIVE_TEXT("error", sw_strerror((int)(int64_t)value));
    }
    if (strstr(words, "enum sw_class") != NULL) {
        return (struct live_field)LIVE_TEXT("class", value == SW_CLASS_BULK ? "bulk" : "control");
    }
    size_t n = 0;
    for (; n < 31 && words[n] != '\0' && words[n] != ','; n++) {
        key[n] = (char)(words[n] == ' ' ? '_' : words[n]);
    }
    key[n] = '\0';
    if (strstr(words, "enum sw_state") != NULL) {
        key[strcspn(key, "_")] = '\0';
        return (struct live_field)LIVE_TEXT(key, sw_state_name((enum sw_state)value));
    }
    return (struct live_field)LIVE_NUMBER(key, value);
}

void live_log_trace(const struct sw_trace *t)
{
    static const char *const words[][2] = {
#define X(kind, text, a, b) { a, b },
        SW_TRACE_LIST(X)
#undef X
    };
    const enum sw_log_level level = level_of(t->kind);
    if (!live_log_on(level) || (size_t)t->kind >= SW_LEN(words)) {
        return;
    }
    char keys[2][32];
    const uint64_t values[2] = { t->a, t->b };
    struct live_field fields[5] = { LIVE_TEXT("peer", t->peer.s), LIVE_TEXT("what", t->text) };
    size_t n = 2;
    for (size_t i = 0; i < 2; i++) {
        if (words[t->kind][i][0] != '\0') {
            fields[n++] = field_of(words[t->kind][i], values[i], keys[i]);
        }
    }
    fields[n] = (struct live_field){ NULL, NULL, 0 };
    live_log_write(level, sw_trace_text(t->kind), fields);
}

static void publish(struct live_host *h, const struct sw_view *view)
{
    if (h->fronts != NULL) {
        live_fronts_publish(h->fronts, view);
    }
}

static void answer(struct live_host *h, const struct sw_action *a)
{
    if (h->fronts == NULL ||
        live_fronts_answer(h->fronts, &a->u.answer.client, a->u.answer.message) != 0) {
        h->dropped++;
    }
}

void live_carry_out(struct live_host *h, const struct sw_action *a)
{
    if (h->stopping && a->kind != SW_ACT_TRACE && a->kind != SW_ACT_SUBMIT) {
        return; /* nobody is left to send to; a job is given back */
    }
    switch (a->kind) {
    case SW_ACT_SEND:
        live_peers_send(h->peers, a->u.send.conn, a->u.send.message);
        break;
    case SW_ACT_DIAL:
        live_peers_dial(h->peers, &a->u.dial.peer, a->u.dial.class, a->u.dial.address);
        break;
    case SW_ACT_HANG_UP:
        live_peers_hang_up(h->peers, a->u.hang_up);
        break;
    case SW_ACT_ASK:
        live_upstreams_ask(h->upstreams, a);
        break;
    case SW_ACT_UNASK:
        live_upstreams_unask(h->upstreams, a->u.unask);
        break;
    case SW_ACT_SUBMIT:
        live_jobs_submit(h->jobs, a->u.submit);
        break;
    case SW_ACT_ANSWER:
        answer(h, a);
        break;
    case SW_ACT_PUBLISH:
        publish(h, a->u.publish);
        break;
    case SW_ACT_COMMAND_REPLY:
        live_commands_reply(h->commands, a);
        break;
    case SW_ACT_WANT_ENTROPY:
        give_entropy(h);
        break;
    case SW_ACT_DRAINED:
        h->drained = true;
        break;
    case SW_ACT_TRACE:
        live_log_trace(&a->u.trace);
        break;
    default:
        break; /* the others are a front's */
    }
}
