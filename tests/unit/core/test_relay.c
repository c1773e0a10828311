/* SPDX-License-Identifier: GPL-3.0-or-later
 * Relay paths: who can't be reached is reached through a third, and nothing goes in circles. */
#include "node/core/dns/version.h"
#include "node/core/swarm/carry.h"
#include "node/core/swarm/lane.h"
#include "node/core/swarm/relay.h"
#include "node/core/zones/carry.h"
#include "tests/lib/check.h"
#include "tests/lib/cluster.h"
#include "tests/lib/envelope.h"
#include "tests/lib/memfs.h"
#include "tests/lib/swarm_zones.h"

/* a is where clients ask, b holds example.org; c and d hold nothing; c is the nearer one. */
enum { A, B, C, D };

static struct cluster *four_of(bool relay)
{
    static char ants[] = "ant_colony";
    struct cluster *c = cluster_new(1);
    cluster_file(c, "org.zone", ZONE_ORG);
    (void)cluster_add(c, "a", "eu");
    cluster_zone(c, cluster_add(c, "b", "us"), "example.org", "org.zone");
    (void)cluster_add(c, "c", "eu");
    (void)cluster_add(c, "d", "sa");
    for (uint32_t i = A; i <= D; i++) {
        cluster_config(c, i)->policy = ants;
        cluster_config(c, i)->relay = relay;
    }
    cluster_delay(c, A, D, 60 * SW_MS);
    return c;
}

static uint32_t ask(struct cluster *c)
{
    return cluster_ask(c, A, "www.example.org", SW_TYPE_A);
}

static void check_answered(struct cluster *c)
{
    const uint32_t q = ask(c);
    cluster_run(c, 500 * SW_MS);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
}

/* All know each other, and a asked b ten times. */
static struct cluster *four_with(bool relay)
{
    struct cluster *c = four_of(relay);
    cluster_start(c);
    cluster_run(c, 2 * SW_SEC);
    for (unsigned i = 0; i < 10; i++) {
        check_answered(c);
    }
    return c;
}

static struct cluster *four(void)
{
    return four_with(true);
}

static size_t known_paths(struct cluster *c)
{
    struct sw_relay_info info[64];
    const size_t n = sw_node_relays(cluster_node(c, A), info, SW_LEN(info));
    size_t known = 0;
    for (size_t i = 0; i < n; i++) {
        known += info[i].known;
    }
    return known;
}

/* ---- the way there ---- */

static void a_holder_that_is_cut_off_is_asked_through_a_third(void)
{
    struct cluster *c = four();
    cluster_cut(c, A, B, true);
    cluster_run(c, SW_SEC);
    check_answered(c);
    CHECK_U64(cluster_counts(c, A).relayed, 1);
    CHECK_U64(cluster_counts(c, A).failed, 0);
    CHECK_U64(cluster_counts(c, B).queries_for_peers, 11);
    CHECK(cluster_counts(c, C).carried + cluster_counts(c, D).carried > 1);
    CHECK(known_paths(c) >= 1);
    cluster_free(c);
}

static void without_relays_it_fails(void)
{
    struct cluster *c = four_with(false);
    cluster_cut(c, A, B, true);
    cluster_run(c, SW_SEC);
    const uint32_t q = ask(c);
    cluster_run(c, 3 * SW_SEC);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_SERVFAIL);
    CHECK_U64(cluster_counts(c, A).relayed, 0);
    CHECK_U64(cluster_counts(c, C).carried + cluster_counts(c, D).carried, 0);
    cluster_free(c);
}

/* Before any ant is back the query itself goes by a relay that was drawn. */
static void a_query_in_the_moment_of_the_cut_is_answered(void)
{
    struct cluster *c = four();
    const uint32_t before = ask(c);
    cluster_run(c, 2 * SW_MS);
    cluster_cut(c, A, B, true);
    const uint32_t after = ask(c);
    cluster_run(c, SW_SEC);
    CHECK_I64(cluster_rcode(c, before), SW_RCODE_NOERROR);
    CHECK_I64(cluster_rcode(c, after), SW_RCODE_NOERROR);
    cluster_free(c);
}

