/* SPDX-License-Identifier: GPL-3.0-or-later
 * Closed formulas of queueing theory. */
#include "sim/analyse/theory.h"

#include <math.h>

double sim_theory_erlang_c(uint32_t cores, double rho)
{
    /* Erlang B by its recursion, which neither overflows nor cancels; then C from B. */
    const double load = rho * (double)cores;
    double b = 1;
    for (uint32_t i = 1; i <= cores; i++) {
        b = load * b / ((double)i + load * b);
    }
    return b / (1 - rho * (1 - b));
}

double sim_theory_mmc_wait(uint32_t cores, double rho)
{
    return sim_theory_erlang_c(cores, rho) / ((double)cores * (1 - rho));
}

double sim_theory_mm1_sojourn(double rho, double q)
{
    return -log1p(-q) / (1 - rho);
}

double sim_theory_md1_wait(double rho)
{
    return rho / (2 * (1 - rho));
}

double sim_theory_mm1k_loss(double rho, uint32_t k)
{
    const double full = pow(rho, (double)k);
    return (1 - rho) * full / (1 - full * rho);
}
