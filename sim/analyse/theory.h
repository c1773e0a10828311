/* SPDX-License-Identifier: GPL-3.0-or-later
 * What theory says.  Queues: in units of the mean service time (Kleinrock 1975, vol. I; Gross et
 * al. 2008), for Poisson arrivals and first come first served. */
#ifndef SIM_THEORY_H
#define SIM_THEORY_H

#include <stddef.h>
#include <stdint.h>

#define SIM_STATIONS 3

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

/* A Jackson network (1957): @n <= SIM_STATIONS single-server stations with exponential service of
 * rates @mu, Poisson arrivals from outside of rates @gamma, and a customer that leaves station i
 * goes to j with probability @p[i][j] and away with the rest.  @l gets the mean number of customers
 * at each; returns the mean time from entering the network to leaving it (Little 1961). */
double sim_theory_jackson(size_t n, const double mu[SIM_STATIONS], const double gamma[SIM_STATIONS],
                          double p[SIM_STATIONS][SIM_STATIONS], double l[SIM_STATIONS]);

/* The share of Poisson requests of rate @lambda, for one name, that a cache answers which keeps it
 * for @ttl from each miss on: renewal theory, one miss and lambda ttl hits a cycle (Jung, Berger
 * and Balakrishnan 2003). */
double sim_theory_cache_hits(double lambda, double ttl);

/* A query of at most @tries transmissions, each lost with probability @loss on its way there and
 * independently on its way back: the probability that it fails, and the mean number of
 * transmissions. */
double sim_theory_retry_fails(double loss, unsigned tries);
double sim_theory_retry_transmissions(double loss, unsigned tries);

/* Two copies that fail independently at rate @lambda each, one repaired at rate @mu while the other
 * lives: the mean time until both are gone.  Exact for that Markov chain, from both alive: with T2
 * and T1 the means from two copies and from one, T2 = 1/(2 lambda) + T1 and
 * T1 = (1 + mu T2) / (lambda + mu) (Patterson, Gibson and Katz 1988 give its limit for mu >>
 * lambda, mu / (2 lambda^2)). */
double sim_theory_two_copies(double lambda, double mu);

/* SWIM with shuffled round robin (Das, Gupta and Motivala 2002, 4.3): the mean number of periods
 * from the failure of one of @n >= 2 members to the first moment at which one of the m = n - 1
 * others begins to probe it.  The rule: once a period, the next of a random order of m, each order
 * new; periods and rounds of different members are independent, and the failure is of neither.
 *
 * One member: of its probes of the failed one, two that follow each other are D = m - U + V periods
 * apart, U and V the places in two rounds, uniform on 1..m, so P(D = d) = (m - |d - m|) / m^2 for
 * d = 1..2m - 1, and E[D] = m.  A random moment falls into a gap in proportion to its length; the
 * time R from there to its end has P(R > t) = E[max(D - t, 0)] / m (inversion formula of Palm
 * theory: Baccelli and Bremaud 2003, 1.2.4, 1.4), which is linear between whole numbers.
 * All: E[min] is the integral of P(R > t)^m, a sum of integrals of (a - b x)^m from 0 to 1. */
double sim_theory_swim_probed(uint32_t n);

#endif
