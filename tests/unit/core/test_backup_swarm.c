/* SPDX-License-Identifier: GPL-3.0-or-later
 * Snapshots spread over nodes and come back from them, whoever dies meanwhile. */
#include "node/core/backup/holder.h"
#include "tests/lib/backup_swarm.h"
#include "tests/lib/check.h"

extern CU_TestInfo tests_backup_swarm[];

static bool put_noise(struct memfs *fs, const char *path, size_t len, uint64_t seed)
{
    uint8_t key[randombytes_SEEDBYTES] = { 0 };
    uint8_t *buf = malloc(len + 1);
    if (buf == NULL) {
        return false;
    }
    memcpy(key, &seed, sizeof seed);
    randombytes_buf_deterministic(buf, len, key);
    const bool done = memfs_put(fs, path, buf, len);
    free(buf);
    return done;
}

static bool make_data(struct memfs *fs)
{
    return put_noise(fs, "data/big", 6 * 1024 * 1024, 1) &&
           put_noise(fs, "data/folder/small", 1000, 2) && memfs_put(fs, "data/empty", "", 0);
}

static void boot_all(struct swarm *s)
{
    for (size_t i = 0; i < s->n; i++) {
        swarm_boot(&s->nodes[i]);
    }
}

struct tally {
    size_t files;
    uint64_t bytes;
};

static void count(void *arg, const char *path, struct sw_bytes content)
{
    struct tally *t = arg;
    (void)path;
    t->files++;
    t->bytes += content.len;
}

/* Does @n restore node 0's data as it is now? */
static bool restores(struct swarm *s, struct swarm_node *n, uint64_t command, const char *target)
{
    swarm_restore(n, command, target);
    if (!swarm_run(s, 60 * SW_SEC)) {
        return false;
    }
    const struct swarm_reply *r = swarm_replied(n, command);
    if (r == NULL || r->status != 0) {
        (void)printf("\n  %s: %s\n", n->name.s, r != NULL ? r->reason : "no reply");
        return false;
    }
    struct tally a = { 0 };
    struct tally b = { 0 };
    memfs_each(n->fs, target, count, &a);
    memfs_each(s->nodes[0].fs, "data", count, &b);
    return a.files == b.files && a.bytes == b.bytes &&
           memcmp(memfs_get(n->fs, "back/big").data, memfs_get(s->nodes[0].fs, "data/big").data,
                  memfs_get(n->fs, "back/big").len) == 0;
}

static void a_snapshot_is_safe_when_every_object_is_in_three_regions(void)
{
    struct swarm s;
    swarm_init(&s, 9, 3);
    REQUIRE(make_data(s.nodes[0].fs));
    boot_all(&s);
    REQUIRE(swarm_run(&s, SW_SEC));
    swarm_snapshot(&s.nodes[0], 7);
    REQUIRE(swarm_run(&s, 10 * SW_SEC));
    const struct swarm_reply *r = swarm_replied(&s.nodes[0], 7);
    REQUIRE(r != NULL && r->status == 0);
    Swarm__V1__SnapshotReply *m =
        swarm__v1__snapshot_reply__unpack(NULL, r->message.len, r->message.data);
    REQUIRE(m != NULL);
    CHECK_U64(m->sequence, 1);
    CHECK_U64(m->files, 3);
    CHECK(m->n_holders >= 3);
    CHECK_U64(swarm_traced(&s.nodes[0], SW_TRACE_SNAPSHOT_SAFE), 1);
    CHECK_U64(swarm_traced(&s.nodes[0], SW_TRACE_OBJECT_STORED), 3 * ((size_t)m->packs + 1));
    /* every object three times, beside the source's own */
    struct tally held[3] = { { 0 } };
    struct tally own = { 0 };
    memfs_each(s.nodes[0].fs, "store/objects", count, &own);
    for (size_t i = 1; i < s.n; i++) {
        memfs_each(s.nodes[i].fs, "store/objects", count, &held[i % 3]);
    }
    for (size_t i = 0; i < 3; i++) {
        CHECK_U64(held[i].files, own.files);
        CHECK_U64(held[i].bytes, own.bytes);
    }
    /* the manifest goes last */
    const struct swarm_node *n = &s.nodes[0];
    uint64_t last = 0;
    for (size_t i = 0; i < n->n_traces; i++) {
        last = n->traces[i].kind == SW_TRACE_OBJECT_STORED ? n->traces[i].a : last;
    }
    CHECK(last < 4096);
    swarm__v1__snapshot_reply__free_unpacked(m, NULL);
    swarm_fini(&s);
}

