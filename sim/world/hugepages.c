/* SPDX-License-Identifier: GPL-3.0-or-later
 * Large worlds in large pages: glibc grows its heap by one large step, which madvise(2) sees before
 * anything is in it. */
#define _DEFAULT_SOURCE
#include "sim/world/hugepages.h"

#include <stdint.h>
#include <stdlib.h>

#ifdef __GLIBC__
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#define STEP (1 << 30) /* bytes */
#define FROM_HEAP \
    (32 << 20) /* bytes: what is smaller is never a mapping of its own; glibc's most */
#define PAGE ((uintptr_t)2 << 20) /* bytes, on x86-64 */

void sim_want_hugepages(void)
{
    if (mallopt(M_MMAP_THRESHOLD, FROM_HEAP) == 0 ||
        mallopt(M_TRIM_THRESHOLD, 2 * (STEP - 1)) == 0 || mallopt(M_TOP_PAD, STEP) == 0) {
        return;
    }
    const uintptr_t begin = ((uintptr_t)sbrk(0) + PAGE - 1) & ~(PAGE - 1);
    void *volatile more = malloc(FROM_HEAP / 2); /* than a new heap has; not optimised away */
    free(more);
    (void)mallopt(M_TOP_PAD, FROM_HEAP);
    const uintptr_t end = (uintptr_t)sbrk(0) & ~(PAGE - 1);
    if (end > begin) {
        (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
    }
}
#else
void sim_want_hugepages(void)
{
}
#endif
