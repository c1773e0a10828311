/* SPDX-License-Identifier: GPL-3.0-or-later
 * What is known of a question, and for how long. */
#include "node/core/cache/cache.h"

#include "node/base/bug.h"
#include "node/base/err.h"
#include "node/core/dns/bytes.h"
#include "node/core/node.h"

#include <string.h>

/* Ahead of expiry: in the last tenth of its life (as Unbound does it), and only what was asked for
 * so often since it was kept. */
#define RENEW_SHARE 10U
#define RENEW_HITS 2U

int sw_cache_set(struct sw_cache *c, uint64_t size, const struct sw_cache_limits *limits)
{
    if (size != c->size) {
        struct sw_sieve fresh = { 0 };
        if (size > 0 && sw_sieve_init(&fresh, size) != SW_OK) {
            return SW_ERR_NOMEM;
        }
        memcpy(fresh.key, c->store.key, sizeof fresh.key);
        sw_sieve_fini(&c->store);
        c->store = fresh;
        c->size = size;
    }
    c->limits = *limits;
    return SW_OK;
}

void sw_cache_fini(struct sw_cache *c)
{
    sw_sieve_fini(&c->store);
    c->size = 0;
}

struct sw_cache_key sw_cache_key(const struct sw_question *q, bool checking_disabled)
{
    return (struct sw_cache_key){ .name = q->name.name,
                                  .name_len = q->name.len,
                                  .flags = (uint8_t)((q->dnssec_ok ? SW_CACHE_DO : 0) |
                                                     (checking_disabled ? SW_CACHE_CD : 0)),
                                  .type = q->type };
}

/* ---- looking up ---- */

static sw_time expires_at(const struct sw_entry *e)
{
    return e->kept_at + e->ttl * SW_SEC;
}

static bool is_to_renew(const struct sw_cache *c, struct sw_entry *e, sw_time now)
{
    const sw_dur left = expires_at(e) - now;
    if (!c->limits.prefetch || e->hits < RENEW_HITS || now < e->retry_at ||
        left > e->ttl * SW_SEC / RENEW_SHARE) {
        return false;
    }
    e->retry_at = expires_at(e); /* said once: whoever comes meanwhile is answered from here */
    return true;
}

static void count(struct sw_cache *c, enum sw_known known)
{
    switch (known) {
    case SW_KNOWN_FRESH:
        c->counts.hits++;
        break;
    case SW_KNOWN_FAILURE:
        c->counts.failures++;
        break;
    default:
        c->counts.misses++; /* of a stale one it is not known yet what becomes */
        break;
    }
}

/* It has expired; may it still be given? */
static bool may_be_stale(const struct sw_cache *c, const struct sw_entry *e, sw_time now)
{
    return now - expires_at(e) < c->limits.max_stale || (c->planted & SW_PLANTED_STALE) != 0;
}

static struct sw_recall recall(struct sw_cache *c, struct sw_entry *e, sw_time now, bool visit)
{
    struct sw_recall r = { .entry = e, .wait = now < e->retry_at };
    const bool kept = e->kept_at != 0;
    if (kept && now < expires_at(e)) {
        r.known = SW_KNOWN_FRESH;
        r.left = (uint32_t)((expires_at(e) - now) / SW_SEC);
        r.renew = visit && is_to_renew(c, e, now);
    } else if (kept && may_be_stale(c, e, now)) {
        r.known = SW_KNOWN_STALE;
    } else {
        r.known = r.wait ? SW_KNOWN_FAILURE : SW_KNOWN_NOTHING;
    }
    if (r.known == SW_KNOWN_NOTHING) {
        r.entry = NULL;
    }
    return r;
}

struct sw_recall sw_cache_recall(struct sw_cache *c, const struct sw_cache_key *key, sw_time now,
                                 bool visit)
{
    struct sw_recall r = { .known = SW_KNOWN_NOTHING };
    if (c->size == 0) {
        return r;
    }
    struct sw_entry *e = sw_sieve_find(&c->store, key);
    if (e != NULL) {
        if (visit) {
            sw_sieve_visit(e);
        }
        r = recall(c, e, now, visit);
    }
    if (visit) {
        count(c, r.known);
        c->counts.prefetches += r.renew;
    }
    return r;
}

/* ---- answering ---- */

size_t sw_cache_room(const struct sw_entry *e)
{
    return e->len + SW_KEPT_MORE;
}

