/* SPDX-License-Identifier: GPL-3.0-or-later
 * What crosses the seam: events in, actions out.  Everything in them is a number or bytes, so
 * that a run can be recorded, replayed and hashed; the one pointer is a view, which only a node
 * and its own fronts share.
 *
 * Bytes in an event are borrowed for the call.  Bytes in an action lie in the caller's
 * struct sw_actions and stay valid until sw_actions_clear. */
#ifndef SW_CORE_EVENT_H
#define SW_CORE_EVENT_H

#include "node/base/arena.h"
#include "node/base/types.h"
#include "node/core/job.h"

struct sw_config;
struct sw_view; /* node/core/view.h: immutable, what a front answers from */

/* Whom to answer.  The host makes it, the core hands it back unchanged. */
struct sw_client {
    uint64_t stream;  /* 0 for a datagram, else the host's number of the TCP stream, >= 1 */
    uint8_t addr[16]; /* IPv6, or IPv4 as ::ffff:a.b.c.d */
    uint16_t port;
    uint16_t socket; /* the local socket it came by */
    uint32_t front;
};

/* A peer connection: the host's number for it, unique in one node's life. */
typedef uint64_t sw_conn;

enum sw_class { SW_CLASS_CONTROL, SW_CLASS_BULK };

/* How busy the host sees this node, at the time of the event. */
struct sw_load {
    uint32_t waiting; /* requests queued or being served, in the host's queue */
    uint32_t cores;   /* servers that work on the queue */
    sw_dur service;   /* mean processor time of a request, ns; 0 unknown */
};

enum sw_event_kind {
    /* to the node */
    SW_EV_TICK,          /* the deadline has come */
    SW_EV_ENTROPY,       /* fresh secret bytes */
    SW_EV_CONFIGURE,     /* a configuration: the first one starts the node, later ones reload */
    SW_EV_QUERY,         /* from a front's FORWARD */
    SW_EV_PEER_UP,       /* a connection stands */
    SW_EV_PEER_MESSAGE,  /* one Envelope came */
    SW_EV_PEER_WRITABLE, /* after PEER_BLOCKED: send again */
    SW_EV_PEER_BLOCKED,  /* the host buffers much for this connection: hold bulk back */
    SW_EV_PEER_DOWN,     /* the connection is gone, or a dial failed */
    SW_EV_UPSTREAM,      /* something came in answer to an ASK */
    SW_EV_DONE,          /* a job ended */
    SW_EV_COMMAND,       /* an operator asks */
    SW_EV_VIEW_RETIRED,  /* no front uses this view any longer */
    SW_EV_DRAIN,         /* finish what is in flight, say goodbye */
    /* to a front */
    SW_EV_DATAGRAM,
    SW_EV_STREAM_OPEN,
    SW_EV_STREAM_DATA,
    SW_EV_STREAM_WRITABLE, /* all that was written has left */
    SW_EV_STREAM_END, /* the client says no more, and still reads: close when all is answered */
    SW_EV_STREAM_CLOSED,
    SW_EV_VIEW,   /* answer from this view from now on */
    SW_EV_ANSWER, /* from the node's ANSWER: deliver to the client */
};

struct sw_event {
    enum sw_event_kind kind;
    sw_time now;        /* monotonic; never smaller than in the event before */
    sw_wall wall;       /* wall clock; may jump */
    sw_time arrived_at; /* when the host received it; now - arrived_at was spent in its queue */
    struct sw_load load;
    union {
        struct sw_bytes entropy;
        const struct sw_config *configure; /* the node makes its own copy */
        struct {
            struct sw_client client;
            struct sw_bytes message; /* whole DNS message, question already checked by the front */
        } query;
        struct {
            sw_conn conn;
            enum sw_class class;
            struct sw_name peer; /* proven by its certificate */
            bool dialled;        /* by us */
        } peer_up;
        struct {
            sw_conn conn;
            struct sw_bytes message; /* a packed Envelope */
            bool full; /* work that sw_node_is_full let pass the queue, to be refused at once */
        } peer_message;
        sw_conn peer_writable;
        sw_conn peer_blocked;
        struct {
            sw_conn conn; /* 0 when a dial failed */
            enum sw_class class;
            struct sw_name peer; /* empty when a dial of anybody failed */
        } peer_down;
        struct {
            uint64_t id;             /* of the ASK */
            struct sw_bytes message; /* as it came; empty: nobody is there, nothing will come */
        } upstream;
        struct sw_job *done; /* the node takes it */
        struct {
            uint64_t id;
            const char *method;      /* of service Control: "Status" */
            struct sw_bytes request; /* packed message of that method */
        } command;
        const struct sw_view *view_retired;
        struct {
            struct sw_client client;
            struct sw_bytes message;
        } datagram;
        struct sw_client stream_open;
        struct {
            uint64_t stream;
            struct sw_bytes data;
        } stream_data;
        uint64_t stream_writable;
        uint64_t stream_end;
        uint64_t stream_closed;
        const struct sw_view *view;
        struct {
            struct sw_client client;
            struct sw_bytes message;
        } answer;
    } u;
};

