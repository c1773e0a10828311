/* SPDX-License-Identifier: GPL-3.0-or-later
 * A few real nodes in virtual time: making them, breaking things, asking, looking. */
#include "tests/lib/cluster.h"

#include "node/core/config_copy.h"
#include "node/core/dns/wire.h"
#include "tests/lib/cluster_state.h"

#include <string.h>

/* ---- making ---- */

struct cluster *cluster_new(uint64_t seed)
{
    struct cluster *c = calloc(1, sizeof *c);
    must(c != NULL);
    c->seed = seed;
    c->now = SW_SEC; /* nothing may rely on time beginning at 0 */
    c->tickets = calloc(TICKETS, sizeof *c->tickets);
    must(c->tickets != NULL);
    return c;
}

void cluster_free(struct cluster *c)
{
    for (uint32_t i = 0; i < c->n; i++) {
        sw_node_free(c->member[i].node);
        sw_front_free(c->member[i].front);
        memfs_free(c->member[i].disk);
    }
    struct sw_timer *t;
    while ((t = sw_heap_due(&c->items, SW_TIME_NEVER)) != NULL) {
        cluster_item_free((struct item *)(void *)t);
    }
    for (uint32_t i = 0; i < c->n_tickets; i++) {
        sw_blob_fini(&c->tickets[i].answer);
    }
    free(c->tickets);
    sw_heap_fini(&c->items);
    sw_blob_fini(&c->command_reply);
    sw_actions_fini(&c->front_out);
    free(c);
}

static struct sw_name name_of(const char *s)
{
    struct sw_name n = { "" };
    must(strlen(s) <= SW_NAME_MAX);
    memcpy(n.s, s, strlen(s));
    return n;
}

uint32_t cluster_add(struct cluster *c, const char *name, const char *region)
{
    must(c->n < CLUSTER_NODES);
    static char policy[] = "lowest_rtt";
    struct member *m = &c->member[c->n];
    const struct sw_node_options options = { .seed = c->seed };
    m->node = sw_node_new(&options);
    m->front = sw_front_new(&(struct sw_front_options){ .number = 0 });
    m->disk = memfs_new();
    must(m->node != NULL && m->front != NULL && m->disk != NULL);
    for (uint32_t i = 0; i < c->n_files; i++) {
        must(memfs_put(m->disk, c->file[i].path, c->file[i].text, strlen(c->file[i].text)));
    }
    m->config = (struct sw_config){
        .name = name_of(name),
        .region = name_of(region),
        .cores = 2,
        .zones = m->zones,
        .peers = m->peers,
        .params = m->params,
        .policy = policy,
        .query_deadline = 1900 * SW_MS,
        .query_attempts = 3,
        .retry_budget = 0.2,
        .relay = true,
        .max_waiting = 256,
        .udp_size = 1232,
        .address = m->config.name.s, /* where it lies, whatever is assigned */
        .membership = { .period = SW_SEC,
                        .timeout = 500 * SW_MS,
                        .open = true,
                        .connections = 64,
                        .lifeguard = true },
    };
    m->load = (struct sw_load){ .cores = 2, .service = 100 * SW_US };
    for (uint32_t i = 0; i < c->n; i++) {
        struct member *o = &c->member[i];
        m->peers[m->config.n_peers++] =
            (struct sw_peer_config){ .name = o->config.name, .region = o->config.region };
        o->peers[o->config.n_peers++] =
            (struct sw_peer_config){ .name = m->config.name, .region = m->config.region };
        c->delay[i][c->n] = CLUSTER_DELAY;
        c->delay[c->n][i] = CLUSTER_DELAY;
    }
    return c->n++;
}

void cluster_file(struct cluster *c, const char *path, const char *text)
{
    uint32_t at = 0;
    while (at < c->n_files && strcmp(c->file[at].path, path) != 0) {
        at++;
    }
    must(at < FILES);
    c->n_files += at == c->n_files;
    c->file[at].path = path;
    c->file[at].text = text;
    for (uint32_t i = 0; i < c->n; i++) {
        must(memfs_put(c->member[i].disk, path, text, strlen(text)));
    }
}

struct memfs *cluster_disk(struct cluster *c, uint32_t node)
{
    return c->member[node].disk;
}

void cluster_zone(struct cluster *c, uint32_t node, const char *name, const char *file)
{
    struct sw_config *config = cluster_config(c, node);
    must(config->n_zones < SW_LEN(c->member[node].zones));
    bool primary = true;
    for (uint32_t i = 0; i < c->n; i++) {
        const struct sw_config *other = cluster_config(c, i);
        for (size_t k = 0; k < other->n_zones; k++) {
            primary = primary && strcmp(other->zones[k].name, name) != 0;
        }
    }
    config->zones[config->n_zones++] = (struct sw_zone_config){ .name = (char *)(uintptr_t)name,
                                                                .file = (char *)(uintptr_t)file,
                                                                .primary = primary };
}

