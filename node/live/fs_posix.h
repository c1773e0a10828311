/* SPDX-License-Identifier: GPL-3.0-or-later
 * Files of the machine as struct sw_fs.  A file opened to be written is never reached through a
 * symbolic link in its last step; reading may follow one (a zone file often is one). */
#ifndef SW_LIVE_FS_POSIX_H
#define SW_LIVE_FS_POSIX_H

#include "node/base/err.h"
#include "node/core/fs.h"

/* Relative paths start at the process's working directory.  Stateless: any thread may use it. */
extern const struct sw_fs live_fs_posix;

/* What @errnum (of errno.h) is called here. */
int live_fs_error(int errnum);

#endif
