/* SPDX-License-Identifier: GPL-3.0-or-later
 * Client session against server session over buffers. */
#include "tests/lib/grpc_pair.h"

static void a_unary_call_is_answered(void)
{
    struct pair p;
    pair_init(&p, true, 0);
    struct grpc_call *c = pair_call(&p, "/test.Echo/Unary", 0);
    REQUIRE(c != NULL);
    CHECK_I64(grpc_call_send(c, pair_text("hello")), 0);
    CHECK_I64(grpc_call_end(c, GRPC_OK, NULL), 0);
    pair_run(&p);
    CHECK_STR(p.server.log, "call /test.Echo/Unary;msg 5;end OK;close;");
    CHECK_STR(p.client.log, "msg 5;end OK;close;");
    CHECK_U64(p.client.received.len, 5);
    pair_fini(&p);
}

static void bytes_may_be_split_anywhere(void)
{
    char first_server[4096];
    char first_client[4096];
    for (size_t piece = 0; piece < 80; piece++) {
        struct pair p;
        pair_init(&p, true, piece);
        struct grpc_call *c = pair_call(&p, "/test.Echo/Stream", 20 * SW_SEC);
        for (int i = 0; i < 3; i++) {
            CHECK_I64(grpc_call_send(c, pair_text("one message after another")), 0);
        }
        CHECK_I64(grpc_call_send(c, (struct sw_bytes){ NULL, 0 }), 0);
        CHECK_I64(grpc_call_end(c, GRPC_OK, NULL), 0);
        pair_run(&p);
        CHECK_U64(p.client.received.len, 75);
        if (piece == 0) {
            memcpy(first_server, p.server.log, sizeof first_server);
            memcpy(first_client, p.client.log, sizeof first_client);
        }
        CHECK_STR(p.server.log, first_server);
        CHECK_STR(p.client.log, first_client);
        pair_fini(&p);
    }
    CHECK_STR(first_server, "call /test.Echo/Stream;msg 25;msg 25;msg 25;msg 0;end OK;close;");
}

static void a_large_message_crosses_many_frames(void)
{
    struct pair p;
    pair_init(&p, true, 4093);
    uint8_t *big = malloc(GRPC_MAX_MESSAGE);
    REQUIRE(big != NULL);
    for (size_t i = 0; i < GRPC_MAX_MESSAGE; i++) {
        big[i] = (uint8_t)(i * 2654435761U >> 13);
    }
    struct grpc_call *c = pair_call(&p, "/test.Echo/Big", 0);
    CHECK_I64(grpc_call_send(c, (struct sw_bytes){ big, GRPC_MAX_MESSAGE }), 0);
    CHECK_I64(grpc_call_end(c, GRPC_OK, NULL), 0);
    pair_run(&p);
    CHECK_STR(p.server.log, "call /test.Echo/Big;msg 4194304;end OK;close;");
    CHECK_STR(p.client.log, "msg 4194304;end OK;close;");
    REQUIRE(p.client.received.len == GRPC_MAX_MESSAGE);
    CHECK(memcmp(p.client.received.data, big, GRPC_MAX_MESSAGE) == 0);
    free(big);
    pair_fini(&p);
}

static void a_message_too_long_is_refused_before_it_leaves(void)
{
    struct pair p;
    pair_init(&p, true, 0);
    static uint8_t big[GRPC_MAX_MESSAGE + 1];
    struct grpc_call *c = pair_call(&p, "/x/y", 0);
    CHECK_I64(grpc_call_send(c, (struct sw_bytes){ big, sizeof big }), SW_ERR_RANGE);
    pair_fini(&p);
}

static void a_status_and_any_reason_reach_the_client(void)
{
    static const char *const reasons[] = { "plain", "100 % \"fresh\"", "gr\xc3\xbc\xc3\x9f\x65\n",
                                           "" };
    for (size_t i = 0; i < SW_LEN(reasons); i++) {
        for (int status = GRPC_OK; status <= GRPC_UNAUTHENTICATED; status++) {
            struct pair p;
            char want[600];
            pair_init(&p, false, 0);
            struct grpc_call *c = pair_call(&p, "/x/y", 0);
            (void)grpc_call_end(c, GRPC_OK, NULL);
            pair_run(&p);
            REQUIRE(p.server.call != NULL);
            CHECK_I64(grpc_call_end(p.server.call, (enum grpc_status)status, reasons[i]), 0);
            pair_run(&p);
            (void)snprintf(want, sizeof want, "end %s%s%s;close;",
                           grpc_status_name((enum grpc_status)status),
                           reasons[i][0] != '\0' ? " " : "", reasons[i]);
            CHECK_STR(p.client.log, want);
            pair_fini(&p);
        }
    }
}

