/* SPDX-License-Identifier: GPL-3.0-or-later
 * Reading a zone's truth from its master file.  The scanner is Knot DNS's; what the records mean
 * is worked out here, apart from the node. */
#define _GNU_SOURCE /* qsort_r */
#include "sim/oracles/zonetruth.h"

#include "sim/oracles/zonetruth_internal.h"
#include "sim/world/pool.h"

#include <libzscanner/scanner.h>
#include <stdlib.h>
#include <string.h>

static size_t keep(struct sim_truth *t, const uint8_t *bytes, size_t len)
{
    if (t->len + len > t->cap) {
        t->cap = 2 * (t->len + len) + 4096;
        t->bytes = sim_realloc(t->bytes, t->cap);
    }
    const size_t at = t->len;
    memcpy(t->bytes + at, bytes, len);
    t->len += len;
    return at;
}

static uint64_t hash(const uint8_t *name, size_t len)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    while (len >= 8) {
        uint64_t w;
        memcpy(&w, name, 8);
        h = (h ^ w) * UINT64_C(0x9fb21c651e98df25);
        h ^= h >> 29;
        name += 8;
        len -= 8;
    }
    for (; len > 0; len--) {
        h = (h ^ *name++) * UINT64_C(0x9fb21c651e98df25);
        h ^= h >> 29;
    }
    return h ^ h >> 32;
}

const struct owner *sim_truth_find(const struct sim_truth *t, const uint8_t *name, size_t len)
{
    for (size_t i = hash(name, len) & t->mask;; i = (i + 1) & t->mask) {
        if (t->index[i] == 0) {
            return NULL;
        }
        const struct owner *o = &t->owners[t->index[i] - 1];
        if (o->len == len && memcmp(t->bytes + o->name, name, len) == 0) {
            return o;
        }
    }
}

static void put_in_index(struct sim_truth *t, uint32_t owner)
{
    const struct owner *o = &t->owners[owner];
    size_t i = hash(t->bytes + o->name, o->len) & t->mask;
    while (t->index[i] != 0) {
        i = (i + 1) & t->mask;
    }
    t->index[i] = owner + 1;
}

static void grow_index(struct sim_truth *t)
{
    free(t->index);
    t->mask = 4 * (t->n_owners + 64);
    while ((t->mask & (t->mask - 1)) != 0) {
        t->mask &= t->mask - 1;
    }
    t->index = sim_calloc(t->mask, sizeof *t->index);
    t->mask--;
    for (uint32_t i = 0; i < t->n_owners; i++) {
        put_in_index(t, i);
    }
}

static uint32_t add_owner(struct sim_truth *t, const uint8_t *name, size_t len)
{
    if (t->n_owners == t->cap_owners) {
        t->cap_owners = 2 * t->cap_owners + 64;
        t->owners = sim_realloc(t->owners, t->cap_owners * sizeof *t->owners);
    }
    const uint32_t i = (uint32_t)t->n_owners++;
    t->owners[i] = (struct owner){ .name = keep(t, name, len), .len = (uint16_t)len };
    if (2 * t->n_owners > t->mask) {
        grow_index(t);
    } else {
        put_in_index(t, i);
    }
    return i;
}

/* The owner's index; made, with its ancestors up to the apex, when it is new. */
static uint32_t owner_of(struct sim_truth *t, const uint8_t *name, size_t len)
{
    const struct owner *o = sim_truth_find(t, name, len);
    const uint32_t i = o != NULL ? (uint32_t)(o - t->owners) : add_owner(t, name, len);
    while (o == NULL && len > t->owners[t->apex].len) {
        len -= 1U + name[0];
        name += 1U + name[0];
        o = sim_truth_find(t, name, len);
        if (o == NULL) {
            (void)add_owner(t, name, len);
        }
    }
    return i;
}

bool sim_truth_covers(const struct sim_truth *t, const uint8_t *name)
{
    const struct owner *apex = &t->owners[t->apex];
    uint8_t lower[NAME_MAX_BYTES + 1];
    const size_t len = sim_wire_len(name);
    if (len > NAME_MAX_BYTES || len < apex->len) {
        return false;
    }
    sim_wire_lower(name, lower, len);
    size_t at = 0;
    while (len - at > apex->len) {
        at += 1U + lower[at];
    }
    return len - at == apex->len && memcmp(lower + at, t->bytes + apex->name, apex->len) == 0;
}

