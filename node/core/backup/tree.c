/* SPDX-License-Identifier: GPL-3.0-or-later
 * Encoding and strict decoding of tree records: u8 kind, u16 length of the body, body. */
#include "node/core/backup/tree.h"

#include "node/base/buf.h"
#include "node/base/bug.h"
#include "node/base/err.h"
#include "node/core/backup/chunk.h"

#include <stdlib.h>
#include <string.h>

#define HEAD 3
#define REF_LEN 36
#define TREE_VERSION 1

static const uint8_t tree_magic[6] = { 'Q', 'B', 'T', 'R', 'E', 'E' };

bool sw_tree_name_valid(const char *name, size_t len)
{
    if (len == 0 || len > SW_TREE_NAME_MAX || memchr(name, '/', len) != NULL ||
        memchr(name, '\0', len) != NULL) {
        return false;
    }
    return !(name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')));
}

int sw_tree_path_order(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    /* the end comes before a slash, a slash before any other byte */
    const int x = *a == '/' ? 1 : (*a == '\0' ? 0 : 1 + (unsigned char)*a);
    const int y = *b == '/' ? 1 : (*b == '\0' ? 0 : 1 + (unsigned char)*b);
    return x - y;
}

static void put_text(struct sw_wr *w, const char *text)
{
    sw_wr_bytes(w, text, strlen(text));
}

static void put_meta(struct sw_wr *w, const struct sw_tree_record *r)
{
    sw_wr_u32(w, r->mode);
    sw_wr_u32(w, r->uid);
    sw_wr_u32(w, r->gid);
    sw_wr_u64(w, (uint64_t)r->mtime);
}

static void put_body(struct sw_wr *w, const struct sw_tree_record *r)
{
    switch (r->kind) {
    case SW_TREE_START:
        sw_wr_bytes(w, tree_magic, sizeof tree_magic);
        sw_wr_u8(w, TREE_VERSION);
        break;
    case SW_TREE_FOLDER:
    case SW_TREE_FILE:
        put_meta(w, r);
        put_text(w, r->name);
        break;
    case SW_TREE_LINK:
        put_meta(w, r);
        sw_wr_u8(w, (uint8_t)strlen(r->name));
        put_text(w, r->name);
        put_text(w, r->target);
        break;
    case SW_TREE_SKIPPED:
        sw_wr_u32(w, (uint32_t)-r->reason);
        put_text(w, r->name);
        break;
    case SW_TREE_BROKEN:
        sw_wr_u32(w, (uint32_t)-r->reason);
        break;
    case SW_TREE_CHUNKS:
        for (size_t i = 0; i < r->n_refs; i++) {
            sw_wr_bytes(w, r->refs[i].id.b, SW_DIGEST_LEN);
            sw_wr_u32(w, r->refs[i].len);
        }
        break;
    case SW_TREE_END:
        sw_wr_u64(w, r->files);
        sw_wr_u64(w, r->bytes);
        break;
    case SW_TREE_UP:
        break;
    }
}

size_t sw_tree_encode(const struct sw_tree_record *r, uint8_t *out)
{
    struct sw_wr body = { out + HEAD, SW_TREE_RECORD_MAX - HEAD, 0, false };
    struct sw_wr head = { out, HEAD, 0, false };
    put_body(&body, r);
    SW_ASSERT(!body.overflow && body.len <= UINT16_MAX);
    sw_wr_u8(&head, (uint8_t)r->kind);
    sw_wr_u16(&head, (uint16_t)body.len);
    return HEAD + body.len;
}

int sw_tree_reader_init(struct sw_tree_reader *t,
                        int64_t (*fill)(void *arg, uint8_t *buf, size_t cap), void *arg)
{
    memset(t, 0, sizeof *t);
    t->fill = fill;
    t->arg = arg;
    t->buf = malloc(SW_TREE_RECORD_MAX);
    t->refs = malloc(SW_TREE_REFS_MAX * sizeof *t->refs);
    return t->buf == NULL || t->refs == NULL ? SW_ERR_NOMEM : SW_OK;
}

void sw_tree_reader_fini(struct sw_tree_reader *t)
{
    free(t->buf);
    free(t->refs);
    t->buf = NULL;
    t->refs = NULL;
}

/* Have @need bytes at t->at; @need <= SW_TREE_RECORD_MAX. */
static int have(struct sw_tree_reader *t, size_t need)
{
    if (t->len - t->at < need) {
        memmove(t->buf, t->buf + t->at, t->len - t->at);
        t->len -= t->at;
        t->at = 0;
    }
    while (t->len < need) {
        const int64_t n = t->fill(t->arg, t->buf + t->len, SW_TREE_RECORD_MAX - t->len);
        if (n <= 0) {
            return n == 0 ? SW_ERR_MALFORMED : (int)n;
        }
        t->len += (size_t)n;
    }
    return SW_OK;
}

static int take_name(struct sw_rd *in, size_t len, char *out)
{
    const uint8_t *name = sw_rd_bytes(in, len);
    if (name == NULL || !sw_tree_name_valid((const char *)name, len)) {
        return SW_ERR_MALFORMED;
    }
    memcpy(out, name, len);
    out[len] = '\0';
    return SW_OK;
}

static int take_meta(struct sw_rd *in, struct sw_tree_record *r)
{
    r->mode = sw_rd_u32(in);
    r->uid = sw_rd_u32(in);
    r->gid = sw_rd_u32(in);
    r->mtime = (sw_wall)sw_rd_u64(in);
    return in->fail || r->mode > 07777 ? SW_ERR_MALFORMED : SW_OK;
}

static int take_target(struct sw_rd *in, char *out)
{
    const size_t len = sw_rd_left(in);
    const uint8_t *target = sw_rd_bytes(in, len);
    if (len == 0 || len > SW_TREE_TARGET_MAX || memchr(target, '\0', len) != NULL) {
        return SW_ERR_MALFORMED;
    }
    memcpy(out, target, len);
    out[len] = '\0';
    return SW_OK;
}

static int take_refs(struct sw_rd *in, struct sw_tree_record *r)
{
    r->n_refs = sw_rd_left(in) / REF_LEN;
    if (r->n_refs == 0 || r->n_refs > SW_TREE_REFS_MAX || sw_rd_left(in) % REF_LEN != 0) {
        return SW_ERR_MALFORMED;
    }
    for (size_t i = 0; i < r->n_refs; i++) {
        memcpy(r->refs[i].id.b, sw_rd_bytes(in, SW_DIGEST_LEN), SW_DIGEST_LEN);
        r->refs[i].len = sw_rd_u32(in);
        if (r->refs[i].len == 0 || r->refs[i].len > SW_CHUNK_MAX) {
            return SW_ERR_MALFORMED;
        }
    }
    return SW_OK;
}

static int take_start(struct sw_rd *in)
{
    const uint8_t *magic = sw_rd_bytes(in, sizeof tree_magic);
    if (magic == NULL || memcmp(magic, tree_magic, sizeof tree_magic) != 0) {
        return SW_ERR_MALFORMED;
    }
    return sw_rd_u8(in) == TREE_VERSION ? SW_OK : SW_ERR_UNSUPPORTED;
}

static int take_reason(struct sw_rd *in, struct sw_tree_record *r)
{
    const uint32_t reason = sw_rd_u32(in);
    r->reason = reason > 0 && reason < 1000 ? -(int)reason : 0;
    return r->reason == 0 ? SW_ERR_MALFORMED : SW_OK;
}

static int decode_entry(struct sw_rd *in, struct sw_tree_record *r, bool root)
{
    const int err = r->kind == SW_TREE_SKIPPED ? take_reason(in, r) : take_meta(in, r);
    if (err != SW_OK) {
        return err;
    }
    if (r->kind == SW_TREE_LINK) {
        const size_t len = sw_rd_u8(in);
        const int bad = take_name(in, len, r->name);
        return bad != SW_OK ? bad : take_target(in, r->target);
    }
    if (root) { /* the snapshot's own folder has no name */
        r->name[0] = '\0';
        return sw_rd_left(in) == 0 ? SW_OK : SW_ERR_MALFORMED;
    }
    return take_name(in, sw_rd_left(in), r->name);
}

static int decode(struct sw_rd *in, struct sw_tree_record *r, bool root)
{
    switch (r->kind) {
    case SW_TREE_START:
        return take_start(in);
    case SW_TREE_FOLDER:
    case SW_TREE_FILE:
    case SW_TREE_LINK:
    case SW_TREE_SKIPPED:
        return decode_entry(in, r, root);
    case SW_TREE_CHUNKS:
        return take_refs(in, r);
    case SW_TREE_BROKEN:
        return take_reason(in, r);
    case SW_TREE_END:
        r->files = sw_rd_u64(in);
        r->bytes = sw_rd_u64(in);
        return SW_OK;
    case SW_TREE_UP:
        return SW_OK;
    }
    return SW_ERR_UNSUPPORTED;
}

/* Forget the last entry of the open folder: t->path is that folder's again. */
static void drop_entry(struct sw_tree_reader *t)
{
    if (!t->fresh) {
        t->path[t->name_at > 0 ? t->name_at - 1 : 0] = '\0';
    }
}

/* Put @name in the place of the folder's last entry, which must sort before it. */
static int enter(struct sw_tree_reader *t, const char *name)
{
    if (!t->fresh && strcmp(t->path + t->name_at, name) >= 0) {
        return SW_ERR_MALFORMED;
    }
    drop_entry(t);
    const size_t folder = strlen(t->path);
    const size_t at = folder > 0 ? folder + 1 : 0;
    const size_t len = strlen(name);
    if (at + len > SW_TREE_PATH_MAX) {
        return SW_ERR_MALFORMED;
    }
    if (folder > 0) {
        t->path[folder] = '/';
    }
    memcpy(t->path + at, name, len + 1);
    t->name_at = at;
    t->fresh = false;
    return SW_OK;
}

static void leave(struct sw_tree_reader *t)
{
    drop_entry(t);
    const char *slash = strrchr(t->path, '/');
    t->name_at = slash != NULL ? (size_t)(slash - t->path) + 1 : 0;
    t->fresh = false;
    t->depth--;
}

/* A record that says more about the file before it. */
static int place_in_file(struct sw_tree_reader *t, const struct sw_tree_record *r)
{
    if ((t->last != SW_TREE_FILE && t->last != SW_TREE_CHUNKS) ||
        (t->complete && r->kind == SW_TREE_CHUNKS)) {
        return SW_ERR_MALFORMED;
    }
    if (r->kind == SW_TREE_CHUNKS) {
        for (size_t i = 0; i < r->n_refs; i++) {
            t->bytes += r->refs[i].len;
        }
        t->complete = r->n_refs < SW_TREE_REFS_MAX;
    }
    return SW_OK;
}

static int place_folder(struct sw_tree_reader *t, const struct sw_tree_record *r)
{
    const int err = t->depth == 0 ? SW_OK : enter(t, r->name);
    t->depth++;
    t->fresh = true;
    return t->depth > SW_TREE_DEPTH_MAX ? SW_ERR_MALFORMED : err;
}

/* Is a record of this kind allowed here?  Bring t->path up to date. */
static int place(struct sw_tree_reader *t, const struct sw_tree_record *r)
{
    /* START first, then the root folder, END alone outside it */
    const bool first = t->last == 0;
    const bool second = t->last == SW_TREE_START;
    if (first != (r->kind == SW_TREE_START) || (second && r->kind != SW_TREE_FOLDER) ||
        (!first && !second && (t->depth == 0) != (r->kind == SW_TREE_END))) {
        return SW_ERR_MALFORMED;
    }
    switch (r->kind) {
    case SW_TREE_FOLDER:
        return place_folder(t, r);
    case SW_TREE_FILE:
        t->files++;
        t->complete = false;
        return enter(t, r->name);
    case SW_TREE_LINK:
    case SW_TREE_SKIPPED:
        return enter(t, r->name);
    case SW_TREE_CHUNKS:
    case SW_TREE_BROKEN:
        return place_in_file(t, r);
    case SW_TREE_UP:
        leave(t);
        return SW_OK;
    case SW_TREE_END:
        return r->files == t->files && r->bytes == t->bytes ? SW_OK : SW_ERR_MALFORMED;
    case SW_TREE_START:
        break;
    }
    return SW_OK;
}

int sw_tree_next(struct sw_tree_reader *t, struct sw_tree_record *r)
{
    if (t->last == SW_TREE_END) {
        return SW_ERR_NOTFOUND;
    }
    int err = have(t, HEAD);
    if (err != SW_OK) {
        return err;
    }
    struct sw_rd head = { t->buf + t->at, HEAD, 0, false };
    r->kind = (enum sw_tree_kind)sw_rd_u8(&head);
    const size_t len = sw_rd_u16(&head);
    if (len > SW_TREE_RECORD_MAX - HEAD) {
        return SW_ERR_MALFORMED;
    }
    err = have(t, HEAD + len);
    if (err != SW_OK) {
        return err;
    }
    struct sw_rd body = { t->buf + t->at + HEAD, len, 0, false };
    r->refs = t->refs;
    err = decode(&body, r, t->last == SW_TREE_START);
    if (err == SW_OK && (body.fail || sw_rd_left(&body) > 0)) {
        err = SW_ERR_MALFORMED;
    }
    if (err == SW_OK) {
        err = place(t, r);
    }
    if (err == SW_OK) {
        t->at += HEAD + len;
        t->last = r->kind;
    }
    return err;
}