static void a_server_may_end_before_the_client(void)
{
    struct pair p;
    pair_init(&p, false, 0);
    struct grpc_call *c = pair_call(&p, "/x/y", 0);
    CHECK_I64(grpc_call_send(c, pair_text("still talking")), 0);
    pair_run(&p);
    CHECK_I64(grpc_call_send(p.server.call, pair_text("bye")), 0);
    CHECK_I64(grpc_call_end(p.server.call, GRPC_NOT_FOUND, "no such thing"), 0);
    CHECK_I64(grpc_call_send(p.server.call, pair_text("too late")), SW_ERR_STATE);
    pair_run(&p);
    CHECK_STR(p.client.log, "drained;msg 3;end NOT_FOUND no such thing;close;");
    CHECK_STR(p.server.log, "call /x/y;msg 13;close;");
    pair_fini(&p);
}

static void cancelling_closes_both_ends(void)
{
    for (int stage = 0; stage < 3; stage++) {
        struct pair p;
        pair_init(&p, false, 0);
        struct grpc_call *c = pair_call(&p, "/x/y", 0);
        if (stage > 0) {
            (void)grpc_call_send(c, pair_text("a"));
            pair_run(&p);
        }
        if (stage > 1) {
            (void)grpc_call_send(p.server.call, pair_text("b"));
            pair_run(&p);
        }
        p.client.log[0] = '\0';
        grpc_call_cancel(c);
        grpc_call_cancel(c);
        CHECK_I64(grpc_call_send(c, pair_text("z")), SW_ERR_STATE);
        pair_run(&p);
        CHECK_STR(p.client.log, "end CANCELLED cancelled;close;");
        CHECK(p.server.call == NULL);
        CHECK(!grpc_session_over(p.client.session));
        pair_fini(&p);
    }
}

static void a_server_can_cancel_too(void)
{
    struct pair p;
    pair_init(&p, false, 0);
    (void)pair_call(&p, "/x/y", 0);
    pair_run(&p);
    grpc_call_cancel(p.server.call);
    pair_run(&p);
    CHECK_STR(p.server.log, "call /x/y;close;");
    CHECK(strncmp(p.client.log, "end CANCELLED", 13) == 0);
    pair_fini(&p);
}

static void deadlines_end_calls_on_either_side(void)
{
    struct pair p;
    pair_init(&p, false, 0);
    (void)pair_call(&p, "/x/y", 250 * SW_MS);
    pair_run(&p);
    CHECK_U64(grpc_deadline(p.client.session), p.now + 250 * SW_MS);
    CHECK_U64(grpc_deadline(p.server.session), p.now + 250 * SW_MS);
    p.now += 250 * SW_MS;
    CHECK_I64(grpc_tick(p.server.session, p.now), 0);
    pair_run(&p);
    CHECK_STR(p.client.log, "end DEADLINE_EXCEEDED deadline exceeded;close;");
    CHECK_STR(p.server.log, "call /x/y;close;");
    CHECK_U64(grpc_deadline(p.client.session), SW_TIME_NEVER);

    (void)pair_call(&p, "/x/z", 250 * SW_MS);
    pair_run(&p);
    p.client.log[0] = '\0';
    p.now += 250 * SW_MS;
    CHECK_I64(grpc_tick(p.client.session, p.now), 0);
    CHECK_STR(p.client.log, "end DEADLINE_EXCEEDED deadline exceeded;");
    pair_run(&p);
    CHECK(p.server.call == NULL);
    pair_fini(&p);
}

