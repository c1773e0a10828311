/* SPDX-License-Identifier: GPL-3.0-or-later
 * What queueing theory says, in units of the mean service time (Kleinrock 1975, vol. I; Gross et
 * al. 2008).  All for Poisson arrivals and first come first served. */
#ifndef SIM_THEORY_H
#define SIM_THEORY_H

#include <stdint.h>

/* M/M/c, offered load a core @rho < 1: the probability that a customer waits (Erlang C). */
double sim_theory_erlang_c(uint32_t cores, double rho);
/* M/M/c: mean wait before service. */
double sim_theory_mmc_wait(uint32_t cores, double rho);
/* M/M/1: the @q-quantile of the time in the system, which is exponential. */
double sim_theory_mm1_sojourn(double rho, double q);
/* M/D/1: mean wait before service (Pollaczek and Khinchine). */
double sim_theory_md1_wait(double rho);
/* M/M/1 with room for @k customers in all: the share that is turned away. */
double sim_theory_mm1k_loss(double rho, uint32_t k);

#endif
