/* SPDX-License-Identifier: GPL-3.0-or-later
 * Recorded questions: query files, captures, and what is asked of a world. */
#define _POSIX_C_SOURCE 200809L
#include "sim/scenario/packet.h"
#include "sim/scenario/replay.h"
#include "tests/lib/check.h"
#include "tests/lib/small_world.h"

#include <pcap/dlt.h>

/* ---- query files ---- */

static int read_queries(const char *text, size_t len, struct sim_replay *r, struct sw_diag *d)
{
    FILE *f = fmemopen(small_text(text), len, "r");
    *r = (struct sim_replay){ 0 };
    const int err = f != NULL ? sim_queries_read(f, "q", r, d) : SW_ERR_IO;
    if (f != NULL) {
        (void)fclose(f);
    }
    return err;
}

static void a_query_file_is_read_as_dnsperf_reads_it(void)
{
    static const char text[] = "; a comment\n"
                               "\n"
                               "www.Example.org A\n"
                               " a\\.b.example.org.\tAAAA \r\n"
                               "www.Example.org\tTYPE65\n"
                               ". soa";
    static const struct {
        const char *wire;
        size_t len;
        uint16_t type;
    } expected[] = {
        { "\3www\7Example\3org", 17, 1 },
        { "\3a.b\7example\3org", 17, 28 },
        { "\3www\7Example\3org", 17, 65 },
        { "", 1, 6 },
    };
    struct sim_replay r;
    struct sw_diag d = { "" };
    CHECK_I64(read_queries(text, sizeof text - 1, &r, &d), 0);
    CHECK_STR(d.text, "");
    REQUIRE(r.n == SW_LEN(expected));
    CHECK_U64(r.n_names, 3);
    CHECK_U64(r.sources, 0);
    for (size_t i = 0; i < r.n; i++) {
        CHECK_U64(r.asked[i].type, expected[i].type);
        CHECK(memcmp(r.names[r.asked[i].name].wire, expected[i].wire, expected[i].len) == 0);
    }
    sim_replay_fini(&r);
}

static void a_broken_query_file_is_told_the_line_and_what_was_expected(void)
{
    static const struct {
        const char *text;
        size_t len;
        const char *message;
    } broken[] = {
        { "a A\nb\n", 6, "q:2: expected NAME TYPE, as in 'www.example.org A'" },
        { "a A IN\n", 7, "q:1: expected NAME TYPE and no more than that, got 'IN'" },
        { "a..b A\n", 7, "q:1: not a domain name: 'a..b'" },
        { "a AAAAA\n", 8, "q:1: not a record type (like A, MX, TYPE65): 'AAAAA'" },
        { "a TYPE65536\n", 12, "q:1: not a record type (like A, MX, TYPE65): 'TYPE65536'" },
        { "a A\na\0A\nb A\n", 12, "q:2: the line is too long, or no text" },
        { "; nothing\n", 10, "q: no question in it (expected NAME TYPE)" },
    };
    for (size_t i = 0; i < SW_LEN(broken); i++) {
        struct sim_replay r;
        struct sw_diag d = { "" };
        CHECK(read_queries(broken[i].text, broken[i].len, &r, &d) < 0);
        CHECK_STR(d.text, broken[i].message);
        sim_replay_fini(&r);
    }
}

/* ---- frames ---- */

#define ETHER "\0\0\0\0\0\0\0\0\0\0\0\0"
#define IPV4(len, offset, protocol) \
    "\x45\0\0" len "\0\7" offset "\x40" protocol "\0\0\300\0\2\1\300\0\2\x35"
#define IPV6(len, next)     \
    "\x60\0\0\0\0" len next \
    "\x40\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\2"
