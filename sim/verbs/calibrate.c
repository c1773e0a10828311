/* SPDX-License-Identifier: GPL-3.0-or-later
 * swarmsim calibrate: what the node's operations cost on this machine, as a table and a profile. */
#include "sim/calibrate/calibrate.h"
#include "node/conf/version.h"
#include "sim/verbs/json.h"
#include "sim/verbs/verb.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define USUAL 9

static void progress(unsigned done, unsigned all)
{
    if (isatty(STDERR_FILENO) == 1) {
        (void)fprintf(stderr, "\rmeasuring: %u of %u%s", done + 1, all,
                      done + 1 == all ? "\n" : "");
    }
}

static const char *machine_of(const struct sim_calibration *c)
{
    return c->machine[0] != '\0' ? c->machine : "unknown";
}

static void print_row(const char *name, double low, double median, double high, const char *unit)
{
    (void)printf("%-12s %12.4g  %8.4g to %-8.4g  %s\n", name, median, low, high, unit);
}

static void print_table(const struct sim_calibration *c)
{
    (void)printf("machine      %s\n\noperation          median  quartiles\n", machine_of(c));
    for (unsigned i = 0; i < SIM_COSTS; i++) {
        print_row(sim_cost_names[i], c->low[i], c->cost[i], c->high[i], "ns");
    }
    for (unsigned i = 0; i < SW_WORK_COUNT; i++) {
        print_row(sim_work_names[i], c->work_low[i], c->work[i], c->work_high[i], "ns a byte");
    }
}

static void json_row(const char *name, double low, double median, double high, bool first)
{
    (void)printf("%s\"%s\":{\"median\":", first ? "" : ",", name);
    sim_json_number(stdout, median);
    (void)fputs(",\"low\":", stdout);
    sim_json_number(stdout, low);
    (void)fputs(",\"high\":", stdout);
    sim_json_number(stdout, high);
    (void)fputc('}', stdout);
}

static void print_json(const struct sim_calibration *c)
{
    (void)fputs("{\"core_digest\":", stdout);
    sim_json_string(stdout, sw_core_digest());
    (void)fputs(",\"machine\":", stdout);
    sim_json_string(stdout, machine_of(c));
    (void)printf(",\"repetitions\":%u,\"ns\":{", c->repetitions);
    for (unsigned i = 0; i < SIM_COSTS; i++) {
        json_row(sim_cost_names[i], c->low[i], c->cost[i], c->high[i], i == 0);
    }
    (void)fputs("},\"ns_a_byte\":{", stdout);
    for (unsigned i = 0; i < SW_WORK_COUNT; i++) {
        json_row(sim_work_names[i], c->work_low[i], c->work[i], c->work_high[i], i == 0);
    }
    (void)puts("}}");
}

/* Quotes and backslashes would need escaping: no processor's name has them. */
static void write_text(FILE *to, const char *s)
{
    (void)fputc('"', to);
    for (; *s != '\0'; s++) {
        (void)fputc(*s == '"' || *s == '\\' || (unsigned char)*s < ' ' ? ' ' : *s, to);
    }
    (void)fputc('"', to);
}

static int write_profile(const struct sim_calibration *c, const char *path)
{
    FILE *to = fopen(path, "w");
    if (to == NULL) {
        return sim_quit(SIM_EXIT_ENVIRONMENT, "%s: %s", path, strerror(errno));
    }
    (void)fputs("# What the node's operations cost on one machine, written by swarmsim calibrate:\n"
                "# medians of processor time in the node's own code, the system's not included.\n"
                "machine: ",
                to);
    write_text(to, machine_of(c));
    (void)fprintf(to, "\nrepetitions: %u\n", c->repetitions);
    for (unsigned i = 0; i < SIM_COSTS; i++) {
        (void)fprintf(to, "%s: %.0fns\n", sim_cost_names[i], c->cost[i] < 1 ? 1 : c->cost[i]);
    }
    for (unsigned i = 0; i < SW_WORK_COUNT; i++) {
        (void)fprintf(to, "%s: %.4f # ns a byte\n", sim_work_names[i],
                      c->work[i] < 0.001 ? 0.001 : c->work[i]);
    }
    if (ferror(to) != 0 || fclose(to) != 0) {
        return sim_quit(SIM_EXIT_ENVIRONMENT, "%s: %s", path, strerror(errno));
    }
    return SIM_EXIT_OK;
}

static int run(int argc, char **argv)
{
    const char *json = NULL;
    const char *out = NULL;
    const char *times = NULL;
    const struct sim_option options[] = { { "--json", true, &json },
                                          { "--out", false, &out },
                                          { "--repetitions", false, &times } };
    uint64_t repetitions = USUAL;
    size_t n = 0;
    if (sim_parse_options(argc, argv, options, SW_LEN(options), NULL, 0, &n) != 0 ||
        (times != NULL && sim_parse_number("--repetitions", times, 3, &repetitions) != 0)) {
        return SIM_EXIT_USAGE;
    }
    if (repetitions > 10000) {
        return sim_quit(SIM_EXIT_USAGE, "--repetitions: at most 10000");
    }
    struct sim_calibration c;
    struct sw_diag d = { 0 };
    const int err = sim_calibrate((unsigned)repetitions, progress, &c, &d);
    if (err != 0) {
        return sim_quit(SIM_EXIT_INTERNAL, "%s", d.text);
    }
    const int code = out != NULL ? write_profile(&c, out) : SIM_EXIT_OK;
    if (json != NULL) {
        print_json(&c);
    } else {
        print_table(&c);
    }
    return code;
}

extern const struct sim_verb sim_verb_calibrate;
const struct sim_verb sim_verb_calibrate = {
    .name = "calibrate",
    .usage = "[--out PROFILE.yaml] [--repetitions N] [--json]",
    .help =
        "Measures what the real node's operations cost on this machine, in processor time of\n"
        "its own code (the system's part, as of sockets, is not in it): answering a query,\n"
        "forwarding one, a peer's query, a peer's answer, and each kind of a job's work by the\n"
        "byte.  Prints medians and quartiles.\n"
        "  --out PROFILE.yaml    written for `processor.profile` of a scenario\n"
        "  --repetitions N       default: 9\n",
    .run = run,
};