static void a_connection_that_stands_and_carries_nothing_is_gone_around(void)
{
    struct cluster *c = four();
    cluster_silence(c, B, A, true);
    (void)ask(c);
    (void)ask(c);
    cluster_run(c, 3 * SW_SEC);
    for (unsigned i = 0; i < 5; i++) {
        const sw_time asked = cluster_now(c);
        const uint32_t q = ask(c);
        cluster_run(c, 500 * SW_MS);
        CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
        CHECK(cluster_answered_at(c, q) - asked < 200 * SW_MS);
    }
    CHECK(cluster_counts(c, A).relayed >= 5);
    cluster_free(c);
}

static void the_nearer_relay_is_found_and_used(void)
{
    struct cluster *c = four();
    cluster_cut(c, A, B, true);
    cluster_run(c, 3 * SW_SEC);
    for (unsigned i = 0; i < 20; i++) {
        const sw_time asked = cluster_now(c);
        const uint32_t q = ask(c);
        cluster_run(c, 500 * SW_MS);
        CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
        CHECK_U64((cluster_answered_at(c, q) - asked) / SW_MS, 40); /* four times 10 ms */
    }
    cluster_free(c);
}

static void when_the_nearer_relay_becomes_slow_the_other_one_is_used(void)
{
    struct cluster *c = four();
    cluster_cut(c, A, B, true);
    cluster_run(c, 3 * SW_SEC);
    cluster_delay(c, A, C, 150 * SW_MS);
    for (unsigned i = 0; i < 20; i++) { /* ants notice */
        check_answered(c);
    }
    const sw_time asked = cluster_now(c);
    const uint32_t q = ask(c);
    cluster_run(c, SW_SEC);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
    CHECK_U64((cluster_answered_at(c, q) - asked) / SW_MS, 140); /* by d: 2 x 60 + 2 x 10 */
    cluster_free(c);
}

static void a_relay_that_is_cut_off_itself_says_so_and_another_is_found(void)
{
    struct cluster *c = four();
    cluster_cut(c, C, B, true);
    cluster_cut(c, A, B, true);
    cluster_run(c, SW_SEC);
    for (unsigned i = 0; i < 5; i++) {
        check_answered(c);
    }
    CHECK_U64(cluster_counts(c, C).carried, 0);
    CHECK(cluster_counts(c, D).carried > 5);
    cluster_free(c);
}

static void a_relay_that_dies_is_given_up_for_another(void)
{
    struct cluster *c = four();
    cluster_cut(c, A, B, true);
    cluster_run(c, 3 * SW_SEC);
    const uint32_t q = ask(c); /* c has it */
    cluster_run(c, 15 * SW_MS);
    cluster_kill(c, C);
    cluster_run(c, SW_SEC);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
    check_answered(c);
    cluster_free(c);
}

/* c can't say "I have it" for ever. */
static void when_the_target_dies_the_relay_refuses_what_it_carries(void)
{
    struct cluster *c = four();
    cluster_cut(c, A, B, true);
    cluster_run(c, 3 * SW_SEC);
    const sw_time asked = cluster_now(c);
    const uint32_t q = ask(c);
    cluster_run(c, 15 * SW_MS);
    cluster_kill(c, B);
    cluster_run(c, 3 * SW_SEC);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_SERVFAIL);
    CHECK(cluster_answered_at(c, q) - asked < 500 * SW_MS);
    cluster_free(c);
}

static void once_it_can_be_reached_again_it_is_asked_directly(void)
{
    struct cluster *c = four();
    cluster_cut(c, A, B, true);
    cluster_run(c, 30 * SW_SEC);
    check_answered(c);
    CHECK_U64(cluster_traces(c, A, SW_TRACE_MEMBER_DEAD), 0); /* the others still see it */
    cluster_cut(c, A, B, false);
    cluster_run(c, 8 * SW_SEC);
    const uint64_t relayed = cluster_counts(c, A).relayed;
    for (unsigned i = 0; i < 5; i++) {
        check_answered(c);
    }
    CHECK_U64(cluster_counts(c, A).relayed, relayed);
    CHECK_U64(sw_node_relays(cluster_node(c, A), NULL, 0), 0);
    cluster_free(c);
}

