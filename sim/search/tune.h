/* SPDX-License-Identifier: GPL-3.0-or-later
 * The tuner: which point of a space is best over a family of scenarios, for a number of trials.
 *
 * A *block* is a scenario with a seed; all candidates that are compared meet the same ones.
 *   1. Screening: the defaults and Sobol points, on a block of each of up to 3 scenarios.
 *   2. Successive halving: one in 4 goes on, with 4 times the blocks.
 *   3. The parameters that explain most of the screening's variance are searched by an optimiser,
 *      the rest stays as the best so far has it.  Each generation meets another seed; what the
 *      optimiser is told is the difference to the defaults on the same blocks, so that an easy seed
 *      makes nobody's best.
 *   4. A race on seeds that nobody met: the defaults, the best of the halving, the best of the
 *      optimiser; who a paired test says can't win leaves.
 *   5. The winner, the defaults and the baselines on seeds, and scenarios, that the search never
 * saw. Trials of 1 to 4 are the budget.  Everything follows from the study, the budget, the
 * optimiser and the seed of the search: neither the number of processes nor what is stored changes
 * it. */
#ifndef SIM_TUNE_H
#define SIM_TUNE_H

#include "algorithms/search/search.h"
#include "sim/search/file.h"
#include "sim/search/lab.h"
#include "sim/search/paired.h"

enum sim_origin { SIM_FROM_DEFAULTS, SIM_FROM_SCREENING, SIM_FROM_OPTIMISER };

struct sim_candidate {
    struct sim_point point;
    enum sim_origin origin;
    double *u;   /* coordinates; NULL: the defaults */
    double told; /* what the optimiser was told of it; NaN */
    struct sim_known {
        size_t block;
        double objective;
    } * known; /* n of them */
    size_t n, cap;
};

/* One system on one table. */
struct sim_tuned_row {
    char name[64];
    const struct sim_point *point;
    double objective;
    double values[SIM_MEASURES];
    struct sim_paired change; /* to the defaults */
    double holm;
    struct sim_interval families; /* of that change, by bootstrap over scenarios; NaN with few */
};
struct sim_tuned_table {
    size_t first, n; /* scenarios of the lab */
    uint64_t seed, seeds;
    struct sim_tuned_row rows[2 + SIM_BASELINES]; /* winner, defaults, baselines */
    size_t n_rows;
};

struct sim_tune {
    /* The caller's: */
    const struct sw_optimiser *optimiser;
    uint64_t budget, search_seed;
    size_t sensitive; /* parameters searched by the optimiser at most */
    void *self;
    void (*tell)(void *self, const char *words); /* a line on what was done; may be NULL */

    struct sim_search_file file;
    struct sim_lab lab; /* training scenarios, then held-out ones */
    struct sim_candidate *candidates;
    size_t n, cap;
    uint64_t spent;
    uint64_t next_seed;               /* offset of the first seed that nobody met */
    double *share;                    /* of each parameter */
    bool *searched;                   /* by the optimiser */
    size_t generations, racers, left; /* left: in the race when it ended */
    size_t winner;
    double trained, trained_defaults;          /* objective in the race */
    struct sim_tuned_table training, held_out; /* unseen seeds both; held_out.n 0: none given */
};

/* Read the study @path, with @policy unless it is NULL.  Errors: those of sim_search_file_read;
 * SW_ERR_RANGE: held-out seeds that the search may meet, a budget too small. */
int sim_tune_read(struct sim_tune *t, const char *path, const char *policy, struct sw_diag *d);
/* After sim_lab_open(&t->lab): steps 1 to 4, then 5.  Errors: those of sim_lab_try. */
int sim_tune_search(struct sim_tune *t, struct sw_diag *d);
int sim_tune_judge(struct sim_tune *t, struct sw_diag *d);
void sim_tune_fini(struct sim_tune *t);

/* ---- tune_candidates.c: for the tuner's own files ---- */

static inline size_t sim_tune_family(const struct sim_tune *t)
{
    return t->file.n_scenarios;
}
/* A new candidate at @u (NULL: the defaults); its number, or SIZE_MAX with the diag set. */
size_t sim_tune_add(struct sim_tune *t, const double *u, enum sim_origin origin, struct sw_diag *d);
/* Try @n candidates on @blocks blocks from @first on, where that is not known yet.  Errors: those
 * of sim_lab_try. */
int sim_tune_try(struct sim_tune *t, const size_t *who, size_t n, size_t first, size_t blocks,
                 struct sw_diag *d);
/* What is known of @c on @block, or NULL. */
const struct sim_known *sim_tune_known(const struct sim_candidate *c, size_t block);
/* Mean objective over blocks; NaN when one is not known, or not finite. */
double sim_tune_mean(const struct sim_tune *t, size_t candidate, size_t first, size_t blocks);

#endif
