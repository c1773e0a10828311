/* SPDX-License-Identifier: GPL-3.0-or-later
 * swarmsim selftest: does the simulator agree with queueing theory?  An equivalence test: the whole
 * simulated 99 % interval must lie within the tolerance of theory, so that a wide interval fails.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/analyse/theory.h"
#include "sim/verbs/selftest_queue.h"
#include "sim/verbs/verb.h"
#include "sim/world/processor.h"

/* Something measured, and what theory says of it. */
struct claim {
    const char *quantity;
    double theory;
    double tolerance; /* relative */
    struct sim_interval simulated;
};
enum { MAX_CLAIMS = 2 };

/* A system, and which two things are claimed of it. */
struct test {
    struct sim_queue_system system;
    uint64_t customers; /* enough for the tolerance, with something to spare */
    enum { SOJOURN_AND_P99, WAIT, WAITS_AND_WAIT, LOSS } claims;
};

#define FREE SIM_QUEUE_UNLIMITED
#define M SIM_EXPONENTIAL
#define D SIM_CONSTANT
static const struct test tests[] = {
    { { "M/M/1 rho=.8", 1, M, .8, FREE }, 50000000, SOJOURN_AND_P99 },
    { { "M/M/1 rho=.9", 1, M, .9, FREE }, 100000000, SOJOURN_AND_P99 },
    { { "M/M/1 rho=.95", 1, M, .95, FREE }, 200000000, SOJOURN_AND_P99 },
    { { "M/D/1 rho=.8", 1, D, .8, FREE }, 20000000, WAIT },
    { { "M/D/1 rho=.9", 1, D, .9, FREE }, 50000000, WAIT },
    { { "M/D/1 rho=.95", 1, D, .95, FREE }, 100000000, WAIT },
    { { "M/M/2 rho=.8", 2, M, .8, FREE }, 50000000, WAITS_AND_WAIT },
    { { "M/M/4 rho=.8", 4, M, .8, FREE }, 50000000, WAITS_AND_WAIT },
    { { "M/M/8 rho=.9", 8, M, .9, FREE }, 200000000, WAITS_AND_WAIT },
    { { "M/M/32 rho=.95", 32, M, .95, FREE }, 200000000, WAITS_AND_WAIT },
    { { "M/M/1/10 rho=.8", 1, M, .8, 9 }, 100000000, LOSS },
    { { "M/M/1/20 rho=.95", 1, M, .95, 19 }, 50000000, LOSS },
};

struct options {
    uint64_t customers; /* 0: as the table says */
    uint64_t seed;
    double tolerance; /* 0: as stated */
    const char *only; /* NULL: all */
    bool json;
};

static bool holds(const struct claim *c)
{
    const double slack = c->theory * c->tolerance;
    return c->simulated.low >= c->theory - slack && c->simulated.high <= c->theory + slack;
}

/* Means: 1 %, 2 % above rho = .9; 99 % quantiles: 4 %. */
static size_t claims_of(const struct test *t, const struct sim_queue_result *r,
                        struct claim out[MAX_CLAIMS])
{
    const uint32_t c = t->system.cores;
    const double rho = t->system.rho;
    const double mean = rho > .9 ? .02 : .01;
    switch (t->claims) {
    case SOJOURN_AND_P99:
        out[0] = (struct claim){ "W", 1 + sim_theory_mmc_wait(c, rho), mean, r->sojourn };
        out[1] = (struct claim){ "W p99", sim_theory_mm1_sojourn(rho, .99), .04, r->p99 };
        return 2;
    case WAIT:
        out[0] = (struct claim){ "Wq", sim_theory_md1_wait(rho), mean, r->wait };
        return 1;
    case WAITS_AND_WAIT:
        out[0] = (struct claim){ "P(wait)", sim_theory_erlang_c(c, rho), mean, r->waits };
        out[1] = (struct claim){ "Wq", sim_theory_mmc_wait(c, rho), mean, r->wait };
        return 2;
    case LOSS:
        out[0] =
            (struct claim){ "loss", sim_theory_mm1k_loss(rho, t->system.room + 1), mean, r->loss };
        return 1;
    }
    return 0;
}

static void print_claim(const struct test *t, const struct claim *c, bool json, bool first)
{
    const struct sim_interval *s = &c->simulated;
    if (json) {
        printf("%s{\"system\":\"%s\",\"quantity\":\"%s\",\"theory\":%.9g,\"value\":%.9g,"
               "\"low\":%.9g,\"high\":%.9g,\"tolerance\":%g,\"holds\":%s}",
               first ? "" : ",", t->system.name, c->quantity, c->theory, s->mean, s->low, s->high,
               c->tolerance, holds(c) ? "true" : "false");
        return;
    }
    printf("%-17s %-8s %10.6f %10.6f  [%10.6f, %10.6f]  %+6.2f..%+5.2f %% of +-%g %%  %s\n",
           first ? t->system.name : "", c->quantity, c->theory, s->mean, s->low, s->high,
           100 * (s->low / c->theory - 1), 100 * (s->high / c->theory - 1), 100 * c->tolerance,
           holds(c) ? "holds" : "FAILS");
}

