/* SPDX-License-Identifier: GPL-3.0-or-later
 * The processor: first come first served, bounded, repeatable, and in line with Little's law. */
#include "sim/world/processor.h"

#include "node/base/rng.h"
#include "tests/lib/check.h"
#include "tests/lib/fail_alloc.h"

extern CU_TestInfo tests_processor[];

struct bench {
    struct sim_engine *e;
    struct sim_processor_state *p;
    uint64_t done[16];
    sw_time at[16];
    size_t n;
};

static void note(void *self, uint64_t arg)
{
    struct bench *b = self;
    if (b->n < SW_LEN(b->done)) {
        b->done[b->n] = arg;
        b->at[b->n] = sim_now(b->e);
    }
    b->n++;
}

static void begin(struct bench *b, const struct sim_processor *model)
{
    *b = (struct bench){ .e = sim_engine_new() };
    b->p = sim_processor_new(b->e, model, 1, "test");
}

static void end(struct bench *b)
{
    sim_processor_free(b->p);
    sim_engine_free(b->e);
}

static void requests_are_served_in_order_on_all_cores(void)
{
    struct bench b;
    begin(&b, &(struct sim_processor){ .cores = 2, .service = 100, .queue = 10 });
    for (uint64_t i = 0; i < 5; i++) {
        CHECK(sim_processor_submit(b.p, i, note, &b, i));
    }
    CHECK_U64(sim_processor_serving(b.p), 2);
    CHECK_U64(sim_processor_waiting(b.p), 3);
    sim_run(b.e, SW_TIME_NEVER);
    const sw_time want[] = { 100, 100, 200, 200, 300 };
    for (uint64_t i = 0; i < 5; i++) {
        CHECK_U64(b.done[i], i);
        CHECK_U64(b.at[i], want[i]);
    }
    CHECK_U64(sim_processor_served(b.p), 5);
    CHECK_U64(sim_processor_busy(b.p), 500);
    CHECK_U64(sim_processor_service(b.p), 100);
    end(&b);
}

static void a_full_queue_drops_and_counts(void)
{
    struct bench b;
    begin(&b, &(struct sim_processor){ .cores = 1, .service = 100, .queue = 2 });
    bool taken[5];
    for (uint64_t i = 0; i < 5; i++) {
        taken[i] = sim_processor_submit(b.p, i, note, &b, i);
    }
    CHECK(taken[0] && taken[1] && taken[2] && !taken[3] && !taken[4]);
    CHECK_U64(sim_processor_dropped(b.p), 2);
    sim_run(b.e, SW_TIME_NEVER);
    CHECK_U64(b.n, 3);
    CHECK(sim_processor_submit(b.p, 9, note, &b, 9));
    end(&b); /* with one in service: nothing fires, nothing leaks */
}

static void urgent_work_passes_the_queue(void)
{
    struct bench b;
    begin(&b, &(struct sim_processor){ .cores = 1, .service = SW_MS, .queue = 10 });
    CHECK(sim_processor_submit(b.p, 1, note, &b, 1));
    CHECK(sim_processor_submit(b.p, 2, note, &b, 2));
    sim_processor_urgent(b.p, note, &b, 3);
    sim_processor_urgent(b.p, note, &b, 4);
    sim_run(b.e, SW_TIME_NEVER);
    const uint64_t want[] = { 3, 4, 1, 2 };
    for (size_t i = 0; i < SW_LEN(want); i++) {
        CHECK_U64(b.done[i], want[i]);
    }
    CHECK_U64(b.at[0], SIM_URGENT_COST);
    CHECK_U64(b.at[3], 2 * SW_MS);
    end(&b);
}

static void a_reset_forgets_everything_and_serves_again(void)
{
    struct bench b;
    begin(&b, &(struct sim_processor){ .cores = 2, .service = 100, .queue = 10 });
    for (uint64_t i = 0; i < 6; i++) {
        CHECK(sim_processor_submit(b.p, i, note, &b, i));
    }
    sim_processor_urgent(b.p, note, &b, 7);
    sim_run(b.e, 50);
    sim_processor_reset(b.p);
    CHECK_U64(sim_pending(b.e), 0);
    CHECK_U64(sim_processor_waiting(b.p), 0);
    CHECK_U64(sim_processor_serving(b.p), 0);
    CHECK_U64(sim_processor_busy(b.p), 100);
    CHECK(sim_processor_submit(b.p, 8, note, &b, 8));
    sim_run(b.e, SW_TIME_NEVER);
    CHECK_U64(b.n, 1);
    CHECK_U64(b.done[0], 8);
    CHECK_U64(b.at[0], 150);
    end(&b);
}

