/* SPDX-License-Identifier: GPL-3.0-or-later
 * Membership: states and records, suspicion, probing, joining, leaving, healing. */
#include "node/core/node_state.h"
#include "node/core/swarm/member.h"
#include "node/core/swarm/probe.h"
#include "tests/lib/check.h"
#include "tests/lib/cluster.h"
#include "tests/lib/envelope.h"
#include "tests/lib/swarm_zones.h"

#include <math.h>
#include <stdio.h>

enum { A, B, C, D, E };

static struct sw_member_info member(const struct cluster *c, uint32_t node, const char *name)
{
    struct sw_member_info info[CLUSTER_NODES + 4];
    const size_t n = sw_node_members(cluster_node(c, node), info, SW_LEN(info));
    for (size_t i = 0; i < n && i < SW_LEN(info); i++) {
        if (strcmp(info[i].name.s, name) == 0) {
            return info[i];
        }
    }
    return (struct sw_member_info){ .state = "not known" };
}

/* a, b, c, ...: each is told of all others. */
static struct cluster *swarm(uint32_t n)
{
    struct cluster *c = cluster_new(1);
    cluster_file(c, "org.zone", ZONE_ORG);
    for (uint32_t i = 0; i < n; i++) {
        const char name[2] = { (char)('a' + i), '\0' };
        (void)cluster_add(c, name, "eu");
    }
    return c;
}

static void start(struct cluster *c, sw_dur length)
{
    cluster_start(c);
    cluster_run(c, length);
}

/* Everybody but the first is told nothing but the first one's address. */
static void tell_only_of_a(struct cluster *c, uint32_t n)
{
    static char a[] = "a";
    static char *join[] = { a };
    for (uint32_t i = 0; i < n; i++) {
        cluster_config(c, i)->n_peers = 0;
        cluster_config(c, i)->join = i == A ? NULL : join;
        cluster_config(c, i)->n_join = i == A ? 0 : 1;
    }
}

/* A closed swarm in which a knows everybody, and everybody else knows a. */
static void know_only_a(struct cluster *c, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct sw_config *config = cluster_config(c, i);
        config->membership.open = false;
        if (i != A) {
            REQUIRE(strcmp(config->peers[0].name.s, "a") == 0);
            config->n_peers = 1;
        }
    }
}

/* ---- times ---- */

/* Worked by hand from Lifeguard's formula with alpha 5, beta 6, K 3 and periods of 1 s. */
static void suspicion_shrinks_with_confirmations(void)
{
    static const struct {
        uint32_t n, c;
        double seconds;
    } rows[] = {
        { 2, 0, 5 },         /* nobody can confirm: K = 0, the least is 5 max(1, log10 2) */
        { 3, 0, 30 },        /* K = 1: 6 x 5 */
        { 3, 1, 5 },         /* 30 - 25 log 2 / log 2 */
        { 4, 1, 14.22675 },  /* K = 2: 30 - 25 log 2 / log 3 */
        { 10, 0, 30 },       /* K = 3 */
        { 10, 1, 17.5 },     /* 30 - 25 log 2 / log 4 */
        { 10, 2, 10.18797 }, /* 30 - 25 log 3 / log 4 */
        { 10, 3, 5 },        { 100, 0, 60 },       /* least 5 x 2 */
        { 100, 1, 35 },                            /* 60 - 50 / 2 */
        { 1000, 3, 15 },     { 1000, 2, 30.56391 } /* 90 - 75 log 3 / log 4 */
    };
    for (size_t i = 0; i < SW_LEN(rows); i++) {
        const sw_dur least = sw_suspicion_least(rows[i].n, SW_SEC);
        const uint32_t k = sw_suspicion_expected(rows[i].n);
        const double got = (double)sw_suspicion_timeout(least, rows[i].c, k) / 1e9;
        CHECK(fabs(got - rows[i].seconds) < 1e-4);
    }
}

/* ---- joining and leaving ---- */