#define UDP "\x30\x39\0\x35\0\x1b\0\0"                     /* 12345 to 53, 27 bytes */
#define ASKS "\xab\xcd\1\0\0\1\0\0\0\0\0\0\1a\0\0\x1c\0\1" /* a. AAAA */
#define OPT "\0\0\x29\4\xd0\0\0\0\0\0\0"
#define ASKS_EDNS "\xab\xcd\1\0\0\1\0\0\0\0\0\1\1a\0\0\x1c\0\1" OPT

struct frame {
    int link;
    const char *bytes;
    size_t len;
    enum sim_packet_kind kind;
};
#define FRAME(link, bytes, kind)             \
    {                                        \
        link, bytes, sizeof(bytes) - 1, kind \
    }

static void a_question_is_found_behind_every_link_header(void)
{
    static const struct frame frames[] = {
        FRAME(DLT_EN10MB, ETHER "\x08\0" IPV4("\x2f", "\0\0", "\x11") UDP ASKS,
              SIM_PACKET_QUESTION),
        FRAME(DLT_EN10MB, ETHER "\x81\0\0\x2a\x08\0" IPV4("\x2f", "\0\0", "\x11") UDP ASKS,
              SIM_PACKET_QUESTION),
        FRAME(DLT_EN10MB, ETHER "\x88\xa8\0\1\x81\0\0\2\x86\xdd" IPV6("\x1b", "\x11") UDP ASKS,
              SIM_PACKET_QUESTION),
        FRAME(DLT_LINUX_SLL, ETHER "\0\0\x08\0" IPV4("\x2f", "\0\0", "\x11") UDP ASKS,
              SIM_PACKET_QUESTION),
        FRAME(DLT_LINUX_SLL2,
              "\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" IPV4("\x2f", "\0\0", "\x11") UDP ASKS,
              SIM_PACKET_QUESTION),
        FRAME(DLT_NULL, "\2\0\0\0" IPV4("\x2f", "\0\0", "\x11") UDP ASKS, SIM_PACKET_QUESTION),
        FRAME(DLT_LOOP, "\0\0\0\x1e" IPV6("\x1b", "\x11") UDP ASKS, SIM_PACKET_QUESTION),
        FRAME(DLT_RAW, IPV4("\x2f", "\0\0", "\x11") UDP ASKS, SIM_PACKET_QUESTION),
        FRAME(DLT_RAW, IPV6("\x26", "\x11") UDP ASKS_EDNS, SIM_PACKET_QUESTION),
        FRAME(DLT_IPV6, IPV6("\x1b", "\x11") UDP ASKS, SIM_PACKET_QUESTION),
        /* hop-by-hop options, and the first of several fragments */
        FRAME(DLT_IPV6, IPV6("\x23", "\0") "\x11\0\0\0\0\0\0\0" UDP ASKS, SIM_PACKET_QUESTION),
        FRAME(DLT_IPV6, IPV6("\x23", "\x2c") "\x11\0\0\1\0\0\0\7" UDP ASKS, SIM_PACKET_QUESTION),
        FRAME(DLT_IPV4, IPV4("\x2f", "\x20\0", "\x11") UDP ASKS, SIM_PACKET_QUESTION),
        /* IP options, and a length that the card was to fill in */
        FRAME(DLT_IPV4, "\x46\0\0\x33\0\7\0\0\x40\x11\0\0\300\0\2\1\300\0\2\x35\1\1\1\1" UDP ASKS,
              SIM_PACKET_QUESTION),
        FRAME(DLT_IPV4, IPV4("\0", "\0\0", "\x11") UDP ASKS, SIM_PACKET_QUESTION),
    };
    for (size_t i = 0; i < SW_LEN(frames); i++) {
        const struct frame *f = &frames[i];
        struct sim_packet p;
        CHECK_U64(sim_packet_read(f->link, (const uint8_t *)f->bytes, f->len, f->len, &p), f->kind);
        CHECK_U64(p.port, 12345);
        CHECK_U64(p.id, 0xabcd);
        CHECK_U64(p.type, 28);
        CHECK_U64(p.len, 3);
        CHECK(memcmp(p.name, "\1a", 3) == 0);
        CHECK(p.edns == (i == 8));
        CHECK(p.source[0] == (p.source[10] == 0xff ? 0 : 0x20));
    }
}