static void a_stopped_process_goes_on_where_it_was(void)
{
    struct bench b;
    begin(&b, &(struct sim_processor){ .cores = 1, .service = 100, .queue = 10 });
    CHECK(sim_processor_submit(b.p, 0, note, &b, 0));
    sim_processor_urgent(b.p, note, &b, 10);
    sim_run(b.e, 60);
    sim_processor_pause(b.p, true);
    CHECK(sim_processor_submit(b.p, 1, note, &b, 1));
    sim_processor_urgent(b.p, note, &b, 11);
    sim_run(b.e, 1000000);
    CHECK_U64(b.n, 0);
    sim_processor_pause(b.p, false);
    sim_run(b.e, SW_TIME_NEVER);
    /* 40 ns of the first service are left; both urgent ones begin anew, older first */
    const uint64_t who[] = { 0, 1, 10, 11 };
    const sw_time when[] = { 1000040, 1000140, 1000000 + SIM_URGENT_COST,
                             1000000 + SIM_URGENT_COST };
    for (size_t i = 0; i < SW_LEN(who); i++) {
        CHECK_U64(b.done[i], who[i]);
        CHECK_U64(b.at[i], when[i]);
    }
    CHECK_U64(sim_processor_busy(b.p), 200); /* a pause is no work */
    /* idle cores don't begin during a pause, and a reset ends it */
    sim_processor_pause(b.p, true);
    CHECK(sim_processor_submit(b.p, 2, note, &b, 2));
    CHECK_U64(sim_processor_serving(b.p), 0);
    sim_processor_reset(b.p);
    CHECK(sim_processor_submit(b.p, 3, note, &b, 3));
    CHECK_U64(sim_processor_serving(b.p), 1);
    end(&b);
}

/* When does a request end that is alone in the queue, beside @serving others and @jobs? */
static sw_dur beside(uint32_t cores, unsigned serving, unsigned jobs, int apart)
{
    struct bench b;
    begin(&b,
          &(struct sim_processor){ .cores = cores, .service = 1200, .queue = 1, .jobs = apart });
    for (unsigned i = 0; i < serving; i++) {
        CHECK(sim_processor_submit_for(b.p, SW_SEC, note, &b, 9));
    }
    for (unsigned i = 0; i < jobs; i++) {
        sim_processor_job(b.p, true);
    }
    CHECK(sim_processor_submit(b.p, 1, note, &b, 0));
    sim_run(b.e, SW_SEC / 2);
    const sw_dur took = b.n == 1 && b.done[0] == 0 ? b.at[0] : 0;
    end(&b);
    return took;
}

static void jobs_share_the_cores_evenly(void)
{
    /* c cores, n in service with the one that is timed, k jobs: 1200 max(1, (n + k) / c) */
    CHECK_U64(beside(1, 0, 1, 0), 2400);
    CHECK_U64(beside(1, 0, 2, 0), 3600);
    CHECK_U64(beside(2, 0, 1, 0), 1200);
    CHECK_U64(beside(2, 1, 1, 0), 1800);
    CHECK_U64(beside(2, 1, 3, 0), 3000);
    CHECK_U64(beside(4, 1, 1, 0), 1200);
    CHECK_U64(beside(4, 3, 2, 0), 1800);
    CHECK_U64(beside(1, 0, 3, 1), 1200); /* apart */
    struct bench b;
    begin(&b, &(struct sim_processor){
                  .cores = 2, .service = 100, .queue = 9, .cost = { [SW_WORK_HASH] = 2 } });
    CHECK(sim_processor_submit(b.p, 1, note, &b, 0));
    sim_processor_job(b.p, true);
    CHECK_U64(sim_processor_work(b.p, SW_WORK_HASH, 500), 1000); /* two threads, two cores */
    sim_processor_job(b.p, true);
    CHECK_U64(sim_processor_work(b.p, SW_WORK_HASH, 500), 1500);
    CHECK(sim_processor_submit(b.p, 2, note, &b, 0));
    CHECK_U64(sim_processor_work(b.p, SW_WORK_HASH, 500), 2000);
    sim_processor_job(b.p, false);
    sim_processor_job(b.p, false);
    CHECK_U64(sim_processor_work(b.p, SW_WORK_HASH, 500), 1000); /* all on their own again */
    sim_processor_job(b.p, true);
    sim_processor_reset(b.p); /* a crash forgets jobs, too */
    CHECK(sim_processor_submit(b.p, 3, note, &b, 3));
    CHECK(sim_processor_submit(b.p, 4, note, &b, 4));
    sim_run(b.e, SW_TIME_NEVER);
    CHECK_U64(b.at[0], 100);
    CHECK_U64(b.at[1], 100);
    end(&b);
}

