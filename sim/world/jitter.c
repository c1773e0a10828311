/* SPDX-License-Identifier: GPL-3.0-or-later
 * The table of the log-normal's quantiles. */
#include "sim/world/jitter.h"

#include "node/base/fmath.h"

/* Log-normal with mean and standard deviation 1: sigma^2 = ln 2, mu = -sigma^2 / 2. */
#define SIGMA 0.83255461115769769
#define MEDIAN 0.70710678118654752
#define SQRT_2_PI 2.5066282746310005
#define STEPS 4 /* of integration, a part */

/* dz/dp, where p = Phi(z): the reciprocal of the normal density. */
static double slope(double z)
{
    return SQRT_2_PI * sw_exp(z * z / 2);
}

/* The normal quantile at @p + @h from the one at @p, by a step of Runge and Kutta's. */
static double step(double z, double h)
{
    const double a = slope(z);
    const double b = slope(z + a * h / 2);
    const double c = slope(z + b * h / 2);
    const double d = slope(z + c * h);
    return z + (a + 2 * b + 2 * c + d) * h / 6;
}

struct end {
    double value, change; /* of a log-normal quantile; over one part, at its present slope */
};

/* Where the normal quantile is @z; a part is @h wide. */
static struct end at(double z, double h)
{
    const double value = MEDIAN * sw_exp(SIGMA * z);
    return (struct end){ value, value * SIGMA * slope(z) * h };
}

/* Hermite's cubic: values and slopes of both ends are right. */
static void fit(double c[4], struct end from, struct end to)
{
    const double rise = to.value - from.value;
    c[0] = from.value;
    c[1] = from.change;
    c[2] = 3 * rise - 2 * from.change - to.change;
    c[3] = from.change + to.change - 2 * rise;
}

void sim_jitter_init(struct sim_jitter *j)
{
    /* From the far end inwards: that way errors shrink. */
    double z = -6.3379577545537895; /* the quantile at 2^-33 */
    double width = 0x1p-33 / SIM_JITTER_PARTS;
    for (int octave = SIM_JITTER_OCTAVES - 1; octave >= 0; octave--) {
        for (int part = 0; part < SIM_JITTER_PARTS; part++) {
            double inner = z;
            for (int i = 0; i < STEPS; i++) {
                inner = step(inner, width / STEPS);
            }
            /* Phi(-z) = 1 - Phi(z): the same distances from the high end. */
            fit(j->cubic[0][octave][part], at(z, width), at(inner, width));
            fit(j->cubic[1][octave][part], at(-z, -width), at(-inner, -width));
            z = inner;
        }
        width *= 2;
    }
}
