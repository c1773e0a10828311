/* SPDX-License-Identifier: GPL-3.0-or-later
 * A study file: what is varied, over which scenarios and seeds, and what counts.  For `swarmsim
 * sweep` and `tune`. */
#ifndef SIM_SEARCH_FILE_H
#define SIM_SEARCH_FILE_H

#include "sim/search/objective.h"
#include "sim/search/space.h"

#define SIM_DIMENSIONS SIM_SETTINGS
#define SIM_BASELINES 32

enum sim_design { SIM_GRID, SIM_LATIN, SIM_SOBOL };

struct sim_term_entry {
    char *metric;
    double weight;
    bool log;
};

struct sim_baseline_entry {
    char *policy, *params; /* as --policy and --params */
};

/* What the search never saw. */
struct sim_held_out {
    char **scenarios;
    size_t n_scenarios;
    uint64_t seed;
    uint32_t replications;
};

struct sim_search_file {
    struct sw_name name;
    char *question;
    char **scenarios; /* paths */
    size_t n_scenarios;
    char *policy; /* NULL: the scenarios' own */
    struct sim_dimension *dims;
    size_t n_dims;
    int design; /* enum sim_design */
    uint32_t points;
    uint64_t seed;
    uint32_t replications;
    char **metrics;
    size_t n_metrics;
    struct sim_term_entry *terms;
    size_t n_terms;
    struct sim_baseline_entry *baselines;
    size_t n_baselines;
    struct sim_held_out held_out;

    /* Made of these: */
    struct sim_objective objective;
    struct sim_point defaults; /* the policy, and nothing set */
    struct sim_point *others;  /* the baselines */
};

/* Read @path; zero-initialise @out.  @policy: instead of the file's, and then the study is called
 * NAME-POLICY; NULL: the file's.  Free with sim_search_file_fini in any case.
 * Errors: SW_ERR_IO, SW_ERR_MALFORMED, SW_ERR_RANGE, SW_ERR_NOTFOUND; the diag reads
 * "file:line:col: key: what is wrong". */
int sim_search_file_read(const char *path, const char *policy, struct sim_search_file *out,
                         struct sw_diag *d);
void sim_search_file_fini(struct sim_search_file *f);
/* Its keys as Markdown. */
void sim_search_file_document(FILE *to);

#endif