static void each_kind_of_request_has_its_mean(void)
{
    static const enum sim_distribution all[] = { SIM_CONSTANT, SIM_EXPONENTIAL, SIM_LOGNORMAL,
                                                 SIM_BIMODAL };
    for (size_t i = 0; i < SW_LEN(all); i++) {
        struct bench b;
        begin(&b, &(struct sim_processor){ .cores = 3,
                                           .service = 10000,
                                           .queue = 10,
                                           .sigma = 0.5,
                                           .long_share = 0.1,
                                           .long_factor = 10,
                                           .distribution = all[i],
                                           .forward = 5000,
                                           .peer = 20000,
                                           .urgent = 700 });
        CHECK(sim_processor_submit_as(b.p, SIM_REQUEST_FORWARD, 5, note, &b, 1));
        CHECK(sim_processor_submit_as(b.p, SIM_REQUEST_QUERY, 5, note, &b, 2));
        CHECK(sim_processor_submit_as(b.p, SIM_REQUEST_PEER, 5, note, &b, 3));
        sim_processor_urgent(b.p, note, &b, 4);
        sim_run(b.e, SW_TIME_NEVER);
        sw_time at[5] = { 0 };
        for (size_t k = 0; k < b.n && k < 5; k++) {
            at[b.done[k]] = b.at[k];
        }
        CHECK_U64(at[4], 700);
        CHECK_NEAR((double)at[1] / (double)at[2], 0.5, 0.001); /* the same luck */
        CHECK_NEAR((double)at[3] / (double)at[2], 2, 0.001);
        end(&b);
    }
}

static void a_slow_node_takes_longer_for_everything(void)
{
    struct bench b;
    begin(&b, &(struct sim_processor){ .cores = 1, .service = 1000, .queue = 10 });
    const sw_dur healthy = sim_processor_work(b.p, SW_WORK_COMPRESS, SW_MIB);
    CHECK_NEAR((double)healthy, sim_work_cost(SW_WORK_COMPRESS) * 1048576, 1);
    CHECK_U64(sim_processor_work(b.p, SW_WORK_HASH, 0), 0);
    sim_processor_slow(b.p, 10);
    CHECK_NEAR((double)sim_processor_work(b.p, SW_WORK_COMPRESS, SW_MIB), 10.0 * (double)healthy,
               10);
    CHECK(sim_processor_submit(b.p, 1, note, &b, 1));
    CHECK(sim_processor_submit_for(b.p, 50, note, &b, 2));
    sim_run(b.e, SW_TIME_NEVER);
    CHECK_U64(b.at[0], 10000);
    CHECK_U64(b.at[1], 10500);
    sim_processor_calibrate(b.p, SW_WORK_HASH, 2.5);
    CHECK_U64(sim_processor_work(b.p, SW_WORK_HASH, 100), 2500);
    end(&b);
}

static void a_request_costs_the_same_whatever_came_before(void)
{
    const struct sim_processor model = {
        .cores = 1, .distribution = SIM_EXPONENTIAL, .service = SW_MS, .queue = 10
    };
    struct bench one;
    begin(&one, &model);
    CHECK(sim_processor_submit(one.p, 42, note, &one, 0));
    sim_run(one.e, SW_TIME_NEVER);
    struct bench two;
    begin(&two, &model);
    CHECK(sim_processor_submit(two.p, 7, note, &two, 0));
    CHECK(sim_processor_submit(two.p, 42, note, &two, 0));
    sim_run(two.e, SW_TIME_NEVER);
    CHECK_U64(two.at[1] - two.at[0], one.at[0]);
    CHECK(two.at[0] != one.at[0]);
    end(&one);
    end(&two);
}

static void means_are_as_the_model_says(void)
{
    const struct sim_processor models[] = {
        { .cores = 1, .distribution = SIM_EXPONENTIAL, .service = SW_MS, .queue = 1 },
        { .cores = 1, .distribution = SIM_LOGNORMAL, .service = SW_MS, .sigma = 0.8, .queue = 1 },
        { .cores = 1,
          .distribution = SIM_BIMODAL,
          .service = SW_MS,
          .long_share = 0.2,
          .long_factor = 6,
          .queue = 1 },
    };
    for (size_t m = 0; m < SW_LEN(models); m++) {
        struct bench b;
        begin(&b, &models[m]);
        for (uint64_t i = 0; i < 20000; i++) {
            CHECK(sim_processor_submit(b.p, i, note, &b, i));
            sim_run(b.e, SW_TIME_NEVER);
        }
        /* standard error: 0.7 %, 0.7 % and 0.7 % of the mean */
        CHECK_NEAR((double)sim_processor_busy(b.p) / 20000, 1e6, 0.02e6);
        end(&b);
    }
}

