/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the real node's operations cost on this machine, measured: processor time of its own code,
 * without the system's (sockets, wake-ups, disks). */
#ifndef SIM_CALIBRATE_H
#define SIM_CALIBRATE_H

#include "node/base/err.h"
#include "node/core/job.h"

enum sim_cost {
    SIM_COST_QUERY,   /* ns a query: a front answers it from its view */
    SIM_COST_FORWARD, /* ns a query, beside the former: the node picks a peer and sends */
    SIM_COST_PEER,    /* ns a query: a node answers what a peer forwarded */
    SIM_COST_URGENT,  /* ns a message: a node takes a peer's answer and hands it to the front */
    SIM_COSTS
};

struct sim_calibration {
    char machine[128]; /* its processor, as the system names it */
    unsigned repetitions;
    double cost[SIM_COSTS];     /* medians */
    double low[SIM_COSTS];      /* quartiles, to see how steady the machine was */
    double high[SIM_COSTS];     /* */
    double work[SW_WORK_COUNT]; /* ns a unit: medians, quartiles */
    double work_low[SW_WORK_COUNT], work_high[SW_WORK_COUNT];
};

extern const char *const sim_cost_names[SIM_COSTS];     /* "query": keys of a profile */
extern const char *const sim_work_names[SW_WORK_COUNT]; /* "hash" */

/* Measure everything @repetitions times (odd, at least 3), with @progress told before each.
 * Errors: SW_ERR_NOMEM; SW_ERR_STATE: an operation did not do what it should. */
int sim_calibrate(unsigned repetitions, void (*progress)(unsigned done, unsigned all),
                  struct sim_calibration *out, struct sw_diag *d);

/* Each fills in one repetition: ns an operation, ns a unit. */
int sim_measure_node(double cost[SIM_COSTS]);
int sim_measure_work(double work[SW_WORK_COUNT]);
/* Processor time of this thread, ns. */
double sim_cpu_ns(void);

#endif
