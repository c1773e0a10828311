/* SPDX-License-Identifier: GPL-3.0-or-later
 * A scenario, as read from YAML: the world, the load, what goes wrong, what is expected.  Times
 * are ns, sizes bytes, rates per second, bandwidths bits per second.  Owned by the caller of
 * sim_scenario_load; everything in it is freed together. */
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include "node/base/err.h"
#include "node/base/types.h"
#include "node/core/config.h"
#include "node/core/job.h"

struct sim_region {
    struct sw_name name;
    double latitude, longitude; /* degrees; used when there is no RTT matrix */
};

/* Losses in bursts: a chain with a good and a bad state, one step a @slot (Gilbert, Capacity of a
 * Burst-Noise Channel, 1960; Elliott 1963).  In the long run p / (p + r) of the time is bad, for
 * r steps' reciprocal at once. */
struct sim_burst {
    double p;         /* good to bad, a step; 0: no bursts; p + r <= 1 */
    double r;         /* bad to good, a step */
    double good, bad; /* probability that a packet is lost in that state */
    sw_dur slot;
};

/* What packets meet between two places.  Zero is a link where nothing ails them. */
struct sim_link {
    sw_dur latency; /* one way, added to the geographic or matrix latency */
    sw_dur jitter;  /* standard deviation scale of a log-normal; 0 none */
    double loss;    /* probability a packet is lost, by itself */
    struct sim_burst burst;
    double duplication; /* of a datagram: a second one comes up to 10 ms after it */
    double reordering;  /* a packet comes @reordered_by later than the others */
    sw_dur reordered_by;
    double corruption;  /* a bit of a datagram flips */
    uint64_t bandwidth; /* bits/s of a host's uplink, or of a path; 0 unlimited */
    uint64_t downlink;  /* bits/s of a host's downlink; 0 unlimited */
    uint64_t queue;     /* bytes that may wait at each; more datagrams are dropped */
};

/* Two regions whose link is not like the others. */
struct sim_path {
    struct sw_name *between; /* two; the same twice: inside that region */
    size_t n_between;
    uint32_t region[2];
    struct sim_link link; /* bandwidth: of the line between them, each way, shared by all */
};

enum sim_distribution { SIM_CONSTANT, SIM_EXPONENTIAL, SIM_LOGNORMAL, SIM_BIMODAL };

struct sim_processor {
    uint32_t cores;
    enum sim_distribution distribution;
    sw_dur service; /* mean of a query's service time, when it is answered here or forwarded */
    sw_dur forward; /* mean of what is added when it is forwarded; 0 nothing */
    sw_dur peer;    /* mean of a peer's query; 0: service */
    sw_dur urgent;  /* of an acknowledgement, an answer, gossip; 0: 2 us */
    int jobs;       /* 0 share the cores with queries, 1 have cores of their own */
    double cost[SW_WORK_COUNT]; /* of jobs, ns a unit; 0: sim_work_cost's */
    char *profile;              /* file, relative to the scenario; NULL none */
    double sigma;               /* log-normal: of the underlying normal */
    double long_share;          /* bimodal: of the requests that are long */
    double long_factor;         /* bimodal: so many times as long as the others */
    uint32_t queue;             /* requests that may wait; more are dropped silently */
};

struct sim_disk {
    sw_dur latency;     /* an operation */
    uint64_t bandwidth; /* bytes/s */
    sw_dur fsync;
    uint64_t capacity;
};

/* A node's wall clock against true time. */
struct sim_clock {
    double offset; /* ns ahead at the start; negative: behind */
    double drift;  /* parts per million gained, or lost: negative */
};

/* Files made from the seed before the run: the protected set's content. */
struct sim_files {
    char *path;
    uint64_t count;
    uint64_t size;       /* mean bytes a file */
    double compressible; /* share of each file that repeats, 0..1 */
};

struct sim_node {
    /* Same keys as a live node's file; zones (file: where its text lies on the node's disk),
     * peers (address: their name), identity and recipients (sim/scenario/keys.h) filled in. */
    struct sw_config config;
    struct sim_processor processor;
    struct sim_disk disk;
    struct sim_clock clock;
    struct sim_files *files;
    size_t n_files;
    size_t line; /* in the scenario file */
};

struct sim_zone {
    char *name;
    char *file; /* resolved against the scenario's folder */
    char *text; /* its content */
    size_t len;
    bool outside; /* no node holds it: upstreams know it */
};

/* A resolver outside the swarm. */
struct sim_upstream {
    struct sw_name name, region;
    sw_dur hit;  /* until it answers what it has */
    sw_dur miss; /* mean of what it adds to resolve what it has not; exponential */
    double warm; /* chance that it has what it was not asked for by us: others ask it */
    double loss; /* of queries, beside what the network loses */
};