static void what_is_under_way_stays_bounded(void)
{
    struct swarm s;
    swarm_init(&s, 4, 3);
    REQUIRE(put_noise(s.nodes[0].fs, "data/big", 40 * 1024 * 1024, 1));
    boot_all(&s);
    swarm_snapshot(&s.nodes[0], 7);
    REQUIRE(swarm_run(&s, 10 * SW_SEC));
    REQUIRE(swarm_replied(&s.nodes[0], 7) != NULL);
    CHECK_I64(swarm_replied(&s.nodes[0], 7)->status, 0);
    CHECK(s.most_waiting < 34 * SW_MIB); /* 16 transfers of 2 MiB, and words */
    s.most_waiting = 0;
    swarm_kill(&s.nodes[0]);
    swarm_restore(&s.nodes[1], 8, "back");
    REQUIRE(swarm_run(&s, 60 * SW_SEC));
    CHECK_I64(swarm_replied(&s.nodes[1], 8)->status, 0);
    CHECK(s.most_waiting < 18 * SW_MIB); /* 8 transfers of 2 MiB */
    swarm_fini(&s);
}

static void any_node_restores_it_when_the_source_and_a_region_are_gone(void)
{
    struct swarm s;
    swarm_init(&s, 9, 3);
    REQUIRE(make_data(s.nodes[0].fs));
    boot_all(&s);
    swarm_snapshot(&s.nodes[0], 7);
    REQUIRE(swarm_run(&s, 10 * SW_SEC));
    REQUIRE(swarm_replied(&s.nodes[0], 7) != NULL);
    swarm_kill(&s.nodes[0]);
    swarm_kill(&s.nodes[3]);
    swarm_kill(&s.nodes[6]);
    CHECK(restores(&s, &s.nodes[4], 8, "back"));
    const struct swarm_reply *r = swarm_replied(&s.nodes[4], 8);
    REQUIRE(r != NULL && r->status == 0);
    Swarm__V1__RestoreReply *m =
        swarm__v1__restore_reply__unpack(NULL, r->message.len, r->message.data);
    REQUIRE(m != NULL);
    CHECK_U64(m->n_damaged, 0);
    CHECK_U64(m->files, 3);
    CHECK(m->n_holders >= 2); /* from many at once */
    CHECK(m->fetched_bytes > 0);
    swarm__v1__restore_reply__free_unpacked(m, NULL);
    swarm_fini(&s);
}

static void a_dark_region_delays_safety_and_not_the_copies_elsewhere(void)
{
    struct swarm s;
    swarm_init(&s, 9, 3);
    REQUIRE(make_data(s.nodes[0].fs));
    boot_all(&s);
    REQUIRE(swarm_run(&s, SW_SEC));
    swarm_kill(&s.nodes[2]);
    swarm_kill(&s.nodes[5]);
    swarm_kill(&s.nodes[8]);
    swarm_snapshot(&s.nodes[0], 7);
    REQUIRE(swarm_run(&s, 10 * SW_MIN));
    CHECK(swarm_replied(&s.nodes[0], 7) == NULL);
    CHECK_U64(swarm_traced(&s.nodes[0], SW_TRACE_SNAPSHOT_SAFE), 0);
    /* not acknowledged, but there to be restored */
    CHECK(restores(&s, &s.nodes[4], 8, "back"));
    swarm_boot(&s.nodes[5]);
    REQUIRE(swarm_run(&s, SW_MIN));
    REQUIRE(swarm_replied(&s.nodes[0], 7) != NULL);
    CHECK_I64(swarm_replied(&s.nodes[0], 7)->status, 0);
    swarm_fini(&s);
}

static uint64_t parts_to[SWARM_NODES]; /* ObjectPut messages that arrived there */

static bool count_parts(struct swarm_node *from, struct swarm_node *to, Swarm__V1__Envelope *e)
{
    (void)from;
    parts_to[to->number] += e->body_case == SWARM__V1__ENVELOPE__BODY_OBJECT_PUT;
    return false;
}

static size_t most_parts(void)
{
    size_t most = 0;
    for (size_t i = 1; i < SWARM_NODES; i++) {
        most = parts_to[i] > parts_to[most] ? i : most;
    }
    return most;
}

static void a_holder_that_dies_half_way_is_replaced_by_another_of_its_region(void)
{
    struct swarm s;
    struct tally t = { 0 };
    swarm_init(&s, 9, 3);
    REQUIRE(make_data(s.nodes[0].fs));
    boot_all(&s);
    REQUIRE(swarm_run(&s, SW_SEC));
    s.nodes[0].drop = count_parts;
    memset(parts_to, 0, sizeof parts_to);
    swarm_snapshot(&s.nodes[0], 7);
    while (parts_to[most_parts()] < 5 && swarm_step(&s, s.now + SW_SEC)) {
    }
    const size_t victim = most_parts();
    CHECK_U64(parts_to[victim], 5);
    swarm_kill(&s.nodes[victim]);
    REQUIRE(swarm_run(&s, 10 * SW_SEC));
    REQUIRE(swarm_replied(&s.nodes[0], 7) != NULL);
    CHECK_I64(swarm_replied(&s.nodes[0], 7)->status, 0);
    memfs_each(s.nodes[victim].fs, "store/objects", count, &t);
    CHECK_U64(t.files, 0);
    swarm_fini(&s);
}

