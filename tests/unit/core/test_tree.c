/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tree streams: canonical ones read back, all others are refused. */
#include "node/core/backup/tree.h"

#include <stdlib.h>

#include "node/base/buf.h"
#include "node/base/err.h"
#include "tests/lib/check.h"

extern CU_TestInfo tests_tree[];

/* A stream being built, then read in pieces of @step bytes. */
struct stream {
    struct sw_blob bytes;
    size_t at, step;
};

static int64_t fill(void *arg, uint8_t *buf, size_t cap)
{
    struct stream *s = arg;
    size_t n = s->bytes.len - s->at;
    n = n < cap ? n : cap;
    n = n < s->step ? n : s->step;
    memcpy(buf, s->bytes.data + s->at, n);
    s->at += n;
    return (int64_t)n;
}

static void put(struct stream *s, const struct sw_tree_record *r)
{
    static uint8_t buf[SW_TREE_RECORD_MAX];
    const size_t n = sw_tree_encode(r, buf);
    CHECK(sw_blob_append(&s->bytes, buf, n) == SW_OK);
}

static void put_entry(struct stream *s, enum sw_tree_kind kind, const char *name)
{
    static struct sw_tree_record r;
    r = (struct sw_tree_record){
        .kind = kind, .mode = 0644, .uid = 5, .gid = 6, .mtime = -7, .reason = SW_ERR_DENIED
    };
    (void)snprintf(r.name, sizeof r.name, "%s", name);
    (void)snprintf(r.target, sizeof r.target, "../x");
    put(s, &r);
}

static void put_chunks(struct stream *s, size_t n, uint32_t len)
{
    static struct sw_tree_ref refs[SW_TREE_REFS_MAX];
    for (size_t i = 0; i < n; i++) {
        refs[i].len = len;
    }
    put(s, &(struct sw_tree_record){ .kind = SW_TREE_CHUNKS, .refs = refs, .n_refs = n });
}

static void put_end(struct stream *s, uint64_t files, uint64_t bytes)
{
    put(s, &(struct sw_tree_record){ .kind = SW_TREE_UP });
    put(s, &(struct sw_tree_record){ .kind = SW_TREE_END, .files = files, .bytes = bytes });
}

static void begin(struct stream *s)
{
    *s = (struct stream){ .step = SIZE_MAX };
    put(s, &(struct sw_tree_record){ .kind = SW_TREE_START });
    put_entry(s, SW_TREE_FOLDER, "");
}

/* Read to the end: SW_OK, or the error.  @paths gets the entries' paths, each with a newline. */
static int read_all(struct stream *s, char *paths, size_t cap)
{
    struct sw_tree_reader t;
    struct sw_tree_record *r = malloc(sizeof *r);
    size_t len = 0;
    int err = r != NULL ? sw_tree_reader_init(&t, fill, s) : SW_ERR_NOMEM;
    s->at = 0;
    while (err == SW_OK) {
        err = sw_tree_next(&t, r);
        if (err == SW_OK && paths != NULL && r->kind != SW_TREE_CHUNKS && len < cap) {
            len += (size_t)snprintf(paths + len, cap - len, "%d %s\n", (int)r->kind, t.path);
        }
    }
    const bool ended = err == SW_ERR_NOTFOUND && t.last == SW_TREE_END;
    sw_tree_reader_fini(&t);
    free(r);
    return ended ? SW_OK : err;
}

static int read_and_free(struct stream *s)
{
    const int err = read_all(s, NULL, 0);
    sw_blob_fini(&s->bytes);
    return err;
}

