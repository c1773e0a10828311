/* SPDX-License-Identifier: GPL-3.0-or-later
 * Mail arrives whole, in order, and never without bound. */
#define _GNU_SOURCE /* what uv.h needs */
#include "node/base/err.h"
#include "node/live/mail.h"
#include "tests/lib/check.h"

/* Mail number @i: its conn is the number, its message @i % 300 bytes of it. */
static struct live_mail make(uint64_t i, uint8_t *buf)
{
    memset(buf, (int)(i & 255), 300);
    return (struct live_mail){ .kind = LIVE_MAIL_ENVELOPE, .conn = i, .message = { buf, i % 300 } };
}

static bool is_mail(const struct live_mail *m, uint64_t i)
{
    if (m->kind != LIVE_MAIL_ENVELOPE || m->conn != i || m->message.len != i % 300) {
        return false;
    }
    for (size_t k = 0; k < m->message.len; k++) {
        if (m->message.data[k] != (uint8_t)i) {
            return false;
        }
    }
    return true;
}

static void a_queue_keeps_order_over_any_mix_of_put_and_next(void)
{
    struct live_queue q = { .count = 0 };
    struct live_mail m;
    uint8_t buf[300];
    uint64_t in = 0;
    uint64_t out = 0;
    uint64_t draw = 1;
    for (int round = 0; round < 20000; round++) {
        draw = draw * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const bool put = (draw >> 40) % 100 < (round % 2000 < 1000 ? 60U : 40U);
        if (put) {
            m = make(in++, buf);
            CHECK_I64(live_queue_put(&q, &m, SIZE_MAX), 0);
        } else if (live_queue_next(&q, &m)) {
            CHECK(is_mail(&m, out++));
        } else {
            CHECK_U64(in, out);
        }
        CHECK_U64(q.count, in - out);
    }
    while (live_queue_next(&q, &m)) {
        CHECK(is_mail(&m, out++));
    }
    CHECK_U64(in, out);
    CHECK(q.bytes.cap < 1 << 20); /* room that was read is used again */
    live_queue_fini(&q);
}

static void a_full_queue_refuses(void)
{
    struct live_queue q = { .count = 0 };
    uint8_t buf[300];
    struct live_mail m = make(299, buf);
    int err = 0;
    unsigned n = 0;
    while ((err = live_queue_put(&q, &m, 10000)) == 0) {
        n++;
    }
    CHECK_I64(err, SW_ERR_FULL);
    CHECK_U64(n, 10000 / (sizeof m + 299));
    CHECK(live_queue_next(&q, &m));
    m = make(299, buf);
    CHECK_I64(live_queue_put(&q, &m, 10000), 0);
    live_queue_fini(&q);
}

/* ---- across threads ---- */

#define SENDERS 3
#define EACH 20000

struct post {
    struct live_box box;
    struct live_queue got;
    uint64_t next[SENDERS]; /* conn expected of each */
    unsigned wrong, total;
    uv_async_t wake;
};

struct sender {
    struct post *post;
    uint64_t number;
    uv_thread_t thread;
};

static void send_all(void *arg)
{
    const struct sender *s = arg;
    for (uint64_t i = 0; i < EACH; i++) {
        const struct live_mail m = { .kind = LIVE_MAIL_QUERY, .conn = i, .arrived_at = s->number };
        while (live_box_put(&s->post->box, &m, 1 << 20) == SW_ERR_FULL) {
        }
    }
}

static void on_wake(uv_async_t *wake)
{
    struct post *p = wake->data;
    struct live_mail m;
    live_box_take(&p->box, &p->got);
    while (live_queue_next(&p->got, &m)) {
        p->wrong += m.conn != p->next[m.arrived_at]++ ? 1 : 0;
        p->total++;
    }
    if (p->total == SENDERS * EACH) {
        uv_close((uv_handle_t *)wake, NULL);
    }
}

static void threads_lose_nothing_and_keep_each_ones_order(void)
{
    uv_loop_t loop;
    struct post p;
    struct sender senders[SENDERS];
    memset(&p, 0, sizeof p);
    p.wake.data = &p;
    REQUIRE(uv_loop_init(&loop) == 0 && uv_async_init(&loop, &p.wake, on_wake) == 0);
    REQUIRE(live_box_init(&p.box, &p.wake) == 0);
    for (unsigned i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){ .post = &p, .number = i };
        REQUIRE(uv_thread_create(&senders[i].thread, send_all, &senders[i]) == 0);
    }
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    for (unsigned i = 0; i < SENDERS; i++) {
        (void)uv_thread_join(&senders[i].thread);
    }
    CHECK_U64(p.total, SENDERS * EACH);
    CHECK_U64(p.wrong, 0);
    live_box_fini(&p.box);
    live_queue_fini(&p.got);
    CHECK(uv_loop_close(&loop) == 0);
}

extern CU_TestInfo tests_mail[];
CU_TestInfo tests_mail[] = {
    { "a_queue_keeps_order_over_any_mix_of_put_and_next",
      a_queue_keeps_order_over_any_mix_of_put_and_next },
    { "a_full_queue_refuses", a_full_queue_refuses },
    { "threads_lose_nothing_and_keep_each_ones_order",
      threads_lose_nothing_and_keep_each_ones_order },
    CU_TEST_INFO_NULL,
};
