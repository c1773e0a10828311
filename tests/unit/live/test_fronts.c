/* SPDX-License-Identifier: GPL-3.0-or-later
 * Front ends on loopback sockets: every query is answered, views are adopted and retired, and
 * clients that misbehave cost a bounded amount. */
#define _GNU_SOURCE
#include "node/core/view.h"
#include "node/live/fronts.h"
#include "tests/lib/check.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 10000

struct fixture {
    uv_loop_t loop; /* the node's */
    uv_async_t wake;
    struct live_box box;
    struct live_queue mail;
    struct live_fronts *fronts;
    union live_address address;
    unsigned queries, adopted, retired;
};

/* www.example.org A with ID @id. */
static size_t make_query(uint16_t id, uint8_t *out)
{
    static const uint8_t rest[] = { 1,   0,   0,   1,   0,   0,   0,   0,   0,   0,   3,
                                    'w', 'w', 'w', 7,   'e', 'x', 'a', 'm', 'p', 'l', 'e',
                                    3,   'o', 'r', 'g', 0,   0,   1,   0,   1 };
    out[0] = (uint8_t)(id >> 8);
    out[1] = (uint8_t)id;
    memcpy(out + 2, rest, sizeof rest);
    return 2 + sizeof rest;
}

static void on_wake(uv_async_t *wake)
{
    struct fixture *f = wake->data;
    struct live_mail m;
    live_box_take(&f->box, &f->mail);
    while (live_queue_next(&f->mail, &m)) {
        if (m.kind == LIVE_MAIL_QUERY) {
            uint8_t answer[512];
            memcpy(answer, m.message.data, m.message.len);
            answer[2] |= 0x80;
            answer[3] = 2; /* SERVFAIL */
            CHECK_I64(live_fronts_answer(f->fronts, &m.client,
                                         (struct sw_bytes){ answer, m.message.len }),
                      0);
            f->queries++;
        } else if (m.kind == LIVE_MAIL_ADOPTED) {
            f->adopted++;
            f->retired += live_fronts_adopted(f->fronts, m.view) != NULL ? 1 : 0;
        }
    }
}

/* A port where UDP and TCP are free. */
static bool choose_port(union live_address *a)
{
    socklen_t len = sizeof a->v4;
    const int tcp = socket(AF_INET, SOCK_STREAM, 0);
    const int udp = socket(AF_INET, SOCK_DGRAM, 0);
    (void)live_address_parse("127.0.0.1:0", a);
    const bool ok = bind(tcp, &a->any, len) == 0 && getsockname(tcp, &a->any, &len) == 0 &&
                    bind(udp, &a->any, len) == 0;
    (void)close(tcp);
    (void)close(udp);
    return ok;
}

static bool begin(struct fixture *f, uint32_t threads)
{
    memset(f, 0, sizeof *f);
    (void)signal(SIGPIPE, SIG_IGN);
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) { /* one test opens many */
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    f->wake.data = f;
    if (uv_loop_init(&f->loop) != 0 || uv_async_init(&f->loop, &f->wake, on_wake) != 0 ||
        live_box_init(&f->box, &f->wake) != 0) {
        return false;
    }
    const struct live_fronts_options o = {
        .addresses = &f->address, .n_addresses = 1, .threads = threads, .node = &f->box
    };
    for (int i = 0; i < 50; i++) { /* another may take the port in between */
        if (choose_port(&f->address) && live_fronts_start(&o, &f->fronts, NULL) == 0) {
            return true;
        }
    }
    return false;
}

static void end(struct fixture *f)
{
    live_fronts_stop(f->fronts);
    uv_close((uv_handle_t *)&f->wake, NULL);
    (void)uv_run(&f->loop, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&f->loop) == 0);
    live_box_fini(&f->box);
    live_queue_fini(&f->mail);
}

static int dial(const struct fixture *f, int type)
{
    const int fd = socket(AF_INET, type, 0);
    if (fd < 0 || connect(fd, &f->address.any, sizeof f->address.v4) != 0) {
        return -1;
    }
    return fd;
}

/* Wait for input while the node's loop goes on; false: none came. */
static bool wait_input(struct fixture *f, int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    for (int waited = 0; waited < PATIENCE_MS; waited++) {
        (void)uv_run(&f->loop, UV_RUN_NOWAIT);
        if (poll(&p, 1, 1) > 0) {
            return true;
        }
    }
    return false;
}