static bool swallow_puts_to_4(struct swarm_node *from, struct swarm_node *to,
                              Swarm__V1__Envelope *e)
{
    (void)from;
    return e->body_case == SWARM__V1__ENVELOPE__BODY_OBJECT_PUT && to->number == 4;
}

static void a_holder_that_falls_silent_is_given_up_after_a_while(void)
{
    struct swarm s;
    swarm_init(&s, 9, 3);
    REQUIRE(make_data(s.nodes[0].fs));
    boot_all(&s);
    REQUIRE(swarm_run(&s, SW_SEC));
    s.nodes[0].drop = swallow_puts_to_4;
    swarm_snapshot(&s.nodes[0], 7);
    REQUIRE(swarm_run(&s, 5 * SW_MIN));
    REQUIRE(swarm_replied(&s.nodes[0], 7) != NULL);
    CHECK_I64(swarm_replied(&s.nodes[0], 7)->status, 0);
    struct tally t = { 0 };
    memfs_each(s.nodes[4].fs, "store/objects", count, &t);
    CHECK_U64(t.files, 0);
    swarm_fini(&s);
}

static void a_full_holder_is_passed_over(void)
{
    struct swarm s;
    swarm_init(&s, 9, 3);
    s.nodes[4].config.capacity = 4 * SW_MIB;
    REQUIRE(make_data(s.nodes[0].fs));
    boot_all(&s);
    swarm_snapshot(&s.nodes[0], 7);
    REQUIRE(swarm_run(&s, 5 * SW_MIN));
    REQUIRE(swarm_replied(&s.nodes[0], 7) != NULL);
    CHECK_I64(swarm_replied(&s.nodes[0], 7)->status, 0);
    struct tally t = { 0 };
    memfs_each(s.nodes[4].fs, "store/objects", count, &t);
    CHECK(t.bytes <= 4 * SW_MIB);
    swarm_fini(&s);
}

static bool damage_data_from_1(struct swarm_node *from, struct swarm_node *to,
                               Swarm__V1__Envelope *e)
{
    (void)from;
    (void)to;
    if (e->body_case == SWARM__V1__ENVELOPE__BODY_OBJECT_DATA && e->object_data->data.len > 0) {
        e->object_data->data.data[0] ^= 1;
    }
    return false;
}

static void what_a_lying_holder_delivers_is_fetched_from_another(void)
{
    struct swarm s;
    swarm_init(&s, 4, 3);
    REQUIRE(make_data(s.nodes[0].fs));
    boot_all(&s);
    swarm_snapshot(&s.nodes[0], 7);
    REQUIRE(swarm_run(&s, 10 * SW_SEC));
    REQUIRE(swarm_replied(&s.nodes[0], 7) != NULL);
    swarm_kill(&s.nodes[0]);
    /* node 3 lost its disk and comes back empty; 1 lies, 2 is honest */
    swarm_kill(&s.nodes[3]);
    memfs_free(s.nodes[3].fs);
    s.nodes[3].fs = memfs_new();
    swarm_boot(&s.nodes[3]);
    s.nodes[1].drop = damage_data_from_1;
    CHECK(restores(&s, &s.nodes[3], 8, "back"));
    swarm_fini(&s);
}

/* Says "I have none" many times over, as if for everybody. */
static bool deny_for_all(struct swarm_node *from, struct swarm_node *to, Swarm__V1__Envelope *e)
{
    if (e->body_case != SWARM__V1__ENVELOPE__BODY_HEADS) {
        return false;
    }
    const size_t n = e->heads->n_heads;
    e->heads->n_heads = 0;
    for (size_t i = 0; i < SWARM_NODES; i++) {
        sw_backup_on_message(to->backup, &from->name, e);
    }
    e->heads->n_heads = n;
    return true;
}

static void note_manifest(void *arg, const char *path, struct sw_bytes content)
{
    bool *found = arg;
    (void)content;
    *found = *found || strncmp(path, "store/objects/m-", 16) == 0;
}

static void one_holder_does_not_answer_for_the_others(void)
{
    struct swarm s;
    size_t asks = 0;
    swarm_init(&s, 9, 3);
    REQUIRE(make_data(s.nodes[0].fs));
    boot_all(&s);
    swarm_snapshot(&s.nodes[0], 7);
    REQUIRE(swarm_run(&s, 10 * SW_SEC));
    for (size_t i = 2; asks == 0 && i < 9; i++) { /* a node that has to ask for the manifest */
        bool has = false;
        memfs_each(s.nodes[i].fs, "store/objects", note_manifest, &has);
        asks = has ? 0 : i;
    }
    REQUIRE(asks != 0);
    s.nodes[1].drop = deny_for_all; /* the first to be asked once the source is gone */
    swarm_kill(&s.nodes[0]);
    CHECK(restores(&s, &s.nodes[asks], 9, "back"));
    swarm_fini(&s);
}

