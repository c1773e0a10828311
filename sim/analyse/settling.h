/* SPDX-License-Identifier: GPL-3.0-or-later
 * Whether a study's warm-up was long enough. */
#ifndef SIM_SETTLING_H
#define SIM_SETTLING_H

struct sqlite3;

/* When the series of @metric settles in the latest study's @configuration, s from the beginning:
 * MSER-5 over its mean of all runs, until the first fault.  Infinite: it does not until then; NaN:
 * it is too short to say.  Errors: SW_ERR_NOMEM; SW_ERR_MALFORMED: the study can't be read. */
int sim_settling(struct sqlite3 *sq, const char *configuration, const char *metric, double *out);

#endif
