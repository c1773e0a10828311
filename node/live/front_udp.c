/* SPDX-License-Identifier: GPL-3.0-or-later
 * Datagrams in batches: libuv only says when a socket is readable, recvmmsg and sendmmsg do the
 * rest. */
#define _GNU_SOURCE /* recvmmsg, sendmmsg */
#include "node/live/front.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/live/clock.h"
#include "node/live/fs_posix.h"

#define ROUNDS 4                /* batches read before other sockets have their turn */
#define SOCKET_BUFFER (1 << 20) /* bytes asked of the kernel each way */

struct live_udp_batch {
    /* received */
    struct mmsghdr in[LIVE_UDP_BATCH];
    struct iovec in_iov[LIVE_UDP_BATCH];
    union live_address from[LIVE_UDP_BATCH];
    uint8_t bytes[LIVE_UDP_BATCH][LIVE_UDP_MESSAGE];
    /* to send: the bytes lie in the front's actions */
    struct mmsghdr out[LIVE_UDP_BATCH];
    struct iovec out_iov[LIVE_UDP_BATCH];
    union live_address to[LIVE_UDP_BATCH];
    unsigned n_out;
    const struct live_udp *out_socket;
};

struct live_udp_batch *live_udp_batch_new(void)
{
    struct live_udp_batch *b = calloc(1, sizeof *b);
    for (size_t i = 0; b != NULL && i < LIVE_UDP_BATCH; i++) {
        b->in_iov[i] = (struct iovec){ b->bytes[i], LIVE_UDP_MESSAGE };
        b->in[i].msg_hdr.msg_iov = &b->in_iov[i];
        b->in[i].msg_hdr.msg_iovlen = 1;
        b->in[i].msg_hdr.msg_name = &b->from[i];
        b->out[i].msg_hdr.msg_iov = &b->out_iov[i];
        b->out[i].msg_hdr.msg_iovlen = 1;
        b->out[i].msg_hdr.msg_name = &b->to[i];
    }
    return b;
}

void live_udp_batch_free(struct live_udp_batch *b)
{
    free(b);
}

static int failed(struct sw_diag *d, const union live_address *a, const char *what)
{
    char text[LIVE_ADDRESS_MAX];
    const int errnum = errno;
    live_address_format(a, text);
    return sw_diag_set(d, errnum == EADDRINUSE ? SW_ERR_BUSY : live_fs_error(errnum),
                       "%s (UDP): %s: %s", text, what, strerror(errnum));
}

static void handle(struct live_udp *u, unsigned n, sw_time now)
{
    struct live_udp_batch *b = u->front->batch;
    for (unsigned i = 0; i < n; i++) {
        if ((b->in[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) {
            continue;
        }
        struct sw_event ev = { .kind = SW_EV_DATAGRAM };
        live_address_to_client(&b->from[i], &ev.u.datagram.client);
        ev.u.datagram.client.socket = u->socket;
        ev.u.datagram.client.front = u->front->number;
        ev.u.datagram.message = (struct sw_bytes){ b->bytes[i], b->in[i].msg_len };
        live_front_step(u->front, &ev, now);
    }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct live_udp *u = poll->data;
    struct live_udp_batch *b = u->front->batch;
    if (status != 0 || (events & UV_READABLE) == 0) {
        return;
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < LIVE_UDP_BATCH; i++) {
            b->in[i].msg_hdr.msg_namelen = sizeof b->from[i];
        }
        const int n = recvmmsg(u->fd, b->in, LIVE_UDP_BATCH, MSG_DONTWAIT, NULL);
        if (n <= 0) {
            break;
        }
        handle(u, (unsigned)n, live_now());
        live_front_flush(u->front);
        if (n < LIVE_UDP_BATCH) {
            break;
        }
    }
}

/* A full socket buffer drops the rest, as a network would. */
static void send_batch(struct live_front *f)
{
    struct live_udp_batch *b = f->batch;
    unsigned done = 0;
    while (done < b->n_out) {
        const int n = sendmmsg(b->out_socket->fd, b->out + done, b->n_out - done, MSG_DONTWAIT);
        if (n > 0) {
            done += (unsigned)n;
        } else if (errno == EAGAIN || errno == ENOBUFS) {
            f->dropped += b->n_out - done;
            break;
        } else if (errno != EINTR) {
            f->dropped++;
            done++; /* this one can't be sent; the next may */
        }
    }
    b->n_out = 0;
}

void live_udp_reply(struct live_front *f, const struct sw_client *to, struct sw_bytes message)
{
    struct live_udp_batch *b = f->batch;
    const struct live_udp *u = &f->udp[to->socket];
    if (b->n_out == LIVE_UDP_BATCH || (b->n_out > 0 && b->out_socket != u)) {
        send_batch(f);
    }
    const unsigned i = b->n_out++;
    b->out_socket = u;
    b->out_iov[i] = (struct iovec){ (void *)(uintptr_t)message.data, message.len };
    live_address_of_client(to, u->family, &b->to[i]);
    b->out[i].msg_hdr.msg_namelen = live_address_len(&b->to[i]);
}

void live_udp_flush(struct live_front *f)
{
    if (f->batch->n_out > 0) {
        send_batch(f);
    }
}

int live_udp_open(struct live_udp *u, const union live_address *a, struct sw_diag *d)
{
    const int on = 1;
    const int size = SOCKET_BUFFER;
    u->family = a->any.sa_family;
    u->fd = socket(u->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (u->fd < 0) {
        return failed(d, a, "socket");
    }
    (void)setsockopt(u->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    (void)setsockopt(u->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    /* Path MTU news can be forged; our datagrams fit 1232 bytes (RFC 9715). */
    const int omit = IP_PMTUDISC_OMIT;
    if (u->family == AF_INET) {
        (void)setsockopt(u->fd, IPPROTO_IP, IP_MTU_DISCOVER, &omit, sizeof omit);
    } else {
        (void)setsockopt(u->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &omit, sizeof omit);
        (void)setsockopt(u->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    if (setsockopt(u->fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0 ||
        bind(u->fd, &a->any, live_address_len(a)) != 0) {
        return failed(d, a, "bind");
    }
    u->poll.data = u;
    u->polled = uv_poll_init(&u->front->loop, &u->poll, u->fd) == 0;
    return u->polled && uv_poll_start(&u->poll, UV_READABLE, on_readable) == 0
               ? 0
               : failed(d, a, "poll");
}

void live_udp_close(struct live_udp *u)
{
    if (u->polled) {
        (void)uv_poll_stop(&u->poll);
        uv_close((uv_handle_t *)&u->poll, NULL);
        u->polled = false;
    }
    if (u->fd >= 0) {
        (void)close(u->fd);
        u->fd = -1;
    }
}
