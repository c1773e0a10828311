/* SPDX-License-Identifier: GPL-3.0-or-later
 * Every oracle sees the errors that are planted for it, and none of them complains without.
 *
 * SW_SEEDS says over how many seeds each world must stay quiet; the long tests take a thousand. */
#include "tests/lib/check.h"
#include "tests/lib/planted.h"
#include "tests/lib/small_world.h"

#ifdef SW_SLOW_CHECKS
#define QUIET_SEEDS 2U
#else
#define QUIET_SEEDS 20U
#endif

static const struct small_world usual = { .nodes_a_region = 2,
                                          .holders = 3,
                                          .forward = true,
                                          .rate = 5,
                                          .duration = 150 * SW_SEC,
                                          .service = 100 * SW_US };

/* ---- small worlds ---- */

/* A snapshot, a loss of power, a restore elsewhere. */
static struct small_scenario *with_set(void)
{
    struct small_scenario *x = small_scenario(&usual);
    const char *const params[] = { "region", "stockholm", NULL };
    small_set(x, 20, 20000, 0);
    small_operation(x, 5 * SW_SEC, "snapshot", "n0", "", NULL);
    small_operation(x, 60 * SW_SEC, "restore", "n4", "n0", "restored");
    small_fault(x, "regional_outage", 40 * SW_SEC, 5 * SW_SEC, params);
    return x;
}

/* A node that stops and starts again, with nothing wrong from 15 s on. */
static struct small_scenario *with_crash(void)
{
    struct small_scenario *x = small_scenario(&usual);
    const char *const params[] = { "node", "n3", NULL };
    small_fault(x, "crash", 10 * SW_SEC, 5 * SW_SEC, params);
    return x;
}

static struct small_scenario *with_partition(void)
{
    struct small_world o = usual;
    o.rate = 20;
    o.duration = 50 * SW_SEC;
    struct small_scenario *x = small_scenario(&o);
    const char *const params[] = { "node", "n0", NULL };
    small_fault(x, "partition", 40 * SW_SEC, 5 * SW_SEC, params);
    return x;
}

/* Nothing happens for long. */
static struct small_scenario *with_time(void)
{
    struct small_world o = usual;
    o.duration = 200 * SW_SEC;
    return small_scenario(&o);
}

static struct small_scenario *with_crash_for_good(void)
{
    struct small_scenario *x = with_time();
    const char *const params[] = { "node", "n3", NULL };
    small_fault(x, "crash", 10 * SW_SEC, 0, params);
    return x;
}

/* The primary edits, a backup is promoted, and edits as well. */
static struct small_scenario *with_edits(void)
{
    struct small_world o = usual;
    o.forward = false;
    struct small_scenario *x = small_scenario(&o);
    small_zone_operation(x, 10 * SW_SEC, "edit_zone", "n0");
    small_zone_operation(x, 20 * SW_SEC, "promote", "n1");
    small_zone_operation(x, 30 * SW_SEC, "edit_zone", "n1");
    return x;
}

/* The old primary does not hear of the promotion, and edits on. */
static struct small_scenario *with_two_writers(void)
{
    struct small_scenario *x = with_edits();
    const char *const params[] = { "node", "n0", NULL };
    small_zone_operation(x, 25 * SW_SEC, "edit_zone", "n0");
    small_fault(x, "partition", 15 * SW_SEC, 20 * SW_SEC, params);
    return x;
}

/* ---- the table ---- */

struct planting {
    const char *oracle, *bug;
    struct small_scenario *(*make)(void);
    sw_time from;
    struct sim_hooks hooks;
    const char *says;   /* a part of the complaint */
    sw_time not_before; /* nor does it complain earlier */
};

