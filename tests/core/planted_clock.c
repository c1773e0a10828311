/* SPDX-License-Identifier: GPL-3.0-or-later
 * What must never get into the core unnoticed: a clock. */
#include <time.h>

long planted_clock(void);

long planted_clock(void)
{
    return (long)time(NULL);
}