static void all_learn_of_all_from_one_address(void)
{
    struct cluster *c = swarm(6);
    tell_only_of_a(c, 6);
    cluster_zone(c, E, "example.org", "org.zone");
    start(c, 10 * SW_SEC);
    for (uint32_t i = 0; i < 6; i++) {
        CHECK_U64(sw_node_members(cluster_node(c, i), NULL, 0), 5);
        for (uint32_t k = 0; k < 6; k++) {
            const char name[2] = { (char)('a' + k), '\0' };
            CHECK_STR(member(c, i, name).state, i == k ? "not known" : "alive");
        }
    }
    const uint32_t q = cluster_ask(c, B, "www.example.org", SW_TYPE_A);
    cluster_run(c, SW_SEC);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR); /* b learnt of e's zone, and reached it */
    cluster_free(c);
}

static void who_joins_by_its_own_address_waits_for_others(void)
{
    struct cluster *c = swarm(2);
    tell_only_of_a(c, 2);
    cluster_config(c, A)->join = cluster_config(c, B)->join;
    cluster_config(c, A)->n_join = 1;
    start(c, 5 * SW_SEC);
    CHECK_STR(member(c, A, "b").state, "alive");
    cluster_free(c);
}

static void who_leaves_has_left_and_is_not_suspected(void)
{
    struct cluster *c = swarm(3);
    struct sw_event drain = { .kind = SW_EV_DRAIN };
    start(c, 5 * SW_SEC);
    (void)cluster_event(c, C, &drain);
    cluster_run(c, SW_SEC);
    cluster_kill(c, C);
    cluster_run(c, SW_MIN);
    for (uint32_t i = A; i <= B; i++) {
        CHECK_STR(member(c, i, "c").state, "left");
        CHECK_U64(cluster_traces(c, i, SW_TRACE_MEMBER_SUSPECT), 0);
        CHECK_U64(cluster_traces(c, i, SW_TRACE_MEMBER_LEFT), 1);
    }
    cluster_free(c);
}

/* ---- failing ---- */

/* All join by a alone, which is gone for good when c, which left, is back. */
static void who_left_is_found_when_whom_it_joins_by_is_gone(void)
{
    struct cluster *c = swarm(3);
    struct sw_event drain = { .kind = SW_EV_DRAIN };
    tell_only_of_a(c, 3);
    start(c, 5 * SW_SEC);
    (void)cluster_event(c, C, &drain);
    cluster_run(c, SW_SEC);
    cluster_kill(c, C);
    cluster_kill(c, A);
    cluster_revive(c, C);
    CHECK_I64(cluster_configure(c, C), SW_OK);
    cluster_run(c, SW_MIN);
    CHECK_STR(member(c, B, "c").state, "alive");
    CHECK_STR(member(c, C, "b").state, "alive");
    cluster_free(c);
}

/* c's ping of b is lost, b leaves, and is back before c's period is over: the silence was of a life
 * that ended in order. */
static void who_is_back_at_once_is_not_accused_of_its_former_lifes_silence(void)
{
    struct cluster *c = swarm(3);
    struct sw_event drain = { .kind = SW_EV_DRAIN };
    start(c, 5 * SW_SEC);
    const struct sw_probe *p = &cluster_node(c, C)->probe;
    const uint32_t number = sw_peers_find(&cluster_node(c, C)->peers, "b");
    cluster_silence(c, C, B, true);
    for (uint32_t i = 0; i < 300 && (p->target != number || p->stage != SW_PROBE_DIRECT); i++) {
        cluster_run(c, 10 * SW_MS);
    }
    REQUIRE(p->target == number && p->stage == SW_PROBE_DIRECT);
    cluster_silence(c, C, A, true); /* nor can it ask a to help */
    (void)cluster_event(c, B, &drain);
    cluster_run(c, 100 * SW_MS);
    CHECK_STR(member(c, C, "b").state, "left");
    cluster_kill(c, B);
    cluster_silence(c, C, B, false);
    cluster_revive(c, B);
    CHECK_I64(cluster_configure(c, B), SW_OK);
    cluster_run(c, 400 * SW_MS);
    CHECK_STR(member(c, C, "b").state, "alive");
    cluster_run(c, 600 * SW_MS); /* and the period is over */
    cluster_silence(c, C, A, false);
    cluster_run(c, 10 * SW_SEC);
    CHECK_STR(member(c, C, "b").state, "alive");
    CHECK(strstr(cluster_log(c, C), "member suspect b") == NULL);
    cluster_free(c);
}

