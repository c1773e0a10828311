/* SPDX-License-Identifier: GPL-3.0-or-later
 * How long light takes between two places on Earth. */
#ifndef SIM_GEOGRAPHY_H
#define SIM_GEOGRAPHY_H

#include "node/base/types.h"

/* Great-circle distance in metres on a sphere of 6,371,008.8 m (IUGG mean radius), from degrees.
 * Uses + - * / and square root only: the same bits everywhere. */
double sim_distance(double latitude_a, double longitude_a, double latitude_b, double longitude_b);

/* One way through @metres of great circle in fibre: two thirds of the speed of light, along a
 * path @stretch times as long. */
sw_dur sim_fibre_delay(double metres, double stretch);

#endif