static const struct planting plantings[] = {
    { "answers",
      "a bit of an answer's last record flips",
      with_crash,
      0,
      { .on_reply = planted_flip },
      "answered",
      0 },
    { "answers",
      "names without the type asked for are denied",
      with_crash,
      0,
      { .on_reply = planted_deny },
      "answered",
      0 },
    { "answers",
      "backups don't fetch what is newer",
      with_edits,
      0,
      { .planted = SW_PLANTED_DEAF },
      "answered",
      70 * SW_SEC },
    { "convergence",
      "backups don't fetch what is newer",
      with_edits,
      0,
      { .planted = SW_PLANTED_DEAF },
      "and not",
      70 * SW_SEC },
    { "convergence",
      "the version heard of last wins, not the newest",
      with_two_writers,
      0,
      { .planted = SW_PLANTED_LAST_WRITER },
      "went back",
      10 * SW_SEC },
    { "snapshots",
      "nothing is ever synced",
      with_set,
      0,
      { .on_fs = planted_skip_syncs },
      "acknowledged object",
      40 * SW_SEC },
    { "snapshots",
      "the source's files are read wrongly",
      with_set,
      0,
      { .on_fs = planted_misread },
      "not what was there",
      60 * SW_SEC },
    { "plaintext",
      "large messages are not sealed",
      with_set,
      0,
      { .on_send = planted_leak },
      "n0 sends a peer plaintext of n0's",
      5 * SW_SEC },
    { "plaintext",
      "a node has what it can't know on its disk",
      with_set,
      0,
      { .on_fs = planted_leak_to_disk },
      "n1 has plaintext of n0's",
      150 * SW_SEC },
    { "liveness",
      "answers have another ID, long after the last fault",
      with_crash,
      70 * SW_SEC,
      { .on_reply = planted_spoil },
      "though the last fault ended",
      75 * SW_SEC },
    { "bounds",
      "a message is sent very often to a peer that is cut off",
      with_partition,
      40 * SW_SEC,
      { .on_send = planted_babble },
      "bytes wait for one connection",
      40 * SW_SEC },
    { "membership",
      "nobody hears a node that runs",
      with_time,
      20 * SW_SEC,
      { .on_send = planted_mute },
      "takes n3 for dead, which is up",
      92 * SW_SEC }, /* of 6 nodes: 11 probes in 47 s, 30 s suspect, 15 s to compare */
    { "membership",
      "helpers vouch for a node that is gone",
      with_crash_for_good,
      0,
      { .on_send = planted_vouch },
      "takes n3 for alive, which is down",
      102 * SW_SEC }, /* from 10 s on */
};

/* Run @x with @hooks (may be NULL) under @oracle, or all when it is NULL. */
static struct sim_result judged(struct small_scenario *x, uint64_t seed, const char *oracle,
                                const struct planting *p)
{
    char *only[] = { small_text(oracle) };
    struct sim_result r;
    x->s.oracles = oracle != NULL ? only : NULL;
    x->s.n_oracles = oracle != NULL;
    struct sim_world *w = small_start_world(x, seed);
    if (p != NULL) {
        planted_arm(w, p->from);
        sim_world_hook(w, &p->hooks);
    }
    (void)sim_world_run(w, SW_TIME_NEVER, &r);
    sim_world_free(w);
    return r;
}

static void each_oracle_sees_what_is_planted_for_it(void)
{
    for (size_t i = 0; i < SW_LEN(plantings); i++) {
        const struct planting *p = &plantings[i];
        struct small_scenario *x = p->make();
        const struct sim_result r = judged(x, 1, p->oracle, p);
        CHECK_STR(r.oracle, p->oracle);
        if (strstr(r.complaint, p->says) == NULL) {
            CHECK_STR(r.complaint, p->bug);
        }
        CHECK(r.complained_at >= p->not_before);
        free(x);
    }
}

static void no_oracle_is_without_a_planted_bug(void)
{
    const struct sim_watcher *o;
    for (size_t i = 0; (o = sim_oracle_at(i)) != NULL; i++) {
        bool there = false;
        for (size_t k = 0; k < SW_LEN(plantings); k++) {
            there = there || strcmp(plantings[k].oracle, o->name) == 0;
        }
        if (!there) {
            CHECK_STR(o->name, "in the table");
        }
    }
}

