/* SPDX-License-Identifier: GPL-3.0-or-later
 * Distances on a sphere by chords, without libm's trigonometry. */
#include "sim/world/geography.h"

#include <math.h>

#define PI 3.14159265358979323846
#define EARTH_RADIUS 6371008.8
#define LIGHT_IN_FIBRE (299792458.0 * 2.0 / 3.0)

/* Taylor series on |x| <= pi/4, where the last term is below 1e-17. */
static double sine_series(double x)
{
    double term = x;
    double sum = x;
    for (int i = 2; i <= 18; i += 2) {
        term *= -x * x / (i * (i + 1));
        sum += term;
    }
    return sum;
}

static double cosine_series(double x)
{
    double term = 1;
    double sum = 1;
    for (int i = 1; i <= 17; i += 2) {
        term *= -x * x / (i * (i + 1));
        sum += term;
    }
    return sum;
}

/* Sine of @degrees; the cosine is the sine of 90 degrees more. */
static double sine(double degrees)
{
    const double turns = floor(degrees / 360.0);
    const double d = degrees - 360.0 * turns;
    const double quarter = floor((d + 45.0) / 90.0); /* 0..4 */
    const double rest = (d - 90.0 * quarter) * (PI / 180.0);
    switch ((int)quarter & 3) {
    case 0:
        return sine_series(rest);
    case 1:
        return cosine_series(rest);
    case 2:
        return -sine_series(rest);
    default:
        return -cosine_series(rest);
    }
}

/* The angle whose sine is @s, 0 <= @s <= 1: atan by halving its argument's angle until the series
 * converges fast (tan(a/2) = t / (1 + sqrt(1 + t^2))). */
static double arc_sine(double s)
{
    if (s >= 1) {
        return PI / 2;
    }
    double t = s / sqrt(1 - s * s);
    double scale = 1;
    for (int i = 0; i < 5; i++) {
        t = t / (1 + sqrt(1 + t * t));
        scale *= 2;
    }
    double term = t;
    double sum = t;
    for (int i = 3; i <= 21; i += 2) {
        term *= -t * t;
        sum += term / i;
    }
    return scale * sum;
}

double sim_distance(double latitude_a, double longitude_a, double latitude_b, double longitude_b)
{
    const double ax = sine(latitude_a + 90) * sine(longitude_a + 90);
    const double ay = sine(latitude_a + 90) * sine(longitude_a);
    const double az = sine(latitude_a);
    const double bx = sine(latitude_b + 90) * sine(longitude_b + 90);
    const double by = sine(latitude_b + 90) * sine(longitude_b);
    const double bz = sine(latitude_b);
    const double dx = ax - bx;
    const double dy = ay - by;
    const double dz = az - bz;
    const double chord = sqrt(dx * dx + dy * dy + dz * dz);
    return 2 * EARTH_RADIUS * arc_sine(chord / 2);
}

sw_dur sim_fibre_delay(double metres, double stretch)
{
    return (sw_dur)(metres * stretch / LIGHT_IN_FIBRE * 1e9 + 0.5);
}
