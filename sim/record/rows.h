/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a finished run leaves behind, as a stream of rows: written by the process that ran it,
 * sent to its parent, decoded by whoever writes the database. */
#ifndef SIM_ROWS_H
#define SIM_ROWS_H

#include "node/base/buf.h"
#include "sim/analyse/hist.h"
#include "sim/world/world.h"

struct sim_rows {
    struct sw_blob blob;
    bool failed; /* memory ran out: the stream is not complete */
};

/* What one run cost and how it ended. */
struct sim_run_info {
    struct sim_result result;
    double sim_seconds, wall_seconds, cpu_seconds;
    int status;       /* 0, or why there is no result */
    char reason[256]; /* for people, when status is not 0 */
};

void sim_rows_info(struct sim_rows *r, const struct sim_run_info *info);
/* @during: fault kind, "" for the whole run.  @value: NaN when nothing was measured. */
void sim_rows_metric(struct sim_rows *r, const char *metric, const char *during, double value);
void sim_rows_sample(struct sim_rows *r, const char *metric, const char *entity, sw_time at,
                     double value);
void sim_rows_hist(struct sim_rows *r, const char *metric, const char *during,
                   const struct sim_hist *h);
/* Something happened: @entity (a node, a fault) did @kind, with @peer, @a, @b and @text. */
struct sim_event_row {
    sw_time at;
    const char *entity, *kind, *peer, *text; /* never NULL */
    uint64_t a, b;
};
void sim_rows_event(struct sim_rows *r, const struct sim_event_row *e);
/* A fault, as it happened. */
struct sim_fault_row {
    sw_time began_at, ended_at;    /* SW_TIME_NEVER: it was in effect when the run ended */
    bool drawn;                    /* by the scenario's storm */
    const char *kind, *parameters; /* JSON */
};
void sim_rows_fault(struct sim_rows *r, const struct sim_fault_row *f);
/* All of @more, behind what @r has. */
void sim_rows_append(struct sim_rows *r, const struct sim_rows *more);

/* ---- decoding ---- */

struct sim_row_handler {
    void *self;
    int (*info)(void *self, const struct sim_run_info *info);
    int (*metric)(void *self, const char *metric, const char *during, double value);
    int (*sample)(void *self, const char *metric, const char *entity, sw_time at, double value);
    int (*bucket)(void *self, const char *metric, const char *during, uint32_t bucket,
                  uint32_t count);
    int (*event)(void *self, const struct sim_event_row *e);
    int (*fault)(void *self, const struct sim_fault_row *f);
};

/* Call @h for every row; each of its functions may be NULL.  Stops at the first that does not
 * return 0, and returns that.  Errors: SW_ERR_MALFORMED. */
int sim_rows_each(struct sw_bytes rows, const struct sim_row_handler *h);

#endif