static void without_a_bug_no_oracle_says_anything(void)
{
    const char *asked = getenv("SW_SEEDS");
    const uint64_t seeds = asked != NULL ? strtoull(asked, NULL, 10) : QUIET_SEEDS;
    CHECK(seeds > 0);
    for (size_t i = 0; i < SW_LEN(plantings); i++) {
        if (i > 0 && plantings[i].make == plantings[i - 1].make) {
            continue; /* the same world */
        }
        struct small_scenario *x = plantings[i].make();
        for (uint64_t seed = 1; seed <= seeds; seed++) {
            const struct sim_result r = judged(x, seed, NULL, NULL);
            CHECK_STR(r.complaint, "");
        }
        free(x);
    }
}

static void a_fault_for_good_promises_nothing(void)
{
    struct small_scenario *x = with_crash();
    struct planting spoilt = { .from = 70 * SW_SEC, .hooks = { .on_reply = planted_spoil } };
    x->faults[0].length = 0;
    const struct sim_result r = judged(x, 1, "liveness", &spoilt);
    CHECK_STR(r.complaint, "");
    free(x);
}

/* n3 knows nobody but n0, which is gone for good when n3 starts again: the others hold that it
 * left. */
static void who_restarts_when_nobody_it_would_join_by_lives_may_stay_alone(void)
{
    struct small_world o = usual;
    o.duration = 250 * SW_SEC;
    struct small_scenario *x = small_scenario(&o);
    const char *const n0[] = { "node", "n0", NULL };
    const char *const n3[] = { "node", "n3", NULL };
    char *join[] = { small_text("n0") };
    for (unsigned i = 1; i < x->s.n_nodes; i++) {
        x->nodes[i].config.join = join;
        x->nodes[i].config.n_join = 1;
        x->nodes[i].config.n_peers = 0;
    }
    x->nodes[0].config.n_peers = 0;
    small_fault(x, "restart", 30 * SW_SEC, 0, n0);
    small_fault(x, "restart", 60 * SW_SEC, 5 * SW_SEC, n3);
    CHECK_STR(judged(x, 1, "membership", NULL).complaint, "");
    x->faults[0].length =
        20 * SW_SEC; /* it comes back, so that n3 can join by it: judged as ever */
    const struct planting mute = { .from = 100 * SW_SEC, .hooks = { .on_send = planted_mute } };
    CHECK_STR(judged(x, 1, "membership", NULL).complaint, "");
    CHECK_STR(judged(x, 1, "membership", &mute).oracle, "membership");
    free(x);
}

/* The job that reads the first edit is still writing its copy when the second one is made, which
 * is refused then: clients get the first. */
static void a_master_file_edited_while_it_is_loaded_is_served_as_it_was_read(void)
{
    struct small_world o = usual;
    const char *const params[] = { "node", "n0", "factor", "200", NULL };
    o.forward = false;
    o.nonexistent = 0.3; /* denials have the serial in them */
    struct small_scenario *x = small_scenario(&o);
    small_zone_operation(x, 10 * SW_SEC, "edit_zone", "n0");
    small_zone_operation(x, 11 * SW_SEC, "edit_zone", "n0");
    small_fault(x, "slow_disk", 9 * SW_SEC, 10 * SW_SEC, params);
    const struct sim_result r = judged(x, 1, NULL, NULL);
    CHECK_STR(r.complaint, "");
    free(x);
}

/* The edit goes with the only disk that has it, and the zone as it was is served for long.  What
 * the primary sends just before it is promoted is as right as it was until then, and comes after.
 */
static void a_version_that_is_the_newest_again_may_be_served_as_if_it_were_new(void)
{
    struct small_world o = usual;
    const char *const params[] = { "node", "n0", "disk", "lost", NULL };
    o.forward = false;
    o.holders = 1;
    o.rate = 50;
    o.nonexistent = 0.5; /* denials have the serial in them */
    o.duration = 130 * SW_SEC;
    struct small_scenario *x = small_scenario(&o);
    small_zone_operation(x, 10 * SW_SEC, "edit_zone", "n0");
    small_fault(x, "crash", 20 * SW_SEC, SW_SEC, params);
    small_zone_operation(x, 120 * SW_SEC, "promote", "n0");
    const struct sim_result r = judged(x, 1, NULL, NULL);
    CHECK_STR(r.complaint, "");
    free(x);
}

