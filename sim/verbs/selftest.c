/* SPDX-License-Identifier: GPL-3.0-or-later
 * swarmsim selftest: does the simulator agree with theory?  An equivalence test: the whole
 * simulated 99 % interval must lie within the tolerance of theory, so that a wide interval fails.
 */
#define _POSIX_C_SOURCE 200809L
#include "sim/verbs/selftest.h"
#include "sim/verbs/verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define LEVEL 0.99
#define ALPHA ((1 - LEVEL) / 2) /* of one-sided tests */
#define MOST_CLAIMS 256

#define SIM_SELFTEST(x) extern const struct sim_selftest_kind sim_selftest_##x;
#include "sim/verbs/selftest.def"
#undef SIM_SELFTEST

static const struct sim_selftest_kind *const kinds[] = {
#define SIM_SELFTEST(x) &sim_selftest_##x,
#include "sim/verbs/selftest.def"
#undef SIM_SELFTEST
};

struct options {
    uint64_t size; /* 0: as the rows say */
    uint64_t seed;
    double tolerance; /* 0: as stated */
    double off;       /* theory is taken to be this much higher, relative */
    const char *only; /* NULL: all */
    bool json, fresh;
};

/* A claim with its verdict. */
struct row {
    const char *system; /* NULL: the one above */
    struct sim_claim_of_theory claim;
    double p; /* of the claim being false, and the simulation looking so well nevertheless */
};

struct table {
    const struct options *o;
    struct row rows[MOST_CLAIMS];
    size_t n, printed;
    uint64_t events;
};

/* ---- printing ---- */

static void print_json(const struct row *r, const char *system, bool first)
{
    const struct sim_claim_of_theory *c = &r->claim;
    const struct sim_interval s = sim_stats_interval(&c->simulated, LEVEL);
    printf("%s\n{\"system\":\"%s\",\"quantity\":\"%s\",\"theory\":%.9g,\"value\":%.9g,"
           "\"low\":%.9g,\"high\":%.9g,\"tolerance\":%g,\"p\":%.3g,\"holds\":%s}",
           first ? "" : ",", system, c->quantity, c->theory, s.mean, s.low, s.high, c->tolerance,
           r->p, r->p <= ALPHA ? "true" : "false");
}

static void print_row(const struct row *r)
{
    const struct sim_claim_of_theory *c = &r->claim;
    const struct sim_interval s = sim_stats_interval(&c->simulated, LEVEL);
    printf("%-19s %-9s %12.6f %12.6f  [%12.6f, %12.6f]  %+6.2f..%+5.2f %% of +-%g %%  %s\n",
           r->system != NULL ? r->system : "", c->quantity, c->theory, s.mean, s.low, s.high,
           100 * (s.low / c->theory - 1), 100 * (s.high / c->theory - 1), 100 * c->tolerance,
           r->p <= ALPHA ? "holds" : "FAILS");
}

/* What has not been printed yet. */
static void print_rows(struct table *t)
{
    const char *system = "";
    for (size_t i = 0; i < t->n; i++) {
        system = t->rows[i].system != NULL ? t->rows[i].system : system;
        if (i < t->printed) {
            continue;
        }
        if (t->o->json) {
            print_json(&t->rows[i], system, i == 0);
        } else {
            print_row(&t->rows[i]);
        }
    }
    t->printed = t->n;
    (void)fflush(stdout);
}

/* ---- judging ---- */

static void judge(struct row *r, const struct options *o)
{
    struct sim_claim_of_theory *c = &r->claim;
    c->tolerance = o->tolerance > 0 ? o->tolerance : c->tolerance;
    c->theory *= 1 + o->off;
    r->p = sim_stats_equivalent_p(&c->simulated, c->theory * (1 - c->tolerance),
                                  c->theory * (1 + c->tolerance));
}

/* Fixed seeds are judged one by one.  With fresh ones even one claim that is called true and is
 * false has to be improbable: Holm's correction over all of them. */
static void correct(struct table *t)
{
    double p[MOST_CLAIMS];
    double adjusted[MOST_CLAIMS];
    for (size_t i = 0; i < t->n; i++) {
        p[i] = t->rows[i].p;
    }
    sim_stats_holm(p, t->n, adjusted);
    for (size_t i = 0; i < t->n; i++) {
        t->rows[i].p = adjusted[i];
    }
}

