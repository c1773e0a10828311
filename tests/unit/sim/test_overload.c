/* SPDX-License-Identifier: GPL-3.0-or-later
 * What refusals ahead of the queue bring in an overload, and hedges beside a node that stumbles. */
#include "tests/lib/check.h"
#include "tests/lib/small_world.h"

/* Three holders of one core, 5 ms a query: 600 a second in all.  Three entry nodes, which hold
 * nothing and cost next to nothing. */
static struct small_scenario *holders_and_entries(double rate_a_region)
{
    const struct small_world o = { .nodes_a_region = 2,
                                   .holders = 3,
                                   .forward = true,
                                   .rate = rate_a_region,
                                   .duration = 30 * SW_SEC,
                                   .policy = "ant_colony",
                                   .service = 5 * SW_MS };
    struct small_scenario *x = small_scenario(&o);
    for (unsigned i = 3; i < 6; i++) {
        x->nodes[i].processor.service = 20 * SW_US;
    }
    for (unsigned r = 0; r < SMALL_REGIONS; r++) {
        x->clients[r].n_servers = 1; /* and each asks once: what is offered stays what it is */
        x->clients[r].attempts = 1;
    }
    return x;
}

/* Of queries sent after 10 s. */
struct seen {
    uint64_t all, right, slow;
};

static int start(struct sim_world *w, void **self)
{
    (void)w;
    *self = calloc(1, sizeof(struct seen));
    return *self == NULL ? SW_ERR_NOMEM : 0;
}

static void on_query(void *self, struct sim_world *w, const struct sim_query_done *q)
{
    struct seen *s = self;
    (void)w;
    if (q->sent_at >= 10 * SW_SEC) {
        s->all++;
        s->right += q->answered && (q->answer.data[3] & 15) == 0;
        s->slow += q->done_at - q->sent_at > 70 * SW_MS;
    }
}

static const struct sim_watcher watcher = {
    .name = "overload", .start = start, .on_query = on_query, .stop = free
};

static struct seen run(const struct small_scenario *x, struct sw_node_counts *entry)
{
    struct sim_world *w = small_start_world(x, 1);
    struct sim_result r;
    void *self = NULL;
    CHECK_I64(sim_world_watch(w, &watcher, &self), 0);
    (void)sim_world_run(w, SW_TIME_NEVER, &r);
    CHECK_STR(r.complaint, "");
    const struct seen out = *(struct seen *)self;
    sw_node_counts(sim_world_node(w, 3), entry);
    sim_world_free(w);
    return out;
}

/* Half as much again as they can answer.  Without refusals each query is served when whoever asked
 * has long asked somebody else; with them two thirds get an answer. */
static void refusals_keep_an_overloaded_swarm_at_its_capacity(void)
{
    double share[2];
    for (int limited = 0; limited < 2; limited++) {
        struct small_scenario *x = holders_and_entries(300);
        struct sw_node_counts entry;
        for (unsigned i = 0; i < 6; i++) {
            x->nodes[i].config.max_stay = limited ? 100 * SW_MS : 0;
        }
        const struct seen s = run(x, &entry);
        CHECK(s.all > 12000);
        share[limited] = (double)s.right / (double)s.all;
        free(x);
    }
    CHECK(share[1] > 0.6 && share[1] < 0.7);
    CHECK(share[0] < share[1] / 2);
}

/* Where there is room, refusals change nothing at all. */
static void below_capacity_nobody_is_refused(void)
{
    struct small_scenario *x = holders_and_entries(60);
    struct sw_node_counts entry;
    for (unsigned i = 0; i < 6; i++) {
        x->nodes[i].config.max_stay = 100 * SW_MS;
    }
    const struct seen s = run(x, &entry);
    CHECK_U64(entry.refused, 0);
    CHECK_U64(s.right, s.all);
    free(x);
}

/* Frankfurt's holder stands still for 300 ms, eight times. */
static void hedges_overtake_a_node_that_stumbles(void)
{
    struct seen s[2];
    for (int hedged = 0; hedged < 2; hedged++) {
        struct small_scenario *x = holders_and_entries(40);
        struct sw_node_counts entry;
        for (unsigned i = 0; i < 6; i++) {
            x->nodes[i].config.hedge_budget = hedged ? 0.1 : 0;
        }
        x->s.duration = 20 * SW_SEC;
        const char *const params[] = { "node", "n0", NULL };
        for (unsigned i = 0; i < 8; i++) {
            small_fault(x, "pause", 11 * SW_SEC + i * SW_SEC, 300 * SW_MS, params);
        }
        s[hedged] = run(x, &entry);
        CHECK((entry.hedged > 0) == (hedged == 1));
        CHECK(entry.hedged <= entry.forwarded / 10 + 1);
        free(x);
    }
    CHECK(s[0].slow >= 10);
    CHECK(3 * s[1].slow < s[0].slow);
}

extern CU_TestInfo tests_overload[];
CU_TestInfo tests_overload[] = {
    { "refusals keep an overloaded swarm at its capacity",
      refusals_keep_an_overloaded_swarm_at_its_capacity },
    { "below capacity nobody is refused", below_capacity_nobody_is_refused },
    { "hedges overtake a node that stumbles", hedges_overtake_a_node_that_stumbles },
    CU_TEST_INFO_NULL,
};