static void who_dies_is_suspect_and_then_dead_for_all(void)
{
    struct cluster *c = swarm(4);
    start(c, 5 * SW_SEC);
    cluster_kill(c, D);
    cluster_run(c, 40 * SW_SEC);
    for (uint32_t i = A; i <= C; i++) {
        CHECK(cluster_traces(c, i, SW_TRACE_MEMBER_SUSPECT) >= 1);
        CHECK_U64(cluster_traces(c, i, SW_TRACE_MEMBER_DEAD), 1);
        CHECK_STR(member(c, i, "d").state, "dead");
        CHECK(!member(c, i, "d").lives);
    }
    cluster_free(c);
}

static void who_comes_back_without_a_disk_is_alive_in_a_greater_incarnation(void)
{
    struct cluster *c = swarm(4);
    start(c, 5 * SW_SEC);
    const uint64_t before = member(c, A, "d").incarnation;
    cluster_kill(c, D);
    cluster_run(c, 40 * SW_SEC);
    cluster_revive(c, D);
    CHECK_I64(cluster_configure(c, D), SW_OK);
    cluster_run(c, 30 * SW_SEC);
    for (uint32_t i = A; i <= C; i++) {
        CHECK_STR(member(c, i, "d").state, "alive");
        CHECK(member(c, i, "d").incarnation > before);
    }
    cluster_free(c);
}

/* Its wall clock says an earlier time than in the life before. */
static void who_comes_back_with_its_clock_set_back_exceeds_its_former_life(void)
{
    for (unsigned dead = 0; dead < 2; dead++) {
        struct cluster *c = swarm(3);
        memset(cluster_config(c, C)->identity, 7, 32); /* the key is the same in both lives */
        start(c, 20 * SW_SEC);
        const uint64_t before = member(c, A, "c").incarnation;
        cluster_kill(c, C);
        cluster_run(c, dead ? 60 * SW_SEC : SW_SEC);
        cluster_set_clock_back(c, C, 2 * SW_MIN);
        cluster_revive(c, C);
        CHECK_I64(cluster_configure(c, C), SW_OK);
        cluster_run(c, 30 * SW_SEC);
        for (uint32_t i = A; i <= B; i++) {
            CHECK_STR(member(c, i, "c").state, "alive");
            CHECK(member(c, i, "c").incarnation > before);
        }
        CHECK(cluster_traces(c, C, SW_TRACE_REFUTED) >= 1);
        cluster_free(c);
    }
}

/* a and b don't reach each other, but c reaches both. */
static void who_is_cut_off_from_one_alone_is_alive_for_all(void)
{
    struct cluster *c = swarm(3);
    start(c, 5 * SW_SEC);
    cluster_cut(c, A, B, true);
    cluster_run(c, 3 * SW_MIN);
    CHECK_STR(member(c, A, "b").state, "alive");
    CHECK_STR(member(c, B, "a").state, "alive");
    CHECK_U64(cluster_traces(c, C, SW_TRACE_MEMBER_DEAD), 0);
    cluster_free(c);
}

static void two_halves_that_took_each_other_for_dead_find_together(void)
{
    for (unsigned joined = 0; joined < 2; joined++) {
        struct cluster *c = swarm(6);
        if (joined) {
            tell_only_of_a(c, 6);
        }
        start(c, 10 * SW_SEC);
        for (uint32_t i = 0; i < 3; i++) {
            for (uint32_t k = 3; k < 6; k++) {
                cluster_cut(c, i, k, true);
            }
        }
        cluster_run(c, 2 * SW_MIN);
        CHECK_STR(member(c, A, "f").state, "dead");
        CHECK_STR(member(c, E, "b").state, "dead");
        for (uint32_t i = 0; i < 3; i++) {
            for (uint32_t k = 3; k < 6; k++) {
                cluster_cut(c, i, k, false);
            }
        }
        cluster_run(c, SW_MIN);
        for (uint32_t i = 0; i < 6; i++) {
            struct sw_member_info info[8];
            const size_t n = sw_node_members(cluster_node(c, i), info, SW_LEN(info));
            CHECK_U64(n, 5);
            for (size_t k = 0; k < n; k++) {
                CHECK_STR(info[k].state, "alive");
            }
        }
        cluster_free(c);
    }
}

