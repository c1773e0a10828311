/* SPDX-License-Identifier: GPL-3.0-or-later
 * The keys of a node's configuration file. */
#include "node/conf/config.h"

#define FIELD(type, member) .offset = offsetof(type, member)
#define TABLE(title, array)                                    \
    {                                                          \
        .name = (title), .fields = (array), .n = SW_LEN(array) \
    }

/* ---- what live and simulated nodes share ---- */

static const struct sw_yaml_field routing_fields[] = {
    { "policy", SW_YAML_STRING, FIELD(struct sw_config, policy), .fallback = "ant_colony",
      .help = "who picks the node that answers: see `swarmsim list policies`" },
    { "parameters", SW_YAML_SKIP,
      .help = "of the policy: see `swarmsim list parameters`; those not named keep their default" },
    { "deadline", SW_YAML_DURATION, FIELD(struct sw_config, query_deadline), .fallback = "1.9s",
      .low = 1e6, .high = 30e9, .help = "a forwarded query gets SERVFAIL after this" },
    { "attempts", SW_YAML_COUNT, FIELD(struct sw_config, query_attempts), .fallback = "3", .low = 1,
      .high = 16, .help = "nodes asked at most for one query" },
    { "retry_budget", SW_YAML_NUMBER, FIELD(struct sw_config, retry_budget), .fallback = "0.2",
      .low = 0, .high = 1, .help = "retries as a share of queries" },
    { "max_waiting", SW_YAML_COUNT, FIELD(struct sw_config, max_waiting), .fallback = "8192",
      .low = 1, .high = 1048576, .help = "forwarded queries in flight at once" },
    { "max_queue", SW_YAML_COUNT, FIELD(struct sw_config, max_queue), .fallback = "0",
      .help = "peers' queries are refused while more requests wait here; 0: never" },
    { "max_stay", SW_YAML_DURATION, FIELD(struct sw_config, max_stay), .fallback = "0", .low = 0,
      .high = 30e9,
      .help = "peers' queries are refused while they would wait longer here; 0: never" },
    { "hedge_budget", SW_YAML_NUMBER, FIELD(struct sw_config, hedge_budget), .fallback = "0",
      .low = 0, .high = 0.5,
      .help = "queries asked of a second node when the first is slower than 95 % of its answers, "
              "as a share of all; 0: none" },
    { "relay", SW_YAML_BOOL, FIELD(struct sw_config, relay), .fallback = "true",
      .help = "members that live and can't be reached are asked through others that reach them, "
              "and so are others' queries handed on" },
};
static const struct sw_yaml_table routing_table = TABLE("routing", routing_fields);

static const struct sw_yaml_field dns_fields[] = {
    { "udp_size", SW_YAML_COUNT, FIELD(struct sw_config, udp_size), .fallback = "1232", .low = 512,
      .high = 4096, .help = "largest datagram sent, bytes (RFC 9715)" },
};
static const struct sw_yaml_table dns_table = TABLE("dns", dns_fields);

static const struct sw_yaml_field forwarding_fields[] = {
    { "upstreams", SW_YAML_LIST, FIELD(struct sw_config, upstreams), .size = sizeof(char *),
      .count = offsetof(struct sw_config, n_upstreams), .item = SW_YAML_STRING,
      .help = "resolvers that are asked for what no zone of the swarm has, as \"192.0.2.1:53\"; in "
              "a scenario their names; none: such queries are refused" },
    { "clients", SW_YAML_LIST, FIELD(struct sw_config, clients), .size = sizeof(char *),
      .count = offsetof(struct sw_config, n_clients), .item = SW_YAML_STRING,
      .help =
          "prefixes whose clients may ask for that, as \"192.0.2.0/24\"; all others are refused; "
          "default: 127.0.0.0/8 and ::1" },
    { "wait_limit", SW_YAML_COUNT, FIELD(struct sw_config, wait_limit), .fallback = "1000",
      .low = 0, .high = 1048576,
      .help =
          "such questions of one client (by IPv6: /64) that wait at once; more get SERVFAIL, or "
          "what has expired; 0: no limit" },
};
static const struct sw_yaml_table forwarding_table = TABLE("forwarding", forwarding_fields);