/* By an ant, though the policy has none, and a query would go by the relay for ever. */
static void who_answers_again_is_found_under_any_policy(void)
{
    static char policy[] = "peak_ewma";
    struct cluster *c = four_of(true);
    cluster_config(c, A)->policy = policy;
    cluster_start(c);
    cluster_run(c, 2 * SW_SEC);
    check_answered(c);
    cluster_silence(c, B, A, true);
    (void)ask(c);
    (void)ask(c);
    cluster_run(c, 3 * SW_SEC);
    check_answered(c);
    CHECK(cluster_counts(c, A).relayed > 0);
    cluster_silence(c, B, A, false);
    cluster_run(c, 3 * SW_SEC);
    const uint64_t relayed = cluster_counts(c, A).relayed;
    for (unsigned i = 0; i < 5; i++) {
        check_answered(c);
    }
    CHECK_U64(cluster_counts(c, A).relayed, relayed);
    cluster_free(c);
}

static bool swallow_answers(void *arg, uint32_t from, uint32_t to, enum sw_class class,
                            struct sw_bytes message)
{
    (void)arg;
    (void)class;
    return from != B || to != A ||
           sw_envelope_first_field(message) != SWARM__V1__ENVELOPE__BODY_ANSWER;
}

/* It answers ants, so the way is there: a relay's queries would wait as long. */
static void who_is_only_busy_is_not_gone_around(void)
{
    struct cluster *c = four();
    cluster_set_tap(c, swallow_answers, NULL);
    for (unsigned i = 0; i < 10; i++) {
        (void)ask(c);
        cluster_run(c, 300 * SW_MS);
    }
    CHECK(cluster_traces(c, A, SW_TRACE_ROUTE_TIMEOUT) >= 10);
    CHECK_U64(cluster_counts(c, A).relayed, 0);
    CHECK_U64(sw_node_relays(cluster_node(c, A), NULL, 0), 0);
    cluster_free(c);
}

static void whom_nobody_asks_for_nobody_looks_for(void)
{
    struct cluster *c = four();
    cluster_cut(c, A, B, true);
    cluster_run(c, 5 * SW_SEC);
    CHECK(known_paths(c) > 0);
    cluster_run(c, 10 * SW_SEC);
    CHECK_U64(sw_node_relays(cluster_node(c, A), NULL, 0), 0);
    check_answered(c); /* and it is looked for again */
    CHECK(known_paths(c) > 0);
    cluster_free(c);
}

/* Whom everybody takes for dead nobody looks for. */
static void a_member_that_died_has_no_paths(void)
{
    struct cluster *c = four();
    cluster_kill(c, B);
    cluster_run(c, 30 * SW_SEC);
    CHECK_U64(cluster_traces(c, A, SW_TRACE_MEMBER_DEAD), 1);
    CHECK_U64(sw_node_relays(cluster_node(c, A), NULL, 0), 0);
    const uint64_t ants = cluster_counts(c, A).ants;
    (void)ask(c);
    cluster_run(c, SW_SEC);
    CHECK(cluster_counts(c, A).ants - ants <= 5); /* the policy's own */
    cluster_free(c);
}

static void where_all_reach_each_other_no_relay_is_tried(void)
{
    struct cluster *c = four();
    struct cluster *without = four_with(false);
    for (uint32_t i = A; i <= D; i++) {
        CHECK_U64(cluster_counts(c, i).relayed + cluster_counts(c, i).carried, 0);
        CHECK_U64(cluster_digest(c, i), cluster_digest(without, i)); /* not a byte differs */
    }
    cluster_free(c);
    cluster_free(without);
}

static void another_configuration_begins_anew(void)
{
    static char policy[] = "peak_ewma"; /* no ants, no suspects */
    struct cluster *c = four();
    cluster_cut(c, A, B, true);
    cluster_run(c, 2 * SW_SEC);
    const uint32_t q = ask(c);
    cluster_run(c, 15 * SW_MS);
    cluster_config(c, A)->policy = policy;
    CHECK_I64(cluster_configure(c, A), SW_OK);
    cluster_run(c, SW_SEC);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
    for (unsigned i = 0; i < 5; i++) {
        check_answered(c);
    }
    cluster_config(c, A)->relay = false;
    CHECK_I64(cluster_configure(c, A), SW_OK);
    const uint32_t last = ask(c);
    cluster_run(c, SW_SEC);
    CHECK_I64(cluster_rcode(c, last), SW_RCODE_SERVFAIL);
    cluster_free(c);
}

/* ---- no circles: hand-made envelopes ---- */

/* What a heard from c, and b from c. */
struct heard {
    unsigned answers, refusals, ant_refusals, handed_on;
    uint64_t id;
    uint32_t hops;
    char origin[16], target[16];
};

