/* SPDX-License-Identifier: GPL-3.0-or-later
 * Faults of a node's process and of its disk: what peers and clients see, and that no restore ever
 * delivers what a disk altered. */
#include "sim/world/disk.h"
#include "sim/world/inside.h"
#include "tests/lib/check.h"
#include "tests/lib/small_world.h"

#ifdef SW_SLOW_CHECKS
#define SEEDS 4U
#else
#define SEEDS 18U
#endif

static const struct small_world usual = {
    .nodes_a_region = 1, .holders = 3, .rate = 20, .duration = 100 * SW_SEC, .service = 100 * SW_US
};

static const char *const first[] = { "node", "n0", NULL };

/* How many of a node's peers it is connected to; 99 when it is down. */
static unsigned connected(const struct sim_world *w, uint32_t node)
{
    struct sw_route_info info[8];
    unsigned n = 0;
    if (sim_world_node(w, node) == NULL) {
        return 99;
    }
    const size_t all = sw_node_routes(sim_world_node(w, node), info, SW_LEN(info));
    for (size_t i = 0; i < all && i < SW_LEN(info); i++) {
        n += info[i].connected;
    }
    return n;
}

static void run_to(struct sim_world *w, sw_time at)
{
    struct sim_result r;
    (void)sim_world_run(w, at, &r);
    CHECK_STR(r.complaint, "");
}

/* ---- processes ---- */

static void a_paused_process_answers_late_and_all_at_once(void)
{
    struct small_scenario *x = small_scenario(&usual);
    small_fault(x, "pause", 30 * SW_SEC, 3 * SW_SEC, first);
    struct sim_world *w = small_start_world(x, 1);
    const struct small_counts *c = small_watch(w, 30 * SW_SEC + SW_MS, 33 * SW_SEC - SW_MS);
    run_to(w, 32900 * SW_MS);
    CHECK_U64(connected(w, 1), 2); /* its kernel still acknowledges */
    CHECK_U64(c->by_server[0], 0);
    run_to(w, 33500 * SW_MS);
    CHECK(c->by_server[0] > 30); /* about 60, from the queue, none sent twice */
    CHECK_U64(c->transmissions, c->answered);
    CHECK(c->slowest > 2800 * SW_MS && c->slowest < 3200 * SW_MS);
    CHECK_I64(sim_world_wall(w, 0), sim_wall(33500 * SW_MS)); /* the clock went on */
    run_to(w, 60 * SW_SEC);
    CHECK_U64(connected(w, 0), 2);
    CHECK_U64(c->failed, 0);
    sim_world_free(w);
    free(x);
}

static void peers_hang_up_on_a_process_that_stands_still(void)
{
    struct small_scenario *x = small_scenario(&usual);
    small_fault(x, "pause", 30 * SW_SEC, 30 * SW_SEC, first);
    struct sim_world *w = small_start_world(x, 1);
    const struct small_counts *c = small_watch(w, 61 * SW_SEC, 89 * SW_SEC);
    run_to(w, 32 * SW_SEC);
    CHECK_U64(connected(w, 1), 2);
    run_to(w, 55 * SW_SEC);
    CHECK_U64(connected(w, 1), 1);
    CHECK_U64(connected(w, 2), 1);
    CHECK_U64(connected(w, 0), 2); /* it does not know yet */
    run_to(w, 95 * SW_SEC);
    CHECK_U64(connected(w, 0), 2);
    CHECK_U64(connected(w, 1), 2);
    CHECK(c->by_server[0] > 0);
    CHECK_U64(c->failed, 0);
    sim_world_free(w);
    free(x);
}

static void a_process_that_dies_takes_its_pause_with_it(void)
{
    static const char *const process[] = { "node", "n0", "of", "process", NULL };
    struct small_scenario *x = small_scenario(&usual);
    small_fault(x, "pause", 30 * SW_SEC, 30 * SW_SEC, first);
    small_fault(x, "crash", 40 * SW_SEC, 5 * SW_SEC, process);
    small_fault(x, "pause", 42 * SW_SEC, 28 * SW_SEC, first); /* nothing to stop */
    small_fault(x, "pause", 75 * SW_SEC, 5 * SW_SEC, first);
    struct sim_world *w = small_start_world(x, 1);
    const struct small_counts *up = small_watch(w, 50 * SW_SEC, 74 * SW_SEC);
    const struct small_counts *stopped = small_watch(w, 75 * SW_SEC + SW_MS, 79 * SW_SEC);
    run_to(w, 74500 * SW_MS);
    CHECK_U64(connected(w, 0), 2);
    CHECK(up->by_server[0] > 100);
    run_to(w, 79900 * SW_MS);
    CHECK_U64(stopped->by_server[0], 0);
    run_to(w, 95 * SW_SEC);
    CHECK(stopped->by_server[0] > 0);
    sim_world_free(w);
    free(x);
}

