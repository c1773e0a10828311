/* SPDX-License-Identifier: GPL-3.0-or-later
 * Resolvers: a cache of expiry times before the zones' own answers. */
#include "sim/world/upstream.h"

#include "node/base/map.h"
#include "node/base/rng.h"
#include "node/core/dns/answer.h"
#include "node/core/dns/bytes.h"
#include "sim/world/diurnal.h"
#include "sim/world/host.h"

#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX 4096U

/* What it keeps of a question. */
struct resolved {
    sw_time ready_at; /* its resolution ends, or ended */
    uint32_t ttl;     /* s from then on */
};

struct upstream {
    const struct sim_upstream *spec;
    struct sim_place place;
    struct sw_rng_key key;
    struct sw_map cache; /* of struct resolved, by name and type */
    uint32_t down;       /* how many faults hold it down */
};

struct sim_upstreams {
    struct sim_world *w;
    struct upstream *v;
    size_t n;
    const struct sw_zone **zones;
    size_t n_zones;
    struct sw_view view;
};

/* A message on its way there, in its resolution, or on its way back. */
struct flight {
    struct sim_upstreams *u;
    uint32_t upstream, node;
    uint64_t life; /* of the node that asked */
    uint64_t id;
    bool stream;
    struct sim_luck luck;
    uint32_t len;
    uint8_t data[ANSWER_MAX];
};

/* ---- making ---- */

static int add_zone(struct sim_upstreams *u, const struct sim_zone *z, struct sw_diag *d)
{
    struct sw_blob image = { 0 };
    struct sw_zone *zone = NULL;
    const struct sw_bytes text = { (const uint8_t *)z->text, z->len };
    int err = sw_zone_compile(z->name, text, &image, d);
    if (err == SW_OK) {
        err = sw_zone_new(&image, &zone);
    }
    sw_blob_fini(&image);
    if (err == SW_OK) {
        size_t at = u->n_zones++;
        while (at > 0 && sw_dname_compare(sw_zone_name(u->zones[at - 1]), sw_zone_name(zone)) > 0) {
            u->zones[at] = u->zones[at - 1];
            at--;
        }
        u->zones[at] = zone;
    }
    return err;
}

int sim_upstreams_new(struct sim_world *w, struct sim_upstreams **out, struct sw_diag *d)
{
    const struct sim_scenario *s = w->s;
    struct sim_upstreams *u = sim_calloc(1, sizeof *u);
    u->w = w;
    u->n = s->n_upstreams;
    u->v = sim_calloc(u->n + 1, sizeof *u->v);
    u->zones = sim_calloc(s->n_zones + 1, sizeof(struct sw_zone *));
    int err = SW_OK;
    for (size_t i = 0; i < s->n_zones && err == SW_OK; i++) {
        err = s->zones[i].outside ? add_zone(u, &s->zones[i], d) : SW_OK;
    }
    for (size_t i = 0; i < u->n && err == SW_OK; i++) {
        u->v[i].spec = &s->upstreams[i];
        u->v[i].place =
            (struct sim_place){ sim_find_region(s, s->upstreams[i].region.s), SIM_NO_HOST };
        u->v[i].key = sw_rng_key(w->seed, "upstream", s->upstreams[i].name.s);
        if (u->v[i].place.region == UINT32_MAX) {
            err = sw_diag_set(d, SW_ERR_NOTFOUND,
                              "upstream %s stands in region %s, which the scenario lacks",
                              s->upstreams[i].name.s, s->upstreams[i].region.s);
        }
    }
    u->view = (struct sw_view){ .zones = (const struct sw_zone *const *)u->zones,
                                .n_zones = u->n_zones,
                                .udp_size = SW_DNS_UDP_DEFAULT };
    if (err != SW_OK) {
        sim_upstreams_free(u);
        return err;
    }
    *out = u;
    return SW_OK;
}