/* Exactly @len bytes. */
static bool read_all(struct fixture *f, int fd, uint8_t *out, size_t len)
{
    for (size_t done = 0; done < len;) {
        const ssize_t n = wait_input(f, fd) ? recv(fd, out + done, len - done, 0) : -1;
        if (n <= 0) {
            return false;
        }
        done += (size_t)n;
    }
    return true;
}

static void every_datagram_is_answered(void)
{
    struct fixture f;
    REQUIRE(begin(&f, 2));
    uint8_t query[64];
    uint8_t answer[4096];
    unsigned refused = 0;
    for (unsigned round = 0; round < 20; round++) { /* from new ports: both threads get some */
        const int fd = dial(&f, SOCK_DGRAM);
        for (uint16_t id = 0; id < 100; id++) {
            const size_t n = make_query(id, query);
            CHECK_I64(send(fd, query, n, 0), (int64_t)n);
        }
        for (unsigned i = 0; i < 100 && wait_input(&f, fd); i++) {
            refused += recv(fd, answer, sizeof answer, 0) > 12 && (answer[3] & 15) == 5 ? 1 : 0;
        }
        (void)close(fd);
    }
    CHECK_U64(refused, 2000); /* no view yet */
    struct sw_front_counts counts;
    uint64_t dropped = 1;
    live_fronts_counts(f.fronts, &counts, &dropped);
    CHECK_U64(counts.queries, 2000);
    CHECK_U64(dropped, 0);
    end(&f);
}

/* A view that knows "org" to be elsewhere: every query for it goes to the node. */
static const uint8_t org[] = "\003org";
static const uint8_t *const elsewhere[] = { org };

static void forwarded_queries_come_back_through_their_front(void)
{
    static const struct sw_view view = { .elsewhere = elsewhere,
                                         .n_elsewhere = 1,
                                         .udp_size = 1232 };
    static const struct sw_view later = { .elsewhere = elsewhere,
                                          .n_elsewhere = 1,
                                          .udp_size = 512 };
    struct fixture f;
    REQUIRE(begin(&f, 3));
    uint8_t query[64];
    uint8_t answer[512];
    live_fronts_publish(f.fronts, &view);
    while (f.adopted < 3) {
        (void)uv_run(&f.loop, UV_RUN_ONCE);
    }
    CHECK_U64(f.retired, 0); /* there was none before */
    unsigned served = 0;
    for (uint16_t id = 0; id < 50; id++) {
        const int fd = dial(&f, SOCK_DGRAM);
        const size_t n = make_query(id, query);
        CHECK_I64(send(fd, query, n, 0), (int64_t)n);
        served += wait_input(&f, fd) && recv(fd, answer, sizeof answer, 0) == (ssize_t)n &&
                          answer[1] == id && (answer[3] & 15) == 2
                      ? 1
                      : 0;
        (void)close(fd);
    }
    CHECK_U64(served, 50);
    CHECK_U64(f.queries, 50);
    live_fronts_publish(f.fronts, &later);
    while (f.adopted < 6) {
        (void)uv_run(&f.loop, UV_RUN_ONCE);
    }
    CHECK_U64(f.retired, 1);
    end(&f);
}

static const struct sw_view forwards = { .elsewhere = elsewhere,
                                         .n_elsewhere = 1,
                                         .udp_size = 1232 };

/* A connection that asked www.example.org A with ID 7; the query's length is @n. */
static int ask_by_stream(const struct fixture *f, size_t *n)
{
    uint8_t wire[64] = { 0 };
    *n = make_query(7, wire + 2);
    wire[1] = (uint8_t)*n;
    const int fd = dial(f, SOCK_STREAM);
    CHECK_I64(send(fd, wire, 2 + *n, 0), (int64_t)(2 + *n));
    return fd;
}

static void a_client_that_half_closes_gets_its_forwarded_answer(void)
{
    struct fixture f;
    REQUIRE(begin(&f, 1));
    uint8_t answer[64] = { 0 };
    size_t n = 0;
    live_fronts_publish(f.fronts, &forwards);
    while (f.adopted < 1) {
        (void)uv_run(&f.loop, UV_RUN_ONCE);
    }
    const int fd = ask_by_stream(&f, &n);
    CHECK_I64(shutdown(fd, SHUT_WR), 0);
    CHECK(read_all(&f, fd, answer, 2 + n));
    CHECK_U64(answer[3], 7);
    CHECK_U64(answer[5] & 15, 2);
    CHECK(wait_input(&f, fd) && recv(fd, answer, sizeof answer, 0) == 0); /* and then the end */
    (void)close(fd);
    end(&f);
}