#define CACHE(member) FIELD(struct sw_config, cache.member)
static const struct sw_yaml_field cache_fields[] = {
    { "size", SW_YAML_SIZE, CACHE(size), .fallback = "64MiB", .low = 0, .high = 1099511627776.0,
      .help = "memory for upstreams' answers; 0: none are kept; less than 64 KiB is 64 KiB" },
    { "max_ttl", SW_YAML_DURATION, CACHE(max_ttl), .fallback = "1d", .low = 1e9, .high = 604800e9,
      .help = "an answer is kept so long at most (RFC 8767, 4)" },
    { "max_negative", SW_YAML_DURATION, CACHE(max_negative), .fallback = "1h", .low = 1e9,
      .high = 86400e9, .help = "and a denial so long (RFC 2308, 5)" },
    { "stale", SW_YAML_DURATION, CACHE(stale), .fallback = "1d", .low = 0, .high = 604800e9,
      .help = "so long after it expired an answer is given when nobody can be asked (RFC 8767); 0: "
              "never" },
    { "stale_after", SW_YAML_DURATION, CACHE(stale_after), .fallback = "1.8s", .low = 1e6,
      .high = 30e9, .help = "a client that waits so long gets it (RFC 8767, 5)" },
    { "prefetch", SW_YAML_BOOL, CACHE(prefetch), .fallback = "true",
      .help = "what is asked for often is asked again before it expires" },
    { "cooperate", SW_YAML_BOOL, CACHE(cooperate), .fallback = "true",
      .help = "the node of the region that keeps a name is asked before an upstream is" },
    { "across", SW_YAML_BOOL, CACHE(across), .fallback = "false",
      .help = "and after it the node of the whole swarm that does" },
    { "popular", SW_YAML_COUNT, CACHE(popular), .fallback = "2", .low = 1, .high = 255,
      .help = "what is asked here so often is kept here, too" },
};
static const struct sw_yaml_table cache_table = TABLE("cache", cache_fields);

static const struct sw_yaml_field set_fields[] = {
    { "name", SW_YAML_NAME, FIELD(struct sw_set_config, name), .required = true,
      .help = "of the protected set" },
    { "path", SW_YAML_PATH, FIELD(struct sw_set_config, path), .required = true,
      .help = "folder that is protected" },
    { "every", SW_YAML_DURATION, FIELD(struct sw_set_config, every), .fallback = "0", .low = 0,
      .high = 31536000e9, .help = "time between snapshots; 0: only when asked" },
    { "recipient", SW_YAML_HEX, FIELD(struct sw_set_config, recipient), .size = 32,
      .help = "X25519 public key that can read it; a scenario makes its own when it gives none" },
};
static const struct sw_yaml_table set_table = TABLE("set", set_fields);

static const struct sw_yaml_field backup_fields[] = {
    { "store", SW_YAML_PATH, FIELD(struct sw_config, store), .fallback = "store",
      .help = "folder for packs and manifests, one's own and others'" },
    { "capacity", SW_YAML_SIZE, FIELD(struct sw_config, capacity), .fallback = "0",
      .help = "bytes the store may hold; 0: what the disk has" },
    { "copies", SW_YAML_COUNT, FIELD(struct sw_config, copies), .fallback = "3", .low = 1,
      .high = 16, .help = "other nodes that must hold a pack, in different regions" },
    { "sets", SW_YAML_LIST, FIELD(struct sw_config, sets), .table = &set_table,
      .size = sizeof(struct sw_set_config), .count = offsetof(struct sw_config, n_sets),
      .item = SW_YAML_MAPPING, .help = "what this node protects" },
};
static const struct sw_yaml_table backup_table = TABLE("backup", backup_fields);

static const struct sw_yaml_field membership_fields[] = {
    { "period", SW_YAML_DURATION, FIELD(struct sw_config, membership.period), .fallback = "1s",
      .low = 1e6, .high = 60e9, .help = "one other member is probed this often" },
    { "timeout", SW_YAML_DURATION, FIELD(struct sw_config, membership.timeout), .fallback = "500ms",
      .low = 1e6, .high = 60e9, .help = "then others are asked to probe it; less than the period" },
    { "open", SW_YAML_BOOL, FIELD(struct sw_config, membership.open), .fallback = "true",
      .help = "whoever has a node's certificate is a member; false: only those in `peers`" },
    { "connections", SW_YAML_COUNT, FIELD(struct sw_config, membership.connections),
      .fallback = "64", .low = 4, .high = 8192,
      .help = "members that a node stays connected with, on average: all of a smaller swarm; "
              "others are dialled when they are needed" },
    { "lifeguard", SW_YAML_BOOL, FIELD(struct sw_config, membership.lifeguard), .fallback = "true",
      .help = "who finds itself slow waits longer, and suspects are given the "
              "longer the fewer confirm it; false only to measure that" },
};
static const struct sw_yaml_table membership_table = TABLE("membership", membership_fields);