/* Names as many newer snapshots as one answer may; nobody has any of them. */
static bool make_up_heads(struct swarm_node *from, struct swarm_node *to, Swarm__V1__Envelope *e)
{
    static struct sw_digest names[SW_HEADS_MAX];
    Swarm__V1__Head heads[SW_HEADS_MAX];
    Swarm__V1__Head *list[SW_HEADS_MAX];
    if (e->body_case != SWARM__V1__ENVELOPE__BODY_HEADS) {
        return false;
    }
    for (size_t i = 0; i < SW_HEADS_MAX; i++) {
        swarm__v1__head__init(&heads[i]);
        memset(names[i].b, (int)i + 1, SW_DIGEST_LEN);
        heads[i].name = (ProtobufCBinaryData){ SW_DIGEST_LEN, names[i].b };
        heads[i].node = e->heads->node;
        heads[i].set = e->heads->set;
        heads[i].sequence = 1000 + i;
        list[i] = &heads[i];
    }
    Swarm__V1__Head **honest = e->heads->heads;
    const size_t n = e->heads->n_heads;
    e->heads->heads = list;
    e->heads->n_heads = SW_HEADS_MAX;
    sw_backup_on_message(to->backup, &from->name, e);
    e->heads->heads = honest;
    e->heads->n_heads = n;
    return true;
}

static void a_holder_that_makes_up_snapshots_delays_a_restore_by_little(void)
{
    struct swarm s;
    swarm_init(&s, 9, 3);
    REQUIRE(make_data(s.nodes[0].fs));
    boot_all(&s);
    swarm_snapshot(&s.nodes[0], 7);
    REQUIRE(swarm_run(&s, 10 * SW_SEC));
    REQUIRE(swarm_replied(&s.nodes[0], 7) != NULL);
    swarm_kill(&s.nodes[0]);
    s.nodes[1].drop = make_up_heads;
    /* within a minute: three rounds of 2 s for 1, 2, 4, ... 32 of them; one by one it is 256 s */
    CHECK(restores(&s, &s.nodes[4], 9, "back"));
    swarm_fini(&s);
}

static bool mute(struct swarm_node *from, struct swarm_node *to, Swarm__V1__Envelope *e)
{
    (void)from;
    (void)to;
    return e->body_case == SWARM__V1__ENVELOPE__BODY_OBJECT_DATA;
}

static void a_holder_that_does_not_answer_costs_time_and_no_file(void)
{
    struct swarm s;
    swarm_init(&s, 5, 3);
    REQUIRE(make_data(s.nodes[0].fs));
    boot_all(&s);
    swarm_snapshot(&s.nodes[0], 7);
    REQUIRE(swarm_run(&s, 10 * SW_SEC));
    REQUIRE(swarm_replied(&s.nodes[0], 7) != NULL);
    swarm_kill(&s.nodes[0]);
    s.nodes[2].drop = mute;
    CHECK(restores(&s, &s.nodes[4], 8, "back"));
    swarm_fini(&s);
}

/* Paths of packs, in order. */
struct paths {
    char v[64][128];
    size_t n;
};

static void note_pack(void *arg, const char *path, struct sw_bytes content)
{
    struct paths *p = arg;
    (void)content;
    if (strstr(path, "/p-") != NULL && p->n < SW_LEN(p->v)) {
        (void)snprintf(p->v[p->n++], sizeof p->v[0], "%s", path);
    }
}

static bool has_path(const struct paths *p, const char *path)
{
    for (size_t i = 0; i < p->n; i++) {
        if (strcmp(p->v[i], path) == 0) {
            return true;
        }
    }
    return false;
}

/* Remove the packs of @n that are not among @keep (all when NULL), then start it again. */
static void lose_packs(struct swarm_node *n, const struct paths *keep)
{
    static struct paths now;
    const struct sw_fs *fs = memfs_fs(n->fs);
    now.n = 0;
    memfs_each(n->fs, "store/objects", note_pack, &now);
    swarm_kill(n);
    for (size_t i = 0; i < now.n; i++) {
        if (keep == NULL || !has_path(keep, now.v[i])) {
            CHECK(fs->unlink(fs->self, now.v[i]) == SW_OK);
        }
    }
    swarm_boot(n);
}

