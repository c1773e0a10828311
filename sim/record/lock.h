/* SPDX-License-Identifier: GPL-3.0-or-later
 * One process at a time writes a study: it holds a lock beside the database, which the kernel
 * takes away when it ends, however it ends.  Readers need none. */
#ifndef SIM_RECORD_LOCK_H
#define SIM_RECORD_LOCK_H

#include "node/base/err.h"

struct sim_lock {
    int fd;     /* -1: not held */
    char *path; /* DATABASE-lock */
};

/* Take the lock of @database.  Processes forked later don't hold it (fcntl(2)).
 * Errors: SW_ERR_BUSY (the diag names the process that holds it), SW_ERR_DENIED, SW_ERR_FULL,
 * SW_ERR_IO, SW_ERR_NOMEM. */
int sim_lock_take(struct sim_lock *l, const char *database, struct sw_diag *d);
/* Give it back and remove its file.  Nothing happens when it isn't held. */
void sim_lock_release(struct sim_lock *l);

#endif