static void a_stream_is_told_when_the_node_takes_no_more(void)
{
    struct fixture f;
    REQUIRE(begin(&f, 1));
    uint8_t answer[64];
    size_t n;
    live_fronts_publish(f.fronts, &forwards);
    while (f.adopted < 1) {
        (void)uv_run(&f.loop, UV_RUN_ONCE);
    }
    uint8_t *much = calloc(1, LIVE_MAIL_LIMIT);
    REQUIRE(much != NULL);
    const struct live_mail full = { .kind = LIVE_MAIL_STOP, .message = { much, LIVE_MAIL_LIMIT } };
    CHECK_I64(live_box_put(&f.box, &full, SIZE_MAX), 0); /* the node's loop stands still */
    const int fd = ask_by_stream(&f, &n);
    struct pollfd p = { .fd = fd, .events = POLLIN };
    CHECK_I64(poll(&p, 1, PATIENCE_MS), 1);
    CHECK(recv(fd, answer, sizeof answer, 0) >= (ssize_t)(2 + n));
    CHECK_U64(answer[3], 7);
    CHECK_U64(answer[5] & 15, 2);
    CHECK_U64(f.queries, 0);
    (void)close(fd);
    free(much);
    end(&f);
}

static void pipelined_queries_in_pieces_are_all_answered(void)
{
    struct fixture f;
    REQUIRE(begin(&f, 1));
    uint8_t wire[100 * 64];
    size_t n = 0;
    for (uint16_t id = 0; id < 100; id++) {
        const size_t len = make_query(id, wire + n + 2);
        wire[n] = 0;
        wire[n + 1] = (uint8_t)len;
        n += 2 + len;
    }
    const int fd = dial(&f, SOCK_STREAM);
    for (size_t off = 0; off < n; off += 7) {
        const size_t piece = n - off < 7 ? n - off : 7;
        CHECK_I64(send(fd, wire + off, piece, 0), (int64_t)piece);
    }
    uint8_t seen[100] = { 0 };
    for (unsigned i = 0; i < 100; i++) {
        uint8_t head[2];
        uint8_t answer[512];
        REQUIRE(read_all(&f, fd, head, 2));
        const size_t len = (size_t)head[0] << 8 | head[1];
        REQUIRE(len >= 12 && len <= sizeof answer && read_all(&f, fd, answer, len));
        CHECK(answer[0] == 0 && answer[1] < 100 && seen[answer[1]]++ == 0);
    }
    (void)shutdown(fd, SHUT_WR);
    uint8_t rest;
    CHECK(wait_input(&f, fd) && recv(fd, &rest, 1, 0) == 0); /* the server closes, too */
    (void)close(fd);
    end(&f);
}