static void a_restart_finishes_first_and_loses_no_client(void)
{
    struct small_world o = usual;
    o.nodes_a_region = 2;
    o.holders = 3;
    o.forward = true;
    o.rate = 50;
    struct small_scenario *x = small_scenario(&o);
    small_fault(x, "restart", 30 * SW_SEC, 5 * SW_SEC, first);
    struct sim_world *w = small_start_world(x, 1);
    const struct small_counts *c = small_watch(w, 25 * SW_SEC, 89 * SW_SEC);
    run_to(w, 34 * SW_SEC);
    CHECK_U64(connected(w, 0), 99);
    run_to(w, 60 * SW_SEC);
    CHECK_U64(connected(w, 0), 5);
    run_to(w, 100 * SW_SEC);
    CHECK_U64(c->failed, 0);
    CHECK_U64(c->transmissions, c->answered); /* n0 forwards to nobody, others ask elsewhere */
    sim_world_free(w);
    free(x);
}

/* What its peers take a node for. */
static const char *state_of(const struct sim_world *w, uint32_t watcher, const char *name)
{
    static struct sw_member_info info[8];
    const size_t n = sw_node_members(sim_world_node(w, watcher), info, SW_LEN(info));
    for (size_t i = 0; i < n && i < SW_LEN(info); i++) {
        if (strcmp(info[i].name.s, name) == 0) {
            return info[i].state;
        }
    }
    return "not known";
}

/* Its last words arrive before its connections end. */
static void who_stops_in_order_has_left_for_all_others(void)
{
    struct small_scenario *x = small_scenario(&usual);
    small_fault(x, "restart", 30 * SW_SEC, 20 * SW_SEC, first);
    struct sim_world *w = small_start_world(x, 1);
    run_to(w, 30 * SW_SEC - 1);
    CHECK_STR(state_of(w, 1, "n0"), "alive");
    for (sw_time at = 30500 * SW_MS; at < 50 * SW_SEC; at += 500 * SW_MS) {
        run_to(w, at);
        CHECK_STR(state_of(w, 1, "n0"), "left");
        CHECK_STR(state_of(w, 2, "n0"), "left");
    }
    run_to(w, 55 * SW_SEC);
    CHECK_STR(state_of(w, 1, "n0"), "alive");
    CHECK_STR(state_of(w, 2, "n0"), "alive");
    sim_world_free(w);
    free(x);
}

/* n5 has left for the others, who dial it otherwise, and knows nothing of them when it is back; but
 * its bulk connections stand at once. */
static void who_is_back_is_alive_though_it_connects_for_its_snapshots_first(void)
{
    struct small_world o = usual;
    o.nodes_a_region = 2;
    struct small_scenario *x = small_scenario(&o);
    for (unsigned i = 0; i < 6; i++) {
        x->nodes[i].config.membership.connections = 4; /* fewer than there are others */
    }
    small_set_of(x, 5, 3, 1024, 7 * SW_SEC);
    static const char *const last[] = { "node", "n5", NULL };
    small_fault(x, "restart", 30 * SW_SEC, 500 * SW_MS, last);
    struct sim_world *w = small_start_world(x, 1);
    run_to(w, 60 * SW_SEC);
    for (uint32_t i = 0; i < 5; i++) {
        CHECK_STR(state_of(w, i, "n5"), "alive");
    }
    sim_world_free(w);
    free(x);
}

