/* SPDX-License-Identifier: GPL-3.0-or-later
 * Cutting a tree stream by content, level by level. */
#include "node/core/backup/tree_writer.h"

#include "node/base/bug.h"
#include "node/base/err.h"

#include <stdlib.h>
#include <string.h>

#define CAP (2 * SW_CHUNK_MAX)

_Static_assert(SW_TREE_RECORD_MAX <= SW_CHUNK_MAX, "a record fits behind an uncut chunk");

int sw_tree_writer_init(struct sw_tree_writer *t, struct sw_packer *packer,
                        const struct sw_chunker *chunker)
{
    *t = (struct sw_tree_writer){ .packer = packer, .chunker = chunker, .buf = malloc(CAP) };
    return t->buf == NULL ? SW_ERR_NOMEM : SW_OK;
}

void sw_tree_writer_fini(struct sw_tree_writer *t)
{
    free(t->buf);
    sw_blob_fini(&t->refs);
    *t = (struct sw_tree_writer){ 0 };
}

/* Cut one chunk off the front of @data; how long it was in @cut. */
static int cut(struct sw_tree_writer *t, struct sw_bytes data, struct sw_blob *refs, size_t *len)
{
    struct sw_tree_ref ref;
    uint8_t entry[SW_TREE_REF_LEN];
    struct sw_wr w = { entry, sizeof entry, 0, false };
    *len = sw_chunk_cut(t->chunker, SW_CHUNK_BY_CONTENT, data);
    const int err = sw_packer_chunk(t->packer, (struct sw_bytes){ data.data, *len }, &ref);
    if (err != SW_OK) {
        return err;
    }
    sw_wr_bytes(&w, ref.id.b, SW_DIGEST_LEN);
    sw_wr_u32(&w, ref.len);
    return sw_blob_append(refs, entry, sizeof entry);
}

int sw_tree_writer_record(struct sw_tree_writer *t, const struct sw_tree_record *r)
{
    while (CAP - t->len < SW_TREE_RECORD_MAX) {
        size_t n = 0;
        const int err = cut(t, (struct sw_bytes){ t->buf, t->len }, &t->refs, &n);
        if (err != SW_OK) {
            return err;
        }
        memmove(t->buf, t->buf + n, t->len - n);
        t->len -= n;
    }
    const size_t len = sw_tree_encode(r, t->buf + t->len);
    t->len += len;
    t->bytes += len;
    return SW_OK;
}

/* Cut all of @data. */
static int cut_all(struct sw_tree_writer *t, struct sw_bytes data, struct sw_blob *refs)
{
    int err = SW_OK;
    for (size_t at = 0; err == SW_OK && at < data.len;) {
        size_t n = 0;
        err = cut(t, (struct sw_bytes){ data.data + at, data.len - at }, refs, &n);
        at += n;
    }
    return err;
}

int sw_tree_writer_finish(struct sw_tree_writer *t, struct sw_root *root)
{
    int err = cut_all(t, (struct sw_bytes){ t->buf, t->len }, &t->refs);
    root->levels = 0;
    while (err == SW_OK && t->refs.len > SW_TREE_REF_LEN) {
        struct sw_blob above = { 0 };
        err = cut_all(t, sw_blob_bytes(&t->refs), &above);
        sw_blob_fini(&t->refs);
        t->refs = above;
        root->levels++;
    }
    if (err != SW_OK) {
        return err;
    }
    SW_ASSERT(root->levels <= SW_TREE_LEVELS_MAX);
    struct sw_rd r = { t->refs.data, t->refs.len, 0, false };
    memcpy(root->id.b, sw_rd_bytes(&r, SW_DIGEST_LEN), SW_DIGEST_LEN);
    root->len = sw_rd_u32(&r);
    root->tree_bytes = t->bytes;
    return SW_OK;
}
