/* SPDX-License-Identifier: GPL-3.0-or-later
 * What operators do with zones: look, have a master file read again, promote a backup. */
#ifndef SW_ZONES_OPERATE_H
#define SW_ZONES_OPERATE_H

#include <protobuf-c/protobuf-c.h>

struct sw_node;
struct sw_held_zone;

/* Zones: what is held here, and what others say that they hold. */
void sw_operate_zones(struct sw_node *n, ProtobufCMessage *request);
/* Reload: read the zone's files again; the reply comes when that is done. */
void sw_operate_reload(struct sw_node *n, ProtobufCMessage *request);
/* Promote: the next epoch begins here.  Refused where others are known to hold something newer,
 * unless the request says `force`. */
void sw_operate_promote(struct sw_node *n, ProtobufCMessage *request);
/* The job of @z that an operator may wait for ended; @reason says what is wrong, "" nothing. */
void sw_operate_done(struct sw_node *n, struct sw_held_zone *z, int err, const char *reason);

#endif