static void a_silent_peer_is_given_up(void)
{
    struct pair p;
    pair_init(&p, true, 0);
    pair_run(&p);
    grpc_keepalive(p.client.session, 10 * SW_SEC, 5 * SW_SEC, p.now);
    CHECK_U64(grpc_deadline(p.client.session), p.now + 10 * SW_SEC);
    p.now += 10 * SW_SEC;
    CHECK_I64(grpc_tick(p.client.session, p.now), 0);
    pair_run(&p); /* the answer comes */
    CHECK_U64(grpc_deadline(p.client.session), p.now + 10 * SW_SEC);
    p.now += 10 * SW_SEC;
    CHECK_I64(grpc_tick(p.client.session, p.now), 0);
    CHECK_U64(grpc_deadline(p.client.session), p.now + 5 * SW_SEC);
    p.now += 5 * SW_SEC; /* it does not */
    CHECK_I64(grpc_tick(p.client.session, p.now), SW_ERR_TIMEOUT);
    CHECK(grpc_session_over(p.client.session));
    pair_fini(&p);
}

static void back_pressure_holds_what_the_peer_does_not_read(void)
{
    struct pair p;
    pair_init(&p, false, 0);
    struct grpc_call *c = pair_call(&p, "/x/y", 0);
    pair_run(&p);
    static uint8_t chunk[1 << 20];
    for (int i = 0; i < 12; i++) {
        CHECK_I64(grpc_call_send(c, (struct sw_bytes){ chunk, sizeof chunk }), 0);
    }
    (void)pair_collect(&p.client, &p.server); /* nobody reads: the window is all that leaves */
    CHECK(p.server.in.len < (4 << 20) + 65536);
    CHECK(grpc_call_queued(c) > (7 << 20));
    CHECK_STR(p.client.log, "");
    pair_deliver(&p, &p.server);
    pair_run(&p);
    CHECK_U64(grpc_call_queued(c), 0);
    CHECK_STR(p.client.log, "drained;");
    CHECK_U64(p.server.received.len, 12 << 20);
    int err = 0;
    for (int i = 0; i < 80 && err == 0; i++) {
        err = grpc_call_send(c, (struct sw_bytes){ chunk, sizeof chunk });
    }
    CHECK_I64(err, SW_ERR_FULL);
    CHECK(grpc_call_queued(c) <= GRPC_MAX_QUEUED + 4096);
    pair_fini(&p);
}

static void shutdown_refuses_new_calls_and_finishes_old_ones(void)
{
    struct pair p;
    pair_init(&p, false, 0);
    struct grpc_call *c = pair_call(&p, "/x/old", 0);
    pair_run(&p);
    grpc_shutdown(p.server.session);
    pair_run(&p);
    CHECK(pair_call(&p, "/x/new", 0) == NULL);
    CHECK(!grpc_session_over(p.server.session));
    (void)grpc_call_send(c, pair_text("work"));
    (void)grpc_call_end(c, GRPC_OK, NULL);
    pair_run(&p);
    (void)grpc_call_end(p.server.call, GRPC_OK, NULL);
    pair_run(&p);
    CHECK_STR(p.client.log, "end OK;close;");
    CHECK(grpc_session_over(p.server.session));
    CHECK(grpc_session_over(p.client.session));
    pair_fini(&p);
}

static void a_call_on_its_way_during_shutdown_is_still_served(void)
{
    struct pair p;
    pair_init(&p, true, 0);
    pair_run(&p);
    grpc_shutdown(p.server.session);
    struct grpc_call *c = pair_call(&p, "/x/y", 0); /* before the client heard of it */
    (void)grpc_call_end(c, GRPC_OK, NULL);
    pair_run(&p);
    CHECK_STR(p.client.log, "end OK;close;");
    CHECK(grpc_session_over(p.server.session));
    pair_fini(&p);
}

static void freeing_a_session_ends_its_calls(void)
{
    struct pair p;
    pair_init(&p, false, 0);
    (void)pair_call(&p, "/x/y", 0);
    (void)pair_call(&p, "/x/z", 0);
    pair_run(&p);
    pair_fini(&p);
    CHECK_STR(p.client.log,
              "end UNAVAILABLE connection lost;close;end UNAVAILABLE connection lost;close;");
    CHECK_STR(p.server.log, "call /x/y;call /x/z;close;close;");
}