/* Whether all claims about one system hold. */
static bool run(const struct test *t, const struct options *o, uint64_t *events, bool first)
{
    struct sim_queue_result r;
    sim_queue_simulate(&t->system, o->customers != 0 ? o->customers : t->customers, o->seed, &r);
    *events += r.events;
    struct claim claims[MAX_CLAIMS];
    const size_t n = claims_of(t, &r, claims);
    bool all = true;
    for (size_t i = 0; i < n; i++) {
        if (o->tolerance > 0) {
            claims[i].tolerance = o->tolerance;
        }
        print_claim(t, &claims[i], o->json, o->json ? first && i == 0 : i == 0);
        all = holds(&claims[i]) && all;
    }
    (void)fflush(stdout);
    return all;
}

static double cpu_seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A share in percent.  Says what is wrong on stderr. */
static int read_percent(const char *option, const char *text, double *out)
{
    char *end;
    const double v = strtod(text, &end);
    if (end == text || *end != '\0' || !(v > 0 && v <= 100)) {
        (void)sim_quit(SIM_EXIT_USAGE, "%s: '%s' is no percentage (0 < P <= 100)", option, text);
        return SW_ERR_MALFORMED;
    }
    *out = v / 100;
    return SW_OK;
}

static int known(const char *name)
{
    for (size_t i = 0; i < SW_LEN(tests); i++) {
        if (strcmp(tests[i].system.name, name) == 0) {
            return SW_OK;
        }
    }
    (void)sim_quit(SIM_EXIT_USAGE, "--system: unknown system '%s'; known are:", name);
    for (size_t i = 0; i < SW_LEN(tests); i++) {
        (void)fprintf(stderr, "  \"%s\"\n", tests[i].system.name);
    }
    return SW_ERR_NOTFOUND;
}

static int read_options(int argc, char **argv, struct options *o)
{
    const char *customers = NULL;
    const char *seed = NULL;
    const char *tolerance = NULL;
    const char *json = NULL;
    *o = (struct options){ .seed = 1 };
    const struct sim_option table[] = {
        { "--customers", false, &customers },
        { "--seed", false, &seed },
        { "--tolerance", false, &tolerance },
        { "--system", false, &o->only },
        { "--json", true, &json },
    };
    size_t n;
    int err = sim_parse_options(argc, argv, table, SW_LEN(table), NULL, 0, &n);
    if (err == SW_OK && customers != NULL) {
        err = sim_parse_number("--customers", customers, SIM_BATCHES, &o->customers);
    }
    if (err == SW_OK && seed != NULL) {
        err = sim_parse_number("--seed", seed, 0, &o->seed);
    }
    if (err == SW_OK && tolerance != NULL) {
        err = read_percent("--tolerance", tolerance, &o->tolerance);
    }
    if (err == SW_OK && o->only != NULL) {
        err = known(o->only);
    }
    o->json = json != NULL;
    return err;
}

static int selftest(int argc, char **argv)
{
    struct options o;
    if (read_options(argc, argv, &o) != SW_OK) {
        return SIM_EXIT_USAGE;
    }
    if (o.json) {
        printf("{\"seed\":%llu,\"claims\":[", (unsigned long long)o.seed);
    } else {
        printf("%-17s %-8s %10s %10s  %24s\n", "system", "quantity", "theory", "simulated",
               "99 % interval");
    }
    const double begin = cpu_seconds();
    uint64_t events = 0;
    bool all = true;
    bool first = true;
    for (size_t i = 0; i < SW_LEN(tests); i++) {
        if (o.only == NULL || strcmp(o.only, tests[i].system.name) == 0) {
            all = run(&tests[i], &o, &events, first) && all;
            first = false;
        }
    }
    const double took = cpu_seconds() - begin;
    if (o.json) {
        printf("],\"events\":%llu,\"cpu_seconds\":%.3f,\"holds\":%s}\n", (unsigned long long)events,
               took, all ? "true" : "false");
    } else {
        printf("%s; %.3g events in %.1f CPU-seconds\n", all ? "all hold" : "FAILED", (double)events,
               took);
    }
    return all ? SIM_EXIT_OK : SIM_EXIT_FAILED;
}

extern const struct sim_verb sim_verb_selftest;
const struct sim_verb sim_verb_selftest = {
    .name = "selftest",
    .usage = "[--system NAME] [--customers N] [--seed N] [--tolerance PERCENT] [--json]",
    .help =
        "Simulates queues with the scenarios' own processor and compares them with theory; times\n"
        "are in mean service times.  The whole simulated 99 % interval must lie within the\n"
        "tolerance, so that too few customers fail.  All systems take minutes.\n\n"
        "  --system NAME      one of them, \"M/M/1 rho=.8\" say; an unknown one lists all\n"
        "  --customers N      instead of what the tolerance needs; at least 64\n"
        "  --seed N           default 1\n"
        "  --tolerance P      instead of 1 % (means above rho = .9: 2 %; quantiles: 4 %)\n"
        "  --json             one object on standard output\n",
    .run = selftest,
};
