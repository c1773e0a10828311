/* SPDX-License-Identifier: GPL-3.0-or-later
 * Large worlds in large pages. */
#ifndef SIM_HUGEPAGES_H
#define SIM_HUGEPAGES_H

/* Ask that the heap's next GiB be huge pages (madvise(2), MADV_HUGEPAGE), since a world of
 * thousands of nodes touches other ones with each event: most of the time went into finding pages.
 * No page is taken before it is used.  To be called once, when the program starts; without glibc,
 * under a sanitizer, or where the kernel has none, nothing changes. */
void sim_want_hugepages(void);

#endif