/* What they know differs in nothing but that each takes the other for dead. */
static void two_that_took_each_other_for_dead_find_together(void)
{
    for (int other = 'b'; other < 'j'; other++) {
        const char name[2] = { (char)other, '\0' };
        struct cluster *c = cluster_new(1);
        (void)cluster_add(c, "a", "eu");
        (void)cluster_add(c, name, "eu");
        start(c, 5 * SW_SEC);
        cluster_cut(c, A, B, true);
        cluster_run(c, SW_MIN);
        CHECK_STR(member(c, A, name).state, "dead");
        CHECK_STR(member(c, B, "a").state, "dead");
        cluster_cut(c, A, B, false);
        cluster_run(c, 30 * SW_SEC);
        CHECK_STR(member(c, A, name).state, "alive");
        CHECK_STR(member(c, B, "a").state, "alive");
        cluster_free(c);
    }
}

static bool lose_a_comparison(void *arg, uint32_t from, uint32_t to, enum sw_class class,
                              struct sw_bytes message)
{
    unsigned *left = arg;
    bool lost = false;
    Swarm__V1__Envelope *e = swarm__v1__envelope__unpack(NULL, message.len, message.data);
    (void)from;
    (void)to;
    (void)class;
    if (e != NULL) {
        lost = e->body_case == SWARM__V1__ENVELOPE__BODY_SYNC && *left > 0;
        swarm__v1__envelope__free_unpacked(e, NULL);
    }
    *left -= lost;
    return !lost;
}

/* The one comparison that a new connection begins with comes to nothing. */
static void two_that_hold_each_other_dead_and_are_connected_find_together(void)
{
    struct cluster *c = swarm(2);
    unsigned left = 1;
    start(c, 5 * SW_SEC);
    cluster_cut(c, A, B, true);
    cluster_run(c, SW_MIN);
    cluster_set_tap(c, lose_a_comparison, &left);
    cluster_cut(c, A, B, false);
    cluster_run(c, 90 * SW_SEC);
    CHECK_U64(left, 0);
    CHECK_STR(member(c, A, "b").state, "alive");
    CHECK_STR(member(c, B, "a").state, "alive");
    cluster_free(c);
}

static void the_dead_are_forgotten_after_an_hour_unless_they_are_configured(void)
{
    struct cluster *c = swarm(3);
    tell_only_of_a(c, 3);
    start(c, 5 * SW_SEC);
    cluster_kill(c, C);
    cluster_run(c, SW_MIN);
    CHECK_STR(member(c, A, "c").state, "dead");
    cluster_run(c, SW_GONE_KEPT + SW_MIN);
    for (uint32_t i = A; i <= B; i++) {
        CHECK_STR(member(c, i, "c").state, "not known");
        CHECK_U64(cluster_traces(c, i, SW_TRACE_MEMBER_FORGOTTEN), 1);
    }
    cluster_free(c);
}

/* What a asked others when d did not answer it. */
struct asked {
    uint64_t nonce; /* of the latest request */
    bool node[CLUSTER_NODES];
};

static bool note_request(void *arg, uint32_t from, uint32_t to, enum sw_class class,
                         struct sw_bytes message)
{
    struct asked *asked = arg;
    Swarm__V1__Envelope *e = swarm__v1__envelope__unpack(NULL, message.len, message.data);
    if (from == A && class == SW_CLASS_CONTROL && e->body_case == SWARM__V1__ENVELOPE__BODY_PROBE &&
        e->probe->kind == SWARM__V1__PROBE_KIND__PROBE_REQUEST) {
        if (e->probe->nonce != asked->nonce) {
            *asked = (struct asked){ .nonce = e->probe->nonce };
        }
        asked->node[to] = true;
    }
    swarm__v1__envelope__free_unpacked(e, NULL);
    return true;
}

static void say_ack(struct cluster *c, uint32_t from, uint64_t nonce)
{
    Swarm__V1__Probe m = SWARM__V1__PROBE__INIT;
    struct envelope e;
    m.kind = SWARM__V1__PROBE_KIND__PROBE_ACK;
    m.nonce = nonce;
    ENVELOPE(&e, PROBE, probe, &m);
    CHECK(cluster_inject(c, from, A, SW_CLASS_CONTROL, envelope_bytes(&e)));
}