static void no_more_calls_than_the_limit(void)
{
    struct pair p;
    pair_init(&p, false, 0);
    for (int i = 0; i < GRPC_MAX_CALLS; i++) {
        CHECK(pair_call(&p, "/x/y", 0) != NULL);
    }
    CHECK(pair_call(&p, "/x/y", 0) == NULL);
    pair_run(&p);
    grpc_call_cancel(p.server.call);
    pair_run(&p);
    CHECK(pair_call(&p, "/x/y", 0) != NULL);
    pair_fini(&p);
}

/* ---- virtual time: the same sessions over a link with latency ---- */

static void run_until(struct pair *p, sw_time until, sw_dur latency)
{
    while (p->now < until) {
        /* One flight each way: what was said at now arrives at now + latency. */
        (void)pair_collect(&p->client, &p->server);
        (void)pair_collect(&p->server, &p->client);
        p->now += latency;
        pair_deliver(p, &p->server);
        pair_deliver(p, &p->client);
        (void)grpc_tick(p->client.session, p->now);
        (void)grpc_tick(p->server.session, p->now);
    }
}

static void over_a_slow_link_a_call_takes_one_round_trip(void)
{
    struct pair p;
    pair_init(&p, true, 0);
    const sw_time asked = p.now;
    struct grpc_call *c = pair_call(&p, "/x/y", 100 * SW_MS);
    (void)grpc_call_send(c, pair_text("ping"));
    (void)grpc_call_end(c, GRPC_OK, NULL);
    run_until(&p, asked + 80 * SW_MS, 40 * SW_MS);
    CHECK_STR(p.client.log, "msg 4;end OK;close;");
    c = pair_call(&p, "/x/y", 60 * SW_MS);
    (void)grpc_call_send(c, pair_text("ping"));
    (void)grpc_call_end(c, GRPC_OK, NULL);
    p.client.log[0] = '\0';
    run_until(&p, p.now + 80 * SW_MS, 40 * SW_MS);
    /* the answer arrives in the same instant in which the deadline is looked at */
    CHECK_STR(p.client.log, "msg 4;end OK;close;");
    c = pair_call(&p, "/x/y", 60 * SW_MS);
    (void)grpc_call_send(c, pair_text("ping"));
    p.client.log[0] = '\0';
    run_until(&p, p.now + 160 * SW_MS, 40 * SW_MS);
    CHECK(strstr(p.client.log, "end DEADLINE_EXCEEDED") != NULL);
    CHECK(p.server.call == NULL);
    pair_fini(&p);
}

extern CU_TestInfo tests_grpc[];
CU_TestInfo tests_grpc[] = {
    { "a_unary_call_is_answered", a_unary_call_is_answered },
    { "bytes_may_be_split_anywhere", bytes_may_be_split_anywhere },
    { "a_large_message_crosses_many_frames", a_large_message_crosses_many_frames },
    { "a_message_too_long_is_refused_before_it_leaves",
      a_message_too_long_is_refused_before_it_leaves },
    { "a_status_and_any_reason_reach_the_client", a_status_and_any_reason_reach_the_client },
    { "a_server_may_end_before_the_client", a_server_may_end_before_the_client },
    { "cancelling_closes_both_ends", cancelling_closes_both_ends },
    { "a_server_can_cancel_too", a_server_can_cancel_too },
    { "deadlines_end_calls_on_either_side", deadlines_end_calls_on_either_side },
    { "a_silent_peer_is_given_up", a_silent_peer_is_given_up },
    { "back_pressure_holds_what_the_peer_does_not_read",
      back_pressure_holds_what_the_peer_does_not_read },
    { "shutdown_refuses_new_calls_and_finishes_old_ones",
      shutdown_refuses_new_calls_and_finishes_old_ones },
    { "a_call_on_its_way_during_shutdown_is_still_served",
      a_call_on_its_way_during_shutdown_is_still_served },
    { "freeing_a_session_ends_its_calls", freeing_a_session_ends_its_calls },
    { "no_more_calls_than_the_limit", no_more_calls_than_the_limit },
    { "over_a_slow_link_a_call_takes_one_round_trip",
      over_a_slow_link_a_call_takes_one_round_trip },
    CU_TEST_INFO_NULL,
};
