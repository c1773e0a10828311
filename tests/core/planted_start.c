/* SPDX-License-Identifier: GPL-3.0-or-later
 * What must never get into the core unnoticed: code that runs before main. */
void planted_start(void);

__attribute__((constructor)) void planted_start(void)
{
    volatile int kept = 0; /* or an optimiser drops it all */
    (void)kept;
}