/* Three of b, c, e and f are asked to ping d; the fourth knows the probe's number, too. */
static void only_those_who_were_asked_can_vouch_for_a_silent_member(void)
{
    struct cluster *c = swarm(6);
    struct asked asked = { 0 };
    start(c, 5 * SW_SEC);
    for (uint32_t i = 0; i < 6; i++) {
        cluster_silence(c, D, i, true);
    }
    cluster_set_tap(c, note_request, &asked);
    for (unsigned i = 0; i < 1000 && asked.nonce == 0; i++) {
        cluster_run(c, 10 * SW_MS);
    }
    const struct sw_probe *probe = &cluster_node(c, A)->probe;
    static const uint32_t others[] = { B, C, E, E + 1 };
    uint32_t liar = 0;
    uint32_t helper = 0;
    for (size_t i = 0; i < SW_LEN(others); i++) {
        if (asked.node[others[i]]) {
            helper = others[i];
        } else {
            liar = others[i];
        }
    }
    CHECK_I64(probe->stage, SW_PROBE_INDIRECT);
    say_ack(c, liar, asked.nonce);
    CHECK_I64(probe->stage, SW_PROBE_INDIRECT);
    say_ack(c, helper, asked.nonce + 1);
    CHECK_I64(probe->stage, SW_PROBE_INDIRECT);
    say_ack(c, helper, asked.nonce);
    CHECK_I64(probe->stage, SW_PROBE_ANSWERED);
    cluster_free(c);
}

/* ---- what others say ---- */

/* a says it of a member to b. */
static void say(struct cluster *c, Swarm__V1__Gossip *gossip)
{
    Swarm__V1__Sync m = SWARM__V1__SYNC__INIT;
    struct envelope e;
    m.gossip = gossip;
    ENVELOPE(&e, SYNC, sync, &m);
    CHECK(cluster_inject(c, A, B, SW_CLASS_CONTROL, envelope_bytes(&e)));
}

static void say_record(struct cluster *c, struct signed_record *s)
{
    Swarm__V1__Gossip gossip = SWARM__V1__GOSSIP__INIT;
    Swarm__V1__SignedRecord *records[] = { &s->m };
    gossip.records = records;
    gossip.n_records = 1;
    say(c, &gossip);
}

static void say_claim(struct cluster *c, const char *name, uint64_t incarnation,
                      Swarm__V1__ClaimState state)
{
    Swarm__V1__Gossip gossip = SWARM__V1__GOSSIP__INIT;
    Swarm__V1__Claim claim = SWARM__V1__CLAIM__INIT;
    Swarm__V1__Claim *claims[] = { &claim };
    char text[32];
    char accuser[] = "liar";
    char *from[] = { accuser };
    (void)snprintf(text, sizeof text, "%s", name);
    claim.name = text;
    claim.incarnation = incarnation;
    claim.state = state;
    claim.from = from;
    claim.n_from = 1;
    gossip.claims = claims;
    gossip.n_claims = 1;
    say(c, &gossip);
}

static Swarm__V1__Record record(uint64_t incarnation, uint64_t version)
{
    static char region[] = "eu";
    Swarm__V1__Record r = SWARM__V1__RECORD__INIT;
    r.region = region;
    r.cores = 1;
    r.incarnation = incarnation;
    r.version = version;
    return r;
}

/* The order of (incarnation, version), and that nothing stale or forged ever counts. */
static void only_newer_records_by_the_same_key_count(void)
{
    static const struct {
        uint64_t incarnation, version;
        bool other_key, broken;
        uint64_t want_incarnation, want_version, refused;
    } rows[] = {
        { 10, 5, false, false, 10, 5, 0 }, /* the first that is seen pins the key */
        { 10, 5, false, false, 10, 5, 0 }, /* again: nothing */
        { 10, 4, false, false, 10, 5, 0 }, /* stale */
        { 9, 99, false, false, 10, 5, 0 }, /* of a life before */
        { 10, 6, false, true, 10, 5, 1 },  /* altered on its way */
        { 11, 1, true, false, 10, 5, 2 },  /* another key */
        { 10, 6, false, false, 10, 6, 2 }, /* newer */
        { 11, 1, false, false, 11, 1, 2 }, /* a new life */
    };
    struct cluster *c = swarm(2);
    start(c, 2 * SW_SEC);
    for (size_t i = 0; i < SW_LEN(rows); i++) {
        struct signed_record s;
        Swarm__V1__Record r = record(rows[i].incarnation, rows[i].version);
        envelope_sign_as(&s, "z", rows[i].other_key ? "mallory" : "z", &r);
        s.signature[3] ^= rows[i].broken ? 1 : 0;
        say_record(c, &s);
        CHECK_U64(member(c, B, "z").incarnation, rows[i].want_incarnation);
        CHECK_U64(member(c, B, "z").version, rows[i].want_version);
        CHECK_U64(cluster_traces(c, B, SW_TRACE_RECORD_REFUSED), rows[i].refused);
    }
    CHECK(strstr(cluster_log(c, B), "member alive z 10 5") != NULL);
    CHECK(strstr(cluster_log(c, B), "record changed z 10 6") != NULL);
    CHECK(strstr(cluster_log(c, B), "member alive z 11 1") != NULL); /* though nobody missed it */
    cluster_free(c);
}

