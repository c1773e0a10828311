/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a cluster consists of: private to cluster.c and cluster_host.c. */
#ifndef SW_TESTS_LIB_CLUSTER_STATE_H
#define SW_TESTS_LIB_CLUSTER_STATE_H

#include "node/base/buf.h"
#include "node/base/heap.h"
#include "tests/lib/cluster.h"
#include "tests/lib/memfs.h"

#include <stdlib.h>

#define CONNS 4096U
#define TICKETS 65536U
#define FILES 16U
#define VIEWS 256U
#define JOB_TAKES (1 * SW_MS)
#define FRONT_TAKES (10 * SW_US) /* from node to front and back */
#define DIAL_FAILS_AFTER (200 * SW_MS)

#define must(cond) ((cond) ? (void)0 : abort())

/* Something that will happen. */
struct item {
    struct sw_timer at;
    uint32_t node;
    bool front;         /* for the node's front */
    struct sw_event ev; /* its bytes are @bytes */
    struct sw_blob bytes;
};

struct conn {
    uint32_t node[2]; /* the number that side @i knows it by is 1 + 2 * index + i */
    enum sw_class class;
    bool open;
};

struct member {
    struct sw_node *node;
    struct sw_front *front;
    struct memfs *disk;
    struct sw_config config;
    struct sw_zone_config zones[8];
    struct sw_peer_config peers[CLUSTER_NODES];
    struct sw_param_config params[8];
    char *upstreams[CLUSTER_UPSTREAMS];
    char *clients[1];
    struct sw_load load;
    sw_dur behind;    /* of its wall clock */
    unsigned planted; /* enum sw_planted */
    bool starved, wants_entropy;
    const struct sw_view *views[VIEWS]; /* published and not given back, oldest first */
    uint32_t n_views;
    uint64_t traces[SW_TRACE_KIND_COUNT];
    uint64_t actions[SW_ACT_TRACE + 1];
    char log[1 << 16];
    uint64_t digest;
    uint64_t entropies;
};

struct ticket {
    bool came;
    sw_time at;
    struct sw_blob answer;
};

struct cluster {
    struct member member[CLUSTER_NODES];
    uint32_t n;
    uint64_t seed;
    sw_time now;
    struct sw_heap items;
    struct conn conn[CONNS];
    uint32_t n_conns;
    sw_dur delay[CLUSTER_NODES][CLUSTER_NODES];
    bool silent[CLUSTER_NODES][CLUSTER_NODES];
    bool cut[CLUSTER_NODES][CLUSTER_NODES];
    bool holds_views;
    struct {
        const char *path, *text;
    } file[FILES];
    uint32_t n_files;
    struct cluster_upstream upstream[CLUSTER_UPSTREAMS];
    struct ticket *tickets;
    uint32_t n_tickets;
    cluster_tap tap;
    void *tap_arg;
    int command_status;
    struct sw_blob command_reply;
    struct sw_actions front_out;
};

/* cluster_host.c: the end of something that will happen. */
void cluster_item_free(struct item *i);
int cluster_step_node(struct cluster *c, uint32_t node, struct sw_event *ev);
void cluster_step_front(struct cluster *c, uint32_t node, struct sw_event *ev);
/* Both sides learn it: side @first now, the other one a delay later. */
void cluster_close_conn(struct cluster *c, uint32_t index, uint32_t first);
void cluster_give_entropy(struct cluster *c, uint32_t node);
void cluster_give_back_view(struct cluster *c, uint32_t node, uint32_t i);

#endif
