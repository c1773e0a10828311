/* SPDX-License-Identifier: GPL-3.0-or-later
 * The keys of a scenario file. */
#include "sim/scenario/tables.h"
#include "node/conf/config.h"

#define FIELD(type, member) .offset = offsetof(type, member)
/* A list and its count beside it: @where.@member and @where.n_@member. */
#define LIST(type, where, member, item_type)                                           \
    .offset = offsetof(type, where member), .count = offsetof(type, where n_##member), \
    .size = sizeof(item_type)
#define TABLE(title, array)                                    \
    {                                                          \
        .name = (title), .fields = (array), .n = SW_LEN(array) \
    }

/* ---- the world ---- */

static const struct sw_yaml_field region_fields[] = {
    { "name", SW_YAML_NAME, FIELD(struct sim_region, name), .required = true,
      .help = "what fails together" },
    { "latitude", SW_YAML_NUMBER, FIELD(struct sim_region, latitude), .low = -90, .high = 90,
      .help = "degrees north; not needed with `network.rtt`" },
    { "longitude", SW_YAML_NUMBER, FIELD(struct sim_region, longitude), .low = -180, .high = 180,
      .help = "degrees east" },
};
static const struct sw_yaml_table region_table = TABLE("region", region_fields);

static const struct sw_yaml_field burst_fields[] = {
    { "p", SW_YAML_PROBABILITY, FIELD(struct sim_burst, p), .required = true,
      .help = "that the good state ends, each step" },
    { "r", SW_YAML_PROBABILITY, FIELD(struct sim_burst, r), .required = true,
      .help = "that the bad state ends, each step: bursts last 1/r steps on average" },
    { "good", SW_YAML_PROBABILITY, FIELD(struct sim_burst, good), .fallback = "0",
      .help = "probability that a packet is lost in the good state" },
    { "bad", SW_YAML_PROBABILITY, FIELD(struct sim_burst, bad), .fallback = "100%",
      .help = "and in the bad one" },
    { "step", SW_YAML_DURATION, FIELD(struct sim_burst, slot), .fallback = "1ms", .low = 1e3,
      .high = 3600e9, .help = "time between changes of state" },
};
static const struct sw_yaml_table burst_table = TABLE("burst", burst_fields);

/* What packets meet on any link: LATENCY and so on are the defaults, NULL: none. */
/* clang-format off */
/* NOLINTBEGIN(bugprone-macro-parentheses): a type, a part of a member's name, and string literals */
#define LINK_FIELDS(type, where, LATENCY, JITTER, LOSS, ZERO, BY)                                \
    { "latency", SW_YAML_DURATION, FIELD(type, where latency), .fallback = LATENCY, .low = 0,    \
      .high = 10e9, .help = "one way, added to what geography or the matrix says" },             \
    { "jitter", SW_YAML_DURATION, FIELD(type, where jitter), .fallback = JITTER, .low = 0,       \
      .high = 10e9, .help = "scale of the log-normal part of a packet's delay" },                \
    { "loss", SW_YAML_PROBABILITY, FIELD(type, where loss), .fallback = LOSS,                    \
      .help = "probability that a packet is lost, whatever happens to the others" },             \
    { "burst", SW_YAML_MAPPING, FIELD(type, where burst), .table = &burst_table,                 \
      .help = "losses in bursts (Gilbert-Elliott), common to all packets of a direction" },      \
    { "duplication", SW_YAML_PROBABILITY, FIELD(type, where duplication), .fallback = ZERO,      \
      .help = "probability that a datagram comes twice" },                                       \
    { "reordering", SW_YAML_PROBABILITY, FIELD(type, where reordering), .fallback = ZERO,        \
      .help = "probability that a packet comes later than those sent after it" },                \
    { "reordered_by", SW_YAML_DURATION, FIELD(type, where reordered_by), .fallback = BY,         \
      .low = 1e3, .high = 60e9, .help = "how much later" },                                      \
    { "corruption", SW_YAML_PROBABILITY, FIELD(type, where corruption), .fallback = ZERO,        \
      .help = "probability that a bit of a datagram flips, and its receiver drops it" }
/* What a host has, towards other regions or inside its own. */
#define HOST_FIELDS(BANDWIDTH)                                                                   \
    { "bandwidth", SW_YAML_BANDWIDTH, FIELD(struct sim_link, bandwidth), .fallback = BANDWIDTH,  \
      .help = "of a host's uplink; 0: unlimited" },                                              \
    { "downlink", SW_YAML_BANDWIDTH, FIELD(struct sim_link, downlink),                           \
      .help = "of a host's downlink; 0: unlimited; default: as `bandwidth`" },                   \
    { "queue", SW_YAML_SIZE, FIELD(struct sim_link, queue), .fallback = "256KiB", .low = 2048,   \
      .high = 1099511627776.0, .help = "that waits at either before datagrams are dropped" }
/* NOLINTEND(bugprone-macro-parentheses) */
/* clang-format on */

static const struct sw_yaml_field wide_fields[] = {
    LINK_FIELDS(struct sim_link, , "0", "500us", "0.01%", "0", "10ms"),
    HOST_FIELDS("1Gbit/s"),
};
static const struct sw_yaml_field local_fields[] = {
    LINK_FIELDS(struct sim_link, , "0", "50us", "0", "0", "1ms"),
    HOST_FIELDS("10Gbit/s"),
};
static const struct sw_yaml_table wide_table = TABLE("wide", wide_fields);
static const struct sw_yaml_table local_table = TABLE("local", local_fields);

static const struct sw_yaml_field path_fields[] = {
    { "between", SW_YAML_LIST, LIST(struct sim_path, , between, struct sw_name), .required = true,
      .item = SW_YAML_NAME,
      .help = "two regions, both directions; what is left out below is as in `wide`" },
    LINK_FIELDS(struct sim_path, link., NULL, NULL, NULL, NULL, NULL),
    { "bandwidth", SW_YAML_BANDWIDTH, FIELD(struct sim_path, link.bandwidth),
      .help = "of the line between them, each way, shared by all; 0: unlimited" },
    { "queue", SW_YAML_SIZE, FIELD(struct sim_path, link.queue), .fallback = "1MiB", .low = 2048,
      .high = 1099511627776.0, .help = "that waits at that line before datagrams are dropped" },
};
static const struct sw_yaml_table path_table = TABLE("path", path_fields);

static const struct sw_yaml_field network_fields[] = {
    { "rtt", SW_YAML_PATH, FIELD(struct sim_file, rtt_file),
      .help = "CSV matrix of round-trip times in ms, regions in the first row and column" },
    { "stretch", SW_YAML_NUMBER, FIELD(struct sim_file, s.stretch), .fallback = "1.6", .low = 1,
      .high = 10, .help = "path length over great circle, without a matrix" },
    { "wide", SW_YAML_MAPPING, FIELD(struct sim_file, s.wide), .table = &wide_table,
      .help = "between regions" },
    { "local", SW_YAML_MAPPING, FIELD(struct sim_file, s.local), .table = &local_table,
      .help = "inside a region" },
    { "paths", SW_YAML_LIST, LIST(struct sim_file, s., paths, struct sim_path),
      .table = &path_table, .item = SW_YAML_MAPPING, .help = "between two regions in particular" },
};
static const struct sw_yaml_table network_table = TABLE("network", network_fields);

static const struct sw_yaml_field zone_fields[] = {
    { "name", SW_YAML_ZONE_NAME, FIELD(struct sim_zone_entry, name), .required = true,
      .help = "the zone's name" },
    { "file", SW_YAML_PATH, FIELD(struct sim_zone_entry, file),
      .help = "master file, relative to the scenario; required but with `names`" },
    { "primary", SW_YAML_NAME, FIELD(struct sim_zone_entry, primary),
      .help = "node where the zone is edited; none: no node holds it, and upstreams know it" },
    { "names", SW_YAML_COUNT, FIELD(struct sim_zone_entry, names), .low = 1, .high = 1e6,
      .help =
          "instead of a file, for a zone without primary: so many names with one A record each" },
    { "ttls", SW_YAML_LIST, LIST(struct sim_zone_entry, , ttls, sw_dur), .item = SW_YAML_DURATION,
      .help = "of those, in turn, whole seconds; default: [20s, 60s, 300s, 3600s], about what "
              "resolvers see (Denis 2019: half of the queries <= 60 s, three quarters <= 300 s)" },
    { "negative_ttl", SW_YAML_DURATION, FIELD(struct sim_zone_entry, negative_ttl),
      .fallback = "15m", .low = 1e9, .high = 86400e9, .help = "of denials in it" },
    { "backups", SW_YAML_LIST, LIST(struct sim_zone_entry, , backups, struct sw_name),
      .item = SW_YAML_NAME, .help = "nodes that hold a full copy" },
};
static const struct sw_yaml_table zone_table = TABLE("zone", zone_fields);

static const struct sw_yaml_field upstream_fields[] = {
    { "name", SW_YAML_NAME, FIELD(struct sim_upstream, name), .required = true,
      .help = "as in nodes' `forwarding.upstreams`" },
    { "region", SW_YAML_NAME, FIELD(struct sim_upstream, region), .required = true,
      .help = "where it stands" },
    { "hit", SW_YAML_DURATION, FIELD(struct sim_upstream, hit), .fallback = "200us", .low = 0,
      .high = 10e9, .help = "until it answers what it has in its cache" },
    { "miss", SW_YAML_DURATION, FIELD(struct sim_upstream, miss), .fallback = "100ms", .low = 0,
      .high = 60e9, .help = "mean of what resolving adds (exponential)" },
    { "warm", SW_YAML_PROBABILITY, FIELD(struct sim_upstream, warm), .fallback = "0",
      .help =
          "probability that others had it resolve what the swarm did not ask it for; its TTL is "
          "then uniformly used up" },
    { "loss", SW_YAML_PROBABILITY, FIELD(struct sim_upstream, loss), .fallback = "0",
      .help = "of queries, beside what the network loses" },
};
static const struct sw_yaml_table upstream_table = TABLE("upstream", upstream_fields);

/* ---- nodes ---- */

static const char *const distributions[] = { "constant", "exponential", "lognormal", "bimodal",
                                             NULL };
static const char *const job_places[] = { "shared", "apart", NULL };
static const struct sw_yaml_field processor_fields[] = {
    { "cores", SW_YAML_COUNT, FIELD(struct sim_processor, cores), .fallback = "2", .low = 1,
      .high = 1024, .help = "requests served at once" },
    { "distribution", SW_YAML_ENUM, FIELD(struct sim_processor, distribution),
      .names = distributions, .fallback = "exponential", .help = "of the service time" },
    { "service", SW_YAML_DURATION, FIELD(struct sim_processor, service), .fallback = "20us",
      .low = 1, .high = 60e9, .help = "mean time a query takes one core" },
    { "forward", SW_YAML_DURATION, FIELD(struct sim_processor, forward), .low = 0, .high = 60e9,
      .help =
          "mean time that it takes besides when it is forwarded; default: the profile's, or 0" },
    { "peer", SW_YAML_DURATION, FIELD(struct sim_processor, peer), .low = 1, .high = 60e9,
      .help = "mean time of a query that a peer forwarded; default: the profile's, or `service`" },
    { "jobs", SW_YAML_ENUM, FIELD(struct sim_processor, jobs), .names = job_places,
      .fallback = "shared",
      .help = "whether backup work shares the cores with queries, or has cores of its own" },
    { "profile", SW_YAML_LOCAL_PATH, FIELD(struct sim_processor, profile),
      .help =
          "file that `swarmsim calibrate` wrote, relative to the scenario: costs not given here" },
    { "sigma", SW_YAML_NUMBER, FIELD(struct sim_processor, sigma), .fallback = "0.5", .low = 0,
      .high = 4, .help = "log-normal only: of the underlying normal distribution" },
    { "long_share", SW_YAML_PROBABILITY, FIELD(struct sim_processor, long_share), .fallback = "10%",
      .help = "bimodal only: of the requests, all of which take one of two times" },
    { "long_factor", SW_YAML_NUMBER, FIELD(struct sim_processor, long_factor), .fallback = "10",
      .low = 1, .high = 1000, .help = "bimodal only: those take this many times as long" },
    { "queue", SW_YAML_COUNT, FIELD(struct sim_processor, queue), .fallback = "4096", .low = 1,
      .high = 1e7, .help = "requests that may wait; more are dropped in silence" },
};
static const struct sw_yaml_table processor_table = TABLE("processor", processor_fields);

static const struct sw_yaml_field disk_fields[] = {
    { "latency", SW_YAML_DURATION, FIELD(struct sim_disk, latency), .fallback = "100us", .low = 0,
      .high = 10e9, .help = "of one operation" },
    { "bandwidth", SW_YAML_SIZE, FIELD(struct sim_disk, bandwidth), .fallback = "500MB", .low = 1,
      .high = 1099511627776.0, .help = "bytes a second" },
    { "fsync", SW_YAML_DURATION, FIELD(struct sim_disk, fsync), .fallback = "1ms", .low = 0,
      .high = 60e9, .help = "until written data is durable" },
    { "capacity", SW_YAML_SIZE, FIELD(struct sim_disk, capacity), .fallback = "100GiB", .low = 1,
      .high = 1125899906842624.0, .help = "bytes" },
};
static const struct sw_yaml_table disk_table = TABLE("disk", disk_fields);

static const char *const ways[] = { "ahead", "behind", NULL };
static const struct sw_yaml_field clock_fields[] = {
    { "offset", SW_YAML_DURATION, FIELD(struct sim_node_entry, clock_offset), .fallback = "0",
      .low = 0, .high = 315360000e9,
      .help = "from true time, when the run begins; durations have no sign" },
    { "is", SW_YAML_ENUM, FIELD(struct sim_node_entry, clock_is), .names = ways,
      .fallback = "ahead", .help = "which way the offset goes (drift has a sign)" },
    { "drift", SW_YAML_NUMBER, FIELD(struct sim_node_entry, clock_drift), .fallback = "0",
      .low = -1e5, .high = 1e5, .help = "parts per million that it gains; negative: loses" },
};
static const struct sw_yaml_table clock_table = TABLE("clock", clock_fields);

static const struct sw_yaml_field files_fields[] = {
    { "path", SW_YAML_LOCAL_PATH, FIELD(struct sim_files, path), .required = true,
      .help = "folder on the node's disk" },
    { "count", SW_YAML_INTEGER, FIELD(struct sim_files, count), .fallback = "10", .low = 1,
      .high = 1e6, .help = "files" },
    { "size", SW_YAML_SIZE, FIELD(struct sim_files, size), .fallback = "16KiB", .low = 1,
      .high = 1099511627776.0, .help = "mean bytes of a file" },
    { "compressible", SW_YAML_PROBABILITY, FIELD(struct sim_files, compressible), .fallback = "0.5",
      .help = "share of each file that repeats" },
};
static const struct sw_yaml_table files_table = TABLE("files", files_fields);

static const struct sw_yaml_field node_fields[] = {
    { "name", SW_YAML_NAME, FIELD(struct sim_node_entry, name),
      .help = "default: REGION-1, REGION-2, ..." },
    { "region", SW_YAML_NAME, FIELD(struct sim_node_entry, region), .required = true,
      .help = "where it stands" },
    { "count", SW_YAML_COUNT, FIELD(struct sim_node_entry, count), .fallback = "1", .low = 1,
      .high = 10000, .help = "this many equal nodes" },
    { "knows", SW_YAML_LIST, LIST(struct sim_node_entry, , knows, struct sw_name),
      .item = SW_YAML_NAME,
      .help = "whom it knows from the start, and they it: nodes, and regions for all their nodes; "
              "default: everyone" },
    { NULL, SW_YAML_INCLUDE, FIELD(struct sim_node_entry, node.config), .table = &sw_node_table },
    { "join", SW_YAML_LIST, LIST(struct sim_node_entry, node.config., join, char *),
      .item = SW_YAML_STRING,
      .help = "nodes from which it learns of all others; default: it knows all from the start" },
    { "processor", SW_YAML_MAPPING, FIELD(struct sim_node_entry, node.processor),
      .table = &processor_table, .help = "what serves queries" },
    { "disk", SW_YAML_MAPPING, FIELD(struct sim_node_entry, node.disk), .table = &disk_table,
      .help = "what holds files" },
    { "clock", SW_YAML_MAPPING, .table = &clock_table, .help = "the wall clock; timers run true" },
    { "files", SW_YAML_LIST, LIST(struct sim_node_entry, node., files, struct sim_files),
      .table = &files_table, .item = SW_YAML_MAPPING, .help = "made from the seed before the run" },
    { NULL, SW_YAML_LINE, FIELD(struct sim_node_entry, node.line) },
};
const struct sw_yaml_table sim_node_table = TABLE("node", node_fields);

/* ---- load, faults, what is done ---- */

static const struct sw_yaml_field diurnal_fields[] = {
    { "amplitude", SW_YAML_NUMBER, FIELD(struct sim_diurnal, amplitude), .fallback = "0", .low = 0,
      .high = 1, .help = "of a cosine: 0.5 swings from half the rate to one and a half times it" },
    { "peak_at", SW_YAML_DURATION, FIELD(struct sim_diurnal, peak_at), .fallback = "0", .low = 0,
      .high = 31536000e9, .help = "when it is highest" },
    { "period", SW_YAML_DURATION, FIELD(struct sim_diurnal, period), .fallback = "24h", .low = 1e9,
      .high = 31536000e9, .help = "from one day to the next" },
    { "curve", SW_YAML_LIST, LIST(struct sim_diurnal, , curve, double), .item = SW_YAML_NUMBER,
      .help = "instead of a cosine: factors of the rate, at equal steps of the period from 0 on" },
};
static const struct sw_yaml_table diurnal_table = TABLE("diurnal", diurnal_fields);

static const char *const stubs[] = { "resolv_conf", "resolved", NULL };
static const char *const rotations[] = { "in_order", "rotate", NULL };
static const char *const entries[] = { "list", "anycast", "virtual", NULL };
static const struct sw_yaml_field clients_fields[] = {
    { "region", SW_YAML_NAME, FIELD(struct sim_clients, region), .required = true,
      .help = "where they are" },
    { "count", SW_YAML_INTEGER, FIELD(struct sim_clients, count), .low = 1, .high = 1e7,
      .help = "stub resolvers; required but with `capture`, which knows its own" },
    { "rate", SW_YAML_RATE, FIELD(struct sim_clients, rate), .low = 1e-9, .high = 1e6,
      .help = "queries of each (Poisson); required but with `capture`" },
    { "diurnal", SW_YAML_MAPPING, FIELD(struct sim_clients, diurnal), .table = &diurnal_table,
      .help = "how the rate changes over the day" },
    { "stub", SW_YAML_ENUM, FIELD(struct sim_clients, stub), .names = stubs,
      .fallback = "resolv_conf",
      .help = "whose rules they follow: resolv.conf's or systemd-resolved's" },
    { "servers", SW_YAML_LIST, LIST(struct sim_clients, , servers, struct sw_name),
      .required = true, .item = SW_YAML_NAME, .help = "nodes, in the order of resolv.conf" },
    { "entry", SW_YAML_ENUM, FIELD(struct sim_clients, entry), .names = entries, .fallback = "list",
      .help = "the servers' addresses, or one that leads to the nearest (anycast) or to the first "
              "in the list (virtual) of those that are up" },
    { "withdrawal", SW_YAML_DURATION, FIELD(struct sim_clients, withdrawal), .low = 0,
      .high = 3600e9,
      .help = "how long it must last that a node went, or came back, until that address leads "
              "elsewhere; default: 90s with anycast (BGP's hold time, RFC 4271), 3.6s with virtual "
              "(VRRP, RFC 9568)" },
    { "rotation", SW_YAML_ENUM, FIELD(struct sim_clients, rotation), .names = rotations,
      .fallback = "in_order", .help = "where a query begins in the list" },
    { "timeout", SW_YAML_DURATION, FIELD(struct sim_clients, timeout), .fallback = "5s", .low = 1e6,
      .high = 60e9, .help = "before the next server is asked" },
    { "attempts", SW_YAML_COUNT, FIELD(struct sim_clients, attempts), .low = 1, .high = 100,
      .help = "resolv_conf: rounds over the list, default 2; resolved: transmissions in all, "
              "default 24" },
    { "zone", SW_YAML_ZONE_NAME, FIELD(struct sim_clients, zone),
      .help =
          "whose names are asked; required but with `queries` or `capture`, where attacks make up "
          "names in it" },
    { "zipf", SW_YAML_NUMBER, FIELD(struct sim_clients, zipf), .fallback = "0.9", .low = 0,
      .high = 5, .help = "exponent of the names' popularity" },
    { "nonexistent", SW_YAML_PROBABILITY, FIELD(struct sim_clients, nonexistent), .fallback = "5%",
      .help = "share of queries for names that do not exist" },
    { "types", SW_YAML_PARAMS, FIELD(struct sim_clients_entry, types),
      .count = offsetof(struct sim_clients_entry, n_types),
      .help = "share of each type, as in {A: 70%, AAAA: 30%}; default: A 86%, AAAA 10%, MX 2%, "
              "TXT 2%" },
    { "queries", SW_YAML_PATH, FIELD(struct sim_clients_entry, queries),
      .help = "file of questions, asked in order and over again: `NAME TYPE` a line, as dnsperf "
              "reads it" },
    { "capture", SW_YAML_PATH, FIELD(struct sim_clients_entry, capture),
      .help =
          "pcap or pcapng file whose questions are asked as they were, once; a repetition with the "
          "same port and ID within 15 s is left out, one of systemd-resolved has another ID and "
          "is asked" },
    { "speed", SW_YAML_NUMBER, FIELD(struct sim_clients, speed), .fallback = "1", .low = 1e-3,
      .high = 1e3, .help = "so many times as fast as captured" },
};
static const struct sw_yaml_table clients_table = TABLE("clients", clients_fields);

static const struct sw_yaml_field operation_fields[] = {
    { "at", SW_YAML_DURATION, FIELD(struct sim_operation, at), .required = true, .help = "when" },
    { "node", SW_YAML_NAME, FIELD(struct sim_operation, node), .required = true,
      .help = "who is asked" },
    { "kind", SW_YAML_STRING, FIELD(struct sim_operation, kind), .required = true,
      .help = "snapshot, restore, copy (rsync baseline), copy_back, edit_zone or promote" },
    { "set", SW_YAML_NAME, FIELD(struct sim_operation, set),
      .help = "the protected set; not for edit_zone and promote" },
    { "zone", SW_YAML_ZONE_NAME, FIELD(struct sim_operation, zone),
      .help = "edit_zone: whose master file on the node's disk is edited and read again; promote: "
              "whose primary the node becomes" },
    { "records", SW_YAML_INTEGER, FIELD(struct sim_operation, records), .fallback = "1", .low = 0,
      .high = 1e6, .help = "edit_zone: so many records get new data" },
    { "empty", SW_YAML_BOOL, FIELD(struct sim_operation, empty), .fallback = "false",
      .help = "edit_zone: all records but SOA and NS go" },
    { "force", SW_YAML_BOOL, FIELD(struct sim_operation, force), .fallback = "false",
      .help = "promote: also when others are known to hold something newer" },
    { "from", SW_YAML_NAME, FIELD(struct sim_operation, from),
      .help = "restore: whose set; copy: from this node" },
    { "target", SW_YAML_LOCAL_PATH, FIELD(struct sim_operation, target),
      .help = "folder to write to" },
    { "after_loss", SW_YAML_DURATION, FIELD(struct sim_operation, after_loss), .fallback = "0",
      .help = "time people need to notice, decide and begin; counted into the RTO" },
    { NULL, SW_YAML_LINE, FIELD(struct sim_operation, line) },
};
static const struct sw_yaml_table operation_table = TABLE("operation", operation_fields);

static const struct sw_yaml_field fault_fields[] = {
    { "kind", SW_YAML_STRING, FIELD(struct sim_fault_entry, kind), .required = true,
      .help = "see `swarmsim list faults`, which names its further keys" },
    { "at", SW_YAML_DURATION, FIELD(struct sim_fault_entry, at), .required = true,
      .help = "when it begins" },
    { "for", SW_YAML_DURATION, FIELD(struct sim_fault_entry, length), .fallback = "0",
      .help = "how long; 0: for good" },
    { NULL, SW_YAML_LINE, FIELD(struct sim_fault_entry, line) },
    { NULL, SW_YAML_REST, FIELD(struct sim_fault_entry, params),
      .count = offsetof(struct sim_fault_entry, n_params) },
};
static const struct sw_yaml_table fault_table = TABLE("fault", fault_fields);

static const struct sw_yaml_field storm_kind_fields[] = {
    { "kind", SW_YAML_STRING, FIELD(struct sim_storm_entry, fault.kind), .required = true,
      .help = "see `swarmsim list faults`; of its further keys, those not given are drawn" },
    { "rate", SW_YAML_RATE, FIELD(struct sim_storm_entry, rate), .low = 1e-9, .high = 100,
      .help = "how often it begins (Poisson); default: the storm's" },
    { "shortest", SW_YAML_DURATION, FIELD(struct sim_storm_entry, shortest), .low = 1e6,
      .high = 31536000e9, .help = "how long it lasts at least; default: the storm's" },
    { "longest", SW_YAML_DURATION, FIELD(struct sim_storm_entry, longest), .low = 1e6,
      .high = 31536000e9,
      .help = "how long it lasts at most, log-uniform from `shortest`; default: the storm's" },
    { NULL, SW_YAML_LINE, FIELD(struct sim_storm_entry, fault.line) },
    { NULL, SW_YAML_REST, FIELD(struct sim_storm_entry, fault.params),
      .count = offsetof(struct sim_storm_entry, fault.n_params) },
};
static const struct sw_yaml_table storm_kind_table = TABLE("kind", storm_kind_fields);

static const struct sw_yaml_field storm_fields[] = {
    { "from", SW_YAML_DURATION, FIELD(struct sim_file, s.storm.from), .low = 0, .high = 31536000e9,
      .help = "no fault begins before; default: `warmup`" },
    { "until", SW_YAML_DURATION, FIELD(struct sim_file, s.storm.until), .low = 1,
      .high = 31536000e9, .help = "no fault begins afterwards; default: `duration`" },
    { "rate", SW_YAML_RATE, FIELD(struct sim_file, s.storm.rate), .low = 1e-9, .high = 100,
      .help = "how often each kind begins that has no rate of its own (Poisson)" },
    { "subset", SW_YAML_PROBABILITY, FIELD(struct sim_file, s.storm.subset), .fallback = "1",
      .help = "chance that a kind takes part, drawn anew by each seed" },
    { "shortest", SW_YAML_DURATION, FIELD(struct sim_file, s.storm.shortest), .fallback = "1s",
      .low = 1e6, .high = 31536000e9, .help = "how long a fault lasts at least" },
    { "longest", SW_YAML_DURATION, FIELD(struct sim_file, s.storm.longest), .fallback = "30s",
      .low = 1e6, .high = 31536000e9, .help = "and at most: log-uniform between the two" },
    { "kinds", SW_YAML_LIST, LIST(struct sim_file, , kinds, struct sim_storm_entry),
      .table = &storm_kind_table, .item = SW_YAML_MAPPING,
      .help = "of faults; default: every kind there is" },
};
static const struct sw_yaml_table storm_table = TABLE("storm", storm_fields);

static const struct sw_yaml_field defaults_fields[] = {
    { "node", SW_YAML_SKIP, .help = "keys that every node has unless it says otherwise" },
};
static const struct sw_yaml_table defaults_table = TABLE("defaults", defaults_fields);

/* ---- the whole ---- */

static const struct sw_yaml_field file_fields[] = {
    { "name", SW_YAML_NAME, FIELD(struct sim_file, study), .required = true,
      .help = "of the study; results are filed under it" },
    { "question", SW_YAML_STRING, FIELD(struct sim_file, s.question), .required = true,
      .help = "what this scenario answers, in a sentence" },
    { "seed", SW_YAML_INTEGER, FIELD(struct sim_file, s.seed), .fallback = "1",
      .help = "of the first replication; the others count on from it" },
    { "replications", SW_YAML_COUNT, FIELD(struct sim_file, s.replications), .fallback = "1",
      .low = 1, .high = 100000, .help = "runs with different seeds" },
    { "duration", SW_YAML_DURATION, FIELD(struct sim_file, s.duration), .required = true,
      .low = 1e9, .high = 31536000e9,
      .help =
          "simulated time of one run; what clients ask so near its end that they may still wait "
          "then (timeout x attempts, by resolv.conf x servers) counts in no metric" },
    { "warmup", SW_YAML_DURATION, FIELD(struct sim_file, s.warmup), .fallback = "0", .low = 0,
      .high = 31536000e9, .help = "left out of every metric" },
    { "interval", SW_YAML_DURATION, FIELD(struct sim_file, s.interval), .fallback = "1s",
      .low = 1e8, .high = 3600e9, .help = "between recorded samples" },
    { "regions", SW_YAML_LIST, LIST(struct sim_file, s., regions, struct sim_region),
      .table = &region_table, .required = true, .item = SW_YAML_MAPPING, .help = "places" },
    { "network", SW_YAML_MAPPING, .table = &network_table, .help = "between them" },
    { "zones", SW_YAML_LIST, LIST(struct sim_file, , zones, struct sim_zone_entry),
      .table = &zone_table, .item = SW_YAML_MAPPING, .help = "what is served" },
    { "upstreams", SW_YAML_LIST, LIST(struct sim_file, s., upstreams, struct sim_upstream),
      .table = &upstream_table, .item = SW_YAML_MAPPING,
      .help = "resolvers outside the swarm, which know all zones without a primary" },
    { "defaults", SW_YAML_MAPPING, .table = &defaults_table, .help = "for nodes" },
    { "nodes", SW_YAML_SKIP, .required = true, .item = SW_YAML_MAPPING,
      .help = "the machines: see the next table" },
    { "clients", SW_YAML_LIST, LIST(struct sim_file, , clients, struct sim_clients_entry),
      .table = &clients_table, .item = SW_YAML_MAPPING, .help = "groups of stub resolvers" },
    { "operations", SW_YAML_LIST, LIST(struct sim_file, s., operations, struct sim_operation),
      .table = &operation_table, .item = SW_YAML_MAPPING, .help = "what operators do, and when" },
    { "faults", SW_YAML_LIST, LIST(struct sim_file, , faults, struct sim_fault_entry),
      .table = &fault_table, .item = SW_YAML_MAPPING, .help = "what goes wrong" },
    { "storm", SW_YAML_MAPPING, .table = &storm_table, .help = "faults that come by chance" },
    { "expectations", SW_YAML_LIST, LIST(struct sim_file, , expectations, char *),
      .item = SW_YAML_STRING,
      .help = "METRIC [during FAULT] OPERATOR VALUE: see `swarmsim list metrics`" },
    { "oracles", SW_YAML_LIST, LIST(struct sim_file, s., oracles, char *), .item = SW_YAML_STRING,
      .help = "checks that stop a run: see `swarmsim list oracles`; default: all; []: none" },
    { "configurations", SW_YAML_SKIP,
      .help =
          "systems to compare: a mapping from names to top-level keys that replace those here" },
};
const struct sw_yaml_table sim_file_table = TABLE("scenario", file_fields);