/* a and b know each other, and one that is not there knows many names. */
static void who_claims_names_that_nobody_has_fills_the_table_and_no_more(void)
{
    struct cluster *c = swarm(2);
    start(c, 2 * SW_SEC);
    for (uint32_t i = 1; i < SW_MEMBERS_MOST + 3; i++) {
        char name[16];
        struct signed_record s;
        Swarm__V1__Record r = record(1, 1);
        (void)snprintf(name, sizeof name, "x%u", i);
        envelope_sign_as(&s, name, "liar", &r);
        say_record(c, &s); /* the step never says that memory is out */
    }
    CHECK_U64(sw_node_members(cluster_node(c, B), NULL, 0), SW_MEMBERS_MOST);
    CHECK_U64(cluster_traces(c, B, SW_TRACE_RECORD_REFUSED), 1); /* three did not fit */
    CHECK_STR(member(c, B, "a").state, "alive");
    cluster_free(c);
}

/* SWIM's completeness (2002, 4.3): each is probed once a round, whoever has much to tell. */
static void who_tells_much_is_probed_once_a_round_nevertheless(void)
{
    struct cluster *c = swarm(4);
    start(c, 5 * SW_SEC);
    for (uint64_t version = 1; version <= 100; version++) {
        struct signed_record s;
        Swarm__V1__Record r = record(1, version);
        envelope_sign(&s, "z", &r);
        say_record(c, &s);
        cluster_run(c, 50 * SW_MS);
        CHECK(cluster_node(c, B)->probe.n_order <= 4); /* a, c, d, z */
    }
    CHECK_U64(member(c, B, "z").version, 100);
    cluster_free(c);
}

static void two_records_of_one_version_are_a_lie_and_the_first_stays(void)
{
    struct cluster *c = swarm(2);
    struct signed_record s;
    start(c, 2 * SW_SEC);
    Swarm__V1__Record r = record(1, 1);
    envelope_sign(&s, "z", &r);
    say_record(c, &s);
    r.cores = 2;
    envelope_sign(&s, "z", &r);
    say_record(c, &s);
    CHECK_U64(cluster_traces(c, B, SW_TRACE_RECORD_REFUSED), 1);
    cluster_free(c);
}

static void impossible_records_are_refused_and_reported(void)
{
    for (unsigned i = 0; i < 9; i++) {
        static char bad_region[] = "E U";
        static char bad_address[] = "a\nb";
        struct cluster *c = swarm(2);
        struct signed_record s;
        start(c, 2 * SW_SEC);
        Swarm__V1__Record r = record(1, 1);
        r.cores = i == 0 ? 5000 : 1;
        r.disk = 100;
        r.free = i == 1 ? 101 : 100;
        r.incarnation = i == 2 ? SW_INCARNATION_MOST + 1 : 1;
        r.version = i == 3 ? 0 : 1;
        r.price_out = i == 4 ? -1 : (i == 5 ? (double)NAN : 1);
        r.region = i == 6 ? bad_region : r.region;
        r.address = i == 7 ? bad_address : r.address;
        r.memory = i == 8 ? UINT64_MAX : 1;
        envelope_sign(&s, "z", &r);
        say_record(c, &s);
        CHECK_U64(cluster_traces(c, B, SW_TRACE_RECORD_REFUSED), 1);
        CHECK_STR(member(c, B, "z").state, "not known");
        cluster_free(c);
    }
}

