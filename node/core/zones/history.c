/* SPDX-License-Identifier: GPL-3.0-or-later
 * What made the last versions of a zone of those before. */
#include "node/core/zones/history.h"

void sw_history_fini(struct sw_history *h)
{
    for (uint32_t i = 0; i < h->n; i++) {
        sw_blob_fini(&h->v[i].difference);
    }
    *h = (struct sw_history){ 0 };
}

static void forget_oldest(struct sw_history *h)
{
    h->bytes -= h->v[0].difference.len;
    sw_blob_fini(&h->v[0].difference);
    memmove(&h->v[0], &h->v[1], (h->n - 1) * sizeof h->v[0]);
    h->n--;
}

void sw_history_add(struct sw_history *h, const uint8_t *from, const uint8_t *to,
                    struct sw_bytes difference)
{
    if (h->n > 0 && memcmp(h->v[h->n - 1].to, from, SW_ZONEMD_LEN) != 0) {
        sw_history_fini(h);
    }
    while (h->n > 0 && (h->n == SW_HISTORY_STEPS || h->bytes + difference.len > SW_HISTORY_MOST)) {
        forget_oldest(h);
    }
    struct sw_history_step *s = &h->v[h->n];
    s->difference = (struct sw_blob){ 0 };
    if (difference.len > SW_HISTORY_MOST ||
        sw_blob_append(&s->difference, difference.data, difference.len) != SW_OK) {
        sw_history_fini(h);
        return;
    }
    memcpy(s->from, from, SW_ZONEMD_LEN);
    memcpy(s->to, to, SW_ZONEMD_LEN);
    h->bytes += difference.len;
    h->n++;
}

bool sw_history_since(const struct sw_history *h, const uint8_t *from, struct sw_blob *out)
{
    uint32_t i = h->n;
    while (i > 0 && memcmp(h->v[i - 1].from, from, SW_ZONEMD_LEN) != 0) {
        i--;
    }
    if (i == 0) {
        return false;
    }
    for (i--; i < h->n; i++) {
        const struct sw_blob *d = &h->v[i].difference;
        if (sw_blob_append(out, d->data, d->len) != SW_OK) {
            return false;
        }
    }
    return true;
}