static void a_stream_reads_back_in_pieces_of_any_size(void)
{
    struct stream s;
    char paths[512];
    begin(&s);
    put_entry(&s, SW_TREE_FILE, "a");
    put_chunks(&s, 3, 10);
    put_entry(&s, SW_TREE_FOLDER, "b");
    put_entry(&s, SW_TREE_FILE, "a");
    put_entry(&s, SW_TREE_FOLDER, "deep");
    put(&s, &(struct sw_tree_record){ .kind = SW_TREE_UP });
    put_entry(&s, SW_TREE_SKIPPED, "x");
    put(&s, &(struct sw_tree_record){ .kind = SW_TREE_UP });
    put_entry(&s, SW_TREE_LINK, "c");
    put_end(&s, 2, 30);
    for (s.step = 1; s.step < 200; s.step += 3) {
        CHECK_I64(read_all(&s, paths, sizeof paths), SW_OK);
        CHECK_STR(paths, "1 \n2 \n4 a\n2 b\n4 b/a\n2 b/deep\n3 b/deep\n8 b/x\n3 b\n7 c\n3 \n9 \n");
    }
    sw_blob_fini(&s.bytes);
}

static void metadata_reads_back(void)
{
    struct stream s;
    struct sw_tree_reader t;
    struct sw_tree_record *r = malloc(sizeof *r);
    begin(&s);
    put_entry(&s, SW_TREE_LINK, "l");
    put_end(&s, 0, 0);
    REQUIRE(r != NULL && sw_tree_reader_init(&t, fill, &s) == SW_OK);
    for (int i = 0; i < 3; i++) {
        REQUIRE(sw_tree_next(&t, r) == SW_OK);
    }
    CHECK_U64(r->mode, 0644);
    CHECK_U64(r->uid, 5);
    CHECK_U64(r->gid, 6);
    CHECK_I64(r->mtime, -7);
    CHECK_STR(r->name, "l");
    CHECK_STR(r->target, "../x");
    sw_tree_reader_fini(&t);
    sw_blob_fini(&s.bytes);
    free(r);
}

static void names_that_could_leave_the_folder_are_refused(void)
{
    static const char *const bad[] = { ".", "..", "a/b", "/", "" };
    for (size_t i = 0; i < SW_LEN(bad); i++) {
        struct stream s;
        begin(&s);
        put_entry(&s, SW_TREE_FILE, bad[i]);
        put_end(&s, 1, 0);
        CHECK_I64(read_and_free(&s), SW_ERR_MALFORMED);
    }
    CHECK(sw_tree_name_valid("...", 3));
    CHECK(!sw_tree_name_valid("a\0b", 3));
}

static void names_out_of_order_or_twice_are_refused(void)
{
    static const char *const pairs[][2] = { { "b", "a" }, { "a", "a" }, { "ab", "a" } };
    for (size_t i = 0; i < SW_LEN(pairs); i++) {
        struct stream s;
        begin(&s);
        /* a link, then something "below" it: would write through the link */
        put_entry(&s, SW_TREE_LINK, pairs[i][0]);
        put_entry(&s, SW_TREE_FOLDER, pairs[i][1]);
        put(&s, &(struct sw_tree_record){ .kind = SW_TREE_UP });
        put_end(&s, 0, 0);
        CHECK_I64(read_and_free(&s), SW_ERR_MALFORMED);
    }
}

static void the_order_goes_on_after_a_folder_is_left(void)
{
    struct stream s;
    begin(&s);
    put_entry(&s, SW_TREE_FOLDER, "m");
    put_entry(&s, SW_TREE_FILE, "z");
    put(&s, &(struct sw_tree_record){ .kind = SW_TREE_UP });
    put_entry(&s, SW_TREE_FILE, "a");
    put_end(&s, 2, 0);
    CHECK_I64(read_and_free(&s), SW_ERR_MALFORMED);
}