/* A client that asks as long as the server listens and takes no answer; -1: it listens for ever. */
static int dial_deaf(const struct fixture *f)
{
    const int small = 4096;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    if (connect(fd, &f->address.any, sizeof f->address.v4) != 0) {
        return -1;
    }
    uint8_t wire[2 + 64];
    const size_t len = make_query(1, wire + 2);
    wire[0] = 0;
    wire[1] = (uint8_t)len;
    ssize_t sent = 0;
    for (int i = 0; i < 1000000 && sent >= 0; i++) { /* until the server reads no further */
        sent = send(fd, wire, 2 + len, MSG_DONTWAIT);
        if (sent < 0 && errno == EAGAIN) {
            struct pollfd p = { .fd = fd, .events = POLLOUT };
            sent = poll(&p, 1, 300) > 0 ? 0 : -1;
        }
    }
    if (sent >= 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static void a_client_that_does_not_read_does_not_stop_others(void)
{
    struct fixture f;
    REQUIRE(begin(&f, 1));
    const int deaf = dial_deaf(&f);
    CHECK(deaf >= 0); /* it stopped, or it closed: it did not buffer for ever */
    uint8_t query[64];
    uint8_t answer[512];
    const int fd = dial(&f, SOCK_DGRAM);
    const size_t n = make_query(7, query);
    CHECK_I64(send(fd, query, n, 0), (int64_t)n);
    CHECK(wait_input(&f, fd) && recv(fd, answer, sizeof answer, 0) > 0);
    (void)close(fd);
    (void)close(deaf);
    end(&f);
}

static void a_client_that_does_not_read_cannot_outstay_its_welcome(void)
{
    struct fixture f;
    REQUIRE(begin(&f, 1));
    const int deaf = dial_deaf(&f);
    int fds[1024];
    REQUIRE(deaf >= 0);
    for (size_t i = 0; i < SW_LEN(fds); i++) { /* the deaf one is the oldest: it has to go */
        fds[i] = dial(&f, SOCK_STREAM);
    }
    struct pollfd p = { .fd = deaf, .events = 0 }; /* only errors: what it was sent lies unread */
    CHECK(poll(&p, 1, PATIENCE_MS) > 0 && (p.revents & (POLLERR | POLLHUP)) != 0);
    for (size_t i = 0; i < SW_LEN(fds); i++) {
        (void)close(fds[i]);
    }
    (void)close(deaf);
    end(&f);
}

static void more_connections_than_the_limit_are_shed(void)
{
    struct fixture f;
    REQUIRE(begin(&f, 1));
    int fds[1100];
    unsigned open = 0;
    for (size_t i = 0; i < SW_LEN(fds); i++) {
        fds[i] = dial(&f, SOCK_STREAM);
        open += fds[i] >= 0 ? 1 : 0;
    }
    CHECK_U64(open, SW_LEN(fds)); /* TCP accepts; the front then closes the oldest */
    uint8_t wire[2 + 64];
    uint8_t answer[512];
    const size_t len = make_query(9, wire + 2);
    wire[0] = 0;
    wire[1] = (uint8_t)len;
    const int last = fds[SW_LEN(fds) - 1];
    CHECK_I64(send(last, wire, 2 + len, 0), (int64_t)(2 + len));
    CHECK(read_all(&f, last, answer, 2 + 12));
    CHECK(wait_input(&f, fds[0]) && recv(fds[0], answer, 1, 0) <= 0);
    for (size_t i = 0; i < SW_LEN(fds); i++) {
        (void)close(fds[i]);
    }
    end(&f);
}

static void a_taken_address_is_named(void)
{
    struct fixture f;
    struct sw_diag d = { "" };
    REQUIRE(begin(&f, 1));
    struct live_fronts *second = NULL;
    const int fd = socket(AF_INET, SOCK_DGRAM, 0); /* without SO_REUSEPORT */
    union live_address a;
    socklen_t len = sizeof a.v4;
    (void)live_address_parse("127.0.0.1:0", &a);
    REQUIRE(bind(fd, &a.any, len) == 0 && getsockname(fd, &a.any, &len) == 0);
    const struct live_fronts_options o = {
        .addresses = &a, .n_addresses = 1, .threads = 2, .node = &f.box
    };
    CHECK_I64(live_fronts_start(&o, &second, &d), SW_ERR_BUSY);
    CHECK(strstr(d.text, "127.0.0.1:") != NULL && strstr(d.text, "UDP") != NULL);
    (void)close(fd);
    end(&f);
}

extern CU_TestInfo tests_fronts[];
CU_TestInfo tests_fronts[] = {
    { "every_datagram_is_answered", every_datagram_is_answered },
    { "forwarded_queries_come_back_through_their_front",
      forwarded_queries_come_back_through_their_front },
    { "a_client_that_half_closes_gets_its_forwarded_answer",
      a_client_that_half_closes_gets_its_forwarded_answer },
    { "a_stream_is_told_when_the_node_takes_no_more",
      a_stream_is_told_when_the_node_takes_no_more },
    { "pipelined_queries_in_pieces_are_all_answered",
      pipelined_queries_in_pieces_are_all_answered },
    { "a_client_that_does_not_read_does_not_stop_others",
      a_client_that_does_not_read_does_not_stop_others },
    { "a_client_that_does_not_read_cannot_outstay_its_welcome",
      a_client_that_does_not_read_cannot_outstay_its_welcome },
    { "more_connections_than_the_limit_are_shed", more_connections_than_the_limit_are_shed },
    { "a_taken_address_is_named", a_taken_address_is_named },
    CU_TEST_INFO_NULL,
};