static void what_is_no_question_is_told_apart(void)
{
    static const struct frame frames[] = {
        FRAME(DLT_IPV4, IPV4("\x2f", "\0\0", "\x11") "\0\x35\x30\x39\0\x1b\0\0" ASKS,
              SIM_PACKET_ANSWER),
        FRAME(DLT_IPV4,
              IPV4("\x2f", "\0\0", "\x11") UDP "\xab\xcd\x81\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\1",
              SIM_PACKET_ANSWER),
        FRAME(DLT_IPV4,
              IPV4("\x28", "\0\0", "\6") "\x30\x39\0\x35\0\0\0\0\0\0\0\0\x50\2\0\0\0\0\0\0",
              SIM_PACKET_TCP),
        FRAME(DLT_IPV4, IPV4("\x2f", "\0\1", "\x11") UDP ASKS, SIM_PACKET_FRAGMENT),
        FRAME(DLT_IPV6, IPV6("\x23", "\x2c") "\x11\0\0\x08\0\0\0\7" UDP ASKS, SIM_PACKET_FRAGMENT),
        FRAME(DLT_IPV4, IPV4("\x2f", "\0\0", "\x11") "\x30\x39\0\x50\0\x1b\0\0" ASKS,
              SIM_PACKET_OTHER), /* port 80 */
        FRAME(DLT_EN10MB,
              ETHER "\x08\6"
                    "arp",
              SIM_PACKET_OTHER),
        FRAME(DLT_RAW, "\x50", SIM_PACKET_OTHER),
        FRAME(DLT_IPV4,
              IPV4("\x2f", "\0\0", "\x11") UDP "\xab\xcd\x29\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\1",
              SIM_PACKET_UNUSUAL), /* UPDATE */
        FRAME(DLT_IPV4,
              IPV4("\x2f", "\0\0", "\x11") UDP "\xab\xcd\1\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\3",
              SIM_PACKET_UNUSUAL), /* class CH */
        FRAME(DLT_IPV4,
              IPV4("\x2f", "\0\0", "\x11") UDP "\xab\xcd\1\0\0\2\0\0\0\0\0\0\1a\0\0\1\0\1",
              SIM_PACKET_MALFORMED), /* two questions */
        FRAME(DLT_IPV4, IPV4("\x2d", "\0\0", "\x11") UDP ASKS, SIM_PACKET_MALFORMED),
        FRAME(DLT_IPV4, "\x44\0\0\x2f\0\7\0\0\x40\x11\0\0\300\0\2\1\300\0\2\x35" UDP ASKS,
              SIM_PACKET_MALFORMED), /* a header of 16 bytes */
    };
    for (size_t i = 0; i < SW_LEN(frames); i++) {
        const struct frame *f = &frames[i];
        struct sim_packet p;
        CHECK_U64(sim_packet_read(f->link, (const uint8_t *)f->bytes, f->len, f->len, &p), f->kind);
    }
    /* Whatever the snapshot length leaves of a question is never more than its beginning. */
    static const char whole[] = ETHER "\x81\0\0\x2a\x08\0" IPV4("\x2f", "\0\0", "\x11") UDP ASKS;
    for (size_t len = 0; len < sizeof whole - 1; len++) {
        struct sim_packet p;
        CHECK_U64(sim_packet_read(DLT_EN10MB, (const uint8_t *)whole, len, sizeof whole - 1, &p),
                  SIM_PACKET_CUT);
    }
}

/* ---- captures ---- */

/* A file in microseconds, little-endian. */
struct capture {
    uint8_t bytes[2048];
    size_t len;
};

static void put32(struct capture *c, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++) {
        c->bytes[c->len++] = (uint8_t)(v >> 8 * i);
    }
}