static void when_the_newest_is_not_whole_the_one_before_is_restored(void)
{
    static struct paths first;
    struct swarm s;
    struct tally t = { 0 };
    swarm_init(&s, 4, 3);
    REQUIRE(make_data(s.nodes[0].fs));
    boot_all(&s);
    swarm_snapshot(&s.nodes[0], 7);
    REQUIRE(swarm_run(&s, 10 * SW_SEC));
    REQUIRE(swarm_replied(&s.nodes[0], 7) != NULL);
    first.n = 0;
    memfs_each(s.nodes[0].fs, "store/objects", note_pack, &first);
    REQUIRE(put_noise(s.nodes[0].fs, "data/later", 300000, 5));
    swarm_snapshot(&s.nodes[0], 8);
    REQUIRE(swarm_run(&s, 10 * SW_SEC));
    CHECK_U64(swarm_traced(&s.nodes[0], SW_TRACE_SNAPSHOT_SAFE), 2);
    swarm_kill(&s.nodes[0]);
    for (size_t i = 1; i < 4; i++) {
        lose_packs(&s.nodes[i], &first);
    }
    swarm_restore(&s.nodes[1], 9, "back");
    REQUIRE(swarm_run(&s, SW_MIN));
    const struct swarm_reply *r = swarm_replied(&s.nodes[1], 9);
    REQUIRE(r != NULL && r->status == 0);
    Swarm__V1__RestoreReply *m =
        swarm__v1__restore_reply__unpack(NULL, r->message.len, r->message.data);
    REQUIRE(m != NULL);
    CHECK_U64(m->sequence, 1);
    CHECK_U64(m->n_damaged, 0);
    swarm__v1__restore_reply__free_unpacked(m, NULL);
    memfs_each(s.nodes[1].fs, "back", count, &t);
    CHECK_U64(t.files, 3);
    /* and when nothing is left, that is what it says */
    for (size_t i = 1; i < 4; i++) {
        lose_packs(&s.nodes[i], NULL);
    }
    swarm_restore(&s.nodes[1], 10, "again");
    REQUIRE(swarm_run(&s, SW_MIN));
    REQUIRE(swarm_replied(&s.nodes[1], 10) != NULL);
    CHECK(swarm_replied(&s.nodes[1], 10)->status != 0);
    swarm_fini(&s);
}

static void note_any(void *arg, const char *path, struct sw_bytes content)
{
    struct paths *p = arg;
    (void)content;
    if (p->n < SW_LEN(p->v)) {
        (void)snprintf(p->v[p->n++], sizeof p->v[0], "%s", path);
    }
}

enum place { START, MIDDLE, END };

/* One bit of every object of @n of that kind turns: "/p-" packs, "/m-" manifests. */
static void rot(struct swarm_node *n, const char *kind, enum place where)
{
    static struct paths all;
    all.n = 0;
    memfs_each(n->fs, "store/objects", note_any, &all);
    for (size_t i = 0; i < all.n; i++) {
        if (strstr(all.v[i], kind) != NULL) {
            const size_t bits = 8 * memfs_get(n->fs, all.v[i]).len;
            const size_t at[] = { 3, bits / 2, bits - 1 };
            CHECK(memfs_flip(n->fs, all.v[i], at[where]));
        }
    }
}

static void what_rotted_here_is_fetched_from_others(void)
{
    static const struct {
        const char *kind;
        enum place where;
    } cases[] = { { "/p-", START },  /* the header */
                  { "/p-", MIDDLE }, /* a file's bytes */
                  { "/p-", END },    /* the footer's length */
                  { "/m-", MIDDLE },
                  { "/", MIDDLE } };
    for (size_t i = 0; i < SW_LEN(cases); i++) {
        struct swarm s;
        swarm_init(&s, 4, 3);
        REQUIRE(make_data(s.nodes[0].fs));
        boot_all(&s);
        swarm_snapshot(&s.nodes[0], 7);
        REQUIRE(swarm_run(&s, 10 * SW_SEC));
        REQUIRE(swarm_replied(&s.nodes[0], 7) != NULL);
        swarm_kill(&s.nodes[0]);
        rot(&s.nodes[1], cases[i].kind, cases[i].where);
        rot(&s.nodes[2], cases[i].kind, cases[i].where); /* node 3 alone has it whole */
        CHECK(restores(&s, &s.nodes[1], 8, "back"));
        if (i % 2 == 0) { /* found by the inventory, or by the restore */
            swarm_kill(&s.nodes[2]);
            swarm_boot(&s.nodes[2]);
        }
        swarm_kill(&s.nodes[3]); /* what was fetched stays good */
        CHECK(restores(&s, &s.nodes[2], 9, "back"));
        swarm_fini(&s);
    }
}