static void who_is_falsely_accused_refutes(void)
{
    static const Swarm__V1__ClaimState states[] = { SWARM__V1__CLAIM_STATE__CLAIM_SUSPECT,
                                                    SWARM__V1__CLAIM_STATE__CLAIM_DEAD };
    for (size_t i = 0; i < SW_LEN(states); i++) {
        struct cluster *c = swarm(3);
        start(c, 5 * SW_SEC);
        const uint64_t before = member(c, B, "c").incarnation;
        say_claim(c, "c", before, states[i]);
        CHECK(strcmp(member(c, B, "c").state, "alive") != 0);
        cluster_run(c, 8 * SW_SEC);
        CHECK_STR(member(c, B, "c").state, "alive");
        CHECK_U64(member(c, B, "c").incarnation, before + 1);
        CHECK_U64(cluster_traces(c, C, SW_TRACE_REFUTED), 1);
        CHECK_STR(member(c, A, "c").state, "alive");
        cluster_free(c);
    }
}

static void claims_about_other_incarnations_are_not_believed(void)
{
    struct cluster *c = swarm(3);
    start(c, 5 * SW_SEC);
    const uint64_t now = member(c, B, "c").incarnation;
    say_claim(c, "c", now - 1, SWARM__V1__CLAIM_STATE__CLAIM_DEAD);
    say_claim(c, "c", now + 1, SWARM__V1__CLAIM_STATE__CLAIM_DEAD);
    say_claim(c, "c", UINT64_MAX, SWARM__V1__CLAIM_STATE__CLAIM_SUSPECT);
    say_claim(c, "nobody", 1, SWARM__V1__CLAIM_STATE__CLAIM_DEAD);
    CHECK_STR(member(c, B, "c").state, "alive");
    CHECK_STR(member(c, B, "nobody").state, "not known");
    cluster_free(c);
}

static void a_claim_that_is_none_is_hung_up_on(void)
{
    struct cluster *c = swarm(2);
    start(c, 2 * SW_SEC);
    say_claim(c, "E U", 1, SWARM__V1__CLAIM_STATE__CLAIM_DEAD);
    CHECK_U64(cluster_traces(c, B, SW_TRACE_BAD_MESSAGE), 1);
    cluster_free(c);
}

/* ---- how much is said ---- */

/* What a comparison tells of others than the two who compare. */
struct told {
    size_t known, records, compared;
};

static bool note_told(void *arg, uint32_t from, uint32_t to, enum sw_class class,
                      struct sw_bytes message)
{
    struct told *t = arg;
    Swarm__V1__Envelope *e = swarm__v1__envelope__unpack(NULL, message.len, message.data);
    (void)class;
    if (e != NULL && e->body_case == SWARM__V1__ENVELOPE__BODY_SYNC) {
        const Swarm__V1__Sync *s = e->sync;
        t->compared += s->n_known > 0;
        t->known += s->n_known > 2 ? s->n_known - 2 : 0;
        for (size_t i = 0; s->gossip != NULL && i < s->gossip->n_records; i++) {
            const ProtobufCBinaryData packed = s->gossip->records[i]->record;
            Swarm__V1__Record *r = swarm__v1__record__unpack(NULL, packed.len, packed.data);
            const char who = r != NULL ? r->name[0] : '?';
            t->records += who != (char)('a' + from) && who != (char)('a' + to);
            swarm__v1__record__free_unpacked(r, NULL);
        }
    }
    if (e != NULL) {
        swarm__v1__envelope__free_unpacked(e, NULL);
    }
    return true;
}

/* a and any other never know the same: all their comparisons find a difference. */
static void in_a_closed_swarm_nobody_is_told_of_members_that_it_does_not_know(void)
{
    struct cluster *c = swarm(6);
    struct told told = { 0 };
    know_only_a(c, 6);
    cluster_set_tap(c, note_told, &told);
    start(c, SW_MIN);
    CHECK(told.compared >= 20);
    CHECK_U64(told.known, 0);
    CHECK_U64(told.records, 0);
    CHECK_U64(cluster_node(c, A)->peers.n_known, 5);
    CHECK_U64(cluster_node(c, B)->peers.n_known, 1);
    CHECK_STR(member(c, A, "f").state, "alive");
    CHECK_STR(member(c, E + 1, "a").state, "alive");
    cluster_free(c);
}

