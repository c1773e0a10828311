/* SPDX-License-Identifier: GPL-3.0-or-later
 * The index between snapshots: magic, binding, counts, epochs, packs, chunks, and a digest of
 * all of it, without which nothing of it is believed. */
#include "node/core/backup/index.h"

#include "node/base/err.h"
#include "node/core/backup/pack.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD (8 + SW_DIGEST_LEN + 16 + 4 + 4 + 8)
#define EPOCH_ENTRY (SW_EPOCH_ID_LEN + SW_SEALED_EPOCH_LEN)
#define PACK_ENTRY (SW_DIGEST_LEN + 4 + 4)
#define CHUNK_ENTRY (SW_DIGEST_LEN + 4)

static const uint8_t magic[8] = { 'Q', 'B', 'I', 'N', 'D', 'E', 'X', '1' };

void sw_index_binding(const struct sw_digest *repo, const uint8_t recipient[32],
                      struct sw_digest *out)
{
    (void)crypto_generichash(out->b, SW_DIGEST_LEN, repo->b, SW_DIGEST_LEN, recipient, 32);
}

/* Is the pack still in the store, whole?  Errors: SW_ERR_CRASHED. */
static int still_there(const struct sw_job_host *host, const char *store,
                       const struct sw_manifest_pack *p, bool *there)
{
    struct sw_path path;
    struct sw_stat st;
    int err = sw_store_object(store, SWARM__V1__OBJECT_KIND__OBJECT_PACK, &p->name, &path);
    if (err == SW_OK) {
        err = host->fs->lstat(host->fs->self, path.s, &st);
    }
    *there = err == SW_OK && st.type == SW_FILE_REGULAR && st.size == p->size;
    return err == SW_ERR_CRASHED ? err : SW_OK;
}

static int take_packs(struct sw_index *ix, struct sw_rd *r, uint32_t n, const char *store,
                      const struct sw_job_host *host, bool *there)
{
    int err = SW_OK;
    for (uint32_t i = 0; err == SW_OK && i < n; i++) {
        struct sw_index_pack p = { 0 };
        memcpy(p.pack.name.b, sw_rd_bytes(r, SW_DIGEST_LEN), SW_DIGEST_LEN);
        p.pack.size = sw_rd_u32(r);
        p.pack.epoch = sw_rd_u32(r);
        err = p.pack.epoch < ix->n_epochs ? still_there(host, store, &p.pack, &there[i])
                                          : SW_ERR_MALFORMED;
        if (err == SW_OK) {
            ix->whole = ix->whole && there[i];
            err = sw_index_add_pack(ix, &p);
        }
    }
    return err;
}

static int take_chunks(struct sw_index *ix, struct sw_rd *r, uint64_t n, const bool *there)
{
    int err = SW_OK;
    for (uint64_t i = 0; err == SW_OK && i < n; i++) {
        struct sw_digest id;
        memcpy(id.b, sw_rd_bytes(r, SW_DIGEST_LEN), SW_DIGEST_LEN);
        const uint32_t pack = sw_rd_u32(r);
        if (pack >= ix->n_packs) {
            err = SW_ERR_MALFORMED;
        } else if (there[pack] && sw_index_find(ix, &id) == NULL) {
            err = sw_index_add(ix, &id, pack);
        }
    }
    return err;
}

static int parse(struct sw_index *ix, const struct sw_blob *file, const struct sw_digest *binding,
                 const struct sw_job_host *host, const char *store)
{
    struct sw_digest sum;
    if (file->len < HEAD + SW_DIGEST_LEN) {
        return SW_ERR_MALFORMED;
    }
    const size_t len = file->len - SW_DIGEST_LEN;
    sw_object_name((struct sw_bytes){ file->data, len }, &sum);
    host->charge(host->self, SW_WORK_HASH, len);
    struct sw_rd r = { file->data, len, 0, false };
    if (memcmp(sw_rd_bytes(&r, sizeof magic), magic, sizeof magic) != 0 ||
        memcmp(sw_rd_bytes(&r, SW_DIGEST_LEN), binding->b, SW_DIGEST_LEN) != 0 ||
        memcmp(file->data + len, sum.b, SW_DIGEST_LEN) != 0) {
        return SW_ERR_MALFORMED;
    }
    memcpy(ix->notes, sw_rd_bytes(&r, sizeof ix->notes), sizeof ix->notes);
    const uint32_t n_epochs = sw_rd_u32(&r);
    const uint32_t n_packs = sw_rd_u32(&r);
    const uint64_t n_chunks = sw_rd_u64(&r);
    if (n_chunks > SW_INDEX_MAX / CHUNK_ENTRY || (uint64_t)n_epochs * EPOCH_ENTRY +
                                                         (uint64_t)n_packs * PACK_ENTRY +
                                                         n_chunks * CHUNK_ENTRY !=
                                                     sw_rd_left(&r)) {
        return SW_ERR_MALFORMED;
    }
    int err = SW_OK;
    ix->whole = true;
    for (uint32_t i = 0; err == SW_OK && i < n_epochs; i++) {
        struct sw_manifest_epoch e;
        memcpy(e.id, sw_rd_bytes(&r, SW_EPOCH_ID_LEN), SW_EPOCH_ID_LEN);
        memcpy(e.sealed, sw_rd_bytes(&r, SW_SEALED_EPOCH_LEN), SW_SEALED_EPOCH_LEN);
        err = sw_index_add_epoch(ix, &e);
    }
    bool *there = calloc((size_t)n_packs + 1, sizeof *there);
    if (err == SW_OK && there == NULL) {
        err = SW_ERR_NOMEM;
    }
    if (err == SW_OK) {
        err = take_packs(ix, &r, n_packs, store, host, there);
    }
    if (err == SW_OK) {
        err = take_chunks(ix, &r, n_chunks, there);
    }
    free(there);
    return err;
}

