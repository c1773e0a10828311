/* SPDX-License-Identifier: GPL-3.0-or-later
 * Footers into a table; chunks out of segments, the last two of which are kept. */
#include "node/core/backup/catalog.h"

#include "node/base/err.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

static bool fatal(int err)
{
    return err == SW_ERR_CRASHED || err == SW_ERR_NOMEM;
}

/* @len bytes at @at, all of them. */
static int read_at(const struct sw_fs *fs, int fd, void *buf, size_t len, uint64_t at)
{
    const int64_t n = fs->pread(fs->self, fd, buf, len, at);
    if (n < 0) {
        return (int)n;
    }
    return (size_t)n == len ? SW_OK : SW_ERR_MALFORMED;
}

static int read_tail(struct sw_catalog *c, int fd, const struct sw_manifest_pack *p,
                     struct sw_pack_reader *out)
{
    const struct sw_fs *fs = c->o.host->fs;
    const struct sw_epoch *epoch = &c->o.epochs[p->epoch];
    uint8_t header[SW_PACK_HEADER];
    uint8_t last[4];
    uint64_t at = 0;
    int err = sodium_is_zero(epoch->key, SW_KEY_LEN) ? SW_ERR_CRYPTO : SW_OK;
    if (err == SW_OK) {
        err = read_at(fs, fd, header, sizeof header, 0);
    }
    if (err == SW_OK) {
        err = read_at(fs, fd, last, sizeof last, p->size - sizeof last);
    }
    if (err == SW_OK) {
        err = sw_pack_tail(p->size, last, &at);
    }
    if (err != SW_OK) {
        return err;
    }
    const size_t len = p->size - (size_t)at;
    uint8_t *tail = malloc(len);
    if (tail == NULL) {
        return SW_ERR_NOMEM;
    }
    err = read_at(fs, fd, tail, len, at);
    if (err == SW_OK) {
        c->o.host->charge(c->o.host->self, SW_WORK_SEAL, len);
        err = sw_pack_open(out, header, at, (struct sw_bytes){ tail, len }, epoch, c->o.repo);
    }
    free(tail);
    return err;
}

static void close_pack(struct sw_catalog *c, struct sw_catalog_pack *p)
{
    if (p->open) {
        (void)c->o.host->fs->close(c->o.host->fs->self, p->fd);
        sw_pack_close(&p->reader);
        p->open = false;
    }
}

/* Pack @number with its file open, in one of the two places. */
static int open_pack(struct sw_catalog *c, uint32_t number, struct sw_catalog_pack **out)
{
    const struct sw_fs *fs = c->o.host->fs;
    struct sw_manifest_pack mp;
    struct sw_path path;
    for (size_t i = 0; i < SW_LEN(c->packs); i++) {
        if (c->packs[i].open && c->packs[i].number == number) {
            *out = &c->packs[i];
            return SW_OK;
        }
    }
    struct sw_catalog_pack *p = &c->packs[c->turn_pack++ % SW_LEN(c->packs)];
    close_pack(c, p);
    sw_manifest_pack(c->o.manifest, number, &mp);
    int err = sw_store_object(c->o.store, SWARM__V1__OBJECT_KIND__OBJECT_PACK, &mp.name, &path);
    if (err != SW_OK) {
        return err;
    }
    p->fd = fs->open(fs->self, path.s, SW_OPEN_READ, 0);
    if (p->fd < 0) {
        return p->fd;
    }
    err = read_tail(c, p->fd, &mp, &p->reader);
    if (err != SW_OK) {
        (void)fs->close(fs->self, p->fd);
        return err;
    }
    p->open = true;
    p->number = number;
    *out = p;
    return SW_OK;
}

static int note_chunks(struct sw_catalog *c, uint32_t pack, const struct sw_pack_reader *r)
{
    if (c->n + r->n_chunks > c->cap) {
        const size_t cap = c->n + r->n_chunks + c->cap / 2;
        struct sw_location *v = realloc(c->locations, cap * sizeof *v);
        if (v == NULL) {
            return SW_ERR_NOMEM;
        }
        c->locations = v;
        c->cap = cap;
    }
    for (uint32_t i = 0; i < r->n_chunks; i++) {
        const struct sw_pack_chunk *k = &r->chunks[i];
        c->locations[c->n++] = (struct sw_location){ k->id, pack, k->segment, k->offset, k->len };
    }
    return SW_OK;
}

/* Restore the heap property of @v below @i: ids order it, equal ids by place. */
static bool before(const struct sw_catalog *c, uint32_t a, uint32_t b)
{
    const int cmp = memcmp(c->locations[a].id.b, c->locations[b].id.b, SW_DIGEST_LEN);
    return cmp != 0 ? cmp < 0 : a < b;
}

static void sift(const struct sw_catalog *c, uint32_t *v, size_t i, size_t n)
{
    for (size_t child = 2 * i + 1; child < n; child = 2 * i + 1) {
        if (child + 1 < n && before(c, v[child], v[child + 1])) {
            child++;
        }
        if (!before(c, v[i], v[child])) {
            return;
        }
        const uint32_t swap = v[i];
        v[i] = v[child];
        v[child] = swap;
        i = child;
    }
}