/* How a stub goes about its servers: by resolv.conf(5), or as systemd-resolved does. */
enum sim_stub { SIM_STUB_RESOLV_CONF, SIM_STUB_RESOLVED };
enum sim_rotation { SIM_IN_ORDER, SIM_ROTATE };
/* What a client has of @servers: their addresses; one that leads to the nearest; one that leads to
 * the first. */
enum sim_entry { SIM_ENTRY_LIST, SIM_ENTRY_ANYCAST, SIM_ENTRY_VIRTUAL };

struct sim_type_share {
    uint16_t type;
    double share; /* of the group's queries; all together 1 */
};

/* How the rate changes over the day: the mean times 1 + amplitude x cos(2 pi (t - peak_at) /
 * period), or times what @curve says. */
struct sim_diurnal {
    double amplitude; /* 0..1; 0: the rate does not change */
    sw_dur peak_at, period;
    double *curve; /* factors at equal steps of the period, joined by straight lines; or NULL */
    size_t n_curve;
};

/* A group of equal stub resolvers. */
struct sim_clients {
    struct sw_name region;
    uint64_t count;
    double rate;             /* queries/s of each client, Poisson; 0 with a capture */
    struct sw_name *servers; /* nodes, in resolv.conf order */
    size_t n_servers;
    enum sim_stub stub;
    enum sim_rotation rotation;
    enum sim_entry entry;
    sw_dur withdrawal;            /* anycast, virtual: until the network learns who went */
    sw_dur timeout;               /* before the next server */
    uint32_t attempts;            /* resolv.conf: rounds over the list; resolved: transmissions */
    char *zone;                   /* whose names are asked; NULL: those of @replay alone */
    double zipf;                  /* exponent of name popularity */
    double nonexistent;           /* share of queries for names that do not exist */
    struct sim_type_share *types; /* NULL: the usual ones */
    size_t n_types;
    struct sim_diurnal diurnal;
    double speed;              /* of a capture: so many times as fast as recorded */
    struct sim_replay *replay; /* what is asked, in order (sim/scenario/replay.h); or NULL */
};

/* How many addresses a client has. */
static inline size_t sim_clients_addresses(const struct sim_clients *c)
{
    return c->entry == SIM_ENTRY_LIST ? c->n_servers : 1;
}

/* A query has failed, or will not be known to have, after this. */
static inline sw_dur sim_clients_patience(const struct sim_clients *c)
{
    return c->timeout * c->attempts * (c->stub == SIM_STUB_RESOLVED ? 1 : sim_clients_addresses(c));
}

struct sim_scenario;
/* Of its most patient group; 0 without clients. */
sw_dur sim_scenario_patience(const struct sim_scenario *s);
/* What clients ask later than this, that patience before the end, may be undecided when the run
 * ends, and counts in no metric; 0 when all of the run is too late. */
sw_time sim_scenario_decided(const struct sim_scenario *s);

struct sim_operation {
    sw_time at;
    struct sw_name node; /* who is asked */
    char *kind;          /* "snapshot", "restore", "copy" (rsync baseline), "copy_back",
                          * "edit_zone", "promote" */
    char *zone;          /* edit_zone, promote */
    uint64_t records;    /* edit_zone: so many get new data */
    bool empty;          /* edit_zone: all but SOA and NS go */
    bool force;          /* promote: also behind others */
    struct sw_name set;
    struct sw_name from; /* restore: whose set; copy: from this node */
    char *target;        /* folder */
    sw_dur after_loss;   /* restore: human and detection time, counted into the RTO; stated */
    size_t line;
};

/* Kinds have their own parameters: name and value as written, checked by the fault's table. */
struct sim_param {
    char *key, *value;
    size_t line, column;         /* of the value */
    size_t key_line, key_column; /* of the key */
};
struct sim_fault {
    char *kind;
    sw_time at;
    sw_dur length; /* 0: for good */
    bool drawn;    /* by the storm */
    struct sim_param *params;
    size_t n_params;
    size_t n_lent; /* drawn: the first so many belong to the storm's kind */
    size_t line;
};

/* Faults that come by chance: of each kind as a Poisson process of its own. */
struct sim_storm_kind {
    struct sim_fault fixed;   /* the kind, and parameters that are not drawn */
    double rate;              /* a second; 0: the storm's */
    sw_dur shortest, longest; /* length, log-uniform; 0: the storm's */
};
struct sim_storm {
    sw_time from, until; /* faults begin in between */
    double rate;
    double subset; /* chance that a kind takes part, by seed */
    sw_dur shortest, longest;
    struct sim_storm_kind *kinds;
    size_t n_kinds; /* 0: there is no storm */
};

