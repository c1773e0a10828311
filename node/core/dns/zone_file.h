/* SPDX-License-Identifier: GPL-3.0-or-later
 * Reading a file of a zone whole. */
#ifndef SW_DNS_ZONE_FILE_H
#define SW_DNS_ZONE_FILE_H

#include "node/base/buf.h"
#include "node/base/err.h"
#include "node/core/fs.h"

/* Append the file @path to @text.  Errors: the disk's; SW_ERR_RANGE: no regular file of at most
 * 1 GiB; SW_ERR_NOMEM; the diag says which. */
int sw_zone_file_read(const struct sw_fs *fs, const char *path, struct sw_blob *text,
                      struct sw_diag *d);

#endif