/* It has what an installation puts there, and room. */
static void a_disk_in_the_place_of_a_full_one_is_not_full(void)
{
    static const char *const lost[] = { "node", "n0", "disk", "lost", NULL };
    struct small_world o = usual;
    o.nodes_a_region = 1;
    o.holders = 1; /* n0, and nobody it could fetch the zone from */
    struct small_scenario *x = small_scenario(&o);
    small_fault(x, "full_disk", 20 * SW_SEC, 40 * SW_SEC, first);
    small_fault(x, "crash", 30 * SW_SEC, 2 * SW_SEC, lost);
    struct sim_world *w = small_start_world(x, 1);
    struct sw_zone_info zone = { 0 };
    run_to(w, 40 * SW_SEC);
    REQUIRE(sim_world_node(w, 0) != NULL);
    (void)sw_node_zones(sim_world_node(w, 0), &zone, 1);
    CHECK(zone.loaded);
    sim_world_free(w);
    free(x);
}

static void a_restart_without_patience_ends_in_a_kill(void)
{
    struct small_scenario *x = small_scenario(&usual);
    small_fault(x, "restart", 30 * SW_SEC, 1, first);
    small_fault(x, "restart", 50 * SW_SEC, 10 * SW_SEC, first);
    small_fault(x, "restart", 52 * SW_SEC, 20 * SW_SEC, first);
    struct sim_world *w = small_start_world(x, 1);
    run_to(w, 31 * SW_SEC);
    CHECK(sim_world_node(w, 0) != NULL); /* a new one already */
    run_to(w, 65 * SW_SEC);
    CHECK(sim_world_node(w, 0) == NULL); /* the second restart still holds it */
    run_to(w, 95 * SW_SEC);
    CHECK_U64(connected(w, 0), 2);
    sim_world_free(w);
    free(x);
}

static void a_region_goes_node_by_node(void)
{
    static const char *const over[] = { "region", "frankfurt", "over", "20s", NULL };
    /* n0, n3, n6 stand in frankfurt: they go at 30, 40 and 50 s; the other outage ends before */
    static const struct {
        sw_time at;
        unsigned down;
        bool dark;
    } want[] = { { 29, 0, false },   { 31, 1, false },   { 41, 011, false },
                 { 49, 011, false }, { 51, 0111, true }, { 61, 0, false },
                 { 71, 1, false },   { 76, 0, false },   { 95, 0, false } };
    struct small_world o = usual;
    o.nodes_a_region = 3;
    o.holders = 9;
    struct small_scenario *x = small_scenario(&o);
    small_fault(x, "regional_outage", 30 * SW_SEC, 30 * SW_SEC, over);
    small_fault(x, "regional_outage", 70 * SW_SEC, 5 * SW_SEC, over);
    struct sim_world *w = small_start_world(x, 1);
    for (size_t i = 0; i < SW_LEN(want); i++) {
        unsigned down = 0;
        run_to(w, want[i].at * SW_SEC);
        for (uint32_t n = 0; n < 9; n++) {
            down |= (unsigned)(sim_world_node(w, n) == NULL) << n;
        }
        CHECK_U64(down, want[i].down);
        CHECK_U64(sim_world_region_dark(w, 0), want[i].dark);
    }
    sim_world_free(w);
    free(x);
}

/* ---- disks ---- */

static struct small_scenario *with_set(sw_time snapshot_at)
{
    struct small_world o = usual;
    o.nodes_a_region = 2;
    o.holders = 6;
    o.rate = 1;
    struct small_scenario *x = small_scenario(&o);
    small_set(x, 20, 20000, 0);
    small_operation(x, snapshot_at, "snapshot", "n0", "", NULL);
    return x;
}

static void power_that_fails_inside_a_write_loses_nothing_acknowledged(void)
{
    static const char *const nodes[] = { "n0", "n1", "n2", "n3", "n4", "n5" };
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct small_scenario *x = with_set(30 * SW_SEC);
        const char *const params[] = { "node", nodes[seed % 6], NULL };
        struct sim_result r;
        /* the moment differs, and with it which of the writes it is */
        small_fault(x, "torn_write", 30 * SW_SEC + seed * 977 % 400 * SW_MS, 10 * SW_SEC, params);
        small_operation(x, 60 * SW_SEC, "snapshot", "n0", "", NULL);
        small_operation(x, 80 * SW_SEC, "restore", "n4", "n0", "back");
        const struct small_outcome o = small_run(x, seed, NULL, &r);
        CHECK_STR(r.complaint, "");
        CHECK_I64(o.last.status, 0);
        CHECK_STR(o.reason, "");
        CHECK_STR(o.differs, "");
        free(x);
    }
}