/* Heapsort: in place, no recursion, no worst case. */
static int sort_by_id(struct sw_catalog *c)
{
    c->by_id = malloc((c->n + 1) * sizeof *c->by_id);
    if (c->by_id == NULL) {
        return SW_ERR_NOMEM;
    }
    for (size_t i = 0; i < c->n; i++) {
        c->by_id[i] = (uint32_t)i;
    }
    for (size_t i = c->n / 2; i-- > 0;) {
        sift(c, c->by_id, i, c->n);
    }
    for (size_t end = c->n; end-- > 1;) {
        const uint32_t swap = c->by_id[0];
        c->by_id[0] = c->by_id[end];
        c->by_id[end] = swap;
        sift(c, c->by_id, 0, end);
    }
    return SW_OK;
}

int sw_catalog_init(struct sw_catalog *c, const struct sw_catalog_options *o)
{
    int err = SW_OK;
    *c = (struct sw_catalog){ .o = *o };
    c->sealed = malloc(SW_SEGMENT_MAX + SW_TAG_LEN);
    c->segments[0].plain = malloc(SW_SEGMENT_MAX);
    c->segments[1].plain = malloc(SW_SEGMENT_MAX);
    c->zstd = ZSTD_createDCtx();
    if (c->sealed == NULL || c->segments[0].plain == NULL || c->segments[1].plain == NULL ||
        c->zstd == NULL) {
        err = SW_ERR_NOMEM;
    }
    for (uint32_t i = 0; err == SW_OK && i < o->manifest->n_packs; i++) {
        struct sw_catalog_pack *p = NULL;
        err = open_pack(c, i, &p);
        if (err == SW_OK) {
            err = note_chunks(c, i, &p->reader);
        }
        c->failed = c->failed || err != SW_OK;
        err = fatal(err) || o->whole ? err : SW_OK;
    }
    return err == SW_OK ? sort_by_id(c) : err;
}

void sw_catalog_fini(struct sw_catalog *c)
{
    for (size_t i = 0; i < SW_LEN(c->packs); i++) {
        close_pack(c, &c->packs[i]);
        if (c->segments[i].plain != NULL) {
            sodium_memzero(c->segments[i].plain, SW_SEGMENT_MAX);
        }
        free(c->segments[i].plain);
    }
    free(c->locations);
    free(c->by_id);
    free(c->sealed);
    (void)ZSTD_freeDCtx(c->zstd);
    memset(c, 0, sizeof *c);
}

size_t sw_catalog_find(const struct sw_catalog *c, const struct sw_digest *id)
{
    size_t low = 0;
    size_t high = c->n;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        if (memcmp(c->locations[c->by_id[mid]].id.b, id->b, SW_DIGEST_LEN) < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    if (low < c->n && memcmp(c->locations[c->by_id[low]].id.b, id->b, SW_DIGEST_LEN) == 0) {
        return c->by_id[low];
    }
    return SIZE_MAX;
}

static int load_segment(struct sw_catalog *c, uint32_t pack, uint32_t segment, uint8_t **out)
{
    struct sw_catalog_pack *p = NULL;
    for (size_t i = 0; i < SW_LEN(c->segments); i++) {
        struct sw_catalog_segment *s = &c->segments[i];
        if (s->full && s->pack == pack && s->segment == segment) {
            *out = s->plain;
            return SW_OK;
        }
    }
    struct sw_catalog_segment *s = &c->segments[c->turn_segment++ % SW_LEN(c->segments)];
    s->full = false;
    int err = open_pack(c, pack, &p);
    if (err != SW_OK) {
        return err;
    }
    if (segment >= p->reader.n_segments) {
        return SW_ERR_MALFORMED; /* the file was changed meanwhile */
    }
    const struct sw_pack_segment *ps = &p->reader.segments[segment];
    err = read_at(c->o.host->fs, p->fd, c->sealed, ps->sealed, ps->offset);
    if (err == SW_OK) {
        c->o.host->charge(c->o.host->self, SW_WORK_SEAL, ps->sealed);
        c->o.host->charge(c->o.host->self, SW_WORK_DECOMPRESS, ps->plain);
        err = sw_pack_segment(&p->reader, c->zstd, segment, c->sealed, s->plain);
    }
    if (err == SW_OK) {
        s->full = true;
        s->pack = pack;
        s->segment = segment;
        *out = s->plain;
    }
    return err;
}

static int read_chunk(struct sw_catalog *c, size_t i, struct sw_bytes *out)
{
    const struct sw_location *l = &c->locations[i];
    struct sw_manifest_pack mp;
    struct sw_digest id;
    uint8_t *plain = NULL;
    const int err = load_segment(c, l->pack, l->segment, &plain);
    if (err != SW_OK) {
        return err;
    }
    *out = (struct sw_bytes){ plain + l->offset, l->len };
    sw_manifest_pack(c->o.manifest, l->pack, &mp);
    sw_chunk_id(&c->o.epochs[mp.epoch], *out, &id);
    c->o.host->charge(c->o.host->self, SW_WORK_HASH, l->len);
    return memcmp(id.b, l->id.b, SW_DIGEST_LEN) == 0 ? SW_OK : SW_ERR_CRYPTO;
}

int sw_catalog_read(struct sw_catalog *c, size_t i, struct sw_bytes *out)
{
    const int err = read_chunk(c, i, out);
    c->failed = c->failed || err != SW_OK;
    return err;
}