static const struct sw_yaml_field resources_fields[] = {
    { "site", SW_YAML_NAME, FIELD(struct sw_config, resources.site),
      .help = "building or rack inside the region" },
    { "memory", SW_YAML_SIZE, FIELD(struct sw_config, resources.memory), .fallback = "0",
      .help = "bytes; 0: not told" },
    { "disk", SW_YAML_SIZE, FIELD(struct sw_config, resources.disk), .fallback = "0",
      .help = "bytes; 0: the store's capacity" },
    { "bandwidth_in", SW_YAML_BANDWIDTH, FIELD(struct sw_config, resources.bandwidth_in),
      .fallback = "0", .help = "0: not told" },
    { "bandwidth_out", SW_YAML_BANDWIDTH, FIELD(struct sw_config, resources.bandwidth_out),
      .fallback = "0", .help = "0: not told" },
    { "price_out", SW_YAML_NUMBER, FIELD(struct sw_config, resources.price_out), .fallback = "0",
      .low = 0, .high = 1e9, .help = "of a GiB sent" },
    { "price_stored", SW_YAML_NUMBER, FIELD(struct sw_config, resources.price_stored),
      .fallback = "0", .low = 0, .high = 1e9, .help = "of a GiB kept for a month" },
};
static const struct sw_yaml_table resources_table = TABLE("resources", resources_fields);

static const struct sw_yaml_field node_fields[] = {
    { "cores", SW_YAML_COUNT, FIELD(struct sw_config, cores), .fallback = "1", .low = 1,
      .high = 1024, .help = "processor cores, as told to peers" },
    { "membership", SW_YAML_MAPPING, .table = &membership_table,
      .help = "finding and watching other nodes" },
    { "resources", SW_YAML_MAPPING, .table = &resources_table,
      .help = "what the node tells others that it has" },
    { "routing", SW_YAML_MAPPING, .table = &routing_table, .help = "forwarding of queries" },
    { "dns", SW_YAML_MAPPING, .table = &dns_table, .help = "DNS service" },
    { "forwarding", SW_YAML_MAPPING, .table = &forwarding_table,
      .help = "what no zone of the swarm has" },
    { "cache", SW_YAML_MAPPING, .table = &cache_table, .help = "upstreams' answers" },
    { "backup", SW_YAML_MAPPING, .table = &backup_table, .help = "QuantumBackup" },
};
const struct sw_yaml_table sw_node_table = TABLE("node", node_fields);

/* ---- the live file ---- */

static const struct sw_yaml_field zone_fields[] = {
    { "name", SW_YAML_ZONE_NAME, FIELD(struct sw_zone_config, name), .required = true,
      .help = "the zone's name" },
    { "file", SW_YAML_PATH, FIELD(struct sw_zone_config, file), .required = true,
      .help =
          "its master file (RFC 1035); of a backup, what a promotion writes, and what is served "
          "before anything was fetched: it may be missing" },
    { "primary", SW_YAML_BOOL, FIELD(struct sw_zone_config, primary), .fallback = "false",
      .help = "true where the zone is edited" },
};
static const struct sw_yaml_table zone_table = TABLE("zone", zone_fields);

static const struct sw_yaml_field peer_fields[] = {
    { "name", SW_YAML_NAME, FIELD(struct sw_peer_config, name), .required = true,
      .help = "as in its certificate" },
    { "region", SW_YAML_NAME, FIELD(struct sw_peer_config, region), .required = true,
      .help = "where it stands" },
    { "address", SW_YAML_ADDRESS, FIELD(struct sw_peer_config, address), .required = true,
      .help = "its `listen.peers`, as reached from here" },
};
static const struct sw_yaml_table peer_table = TABLE("peer", peer_fields);

static const struct sw_yaml_field listen_fields[] = {
    { "dns", SW_YAML_LIST, FIELD(struct sw_host_config, dns), .required = true,
      .size = sizeof(char *), .count = offsetof(struct sw_host_config, n_dns),
      .item = SW_YAML_ADDRESS, .help = "DNS over UDP and TCP" },
    { "peers", SW_YAML_ADDRESS, FIELD(struct sw_host_config, peers), .required = true,
      .help = "gRPC with mutual TLS: other nodes and operators" },
    { "admin", SW_YAML_ADDRESS, FIELD(struct sw_host_config, admin),
      .help = "metrics over plain HTTP; none when absent" },
};
static const struct sw_yaml_table listen_table = TABLE("listen", listen_fields);