int sw_index_load(struct sw_index *ix, const struct sw_job_host *host, const char *store,
                  const char *set, const struct sw_digest *binding)
{
    struct sw_path path;
    struct sw_blob file = { 0 };
    int err = sw_store_index(store, set, &path);
    if (err == SW_OK) {
        err = sw_store_read(host, path.s, SW_INDEX_MAX, &file);
    }
    if (err == SW_OK) {
        err = parse(ix, &file, binding, host, store);
    }
    sw_blob_fini(&file);
    if (err != SW_OK) {
        sw_index_fini(ix);
    }
    return err == SW_ERR_NOMEM || err == SW_ERR_CRASHED ? err : SW_OK;
}

/* Numbers that used epochs and packs get in the file; UINT32_MAX for the others. */
struct renumber {
    uint32_t *epochs, *packs;
    uint32_t n_epochs, n_packs;
    uint64_t n_chunks;
};

static int renumber(const struct sw_index *ix, struct renumber *m)
{
    m->epochs = malloc((ix->n_epochs + 1) * sizeof *m->epochs);
    m->packs = malloc((ix->n_packs + 1) * sizeof *m->packs);
    if (m->epochs == NULL || m->packs == NULL) {
        return SW_ERR_NOMEM;
    }
    memset(m->epochs, 0xff, (ix->n_epochs + 1) * sizeof *m->epochs);
    for (size_t i = 0; i < ix->n_packs; i++) {
        m->packs[i] = ix->packs[i].used ? m->n_packs++ : UINT32_MAX;
        if (ix->packs[i].used) {
            m->epochs[ix->packs[i].pack.epoch] = 0;
        }
    }
    for (size_t i = 0; i < ix->n_epochs; i++) {
        m->epochs[i] = m->epochs[i] == 0 ? m->n_epochs++ : UINT32_MAX;
    }
    for (size_t i = 0; i < ix->n_chunks; i++) {
        m->n_chunks += m->packs[ix->chunks[i].pack] != UINT32_MAX;
    }
    return SW_OK;
}

static void put(const struct sw_index *ix, const struct renumber *m,
                const struct sw_digest *binding, struct sw_wr *w)
{
    sw_wr_bytes(w, magic, sizeof magic);
    sw_wr_bytes(w, binding->b, SW_DIGEST_LEN);
    sw_wr_bytes(w, ix->notes, sizeof ix->notes);
    sw_wr_u32(w, m->n_epochs);
    sw_wr_u32(w, m->n_packs);
    sw_wr_u64(w, m->n_chunks);
    for (size_t i = 0; i < ix->n_epochs; i++) {
        if (m->epochs[i] != UINT32_MAX) {
            sw_wr_bytes(w, ix->epochs[i].id, SW_EPOCH_ID_LEN);
            sw_wr_bytes(w, ix->epochs[i].sealed, SW_SEALED_EPOCH_LEN);
        }
    }
    for (size_t i = 0; i < ix->n_packs; i++) {
        if (m->packs[i] != UINT32_MAX) {
            sw_wr_bytes(w, ix->packs[i].pack.name.b, SW_DIGEST_LEN);
            sw_wr_u32(w, ix->packs[i].pack.size);
            sw_wr_u32(w, m->epochs[ix->packs[i].pack.epoch]);
        }
    }
    for (size_t i = 0; i < ix->n_chunks; i++) {
        const uint32_t pack = m->packs[ix->chunks[i].pack];
        if (pack != UINT32_MAX) {
            sw_wr_bytes(w, ix->chunks[i].id.b, SW_DIGEST_LEN);
            sw_wr_u32(w, pack);
        }
    }
}

static int encode(const struct sw_index *ix, const struct sw_digest *binding, struct sw_blob *out)
{
    struct renumber m = { 0 };
    int err = renumber(ix, &m);
    const size_t len = HEAD + (size_t)m.n_epochs * EPOCH_ENTRY + (size_t)m.n_packs * PACK_ENTRY +
                       (size_t)m.n_chunks * CHUNK_ENTRY;
    if (err == SW_OK) {
        err = sw_blob_reserve(out, len + SW_DIGEST_LEN);
    }
    if (err == SW_OK) {
        struct sw_digest sum;
        struct sw_wr w = { out->data, len, 0, false };
        put(ix, &m, binding, &w);
        out->len = w.len;
        sw_object_name(sw_blob_bytes(out), &sum);
        err = sw_blob_append(out, sum.b, SW_DIGEST_LEN);
    }
    free(m.epochs);
    free(m.packs);
    return err;
}

int sw_index_save(const struct sw_index *ix, const struct sw_job_host *host, const char *store,
                  const char *set, const struct sw_digest *binding)
{
    struct sw_blob file = { 0 };
    struct sw_path path;
    struct sw_path temporary;
    int err = encode(ix, binding, &file);
    if (err == SW_OK) {
        err = sw_store_index(store, set, &path);
    }
    if (err == SW_OK) { /* a set's name has no dot */
        const int n = snprintf(temporary.s, sizeof temporary.s, "%s/index/%s.new", store, set);
        err = n < (int)sizeof temporary.s ? SW_OK : SW_ERR_RANGE;
    }
    if (err == SW_OK) {
        host->charge(host->self, SW_WORK_HASH, file.len);
        err = sw_store_write(host, &temporary, &path, sw_blob_bytes(&file));
    }
    sw_blob_fini(&file);
    return err;
}
