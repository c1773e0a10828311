/* SPDX-License-Identifier: GPL-3.0-or-later
 * The service manager's socket: one datagram of NAME=value lines. */
#define _GNU_SOURCE
#include "node/live/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void notify(const char *text)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    if (path == NULL || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof to.sun_path) {
        return;
    }
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return;
    }
    const size_t len = strlen(path);
    memcpy(to.sun_path, path, len);
    if (path[0] == '@') {
        to.sun_path[0] = '\0'; /* the abstract namespace */
    }
    (void)sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&to,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
    (void)close(fd);
}

void live_notify_state(enum sw_state state)
{
    char text[64];
    (void)snprintf(text, sizeof text, "%sSTATUS=%s\n",
                   state == SW_STATE_READY ? "READY=1\n"
                                           : (state == SW_STATE_DRAINING ? "STOPPING=1\n" : ""),
                   sw_state_name(state));
    notify(text);
}