static void what_rotted_everywhere_is_left_out_or_refused_with_a_reason(void)
{
    static const struct {
        const char *kind;
        enum place where;
        int status; /* of gRPC: 14 unavailable */
        const char *reason;
    } cases[] = {
        { "/m-", START, 14,
          "no node in reach has an undamaged manifest of a snapshot of this set" },
        { "/p-", END, 14,
          "the list of this snapshot's files is damaged or missing on every node in reach" },
        { "/p-", MIDDLE, 0, "" }, /* in data/big: the others come back */
    };
    for (size_t i = 0; i < SW_LEN(cases); i++) {
        struct swarm s;
        struct tally t = { 0 };
        swarm_init(&s, 4, 3);
        REQUIRE(make_data(s.nodes[0].fs));
        boot_all(&s);
        swarm_snapshot(&s.nodes[0], 7);
        REQUIRE(swarm_run(&s, 10 * SW_SEC));
        swarm_kill(&s.nodes[0]);
        for (size_t n = 1; n < 4; n++) {
            rot(&s.nodes[n], cases[i].kind, cases[i].where);
        }
        swarm_restore(&s.nodes[1], 8, "back");
        REQUIRE(swarm_run(&s, 2 * SW_MIN));
        const struct swarm_reply *r = swarm_replied(&s.nodes[1], 8);
        REQUIRE(r != NULL);
        CHECK_I64(r->status, cases[i].status);
        CHECK_STR(r->reason, cases[i].reason);
        memfs_each(s.nodes[1].fs, "back", count, &t);
        CHECK_U64(t.files, cases[i].status == 0 ? 2 : 0);
        swarm_fini(&s);
    }
}

static void a_snapshot_that_leaves_out_a_file_says_so(void)
{
    struct swarm s;
    swarm_init(&s, 4, 3);
    REQUIRE(make_data(s.nodes[0].fs));
    memfs_refuse(s.nodes[0].fs, "data/big", SW_ERR_DENIED);
    boot_all(&s);
    swarm_snapshot(&s.nodes[0], 7);
    REQUIRE(swarm_run(&s, 10 * SW_SEC));
    const struct swarm_reply *r = swarm_replied(&s.nodes[0], 7);
    REQUIRE(r != NULL && r->status == 0);
    Swarm__V1__SnapshotReply *m =
        swarm__v1__snapshot_reply__unpack(NULL, r->message.len, r->message.data);
    REQUIRE(m != NULL && m->n_skipped == 1);
    CHECK_STR(m->skipped[0], "big: permission denied");
    CHECK_U64(swarm_traced(&s.nodes[0], SW_TRACE_SNAPSHOT_PARTIAL), 1);
    swarm__v1__snapshot_reply__free_unpacked(m, NULL);
    swarm_fini(&s);
}

static void a_second_snapshot_sends_only_what_is_new(void)
{
    struct swarm s;
    swarm_init(&s, 9, 3);
    REQUIRE(make_data(s.nodes[0].fs));
    boot_all(&s);
    swarm_snapshot(&s.nodes[0], 7);
    REQUIRE(swarm_run(&s, 10 * SW_SEC));
    REQUIRE(put_noise(s.nodes[0].fs, "data/later", 300000, 5));
    s.nodes[0].drop = count_parts;
    memset(parts_to, 0, sizeof parts_to);
    swarm_snapshot(&s.nodes[0], 8);
    REQUIRE(swarm_run(&s, 10 * SW_SEC));
    const struct swarm_reply *r = swarm_replied(&s.nodes[0], 8);
    REQUIRE(r != NULL && r->status == 0);
    Swarm__V1__SnapshotReply *m =
        swarm__v1__snapshot_reply__unpack(NULL, r->message.len, r->message.data);
    REQUIRE(m != NULL);
    CHECK_U64(m->sequence, 2);
    CHECK(m->stored_bytes < 500000);
    CHECK(parts_to[most_parts()] < 5);
    swarm__v1__snapshot_reply__free_unpacked(m, NULL);
    swarm_fini(&s);
}

static void a_node_that_lost_its_disk_goes_on_counting_where_it_was(void)
{
    struct swarm s;
    swarm_init(&s, 9, 3);
    REQUIRE(make_data(s.nodes[0].fs));
    boot_all(&s);
    for (uint64_t i = 0; i < 3; i++) {
        swarm_snapshot(&s.nodes[0], 10 + i);
        REQUIRE(swarm_run(&s, 10 * SW_SEC));
    }
    swarm_kill(&s.nodes[0]);
    memfs_free(s.nodes[0].fs);
    s.nodes[0].fs = memfs_new();
    REQUIRE(make_data(s.nodes[0].fs));
    swarm_boot(&s.nodes[0]);
    swarm_snapshot(&s.nodes[0], 20);
    REQUIRE(swarm_run(&s, 10 * SW_SEC));
    const struct swarm_reply *r = swarm_replied(&s.nodes[0], 20);
    REQUIRE(r != NULL && r->status == 0);
    Swarm__V1__SnapshotReply *m =
        swarm__v1__snapshot_reply__unpack(NULL, r->message.len, r->message.data);
    REQUIRE(m != NULL);
    CHECK_U64(m->sequence, 4);
    swarm__v1__snapshot_reply__free_unpacked(m, NULL);
    swarm_fini(&s);
}

