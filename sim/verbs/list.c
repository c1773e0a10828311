/* SPDX-License-Identifier: GPL-3.0-or-later
 * swarmsim list: everything registered, from the same tables the code uses. */
#include "algorithms/route/policy.h"
#include "algorithms/search/search.h"
#include "node/conf/config.h"
#include "sim/analyse/metric.h"
#include "sim/faults/fault.h"
#include "sim/scenario/tables.h"
#include "sim/search/file.h"
#include "sim/verbs/json.h"
#include "sim/verbs/verb.h"
#include "sim/world/world.h"

#include <string.h>

/* Two columns; the second is wrapped at @width and indented. */
static void entry(const char *name, const char *text)
{
    const size_t indent = 24;
    const size_t width = 72;
    (void)printf("%-*s", (int)indent, name);
    size_t at = indent;
    if (strlen(name) >= indent) {
        (void)printf("\n%*s", (int)indent, "");
    }
    while (*text != '\0') {
        const size_t len = strcspn(text, " ");
        if (at > indent && at + 1 + len > indent + width) {
            (void)printf("\n%*s", (int)indent, "");
            at = indent;
        }
        at += (size_t)printf("%s%.*s", at > indent ? " " : "", (int)len, text);
        text += len + (text[len] == ' ');
    }
    (void)putchar('\n');
}

static void list_policies(void)
{
    const struct sw_policy *p;
    for (size_t i = 0; (p = sw_policy_at(i)) != NULL; i++) {
        char text[512];
        (void)snprintf(text, sizeof text, "%s%s (%s)", p->help,
                       p->reference ? "; simulator only" : "", p->source);
        entry(p->name, text);
    }
}

static void json_policies(void)
{
    const struct sw_policy *p;
    (void)fputc('[', stdout);
    for (size_t i = 0; (p = sw_policy_at(i)) != NULL; i++) {
        (void)printf("%s\n{\"name\":\"%s\",\"help\":", i > 0 ? "," : "", p->name);
        sim_json_string(stdout, p->help);
        (void)fputs(",\"source\":", stdout);
        sim_json_string(stdout, p->source);
        (void)printf(",\"reference\":%s}", p->reference ? "true" : "false");
    }
    (void)fputs("]\n", stdout);
}

static void list_faults(void)
{
    const struct sim_fault_kind *k;
    for (size_t i = 0; (k = sim_fault_kind_at(i)) != NULL; i++) {
        entry(k->name, k->help);
        for (size_t p = 0; p < k->n_params; p++) {
            const struct sim_fault_param *q = &k->params[p];
            char name[80];
            char text[400];
            char range[SIM_PARAM_TEXT_MAX];
            char fallback[SIM_PARAM_TEXT_MAX];
            sim_fault_param_range(q, range);
            sim_fault_param_default(q, fallback);
            (void)snprintf(name, sizeof name, "    %s", q->key);
            (void)snprintf(text, sizeof text, "[%s%s%s%s%s] %s",
                           q->choices != NULL ? q->choices : sim_fault_param_type(q),
                           range[0] != '\0' ? ", " : "", range,
                           q->required           ? ", required"
                           : fallback[0] != '\0' ? ", default "
                                                 : "",
                           fallback, q->help);
            entry(name, text);
        }
    }
}

static void list_oracles(void)
{
    const struct sim_watcher *o;
    for (size_t i = 0; (o = sim_oracle_at(i)) != NULL; i++) {
        entry(o->name, o->help);
    }
}

static void list_metrics(void)
{
    const struct sim_metric_group *g;
    for (size_t i = 0; (g = sim_metric_group_at(i)) != NULL; i++) {
        for (size_t k = 0; k < g->n_metrics; k++) {
            const struct sim_metric *m = &g->metrics[k];
            const char *unit = strcmp(m->unit, "1") == 0  ? "share"
                               : strcmp(m->unit, "") == 0 ? "count"
                                                          : m->unit;
            char text[512];
            (void)snprintf(text, sizeof text, "[%s%s] %s", unit,
                           m->windowed ? "; also during a fault" : "", m->help);
            entry(m->name, text);
        }
    }
}

