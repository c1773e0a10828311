/* SPDX-License-Identifier: GPL-3.0-or-later
 * What must never get into the core unnoticed: memory that two nodes in one process share. */
int planted_count(void);

int planted_count(void)
{
    static int planted_counter = 7;
    return planted_counter++;
}
