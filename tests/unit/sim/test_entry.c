/* SPDX-License-Identifier: GPL-3.0-or-later
 * One address for several nodes: where it leads, and what is lost until it leads elsewhere. */
#include "tests/lib/check.h"
#include "tests/lib/small_world.h"

static const struct small_world usual = {
    .nodes_a_region = 1, .holders = 3, .rate = 200, .duration = 60 * SW_SEC, .service = 100 * SW_US
};

/* Clients in Frankfurt alone.  n0 stands there, n1 in Dublin (1,080 km), n2 in Stockholm (1,180).
 */
static struct small_scenario *clients(enum sim_entry entry, sw_dur withdrawal)
{
    struct small_scenario *x = small_scenario(&usual);
    struct sim_clients *c = &x->clients[0];
    x->s.n_clients = 1;
    c->entry = entry;
    c->withdrawal = withdrawal;
    c->servers[0] = x->nodes[2].config.name;
    c->servers[1] = x->nodes[1].config.name;
    c->servers[2] = x->nodes[0].config.name;
    return x;
}

static struct small_counts watch(const struct small_scenario *x, sw_time from, sw_time until)
{
    struct sim_world *w = small_start_world(x, 1);
    const struct small_counts *c = small_watch(w, from, until);
    struct sim_result r;
    (void)sim_world_run(w, SW_TIME_NEVER, &r);
    CHECK_STR(r.complaint, "");
    const struct small_counts out = *c;
    sim_world_free(w);
    return out;
}

/* Node @node answers every query sent from @from on and before @until, at once. */
static void answers_all(const struct small_scenario *x, unsigned node, sw_time from, sw_time until)
{
    const struct small_counts c = watch(x, from, until);
    CHECK(c.answered > 100);
    CHECK_U64(c.failed, 0);
    CHECK_U64(c.by_server[node], c.answered);
    CHECK(c.slowest < 200 * SW_MS);
}

static void crash(struct small_scenario *x, const char *node, sw_time at, sw_dur length)
{
    const char *const params[] = { "node", node, NULL };
    small_fault(x, "crash", at, length, params);
}

static void anycast_leads_to_the_nearest_and_after_its_withdrawal_to_the_next(void)
{
    struct small_scenario *x = clients(SIM_ENTRY_ANYCAST, 4 * SW_SEC);
    crash(x, "n0", 10 * SW_SEC, 20 * SW_SEC);
    answers_all(x, 0, SW_SEC, 9900 * SW_MS);
    /* Lost until 14 s: each is sent again after 5 s, and then n1, the next nearest, has it. */
    const struct small_counts lost = watch(x, 10 * SW_SEC, 14 * SW_SEC);
    CHECK(lost.answered > 700);
    CHECK_U64(lost.by_server[1], lost.answered);
    CHECK_U64(lost.transmissions, 2 * lost.answered);
    answers_all(x, 1, 14100 * SW_MS, 33900 * SW_MS);
    answers_all(x, 0, 34100 * SW_MS, 40 * SW_SEC); /* 4 s after it came back */
    free(x);
}

static void a_virtual_address_leads_to_the_first_in_the_list_that_is_up(void)
{
    struct small_scenario *x = clients(SIM_ENTRY_VIRTUAL, 3 * SW_SEC);
    crash(x, "n2", 10 * SW_SEC, 20 * SW_SEC);
    crash(x, "n1", 20 * SW_SEC, 20 * SW_SEC);
    answers_all(x, 2, SW_SEC, 9900 * SW_MS);
    answers_all(x, 1, 13100 * SW_MS, 19900 * SW_MS);
    answers_all(x, 0, 23100 * SW_MS, 32900 * SW_MS);
    answers_all(x, 2, 33100 * SW_MS, 40 * SW_SEC);
    free(x);
}

static void who_is_away_for_less_than_the_withdrawal_keeps_the_address(void)
{
    struct small_scenario *x = clients(SIM_ENTRY_ANYCAST, 4 * SW_SEC);
    crash(x, "n0", 10 * SW_SEC, 3 * SW_SEC);
    crash(x, "n0", 20 * SW_SEC, 3 * SW_SEC);
    const struct small_counts c = watch(x, SW_SEC, 40 * SW_SEC);
    CHECK_U64(c.failed, 0);
    CHECK_U64(c.by_server[0], c.answered);
    CHECK(c.slowest > 5 * SW_SEC);
    free(x);
}

static void who_is_out_of_reach_loses_the_address_as_who_is_dead(void)
{
    struct small_scenario *x = clients(SIM_ENTRY_VIRTUAL, 3 * SW_SEC);
    const char *const params[] = { "region", "stockholm", NULL };
    small_fault(x, "partition", 10 * SW_SEC, 20 * SW_SEC, params);
    answers_all(x, 1, 13100 * SW_MS, 32900 * SW_MS);
    answers_all(x, 2, 33100 * SW_MS, 40 * SW_SEC);
    free(x);
}

static void when_nobody_has_the_address_queries_fail(void)
{
    struct small_scenario *x = clients(SIM_ENTRY_ANYCAST, SW_SEC);
    crash(x, "n0", 10 * SW_SEC, 0);
    crash(x, "n1", 10 * SW_SEC, 0);
    crash(x, "n2", 10 * SW_SEC, 0);
    const struct small_counts c = watch(x, 12 * SW_SEC, 40 * SW_SEC);
    CHECK_U64(c.answered, 0);
    CHECK(c.failed > 5000);
    CHECK_U64(c.transmissions, 2 * c.failed); /* one address, two rounds */
    free(x);
}

static void the_first_to_come_back_when_all_were_gone_has_the_address_at_once(void)
{
    struct small_scenario *x = clients(SIM_ENTRY_VIRTUAL, 10 * SW_SEC);
    crash(x, "n0", 10 * SW_SEC, 0);
    crash(x, "n1", 10 * SW_SEC, 20 * SW_SEC);
    crash(x, "n2", 10 * SW_SEC, 25 * SW_SEC);
    answers_all(x, 1, 30500 * SW_MS, 44900 * SW_MS);
    answers_all(x, 2, 45100 * SW_MS, 50 * SW_SEC); /* first in the list, 10 s after its return */
    free(x);
}

extern CU_TestInfo tests_entry[];
CU_TestInfo tests_entry[] = {
    { "anycast leads to the nearest, and after its withdrawal to the next",
      anycast_leads_to_the_nearest_and_after_its_withdrawal_to_the_next },
    { "a virtual address leads to the first in the list that is up",
      a_virtual_address_leads_to_the_first_in_the_list_that_is_up },
    { "who is away for less than the withdrawal keeps the address",
      who_is_away_for_less_than_the_withdrawal_keeps_the_address },
    { "who is out of reach loses the address as who is dead",
      who_is_out_of_reach_loses_the_address_as_who_is_dead },
    { "the first to come back when all were gone has the address at once",
      the_first_to_come_back_when_all_were_gone_has_the_address_at_once },
    { "when nobody has the address, queries fail", when_nobody_has_the_address_queries_fail },
    CU_TEST_INFO_NULL,
};
