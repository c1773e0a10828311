/* SPDX-License-Identifier: GPL-3.0-or-later
 * Formulas of queueing theory and reliability. */
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

/* Traffic equations r_j = gamma_j + sum of r_i p_ij, by Gauss and Seidel: the iteration converges
 * as customers leave in the end. */
static void solve_traffic(size_t n, const double gamma[SIM_STATIONS],
                          double p[SIM_STATIONS][SIM_STATIONS], double rate[SIM_STATIONS])
{
    double moved = 1;
    for (size_t j = 0; j < n; j++) {
        rate[j] = gamma[j];
    }
    for (unsigned round = 0; moved > 1e-15 && round < 10000; round++) {
        moved = 0;
        for (size_t j = 0; j < n; j++) {
            double r = gamma[j];
            for (size_t i = 0; i < n; i++) {
                r += rate[i] * p[i][j];
            }
            moved = fmax(moved, fabs(r - rate[j]));
            rate[j] = r;
        }
    }
}

double sim_theory_jackson(size_t n, const double mu[SIM_STATIONS], const double gamma[SIM_STATIONS],
                          double p[SIM_STATIONS][SIM_STATIONS], double l[SIM_STATIONS])
{
    double rate[SIM_STATIONS];
    double customers = 0;
    double arrivals = 0;
    solve_traffic(n, gamma, p, rate);
    for (size_t i = 0; i < n; i++) {
        const double rho = rate[i] / mu[i];
        l[i] = rho / (1 - rho);
        customers += l[i];
        arrivals += gamma[i];
    }
    return customers / arrivals;
}

double sim_theory_cache_hits(double lambda, double ttl)
{
    return lambda * ttl / (1 + lambda * ttl);
}

/* That one transmission brings no answer. */
static double try_fails(double loss)
{
    return 1 - (1 - loss) * (1 - loss);
}

double sim_theory_retry_fails(double loss, unsigned tries)
{
    return pow(try_fails(loss), (double)tries);
}

double sim_theory_retry_transmissions(double loss, unsigned tries)
{
    double sum = 0;
    for (unsigned i = 0; i < tries; i++) {
        sum += pow(try_fails(loss), (double)i);
    }
    return sum;
}

double sim_theory_two_copies(double lambda, double mu)
{
    return (3 * lambda + mu) / (2 * lambda * lambda);
}

double sim_theory_swim_probed(uint32_t n)
{
    const double m = (double)n - 1;
    double a = 1;     /* P(R > j) */
    double b = 1 / m; /* and what it falls by until j + 1: P(D > j) / m */
    double sum = 0;
    for (uint32_t j = 0; j < 2 * n - 3; j++) {
        sum += (pow(a, m + 1) - pow(fmax(a - b, 0), m + 1)) / ((m + 1) * b);
        a = fmax(a - b, 0);
        b -= (m - fabs((double)j + 1 - m)) / (m * m * m);
    }
    return sum;
}
