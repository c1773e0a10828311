/* SPDX-License-Identifier: GPL-3.0-or-later
 * Two lanes of one group and one pack each. */
#include "node/core/backup/packer.h"

#include "node/base/bug.h"
#include "node/base/err.h"
#include "node/core/buggify.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

int sw_packer_init(struct sw_packer *p, const struct sw_packer_options *o)
{
    *p = (struct sw_packer){ .o = *o };
    p->segment.data = malloc(SW_SEGMENT_MAX);
    p->zstd = ZSTD_createCCtx();
    if (p->segment.data == NULL || p->zstd == NULL || sw_group_init(&p->lanes[0].group) != SW_OK ||
        sw_group_init(&p->lanes[1].group) != SW_OK) {
        sw_packer_fini(p);
        return SW_ERR_NOMEM;
    }
    return SW_OK;
}

void sw_packer_fini(struct sw_packer *p)
{
    for (size_t i = 0; i < SW_LEN(p->lanes); i++) {
        sw_group_fini(&p->lanes[i].group);
        sw_pack_fini(&p->lanes[i].writer);
    }
    if (p->segment.data != NULL) {
        sodium_memzero(p->segment.data, SW_SEGMENT_MAX);
    }
    free(p->segment.data);
    (void)ZSTD_freeCCtx(p->zstd);
    *p = (struct sw_packer){ 0 };
}

static int begin_pack(struct sw_packer *p, struct sw_lane *lane)
{
    uint8_t nonce[32];
    const struct sw_index_pack pack = { .pack.epoch = p->o.epoch_number,
                                        .used = true,
                                        .made = true };
    sw_derive(p->o.entropy, "QBnonce", p->n_begun, nonce);
    int err = sw_pack_begin(&lane->writer, p->o.epoch, p->o.repo, nonce);
    if (err == SW_OK) {
        lane->open = true;
        lane->number = (uint32_t)p->o.index->n_packs;
        p->n_begun++;
        err = sw_index_add_pack(p->o.index, &pack);
    }
    return err;
}

/* Verify, write and forget the lane's pack. */
static int end_pack(struct sw_packer *p, struct sw_lane *lane, bool full)
{
    const struct sw_job_host *host = p->o.host;
    struct sw_pack_writer *w = &lane->writer;
    struct sw_manifest_pack pack = { .epoch = p->o.epoch_number };
    int err = sw_pack_finish(w, full, &pack.name);
    const struct sw_bytes bytes = { w->buf, w->len };
    host->charge(host->self, SW_WORK_SEAL, w->len);
    host->charge(host->self, SW_WORK_HASH, w->len);
    if (err == SW_OK) {
        err = sw_pack_verify(bytes, p->o.epoch, p->o.repo, host);
    }
    if (err == SW_OK) {
        pack.size = (uint32_t)w->len;
        p->o.index->packs[lane->number].pack = pack;
        err =
            sw_store_put(host, p->o.store, SWARM__V1__OBJECT_KIND__OBJECT_PACK, &pack.name, bytes);
    }
    sw_pack_fini(w);
    lane->open = false;
    return err;
}

/* Compress the lane's group and put it into its pack, or into the next one. */
static int flush_group(struct sw_packer *p, struct sw_lane *lane)
{
    const struct sw_job_host *host = p->o.host;
    struct sw_group *g = &lane->group;
    if (g->n == 0) {
        return SW_OK;
    }
    int err = sw_segment_compress(p->zstd, g, &p->segment);
    host->charge(host->self, SW_WORK_COMPRESS, g->len);
    if (err == SW_OK && lane->open && !sw_pack_fits(&lane->writer, g, &p->segment)) {
        err = end_pack(p, lane, true);
    }
    if (err == SW_OK && !lane->open) {
        err = begin_pack(p, lane);
    }
    if (err == SW_OK) {
        err = sw_pack_add(&lane->writer, g, &p->segment);
    }
    const bool early = err == SW_OK && SW_BUGGIFY(host->buggify, pack_early);
    for (size_t i = 0; err == SW_OK && i < g->n; i++) {
        struct sw_index_chunk *c = sw_index_find(p->o.index, &g->chunks[i].id);
        SW_ASSERT(c != NULL);
        c->pack = lane->number;
    }
    g->n = 0;
    g->len = 0;
    return early ? end_pack(p, lane, false) : err;
}

static struct sw_lane *draw_lane(struct sw_packer *p)
{
    const uint64_t i = p->n_drawn++ % 256;
    if (i == 0) {
        sw_derive(p->o.entropy, "QBshuffle", p->n_drawn / 256, p->coins);
    }
    return &p->lanes[p->coins[i / 8] >> (i % 8) & 1];
}

int sw_packer_chunk(struct sw_packer *p, struct sw_bytes data, struct sw_tree_ref *out)
{
    const struct sw_job_host *host = p->o.host;
    sw_chunk_id(p->o.epoch, data, &out->id);
    out->len = (uint32_t)data.len;
    host->charge(host->self, SW_WORK_HASH, data.len);
    const struct sw_index_chunk *known = sw_index_find(p->o.index, &out->id);
    if (known != NULL) {
        if (known->pack != SW_INDEX_NO_PACK) {
            p->o.index->packs[known->pack].used = true;
        }
        return SW_OK;
    }
    struct sw_lane *lane = draw_lane(p);
    int err = SW_OK;
    if (!sw_group_fits(&lane->group, data.len)) {
        err = flush_group(p, lane);
    }
    if (err == SW_OK) {
        err = sw_index_add(p->o.index, &out->id, SW_INDEX_NO_PACK);
    }
    return err == SW_OK ? sw_group_add(&lane->group, &out->id, data) : err;
}

int sw_packer_finish(struct sw_packer *p)
{
    int err = SW_OK;
    for (size_t i = 0; err == SW_OK && i < SW_LEN(p->lanes); i++) {
        err = flush_group(p, &p->lanes[i]);
        if (err == SW_OK && p->lanes[i].open) {
            err = end_pack(p, &p->lanes[i], false);
        }
    }
    return err;
}

void sw_packer_undo(struct sw_packer *p)
{
    const struct sw_job_host *host = p->o.host;
    for (size_t i = 0; i < p->o.index->n_packs; i++) {
        const struct sw_index_pack *k = &p->o.index->packs[i];
        struct sw_path path;
        if (k->made && k->pack.size > 0 &&
            sw_store_object(p->o.store, SWARM__V1__OBJECT_KIND__OBJECT_PACK, &k->pack.name,
                            &path) == SW_OK) {
            (void)host->fs->unlink(host->fs->self, path.s);
        }
    }
}