static struct capture new_capture(uint32_t link)
{
    struct capture c = { .len = 0 };
    const uint32_t header[] = { 0xa1b2c3d4, 4U << 16 | 2, 0, 0, 65535, link };
    for (size_t i = 0; i < SW_LEN(header); i++) {
        put32(&c, header[i]);
    }
    return c;
}

static void put_packet(struct capture *c, uint32_t s, uint32_t us, const char *bytes, size_t len)
{
    put32(c, s);
    put32(c, us);
    put32(c, (uint32_t)len);
    put32(c, (uint32_t)len);
    memcpy(c->bytes + c->len, bytes, len);
    c->len += len;
}

static int read_capture(struct capture *c, struct sim_replay *r, struct sw_diag *d)
{
    FILE *f = fmemopen(c->bytes, c->len, "r");
    *r = (struct sim_replay){ 0 };
    return f != NULL ? sim_capture_read(f, "c", r, d) : SW_ERR_IO;
}

/* From 192.0.2.1 and from 2001:db8::1. */
static const char v4[] = IPV4("\x2f", "\0\0", "\x11") UDP ASKS;
static const char v6[] = IPV6("\x26", "\x11") UDP ASKS_EDNS;

static void a_capture_gives_times_and_sources_and_no_retransmissions(void)
{
    struct capture c = new_capture(101); /* raw IP */
    put_packet(&c, 100, 0, v4, sizeof v4 - 1);
    put_packet(&c, 100, 250000, v6, sizeof v6 - 1);
    put_packet(&c, 105, 0, v4, sizeof v4 - 1);      /* 5 s later: a retransmission */
    put_packet(&c, 104, 999999, v6, 20);            /* too short */
    put_packet(&c, 120, 500000, v4, sizeof v4 - 1); /* 15.5 s later: a new one */
    put_packet(&c, 120, 400000, "\x60", 1);
    struct sim_replay r;
    struct sw_diag d = { "" };
    CHECK_I64(read_capture(&c, &r, &d), 0);
    CHECK_STR(d.text, "");
    REQUIRE(r.n == 3);
    CHECK_U64(r.sources, 2);
    CHECK_U64(r.n_names, 1);
    CHECK_U64(r.asked[0].after, 0);
    CHECK_U64(r.asked[1].after, 250 * SW_MS);
    CHECK_U64(r.asked[2].after, 20250 * SW_MS);
    CHECK_U64(r.asked[0].source, 0);
    CHECK_U64(r.asked[1].source, 1);
    CHECK_U64(r.asked[2].source, 0);
    CHECK(!r.asked[0].edns && r.asked[1].edns);
    CHECK_STR(r.summary, "c: 3 questions of 2 sources; left out: 1 retransmissions, 0 answers, 0 "
                         "of other opcodes or classes, 0 TCP, 0 fragments, 0 cut short, 2 "
                         "malformed");
    sim_replay_fini(&r);
}

static void who_asks_every_ten_seconds_is_not_left_out_for_ever(void)
{
    struct capture c = new_capture(101);
    struct sim_replay r;
    struct sw_diag d = { "" };
    for (uint32_t s = 0; s <= 100; s += 10) {
        put_packet(&c, 100 + s, 0, v4, sizeof v4 - 1);
    }
    CHECK_I64(read_capture(&c, &r, &d), 0);
    /* 0, 20, 40, 60, 80, 100: each time the next is 10 s later, and the one after it 20 s */
    CHECK_U64(r.n, 6);
    CHECK(strstr(r.summary, "left out: 5 retransmissions,") != NULL);
    sim_replay_fini(&r);
}