static void a_quiet_member_sends_two_messages_a_period(void)
{
    struct cluster *c = swarm(6);
    start(c, SW_MIN);
    uint64_t before[6];
    for (uint32_t i = 0; i < 6; i++) {
        before[i] = cluster_counts(c, i).probes;
    }
    cluster_run(c, 100 * SW_SEC);
    uint64_t all = 0;
    for (uint32_t i = 0; i < 6; i++) {
        all += cluster_counts(c, i).probes - before[i];
    }
    CHECK(all >= 2 * 6 * 98 && all <= 2 * 6 * 102); /* a ping and an ACK for each ping */
    cluster_free(c);
}

/* Of a's probes and answers, from the first that accuses x: how many there were, and how many
 * accuse x; up to MOST_SAID. */
#define MOST_SAID 8U
struct accusing {
    uint32_t said, accused;
};

static bool note_accusation(void *arg, uint32_t from, uint32_t to, enum sw_class class,
                            struct sw_bytes message)
{
    struct accusing *a = arg;
    Swarm__V1__Envelope *e = swarm__v1__envelope__unpack(NULL, message.len, message.data);
    (void)to;
    if (from == A && class == SW_CLASS_CONTROL && e->body_case == SWARM__V1__ENVELOPE__BODY_PROBE) {
        const Swarm__V1__Gossip *g = e->probe->gossip;
        bool accuses = false;
        for (size_t i = 0; g != NULL && i < g->n_claims; i++) {
            accuses = accuses || strcmp(g->claims[i]->name, "x") == 0;
        }
        if ((accuses || a->said > 0) && a->said < MOST_SAID) {
            a->said++;
            a->accused += accuses;
        }
    }
    swarm__v1__envelope__free_unpacked(e, NULL);
    return true;
}

/* 24 records have to be told 15 times each, five or so in a message: 72 messages. */
static void who_is_accused_does_not_wait_behind_a_swarm_that_joined(void)
{
    struct cluster *c = swarm(24);
    struct accusing a = { 0 };
    cluster_set_tap(c, note_accusation, &a);
    start(c, 2 * SW_SEC);
    cluster_kill(c, 23);
    cluster_run(c, 20 * SW_SEC);
    CHECK_U64(a.said, MOST_SAID);
    CHECK_U64(a.accused, MOST_SAID);
    cluster_free(c);
}

extern CU_TestInfo tests_member[];
CU_TestInfo tests_member[] = {
#define T(name)     \
    {               \
#name, name \
    }
    T(suspicion_shrinks_with_confirmations),
    T(all_learn_of_all_from_one_address),
    T(who_joins_by_its_own_address_waits_for_others),
    T(who_is_accused_does_not_wait_behind_a_swarm_that_joined),
    T(who_leaves_has_left_and_is_not_suspected),
    T(who_left_is_found_when_whom_it_joins_by_is_gone),
    T(who_is_back_at_once_is_not_accused_of_its_former_lifes_silence),
    T(who_dies_is_suspect_and_then_dead_for_all),
    T(who_comes_back_without_a_disk_is_alive_in_a_greater_incarnation),
    T(who_comes_back_with_its_clock_set_back_exceeds_its_former_life),
    T(who_is_cut_off_from_one_alone_is_alive_for_all),
    T(two_halves_that_took_each_other_for_dead_find_together),
    T(only_those_who_were_asked_can_vouch_for_a_silent_member),
    T(two_that_took_each_other_for_dead_find_together),
    T(two_that_hold_each_other_dead_and_are_connected_find_together),
    T(the_dead_are_forgotten_after_an_hour_unless_they_are_configured),
    T(only_newer_records_by_the_same_key_count),
    T(who_claims_names_that_nobody_has_fills_the_table_and_no_more),
    T(who_tells_much_is_probed_once_a_round_nevertheless),
    T(two_records_of_one_version_are_a_lie_and_the_first_stays),
    T(impossible_records_are_refused_and_reported),
    T(who_is_falsely_accused_refutes),
    T(claims_about_other_incarnations_are_not_believed),
    T(a_claim_that_is_none_is_hung_up_on),
    T(in_a_closed_swarm_nobody_is_told_of_members_that_it_does_not_know),
    T(a_quiet_member_sends_two_messages_a_period),
    CU_TEST_INFO_NULL,
};
