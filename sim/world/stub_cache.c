/* SPDX-License-Identifier: GPL-3.0-or-later
 * A hash table with linear probing; what has expired goes when it grows. */
#include "sim/world/stub_cache.h"

#include "sim/world/pool.h"
#include "sim/world/question.h"

#include <stdlib.h>

#define TTL_MAX 7200U /* s: CACHE_TTL_MAX_USEC of systemd-resolved */
#define FIRST 1024U   /* slots; a power of two */
#define TYPE_SOA 6U

struct entry {
    sw_time until; /* 0: empty */
    uint32_t client, name;
    uint16_t type, epoch;
};

struct sim_stub_cache {
    struct entry *slots;
    size_t n, used;
};

struct sim_stub_cache *sim_stub_cache_new(void)
{
    struct sim_stub_cache *c = sim_calloc(1, sizeof *c);
    c->n = FIRST;
    c->slots = sim_calloc(c->n, sizeof *c->slots);
    return c;
}

void sim_stub_cache_free(struct sim_stub_cache *c)
{
    if (c != NULL) {
        free(c->slots);
        free(c);
    }
}

/* Where (client, name, type) is, or the empty slot where it would be. */
static struct entry *find(const struct sim_stub_cache *c, uint32_t client, uint32_t name,
                          uint16_t type)
{
    uint64_t h = ((uint64_t)client << 32 | name) * UINT64_C(0x9e3779b97f4a7c15) + type;
    h ^= h >> 32;
    h *= UINT64_C(0xd6e8feb86659fd93);
    h ^= h >> 32;
    for (size_t i = h & (c->n - 1);; i = (i + 1) & (c->n - 1)) {
        struct entry *e = &c->slots[i];
        if (e->until == 0 || (e->client == client && e->name == name && e->type == type)) {
            return e;
        }
    }
}

/* Twice as large when more than a quarter is in use after the expired ones have gone. */
static void rebuild(struct sim_stub_cache *c, sw_time now)
{
    struct entry *old = c->slots;
    const size_t n = c->n;
    size_t alive = 0;
    for (size_t i = 0; i < n; i++) {
        alive += old[i].until > now;
    }
    c->n = 4 * alive > n ? 2 * n : n;
    c->slots = sim_calloc(c->n, sizeof *c->slots);
    c->used = alive;
    for (size_t i = 0; i < n; i++) {
        if (old[i].until > now) {
            *find(c, old[i].client, old[i].name, old[i].type) = old[i];
        }
    }
    free(old);
}

/* ---- TTLs ---- */

static uint32_t u16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t u32(const uint8_t *p)
{
    return u16(p) << 16 | u16(p + 2);
}

/* Step over the name at @at; its end, or 0 when the message ends before. */
static size_t after_name(struct sw_bytes m, size_t at)
{
    while (at < m.len) {
        if (m.data[at] >= 0xc0) {
            return at + 2;
        }
        if (m.data[at] == 0) {
            return at + 1;
        }
        at += 1U + m.data[at];
    }
    return 0;
}

/* Step over the record at @at.  @data gets where its data begins; its end, or 0. */
static size_t after_record(struct sw_bytes m, size_t at, size_t *data)
{
    at = after_name(m, at);
    if (at == 0 || at + 10 > m.len) {
        return 0;
    }
    *data = at + 10;
    const size_t end = *data + u16(m.data + at + 8);
    return end <= m.len ? end : 0;
}

uint32_t sim_stub_cache_ttl(struct sw_bytes m)
{
    if (m.len < 12) {
        return 0;
    }
    const uint32_t answers = u16(m.data + 6);
    const uint32_t authority = u16(m.data + 8);
    uint32_t ttl = UINT32_MAX;
    size_t at = after_name(m, 12);
    at = at == 0 ? 0 : at + 4;
    for (uint32_t i = 0; i < answers + (answers == 0 ? authority : 0); i++) {
        size_t data;
        at = at == 0 ? 0 : after_record(m, at, &data);
        if (at == 0) {
            return 0;
        }
        const uint32_t own = u32(m.data + data - 6);
        if (answers > 0) {
            ttl = own < ttl ? own : ttl;
        } else if (u16(m.data + data - 10) == TYPE_SOA && at - data >= 20) {
            const uint32_t minimum = u32(m.data + at - 4);
            ttl = own < minimum ? own : minimum;
        }
    }
    return ttl == UINT32_MAX ? 0 : ttl < TTL_MAX ? ttl : TTL_MAX;
}

/* ---- use ---- */

void sim_stub_cache_put(struct sim_stub_cache *c, uint32_t client, uint16_t epoch,
                        const struct sim_question *a, struct sw_bytes m, sw_time now)
{
    const uint32_t ttl = a->made_up == 0 ? sim_stub_cache_ttl(m) : 0;
    if (ttl == 0) {
        return;
    }
    if (2 * c->used >= c->n) {
        rebuild(c, now);
    }
    struct entry *e = find(c, client, a->name, a->type);
    c->used += e->until == 0;
    *e = (struct entry){ now + ttl * SW_SEC, client, a->name, a->type, epoch };
}

bool sim_stub_cache_has(const struct sim_stub_cache *c, uint32_t client, uint16_t epoch,
                        const struct sim_question *a, sw_time now)
{
    if (a->made_up != 0) {
        return false;
    }
    const struct entry *e = find(c, client, a->name, a->type);
    return e->until > now && e->epoch == epoch;
}