static bool listen(void *arg, uint32_t from, uint32_t to, enum sw_class class,
                   struct sw_bytes message)
{
    struct heard *h = arg;
    Swarm__V1__Envelope *e = class == SW_CLASS_CONTROL && from == C
                                 ? swarm__v1__envelope__unpack(NULL, message.len, message.data)
                                 : NULL;
    if (e == NULL) {
        return true;
    }
    if (e->body_case == SWARM__V1__ENVELOPE__BODY_ANSWER && to == A) {
        h->id = e->answer->id;
        h->answers += e->answer->message.len > 0;
        h->refusals += e->answer->message.len == 0;
    } else if (e->body_case == SWARM__V1__ENVELOPE__BODY_ANT_REPLY && to == A) {
        h->ant_refusals += e->ant_reply->refused != 0;
    } else if (e->body_case == SWARM__V1__ENVELOPE__BODY_QUERY) {
        h->handed_on++;
        h->hops = e->query->hops;
        (void)snprintf(h->origin, sizeof h->origin, "%s", e->query->origin);
        (void)snprintf(h->target, sizeof h->target, "%s", e->query->target);
    }
    swarm__v1__envelope__free_unpacked(e, NULL);
    return true;
}

static void say(struct cluster *c, uint32_t from, uint32_t to, struct envelope e)
{
    CHECK(cluster_inject(c, from, to, SW_CLASS_CONTROL, envelope_bytes(&e)));
}

static void what_is_handed_on_names_its_origin_and_no_target(void)
{
    struct cluster *c = four();
    struct heard h = { 0 };
    cluster_set_tap(c, listen, &h);
    say(c, A, C, envelope_query_to(77, "a", 1, "b"));
    cluster_run(c, 100 * SW_MS);
    CHECK_U64(h.handed_on, 1);
    CHECK_U64(h.hops, 2);
    CHECK_STR(h.origin, "a");
    CHECK_STR(h.target, "");
    CHECK_U64(h.answers, 1);
    CHECK_U64(h.id, 77); /* a's number, not c's */
    cluster_free(c);
}

static void what_could_go_in_circles_is_refused(void)
{
    static const struct {
        const char *origin, *target;
        uint32_t hops;
    } row[] = {
        { "a", "b", 2 },    /* it was handed on before */
        { "a", "b", 0 },    /* nobody sent it */
        { "d", "b", 1 },    /* d did not say it: a did */
        { "c", "b", 1 },    /* ours, from another */
        { "", "b", 1 },     /* nobody's */
        { "a", "a", 1 },    /* back to where it comes from */
        { "a", "c", 1 },    /* to ourselves */
        { "a", "else", 1 }, /* to nobody */
    };
    struct cluster *c = four();
    struct heard h = { 0 };
    cluster_set_tap(c, listen, &h);
    for (unsigned i = 0; i < SW_LEN(row); i++) {
        say(c, A, C, envelope_query_to(1 + i, row[i].origin, row[i].hops, row[i].target));
        CHECK_U64(h.refusals, i + 1);
        CHECK_U64(h.id, 1 + i);
        say(c, A, C, envelope_ant_to(1 + i, row[i].origin, row[i].hops, row[i].target));
        CHECK_U64(h.ant_refusals, i + 1);
    }
    cluster_run(c, SW_SEC);
    CHECK_U64(h.handed_on, 0);
    CHECK_U64(h.answers, 0);
    CHECK_U64(cluster_counts(c, C).carried, 0);
    CHECK_U64(cluster_traces(c, C, SW_TRACE_BAD_MESSAGE), 0);
    cluster_free(c);
}

/* Two that hold nothing and reach nobody else: neither passes on what the other could pass on. */
static void two_relays_do_not_play_ball(void)
{
    struct cluster *c = four();
    struct heard h = { 0 };
    cluster_cut(c, A, B, true);
    cluster_cut(c, C, B, true);
    cluster_cut(c, D, B, true);
    cluster_set_tap(c, listen, &h);
    for (unsigned i = 0; i < 10; i++) {
        const uint32_t q = ask(c);
        cluster_run(c, 300 * SW_MS);
        CHECK_I64(cluster_rcode(c, q), SW_RCODE_SERVFAIL);
    }
    CHECK_U64(h.handed_on, 0);
    CHECK_U64(cluster_counts(c, C).carried + cluster_counts(c, D).carried, 0);
    cluster_free(c);
}

