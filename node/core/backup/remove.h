/* SPDX-License-Identifier: GPL-3.0-or-later
 * Removes a folder that we made, with all that is in it. */
#ifndef SW_CORE_BACKUP_REMOVE_H
#define SW_CORE_BACKUP_REMOVE_H

#include "node/core/fs.h"

/* Never follows a symbolic link.  Nothing there is no error.
 * Errors: SW_ERR_RANGE (paths too long), SW_ERR_NOMEM, the disk's. */
int sw_remove_tree(const struct sw_fs *fs, const char *path);

#endif