static void a_schedule_takes_snapshots_and_a_restart_keeps_to_it(void)
{
    struct swarm s;
    swarm_init(&s, 4, 3);
    s.nodes[0].set.every = SW_HOUR;
    REQUIRE(make_data(s.nodes[0].fs));
    boot_all(&s);
    REQUIRE(swarm_run(&s, 150 * SW_MIN));
    CHECK_U64(swarm_traced(&s.nodes[0], SW_TRACE_SNAPSHOT_SAFE), 3); /* at once, 60, 120 min */
    swarm_kill(&s.nodes[0]);
    swarm_boot(&s.nodes[0]);
    REQUIRE(swarm_run(&s, 20 * SW_MIN));
    CHECK_U64(swarm_traced(&s.nodes[0], SW_TRACE_SNAPSHOT_SAFE), 3);
    REQUIRE(swarm_run(&s, 20 * SW_MIN));
    CHECK_U64(swarm_traced(&s.nodes[0], SW_TRACE_SNAPSHOT_SAFE), 4);
    swarm_fini(&s);
}

static void a_snapshot_that_reached_nobody_is_taken_again_after_a_restart(void)
{
    struct swarm s;
    swarm_init(&s, 4, 3);
    s.nodes[0].set.every = 24 * SW_HOUR;
    REQUIRE(make_data(s.nodes[0].fs));
    boot_all(&s);
    while (swarm_traced(&s.nodes[0], SW_TRACE_SNAPSHOT_SEALED) == 0 &&
           swarm_step(&s, s.now + SW_MIN)) {
    }
    swarm_kill(&s.nodes[0]);
    CHECK_U64(swarm_traced(&s.nodes[0], SW_TRACE_SNAPSHOT_SAFE), 0);
    swarm_boot(&s.nodes[0]);
    REQUIRE(swarm_run(&s, SW_MIN));
    CHECK_U64(swarm_traced(&s.nodes[0], SW_TRACE_SNAPSHOT_SAFE), 1);
    /* and one that did is not */
    swarm_kill(&s.nodes[0]);
    swarm_boot(&s.nodes[0]);
    REQUIRE(swarm_run(&s, SW_HOUR));
    CHECK_U64(swarm_traced(&s.nodes[0], SW_TRACE_SNAPSHOT_SAFE), 1);
    swarm_fini(&s);
}

static void too_few_nodes_for_the_copies_is_said_and_not_waited_for(void)
{
    struct swarm s;
    swarm_init(&s, 3, 3); /* two others */
    REQUIRE(make_data(s.nodes[0].fs));
    boot_all(&s);
    swarm_snapshot(&s.nodes[0], 7);
    REQUIRE(swarm_run(&s, SW_MIN));
    const struct swarm_reply *r = swarm_replied(&s.nodes[0], 7);
    REQUIRE(r != NULL);
    CHECK_I64(r->status, 9);
    CHECK_STR(r->reason, "there are fewer other nodes with a store than backup.copies");
    int64_t why = 0;
    for (size_t i = 0; i < s.nodes[0].n_traces; i++) {
        const struct swarm_trace *t = &s.nodes[0].traces[i];
        why = t->kind == SW_TRACE_SNAPSHOT_FAILED ? (int64_t)t->b : why;
    }
    CHECK_I64(why, SW_ERR_TOO_FEW);              /* and not that somebody is unreachable */
    CHECK(restores(&s, &s.nodes[2], 8, "back")); /* what could be done was done */
    swarm_fini(&s);
}

static void commands_that_cannot_be_done_are_refused_with_a_reason(void)
{
    struct swarm s;
    swarm_init(&s, 4, 3);
    boot_all(&s);
    REQUIRE(swarm_run(&s, SW_SEC));
    swarm_snapshot(&s.nodes[1], 1); /* has no set */
    swarm_restore(&s.nodes[1], 2, "back");
    swarm_restore(&s.nodes[1], 3, "");
    swarm_snapshot(&s.nodes[0], 4); /* no folder */
    REQUIRE(swarm_run(&s, SW_MIN));
    REQUIRE(swarm_replied(&s.nodes[1], 1) && swarm_replied(&s.nodes[1], 2) &&
            swarm_replied(&s.nodes[1], 3) && swarm_replied(&s.nodes[0], 4));
    CHECK_I64(swarm_replied(&s.nodes[1], 1)->status, 5);
    CHECK_I64(swarm_replied(&s.nodes[1], 2)->status, 5);
    CHECK_I64(swarm_replied(&s.nodes[1], 3)->status, 3);
    CHECK_I64(swarm_replied(&s.nodes[0], 4)->status, 13);
    CHECK_STR(swarm_replied(&s.nodes[0], 4)->reason, "not found");
    for (size_t i = 0; i < s.n; i++) {
        CHECK(sw_backup_idle(s.nodes[i].backup));
    }
    swarm_fini(&s);
}

