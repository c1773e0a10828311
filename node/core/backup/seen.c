/* SPDX-License-Identifier: GPL-3.0-or-later
 * Records (u8 kind, u16 length, body: a file's state and path, or references) in sealed blocks:
 * cut off or damaged, what comes after is as if it had never been noted. */
#include "node/core/backup/seen.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/base/err.h"

#define BLOCK (64 * SW_KIB) /* plain bytes of every block but the last */
#define SEALED (BLOCK + SW_TAG_LEN)
#define HEAD 3
#define FILE_FIXED (8 + 8 + 8 + 8)
#define REF_LEN 36
#define MARGIN ((sw_wall)(2 * SW_SEC))

enum { RECORD_FILE = 1, RECORD_REFS = 2 };

_Static_assert(SW_TREE_RECORD_MAX + HEAD <= BLOCK, "a record spans two blocks at most");

void sw_seen_key(const struct sw_epoch *epoch, const uint8_t number[16], struct sw_seen_key *out)
{
    sw_derive(epoch->id_key, "QBseen", 0, out->key);
    memcpy(out->number, number, sizeof out->number);
}

static int path_of(const char *store, const char *set, const char *suffix, struct sw_path *out)
{
    /* a set's name has no dot */
    const int n = snprintf(out->s, sizeof out->s, "%s/index/%s.%s", store, set, suffix);
    return n > 0 && n < (int)sizeof out->s ? SW_OK : SW_ERR_RANGE;
}

void sw_seen_forget(const struct sw_job_host *host, const char *store, const char *set)
{
    struct sw_path path;
    if (path_of(store, set, "seen", &path) == SW_OK) {
        (void)host->fs->unlink(host->fs->self, path.s);
    }
}

static void nonce_of(const struct sw_seen_key *key, uint64_t block, uint8_t nonce[24])
{
    struct sw_wr w = { nonce, 24, 0, false };
    sw_wr_bytes(&w, key->number, sizeof key->number);
    sw_wr_u64(&w, block);
}

/* ---- reading ---- */

int sw_seen_open(struct sw_seen_reader *r, const struct sw_job_host *host, const char *store,
                 const char *set, const struct sw_seen_key *key)
{
    struct sw_path path;
    memset(r, 0, sizeof *r);
    r->host = host;
    r->key = *key;
    r->fd = -1;
    r->buf = malloc(2 * BLOCK + SW_TAG_LEN);
    if (r->buf == NULL) {
        return SW_ERR_NOMEM;
    }
    int err = path_of(store, set, "seen", &path);
    if (err == SW_OK) {
        const int fd = host->fs->open(host->fs->self, path.s, SW_OPEN_READ, 0);
        r->fd = fd < 0 ? -1 : fd;
        err = fd < 0 ? fd : SW_OK;
    }
    return err == SW_ERR_CRASHED ? err : SW_OK;
}

void sw_seen_close(struct sw_seen_reader *r)
{
    if (r->buf != NULL && r->fd >= 0) {
        (void)r->host->fs->close(r->host->fs->self, r->fd);
    }
    free(r->buf);
    sodium_memzero(&r->key, sizeof r->key);
    r->buf = NULL;
    r->fd = -1;
}

/* Append the next block to the buffer; false when there is none that opens. */
static bool read_block(struct sw_seen_reader *r)
{
    const struct sw_fs *fs = r->host->fs;
    uint8_t nonce[24];
    memmove(r->buf, r->buf + r->at, r->len - r->at);
    r->len -= r->at;
    r->at = 0;
    const int64_t n = fs->pread(fs->self, r->fd, r->buf + r->len, SEALED, r->block * SEALED);
    if (n <= SW_TAG_LEN) {
        return false;
    }
    nonce_of(&r->key, r->block, nonce);
    r->host->charge(r->host->self, SW_WORK_SEAL, (uint64_t)n);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(r->buf + r->len, NULL, NULL, r->buf + r->len,
                                                   (uint64_t)n, NULL, 0, nonce, r->key.key) != 0) {
        return false;
    }
    r->len += (size_t)n - SW_TAG_LEN;
    r->block++;
    return true;
}