/* The nonce of an ant from a to b. */
static bool catch_ant(void *arg, uint32_t from, uint32_t to, enum sw_class class,
                      struct sw_bytes message)
{
    uint64_t *nonce = arg;
    Swarm__V1__Envelope *e = class == SW_CLASS_CONTROL && from == A && to == B
                                 ? swarm__v1__envelope__unpack(NULL, message.len, message.data)
                                 : NULL;
    if (e != NULL && e->body_case == SWARM__V1__ENVELOPE__BODY_ANT) {
        *nonce = e->ant->nonce;
    }
    if (e != NULL) {
        swarm__v1__envelope__free_unpacked(e, NULL);
    }
    return true;
}

static void who_refuses_an_ant_that_was_not_to_be_handed_on_is_hung_up_on(void)
{
    struct cluster *c = four();
    struct envelope e;
    Swarm__V1__AntReply m = SWARM__V1__ANT_REPLY__INIT;
    cluster_set_tap(c, catch_ant, &m.nonce);
    while (m.nonce == 0) {
        cluster_run(c, SW_MS);
    }
    m.refused = true;
    ENVELOPE(&e, ANT_REPLY, ant_reply, &m);
    say(c, B, A, e);
    CHECK_U64(cluster_traces(c, A, SW_TRACE_BAD_MESSAGE), 1);
    cluster_free(c);
}

/* ---- bounds ---- */

static void a_relay_gives_others_no_more_than_its_share(void)
{
    struct cluster *c = four();
    struct heard h = { 0 };
    /* a quarter of one core for a second is 250 ms: two requests of 100 ms, then one in 400 ms */
    cluster_load(c, C, (struct sw_load){ .cores = 1, .service = 100 * SW_MS });
    say(c, A, C, envelope_query_to(1, "a", 1, "b"));
    cluster_run(c, 2 * SW_SEC);
    const uint64_t before = cluster_counts(c, C).carried;
    cluster_set_tap(c, listen, &h);
    for (unsigned i = 0; i < 5; i++) {
        say(c, A, C, envelope_query_to(10 + i, "a", 1, "b"));
    }
    CHECK_U64(cluster_counts(c, C).carried, before + 2);
    CHECK_U64(h.refusals, 3);
    cluster_run(c, 399 * SW_MS - 50 * SW_MS * 4);
    say(c, A, C, envelope_query_to(20, "a", 1, "b"));
    CHECK_U64(cluster_counts(c, C).carried, before + 2);
    cluster_run(c, 400 * SW_MS);
    say(c, A, C, envelope_query_to(21, "a", 1, "b"));
    CHECK_U64(cluster_counts(c, C).carried, before + 3);
    cluster_free(c);
}

static void a_relay_carries_only_so_much_at_once(void)
{
    struct cluster *c = four();
    struct heard h = { 0 };
    cluster_silence(c, B, C, true);
    cluster_set_tap(c, listen, &h);
    for (unsigned i = 0; i < SW_CARRY_MOST + 10; i++) {
        say(c, A, C, envelope_query_to(1 + i, "a", 1, "b"));
    }
    CHECK_U64(h.refusals, 10);
    CHECK_U64(cluster_counts(c, C).carried, SW_CARRY_MOST);
    cluster_run(c, 6 * SW_SEC); /* what was lost is given up */
    CHECK_U64(h.refusals, SW_CARRY_MOST + 10);
    cluster_silence(c, B, C, false);
    cluster_run(c, 2 * SW_SEC); /* an ant finds that b answers */
    say(c, A, C, envelope_query_to(9999, "a", 1, "b"));
    CHECK_U64(cluster_counts(c, C).carried, SW_CARRY_MOST + 1);
    cluster_free(c);
}

