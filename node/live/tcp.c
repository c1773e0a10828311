/* SPDX-License-Identifier: GPL-3.0-or-later
 * TCP chores that listeners share. */
#define _GNU_SOURCE /* what uv.h needs */
#include "node/live/tcp.h"

#include <stdlib.h>

static void on_closed(uv_handle_t *h)
{
    free(h);
}

void live_tcp_refuse(uv_stream_t *server)
{
    uv_tcp_t *tcp = malloc(sizeof *tcp);
    if (tcp != NULL && uv_tcp_init(server->loop, tcp) == 0) {
        (void)uv_accept(server, (uv_stream_t *)tcp);
        uv_close((uv_handle_t *)tcp, on_closed);
    } else {
        free(tcp);
    }
}