static void a_broken_capture_is_told_the_packet_and_why(void)
{
    struct sim_replay r;
    struct sw_diag d = { "" };
    struct capture c = { .bytes = "no capture, as everyone can see", .len = 31 };
    CHECK(read_capture(&c, &r, &d) < 0);
    CHECK_STR(d.text, "c: no capture file: unknown file format");
    sim_replay_fini(&r);

    d.text[0] = 0;
    c = new_capture(9);
    CHECK(read_capture(&c, &r, &d) < 0);
    CHECK_STR(d.text, "c: frames of link type 9 (PPP) are not understood (expected Ethernet, Linux "
                      "cooked, BSD loopback or raw IP)");
    sim_replay_fini(&r);

    d.text[0] = 0;
    c = new_capture(101);
    put_packet(&c, 100, 0, v4, sizeof v4 - 1);
    put_packet(&c, 101, 0, v4, sizeof v4 - 1);
    c.len -= 7;
    CHECK(read_capture(&c, &r, &d) < 0);
    CHECK(strncmp(d.text, "c: packet 2: truncated dump file", 32) == 0);
    sim_replay_fini(&r);

    d.text[0] = 0;
    c = new_capture(101);
    put_packet(&c, 100, 0, "\x60", 1);
    CHECK(read_capture(&c, &r, &d) < 0);
    CHECK_STR(d.text, "c: no DNS question by UDP to port 53 in its 1 packets (0 answers, 0 of "
                      "other opcodes or classes, 0 TCP, 0 fragments, 0 cut short, 1 malformed)");
    sim_replay_fini(&r);
}

/* ---- in a world ---- */

struct seen {
    struct {
        sw_time at;
        uint16_t type;
        bool outside;
        unsigned rcode;
        uint32_t transmissions;
    } v[64];
    size_t n;
};

static int start_seen(struct sim_world *w, void **self)
{
    (void)w;
    *self = calloc(1, sizeof(struct seen));
    return *self == NULL ? SW_ERR_NOMEM : 0;
}

static void on_query(void *self, struct sim_world *w, const struct sim_query_done *q)
{
    struct seen *s = self;
    (void)w;
    size_t i = s->n; /* in the order in which they were asked */
    if (s->n == SW_LEN(s->v)) {
        return;
    }
    for (; i > 0 && s->v[i - 1].at > q->sent_at; i--) {
        s->v[i] = s->v[i - 1];
    }
    s->v[i].at = q->sent_at;
    s->v[i].type = q->type;
    s->v[i].outside = q->outside;
    s->v[i].rcode = q->answered ? q->answer.data[3] & 15U : 99;
    s->v[i].transmissions = q->transmissions;
    s->n++;
}

static const struct sim_watcher seer = {
    .name = "seer", .start = start_seen, .on_query = on_query, .stop = free
};

static const struct small_world usual = {
    .nodes_a_region = 1, .holders = 3, .rate = 10, .duration = 20 * SW_SEC, .service = 100 * SW_US
};

static struct seen run_replay(struct small_scenario *x)
{
    struct sim_world *w = small_start_world(x, 1);
    void *self = NULL;
    struct sim_result r;
    if (sim_world_watch(w, &seer, &self) != 0) {
        abort();
    }
    (void)sim_world_run(w, SW_TIME_NEVER, &r);
    CHECK_STR(r.complaint, "");
    const struct seen out = *(struct seen *)self;
    sim_world_free(w);
    return out;
}

static void a_query_file_is_asked_in_order_and_over_again(void)
{
    static const char text[] = "www.example.org A\nwww.example.org AAAA\nmail.example.org MX\n";
    struct small_scenario *x = small_scenario(&usual);
    struct sim_replay r;
    CHECK_I64(read_queries(text, sizeof text - 1, &r, NULL), 0);
    x->s.n_clients = 1;
    x->clients[0].replay = &r;
    x->clients[0].rotation = SIM_IN_ORDER;
    const struct seen s = run_replay(x);
    CHECK(s.n >= 60);
    static const uint16_t types[] = { 1, 28, 15 };
    for (size_t i = 0; i < 45; i++) {
        CHECK_U64(s.v[i].type, types[i % 3]);
    }
    sim_replay_fini(&r);
    free(x);
}

