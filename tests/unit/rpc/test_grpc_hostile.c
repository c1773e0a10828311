/* SPDX-License-Identifier: GPL-3.0-or-later
 * Requests and answers that no honest peer makes: each gets the status the specification asks
 * for, and none costs more than a bounded amount. */
#include "tests/lib/grpc_pair.h"
#include "tests/lib/raw_http2.h"

#define REQUEST(...)                                                                            \
    (const char *const[])                                                                       \
    {                                                                                           \
        ":method", "POST", ":scheme", "https", ":path", "/x/y", ":authority", "a", __VA_ARGS__, \
            NULL                                                                                \
    }

struct raw {
    struct pair p; /* only its server is used */
    struct sw_blob to;
    struct sw_blob from;
    char text[4096]; /* what the server said */
};

static void raw_init(struct raw *r)
{
    memset(r, 0, sizeof *r);
    pair_init(&r->p, true, 0);
    raw_preface(&r->to);
}

static void raw_fini(struct raw *r)
{
    pair_fini(&r->p);
    sw_blob_fini(&r->to);
    sw_blob_fini(&r->from);
}

/* Send what is in @to, collect what comes back. */
static int raw_run(struct raw *r)
{
    struct side *s = &r->p.server;
    const int err = grpc_receive(s->session, sw_blob_bytes(&r->to), r->p.now);
    r->to.len = 0;
    for (struct sw_bytes out; grpc_send(s->session, &out) == 0 && out.len > 0;) {
        (void)sw_blob_append(&r->from, out.data, out.len);
    }
    raw_describe(sw_blob_bytes(&r->from), r->text, sizeof r->text);
    return err;
}

static void wrong_requests_get_the_right_refusal(void)
{
    const struct {
        const char *const *fields;
        const char *answer;
    } rows[] = {
        { REQUEST("content-type", "application/grpc", "te", "trailers"),
          ":status=200;content-type=application/grpc;grpc-status=0;" },
        { REQUEST("content-type", "application/grpc+proto"),
          ":status=200;content-type=application/grpc;grpc-status=0;" },
        { REQUEST("content-type", "application/json"), ":status=415;" },
        { REQUEST("content-type", "application/grpcish"), ":status=415;" },
        { REQUEST("x", "y"), ":status=415;" },
        { (const char *const[]){ ":method", "GET", ":scheme", "https", ":path", "/x/y",
                                 ":authority", "a", "content-type", "application/grpc", NULL },
          ":status=405;" },
        { REQUEST("content-type", "application/grpc", "grpc-encoding", "gzip"),
          ":status=200;content-type=application/grpc;grpc-status=12;"
          "grpc-message=messages are not compressed here;grpc-accept-encoding=identity;" },
        { REQUEST("content-type", "application/grpc", "grpc-timeout", "soon"),
          ":status=200;content-type=application/grpc;grpc-status=13;"
          "grpc-message=malformed grpc-timeout;" },
    };
    for (size_t i = 0; i < SW_LEN(rows); i++) {
        struct raw r;
        raw_init(&r);
        raw_headers(&r.to, RAW_END_STREAM, 1, rows[i].fields);
        CHECK_I64(raw_run(&r), 0);
        CHECK_STR(r.text, rows[i].answer);
        raw_fini(&r);
    }
}

static void wrong_messages_get_the_right_refusal(void)
{
    static const struct {
        const char *data;
        size_t len;
        const char *status;
    } rows[] = {
        { "\1\0\0\0\1a", 6, "grpc-status=13;" },          /* compressed without an encoding */
        { "\7\0\0\0\1a", 6, "grpc-status=13;" },          /* a flag nobody defined */
        { "\0\0\x40\0\1", 5, "grpc-status=8;" },          /* longer than allowed */
        { "\0\0\0\0\5abc", 8, "grpc-status=13;" },        /* ends within a message */
        { "\0\0\0", 3, "grpc-status=13;" },               /* ends within a prefix */
        { "\0\0\0\0\3abc", 8, "<data 8>grpc-status=0;" }, /* and one that is right */
    };
    for (size_t i = 0; i < SW_LEN(rows); i++) {
        struct raw r;
        raw_init(&r);
        raw_headers(&r.to, 0, 1, REQUEST("content-type", "application/grpc"));
        raw_frame(&r.to, RAW_DATA, RAW_END_STREAM, 1, rows[i].data, rows[i].len);
        CHECK_I64(raw_run(&r), 0);
        CHECK(strstr(r.text, rows[i].status) != NULL);
        CHECK(strstr(r.p.server.log, "close;") != NULL);
        raw_fini(&r);
    }
}

static void a_flood_of_resets_ends_the_connection(void)
{
    struct raw r;
    raw_init(&r);
    int err = 0;
    uint32_t opened = 0;
    while (err == 0 && opened < 5000) {
        raw_headers(&r.to, 0, 2 * opened + 1, REQUEST("content-type", "application/grpc"));
        raw_frame(&r.to, RAW_RST, 0, 2 * opened + 1, "\0\0\0\x08", 4);
        opened++;
        err = raw_run(&r);
        r.from.len = 0;
    }
    CHECK_I64(err, SW_ERR_MALFORMED);
    CHECK(opened > 900 && opened < 1100);
    CHECK(grpc_session_over(r.p.server.session));
    raw_fini(&r);
}