/* A dozen holders that are cut off, and eight that could be relays. */
static void paths_are_kept_to_a_limited_number_of_members(void)
{
    enum { HOLDERS = 12, OTHERS = 8 };
    struct sw_relay_info info[2 * SW_RELAY_TARGETS * SW_RELAY_PATHS];
    char name[2] = "b";
    struct cluster *c = cluster_new(1);
    cluster_file(c, "org.zone", ZONE_ORG);
    (void)cluster_add(c, "a", "eu");
    for (uint32_t i = 0; i < HOLDERS + OTHERS; i++, name[0]++) {
        const uint32_t node = cluster_add(c, name, "us");
        if (i < HOLDERS) {
            cluster_zone(c, node, "example.org", "org.zone");
        }
    }
    cluster_start(c);
    cluster_run(c, 3 * SW_SEC);
    for (uint32_t i = 1; i <= HOLDERS; i++) {
        cluster_cut(c, A, i, true);
    }
    for (unsigned i = 0; i < 20; i++) {
        check_answered(c);
        const size_t n = sw_node_relays(cluster_node(c, A), info, SW_LEN(info));
        CHECK(n > 0 && n <= (size_t)SW_RELAY_TARGETS * SW_RELAY_PATHS);
        for (size_t k = 0; k < n; k++) {
            unsigned to_it = 0;
            for (size_t j = 0; j < n; j++) {
                to_it += strcmp(info[k].target.s, info[j].target.s) == 0;
            }
            CHECK(to_it <= SW_RELAY_PATHS);
        }
    }
    cluster_free(c);
}

static void a_busy_or_leaving_relay_refuses(void)
{
    struct cluster *c = four_of(true);
    struct heard h = { 0 };
    struct sw_event drain = { .kind = SW_EV_DRAIN };
    cluster_config(c, C)->max_queue = 10;
    cluster_start(c);
    cluster_run(c, SW_SEC);
    cluster_set_tap(c, listen, &h);
    cluster_load(c, C, (struct sw_load){ .waiting = 11, .cores = 2, .service = SW_MS });
    say(c, A, C, envelope_query_to(1, "a", 1, "b"));
    CHECK_U64(h.refusals, 1);
    cluster_load(c, C, (struct sw_load){ .waiting = 10, .cores = 2, .service = SW_MS });
    say(c, A, C, envelope_query_to(2, "a", 1, "b"));
    CHECK_U64(h.refusals, 1);
    (void)cluster_event(c, C, &drain);
    say(c, A, C, envelope_query_to(3, "a", 1, "b"));
    CHECK_U64(h.refusals, 2);
    cluster_free(c);
}

/* ---- zones ---- */

/* a is a backup of example.org and b its primary, with files of their own; c and d hold nothing. */
static struct cluster *holders(const char *file_a, const char *text_b, bool relay)
{
    static char ants[] = "ant_colony";
    struct cluster *c = cluster_new(1);
    cluster_file(c, "a.zone", ZONE_ORG);
    cluster_file(c, "org.zone", text_b);
    (void)cluster_add(c, "a", "eu");
    cluster_zone(c, cluster_add(c, "b", "us"), "example.org", "org.zone");
    cluster_zone(c, A, "example.org", file_a);
    (void)cluster_add(c, "c", "eu");
    (void)cluster_add(c, "d", "sa");
    for (uint32_t i = A; i <= D; i++) {
        cluster_config(c, i)->policy = ants;
        cluster_config(c, i)->relay = relay;
    }
    return c;
}

static struct cluster *backup_and_primary(bool relay)
{
    struct cluster *c = holders("a.zone", ZONE_ORG, relay);
    cluster_start(c);
    cluster_run(c, 3 * SW_SEC);
    return c;
}

static void edit(struct cluster *c, const char *text)
{
    static char name[] = "example.org";
    Swarm__V1__ReloadRequest r = SWARM__V1__RELOAD_REQUEST__INIT;
    uint8_t packed[64];
    r.zone = name;
    CHECK(memfs_put(cluster_disk(c, B), "org.zone", text, strlen(text)));
    const size_t n = swarm__v1__reload_request__pack(&r, packed);
    cluster_command(c, B, "Reload", (struct sw_bytes){ packed, n });
    cluster_run(c, SW_SEC);
    CHECK_I64(cluster_command_status(c), 0);
}

static uint32_t serial(struct cluster *c, uint32_t node)
{
    struct sw_zone_info z = { 0 };
    (void)sw_node_zones(cluster_node(c, node), &z, 1);
    return z.serial;
}

static void a_backup_that_is_cut_off_gets_the_zone_through_a_third(void)
{
    struct cluster *c = backup_and_primary(true);
    cluster_cut(c, A, B, true);
    edit(c, ZONE_ORG_8);
    cluster_run(c, 5 * SW_SEC);
    CHECK_U64(serial(c, A), 8);
    CHECK_U64(serial(c, C), 0); /* it handed on what it does not hold */
    CHECK(strstr(cluster_log(c, A), "zone fetched b ") != NULL);
    cluster_free(c);
}