static const struct sw_yaml_field tls_fields[] = {
    { "certificate", SW_YAML_PATH, FIELD(struct sw_host_config, certificate), .required = true,
      .help = "this node's, PEM" },
    { "key", SW_YAML_PATH, FIELD(struct sw_host_config, key), .required = true,
      .help = "its private key, PEM" },
    { "ca", SW_YAML_PATH, FIELD(struct sw_host_config, ca), .required = true,
      .help = "authorities that are trusted, PEM" },
    { "crl", SW_YAML_PATH, FIELD(struct sw_host_config, crl), .help = "revocations, PEM" },
};
static const struct sw_yaml_table tls_table = TABLE("tls", tls_fields);

static const struct sw_yaml_field threads_fields[] = {
    { "fronts", SW_YAML_COUNT, FIELD(struct sw_host_config, fronts), .fallback = "1", .low = 1,
      .high = 256, .help = "threads that answer DNS" },
    { "jobs", SW_YAML_COUNT, FIELD(struct sw_host_config, jobs), .fallback = "4", .low = 1,
      .high = 64, .help = "threads for blocking work" },
};
static const struct sw_yaml_table threads_table = TABLE("threads", threads_fields);

static const char *const levels[] = { "error", "warning", "info", "debug", NULL };
static const char *const formats[] = { "logfmt", "json", NULL };
static const struct sw_yaml_field log_fields[] = {
    { "level", SW_YAML_ENUM, FIELD(struct sw_host_config, log_level), .fallback = "info",
      .names = levels, .help = "what is logged" },
    { "format", SW_YAML_ENUM, FIELD(struct sw_host_config, log_format), .fallback = "logfmt",
      .names = formats, .help = "how: one event a line" },
};
static const struct sw_yaml_table log_table = TABLE("log", log_fields);

#define HOST .offset = offsetof(struct sw_node_file, host)
static const struct sw_yaml_field file_fields[] = {
    { "name", SW_YAML_NAME, FIELD(struct sw_node_file, config.name), .required = true,
      .help = "unique in the swarm; as in the certificate" },
    { "region", SW_YAML_NAME, FIELD(struct sw_node_file, config.region), .required = true,
      .help = "what fails together with this node" },
    { NULL, SW_YAML_INCLUDE, FIELD(struct sw_node_file, config), .table = &sw_node_table },
    { "zones", SW_YAML_LIST, FIELD(struct sw_node_file, config.zones), .table = &zone_table,
      .size = sizeof(struct sw_zone_config), .count = offsetof(struct sw_node_file, config.n_zones),
      .item = SW_YAML_MAPPING, .help = "zones held here" },
    { "peers", SW_YAML_LIST, FIELD(struct sw_node_file, config.peers), .table = &peer_table,
      .size = sizeof(struct sw_peer_config), .count = offsetof(struct sw_node_file, config.n_peers),
      .item = SW_YAML_MAPPING,
      .help = "other nodes that are known by name; none are needed with "
              "`join`" },
    { "join", SW_YAML_LIST, FIELD(struct sw_node_file, config.join), .size = sizeof(char *),
      .count = offsetof(struct sw_node_file, config.n_join), .item = SW_YAML_ADDRESS,
      .help = "`listen.peers` of any members, to learn the others from" },
    { "advertise", SW_YAML_ADDRESS, FIELD(struct sw_node_file, config.address),
      .help = "where other nodes reach `listen.peers`; default: the same address" },
    { "listen", SW_YAML_MAPPING, HOST, .required = true, .table = &listen_table,
      .help = "addresses" },
    { "tls", SW_YAML_MAPPING, HOST, .required = true, .table = &tls_table, .help = "identity" },
    { "identity", SW_YAML_PATH, FIELD(struct sw_node_file, host.identity),
      .help = "file with the Ed25519 seed that signs manifests, 64 hexadecimal digits; needed "
              "where something is protected" },
    { "threads", SW_YAML_MAPPING, HOST, .table = &threads_table, .help = "threads" },
    { "log", SW_YAML_MAPPING, HOST, .table = &log_table, .help = "the log" },
};
const struct sw_yaml_table sw_node_file_table = TABLE("node file", file_fields);