/* Why something happened, for people, recorders and oracles.  One line a kind: name, text, and
 * what a and b mean. */
#define SW_TRACE_LIST(X)                                                                  \
    X(SW_TRACE_STATE, "state", "from enum sw_state", "to enum sw_state")                  \
    X(SW_TRACE_ZONE_LOADED, "zone loaded", "serial", "RRsets")                            \
    X(SW_TRACE_ZONE_REFUSED, "zone refused", "enum sw_err", "line")                       \
    X(SW_TRACE_PEER_UP, "peer up", "enum sw_class", "")                                   \
    X(SW_TRACE_PEER_DOWN, "peer down", "enum sw_class", "")                               \
    X(SW_TRACE_ROUTED, "query routed", "attempt, from 0", "relayed, 0 or 1")              \
    X(SW_TRACE_ROUTE_REPLY, "peer answered", "round trip, ns", "attempt")                 \
    X(SW_TRACE_ROUTE_TIMEOUT, "peer timed out", "waited, ns", "attempt")                  \
    X(SW_TRACE_QUERY_FAILED, "query failed", "attempts", "")                              \
    X(SW_TRACE_SUSPECT, "peer suspected", "consecutive time-outs", "")                    \
    X(SW_TRACE_TRUSTED, "peer trusted again", "", "")                                     \
    X(SW_TRACE_ANT, "ant sent", "relayed, 0 or 1", "")                                    \
    X(SW_TRACE_SNAPSHOT_BEGUN, "snapshot begun", "sequence", "")                          \
    X(SW_TRACE_SNAPSHOT_SEALED, "snapshot sealed", "sequence", "packs")                   \
    X(SW_TRACE_OBJECT_STORED, "object acknowledged by peer", "bytes", "sequence")         \
    X(SW_TRACE_SNAPSHOT_SAFE, "snapshot acknowledged", "sequence", "bytes")               \
    X(SW_TRACE_SNAPSHOT_FAILED, "snapshot failed", "sequence", "enum sw_err")             \
    X(SW_TRACE_OBJECT_KEPT, "object kept for peer", "bytes", "")                          \
    X(SW_TRACE_RESTORE_BEGUN, "restore begun", "sequence", "packs")                       \
    X(SW_TRACE_RESTORE_FETCHED, "restore has all packs", "bytes", "")                     \
    X(SW_TRACE_RESTORE_DONE, "restore done", "bytes", "files")                            \
    X(SW_TRACE_RESTORE_FAILED, "restore failed", "enum sw_err", "")                       \
    X(SW_TRACE_BAD_MESSAGE, "peer sent a malformed message", "enum sw_err", "")           \
    X(SW_TRACE_CONFIG_REFUSED, "configuration refused", "enum sw_err", "")                \
    X(SW_TRACE_ROUTE_REFUSED, "peer refused a query", "attempt", "")                      \
    X(SW_TRACE_SNAPSHOT_PARTIAL, "snapshot leaves out files", "sequence", "files")        \
    X(SW_TRACE_MEMBER_ALIVE, "member alive", "incarnation", "version")                    \
    X(SW_TRACE_MEMBER_SUSPECT, "member suspect", "incarnation", "accusers")               \
    X(SW_TRACE_MEMBER_DEAD, "member dead", "incarnation", "")                             \
    X(SW_TRACE_MEMBER_LEFT, "member left", "incarnation", "version")                      \
    X(SW_TRACE_MEMBER_FORGOTTEN, "member forgotten", "", "")                              \
    X(SW_TRACE_REFUTED, "suspicion of us refuted", "incarnation", "")                     \
    X(SW_TRACE_RECORD_REFUSED, "record refused", "enum sw_err", "")                       \
    X(SW_TRACE_RECORD_TAKEN, "record changed", "incarnation", "version")                  \
    X(SW_TRACE_ZONE_LEARNED, "newer zone heard of", "serial", "epoch")                    \
    X(SW_TRACE_ZONE_FETCHING, "zone asked for", "serial", "epoch")                        \
    X(SW_TRACE_ZONE_FETCHED, "zone fetched", "bytes", "1: only what differs")             \
    X(SW_TRACE_ZONE_FETCH_FAILED, "zone not fetched", "enum sw_err", "serial")            \
    X(SW_TRACE_ZONE_SWAPPED, "zone served", "serial", "epoch")                            \
    X(SW_TRACE_ZONE_CONFLICT, "zone differs under one serial", "serial", "epoch")         \
    X(SW_TRACE_ZONE_DOUBTED, "zone's epoch not believed", "serial", "epoch")              \
    X(SW_TRACE_RELAY_FOUND, "relay found", "round trip, ns", "")                          \
    X(SW_TRACE_RELAY_LOST, "relay given up", "failures", "")                              \
    X(SW_TRACE_CARRIED, "handed on for another", "1: an ant, 2: zone", "")                \
    X(SW_TRACE_HEDGED, "query hedged", "attempt", "waited, ns")                           \
    X(SW_TRACE_ZONE_PROMOTED, "zone promoted", "serial", "epoch")                         \
    X(SW_TRACE_ZONE_STEPPED_DOWN, "zone's primary stepped down", "serial", "epoch")       \
    X(SW_TRACE_LOOKED_UP, "outside question answered", "enum sw_cache_use", "waited, ns") \
    X(SW_TRACE_HOME_ASKED, "name's home asked", "hops", "")                               \
    X(SW_TRACE_HOME_ANSWERED, "name's home answered", "round trip, ns", "1: it had it")   \
    X(SW_TRACE_UPSTREAM_ASKED, "upstream asked", "its number", "attempt, from 0")         \
    X(SW_TRACE_UPSTREAM_ANSWERED, "upstream answered", "round trip, ns", "its number")    \
    X(SW_TRACE_UPSTREAM_DOWN, "upstream down", "its number", "1: so others say")          \
    X(SW_TRACE_UPSTREAM_UP, "upstream up again", "its number", "1: so others say")

