/* SPDX-License-Identifier: GPL-3.0-or-later
 * A few real nodes, each with one real front, in virtual time: connections are queues with a
 * delay, jobs run at once on files in memory, and a test says what breaks when.
 *
 *     struct cluster *c = cluster_new(1);
 *     cluster_file(c, "org.zone", ORG);
 *     const uint32_t a = cluster_add(c, "a", "eu");
 *     const uint32_t b = cluster_add(c, "b", "us");
 *     cluster_zone(c, b, "example.org", "org.zone");
 *     cluster_start(c);
 *     cluster_run(c, SW_SEC);
 *     const uint32_t q = cluster_ask(c, a, "www.example.org", SW_TYPE_A);
 *     cluster_run(c, SW_SEC);
 *     CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
 *     cluster_free(c);
 *
 * A test's mistake (an unknown number, no room) ends the program. */
#ifndef SW_TESTS_LIB_CLUSTER_H
#define SW_TESTS_LIB_CLUSTER_H

#include "node/core/config.h"
#include "node/core/dns/wire.h"
#include "node/core/event.h"
#include "node/core/front.h"
#include "node/core/node.h"

#define CLUSTER_NODES 24U
#define CLUSTER_DELAY (10 * SW_MS) /* one way, unless cluster_delay says otherwise */

struct cluster;
struct memfs; /* tests/lib/memfs.h */

struct cluster *cluster_new(uint64_t seed);
void cluster_free(struct cluster *c);

/* ---- before the start, and before a reload ---- */

uint32_t cluster_add(struct cluster *c, const char *name, const char *region);
/* A file on the disk of every node; both strings are lent. */
void cluster_file(struct cluster *c, const char *path, const char *text);
/* The node's own disk. */
struct memfs *cluster_disk(struct cluster *c, uint32_t node);
/* @node holds the zone @name, from @file; primary is the first that is told so. */
void cluster_zone(struct cluster *c, uint32_t node, const char *name, const char *file);
/* What the node will be told: defaults, all others as peers; change it as you like. */
struct sw_config *cluster_config(struct cluster *c, uint32_t node);

/* CONFIGURE one node, or all; the result of the step.  Again: a reload. */
int cluster_configure(struct cluster *c, uint32_t node);
void cluster_start(struct cluster *c);

/* ---- time ---- */

sw_time cluster_now(const struct cluster *c);
void cluster_run(struct cluster *c, sw_dur length);

/* ---- what breaks ---- */

void cluster_delay(struct cluster *c, uint32_t a, uint32_t b, sw_dur one_way);
/* Messages from @from to @to are swallowed; connections stand. */
void cluster_silence(struct cluster *c, uint32_t from, uint32_t to, bool on);
/* Break every connection between them now; dials fail until it is off again. */
void cluster_cut(struct cluster *c, uint32_t a, uint32_t b, bool on);
/* The node is gone; its connections break. */
void cluster_kill(struct cluster *c, uint32_t node);
/* A new one in its place, to be configured; its disk is as it was. */
void cluster_revive(struct cluster *c, uint32_t node);
/* @node makes the mistakes @planted (enum sw_planted) from its next life on: now begins one, on the
 * same disk. */
void cluster_plant(struct cluster *c, uint32_t node, unsigned planted);
/* The node's wall clock is behind by so much from now on. */
void cluster_set_clock_back(struct cluster *c, uint32_t node, sw_dur by);
/* No ENTROPY for @node until it is off again (what was asked for is then given). */
void cluster_starve(struct cluster *c, uint32_t node, bool on);
/* Fronts keep every view they ever got until it is off again; then the oldest goes last. */
void cluster_hold_views(struct cluster *c, bool on);
/* What the node's events say about its queue from now on. */
void cluster_load(struct cluster *c, uint32_t node, struct sw_load load);

/* Called for each message as it is sent; false swallows it. */
typedef bool (*cluster_tap)(void *arg, uint32_t from, uint32_t to, enum sw_class class,
                            struct sw_bytes message);
void cluster_set_tap(struct cluster *c, cluster_tap tap, void *arg);
/* The number by which @node knows its connection of @class with @peer; 0: there is none. */
sw_conn cluster_conn(const struct cluster *c, uint32_t node, uint32_t peer, enum sw_class class);
/* @to gets @message now, by its connection of @class with @from; false: there is none. */
bool cluster_inject(struct cluster *c, uint32_t from, uint32_t to, enum sw_class class,
                    struct sw_bytes message);
/* Any event, now; @ev's time and load are filled in. */
int cluster_event(struct cluster *c, uint32_t node, struct sw_event *ev);

/* ---- upstreams ---- */

/* Resolvers that nodes ask by "u0", "u1", ...: give them by cluster_upstreams.  Each answers A and
 * other types with 192.0.2.N for its number N; names that begin with "nx" do not exist, those with
 * "fail" get SERVFAIL, those with "big" are truncated by datagram. */
#define CLUSTER_UPSTREAMS 3U
struct cluster_upstream {
    bool silent;
    bool refused;   /* nobody is there, and that is known at once */
    sw_dur rtt;     /* default 20 ms */
    uint32_t ttl;   /* s; default 60 */
    uint64_t asked; /* so far */
    uint64_t id;    /* of the latest ASK, by @node, and its query */
    uint32_t node;
    uint8_t query[SW_DNS_UDP_MIN];
    size_t len;
};
struct cluster_upstream *cluster_upstream(struct cluster *c, uint32_t number);
/* All nodes forward to the first @n of them for everybody, with a cache of 1 MiB and defaults
 * otherwise. */
void cluster_upstreams(struct cluster *c, uint32_t n);

/* ---- clients ---- */

/* Send a query for @name to the front of @node; a ticket. */
uint32_t cluster_ask(struct cluster *c, uint32_t node, const char *name, uint16_t type);
/* The answer's rcode; -1: none yet. */
int cluster_rcode(const struct cluster *c, uint32_t ticket);
/* Its extended error; -1: none. */
int cluster_ede(const struct cluster *c, uint32_t ticket);
struct sw_bytes cluster_answer(const struct cluster *c, uint32_t ticket);
sw_time cluster_answered_at(const struct cluster *c, uint32_t ticket);

/* ---- commands ---- */

/* Ask @node; its reply is kept until the next command of the cluster. */
void cluster_command(struct cluster *c, uint32_t node, const char *method, struct sw_bytes request);
/* gRPC status; -1: no reply yet. */
int cluster_command_status(const struct cluster *c);
struct sw_bytes cluster_command_reply(const struct cluster *c);

/* ---- looking ---- */

const struct sw_node *cluster_node(const struct cluster *c, uint32_t node);
struct sw_node_counts cluster_counts(const struct cluster *c, uint32_t node);
struct sw_front_counts cluster_front_counts(const struct cluster *c, uint32_t node);
/* How many traces of @kind @node has left. */
uint64_t cluster_traces(const struct cluster *c, uint32_t node, enum sw_trace_kind kind);
/* All its traces, a line each: "12ms peer up b 0 0". */
const char *cluster_log(const struct cluster *c, uint32_t node);
uint64_t cluster_actions(const struct cluster *c, uint32_t node, enum sw_action_kind kind);
/* Over every action of every step of the node, in order, with all its bytes. */
uint64_t cluster_digest(const struct cluster *c, uint32_t node);
/* Views that the node published and has not been given back. */
uint32_t cluster_views_out(const struct cluster *c, uint32_t node);

#endif