static void a_torn_write_takes_the_node_down_until_the_end(void)
{
    struct small_scenario *x = with_set(30 * SW_SEC);
    small_fault(x, "torn_write", 20 * SW_SEC, 30 * SW_SEC, first);
    small_fault(x, "torn_write", 60 * SW_SEC, 10 * SW_SEC, first); /* nothing is written then */
    struct sim_world *w = small_start_world(x, 1);
    run_to(w, 29 * SW_SEC);
    CHECK(sim_world_node(w, 0) != NULL);
    run_to(w, 31 * SW_SEC);
    CHECK(sim_world_node(w, 0) == NULL);
    run_to(w, 51 * SW_SEC);
    CHECK(sim_world_node(w, 0) != NULL);
    run_to(w, 69 * SW_SEC);
    CHECK(sim_world_node(w, 0) != NULL);
    sim_world_free(w);
    free(x);
}

static void torn_writes_at_once_take_the_node_down_until_the_last_ends(void)
{
    struct small_scenario *x = with_set(30 * SW_SEC);
    small_fault(x, "torn_write", 20 * SW_SEC, 30 * SW_SEC, first);
    small_fault(x, "torn_write", 25 * SW_SEC, 15 * SW_SEC, first);
    struct sim_world *w = small_start_world(x, 1);
    run_to(w, 31 * SW_SEC);
    CHECK(sim_world_node(w, 0) == NULL);
    run_to(w, 41 * SW_SEC);
    CHECK(sim_world_node(w, 0) == NULL);
    run_to(w, 51 * SW_SEC);
    CHECK(sim_world_node(w, 0) != NULL);
    sim_world_free(w);
    free(x);
}

static int add_up(void *arg, const char *path, struct sw_bytes content, const struct sw_stat *st)
{
    uint64_t *sum = arg;
    (void)path;
    (void)st;
    for (size_t i = 0; i < content.len; i++) {
        *sum = *sum * 31 + content.data[i];
    }
    return 0;
}

static void rot_twice_at_once_is_twice_the_rot(void)
{
    static const char *const params[] = { "node", "n1", "bits", "1", NULL };
    struct small_scenario *x = with_set(30 * SW_SEC);
    uint64_t sums[2] = { 0 };
    small_fault(x, "bit_rot", 50 * SW_SEC, 0, params);
    small_fault(x, "bit_rot", 50 * SW_SEC, 0, params);
    struct sim_world *w = small_start_world(x, 1);
    for (unsigned i = 0; i < 2; i++) {
        run_to(w, (49 + 2 * (sw_time)i) * SW_SEC);
        CHECK_I64(sim_disk_each(sim_world_disk(w, 1), "store", add_up, &sums[i]), 0);
    }
    CHECK(sums[0] != 0 && sums[0] != sums[1]);
    sim_world_free(w);
    free(x);
}

/* n4 restores: its own copy too may be the rotten one. */
static void rot_on_one_disk_harms_no_restore(void)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        static const char *const nodes[] = { "n1", "n2", "n3", "n4", "n5" };
        struct small_scenario *x = with_set(30 * SW_SEC);
        const char *const params[] = { "node", nodes[seed % 5], "bits", "200", NULL };
        const char *const lost[] = { "node", "n0", "disk", "lost", NULL };
        struct sim_result r;
        small_fault(x, "bit_rot", 50 * SW_SEC, 0, params);
        small_fault(x, "crash", 51 * SW_SEC, 0, lost);
        small_operation(x, 70 * SW_SEC, "restore", "n4", "n0", "back");
        const struct small_outcome o = small_run(x, seed, NULL, &r);
        CHECK_STR(r.complaint, "");
        CHECK_U64(o.safe, 1);
        CHECK_I64(o.last.status, 0);
        CHECK_STR(o.differs, "");
        free(x);
    }
}

/* A bit of each of two disks, so that one of three copies may suffer, or many of all six: what
 * comes back is right, or nothing does. */
