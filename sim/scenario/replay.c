/* SPDX-License-Identifier: GPL-3.0-or-later
 * Questions in order, each name kept once. */
#include "sim/scenario/replay.h"

#include <libknot/descriptor.h>

#include <stdlib.h>
#include <string.h>

void sim_replay_fini(struct sim_replay *r)
{
    for (size_t i = 0; i < r->n_names; i++) {
        free(r->names[i].wire);
    }
    free(r->names);
    free(r->asked);
    sw_map_fini(&r->by_wire);
    *r = (struct sim_replay){ 0 };
}

/* Room for one more item of @size bytes in @items. */
static int grow(void *items, size_t n, size_t *cap, size_t size)
{
    void *old;
    if (n < *cap) {
        return 0;
    }
    const size_t more = *cap == 0 ? 64 : 2 * *cap;
    memcpy(&old, items, sizeof old);
    void *new = realloc(old, more * size);
    if (new == NULL) {
        return SW_ERR_NOMEM;
    }
    memcpy(items, &new, sizeof new);
    *cap = more;
    return 0;
}

/* The number of the name @wire.  The map's values count from 1: NULL is absent. */
static int name_of(struct sim_replay *r, const uint8_t *wire, size_t len, uint32_t *out)
{
    const struct sw_bytes key = { wire, len };
    const uintptr_t known = (uintptr_t)sw_map_get(&r->by_wire, key);
    if (known != 0) {
        *out = (uint32_t)(known - 1);
        return 0;
    }
    if (r->n_names == UINT32_MAX) {
        return SW_ERR_FULL;
    }
    int err = grow(&r->names, r->n_names, &r->cap_names, sizeof *r->names);
    uint8_t *own = err == 0 ? malloc(len) : NULL;
    if (own == NULL) {
        return SW_ERR_NOMEM;
    }
    memcpy(own, wire, len);
    err = sw_map_put(&r->by_wire, key, (void *)(uintptr_t)(r->n_names + 1), NULL);
    if (err != 0) {
        free(own);
        return err;
    }
    *out = (uint32_t)r->n_names;
    r->names[r->n_names++] = (struct sim_asked_name){ .wire = own };
    return 0;
}

int sim_replay_add(struct sim_replay *r, const uint8_t *wire, size_t len, struct sim_asked a)
{
    int err = name_of(r, wire, len, &a.name);
    if (err == 0) {
        err = grow(&r->asked, r->n, &r->cap, sizeof *r->asked);
    }
    if (err == 0) {
        r->asked[r->n++] = a;
    }
    return err;
}

void sim_type_to_text(uint16_t type, char out[16])
{
    if (knot_rrtype_to_string(type, out, 16) < 0) {
        (void)snprintf(out, 16, "TYPE%u", type);
    }
}

int sim_type_from_text(const char *text, uint16_t *out)
{
    return knot_rrtype_from_string(text, out) == 0 ? 0 : SW_ERR_NOTFOUND;
}