static bool all_hold(const struct table *t)
{
    bool all = true;
    for (size_t i = 0; i < t->n; i++) {
        all = all && t->rows[i].p <= ALPHA;
    }
    return all;
}

static void simulate(struct table *t, const struct sim_selftest_kind *kind,
                     const struct sim_selftest *system)
{
    struct sim_selftest_result r = { 0 };
    /* a fresh seed is to fail a simulator that is right hardly ever */
    const uint64_t size = t->o->fresh ? 2 * system->size : system->size;
    kind->simulate(system, t->o->size != 0 ? t->o->size : size, t->o->seed, &r);
    t->events += r.events;
    SW_ASSERT(t->n + r.n <= MOST_CLAIMS);
    for (size_t i = 0; i < r.n; i++) {
        struct row *row = &t->rows[t->n++];
        *row = (struct row){ .system = i == 0 ? system->name : NULL, .claim = r.claims[i] };
        judge(row, t->o);
    }
}

/* ---- the command line ---- */

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
    for (size_t k = 0; k < SW_LEN(kinds); k++) {
        for (size_t i = 0; i < kinds[k]->n; i++) {
            if (strcmp(kinds[k]->systems[i].name, name) == 0) {
                return SW_OK;
            }
        }
    }
    (void)sim_quit(SIM_EXIT_USAGE, "--system: unknown system '%s'; known are:", name);
    for (size_t k = 0; k < SW_LEN(kinds); k++) {
        for (size_t i = 0; i < kinds[k]->n; i++) {
            const struct sim_selftest *t = &kinds[k]->systems[i];
            (void)fprintf(stderr, "  %-22s %10llu %s\n", t->name, (unsigned long long)t->size,
                          kinds[k]->counts);
        }
    }
    return SW_ERR_NOTFOUND;
}

/* Of every system that will run. */
static int check_size(const struct options *o)
{
    for (size_t k = 0; k < SW_LEN(kinds); k++) {
        for (size_t i = 0; i < kinds[k]->n; i++) {
            const char *name = kinds[k]->systems[i].name;
            if ((o->only == NULL || strcmp(o->only, name) == 0) && o->size != 0 &&
                o->size < kinds[k]->least) {
                return sim_quit(SW_ERR_RANGE, "--customers: '%s' needs at least %llu %s", name,
                                (unsigned long long)kinds[k]->least, kinds[k]->counts);
            }
        }
    }
    return SW_OK;
}

struct words {
    const char *size, *seed, *tolerance, *off, *json, *fresh;
};

static int read_words(const struct words *w, struct options *o)
{
    int err = SW_OK;
    if (w->size != NULL) {
        err = sim_parse_number("--customers", w->size, SIM_BATCHES, &o->size);
    }
    if (err == SW_OK && w->fresh != NULL && w->seed == NULL &&
        getrandom(&o->seed, sizeof o->seed, 0) != (ssize_t)sizeof o->seed) {
        err = sim_quit(SW_ERR_IO, "--fresh: the system gives no random seed (give --seed)");
    }
    if (err == SW_OK && w->seed != NULL) {
        err = sim_parse_number("--seed", w->seed, 0, &o->seed);
    }
    if (err == SW_OK && w->tolerance != NULL) {
        err = read_percent("--tolerance", w->tolerance, &o->tolerance);
    }
    if (err == SW_OK && w->off != NULL) {
        err = read_percent("--wrong", w->off, &o->off);
    }
    if (err == SW_OK && o->only != NULL) {
        err = known(o->only);
    }
    if (err == SW_OK) {
        err = check_size(o);
    }
    o->json = w->json != NULL;
    o->fresh = w->fresh != NULL;
    o->seed &= INT64_MAX; /* what --seed reads */
    return err;
}

