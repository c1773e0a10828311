/* SPDX-License-Identifier: GPL-3.0-or-later
 * Points of a search: what they set, what they are called, what they refuse; and the objective on
 * values worked by hand. */
#define _POSIX_C_SOURCE 200809L
#include "node/base/types.h"
#include "sim/search/objective.h"
#include "sim/search/point.h"
#include "tests/lib/check.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

extern CU_TestInfo tests_point[];

#define SMALL SW_SOURCE_DIR "/scenarios/small.yaml"

static void settings_are_kept_by_key_and_replaced(void)
{
    struct sim_point p = { 0 };
    struct sw_diag d = { 0 };
    CHECK_I64(sim_point_read(&p, "m=3, beta=2,network.wide.loss=1%,m=4", &d), SW_OK);
    REQUIRE(p.n == 3);
    CHECK_STR(p.settings[0].key, "beta");
    CHECK_STR(p.settings[1].key, "m");
    CHECK_STR(p.settings[1].value, "4");
    CHECK_STR(p.settings[2].key, "network.wide.loss");
}

static void equal_points_have_equal_names_and_others_others(void)
{
    struct sw_diag d = { 0 };
    struct sim_point a = { .policy = "c3" };
    struct sim_point b = { .policy = "c3" };
    struct sim_point c = { .policy = "c3" };
    CHECK_STR(sim_point_name(&a).s, "c3");
    CHECK_I64(sim_point_read(&a, "w=2,alpha=0.5", &d), SW_OK);
    CHECK_I64(sim_point_read(&b, "alpha=0.5,w=2", &d), SW_OK);
    CHECK_I64(sim_point_read(&c, "alpha=0.5,w=2.0", &d), SW_OK);
    CHECK_STR(sim_point_name(&a).s, sim_point_name(&b).s);
    CHECK(strcmp(sim_point_name(&a).s, sim_point_name(&c).s) != 0);
    const struct sim_point none = { 0 };
    CHECK_STR(sim_point_name(&none).s, "");
}

static void what_is_no_setting_is_refused_with_the_reason(void)
{
    static const struct {
        const char *policy, *text;
        int err;
        const char *says;
    } bad[] = {
        { "", "price=1", SW_ERR_MALFORMED, "a parameter of which policy?" },
        { "c3", "price=1", SW_ERR_NOTFOUND, "c3 has no such parameter" },
        { "c3", "w=100", SW_ERR_RANGE, "out of range (0.5 to 64)" },
        { "c3", "w=x", SW_ERR_MALFORMED, "is not a number" },
        { "peak_ewma", "tau=3", SW_ERR_MALFORMED, "is not a duration" },
        { "c3", "w=1,alpha", SW_ERR_MALFORMED, "expected KEY=VALUE" },
        { "c3", "w=", SW_ERR_MALFORMED, "is not a value" },
        { "c3", "w=\"1\"", SW_ERR_MALFORMED, "is not a value" },
        { "c3", "=1", SW_ERR_MALFORMED, "is no parameter's name" },
    };
    for (size_t i = 0; i < SW_LEN(bad); i++) {
        struct sim_point p = { 0 };
        struct sw_diag d = { 0 };
        (void)snprintf(p.policy, sizeof p.policy, "%s", bad[i].policy);
        int err = sim_point_read(&p, bad[i].text, &d);
        err = err == 0 ? sim_point_check(&p, &d) : err;
        CHECK_I64(err, bad[i].err);
        CHECK(strstr(d.text, bad[i].says) != NULL);
    }
}

