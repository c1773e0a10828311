/* SPDX-License-Identifier: GPL-3.0-or-later
 * What operators ask of a node: the methods of service Control. */
#ifndef SW_CORE_COMMAND_H
#define SW_CORE_COMMAND_H

#include "node/base/types.h"

struct sw_node;

/* Status codes of gRPC that this node replies with (gRPC, doc/statuscodes.md). */
enum sw_command_status {
    SW_COMMAND_OK = 0,
    SW_COMMAND_INVALID_ARGUMENT = 3,
    SW_COMMAND_NOT_FOUND = 5,
    SW_COMMAND_RESOURCE_EXHAUSTED = 8,
    SW_COMMAND_FAILED_PRECONDITION = 9,
    SW_COMMAND_UNAVAILABLE = 14,
    SW_COMMAND_UNIMPLEMENTED = 12,
};

/* COMMAND. */
void sw_command(struct sw_node *n);
/* A last reply; everything is copied.  @message counts when @status is 0, else @reason does. */
void sw_command_reply(struct sw_node *n, uint64_t id, int status, const char *reason,
                      struct sw_bytes message);

#endif