static void a_backup_without_relays_stays_behind(void)
{
    struct cluster *c = backup_and_primary(false);
    cluster_cut(c, A, B, true);
    edit(c, ZONE_ORG_8);
    cluster_run(c, 20 * SW_SEC);
    CHECK_U64(serial(c, A), 7); /* it knows of 8, and nobody brings it */
    cluster_cut(c, A, B, false);
    cluster_run(c, 20 * SW_SEC);
    CHECK_U64(serial(c, A), 8);
    cluster_free(c);
}

/* Parts that c and d handed on. */
static uint64_t parts_handed_on(struct cluster *c)
{
    uint64_t parts = 0;
    for (uint32_t i = C; i <= D; i++) {
        for (const char *at = cluster_log(c, i); (at = strstr(at, "another b 2 ")) != NULL; at++) {
            parts++;
        }
    }
    return parts;
}

/* By who never had it, nor ever reached the primary. */
static void a_zone_of_many_parts_comes_through_a_third(void)
{
    static char text[1000000];
    size_t at = (size_t)snprintf(text, sizeof text, "%s", ZONE_ORG_8);
    for (unsigned i = 0; i < 12000; i++) {
        at += (size_t)snprintf(text + at, sizeof text - at, "h%05u 300 IN TXT \"%050u\"\n", i, i);
    }
    struct cluster *c = holders("missing.zone", text, true);
    cluster_cut(c, A, B, true);
    cluster_start(c);
    cluster_run(c, 20 * SW_SEC);
    CHECK_U64(serial(c, A), 8);
    CHECK(parts_handed_on(c) >= 3);
    cluster_free(c);
}

static void a_fetch_goes_on_when_its_relay_dies(void)
{
    struct cluster *c = backup_and_primary(true);
    cluster_cut(c, A, B, true);
    cluster_cut(c, D, B, true);
    edit(c, ZONE_ORG_8);
    while (cluster_traces(c, A, SW_TRACE_ZONE_FETCHING) == 0) {
        cluster_run(c, SW_MS);
    }
    cluster_kill(c, C);
    cluster_cut(c, D, B, false);
    cluster_run(c, 30 * SW_SEC);
    CHECK_U64(serial(c, A), 8);
    CHECK(cluster_counts(c, D).carried > 0);
    cluster_free(c);
}

/* What a hears by its bulk connection with c. */
struct heard_bulk {
    unsigned refusals, parts;
    uint64_t id;
    uint32_t hops;
    unsigned handed_on;
};

static bool listen_bulk(void *arg, uint32_t from, uint32_t to, enum sw_class class,
                        struct sw_bytes message)
{
    struct heard_bulk *h = arg;
    Swarm__V1__Envelope *e = class == SW_CLASS_BULK && from == C
                                 ? swarm__v1__envelope__unpack(NULL, message.len, message.data)
                                 : NULL;
    if (e != NULL && e->body_case == SWARM__V1__ENVELOPE__BODY_ZONE_TRANSFER) {
        const Swarm__V1__ZoneData *d = e->zone_transfer->data;
        const Swarm__V1__ZoneGet *get = e->zone_transfer->get;
        if (d != NULL && to == A) {
            h->refusals += d->status == SW_ERR_UNREACHABLE;
            h->parts += d->status == 0;
            h->id = d->id;
        }
        h->handed_on += get != NULL && to == B;
        h->hops = get != NULL ? get->hops : h->hops;
    }
    if (e != NULL) {
        swarm__v1__envelope__free_unpacked(e, NULL);
    }
    return true;
}

/* a asks c for version @digest's of example.org from b. */
static void ask_part(struct cluster *c, uint64_t id, const char *origin, uint32_t hops,
                     const char *target)
{
    static uint8_t name[] = "\7example\3org";
    struct sw_zone_info z;
    char from[16];
    char to[16];
    struct envelope e;
    Swarm__V1__ZoneHeld want = SWARM__V1__ZONE_HELD__INIT;
    Swarm__V1__ZoneGet get = SWARM__V1__ZONE_GET__INIT;
    Swarm__V1__ZoneTransfer t = SWARM__V1__ZONE_TRANSFER__INIT;
    (void)sw_node_zones(cluster_node(c, B), &z, 1);
    (void)snprintf(from, sizeof from, "%s", origin);
    (void)snprintf(to, sizeof to, "%s", target);
    want.serial = z.serial;
    want.digest = (ProtobufCBinaryData){ SW_ZONEMD_LEN, (uint8_t *)(uintptr_t)z.digest };
    get.name = (ProtobufCBinaryData){ sizeof name, name };
    get.want = &want;
    get.id = id;
    get.origin = from;
    get.hops = hops;
    get.target = to;
    t.get = &get;
    ENVELOPE(&e, ZONE_TRANSFER, zone_transfer, &t);
    CHECK(cluster_inject(c, A, C, SW_CLASS_BULK, envelope_bytes(&e)));
}

