/* SPDX-License-Identifier: GPL-3.0-or-later
 * The directory: which peer holds which zone. */
#include "node/core/swarm/directory.h"

#include "node/core/swarm/query_class.h"

#include <stdlib.h>
#include <string.h>

static void zone_free(struct sw_known_zone *z)
{
    free(z->holders);
    free(z);
}

void sw_directory_fini(struct sw_directory *d)
{
    for (size_t i = 0; i < d->n; i++) {
        zone_free(d->zones[i]);
    }
    free((void *)d->zones);
    *d = (struct sw_directory){ 0 };
}

/* Where @name is or belongs. */
static size_t place(const struct sw_directory *d, const uint8_t *name, bool *there)
{
    size_t low = 0;
    size_t high = d->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = sw_dname_compare(d->zones[middle]->name, name);
        if (order == 0) {
            *there = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *there = false;
    return low;
}

static bool make_room(struct sw_directory *d)
{
    if (d->n < d->cap) {
        return true;
    }
    const size_t cap = d->cap == 0 ? 16 : 2 * d->cap;
    struct sw_known_zone **zones = realloc((void *)d->zones, cap * sizeof *zones);
    if (zones == NULL) {
        return false;
    }
    d->zones = zones;
    d->cap = cap;
    return true;
}

static struct sw_known_zone *insert(struct sw_directory *d, size_t at, const uint8_t *name)
{
    struct sw_known_zone *z = make_room(d) ? calloc(1, sizeof *z) : NULL;
    if (z == NULL) {
        return NULL;
    }
    memcpy(z->name, name, sw_dname_len(name));
    z->hash = sw_query_class_zone(z->name);
    memmove((void *)(d->zones + at + 1), (const void *)(d->zones + at),
            (d->n - at) * sizeof *d->zones);
    d->zones[at] = z;
    d->n++;
    d->changed = true;
    return z;
}

static struct sw_holder *holder_add(struct sw_known_zone *z, uint32_t peer)
{
    uint32_t at = 0;
    while (at < z->n_holders && z->holders[at].peer < peer) {
        at++;
    }
    if (at < z->n_holders && z->holders[at].peer == peer) {
        return &z->holders[at];
    }
    if (z->n_holders == z->cap) {
        const uint32_t cap = z->cap == 0 ? 4 : 2 * z->cap;
        struct sw_holder *v = realloc(z->holders, cap * sizeof *v);
        if (v == NULL) {
            return NULL;
        }
        z->holders = v;
        z->cap = cap;
    }
    memmove(z->holders + at + 1, z->holders + at, (z->n_holders - at) * sizeof *z->holders);
    z->holders[at] = (struct sw_holder){ .peer = peer };
    z->n_holders++;
    return &z->holders[at];
}

static int hold(struct sw_directory *d, uint32_t peer, const Swarm__V1__ZoneHeld *said)
{
    bool there;
    const size_t at = place(d, said->name.data, &there);
    struct sw_known_zone *z = there ? d->zones[at] : insert(d, at, said->name.data);
    struct sw_holder *h = z != NULL ? holder_add(z, peer) : NULL;
    if (h == NULL) {
        return SW_ERR_NOMEM;
    }
    struct sw_zone_version version = { .epoch = said->epoch, .serial = said->serial };
    if (said->digest.len == sizeof version.digest) {
        memcpy(version.digest, said->digest.data, sizeof version.digest);
    }
    if (!sw_version_same(&version, &h->version)) {
        h->version = version;
        h->conflict = false;
        h->not_before = 0;
        z->heard = true;
        d->heard = true;
    }
    h->primary = said->primary != 0;
    h->said = true;
    return SW_OK;
}

/* Remove what @peer did not just say, and zones that nobody holds. */
static void sweep(struct sw_directory *d, uint32_t peer)
{
    d->revision++;
    size_t kept = 0;
    for (size_t i = 0; i < d->n; i++) {
        struct sw_known_zone *z = d->zones[i];
        uint32_t n = 0;
        for (uint32_t k = 0; k < z->n_holders; k++) {
            if (z->holders[k].peer != peer || z->holders[k].said) {
                z->holders[n] = z->holders[k];
                z->holders[n++].said = false;
            }
        }
        z->n_holders = n;
        if (n == 0) {
            zone_free(z);
            d->changed = true;
        } else {
            d->zones[kept++] = z;
        }
    }
    d->n = kept;
}

int sw_directory_announce(struct sw_directory *d, uint32_t peer, const Swarm__V1__Record *record)
{
    int err = SW_OK;
    for (size_t i = 0; i < record->n_zones && err == SW_OK; i++) {
        err = hold(d, peer, record->zones[i]);
    }
    sweep(d, peer);
    return err;
}

void sw_directory_forget(struct sw_directory *d, uint32_t peer)
{
    sweep(d, peer);
}

struct sw_known_zone *sw_directory_zone(const struct sw_directory *d, const uint8_t *name)
{
    bool there;
    const size_t at = place(d, name, &there);
    return there ? d->zones[at] : NULL;
}

static const uint8_t *name_at(const void *self, size_t i)
{
    const struct sw_directory *d = self;
    return d->zones[i]->name;
}

const struct sw_known_zone *sw_directory_find(const struct sw_directory *d, const uint8_t *name)
{
    const struct sw_dname_list list = { .self = d, .n = d->n, .at = name_at };
    const size_t i = sw_dname_closest(&list, name);
    return i < d->n ? d->zones[i] : NULL;
}