enum sw_trace_kind {
#define X(kind, text, a, b) kind,
    SW_TRACE_LIST(X)
#undef X
        SW_TRACE_KIND_COUNT
};

struct sw_trace {
    enum sw_trace_kind kind;
    struct sw_name peer; /* empty when none */
    uint64_t a, b;
    const char *text;        /* zone, set or reason; "" when none; lies in the actions' memory */
    struct sw_digest object; /* zero when none */
};

enum sw_action_kind {
    /* from the node */
    SW_ACT_SEND,    /* one Envelope to a peer: in order per connection, at most once */
    SW_ACT_DIAL,    /* connect; PEER_UP or PEER_DOWN follows */
    SW_ACT_HANG_UP, /* close a connection; PEER_DOWN follows; nothing when it is gone already */
    SW_ACT_ASK,     /* a query to an upstream; UPSTREAM for whatever comes, until UNASK */
    SW_ACT_UNASK,   /* nothing more is wanted of an ASK */
    SW_ACT_SUBMIT,  /* run a job; DONE follows */
    SW_ACT_ANSWER,  /* DNS answer for a forwarded query: give it to that client's front */
    SW_ACT_PUBLISH, /* give this view to every front; VIEW_RETIRED(old) when all have it */
    SW_ACT_COMMAND_REPLY,
    SW_ACT_WANT_ENTROPY, /* an ENTROPY event, please */
    SW_ACT_DRAINED,      /* nothing is in flight any longer: the host may stop */
    /* from a front */
    SW_ACT_REPLY,   /* send a datagram */
    SW_ACT_FORWARD, /* the node must decide: becomes its QUERY */
    SW_ACT_WRITE,   /* append to a stream; STREAM_WRITABLE when it has left */
    SW_ACT_CLOSE,   /* close a stream */
    /* from both */
    SW_ACT_TRACE,
};

struct sw_action {
    enum sw_action_kind kind;
    union {
        struct {
            sw_conn conn;
            struct sw_bytes message;
        } send;
        struct {
            struct sw_name peer; /* empty: anybody who has a node's certificate */
            enum sw_class class;
            const char *address;
        } dial;
        sw_conn hang_up;
        struct {
            uint64_t id;         /* unique in one node's life */
            const char *address; /* as the configuration has it; lies in the actions' memory */
            struct sw_bytes message;
            bool stream; /* by TCP; otherwise by UDP from a port of its own, drawn at random */
        } ask;
        uint64_t unask;
        struct sw_job *submit; /* the host takes it, and gives it back by DONE */
        struct {
            struct sw_client client;
            struct sw_bytes message;
        } answer;
        const struct sw_view *publish;
        struct {
            uint64_t id;
            int status;              /* gRPC status code, 0 is OK */
            const char *reason;      /* for people, when status is not 0 */
            struct sw_bytes message; /* packed reply */
            bool last;               /* no more replies to this command */
        } command_reply;
        struct {
            struct sw_client client;
            struct sw_bytes message;
        } reply;
        struct {
            struct sw_client client;
            struct sw_bytes message;
        } forward;
        struct {
            uint64_t stream;
            struct sw_bytes data;
        } write;
        uint64_t close;
        struct sw_trace trace;
    } u;
};

/* What a step appends to.  Zero-initialised is valid and empty; reused step after step it stops
 * allocating. */
struct sw_actions {
    struct sw_action *v;
    size_t n, cap;
    struct sw_arena bytes;
};

/* A new action of @kind at the end, its union zeroed; NULL when memory is out. */
struct sw_action *sw_actions_add(struct sw_actions *a, enum sw_action_kind kind);
/* Forget all actions and their bytes; keep memory.  Jobs still listed are not freed. */
void sw_actions_clear(struct sw_actions *a);
void sw_actions_fini(struct sw_actions *a);

/* Text for people: "peer up". */
const char *sw_trace_text(enum sw_trace_kind kind);

#endif