void sim_upstreams_free(struct sim_upstreams *u)
{
    if (u == NULL) {
        return;
    }
    for (size_t i = 0; i < u->n; i++) {
        struct sw_bytes key;
        struct resolved *r;
        while ((r = sw_map_next(&u->v[i].cache, NULL, &key)) != NULL) {
            (void)sw_map_del(&u->v[i].cache, key);
            free(r);
        }
        sw_map_fini(&u->v[i].cache);
    }
    for (size_t i = 0; i < u->n_zones; i++) {
        sw_zone_free((struct sw_zone *)(uintptr_t)u->zones[i]);
    }
    free((void *)u->zones);
    free(u->v);
    free(u);
}

void sim_upstreams_outage(struct sim_upstreams *u, uint32_t region, bool begins)
{
    for (size_t i = 0; i < u->n; i++) {
        struct upstream *up = &u->v[i];
        if (region != SIM_ANY && up->place.region != region) {
            continue;
        }
        if (begins) {
            up->down++;
        } else if (up->down > 0) {
            up->down--;
        }
    }
}

/* ---- what it says ---- */

static void drop(struct flight *f)
{
    sim_pool_put(&f->u->w->pool, f, sizeof *f);
}

/* Call for each record's TTL: the least; where @age is not 0 they are counted down by it. */
static uint32_t each_ttl(uint8_t *m, size_t len, size_t at, uint32_t age)
{
    uint32_t least = UINT32_MAX;
    struct sw_rr rr;
    while (at < len && sw_rr_read((struct sw_bytes){ m, len }, &at, &rr)) {
        if (rr.type != SW_TYPE_OPT) {
            least = rr.ttl < least ? rr.ttl : least;
            sw_put_be32(m + (size_t)(rr.data - m) - 6, rr.ttl > age ? rr.ttl - age : 0);
        }
    }
    return least == UINT32_MAX ? 0 : least;
}

static struct resolved *resolved_of(struct upstream *up, const struct sw_question *q)
{
    uint8_t key[SW_DNAME_MAX + 2];
    memcpy(key, q->name.name, q->name.len);
    sw_put_be16(key + q->name.len, q->type);
    const struct sw_bytes bytes = { key, q->name.len + 2U };
    struct resolved *r = sw_map_get(&up->cache, bytes);
    if (r == NULL) {
        r = sim_calloc(1, sizeof *r);
        if (sw_map_put(&up->cache, bytes, r, NULL) != SW_OK) {
            sim_out_of_memory("an upstream's cache");
        }
    }
    return r;
}

/* When the answer is there; @r says since when its TTL runs. */
static sw_time resolve(const struct upstream *up, struct resolved *r, uint32_t ttl, sw_time now,
                       struct sim_luck luck)
{
    const struct sim_upstream *s = up->spec;
    const sw_time there = now + s->hit;
    if (r->ttl > 0 && now < r->ready_at + r->ttl * SW_SEC) {
        return r->ready_at > there ? r->ready_at : there;
    }
    const uint64_t bits = sw_rng_at(up->key, luck.of, luck.step);
    const uint64_t more = sw_rng_at(up->key, luck.step, ~luck.of);
    r->ttl = ttl;
    if (sw_unit(bits) < s->warm) { /* others asked for it, some time within its TTL */
        const sw_dur age = (sw_dur)(sw_unit(more) * (double)ttl * 1e9);
        r->ready_at = now > age ? now - age : 0;
        return there;
    }
    r->ready_at = there + sim_rounded(sw_exponential(more | 1, (double)s->miss));
    return r->ready_at;
}

/* ---- its way ---- */

static void given(void *self, uint64_t arg)
{
    (void)arg;
    struct flight *f = self;
    sim_host_upstream(f->u->w->hosts[f->node], f->life, f->id, (struct sw_bytes){ f->data, f->len },
                      f->luck);
    drop(f);
}

/* Schedule @fn for when @f has travelled from @from to @to; it may be lost. */
static void travel(struct flight *f, struct sim_place from, struct sim_place to, sim_fn fn)
{
    struct sim_world *w = f->u->w;
    const sw_time now = sim_now(w->engine);
    sw_time at;
    if (f->stream) {
        at = sim_network_carry(w->net, now, from, to, f->len, f->luck, NULL);
    } else if (!sim_network_datagram(w->net, now, from, to, f->len, f->luck, &at)) {
        drop(f);
        return;
    }
    (void)sim_at(w->engine, at, fn, f, 0);
}

