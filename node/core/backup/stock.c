/* SPDX-License-Identifier: GPL-3.0-or-later
 * Objects by name, and manifests once more in the order in which they are asked for. */
#include "node/core/backup/stock.h"

#include <stdlib.h>
#include <string.h>

#include "node/base/err.h"
#include "node/base/name.h"
#include "node/core/backup/loop.h"
#include "node/core/backup/manifest.h"
#include "node/core/backup/store.h"
#include "node/core/proto/job.pb-c.h"

/* node, set, then the sequence number counted down: the newest of a set comes first. */
struct head_key {
    uint8_t b[2 * sizeof(struct sw_name) + 8 + SW_DIGEST_LEN];
};
#define SET_PREFIX (2 * sizeof(struct sw_name))

bool sw_name_from(const char *text, struct sw_name *out)
{
    memset(out, 0, sizeof *out);
    if (text == NULL || !sw_name_valid(text)) {
        return false;
    }
    memcpy(out->s, text, strlen(text));
    return true;
}

bool sw_name_equal(const struct sw_name *a, const struct sw_name *b)
{
    return strcmp(a->s, b->s) == 0;
}

static struct head_key key_of(const struct sw_name *node, const struct sw_name *set,
                              uint64_t sequence, const struct sw_digest *name)
{
    struct head_key k = { { 0 } };
    struct sw_wr w = { k.b, sizeof k.b, 0, false };
    sw_wr_bytes(&w, node->s, sizeof node->s);
    sw_wr_bytes(&w, set->s, sizeof set->s);
    sw_wr_u64(&w, ~sequence);
    sw_wr_bytes(&w, name->b, SW_DIGEST_LEN);
    return k;
}

const struct sw_stocked *sw_stock_find(const struct sw_stock *s, const struct sw_digest *name)
{
    return sw_map_get(&s->objects, (struct sw_bytes){ name->b, SW_DIGEST_LEN });
}

int sw_stock_add(struct sw_stock *s, const struct sw_stocked *o)
{
    const struct sw_bytes key = { o->name.b, SW_DIGEST_LEN };
    if (sw_stock_find(s, &o->name) != NULL) {
        return SW_OK;
    }
    struct sw_stocked *kept = malloc(sizeof *kept);
    if (kept == NULL) {
        return SW_ERR_NOMEM;
    }
    *kept = *o;
    int err = sw_map_put(&s->objects, key, kept, NULL);
    if (err == SW_OK && o->kind == SWARM__V1__OBJECT_KIND__OBJECT_MANIFEST) {
        const struct head_key h = key_of(&o->node, &o->set, o->sequence, &o->name);
        err = sw_map_put(&s->heads, (struct sw_bytes){ h.b, sizeof h.b }, kept, NULL);
        if (err != SW_OK) {
            (void)sw_map_del(&s->objects, key);
        }
    }
    if (err != SW_OK) {
        free(kept);
        return err;
    }
    s->bytes += o->size;
    return SW_OK;
}

size_t sw_stock_heads(const struct sw_stock *s, const struct sw_name *node,
                      const struct sw_name *set, const struct sw_stocked **out, size_t cap)
{
    const struct sw_digest zero = { { 0 } };
    struct head_key from = key_of(node, set, UINT64_MAX, &zero);
    struct sw_bytes after = { from.b, SET_PREFIX };
    struct sw_bytes key;
    size_t n = 0;
    for (struct sw_stocked *o = sw_map_next(&s->heads, &after, &key);
         o != NULL && n < cap && memcmp(key.data, from.b, SET_PREFIX) == 0;
         o = sw_map_next(&s->heads, &after, &key)) {
        out[n++] = o;
        after = key;
    }
    return n;
}

int sw_stock_fill(struct sw_stock *s, const struct sw_job *inventory)
{
    Swarm__Job__InventoryResult *r =
        swarm__job__inventory_result__unpack(NULL, inventory->out.len, inventory->out.data);
    int err = r == NULL ? SW_ERR_MALFORMED : SW_OK;
    for (size_t i = 0; err == SW_OK && i < r->n_objects; i++) {
        const Swarm__Job__StoredObject *o = r->objects[i];
        struct sw_stocked k = {
            .size = o->size, .kind = o->kind, .sequence = o->sequence, .taken_at = o->taken_at
        };
        const bool manifest = o->kind == SWARM__V1__OBJECT_KIND__OBJECT_MANIFEST;
        if (!sw_digest_from(o->name, &k.name) ||
            (manifest && (!sw_name_from(o->node, &k.node) || !sw_name_from(o->set, &k.set)))) {
            err = SW_ERR_MALFORMED;
        } else {
            err = sw_stock_add(s, &k);
        }
    }
    if (r != NULL) {
        swarm__job__inventory_result__free_unpacked(r, NULL);
    }
    return err;
}

void sw_stock_fini(struct sw_stock *s)
{
    struct sw_bytes key;
    const struct sw_bytes *after = NULL;
    for (struct sw_stocked *o = sw_map_next(&s->objects, after, &key); o != NULL;
         o = sw_map_next(&s->objects, after, &key)) {
        free(o);
        after = &key;
    }
    sw_map_fini(&s->objects);
    sw_map_fini(&s->heads);
    s->bytes = 0;
}