struct sw_config *cluster_config(struct cluster *c, uint32_t node)
{
    must(node < c->n);
    return &c->member[node].config;
}

int cluster_configure(struct cluster *c, uint32_t node)
{
    struct sw_config *lent = sw_config_copy(&c->member[node].config);
    must(lent != NULL);
    struct sw_event ev = { .kind = SW_EV_CONFIGURE, .u.configure = lent };
    const int err = cluster_step_node(c, node, &ev);
    sw_config_copy_free(lent); /* so that whoever still looks at it is found */
    return err;
}

void cluster_start(struct cluster *c)
{
    for (uint32_t i = 0; i < c->n; i++) {
        must(cluster_configure(c, i) == SW_OK);
    }
}

struct cluster_upstream *cluster_upstream(struct cluster *c, uint32_t number)
{
    must(number < CLUSTER_UPSTREAMS);
    return &c->upstream[number];
}

void cluster_upstreams(struct cluster *c, uint32_t n)
{
    static char names[CLUSTER_UPSTREAMS][4] = { "u0", "u1", "u2" };
    static char everybody[] = "::/0";
    for (uint32_t i = 0; i < CLUSTER_UPSTREAMS; i++) {
        c->upstream[i] = (struct cluster_upstream){ .rtt = 20 * SW_MS, .ttl = 60 };
    }
    for (uint32_t i = 0; i < c->n; i++) {
        struct member *m = &c->member[i];
        for (uint32_t k = 0; k < n; k++) {
            m->upstreams[k] = names[k];
        }
        m->clients[0] = everybody;
        m->config.upstreams = m->upstreams;
        m->config.n_upstreams = n;
        m->config.clients = m->clients;
        m->config.n_clients = 1;
        m->config.cache = (struct sw_cache_config){ .size = SW_MIB,
                                                    .max_ttl = 86400 * SW_SEC,
                                                    .max_negative = SW_HOUR,
                                                    .stale = 86400 * SW_SEC,
                                                    .stale_after = 1800 * SW_MS,
                                                    .prefetch = true,
                                                    .cooperate = true,
                                                    .popular = 2 };
    }
}

/* ---- what breaks ---- */

void cluster_delay(struct cluster *c, uint32_t a, uint32_t b, sw_dur one_way)
{
    c->delay[a][b] = one_way;
    c->delay[b][a] = one_way;
}

void cluster_silence(struct cluster *c, uint32_t from, uint32_t to, bool on)
{
    c->silent[from][to] = on;
}

static void break_between(struct cluster *c, uint32_t a, uint32_t b)
{
    for (uint32_t i = 0; i < c->n_conns; i++) {
        const struct conn *k = &c->conn[i];
        if ((k->node[0] == a && k->node[1] == b) || (k->node[0] == b && k->node[1] == a)) {
            cluster_close_conn(c, i, 0);
        }
    }
}

void cluster_cut(struct cluster *c, uint32_t a, uint32_t b, bool on)
{
    c->cut[a][b] = on;
    c->cut[b][a] = on;
    if (on) {
        break_between(c, a, b);
    }
}

void cluster_kill(struct cluster *c, uint32_t node)
{
    struct member *m = &c->member[node];
    for (uint32_t i = 0; i < c->n; i++) {
        break_between(c, node, i);
    }
    sw_node_free(m->node);
    sw_front_free(m->front);
    m->node = NULL;
    m->front = NULL;
}

void cluster_revive(struct cluster *c, uint32_t node)
{
    struct member *m = &c->member[node];
    const struct sw_node_options options = { .seed = c->seed, .planted = m->planted };
    must(m->node == NULL);
    m->node = sw_node_new(&options);
    m->front = sw_front_new(&(struct sw_front_options){ .number = 0 });
    m->n_views = 0;
    must(m->node != NULL && m->front != NULL);
}

void cluster_plant(struct cluster *c, uint32_t node, unsigned planted)
{
    c->member[node].planted = planted;
    cluster_kill(c, node);
    cluster_revive(c, node);
    must(cluster_configure(c, node) == SW_OK);
    cluster_run(c, 2 * SW_SEC);
}

void cluster_set_clock_back(struct cluster *c, uint32_t node, sw_dur by)
{
    c->member[node].behind = by;
}

void cluster_starve(struct cluster *c, uint32_t node, bool on)
{
    struct member *m = &c->member[node];
    m->starved = on;
    if (!on && m->wants_entropy) {
        m->wants_entropy = false;
        cluster_give_entropy(c, node);
    }
}