static void leaves(void *self, uint64_t arg)
{
    struct flight *f = self;
    struct sim_world *w = f->u->w;
    const struct upstream *up = &f->u->v[f->upstream];
    struct sw_question q;
    uint8_t query[SW_DNS_UDP_MIN];
    struct sw_wr out = { .buf = f->data, .cap = sizeof f->data };
    memcpy(query, f->data, f->len);
    if (up->down > 0 || sw_question_parse((struct sw_bytes){ query, f->len }, &q) != 0 ||
        sw_answer(&f->u->view, (struct sw_bytes){ query, f->len }, f->stream, &out) !=
            SW_VERDICT_REPLY) {
        drop(f);
        return;
    }
    f->len = (uint32_t)out.len;
    f->data[2] &= (uint8_t)~SW_DNS_AA;
    f->data[3] |= SW_DNS_RA;
    (void)each_ttl(f->data, f->len, q.end, (uint32_t)arg);
    sim_tell_upstream(w, f->upstream, f->node, (struct sw_bytes){ f->data, f->len });
    f->luck = sim_luck_child(f->luck, 1);
    travel(f, up->place, sim_host_place(w->hosts[f->node]), given);
}

static void arrives(void *self, uint64_t arg)
{
    (void)arg;
    struct flight *f = self;
    struct sim_world *w = f->u->w;
    struct upstream *up = &f->u->v[f->upstream];
    const sw_time now = sim_now(w->engine);
    struct sw_question q;
    uint8_t bytes[ANSWER_MAX];
    struct sw_wr out = { .buf = bytes, .cap = sizeof bytes };
    const struct sw_bytes query = { f->data, f->len };
    sim_trace(w->engine, f->upstream, SIM_KIND_UPSTREAM, f->data, f->len);
    if (up->down > 0 || sw_unit(sw_rng_at(up->key, ~f->luck.of, f->luck.step)) < up->spec->loss ||
        sw_question_parse(query, &q) != 0 ||
        sw_answer(&f->u->view, query, true, &out) != SW_VERDICT_REPLY) {
        drop(f);
        return;
    }
    const uint32_t ttl = each_ttl(bytes, out.len, q.end, 0);
    struct resolved *r = resolved_of(up, &q);
    const sw_time ready = resolve(up, r, ttl, now, f->luck);
    const uint64_t age = ready > r->ready_at ? (ready - r->ready_at) / SW_SEC : 0;
    (void)sim_at(w->engine, ready, leaves, f, age);
}

struct nobody {
    struct sim_world *w;
    uint32_t node;
    uint64_t life, id;
    struct sim_luck luck;
};

static void not_found(void *self, uint64_t arg)
{
    (void)arg;
    const struct nobody n = *(struct nobody *)self;
    sim_pool_put(&n.w->pool, self, sizeof n);
    sim_host_upstream(n.w->hosts[n.node], n.life, n.id, (struct sw_bytes){ NULL, 0 }, n.luck);
}

void sim_upstreams_ask(struct sim_upstreams *u, uint32_t node, const struct sw_action *ask,
                       struct sim_luck luck)
{
    struct sim_world *w = u->w;
    const uint64_t life = sim_host_life(w->hosts[node]);
    const struct sw_bytes m = ask->u.ask.message;
    size_t i = 0;
    while (i < u->n && strcmp(u->v[i].spec->name.s, ask->u.ask.address) != 0) {
        i++;
    }
    if (i == u->n || m.len > SW_DNS_UDP_MIN) {
        struct nobody *n = sim_pool_get(&w->pool, sizeof *n);
        *n = (struct nobody){ w, node, life, ask->u.ask.id, luck };
        (void)sim_at(w->engine, sim_now(w->engine) + SW_MS, not_found, n, 0);
        return;
    }
    struct flight *f = sim_pool_get(&w->pool, sizeof *f);
    f->u = u;
    f->upstream = (uint32_t)i;
    f->node = node;
    f->life = life;
    f->id = ask->u.ask.id;
    f->stream = ask->u.ask.stream;
    f->luck = luck;
    f->len = (uint32_t)m.len;
    memcpy(f->data, m.data, m.len);
    travel(f, sim_host_place(w->hosts[node]), u->v[i].place, arrives);
}