void sw_cache_read(const struct sw_cache *c, const struct sw_entry *e, struct sw_kept *out)
{
    SW_ASSERT(e->kept_at != 0 && e->n_ttls <= SW_KEPT_RECORDS_MAX);
    sw_sieve_read(&c->store, e, 0, out->data, e->len);
    out->n_ttls = e->n_ttls;
    out->ttl = e->ttl;
    out->len = e->len - 2U * e->n_ttls;
    for (size_t i = 0; i < e->n_ttls; i++) {
        out->ttl_at[i] = sw_be16(out->data + out->len + 2 * i);
    }
}

size_t sw_cache_answer(const struct sw_cache *c, const struct sw_entry *e, sw_time now,
                       struct sw_kept_answer *a, uint8_t *out)
{
    struct sw_kept k;
    k.data = out;
    sw_cache_read(c, e, &k);
    /* upwards: from cache to cache the seconds that were begun would add up */
    a->age = (c->planted & SW_PLANTED_FRESH) != 0
                 ? 0
                 : (uint32_t)((now - e->kept_at + SW_SEC - 1) / SW_SEC);
    a->stale = now >= expires_at(e);
    return sw_kept_answer(&k, a);
}

/* ---- keeping ---- */

struct sw_entry *sw_cache_keep(struct sw_cache *c, const struct sw_cache_key *key,
                               const struct sw_kept *kept, unsigned source, sw_time now)
{
    const size_t ttls = sizeof(uint16_t) * kept->n_ttls;
    struct sw_entry *e = c->size > 0 ? sw_sieve_put(&c->store, key, kept->len + ttls) : NULL;
    if (e == NULL) {
        c->counts.not_kept++;
        return NULL;
    }
    const sw_time before = e->kept_at != 0 ? expires_at(e) : 0;
    uint8_t at[2U * SW_KEPT_RECORDS_MAX];
    for (size_t i = 0; i < kept->n_ttls; i++) {
        sw_put_be16(at + 2 * i, kept->ttl_at[i]);
    }
    sw_sieve_write(&c->store, e, 0, kept->data, kept->len);
    sw_sieve_write(&c->store, e, kept->len, at, ttls);
    e->n_ttls = kept->n_ttls;
    e->ttl = kept->ttl;
    e->source = (uint16_t)source;
    e->kept_at = now;
    /* What brings no more time is not asked for again ahead of that: its source has no newer. */
    e->retry_at = expires_at(e) < before + SW_SEC ? expires_at(e) : 0;
    e->failures = 0;
    e->hits = 0;
    c->counts.kept++;
    return e;
}

void sw_cache_keep_stale(struct sw_cache *c, const struct sw_cache_key *key,
                         const struct sw_kept *kept, unsigned source, uint32_t stale, sw_time now)
{
    const sw_dur age = ((sw_dur)kept->ttl + stale) * SW_SEC;
    const struct sw_recall r = sw_cache_recall(c, key, now, false);
    if (r.known == SW_KNOWN_FRESH || r.known == SW_KNOWN_STALE || now <= age ||
        stale * SW_SEC >= c->limits.max_stale) {
        return;
    }
    const sw_time retry_at = r.entry != NULL ? r.entry->retry_at : 0;
    struct sw_entry *e = sw_cache_keep(c, key, kept, source, now - age);
    if (e != NULL) {
        e->retry_at = retry_at;
    }
}

uint32_t sw_cache_stale(const struct sw_entry *e, sw_time now)
{
    return now < expires_at(e) ? 0 : 1 + (uint32_t)((now - expires_at(e)) / SW_SEC);
}

void sw_cache_fail(struct sw_cache *c, const struct sw_cache_key *key, sw_time now)
{
    if (c->size == 0) {
        return;
    }
    struct sw_entry *e = sw_sieve_find(&c->store, key);
    if (e == NULL ||
        (e->kept_at != 0 && now - expires_at(e) >= c->limits.max_stale && now >= expires_at(e))) {
        e = sw_sieve_put(&c->store, key, SW_DNS_HEADER + (size_t)key->name_len);
        if (e == NULL) {
            return;
        }
        e->kept_at = 0;
        e->n_ttls = 0;
    }
    sw_dur wait = SW_FAILURE_FIRST << (e->failures < 6 ? e->failures : 6);
    wait = wait < SW_FAILURE_MOST ? wait : SW_FAILURE_MOST;
    if (e->kept_at != 0 && wait < SW_FAILURE_RECHECK) {
        wait = SW_FAILURE_RECHECK;
    }
    e->retry_at = now + wait;
    if (e->failures < UINT8_MAX) {
        e->failures++;
    }
}