static void parts_of_zones_do_not_go_in_circles_either(void)
{
    struct cluster *c = backup_and_primary(true);
    struct heard_bulk h = { 0 };
    cluster_set_tap(c, listen_bulk, &h);
    ask_part(c, 1, "a", 2, "b");
    ask_part(c, 2, "d", 1, "b");
    ask_part(c, 3, "a", 1, "a");
    ask_part(c, 4, "a", 1, "c");
    ask_part(c, 5, "a", 1, "else");
    CHECK_U64(h.refusals, 5);
    CHECK_U64(h.id, 5);
    CHECK_U64(h.handed_on, 0);
    ask_part(c, 6, "a", 1, "b");
    cluster_run(c, SW_SEC);
    CHECK_U64(h.handed_on, 1);
    CHECK_U64(h.hops, 2);
    CHECK_U64(h.parts, 1);
    CHECK_U64(h.id, 6); /* a's number again */
    CHECK_U64(h.refusals, 5);
    cluster_free(c);
}

static void only_so_many_parts_are_carried_at_once(void)
{
    struct cluster *c = backup_and_primary(true);
    struct heard_bulk h = { 0 };
    cluster_set_tap(c, listen_bulk, &h);
    for (unsigned i = 0; i < SW_ZONE_CARRY_MOST + 3; i++) {
        ask_part(c, 1 + i, "a", 1, "b");
    }
    CHECK_U64(h.handed_on, SW_ZONE_CARRY_MOST);
    CHECK_U64(h.refusals, 3);
    cluster_run(c, SW_SEC);
    CHECK_U64(h.parts, SW_ZONE_CARRY_MOST);
    ask_part(c, 99, "a", 1, "b");
    CHECK_U64(h.handed_on, SW_ZONE_CARRY_MOST + 1);
    cluster_free(c);
}

extern CU_TestInfo tests_relay[];
CU_TestInfo tests_relay[] = {
#define T(name)     \
    {               \
#name, name \
    }
    T(a_holder_that_is_cut_off_is_asked_through_a_third),
    T(without_relays_it_fails),
    T(a_query_in_the_moment_of_the_cut_is_answered),
    T(a_connection_that_stands_and_carries_nothing_is_gone_around),
    T(the_nearer_relay_is_found_and_used),
    T(when_the_nearer_relay_becomes_slow_the_other_one_is_used),
    T(a_relay_that_is_cut_off_itself_says_so_and_another_is_found),
    T(a_relay_that_dies_is_given_up_for_another),
    T(when_the_target_dies_the_relay_refuses_what_it_carries),
    T(once_it_can_be_reached_again_it_is_asked_directly),
    T(who_answers_again_is_found_under_any_policy),
    T(who_is_only_busy_is_not_gone_around),
    T(whom_nobody_asks_for_nobody_looks_for),
    T(a_member_that_died_has_no_paths),
    T(where_all_reach_each_other_no_relay_is_tried),
    T(another_configuration_begins_anew),
    T(what_is_handed_on_names_its_origin_and_no_target),
    T(what_could_go_in_circles_is_refused),
    T(two_relays_do_not_play_ball),
    T(who_refuses_an_ant_that_was_not_to_be_handed_on_is_hung_up_on),
    T(a_relay_gives_others_no_more_than_its_share),
    T(a_relay_carries_only_so_much_at_once),
    T(a_busy_or_leaving_relay_refuses),
    T(paths_are_kept_to_a_limited_number_of_members),
    T(a_backup_that_is_cut_off_gets_the_zone_through_a_third),
    T(a_backup_without_relays_stays_behind),
    T(a_zone_of_many_parts_comes_through_a_third),
    T(a_fetch_goes_on_when_its_relay_dies),
    T(parts_of_zones_do_not_go_in_circles_either),
    T(only_so_many_parts_are_carried_at_once),
    CU_TEST_INFO_NULL,
};