/* A promotion adds 2^30 to a serial: the fifth has the first one's (RFC 1982), and the same text.
 */
static void five_promotions_go_round_and_answers_stay_right(void)
{
    struct small_world o = usual;
    o.forward = false;
    o.holders = 2;
    o.rate = 50;
    o.nonexistent = 0.5; /* denials have the serial in them */
    o.duration = 300 * SW_SEC;
    struct small_scenario *x = small_scenario(&o);
    for (sw_time i = 1; i <= 5; i++) { /* what was served is over when the next begins */
        small_zone_operation(x, i * 50 * SW_SEC, "promote", i % 2 != 0 ? "n1" : "n0");
    }
    const struct sim_result r = judged(x, 1, NULL, NULL);
    CHECK_STR(r.complaint, "");
    free(x);
}

/* ---- a race between strands ---- */

/* Seeds; nearly all of them lose the race. */
#define RACES 4U

/* Six nodes that protect a file each, at their own pace, and keep each other's; jobs of two strands
 * often overlap. */
static struct small_scenario *with_many_sets(void)
{
    struct small_world o = usual;
    o.duration = 10 * SW_SEC;
    o.rate = 0.1;
    struct small_scenario *x = small_scenario(&o);
    for (unsigned i = 0; i < x->s.n_nodes; i++) {
        small_set_of(x, i, 1, 2000, (300 + i * 20) * SW_MS);
        x->nodes[i].disk.fsync = 300 * SW_US;
    }
    return x;
}

static unsigned races_seen(struct small_scenario *x, struct sim_hooks hooks)
{
    const struct planting p = { .hooks = hooks };
    unsigned n = 0;
    for (uint64_t seed = 1; seed <= RACES; seed++) {
        const struct sim_result r = judged(x, seed, "snapshots", &p);
        n += r.complaint[0] != '\0';
        CHECK(r.complaint[0] == '\0' || strstr(r.complaint, "acknowledged object") != NULL);
    }
    return n;
}

static void a_race_between_strands_is_found_only_where_jobs_interleave(void)
{
    struct small_scenario *x = with_many_sets();
    CHECK_U64(races_seen(x, (struct sim_hooks){ .self = NULL }), 0);
    CHECK(races_seen(x, (struct sim_hooks){ .on_fs = planted_share_temporary }) >= 1);
    CHECK_U64(
        races_seen(x, (struct sim_hooks){ .on_fs = planted_share_temporary, .whole_jobs = true }),
        0);
    free(x);
}

extern CU_TestInfo tests_oracles[];
CU_TestInfo tests_oracles[] = {
    { "each oracle sees what is planted for it", each_oracle_sees_what_is_planted_for_it },
    { "no oracle is without a planted bug", no_oracle_is_without_a_planted_bug },
    { "without a bug no oracle says anything", without_a_bug_no_oracle_says_anything },
    { "a fault for good promises nothing", a_fault_for_good_promises_nothing },
    { "who restarts when nobody it would join by lives may stay alone",
      who_restarts_when_nobody_it_would_join_by_lives_may_stay_alone },
    { "a master file edited while it is loaded is served as it was read",
      a_master_file_edited_while_it_is_loaded_is_served_as_it_was_read },
    { "a version that is the newest again may be served as if it were new",
      a_version_that_is_the_newest_again_may_be_served_as_if_it_were_new },
    { "five promotions go round and answers stay right",
      five_promotions_go_round_and_answers_stay_right },
    { "a race between strands is found only where jobs interleave",
      a_race_between_strands_is_found_only_where_jobs_interleave },
    CU_TEST_INFO_NULL,
};