static void a_capture_is_asked_when_it_was_recorded_by_its_speed(void)
{
    static const sw_time at[] = { 0, 1000, 1500, 4000 }; /* ms */
    struct small_scenario *x = small_scenario(&usual);
    struct sim_replay r = { .sources = 3 };
    static const uint8_t name[] = "\3www\7example\3org";
    for (uint32_t i = 0; i < 4; i++) {
        const struct sim_asked a = { .after = i > 0 ? (at[i] - at[i - 1]) * SW_MS : 0,
                                     .source = i % 3,
                                     .type = (uint16_t)(i + 1) };
        CHECK_I64(sim_replay_add(&r, name, sizeof name, a), 0);
    }
    x->s.n_clients = 1;
    x->clients[0].replay = &r;
    x->clients[0].rate = 0;
    x->clients[0].count = 2;
    x->clients[0].zone = NULL;
    x->clients[0].speed = 0.5;
    const struct seen s = run_replay(x);
    REQUIRE(s.n == 4);
    for (size_t i = 0; i < 4; i++) {
        CHECK_U64(s.v[i].at, 2 * at[i] * SW_MS);
        CHECK_U64(s.v[i].type, i + 1);
    }
    sim_replay_fini(&r);
    free(x);
}

/* The reader takes such time stamps for a mistake in the file, but not for an error. */
static void a_question_that_comes_after_the_run_is_not_asked(void)
{
    struct small_scenario *x = small_scenario(&usual);
    struct sim_replay r = { .sources = 1 };
    static const uint8_t name[] = "\3www\7example\3org";
    for (uint16_t i = 0; i < 2; i++) {
        const struct sim_asked a = { .after = i * UINT64_C(1735689600) * SW_SEC, /* 55 years */
                                     .type = 1 };
        CHECK_I64(sim_replay_add(&r, name, sizeof name, a), 0);
    }
    x->s.n_clients = 1;
    x->clients[0].replay = &r;
    x->clients[0].rate = 0;
    x->clients[0].count = 1;
    x->clients[0].zone = NULL;
    x->clients[0].speed = 0.05; /* 3.5e19 ns, past 2^64 */
    const struct seen s = run_replay(x);
    CHECK_U64(s.n, 1);
    sim_replay_fini(&r);
    free(x);
}

/* Eleven questions a second apart; from 3.5 s to 7.5 s each is asked four times. */
static void a_crowd_repeats_a_captures_questions_and_does_not_hurry_it(void)
{
    struct small_scenario *x = small_scenario(&usual);
    struct sim_replay r = { .sources = 3 };
    static const uint8_t name[] = "\3www\7example\3org";
    const char *const params[] = { "region", "frankfurt", "factor", "4", NULL };
    for (uint16_t i = 0; i < 11; i++) {
        const struct sim_asked a = { .after = i > 0 ? SW_SEC : 0, .source = i % 3, .type = i + 1 };
        CHECK_I64(sim_replay_add(&r, name, sizeof name, a), 0);
    }
    small_fault(x, "flash_crowd", 3500 * SW_MS, 4 * SW_SEC, params);
    x->s.n_clients = 1;
    x->clients[0].replay = &r;
    x->clients[0].rate = 0;
    x->clients[0].count = 3;
    x->clients[0].zone = NULL;
    x->clients[0].speed = 1;
    const struct seen s = run_replay(x);
    unsigned times[12] = { 0 };
    for (size_t i = 0; i < s.n; i++) {
        CHECK(s.v[i].type >= 1 && s.v[i].type <= 11);
        times[s.v[i].type % 12]++;
    }
    for (size_t i = 1; i <= 11; i++) { /* question i comes at i - 1 s */
        CHECK_U64(times[i], i >= 6 && i <= 8 ? 4 : i == 9 ? times[9] : 1);
    }
    CHECK(times[9] >= 1 && times[9] <= 4);
    CHECK_U64(s.v[s.n - 1].at, 10 * SW_SEC);
    sim_replay_fini(&r);
    free(x);
}