static void records_in_the_wrong_place_are_refused(void)
{
    struct stream s;
    begin(&s);
    put_chunks(&s, 1, 1); /* of no file */
    put_end(&s, 0, 1);
    CHECK_I64(read_and_free(&s), SW_ERR_MALFORMED);
    begin(&s);
    put_entry(&s, SW_TREE_FILE, "a");
    put_chunks(&s, 1, 1);
    put_chunks(&s, 1, 1); /* the first was not full */
    put_end(&s, 1, 2);
    CHECK_I64(read_and_free(&s), SW_ERR_MALFORMED);
    begin(&s);
    put_end(&s, 1, 0); /* there is no file */
    CHECK_I64(read_and_free(&s), SW_ERR_MALFORMED);
    begin(&s);
    put(&s, &(struct sw_tree_record){ .kind = SW_TREE_UP });
    put_entry(&s, SW_TREE_FILE, "outside");
    CHECK_I64(read_and_free(&s), SW_ERR_MALFORMED);
    begin(&s);
    put(&s, &(struct sw_tree_record){ .kind = SW_TREE_START }); /* twice */
    CHECK_I64(read_and_free(&s), SW_ERR_MALFORMED);
    s = (struct stream){ .step = SIZE_MAX };
    put_entry(&s, SW_TREE_FOLDER, "a"); /* without START */
    CHECK_I64(read_and_free(&s), SW_ERR_MALFORMED);
    begin(&s);
    put_entry(&s, SW_TREE_FILE, "a");
    put_chunks(&s, SW_TREE_REFS_MAX, 5); /* a full one may be followed by another */
    put_chunks(&s, 2, 5);
    put(&s, &(struct sw_tree_record){ .kind = SW_TREE_BROKEN, .reason = SW_ERR_IO });
    put_end(&s, 1, 5 * (SW_TREE_REFS_MAX + 2));
    CHECK_I64(read_and_free(&s), SW_OK);
}

static void a_cut_stream_is_refused_wherever_it_is_cut(void)
{
    struct stream s;
    begin(&s);
    put_entry(&s, SW_TREE_FILE, "a");
    put_chunks(&s, 2, 10);
    put_end(&s, 1, 20);
    const size_t whole = s.bytes.len;
    for (s.bytes.len = 0; s.bytes.len < whole; s.bytes.len++) {
        CHECK_I64(read_all(&s, NULL, 0), SW_ERR_MALFORMED);
    }
    sw_blob_fini(&s.bytes);
}

static void paths_sort_as_the_walk_meets_them(void)
{
    static const char *const in_order[] = { "a", "a/b", "a/b/c", "a/b!", "a!", "a-b", "ab" };
    for (size_t i = 0; i < SW_LEN(in_order); i++) {
        for (size_t k = 0; k < SW_LEN(in_order); k++) {
            const int order = sw_tree_path_order(in_order[i], in_order[k]);
            CHECK((order < 0) == (i < k) && (order == 0) == (i == k));
        }
    }
}

static void folders_nest_only_so_deep(void)
{
    struct stream s;
    begin(&s);
    for (int i = 0; i < SW_TREE_DEPTH_MAX; i++) {
        put_entry(&s, SW_TREE_FOLDER, "d");
    }
    CHECK_I64(read_and_free(&s), SW_ERR_MALFORMED);
    begin(&s);
    char name[SW_TREE_NAME_MAX + 1];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    for (int i = 0; i < 17; i++) { /* 17 * 256 > 4095 */
        put_entry(&s, SW_TREE_FOLDER, name);
    }
    CHECK_I64(read_and_free(&s), SW_ERR_MALFORMED);
}

CU_TestInfo tests_tree[] = {
    { "a stream reads back in pieces of any size", a_stream_reads_back_in_pieces_of_any_size },
    { "metadata reads back", metadata_reads_back },
    { "names that could leave the folder are refused",
      names_that_could_leave_the_folder_are_refused },
    { "names out of order or twice are refused", names_out_of_order_or_twice_are_refused },
    { "the order goes on after a folder is left", the_order_goes_on_after_a_folder_is_left },
    { "records in the wrong place are refused", records_in_the_wrong_place_are_refused },
    { "a cut stream is refused wherever it is cut", a_cut_stream_is_refused_wherever_it_is_cut },
    { "paths sort as the walk meets them", paths_sort_as_the_walk_meets_them },
    { "folders nest only so deep", folders_nest_only_so_deep },
    CU_TEST_INFO_NULL,
};