static void a_wrong_key_is_told_apart_from_nothing_there(void)
{
    struct swarm s;
    swarm_init(&s, 4, 3);
    REQUIRE(make_data(s.nodes[0].fs));
    boot_all(&s);
    swarm_snapshot(&s.nodes[0], 7);
    REQUIRE(swarm_run(&s, 10 * SW_SEC));
    s.secret[3] ^= 1;
    swarm_restore(&s.nodes[1], 8, "back");
    REQUIRE(swarm_run(&s, SW_MIN));
    REQUIRE(swarm_replied(&s.nodes[1], 8) != NULL);
    CHECK_I64(swarm_replied(&s.nodes[1], 8)->status, 9);
    swarm_fini(&s);
}

static void several_restores_run_one_after_another(void)
{
    struct swarm s;
    char target[16];
    swarm_init(&s, 4, 3);
    REQUIRE(make_data(s.nodes[0].fs));
    boot_all(&s);
    swarm_snapshot(&s.nodes[0], 7);
    REQUIRE(swarm_run(&s, 10 * SW_SEC));
    for (uint64_t i = 0; i < 4; i++) {
        (void)snprintf(target, sizeof target, "back-%d", (int)i);
        swarm_restore(&s.nodes[1], 20 + i, target);
    }
    REQUIRE(swarm_run(&s, SW_MIN));
    for (uint64_t i = 0; i < 4; i++) {
        REQUIRE(swarm_replied(&s.nodes[1], 20 + i) != NULL);
        CHECK_I64(swarm_replied(&s.nodes[1], 20 + i)->status, 0);
    }
    swarm_fini(&s);
}

CU_TestInfo tests_backup_swarm[] = {
    { "a snapshot is safe when every object is in three regions",
      a_snapshot_is_safe_when_every_object_is_in_three_regions },
    { "what is under way stays bounded", what_is_under_way_stays_bounded },
    { "any node restores it when the source and a region are gone",
      any_node_restores_it_when_the_source_and_a_region_are_gone },
    { "a dark region delays safety and not the copies elsewhere",
      a_dark_region_delays_safety_and_not_the_copies_elsewhere },
    { "a holder that dies half way is replaced by another of its region",
      a_holder_that_dies_half_way_is_replaced_by_another_of_its_region },
    { "a holder that falls silent is given up after a while",
      a_holder_that_falls_silent_is_given_up_after_a_while },
    { "a full holder is passed over", a_full_holder_is_passed_over },
    { "what a lying holder delivers is fetched from another",
      what_a_lying_holder_delivers_is_fetched_from_another },
    { "one holder does not answer for the others", one_holder_does_not_answer_for_the_others },
    { "a holder that makes up snapshots delays a restore by little",
      a_holder_that_makes_up_snapshots_delays_a_restore_by_little },
    { "a holder that does not answer costs time and no file",
      a_holder_that_does_not_answer_costs_time_and_no_file },
    { "when the newest is not whole the one before is restored",
      when_the_newest_is_not_whole_the_one_before_is_restored },
    { "what rotted here is fetched from others", what_rotted_here_is_fetched_from_others },
    { "what rotted everywhere is left out, or refused with a reason",
      what_rotted_everywhere_is_left_out_or_refused_with_a_reason },
    { "a snapshot that leaves out a file says so", a_snapshot_that_leaves_out_a_file_says_so },
    { "a second snapshot sends only what is new", a_second_snapshot_sends_only_what_is_new },
    { "a node that lost its disk goes on counting where it was",
      a_node_that_lost_its_disk_goes_on_counting_where_it_was },
    { "a schedule takes snapshots and a restart keeps to it",
      a_schedule_takes_snapshots_and_a_restart_keeps_to_it },
    { "a snapshot that reached nobody is taken again after a restart",
      a_snapshot_that_reached_nobody_is_taken_again_after_a_restart },
    { "too few nodes for the copies is said and not waited for",
      too_few_nodes_for_the_copies_is_said_and_not_waited_for },
    { "commands that cannot be done are refused with a reason",
      commands_that_cannot_be_done_are_refused_with_a_reason },
    { "a wrong key is told apart from nothing there",
      a_wrong_key_is_told_apart_from_nothing_there },
    { "several restores run one after another", several_restores_run_one_after_another },
    CU_TEST_INFO_NULL,
};
