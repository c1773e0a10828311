/* SPDX-License-Identifier: GPL-3.0-or-later
 * Between the node and its backup module: what the module asks for, and what it is told. */
#ifndef SW_CORE_BACKUP_HOST_H
#define SW_CORE_BACKUP_HOST_H

#include "node/core/backup/backup.h"

struct sw_node;
struct sw_link;

/* The module of @n, which must outlive it.  NULL when memory is out. */
struct sw_backup *sw_backup_host_new(struct sw_node *n);

/* A bulk connection: greeted, lost, blocked or free again. */
void sw_backup_host_up(struct sw_node *n, const struct sw_link *link);
void sw_backup_host_down(struct sw_node *n, const struct sw_link *link);
void sw_backup_host_blocked(struct sw_node *n, const struct sw_link *link);

#endif