static int read_options(int argc, char **argv, struct options *o)
{
    struct words w = { 0 };
    *o = (struct options){ .seed = 1 };
    const struct sim_option table[] = {
        { "--customers", false, &w.size }, { "--seed", false, &w.seed },
        { "--fresh", true, &w.fresh },     { "--tolerance", false, &w.tolerance },
        { "--wrong", false, &w.off },      { "--system", false, &o->only },
        { "--json", true, &w.json },
    };
    size_t n;
    const int err = sim_parse_options(argc, argv, table, SW_LEN(table), NULL, 0, &n);
    return err == SW_OK ? read_words(&w, o) : err;
}

static void print_head(const struct options *o)
{
    const unsigned long long seed = o->seed;
    if (o->json) {
        printf("{\"seed\":%llu,\"fresh\":%s,\"claims\":[", seed, o->fresh ? "true" : "false");
        return;
    }
    if (o->fresh) {
        printf("seed %llu; to repeat: swarmsim selftest --fresh --seed %llu\n", seed, seed);
    }
    printf("%-19s %-9s %12s %12s  %28s  of theory\n", "system", "quantity", "theory", "simulated",
           "99 % interval");
    (void)fflush(stdout);
}

static void print_foot(const struct table *t, double took)
{
    const bool all = all_hold(t);
    if (t->o->json) {
        printf("],\n\"events\":%llu,\"cpu_seconds\":%.3f,\"holds\":%s}\n",
               (unsigned long long)t->events, took, all ? "true" : "false");
        return;
    }
    printf("%s%s; %.3g events in %.1f CPU-seconds\n", all ? "all hold" : "FAILED",
           t->o->fresh ? ", Holm-corrected over all claims" : "", (double)t->events, took);
}

/* On a terminal, which system is at work: with --fresh rows come at the end. */
static void tell(const char *name)
{
    if (isatty(STDERR_FILENO) == 1) {
        (void)fprintf(stderr, "\r\033[K%s%s", name, name[0] != '\0' ? " ..." : "");
        (void)fflush(stderr);
    }
}

static int selftest(int argc, char **argv)
{
    struct options o;
    if (read_options(argc, argv, &o) != SW_OK) {
        return SIM_EXIT_USAGE;
    }
    struct table t = { .o = &o };
    const double begin = cpu_seconds();
    print_head(&o);
    for (size_t k = 0; k < SW_LEN(kinds); k++) {
        for (size_t i = 0; i < kinds[k]->n; i++) {
            const struct sim_selftest *system = &kinds[k]->systems[i];
            if (o.only != NULL && strcmp(o.only, system->name) != 0) {
                continue;
            }
            tell(system->name);
            simulate(&t, kinds[k], system);
            tell("");
            if (!o.fresh) {
                print_rows(&t);
            }
        }
    }
    if (o.fresh) {
        correct(&t);
        print_rows(&t);
    }
    print_foot(&t, cpu_seconds() - begin);
    return all_hold(&t) ? SIM_EXIT_OK : SIM_EXIT_FAILED;
}

extern const struct sim_verb sim_verb_selftest;
const struct sim_verb sim_verb_selftest = {
    .name = "selftest",
    .usage = "[--system NAME] [--fresh] [--customers N] [--seed N] [--tolerance PERCENT]\n"
             "               [--wrong PERCENT] [--json]",
    .help =
        "Simulates systems that theory knows with the scenarios' own engine, processor, network,\n"
        "stub resolvers and node, and compares; queues' times are in mean service times.  The\n"
        "whole simulated 99 % interval (batch means, with what was drawn as control variates)\n"
        "must lie within the tolerance, so that too few customers fail.  All systems take\n"
        "minutes.\n\n"
        "  --system NAME      one of them, \"M/M/1 rho=.8\" say; an unknown one lists all\n"
        "  --fresh            a seed from the system, twice the customers, Holm's correction over\n"
        "                     all claims; they are printed at the end.  A simulator that is right\n"
        "                     fails by chance about once in 1800\n"
        "  --customers N      instead of what the tolerance needs, at least 64 (losses too; of\n"
        "                     requests and queries 3200)\n"
        "  --seed N           default 1\n"
        "  --tolerance P      instead of 1 % (queues' means above rho = .9: 2 %; SWIM: 3 %; "
        "quantiles:\n"
        "                     4 %)\n"
        "  --wrong P          take theory to be P % higher: to see that a verdict can fail\n"
        "  --json             one object on standard output\n",
    .run = selftest,
};
