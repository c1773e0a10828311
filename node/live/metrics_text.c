/* SPDX-License-Identifier: GPL-3.0-or-later
 * The page of metrics.  Names follow Prometheus' conventions: base units, _total for counters. */
#define _GNU_SOURCE /* what uv.h needs */
#include "node/conf/version.h"
#include "node/live/channel.h"
#include "node/live/fronts.h"
#include "node/live/jobs.h"
#include "node/live/metrics.h"
#include "node/live/peer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct page {
    struct sw_blob *out;
    int err;
};

static void put(struct page *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void put(struct page *p, const char *fmt, ...)
{
    char line[256]; /* names are checked: every line fits */
    va_list args;
    va_start(args, fmt);
    const int n = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    if (p->err == 0 && n > 0) {
        const size_t len = (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
        p->err = sw_blob_append(p->out, line, len);
    }
}

static void head(struct page *p, const char *name, const char *type, const char *help)
{
    put(p, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void count(struct page *p, const char *name, const char *help, uint64_t value)
{
    head(p, name, "counter", help);
    put(p, "%s %llu\n", name, (unsigned long long)value);
}

static void gauge(struct page *p, const char *name, const char *help, uint64_t value)
{
    head(p, name, "gauge", help);
    put(p, "%s %llu\n", name, (unsigned long long)value);
}

static void put_node(struct page *p, const struct live_host *h)
{
    head(p, "swarm_node_info", "gauge", "What this is; always 1.");
    put(p, "swarm_node_info{node=\"%s\",region=\"%s\",version=\"%s\",core=\"%.16s\"} 1\n",
        h->file->config.name.s, h->file->config.region.s, sw_version(), sw_core_digest());
    head(p, "swarm_node_state", "gauge", "1 for the state the node is in.");
    for (int s = 0; s < SW_STATE_COUNT; s++) {
        put(p, "swarm_node_state{state=\"%s\"} %d\n", sw_state_name((enum sw_state)s),
            sw_node_state(h->node) == (enum sw_state)s ? 1 : 0);
    }
}

static void put_dns(struct page *p, const struct live_host *h)
{
    static const char *const rcodes[16] = { "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
                                            "NOTIMP",  "REFUSED", "YXDOMAIN", "YXRRSET",
                                            "NXRRSET", "NOTAUTH", "NOTZONE",  "11",
                                            "12",      "13",      "14",       "15" };
    struct sw_front_counts c = { 0 };
    uint64_t dropped = 0;
    if (h->fronts != NULL) {
        live_fronts_counts(h->fronts, &c, &dropped);
    }
    count(p, "swarm_dns_queries_total", "Well-formed queries received.", c.queries);
    count(p, "swarm_dns_answered_total", "Queries answered from this node's zones.", c.answered);
    count(p, "swarm_dns_forwarded_total", "Queries that another node must answer.", c.forwarded);
    count(p, "swarm_dns_malformed_total", "Messages that are no query.", c.malformed);
    count(p, "swarm_dns_truncated_total", "Answers truncated for a datagram.", c.truncated);
    head(p, "swarm_dns_answers_total", "counter", "Answers sent, by response code.");
    for (size_t i = 0; i < 16; i++) {
        if (c.by_rcode[i] > 0 || i <= 5) {
            put(p, "swarm_dns_answers_total{rcode=\"%s\"} %llu\n", rcodes[i],
                (unsigned long long)c.by_rcode[i]);
        }
    }
    count(p, "swarm_dropped_total", "Messages dropped for want of room.", dropped + h->dropped);
}

static void put_forwarding(struct page *p, const struct live_host *h)
{
    struct sw_node_counts c;
    sw_node_counts(h->node, &c);
    count(p, "swarm_forward_queries_total", "Queries taken for forwarding.", c.forwarded);
    count(p, "swarm_forward_answered_total", "Forwarded queries that were answered.", c.answered);
    count(p, "swarm_forward_failed_total", "Forwarded queries that nobody answered.", c.failed);
    count(p, "swarm_forward_retried_total", "Further nodes asked for a query.", c.retried);
    count(p, "swarm_forward_refused_total", "Queries that a busy node refused.", c.refused);
    count(p, "swarm_forward_hedged_total", "Queries asked of a second node as well.", c.hedged);
    count(p, "swarm_forward_hedges_won_total", "... which answered first.", c.hedges_won);
    count(p, "swarm_turned_away_total", "Other nodes' queries refused here.", c.turned_away);
    count(p, "swarm_ants_total", "Probes sent to other nodes.", c.ants);
    count(p, "swarm_served_queries_total", "Queries answered for other nodes.",
          c.queries_for_peers);
    count(p, "swarm_relayed_queries_total", "Queries sent by a relay.", c.relayed);
    count(p, "swarm_carried_total", "Queries and ants handed on for other nodes.", c.carried);
    gauge(p, "swarm_forward_waiting", "Forwarded queries in flight.", c.waiting);
    gauge(p, "swarm_store_objects", "Backup objects kept here.", c.objects);
    gauge(p, "swarm_store_bytes", "Their size, bytes.", c.object_bytes);
    gauge(p, "swarm_requests_waiting", "Requests in the node's queue.", h->work.count);
    gauge(p, "swarm_jobs_pending", "Jobs running or waiting.", live_jobs_pending(h->jobs));
    gauge(p, "swarm_connections", "Connections of nodes and operators.",
          live_peers_count(h->peers));
}

static void put_cache(struct page *p, const struct live_host *h)
{
    struct sw_node_counts c;
    sw_node_counts(h->node, &c);
    head(p, "swarm_cache_questions_total", "counter",
         "Outside questions, of clients and peers, by what the cache had.");
    put(p, "swarm_cache_questions_total{found=\"fresh\"} %llu\n", (unsigned long long)c.cache.hits);
    put(p, "swarm_cache_questions_total{found=\"nothing\"} %llu\n",
        (unsigned long long)c.cache.misses);
    put(p, "swarm_cache_questions_total{found=\"failure\"} %llu\n",
        (unsigned long long)c.cache.failures);
    count(p, "swarm_cache_stale_total", "Stale answers given.", c.cache.stale);
    count(p, "swarm_cache_prefetches_total", "Answers renewed ahead of expiry.",
          c.cache.prefetches);
    count(p, "swarm_cache_evicted_total", "Answers that made room.", c.cache.evicted);
    count(p, "swarm_cache_limited_total", "Questions of clients of whom too many waited.",
          c.cache.limited);
    gauge(p, "swarm_cache_entries", "Answers kept.", c.cache.entries);
    gauge(p, "swarm_cache_bytes", "Memory for them.", c.cache.bytes);
    count(p, "swarm_home_queries_total", "Questions asked of their homes.", c.cache.homes_asked);
    count(p, "swarm_home_hits_total", "Those that were there.", c.cache.homes_hit);
    count(p, "swarm_upstream_queries_total", "Queries to upstreams.", c.cache.upstreams_asked);
}

static void put_peers(struct page *p, const struct live_host *h)
{
    const size_t n = sw_node_routes(h->node, NULL, 0);
    struct sw_route_info *r = calloc(n + 1, sizeof *r);
    if (r == NULL) {
        p->err = SW_ERR_NOMEM;
        return;
    }
    (void)sw_node_routes(h->node, r, n);
    head(p, "swarm_peer_connected", "gauge", "1 when the control connection stands.");
    for (size_t i = 0; i < n; i++) {
        put(p, "swarm_peer_connected{peer=\"%s\"} %d\n", r[i].peer.s, r[i].connected ? 1 : 0);
    }
    head(p, "swarm_peer_suspected", "gauge", "1 while a peer is not trusted to answer.");
    for (size_t i = 0; i < n; i++) {
        put(p, "swarm_peer_suspected{peer=\"%s\"} %d\n", r[i].peer.s, r[i].suspected ? 1 : 0);
    }
    head(p, "swarm_peer_queries_total", "counter", "Queries forwarded to a peer.");
    for (size_t i = 0; i < n; i++) {
        put(p, "swarm_peer_queries_total{peer=\"%s\"} %llu\n", r[i].peer.s,
            (unsigned long long)r[i].sent);
    }
    head(p, "swarm_peer_round_trip_seconds", "gauge", "Smoothed round trip; absent: unknown.");
    for (size_t i = 0; i < n; i++) {
        if (r[i].srtt > 0) {
            put(p, "swarm_peer_round_trip_seconds{peer=\"%s\"} %.9f\n", r[i].peer.s,
                (double)r[i].srtt / 1e9);
        }
    }
    head(p, "swarm_peer_trail", "gauge", "Pheromone, 0 to 1; absent: the policy has none.");
    for (size_t i = 0; i < n; i++) {
        if (r[i].trail >= 0) {
            put(p, "swarm_peer_trail{peer=\"%s\"} %.6f\n", r[i].peer.s, r[i].trail);
        }
    }
    free(r);
}

int live_metrics_write(const struct live_host *h, struct sw_blob *out)
{
    struct page p = { out, 0 };
    put_node(&p, h);
    put_dns(&p, h);
    put_forwarding(&p, h);
    put_cache(&p, h);
    put_peers(&p, h);
    return p.err;
}
