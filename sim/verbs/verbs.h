/* SPDX-License-Identifier: GPL-3.0-or-later
 * The verbs of swarmsim.  Each gets its own arguments, argv[0] being the verb, and returns the
 * program's exit code: 0 done, 1 a check failed, 2 bad usage, 3 environment, 4 internal error. */
#ifndef SIM_VERBS_H
#define SIM_VERBS_H

int sim_selftest(int argc, char **argv);

#endif