static void a_point_changes_its_keys_of_the_scenario_and_no_others(void)
{
    struct sw_diag d = { 0 };
    struct sim_point p = { .policy = "ant_colony" };
    struct sim_scenario *s = NULL;
    struct sim_scenario *plain = NULL;
    CHECK_I64(sim_point_read(&p,
                             "price=1.5,network.wide.loss=1%,clients.1.rate=3/s,"
                             "network.local.jitter=2ms",
                             &d),
              SW_OK);
    CHECK_I64(sim_point_load(&p, SMALL, &s, &d), SW_OK);
    CHECK_I64(sim_scenario_load(SMALL, NULL, &plain, &d), SW_OK);
    REQUIRE(s != NULL && plain != NULL);
    CHECK_NEAR(s->wide.loss, 0.01, 0);
    CHECK(s->wide.jitter == plain->wide.jitter);
    CHECK_U64(s->local.jitter, 2 * SW_MS); /* a mapping that the file lacks */
    CHECK_NEAR(s->clients[0].rate, plain->clients[0].rate, 0);
    CHECK_NEAR(s->clients[1].rate, 3, 0);
    for (size_t i = 0; i < s->n_nodes; i++) {
        CHECK_STR(s->nodes[i].config.policy, "ant_colony");
        REQUIRE(s->nodes[i].config.n_params == 1);
        CHECK_STR(s->nodes[i].config.params[0].name, "price");
        CHECK_NEAR(s->nodes[i].config.params[0].value, 1.5, 0);
    }
    CHECK_STR(s->configuration.s, sim_point_name(&p).s);
    CHECK(s->text.len == plain->text.len && s->inputs == plain->inputs);
    sim_scenario_free(s);
    sim_scenario_free(plain);
}

static void a_path_that_leads_nowhere_is_an_error_with_its_place(void)
{
    static const struct {
        const char *set, *says;
    } bad[] = {
        { "network.wide.los=1%", "los: unknown key (did you mean 'loss'?)" },
        { "clients.2.rate=1/s",
          "clients.2.rate: this list has 2 items, counted from 0, and no '2'" },
        { "clients.x.rate=1/s", "and no 'x'" },
        { "seed.x=1", "has a single value here" },
        { "network..loss=1", "expected keys with dots between" },
        { "network.wide=1", "wide: expected" },
    };
    for (size_t i = 0; i < SW_LEN(bad); i++) {
        struct sim_point p = { 0 };
        struct sw_diag d = { 0 };
        struct sim_scenario *s = NULL;
        CHECK_I64(sim_point_read(&p, bad[i].set, &d), SW_OK);
        CHECK(sim_point_load(&p, SMALL, &s, &d) < 0 && s == NULL);
        if (strstr(d.text, bad[i].says) == NULL) {
            CHECK_STR(d.text, bad[i].says);
        }
    }
}

static void what_is_written_is_read_again(void)
{
    struct sw_diag d = { 0 };
    struct sim_point p = { .policy = "peak_ewma" };
    struct sim_point back = { 0 };
    char path[] = "/tmp/sw-point-XXXXXX";
    CHECK_I64(sim_point_read(&p, "tau=30s,network.wide.loss=1%", &d), SW_OK);
    const int fd = mkstemp(path);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    REQUIRE(f != NULL);
    sim_point_write(&p, f);
    CHECK_I64(fclose(f), 0);
    CHECK_I64(sim_point_read(&back, path, &d), SW_OK);
    CHECK_STR(back.policy, "peak_ewma");
    CHECK_STR(sim_point_name(&back).s, sim_point_name(&p).s);
    (void)remove(path);
}

/* 1/4 ln .01 + 1/4 ln .02 + .35 ln .1 + .15 ln 1 - 20 x .999 + .01 x 2
 *   = -1.151293 - .978006 - .805905 + 0 - 19.98 + .02 */
static void the_usual_objective_on_a_worked_run(void)
{
    struct sim_objective o;
    const double values[] = { .01, .02, .1, 1, .999, 2 };
    const double missing[] = { .01, .02, NAN, 1, .999, 2 };
    sim_objective_usual(&o);
    CHECK_U64(o.n, 6);
    CHECK_NEAR(sim_objective_value(&o, values), -22.895204, 1e-6);
    CHECK(isnan(sim_objective_value(&o, missing)));
}

CU_TestInfo tests_point[] = {
    { "settings are kept by key and replaced", settings_are_kept_by_key_and_replaced },
    { "equal points have equal names and others others",
      equal_points_have_equal_names_and_others_others },
    { "what is no setting is refused with the reason",
      what_is_no_setting_is_refused_with_the_reason },
    { "a point changes its keys of the scenario and no others",
      a_point_changes_its_keys_of_the_scenario_and_no_others },
    { "a path that leads nowhere is an error with its place",
      a_path_that_leads_nowhere_is_an_error_with_its_place },
    { "what is written is read again", what_is_written_is_read_again },
    { "the usual objective on a worked run", the_usual_objective_on_a_worked_run },
    CU_TEST_INFO_NULL,
};
