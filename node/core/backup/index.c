/* SPDX-License-Identifier: GPL-3.0-or-later
 * The chunk table: open addressing over the ids, which are keyed digests and so spread evenly
 * whatever the files hold.  Nothing ever walks it in that order. */
#include "node/core/backup/index.h"

#include "node/base/err.h"

#include <stdlib.h>
#include <string.h>

void sw_index_fini(struct sw_index *ix)
{
    free(ix->chunks);
    free(ix->slots);
    free(ix->packs);
    free(ix->epochs);
    *ix = (struct sw_index){ 0 };
}

static size_t slot_of(const struct sw_index *ix, const struct sw_digest *id)
{
    uint64_t h;
    memcpy(&h, id->b, sizeof h);
    return (size_t)h & (ix->n_slots - 1);
}

struct sw_index_chunk *sw_index_find(const struct sw_index *ix, const struct sw_digest *id)
{
    if (ix->n_slots == 0) {
        return NULL;
    }
    for (size_t i = slot_of(ix, id); ix->slots[i] != 0; i = (i + 1) & (ix->n_slots - 1)) {
        struct sw_index_chunk *c = &ix->chunks[ix->slots[i] - 1];
        if (memcmp(c->id.b, id->b, SW_DIGEST_LEN) == 0) {
            return c;
        }
    }
    return NULL;
}

static void place(struct sw_index *ix, size_t number)
{
    size_t i = slot_of(ix, &ix->chunks[number].id);
    while (ix->slots[i] != 0) {
        i = (i + 1) & (ix->n_slots - 1);
    }
    ix->slots[i] = (uint32_t)(number + 1);
}

static int grow_slots(struct sw_index *ix)
{
    const size_t n = ix->n_slots == 0 ? 1024 : 2 * ix->n_slots;
    uint32_t *slots = calloc(n, sizeof *slots);
    if (slots == NULL) {
        return SW_ERR_NOMEM;
    }
    free(ix->slots);
    ix->slots = slots;
    ix->n_slots = n;
    for (size_t i = 0; i < ix->n_chunks; i++) {
        place(ix, i);
    }
    return SW_OK;
}

/* Room for one more of @size bytes in the array at *@v. */
static int grow(void **v, size_t n, size_t *cap, size_t size)
{
    if (n < *cap) {
        return SW_OK;
    }
    const size_t more = *cap == 0 ? 64 : *cap + *cap / 2;
    void *p = realloc(*v, more * size);
    if (p == NULL) {
        return SW_ERR_NOMEM;
    }
    *v = p;
    *cap = more;
    return SW_OK;
}

int sw_index_add(struct sw_index *ix, const struct sw_digest *id, uint32_t pack)
{
    void *v = ix->chunks;
    if (ix->n_chunks >= UINT32_MAX - 1) {
        return SW_ERR_FULL;
    }
    int err = grow(&v, ix->n_chunks, &ix->cap_chunks, sizeof *ix->chunks);
    ix->chunks = v;
    if (err == SW_OK && 3 * (ix->n_chunks + 1) > 2 * ix->n_slots) {
        err = grow_slots(ix);
    }
    if (err == SW_OK) {
        ix->chunks[ix->n_chunks] = (struct sw_index_chunk){ *id, pack };
        place(ix, ix->n_chunks++);
    }
    return err;
}

int sw_index_add_pack(struct sw_index *ix, const struct sw_index_pack *pack)
{
    void *v = ix->packs;
    const int err = grow(&v, ix->n_packs, &ix->cap_packs, sizeof *ix->packs);
    ix->packs = v;
    if (err == SW_OK) {
        ix->packs[ix->n_packs++] = *pack;
    }
    return err;
}

int sw_index_add_epoch(struct sw_index *ix, const struct sw_manifest_epoch *epoch)
{
    void *v = ix->epochs;
    const int err = grow(&v, ix->n_epochs, &ix->cap_epochs, sizeof *ix->epochs);
    ix->epochs = v;
    if (err == SW_OK) {
        ix->epochs[ix->n_epochs++] = *epoch;
    }
    return err;
}