static void a_name_in_no_zone_is_refused_and_that_is_right(void)
{
    static const char text[] = "www.elsewhere.example A\n";
    for (unsigned stub = 0; stub < 2; stub++) {
        struct small_scenario *x = small_scenario(&usual);
        struct sim_replay r;
        CHECK_I64(read_queries(text, sizeof text - 1, &r, NULL), 0);
        r.names[0].outside = true;
        x->s.n_clients = 1;
        x->clients[0].replay = &r;
        x->clients[0].stub = stub == 0 ? SIM_STUB_RESOLV_CONF : SIM_STUB_RESOLVED;
        x->clients[0].attempts = stub == 0 ? 2 : 24;
        const struct seen s = run_replay(x);
        REQUIRE(s.n == SW_LEN(s.v));
        for (size_t i = 8; i < s.n; i++) {
            CHECK(s.v[i].outside);
            CHECK_U64(s.v[i].rcode, 5);
            /* resolv.conf: three servers, two rounds; resolved: each once */
            CHECK_U64(s.v[i].transmissions, stub == 0 ? 6 : 3);
        }
        sim_replay_fini(&r);
        free(x);
    }
}

static void an_attack_comes_between_the_questions_of_a_file(void)
{
    static const char text[] = "www.example.org A\nwww.example.org AAAA\nmail.example.org MX\n";
    static const uint16_t types[] = { 1, 28, 15 };
    struct small_scenario *x = small_scenario(&usual);
    struct sim_replay r;
    const char *const params[] = { "region", "frankfurt", "factor", "2", NULL };
    CHECK_I64(read_queries(text, sizeof text - 1, &r, NULL), 0);
    small_fault(x, "random_subdomain", 0, 0, params);
    x->s.n_clients = 1;
    x->clients[0].replay = &r;
    const struct seen s = run_replay(x);
    REQUIRE(s.n == SW_LEN(s.v));
    unsigned asked = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.v[i].rcode != 3) { /* made-up names do not exist */
            CHECK_U64(s.v[i].type, types[asked++ % 3]);
        }
    }
    CHECK(asked > s.n / 6 && asked < s.n / 2); /* a third of them */
    sim_replay_fini(&r);
    free(x);
}

extern CU_TestInfo tests_replay[];
CU_TestInfo tests_replay[] = {
    { "a query file is read as dnsperf reads it", a_query_file_is_read_as_dnsperf_reads_it },
    { "a broken query file is told the line and what was expected",
      a_broken_query_file_is_told_the_line_and_what_was_expected },
    { "a question is found behind every link header",
      a_question_is_found_behind_every_link_header },
    { "what is no question is told apart", what_is_no_question_is_told_apart },
    { "a capture gives times and sources, and no retransmissions",
      a_capture_gives_times_and_sources_and_no_retransmissions },
    { "who asks every ten seconds is not left out for ever",
      who_asks_every_ten_seconds_is_not_left_out_for_ever },
    { "a broken capture is told the packet and why", a_broken_capture_is_told_the_packet_and_why },
    { "a query file is asked in order and over again",
      a_query_file_is_asked_in_order_and_over_again },
    { "an attack comes between the questions of a file",
      an_attack_comes_between_the_questions_of_a_file },
    { "a capture is asked when it was recorded, by its speed",
      a_capture_is_asked_when_it_was_recorded_by_its_speed },
    { "a question that comes after the run is not asked",
      a_question_that_comes_after_the_run_is_not_asked },
    { "a crowd repeats a capture's questions and does not hurry it",
      a_crowd_repeats_a_captures_questions_and_does_not_hurry_it },
    { "a name in no zone is refused, and that is right",
      a_name_in_no_zone_is_refused_and_that_is_right },
    CU_TEST_INFO_NULL,
};
