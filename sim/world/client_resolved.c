/* SPDX-License-Identifier: GPL-3.0-or-later
 * systemd-resolved's servers and feature levels. */
#include "sim/world/client_resolved.h"

#include "sim/world/client_inside.h"
#include "sim/world/stub_cache.h"

#include <stdlib.h>

#define RETRIES 3U               /* DNS_SERVER_FEATURE_RETRY_ATTEMPTS */
#define GRACE_MIN (5 * SW_MIN)   /* DNS_SERVER_FEATURE_GRACE_PERIOD_MIN_USEC */
#define GRACE_MAX (360 * SW_MIN) /* ..._MAX_USEC */

/* From 1, so that 0 can mean none. */
enum { LEVEL_NONE, LEVEL_TCP, LEVEL_UDP, LEVEL_EDNS, LEVEL_BEST = LEVEL_EDNS };
enum { RCODE_SERVFAIL = 2, RCODE_REFUSED = 5 };

/* What a client knows of a server; zeros: nothing yet.  Most clients never lose a packet, and the
 * system gives memory that stays zero for nothing. */
struct server {
    sw_time verified_at; /* 0: never */
    uint8_t lowered;     /* possible level: LEVEL_BEST - lowered */
    uint8_t verified;    /* level that worked; LEVEL_NONE: none did */
    uint8_t lost_udp, lost_tcp, truncated;
    uint8_t graces; /* how often the time of grace has doubled */
};

struct client {
    uint16_t current;
    uint16_t switches; /* how often it changed servers: what the cache holds is of one of them */
};

struct sim_resolved {
    struct client *clients;
    struct server *servers; /* a client's, one client after another */
    size_t n;               /* servers of a client */
    struct sim_stub_cache *cache;
};

struct sim_resolved *sim_resolved_new(uint64_t clients, size_t servers)
{
    struct sim_resolved *r = sim_calloc(1, sizeof *r);
    r->n = servers;
    r->clients = sim_calloc(clients, sizeof *r->clients);
    r->servers = sim_calloc(clients, servers * sizeof *r->servers);
    r->cache = sim_stub_cache_new();
    return r;
}

void sim_resolved_free(struct sim_resolved *r)
{
    if (r != NULL) {
        sim_stub_cache_free(r->cache);
        free(r->clients);
        free(r->servers);
        free(r);
    }
}

static struct server *server_of(const struct query *q)
{
    const struct sim_resolved *r = q->group->resolved;
    return &r->servers[(size_t)q->client * r->n + q->choice];
}

static bool by_tcp(const struct query *q)
{
    return q->by_stream || q->stream != 0;
}

static unsigned possible(const struct server *s)
{
    return (unsigned)LEVEL_BEST - s->lowered;
}

static void reset_counters(struct server *s)
{
    s->lost_udp = 0;
    s->lost_tcp = 0;
    s->truncated = 0;
    s->verified_at = 0;
}

static void lower_to(struct server *s, unsigned level)
{
    s->lowered = (uint8_t)(LEVEL_BEST - level);
    reset_counters(s);
}

static bool grace_is_over(struct server *s, sw_time now)
{
    const sw_dur grace = GRACE_MIN << s->graces;
    if (s->verified_at == 0 || now < s->verified_at + (grace < GRACE_MAX ? grace : GRACE_MAX)) {
        return false;
    }
    if (grace < GRACE_MAX) {
        s->graces++;
    }
    return true;
}

/* dns_server_possible_feature_level() */
static unsigned feature_level(struct server *s, sw_time now)
{
    if (s->lowered > 0 && grace_is_over(s, now)) {
        lower_to(s, LEVEL_BEST);
    } else if (possible(s) <= s->verified) {
        s->lowered = (uint8_t)(LEVEL_BEST - s->verified);
    } else if (s->lost_udp >= RETRIES && possible(s) >= LEVEL_UDP) {
        lower_to(s, possible(s) - 1);
    } else if (s->lost_tcp >= RETRIES &&
               (possible(s) == LEVEL_TCP || (s->truncated != 0 && possible(s) > LEVEL_UDP))) {
        lower_to(s, LEVEL_UDP); /* up again from the lowest; or answers may fit without EDNS */
    }
    return possible(s);
}

uint32_t sim_resolved_choose(struct query *q, sw_time now)
{
    struct sim_resolved *r = q->group->resolved;
    const struct sim_clients *spec = q->group->spec;
    const uint16_t choice = r->clients[q->client].current;
    if (q->transmissions >= spec->attempts || now - q->sent_at >= spec->timeout * spec->attempts) {
        return UINT32_MAX;
    }
    if (q->transmissions == 0) {
        q->picked = 0;
    }
    if (q->transmissions == 0 || choice != q->choice) {
        q->picked++;
        q->clamp = LEVEL_NONE;
    }
    q->choice = choice;
    const unsigned level = feature_level(server_of(q), now);
    q->level = (uint8_t)(q->clamp != LEVEL_NONE && q->clamp < level ? q->clamp : level);
    q->question.edns = q->level >= LEVEL_EDNS;
    q->by_stream = q->level == LEVEL_TCP;
    return choice;
}

/* dns_scope_next_dns_server(): unless another query did it. */
static void next_server(const struct query *q)
{
    struct sim_resolved *r = q->group->resolved;
    struct client *c = &r->clients[q->client];
    if (r->n > 1 && c->current == q->choice) {
        c->current = (uint16_t)((c->current + 1U) % r->n);
        c->switches++;
    }
}

void sim_resolved_lost(struct query *q)
{
    struct server *s = server_of(q);
    if (possible(s) == q->level) {
        uint8_t *lost = by_tcp(q) ? &s->lost_tcp : &s->lost_udp;
        *lost = (uint8_t)(*lost < RETRIES ? *lost + 1U : RETRIES);
    }
    next_server(q);
}

bool sim_resolved_failed(struct query *q, unsigned rcode)
{
    if (rcode != RCODE_REFUSED && q->level > LEVEL_UDP) {
        q->clamp =
            (uint8_t)(rcode == RCODE_SERVFAIL && q->clamp == LEVEL_NONE ? q->level : q->level - 1);
        return true;
    }
    if (q->picked >= q->group->resolved->n) {
        return false; /* all were asked */
    }
    next_server(q);
    return true;
}

void sim_resolved_truncated(struct query *q)
{
    struct server *s = server_of(q);
    s->truncated |= possible(s) == q->level;
}

/* dns_server_packet_rcode_downgrade(), dns_server_packet_received() */
void sim_resolved_answered(struct query *q, struct sw_bytes m, sw_time now)
{
    const struct sim_resolved *r = q->group->resolved;
    struct server *s = server_of(q);
    if (q->clamp != LEVEL_NONE) {
        s->verified = s->verified > q->clamp ? q->clamp : s->verified;
        if (possible(s) > q->clamp) {
            lower_to(s, q->clamp);
        }
    }
    const unsigned worked = by_tcp(q) ? LEVEL_TCP : q->level;
    if (possible(s) == q->level) {
        *(by_tcp(q) ? &s->lost_tcp : &s->lost_udp) = 0;
    }
    if (s->verified <= worked) {
        s->verified = (uint8_t)worked;
        s->verified_at = now;
    }
    sim_stub_cache_put(r->cache, q->client, r->clients[q->client].switches, &q->question, m, now);
}

bool sim_resolved_knows(const struct sim_resolved *r, uint32_t client, const struct sim_question *a,
                        sw_time now)
{
    return sim_stub_cache_has(r->cache, client, r->clients[client].switches, a, now);
}