static void rot_on_many_disks_is_found_and_never_restored(void)
{
    static const char *const nodes[] = { "n0", "n1", "n2", "n3", "n4", "n5" };
    static const char *const bits[] = { "1", "1000" };
    unsigned back[2] = { 0 };
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct small_scenario *x = with_set(30 * SW_SEC);
        const char *params[6][5];
        struct sim_result r;
        for (unsigned i = 0; i < (seed % 2 == 0 ? 2U : 6U); i++) {
            params[i][0] = "node";
            params[i][1] = nodes[i];
            params[i][2] = "bits";
            params[i][3] = bits[seed % 2];
            params[i][4] = NULL;
            small_fault(x, "bit_rot", 50 * SW_SEC, 0, params[i]);
        }
        small_operation(x, 70 * SW_SEC, "restore", "n4", "n0", "back");
        const struct small_outcome o = small_run(x, seed, NULL, &r);
        CHECK_STR(r.complaint, ""); /* the snapshots oracle compares every restore */
        CHECK_U64(o.n, 1);
        CHECK(o.last.status != 0 || o.differs[0] == '\0');
        CHECK(o.last.status == 0 || o.reason[0] != '\0');
        back[seed % 2] += o.last.status == 0;
        free(x);
    }
    CHECK_U64(back[0], SEEDS / 2); /* other copies are whole */
    CHECK_U64(back[1], 0);
}

static void what_cant_be_read_delays_and_alters_nothing(void)
{
    static const char *const nodes[] = { "n0", "n1", "n4" };
    static const char *const shares[] = { "0.001", "0.02", "1" };
    unsigned back = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct small_scenario *x = with_set(30 * SW_SEC);
        const char *const params[] = { "node", nodes[seed % 3], "share",
                                       shares[seed % 2 + seed / 3 % 2], NULL };
        struct sim_result r;
        small_fault(x, "read_errors", 25 * SW_SEC, 60 * SW_SEC, params);
        small_operation(x, 60 * SW_SEC, "restore", "n4", "n0", "early");
        small_operation(x, 90 * SW_SEC, "snapshot", "n0", "", NULL);
        small_operation(x, 94 * SW_SEC, "restore", "n4", "n0", "back");
        const struct small_outcome o = small_run(x, seed, NULL, &r);
        CHECK_STR(r.complaint, "");
        CHECK_I64(o.last.status, 0); /* the disk is well again: so is the swarm */
        CHECK_STR(o.differs, "");
        back += o.last.status == 0;
        free(x);
    }
    CHECK_U64(back, SEEDS);
}

extern CU_TestInfo tests_node_faults[];
CU_TestInfo tests_node_faults[] = {
    { "a paused process answers late and all at once",
      a_paused_process_answers_late_and_all_at_once },
    { "peers hang up on a process that stands still",
      peers_hang_up_on_a_process_that_stands_still },
    { "a process that dies takes its pause with it", a_process_that_dies_takes_its_pause_with_it },
    { "a restart finishes first and loses no client",
      a_restart_finishes_first_and_loses_no_client },
    { "who stops in order has left for all others", who_stops_in_order_has_left_for_all_others },
    { "who is back is alive, though it connects for its snapshots first",
      who_is_back_is_alive_though_it_connects_for_its_snapshots_first },
    { "a disk in the place of a full one is not full",
      a_disk_in_the_place_of_a_full_one_is_not_full },
    { "a restart without patience ends in a kill", a_restart_without_patience_ends_in_a_kill },
    { "a region goes node by node", a_region_goes_node_by_node },
    { "power that fails inside a write loses nothing acknowledged",
      power_that_fails_inside_a_write_loses_nothing_acknowledged },
    { "a torn write takes the node down until the end",
      a_torn_write_takes_the_node_down_until_the_end },
    { "torn writes at once take the node down until the last ends",
      torn_writes_at_once_take_the_node_down_until_the_last_ends },
    { "rot twice at once is twice the rot", rot_twice_at_once_is_twice_the_rot },
    { "rot on one disk harms no restore", rot_on_one_disk_harms_no_restore },
    { "rot on many disks is found and never restored",
      rot_on_many_disks_is_found_and_never_restored },
    { "what can't be read delays and alters nothing", what_cant_be_read_delays_and_alters_nothing },
    CU_TEST_INFO_NULL,
};