static void json_metrics(void)
{
    const struct sim_metric_group *g;
    const char *before = "";
    (void)fputc('[', stdout);
    for (size_t i = 0; (g = sim_metric_group_at(i)) != NULL; i++) {
        for (size_t k = 0; k < g->n_metrics; k++, before = ",") {
            const struct sim_metric *m = &g->metrics[k];
            (void)printf("%s\n{\"name\":\"%s\",\"unit\":\"%s\",\"during\":%s,\"help\":", before,
                         m->name, m->unit, m->windowed ? "true" : "false");
            sim_json_string(stdout, m->help);
            (void)fputc('}', stdout);
        }
    }
    (void)fputs("]\n", stdout);
}

static void list_parameters(void)
{
    const struct sw_policy *p;
    for (size_t i = 0; (p = sw_policy_at(i)) != NULL; i++) {
        (void)printf("%s\n", p->name);
        for (size_t k = 0; k < p->n_params; k++) {
            const struct sw_param *q = &p->params[k];
            char name[80];
            char text[400];
            const bool time = strcmp(q->unit, "ns") == 0;
            const double scale = time ? 1e-6 : 1;
            (void)snprintf(name, sizeof name, "    %s", q->name);
            (void)snprintf(text, sizeof text, "[%s, %.10g to %.10g, default %.10g] %s",
                           time ? "ms" : q->unit, q->low * scale, q->high * scale,
                           q->fallback * scale, q->help);
            entry(name, text);
        }
    }
}

/* The keys of scenario and node files, as Markdown. */
static void list_keys(void)
{
    (void)puts("## Scenario\n");
    sw_yaml_document(stdout, &sim_file_table);
    (void)puts("\n## Items of `nodes`, and `defaults.node`\n");
    sw_yaml_document(stdout, &sim_node_table);
    (void)puts("\n## Kinds of faults\n");
    sim_faults_print_markdown(stdout);
    (void)puts("\n## A live node's file\n");
    sw_yaml_document(stdout, &sw_node_file_table);
}

static void list_sites(void)
{
    for (unsigned i = 0; i < SW_SITE_COUNT; i++) {
        entry(sw_site_name(i), sw_site_text(i));
    }
}

static void list_study(void)
{
    sim_search_file_document(stdout);
}

static void list_optimisers(void)
{
    for (size_t i = 0; sw_optimiser_at(i) != NULL; i++) {
        entry(sw_optimiser_at(i)->name, sw_optimiser_at(i)->help);
    }
}

static void json_faults(void)
{
    sim_faults_print_json(stdout);
}

static const struct {
    const char *name;
    void (*print)(void);
    void (*json)(void); /* NULL: only for people */
} lists[] = {
    { "policies", list_policies, json_policies },
    { "faults", list_faults, json_faults },
    { "oracles", list_oracles, NULL },
    { "metrics", list_metrics, json_metrics },
    { "parameters", list_parameters, NULL },
    { "keys", list_keys, NULL },
    { "sites", list_sites, NULL },
    { "study", list_study, NULL },
    { "optimisers", list_optimisers, NULL },
};

static int run(int argc, char **argv)
{
    const char *what = NULL;
    const char *json = NULL;
    const struct sim_option options[] = { { "--json", true, &json } };
    size_t n = 0;
    if (sim_parse_options(argc, argv, options, SW_LEN(options), &what, 1, &n) != 0) {
        return SIM_EXIT_USAGE;
    }
    for (size_t i = 0; i < SW_LEN(lists); i++) {
        if (n == 1 && strcmp(lists[i].name, what) == 0) {
            if (json != NULL && lists[i].json == NULL) {
                return sim_quit(SIM_EXIT_USAGE,
                                "list --json is for policies, faults and metrics only");
            }
            (json != NULL ? lists[i].json : lists[i].print)();
            return SIM_EXIT_OK;
        }
    }
    return sim_quit(SIM_EXIT_USAGE,
                    "list what? policies, faults, oracles, metrics, parameters, sites, keys, study "
                    "or optimisers");
}

extern const struct sim_verb sim_verb_list;
const struct sim_verb sim_verb_list = {
    .name = "list",
    .usage = "policies|faults|oracles|metrics|parameters|sites|keys|study|optimisers [--json]",
    .help =
        "Documents everything registered: routing policies, kinds of faults and their keys,\n"
        "oracles, metrics with their units, parameters of the policies, sites in the node where\n"
        "a hunt makes it unlucky, the keys of scenario and node files and of a study's, and what\n"
        "`swarmsim tune` can search with.  --json prints\n"
        "policies, faults or metrics as JSON.\n",
    .run = run,
};
