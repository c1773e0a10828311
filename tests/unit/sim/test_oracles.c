/* SPDX-License-Identifier: GPL-3.0-or-later
 * Oracles see the error that is planted for them, and say nothing without it. */
#include "sim/world/disk.h"
#include "tests/lib/check.h"
#include "tests/lib/small_world.h"

static const struct small_world usual = { .nodes_a_region = 2,
                                          .holders = 3,
                                          .forward = true,
                                          .rate = 5,
                                          .duration = 150 * SW_SEC,
                                          .service = 100 * SW_US };

static struct small_scenario *with_set(void)
{
    struct small_scenario *x = small_scenario(&usual);
    small_set(x, 20, 20000, 0);
    small_operation(x, 5 * SW_SEC, "snapshot", "n0", "", NULL);
    small_operation(x, 60 * SW_SEC, "restore", "n4", "n0", "restored");
    return x;
}

/* What the planted errors know. */
static struct {
    const struct sim_world *w;
    uint8_t secret[4096];
    size_t n;
    sw_time from;
    bool said;
    struct sw_fs real;
} planted;

static int take(void *arg, const char *path, struct sw_bytes content, const struct sw_stat *st)
{
    (void)arg;
    (void)path;
    (void)st;
    planted.n = content.len < sizeof planted.secret ? content.len : sizeof planted.secret;
    memcpy(planted.secret, content.data, planted.n);
    return 1;
}

/* n0 forgets to seal what it sends in large messages. */
static unsigned leak(void *self, uint32_t node, uint8_t *message, size_t len)
{
    (void)self;
    if (node == 0 && len > planted.n + 1001) {
        memcpy(message + 1001, planted.secret, planted.n);
    }
    return 1;
}

static int write_more(void *self, int fd, const void *buf, size_t len, uint64_t offset)
{
    const struct sw_fs *real = &planted.real;
    const int other = real->open(self, "cache", SW_OPEN_WRITE | SW_OPEN_CREATE, 0600);
    if (other >= 0) {
        (void)real->pwrite(self, other, planted.secret + 7, planted.n - 7, 0);
        (void)real->close(self, other);
    }
    return real->pwrite(self, fd, buf, len, offset);
}

/* n1 keeps what it can't know in a file of its own. */
static void leak_to_disk(void *self, uint32_t node, struct sw_fs *fs)
{
    (void)self;
    if (node == 1) {
        planted.real = *fs;
        fs->pwrite = write_more;
    }
}

/* n3 says one thing very often. */
static unsigned babble(void *self, uint32_t node, uint8_t *message, size_t len)
{
    (void)self;
    (void)message;
    (void)len;
    if (node != 3 || sim_world_now(planted.w) < planted.from || planted.said) {
        return 1;
    }
    planted.said = true;
    return 200000;
}

static void spoil(void *self, uint32_t node, uint8_t *message, size_t len)
{
    (void)self;
    (void)node;
    if (len > 2 && sim_world_now(planted.w) > planted.from) {
        message[0] ^= 0x55; /* the ID: nobody takes it for an answer */
    }
}

/* Run @x with one oracle and @hooks. */
static struct sim_result judged(struct small_scenario *x, const char *oracle,
                                const struct sim_hooks *hooks)
{
    char *only[] = { small_text(oracle) };
    struct sim_result r;
    x->s.oracles = only;
    x->s.n_oracles = 1;
    struct sim_world *w = small_start_world(x, 1);
    planted.w = w;
    (void)sim_disk_each(sim_world_disk(w, 0), "data", take, NULL);
    if (hooks != NULL) {
        sim_world_hook(w, hooks);
    }
    (void)sim_world_run(w, SW_TIME_NEVER, &r);
    sim_world_free(w);
    return r;
}

static void plaintext_in_a_message_is_seen(void)
{
    struct small_scenario *x = with_set();
    const struct sim_hooks hooks = { .on_send = leak };
    struct sim_result r = judged(x, "plaintext", NULL);
    CHECK_STR(r.complaint, "");
    r = judged(x, "plaintext", &hooks);
    CHECK_STR(r.oracle, "plaintext");
    CHECK(strstr(r.complaint, "n0 sends a peer plaintext of n0's") != NULL);
    free(x);
}

static void plaintext_on_anothers_disk_is_seen_at_the_end(void)
{
    struct small_scenario *x = with_set();
    const struct sim_hooks hooks = { .on_fs = leak_to_disk };
    const struct sim_result r = judged(x, "plaintext", &hooks);
    CHECK_STR(r.oracle, "plaintext");
    CHECK(strstr(r.complaint, "n1 has plaintext of n0's") != NULL);
    CHECK_U64(r.complained_at, usual.duration);
    free(x);
}

static void clients_that_stay_unserved_after_the_last_fault_are_seen(void)
{
    struct small_scenario *x = small_scenario(&usual);
    const char *const params[] = { "node", "n3", NULL };
    const struct sim_hooks hooks = { .on_reply = spoil };
    small_fault(x, "crash", 10 * SW_SEC, 5 * SW_SEC, params);
    planted.from = 70 * SW_SEC;
    struct sim_result r = judged(x, "liveness", NULL);
    CHECK_STR(r.complaint, "");
    r = judged(x, "liveness", &hooks);
    CHECK_STR(r.oracle, "liveness");
    CHECK(r.complained_at > 75 * SW_SEC);
    x->faults[0].length = 0; /* for good: nothing is promised */
    r = judged(x, "liveness", &hooks);
    CHECK_STR(r.complaint, "");
    free(x);
}

static void a_connection_that_holds_too_much_is_seen(void)
{
    struct small_world o = usual;
    o.rate = 20;
    o.duration = 50 * SW_SEC;
    struct small_scenario *x = small_scenario(&o);
    const char *const params[] = { "node", "n0", NULL };
    const struct sim_hooks hooks = { .on_send = babble };
    small_fault(x, "partition", 40 * SW_SEC, 5 * SW_SEC, params);
    planted.from = 40 * SW_SEC;
    struct sim_result r = judged(x, "bounds", NULL);
    CHECK_STR(r.complaint, "");
    r = judged(x, "bounds", &hooks);
    CHECK_STR(r.oracle, "bounds");
    CHECK(strstr(r.complaint, "bytes wait for one connection") != NULL);
    free(x);
}

extern CU_TestInfo tests_oracles[];
CU_TestInfo tests_oracles[] = {
    { "plaintext in a message is seen", plaintext_in_a_message_is_seen },
    { "plaintext on another's disk is seen at the end",
      plaintext_on_anothers_disk_is_seen_at_the_end },
    { "clients that stay unserved after the last fault are seen",
      clients_that_stay_unserved_after_the_last_fault_are_seen },
    { "a connection that holds too much is seen", a_connection_that_holds_too_much_is_seen },
    CU_TEST_INFO_NULL,
};
