/* SPDX-License-Identifier: GPL-3.0-or-later
 * TCP chores that listeners share. */
#ifndef SW_LIVE_TCP_H
#define SW_LIVE_TCP_H

#include <uv.h>

/* Take the next connection of @server and close it: one that is not accepted would make libuv stop
 * listening. */
void live_tcp_refuse(uv_stream_t *server);

#endif