static int add_fact(struct sim_truth *t, const struct zs_scanner *z, struct sw_diag *d)
{
    uint8_t name[NAME_MAX_BYTES + 1];
    uint8_t rdata[65536 + 512];
    if (z->r_owner_length > NAME_MAX_BYTES) {
        return sw_diag_set(d, SW_ERR_MALFORMED, "line %llu: name too long",
                           (unsigned long long)z->line_counter);
    }
    sim_wire_lower(z->r_owner, name, z->r_owner_length);
    const int n = sim_rdata_canonical(z->r_data, z->r_data_length, 0, z->r_data_length, z->r_type,
                                      rdata, sizeof rdata);
    if (n < 0 || n > 65535) {
        return sw_diag_set(d, SW_ERR_MALFORMED, "line %llu: record data can't be read",
                           (unsigned long long)z->line_counter);
    }
    if (z->r_type == TYPE_DNAME) {
        return sw_diag_set(d, SW_ERR_UNSUPPORTED, "line %llu: the oracle knows no DNAME",
                           (unsigned long long)z->line_counter);
    }
    if (!sim_truth_covers(t, name)) {
        return sw_diag_set(d, SW_ERR_MALFORMED, "line %llu: the name is outside the zone",
                           (unsigned long long)z->line_counter);
    }
    const uint32_t owner = owner_of(t, name, z->r_owner_length);
    if (t->n_facts == t->cap_facts) {
        t->cap_facts = 2 * t->cap_facts + 256;
        t->facts = sim_realloc(t->facts, t->cap_facts * sizeof *t->facts);
    }
    t->facts[t->n_facts++] = (struct fact){ .owner = owner,
                                            .ttl = z->r_ttl,
                                            .rdata = keep(t, rdata, (size_t)n),
                                            .type = z->r_type,
                                            .rdlen = (uint16_t)n };
    return 0;
}

static int scan(struct sim_truth *t, struct zs_scanner *z, struct sw_diag *d)
{
    for (;;) {
        if (zs_parse_record(z) != 0) {
            return sw_diag_set(d, SW_ERR_MALFORMED, "line %llu: %s",
                               (unsigned long long)z->line_counter, zs_strerror(z->error.code));
        }
        switch (z->state) {
        case ZS_STATE_DATA: {
            const int err = add_fact(t, z, d);
            if (err != 0) {
                return err;
            }
            break;
        }
        case ZS_STATE_EOF:
        case ZS_STATE_STOP:
            return 0;
        case ZS_STATE_INCLUDE:
            return sw_diag_set(d, SW_ERR_UNSUPPORTED, "line %llu: $INCLUDE",
                               (unsigned long long)z->line_counter);
        case ZS_STATE_NONE:
            break;
        case ZS_STATE_ERROR:
            return sw_diag_set(d, SW_ERR_MALFORMED, "line %llu: %s",
                               (unsigned long long)z->line_counter, zs_strerror(z->error.code));
        }
    }
}

static int by_owner_and_type(const void *a, const void *b)
{
    const struct fact *x = a;
    const struct fact *y = b;
    if (x->owner != y->owner) {
        return x->owner < y->owner ? -1 : 1;
    }
    if (x->type != y->type) {
        return x->type < y->type ? -1 : 1;
    }
    return x->rdata < y->rdata ? -1 : x->rdata > y->rdata; /* as written */
}

/* A record that is written twice is one record (RFC 2181, 5). */
static void drop_duplicates(struct sim_truth *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n_facts; i++) {
        const struct fact *f = &t->facts[i];
        bool twice = false;
        for (size_t j = n; j > 0 && !twice; j--) {
            const struct fact *g = &t->facts[j - 1];
            if (g->owner != f->owner || g->type != f->type) {
                break;
            }
            twice = g->rdlen == f->rdlen &&
                    memcmp(t->bytes + g->rdata, t->bytes + f->rdata, f->rdlen) == 0;
        }
        if (!twice) {
            t->facts[n++] = *f;
        }
    }
    t->n_facts = n;
}

uint32_t sim_truth_set(const struct sim_truth *t, const struct owner *o, uint16_t type,
                       const struct fact **first)
{
    uint32_t n = 0;
    for (uint32_t i = o->first; i < o->first + o->n && t->facts[i].type <= type; i++) {
        if (t->facts[i].type == type) {
            *first = n == 0 ? &t->facts[i] : *first;
            n++;
        }
    }
    return n;
}

static void mark_cuts(struct sim_truth *t)
{
    const struct fact *first;
    for (uint32_t i = 0; i < t->n_owners; i++) {
        t->owners[i].cut = i != t->apex && sim_truth_set(t, &t->owners[i], TYPE_NS, &first) > 0;
    }
    for (uint32_t i = 0; i < t->n_owners; i++) {
        struct owner *o = &t->owners[i];
        const uint8_t *name = t->bytes + o->name;
        size_t len = o->len;
        while (len > t->owners[t->apex].len) {
            len -= 1U + name[0];
            name += 1U + name[0];
            const struct owner *above = sim_truth_find(t, name, len);
            o->hidden = o->hidden || (above != NULL && above->cut);
        }
    }
}