void cluster_hold_views(struct cluster *c, bool on)
{
    c->holds_views = on;
    for (uint32_t i = 0; i < c->n && !on; i++) {
        while (c->member[i].n_views > 1) {
            cluster_give_back_view(c, i, c->member[i].n_views - 2);
        }
    }
}

void cluster_load(struct cluster *c, uint32_t node, struct sw_load load)
{
    c->member[node].load = load;
}

void cluster_set_tap(struct cluster *c, cluster_tap tap, void *arg)
{
    c->tap = tap;
    c->tap_arg = arg;
}

/* ---- clients and commands ---- */

uint32_t cluster_ask(struct cluster *c, uint32_t node, const char *name, uint16_t type)
{
    must(c->n_tickets < TICKETS);
    const uint32_t ticket = c->n_tickets++;
    uint8_t wire[SW_DNAME_MAX];
    uint8_t message[SW_DNS_UDP_MIN];
    struct sw_wr w = { .buf = message, .cap = sizeof message };
    must(sw_dname_from_text(name, wire) > 0);
    sw_query_write(&w, &(struct sw_query){ .id = (uint16_t)ticket,
                                           .type = type,
                                           .name = wire,
                                           .udp_size = 1232,
                                           .recursion = c->member[node].config.n_upstreams > 0 });
    struct sw_event ev = { .kind = SW_EV_DATAGRAM };
    ev.u.datagram.client.port = (uint16_t)ticket;
    ev.u.datagram.message = (struct sw_bytes){ message, w.len };
    cluster_step_front(c, node, &ev);
    return ticket;
}

int cluster_rcode(const struct cluster *c, uint32_t ticket)
{
    const struct ticket *t = &c->tickets[ticket];
    return t->came ? t->answer.data[3] & 15 : -1;
}

/* Our answers end with their OPT record, and that with the extended error (RFC 8914, 2). */
int cluster_ede(const struct cluster *c, uint32_t ticket)
{
    const struct ticket *t = &c->tickets[ticket];
    size_t opt = 0;
    const struct sw_bytes message = sw_blob_bytes(&t->answer);
    if (!t->came || !sw_message_check(message, &opt) || opt == 0) {
        return -1;
    }
    struct sw_rd r = { .buf = message.data, .len = message.len, .off = opt + 11 };
    while (sw_rd_left(&r) >= 4) {
        const uint16_t code = sw_rd_u16(&r);
        const uint16_t len = sw_rd_u16(&r);
        if (code == 15) {
            return sw_rd_u16(&r);
        }
        (void)sw_rd_bytes(&r, len);
    }
    return -1;
}

struct sw_bytes cluster_answer(const struct cluster *c, uint32_t ticket)
{
    return sw_blob_bytes(&c->tickets[ticket].answer);
}

sw_time cluster_answered_at(const struct cluster *c, uint32_t ticket)
{
    return c->tickets[ticket].at;
}

void cluster_command(struct cluster *c, uint32_t node, const char *method, struct sw_bytes request)
{
    c->command_status = -1;
    c->command_reply.len = 0;
    struct sw_event ev = { .kind = SW_EV_COMMAND };
    ev.u.command.id = 77;
    ev.u.command.method = method;
    ev.u.command.request = request;
    (void)cluster_step_node(c, node, &ev);
}

int cluster_command_status(const struct cluster *c)
{
    return c->command_status;
}

struct sw_bytes cluster_command_reply(const struct cluster *c)
{
    return sw_blob_bytes(&c->command_reply);
}

/* ---- looking ---- */

const struct sw_node *cluster_node(const struct cluster *c, uint32_t node)
{
    return c->member[node].node;
}

struct sw_node_counts cluster_counts(const struct cluster *c, uint32_t node)
{
    struct sw_node_counts counts;
    sw_node_counts(c->member[node].node, &counts);
    return counts;
}

struct sw_front_counts cluster_front_counts(const struct cluster *c, uint32_t node)
{
    struct sw_front_counts counts;
    sw_front_counts(c->member[node].front, &counts);
    return counts;
}

uint64_t cluster_traces(const struct cluster *c, uint32_t node, enum sw_trace_kind kind)
{
    return c->member[node].traces[kind];
}

const char *cluster_log(const struct cluster *c, uint32_t node)
{
    return c->member[node].log;
}

uint64_t cluster_actions(const struct cluster *c, uint32_t node, enum sw_action_kind kind)
{
    return c->member[node].actions[kind];
}

uint64_t cluster_digest(const struct cluster *c, uint32_t node)
{
    return c->member[node].digest;
}

uint32_t cluster_views_out(const struct cluster *c, uint32_t node)
{
    return c->member[node].n_views;
}