struct sim_expectation {
    char *text;   /* as written */
    char *metric; /* "dns.latency.p99" */
    char *during; /* fault kind, or NULL: the whole run after warm-up */
    char op[3];   /* one of < <= == >= > */
    double value; /* SI units */
    size_t line;
};

/* One of the systems compared: whole top-level keys replaced. */
struct sim_configuration {
    struct sw_name name;
};

struct sim_scenario {
    char *path, *name, *question;
    struct sw_name configuration; /* "" when the scenario has none */
    struct sw_name base;          /* which it was before sim_scenario_route_by */
    const char *policy;           /* that sim_scenario_route_by gave to all nodes; or NULL */
    uint64_t seed;
    uint32_t replications;
    sw_dur duration, warmup, interval; /* interval: of recorded samples */

    struct sim_region *regions;
    size_t n_regions;
    double *rtt;                 /* n_regions^2 ns, row-major, or NULL */
    double stretch;              /* path length over great circle; default 1.6 */
    struct sim_link wide, local; /* between regions; inside one */
    struct sim_path *paths;      /* instead of them, between some */
    size_t n_paths;

    struct sim_zone *zones;
    size_t n_zones;
    struct sim_upstream *upstreams;
    size_t n_upstreams;
    struct sim_node *nodes;
    size_t n_nodes;
    uint32_t *by_name; /* nodes in order of their names; NULL: not sorted (made by hand) */
    struct sim_clients *clients;
    size_t n_clients;
    struct sim_operation *operations;
    size_t n_operations;
    struct sim_fault *faults;
    size_t n_faults;
    struct sim_storm storm;
    struct sim_expectation *expectations;
    size_t n_expectations;
    char **oracles; /* names; NULL: all; none: an empty list */
    size_t n_oracles;
    struct sw_bytes text; /* the file as read, for the results */
    uint64_t inputs;      /* digest of what was read from other files: zones, a matrix, ... */
};

/* The names of a scenario file's configurations, in file order; @n is 0 when it has none.
 * Free with sim_configurations_free. */
int sim_configurations(const char *path, struct sim_configuration **out, size_t *n,
                       struct sw_diag *d);
void sim_configurations_free(struct sim_configuration *v);

/* Read @path, with the keys of configuration @name (NULL or "": none) replaced.
 * Errors: SW_ERR_IO, SW_ERR_MALFORMED, SW_ERR_RANGE, SW_ERR_NOTFOUND; the diag reads
 * "file:line:col: key: what is wrong (what is expected)". */
int sim_scenario_load(const char *path, const char *configuration, struct sim_scenario **out,
                      struct sw_diag *d);
/* The same with single keys replaced, wherever they come from: by their path, "network.wide.loss"
 * or "clients.0.rate" (item 0 of a list); what is not there yet is added.  Besides the errors
 * above: SW_ERR_NOTFOUND and SW_ERR_MALFORMED for a path that leads nowhere. */
struct sim_override {
    const char *path, *value; /* as a file would say it */
};
struct sim_overrides {
    const struct sim_override *items;
    size_t n;
};
int sim_scenario_vary(const char *path, const char *configuration, const struct sim_overrides *o,
                      struct sim_scenario **out, struct sw_diag *d);
/* The same of @text, as @path would hold it. */
int sim_scenario_vary_text(const char *path, struct sw_bytes text, const char *configuration,
                           const struct sim_overrides *o, struct sim_scenario **out,
                           struct sw_diag *d);
/* Give every node the routing policy @policy (a registered name), with default parameters where it
 * had another, and name the configuration after it (@s->base keeps the name it had).  Errors:
 * SW_ERR_NOMEM: @s unchanged. */
int sim_scenario_route_by(struct sim_scenario *s, const char *policy);
/* After that: give every node these parameters of that policy, and only these.  Takes @params, from
 * the heap, and its names. */
void sim_scenario_route_with(struct sim_scenario *s, struct sw_param_config *params, size_t n);
/* The same for text in memory, as @path would hold it: other files it names are looked for beside
 * @path. */
int sim_scenario_parse(const char *path, const char *text, size_t len, const char *configuration,
                       struct sim_scenario **out, struct sw_diag *d);
void sim_scenario_free(struct sim_scenario *s);
/* Whether a fault of @kind happens in it, or may in its storm. */
bool sim_scenario_has_fault(const struct sim_scenario *s, const char *kind);

/* Index of a region or node; SIZE_MAX when there is none. */
size_t sim_region_index(const struct sim_scenario *s, const char *name);
size_t sim_node_index(const struct sim_scenario *s, const char *name);

#endif