static int by_name(const void *a, const void *b, void *arg)
{
    const struct sim_truth *t = arg;
    const struct owner *x = &t->owners[*(const uint32_t *)a];
    const struct owner *y = &t->owners[*(const uint32_t *)b];
    const size_t n = x->len < y->len ? x->len : y->len;
    const int c = memcmp(t->bytes + x->name, t->bytes + y->name, n);
    return c != 0 ? c : (int)x->len - (int)y->len;
}

static void list_names(struct sim_truth *t)
{
    t->names = sim_calloc(t->n_owners, sizeof *t->names);
    for (uint32_t i = 0; i < t->n_owners; i++) {
        const struct owner *o = &t->owners[i];
        const uint8_t *name = t->bytes + o->name;
        if (o->n > 0 && !o->hidden && !(name[0] == 1 && name[1] == '*')) {
            t->names[t->n_names++] = i;
        }
    }
    qsort_r(t->names, t->n_names, sizeof *t->names, by_name, t);
}

static int understand(struct sim_truth *t, struct sw_diag *d)
{
    if (t->n_facts > 0) { /* qsort(NULL, 0) is undefined: C11, 7.22.5 */
        qsort(t->facts, t->n_facts, sizeof *t->facts, by_owner_and_type);
    }
    drop_duplicates(t);
    for (uint32_t i = 0; i < t->n_facts; i++) {
        struct owner *o = &t->owners[t->facts[i].owner];
        if (o->n++ == 0) {
            o->first = i;
        }
    }
    const struct fact *soa = NULL;
    if (sim_truth_set(t, &t->owners[t->apex], TYPE_SOA, &soa) != 1 || soa->rdlen < 22) {
        return sw_diag_set(d, SW_ERR_MALFORMED, "no SOA at the apex");
    }
    const uint8_t *m = t->bytes + soa->rdata + soa->rdlen - 4;
    const uint32_t minimum =
        (uint32_t)m[0] << 24 | (uint32_t)m[1] << 16 | (uint32_t)m[2] << 8 | m[3];
    t->negative_ttl = soa->ttl < minimum ? soa->ttl : minimum;
    mark_cuts(t);
    list_names(t);
    return 0;
}

int sim_truth_new(const char *origin, struct sw_bytes text, struct sim_truth **out,
                  struct sw_diag *d)
{
    char absolute[1024];
    const size_t n = strlen(origin);
    if (n + 2 > sizeof absolute) {
        return sw_diag_set(d, SW_ERR_MALFORMED, "zone name too long");
    }
    memcpy(absolute, origin, n + 1);
    if (n == 0 || origin[n - 1] != '.') {
        memcpy(absolute + n, ".", 2);
    }
    struct sim_truth *t = sim_calloc(1, sizeof *t);
    struct zs_scanner *z = sim_alloc(sizeof *z);
    int err;
    if (zs_init(z, absolute, 1, 3600) != 0) {
        err = sw_diag_set(d, SW_ERR_MALFORMED, "'%s' is no zone name", origin);
    } else {
        uint8_t apex[NAME_MAX_BYTES + 1];
        sim_wire_lower(z->zone_origin, apex, z->zone_origin_length);
        grow_index(t);
        t->apex = owner_of(t, apex, z->zone_origin_length);
        err = zs_set_input_string(z, (const char *)text.data, text.len) == 0
                  ? scan(t, z, d)
                  : sw_diag_set(d, SW_ERR_MALFORMED, "the zone has no text");
        err = err == 0 ? understand(t, d) : err;
        zs_deinit(z);
    }
    free(z);
    if (err != 0) {
        sim_truth_free(t);
        return err;
    }
    *out = t;
    return 0;
}

void sim_truth_free(struct sim_truth *t)
{
    if (t == NULL) {
        return;
    }
    free(t->bytes);
    free(t->facts);
    free(t->owners);
    free(t->index);
    free(t->names);
    free(t);
}

const uint8_t *sim_truth_apex(const struct sim_truth *t)
{
    return t->bytes + t->owners[t->apex].name;
}

size_t sim_truth_names(const struct sim_truth *t)
{
    return t->n_names;
}

const uint8_t *sim_truth_name(const struct sim_truth *t, size_t i)
{
    return t->bytes + t->owners[t->names[i]].name;
}