/* The next record, not yet passed: its kind and body; 0 at the end. */
static uint8_t peek(struct sw_seen_reader *r, struct sw_rd *body)
{
    for (;;) {
        struct sw_rd head = { r->buf, r->len, r->at, false };
        const uint8_t kind = sw_rd_u8(&head);
        const size_t len = sw_rd_u16(&head);
        const uint8_t *data = len > SW_TREE_RECORD_MAX ? NULL : sw_rd_bytes(&head, len);
        if (!head.fail && data != NULL) {
            *body = (struct sw_rd){ data, len, 0, false };
            return kind;
        }
        if (len > SW_TREE_RECORD_MAX || !read_block(r)) {
            return 0;
        }
    }
}

static void pass(struct sw_seen_reader *r, const struct sw_rd *body)
{
    r->at += HEAD + body->len;
}

/* Go to the next file; false at the end. */
static bool next_file(struct sw_seen_reader *r)
{
    struct sw_rd body;
    uint8_t kind = peek(r, &body);
    while (kind == RECORD_REFS) {
        pass(r, &body);
        kind = peek(r, &body);
    }
    if (kind != RECORD_FILE) {
        return false;
    }
    pass(r, &body);
    r->st.size = sw_rd_u64(&body);
    r->st.mtime = (sw_wall)sw_rd_u64(&body);
    r->st.ctime = (sw_wall)sw_rd_u64(&body);
    r->st.inode = sw_rd_u64(&body);
    const size_t len = sw_rd_left(&body);
    if (body.fail || len == 0 || len > SW_TREE_PATH_MAX) {
        return false;
    }
    memcpy(r->path, sw_rd_bytes(&body, len), len);
    r->path[len] = '\0';
    return true;
}

bool sw_seen_find(struct sw_seen_reader *r, const char *path, const struct sw_stat *st)
{
    while (r->fd >= 0 && (r->path[0] == '\0' || sw_tree_path_order(r->path, path) < 0)) {
        if (!next_file(r)) {
            sw_seen_close(r);
        }
    }
    return r->fd >= 0 && strcmp(r->path, path) == 0 && r->st.size == st->size &&
           r->st.mtime == st->mtime && r->st.ctime == st->ctime && r->st.inode == st->inode;
}

/* References add up to the file's size: fewer mean that the notes were cut off. */
int64_t sw_seen_refs(struct sw_seen_reader *r, struct sw_tree_ref *refs)
{
    struct sw_rd body;
    if (peek(r, &body) != RECORD_REFS) {
        return r->st.size == 0 ? 0 : SW_ERR_IO;
    }
    const size_t n = body.len / REF_LEN;
    if (n == 0 || n > SW_TREE_REFS_MAX) {
        return SW_ERR_IO;
    }
    for (size_t i = 0; i < n; i++) {
        memcpy(refs[i].id.b, sw_rd_bytes(&body, SW_DIGEST_LEN), SW_DIGEST_LEN);
        refs[i].len = sw_rd_u32(&body);
        if (refs[i].len > r->st.size) {
            return SW_ERR_IO;
        }
        r->st.size -= refs[i].len;
    }
    r->at += HEAD + body.len;
    return (int64_t)n;
}

/* ---- writing ---- */

static int write_block(struct sw_seen_writer *w, size_t len)
{
    const struct sw_fs *fs = w->host->fs;
    uint8_t nonce[24];
    uint8_t tail[SW_TAG_LEN]; /* what the tag overwrites belongs to the next block */
    memcpy(tail, w->buf + len, sizeof tail);
    nonce_of(&w->key, w->block, nonce);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(w->buf, NULL, w->buf, len, NULL, 0, NULL,
                                                     nonce, w->key.key);
    w->host->charge(w->host->self, SW_WORK_SEAL, len);
    const int err = fs->pwrite(fs->self, w->fd, w->buf, len + SW_TAG_LEN, w->block * SEALED);
    memcpy(w->buf + len, tail, sizeof tail);
    memmove(w->buf, w->buf + len, w->len - len);
    w->len -= len;
    w->block++;
    return err;
}

