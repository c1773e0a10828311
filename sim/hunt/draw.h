/* SPDX-License-Identifier: GPL-3.0-or-later
 * Worlds and troubles drawn from a seed, written as scenarios: what a hunt finds is a file that
 * people can read, run and cut down.
 *
 * Each seed enables a random subset of all kinds of faults (swarm testing: Groce, Zhang, Eide,
 * Chen, Regehr 2012), which finds what a uniform mix hides. */
#ifndef SIM_DRAW_H
#define SIM_DRAW_H

#include "sim/faults/fault.h"
#include "sim/world/world.h"

#include <stdio.h>

/* Write a whole scenario: two to four regions with one to three nodes each, one zone from @zone
 * (a path, relative to where the scenario will lie), clients, protected sets, operations, faults;
 * in one of three seeds upstreams and what they know as well. */
void sim_draw_scenario(FILE *to, uint64_t seed, const char *zone);

/* ---- draw_outside.c ---- */

/* The names that @s has are all that is looked at.  Write, behind the items of `zones`, one that
 * nobody holds and the key `upstreams`, which are put into @out: how many; mostly none. */
#define SIM_DRAW_UPSTREAMS 2U
size_t sim_draw_outside(FILE *to, uint64_t seed, const struct sim_scenario *s,
                        struct sim_upstream out[SIM_DRAW_UPSTREAMS]);
/* Where @s has upstreams: a node's keys `forwarding` and `cache`, and another item of `clients`. */
void sim_draw_forwarding(FILE *to, uint64_t seed, const struct sim_scenario *s);
void sim_draw_askers(FILE *to, uint64_t seed, const struct sim_scenario *s);

/* ---- draw_faults.c ---- */

/* Write the key `faults` for the world of @s, or nothing: up to twelve, of drawn kinds, and in one
 * world of four a node that is gone for a moment again and again.
 * @heading false: only the items, below others that are written already. */
void sim_draw_faults(FILE *to, uint64_t seed, const struct sim_scenario *s, bool heading);

/* How @seed is run: every other one takes events of one moment in a drawn order, and every other
 * one, whichever, has unlucky nodes. */
struct sim_world_options sim_draw_options(uint64_t seed);

/* The zone that drawn worlds serve, as a master file. */
extern const char sim_draw_zone[];

#endif