static void resets_at_a_human_pace_are_fine(void)
{
    struct raw r;
    raw_init(&r);
    int err = 0;
    for (uint32_t i = 0; i < 3000 && err == 0; i++) {
        raw_headers(&r.to, 0, 2 * i + 1, REQUEST("content-type", "application/grpc"));
        raw_frame(&r.to, RAW_RST, 0, 2 * i + 1, "\0\0\0\x08", 4);
        r.p.now += 50 * SW_MS;
        r.p.server.log[0] = '\0';
        err = raw_run(&r);
        r.from.len = 0;
    }
    CHECK_I64(err, 0);
    raw_fini(&r);
}

static void a_flood_of_pings_ends_the_connection(void)
{
    struct raw r;
    raw_init(&r);
    int err = 0;
    for (int i = 0; i < 5000 && err == 0; i++) {
        raw_frame(&r.to, RAW_PING, 0, 0, "12345678", 8);
        err = raw_run(&r);
        r.from.len = 0;
    }
    CHECK_I64(err, SW_ERR_MALFORMED);
    raw_fini(&r);
}

static void what_is_no_http2_is_refused(void)
{
    static const char *const inputs[] = { "GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\x00\x01",
                                          "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n" };
    for (size_t i = 0; i < SW_LEN(inputs); i++) {
        struct pair p;
        pair_init(&p, true, 0);
        CHECK_I64(grpc_receive(p.server.session, pair_text(inputs[i]), p.now), SW_ERR_MALFORMED);
        CHECK(grpc_session_over(p.server.session));
        pair_fini(&p);
    }
}

static void too_many_headers_are_refused(void)
{
    struct raw r;
    raw_init(&r);
    char block[126];
    memset(block, 'v', sizeof block - 1);
    block[sizeof block - 1] = '\0';
    const char *fields[140] = { ":method",         "POST",  ":scheme",
                                "https",           ":path", "/x/y",
                                ":authority",      "a",     "content-type",
                                "application/grpc" };
    uint8_t frame[16384];
    size_t n = 0;
    for (size_t i = 0; i < 10 || n < 9000; i++) {
        const char *field = i < 10 ? fields[i] : (i % 2 == 0 ? "x-filler" : block);
        if (i % 2 == 0) {
            frame[n++] = 0;
        }
        frame[n++] = (uint8_t)strlen(field);
        memcpy(frame + n, field, strlen(field));
        n += strlen(field);
        if (n >= 9000 && i % 2 == 1) {
            break;
        }
    }
    raw_frame(&r.to, RAW_HEADERS, RAW_END_STREAM | RAW_END_HEADERS, 1, frame, n);
    CHECK_I64(raw_run(&r), 0);
    CHECK(strstr(r.text, "grpc-status=8;grpc-message=too many headers;") != NULL);
    CHECK_STR(r.p.server.log, "");
    raw_fini(&r);
}

/* ---- a client whose server is strange ---- */

static void strange_answers_become_the_right_status(void)
{
    const struct {
        const char *const *fields;
        const char *outcome;
    } rows[] = {
        { (const char *const[]){ ":status", "503", NULL },
          "end UNAVAILABLE the answer is an HTTP error;" },
        { (const char *const[]){ ":status", "404", "content-type", "text/html", NULL },
          "end UNIMPLEMENTED the answer is an HTTP error;" },
        { (const char *const[]){ ":status", "200", "content-type", "application/grpc", NULL },
          "end UNKNOWN the answer has no grpc-status;" },
        { (const char *const[]){ ":status", "200", "content-type", "application/grpc",
                                 "grpc-status", "5", "grpc-message", "not%20here", NULL },
          "end NOT_FOUND not here;" },
        { (const char *const[]){ ":status", "200", "content-type", "application/grpc",
                                 "grpc-status", "fine", NULL },
          "end UNKNOWN;" },
    };
    for (size_t i = 0; i < SW_LEN(rows); i++) {
        struct pair p;
        struct sw_blob wire = { 0 };
        pair_init(&p, false, 0);
        struct grpc_call *c = pair_call(&p, "/x/y", 0);
        (void)grpc_call_end(c, GRPC_OK, NULL);
        (void)pair_collect(&p.client, &p.server);
        raw_frame(&wire, RAW_SETTINGS, 0, 0, "", 0);
        raw_headers(&wire, RAW_END_STREAM, 1, rows[i].fields);
        CHECK_I64(grpc_receive(p.client.session, sw_blob_bytes(&wire), p.now), 0);
        CHECK(strncmp(p.client.log, rows[i].outcome, strlen(rows[i].outcome)) == 0);
        CHECK(strstr(p.client.log, "close;") != NULL);
        sw_blob_fini(&wire);
        pair_fini(&p);
    }
}

extern CU_TestInfo tests_grpc_hostile[];
CU_TestInfo tests_grpc_hostile[] = {
    { "wrong_requests_get_the_right_refusal", wrong_requests_get_the_right_refusal },
    { "wrong_messages_get_the_right_refusal", wrong_messages_get_the_right_refusal },
    { "a_flood_of_resets_ends_the_connection", a_flood_of_resets_ends_the_connection },
    { "resets_at_a_human_pace_are_fine", resets_at_a_human_pace_are_fine },
    { "a_flood_of_pings_ends_the_connection", a_flood_of_pings_ends_the_connection },
    { "what_is_no_http2_is_refused", what_is_no_http2_is_refused },
    { "too_many_headers_are_refused", too_many_headers_are_refused },
    { "strange_answers_become_the_right_status", strange_answers_become_the_right_status },
    CU_TEST_INFO_NULL,
};