/* Room for a record of @len bytes after its head: written to by the caller. */
static int room(struct sw_seen_writer *w, size_t len, uint8_t kind, struct sw_wr *out)
{
    const int err = w->len >= BLOCK ? write_block(w, BLOCK) : SW_OK;
    if (err == SW_OK) {
        *out = (struct sw_wr){ w->buf + w->len, HEAD + len, 0, false };
        sw_wr_u8(out, kind);
        sw_wr_u16(out, (uint16_t)len);
        w->len += HEAD + len;
    }
    return err;
}

int sw_seen_begin(struct sw_seen_writer *w, const struct sw_job_host *host, const char *store,
                  const char *set, const struct sw_seen_key *key, sw_wall taken_at)
{
    memset(w, 0, sizeof *w);
    w->host = host;
    w->key = *key;
    w->fd = -1;
    w->before = taken_at - MARGIN;
    w->buf = malloc(2 * BLOCK + SW_TAG_LEN);
    if (w->buf == NULL) {
        return SW_ERR_NOMEM;
    }
    const int err = path_of(store, set, "seen-new", &w->temporary);
    if (err != SW_OK) {
        return err;
    }
    const int fd = host->fs->open(host->fs->self, w->temporary.s,
                                  SW_OPEN_WRITE | SW_OPEN_CREATE | SW_OPEN_TRUNCATE, 0600);
    w->fd = fd < 0 ? -1 : fd;
    return fd < 0 ? fd : SW_OK;
}

int sw_seen_file(struct sw_seen_writer *w, const char *path, const struct sw_stat *st)
{
    struct sw_wr out;
    const size_t len = strlen(path);
    w->noting = st->mtime < w->before && st->ctime < w->before;
    if (!w->noting) {
        return SW_OK;
    }
    const int err = room(w, FILE_FIXED + len, RECORD_FILE, &out);
    if (err == SW_OK) {
        sw_wr_u64(&out, st->size);
        sw_wr_u64(&out, (uint64_t)st->mtime);
        sw_wr_u64(&out, (uint64_t)st->ctime);
        sw_wr_u64(&out, st->inode);
        sw_wr_bytes(&out, path, len);
    }
    return err;
}

int sw_seen_chunks(struct sw_seen_writer *w, const struct sw_tree_ref *refs, size_t n)
{
    struct sw_wr out;
    if (!w->noting) {
        return SW_OK;
    }
    const int err = room(w, n * REF_LEN, RECORD_REFS, &out);
    for (size_t i = 0; err == SW_OK && i < n; i++) {
        sw_wr_bytes(&out, refs[i].id.b, SW_DIGEST_LEN);
        sw_wr_u32(&out, refs[i].len);
    }
    return err;
}

/* Not synced: if power fails now, the next snapshot reads more than it must. */
int sw_seen_commit(struct sw_seen_writer *w, const char *store, const char *set)
{
    const struct sw_fs *fs = w->host->fs;
    struct sw_path path;
    int err = w->len >= BLOCK ? write_block(w, BLOCK) : SW_OK;
    if (err == SW_OK && w->len > 0) {
        err = write_block(w, w->len);
    }
    if (err == SW_OK) {
        err = path_of(store, set, "seen", &path);
    }
    if (err == SW_OK) {
        (void)fs->close(fs->self, w->fd);
        w->fd = -1;
        err = fs->rename(fs->self, w->temporary.s, path.s);
    }
    return err;
}

void sw_seen_fini(struct sw_seen_writer *w)
{
    if (w->buf != NULL && w->fd >= 0) {
        (void)w->host->fs->close(w->host->fs->self, w->fd);
        (void)w->host->fs->unlink(w->host->fs->self, w->temporary.s);
    }
    free(w->buf);
    sodium_memzero(&w->key, sizeof w->key);
    w->buf = NULL;
}