/* Mean 1 ms of 80 % short and 20 % six times as long: 0.5 ms and 3 ms. */
static void bimodal_requests_take_one_of_two_times(void)
{
    struct bench b;
    begin(&b, &(struct sim_processor){ .cores = 1,
                                       .distribution = SIM_BIMODAL,
                                       .service = SW_MS,
                                       .long_share = 0.2,
                                       .long_factor = 6,
                                       .queue = 1 });
    size_t n_long = 0;
    for (uint64_t i = 0; i < 10000; i++) {
        const sw_time from = sim_now(b.e);
        CHECK(sim_processor_submit(b.p, i, note, &b, i));
        sim_run(b.e, SW_TIME_NEVER);
        const sw_dur took = sim_now(b.e) - from;
        CHECK(took == 500 * SW_US || took == 3 * SW_MS);
        n_long += took == 3 * SW_MS;
    }
    CHECK_NEAR((double)n_long, 2000, 160); /* four standard deviations */
    end(&b);
}

/* Poisson arrivals; integrals of number in the system and of time in it. */
struct little {
    struct bench bench;
    struct sw_rng rng;
    uint64_t left;
    sw_time arrived[4096], last;
    double area, sojourn;
    uint64_t in, done;
};

static void count(struct little *l)
{
    const sw_time now = sim_now(l->bench.e);
    l->area += (double)(now - l->last) * (double)(l->in - l->done);
    l->last = now;
}

static void leave(void *self, uint64_t who)
{
    struct little *l = self;
    count(l);
    l->done++;
    l->sojourn += (double)(sim_now(l->bench.e) - l->arrived[who % SW_LEN(l->arrived)]);
}

static void arrive(void *self, uint64_t who)
{
    struct little *l = self;
    count(l);
    l->arrived[who % SW_LEN(l->arrived)] = sim_now(l->bench.e);
    if (sim_processor_submit(l->bench.p, who, leave, l, who)) {
        l->in++;
    }
    CHECK_U64(sim_processor_waiting(l->bench.p) + sim_processor_serving(l->bench.p),
              l->in - l->done);
    if (--l->left > 0) {
        const sw_dur gap = (sw_dur)sw_exponential(sw_rng_next(&l->rng), 0.55e6);
        (void)sim_at(l->bench.e, sim_now(l->bench.e) + gap, arrive, l, who + 1);
    }
}

static void littles_law_holds_exactly_over_a_busy_run(void)
{
    struct little l = { .left = 20000 };
    begin(&l.bench,
          &(struct sim_processor){
              .cores = 2, .distribution = SIM_EXPONENTIAL, .service = SW_MS, .queue = 50 });
    sw_rng_init(&l.rng, sw_rng_key(5, "arrivals", "test"));
    (void)sim_at(l.bench.e, 0, arrive, &l, 0);
    sim_run(l.bench.e, SW_TIME_NEVER);
    /* From empty to empty, the two integrals are one sum counted in two ways. */
    CHECK_U64(l.in, l.done);
    CHECK_U64(l.in + sim_processor_dropped(l.bench.p), 20000);
    CHECK_NEAR(l.area / l.sojourn, 1, 1e-9);
    CHECK(sim_processor_busy(l.bench.p) <= 2 * sim_now(l.bench.e));
    end(&l.bench);
}

static void without_memory_there_is_no_processor(void)
{
    struct sim_engine *e = sim_engine_new();
    const struct sim_processor model = { .cores = 2, .service = 1 };
    for (uint64_t failing = 0; failing < 2; failing++) {
        fail_alloc_only(failing);
        const struct sim_processor_state *p = sim_processor_new(e, &model, 1, "test");
        (void)fail_alloc_stop();
        CHECK(p == NULL);
    }
    sim_engine_free(e);
}

CU_TestInfo tests_processor[] = {
    { "requests are served in order on all cores", requests_are_served_in_order_on_all_cores },
    { "a full queue drops and counts", a_full_queue_drops_and_counts },
    { "urgent work passes the queue", urgent_work_passes_the_queue },
    { "a reset forgets everything and serves again", a_reset_forgets_everything_and_serves_again },
    { "a stopped process goes on where it was", a_stopped_process_goes_on_where_it_was },
    { "jobs share the cores evenly", jobs_share_the_cores_evenly },
    { "each kind of request has its mean", each_kind_of_request_has_its_mean },
    { "bimodal requests take one of two times", bimodal_requests_take_one_of_two_times },
    { "a slow node takes longer for everything", a_slow_node_takes_longer_for_everything },
    { "a request costs the same whatever came before",
      a_request_costs_the_same_whatever_came_before },
    { "without memory there is no processor", without_memory_there_is_no_processor },
    { "means are as the model says", means_are_as_the_model_says },
    { "Little's law holds exactly over a busy run", littles_law_holds_exactly_over_a_busy_run },
    CU_TEST_INFO_NULL,
};
