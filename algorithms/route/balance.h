/* SPDX-License-Identifier: GPL-3.0-or-later
 * How a region's queries are to be shared among regions: three ways to say it, all functions of
 * what gossip tells (struct sw_regions) and of nothing else, so that every node that heard the
 * same says the same, to the bit.
 *
 * What shares w(r,k) cost, per query, is
 *
 *   J = sum_r lambda_r sum_k w(r,k) (rtt(r,k) + D_k(rho_k)) / sum_r lambda_r
 *   rho_k = sum_r lambda_r w(r,k) / mu_k                    lambda: demand, mu: capacity
 *   D_k(rho) = s_k (1 + rho^(sqrt(2 (c_k + 1)) - 1) / (c_k (1 - rho)))     s_k = c_k / mu_k
 *
 * The second part of D is Sakasegawa's wait for M/M/c; beyond rho = 0.97 D goes on as its tangent,
 * so that too much demand costs more the more it is.  A region without demand counts for nothing,
 * and one without capacity gets nothing.
 *
 * Source: Sakasegawa 1977, "An approximation formula L_q = alpha rho^beta/(1 - rho)". */
#ifndef SW_ROUTE_BALANCE_H
#define SW_ROUTE_BALANCE_H

#include "algorithms/route/policy.h"

/* w[r][k]: the share of region r's queries that goes to region k; a row sums to 1. */
struct sw_balance {
    double w[SW_REGIONS_MOST][SW_REGIONS_MOST];
};

/* Fill the nearest first: pairs (r, k) in ascending order of rtt, each as much of what is left of
 * r's demand as @theta of k's capacity leaves room for.  What finds no room is spread by capacity.
 * A region without demand counts as if it had next to none.  Where no region has capacity, each
 * keeps its own. */
void sw_balance_fill(const struct sw_regions *g, double theta, struct sw_balance *out);

/* Minimise J by a particle swarm over the rows' softmax logits: 24 particles in a ring, 60 rounds,
 *   v = .7298 v + 1.49618 u1 (p - x) + 1.49618 u2 (l - x),   x in [-8, 8]
 * p: a particle's best, l: the best of it and its two neighbours.  Half of the particles begin
 * near sw_balance_fill's shares (one of them exactly there), not near those of a second ago: then
 * the result would depend on how long a node has been listening.  Draws are keyed by g->epoch.
 * Returns J.  It is a heuristic with a budget: sw_balance_descent finds 3 % less at five regions
 * and 10 % less at ten (tests/bench/bench_balance). Source: Clerc and Kennedy 2002 (constriction),
 * Kennedy and Mendes 2002 (ring). */
double sw_balance_swarm(const struct sw_regions *g, struct sw_balance *out);

/* The control: from the same beginning, move share from one region to another of a row while that
 * lowers J, in steps that halve from 1/4 to 1/1024.  Returns J. */
double sw_balance_descent(const struct sw_regions *g, struct sw_balance *out);

/* J of @b, ns. */
double sw_balance_cost(const struct sw_regions *g, const struct sw_balance *b);

#endif
