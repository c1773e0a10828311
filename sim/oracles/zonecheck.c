/* SPDX-License-Identifier: GPL-3.0-or-later
 * Holding an answer against the zone: what it must say, and that it says exactly that. */
#include "sim/oracles/zonetruth.h"
#include "sim/oracles/zonetruth_internal.h"

#include <string.h>

#define RECORDS_MAX 512U /* in one message; more is wrong in itself here */

/* A record of the message under test. */
struct seen {
    uint8_t owner[NAME_MAX_BYTES + 1];
    size_t owner_len;
    uint16_t type;
    uint32_t ttl;
    size_t at, len; /* RDATA in the message */
};

struct message {
    const uint8_t *m;
    size_t len;
    unsigned n[3]; /* answer, authority, additional */
    size_t at;     /* next record */
};

/* What the zone says to a question. */
struct expected {
    struct {
        const uint8_t *owner; /* lower case */
        size_t owner_len;
        const struct fact *facts;
        uint32_t n;
    } sets[CHAIN_MAX + 1];
    unsigned n;
    unsigned rcode;
    bool authoritative;
    bool negative;           /* the zone's SOA goes into the authority section */
    const struct owner *cut; /* or this delegation's NS */
    bool elsewhere;          /* a CNAME leads out of the zone */
};

/* ---- what it must say ---- */

/* Closest encloser of @name, and whether it is @name itself; stops at a delegation. */
static const struct owner *descend(const struct sim_truth *t, const uint8_t *name, size_t len,
                                   bool *exact)
{
    size_t starts[128] = { 0 };
    unsigned n = 0;
    for (size_t at = 0; len - at >= t->owners[t->apex].len; at += 1U + name[at]) {
        starts[n++] = at;
        if (len - at == t->owners[t->apex].len) {
            break;
        }
    }
    const struct owner *closest = &t->owners[t->apex];
    *exact = n == 1;
    for (unsigned i = n - 1; i > 0; i--) {
        const size_t at = starts[i - 1];
        const struct owner *o = sim_truth_find(t, name + at, len - at);
        if (o == NULL) {
            return closest;
        }
        closest = o;
        *exact = i == 1;
        if (o->cut) {
            return o;
        }
    }
    return closest;
}

static const struct owner *wildcard_of(const struct sim_truth *t, const struct owner *encloser)
{
    uint8_t name[NAME_MAX_BYTES + 3];
    if (encloser->len + 2U > NAME_MAX_BYTES) {
        return NULL;
    }
    name[0] = 1;
    name[1] = '*';
    memcpy(name + 2, t->bytes + encloser->name, encloser->len);
    return sim_truth_find(t, name, encloser->len + 2U);
}

/* One link of the chain.  True: it goes on with the target of the CNAME just added. */
static bool link_of(const struct sim_truth *t, struct expected *e, const uint8_t *name, size_t len,
                    uint16_t type)
{
    bool exact;
    const struct owner *o = descend(t, name, len, &exact);
    if (o->cut) {
        e->cut = o;
        return false;
    }
    if (!exact) {
        o = wildcard_of(t, o);
        if (o == NULL) {
            e->rcode = 3;
            e->negative = true;
            return false;
        }
    }
    const struct fact *facts = NULL;
    uint32_t n = sim_truth_set(t, o, type, &facts);
    const bool follow = n == 0 && (n = sim_truth_set(t, o, TYPE_CNAME, &facts)) > 0;
    if (n == 0) {
        e->negative = true;
        return false;
    }
    e->sets[e->n].owner = name;
    e->sets[e->n].owner_len = len;
    e->sets[e->n].facts = facts;
    e->sets[e->n++].n = n;
    return follow;
}

static void expect(const struct sim_truth *t, struct expected *e, const uint8_t *name, size_t len,
                   uint16_t type)
{
    e->n = 0;
    e->rcode = 0;
    e->negative = false;
    e->cut = NULL;
    e->elsewhere = false;
    while (e->n <= CHAIN_MAX && link_of(t, e, name, len, type)) {
        const struct fact *link = e->sets[e->n - 1].facts;
        name = t->bytes + link->rdata;
        len = link->rdlen;
        if (!sim_truth_covers(t, name)) {
            e->elsewhere = true;
            break;
        }
    }
    e->authoritative = e->n > 0 || e->cut == NULL;
}

/* ---- what it says ---- */

static bool next_record(struct message *m, struct seen *r)
{
    const int at = sim_wire_expand(m->m, m->len, m->at, r->owner, &r->owner_len);
    if (at < 0 || (size_t)at + 10 > m->len) {
        return false;
    }
    const uint8_t *p = m->m + at;
    r->type = (uint16_t)(p[0] << 8 | p[1]);
    r->ttl = (uint32_t)p[4] << 24 | (uint32_t)p[5] << 16 | (uint32_t)p[6] << 8 | p[7];
    r->len = (size_t)p[8] << 8 | p[9];
    r->at = (size_t)at + 10;
    m->at = r->at + r->len;
    return m->at <= m->len && (r->type == TYPE_OPT || (p[2] == 0 && p[3] == 1));
}

/* Is the record this fact? */
static bool states(const struct sim_truth *t, const struct message *m, const struct seen *r,
                   const struct fact *f)
{
    uint8_t rdata[4096];
    if (r->type != f->type) {
        return false;
    }
    const int n = sim_rdata_canonical(m->m, m->len, r->at, r->len, r->type, rdata, sizeof rdata);
    return n == (int)f->rdlen && memcmp(rdata, t->bytes + f->rdata, f->rdlen) == 0;
}

/* The next @n records are exactly the @n facts at @owner, in any order. */
static const char *check_set(const struct sim_truth *t, struct message *m, const uint8_t *owner,
                             size_t owner_len, const struct fact *facts, uint32_t n,
                             uint32_t ttl_max)
{
    uint64_t found[RECORDS_MAX / 64] = { 0 };
    if (n > RECORDS_MAX) {
        return "a record set is larger than the oracle handles";
    }
    for (uint32_t i = 0; i < n; i++) {
        struct seen r;
        if (!next_record(m, &r)) {
            return "the message is malformed";
        }
        if (r.owner_len != owner_len || memcmp(r.owner, owner, owner_len) != 0) {
            return "a record has the wrong owner";
        }
        uint32_t j = 0;
        while (j < n && ((found[j / 64] >> (j % 64) & 1) != 0 || !states(t, m, &r, &facts[j]))) {
            j++;
        }
        if (j == n) {
            return "a record is not what the zone says";
        }
        found[j / 64] |= UINT64_C(1) << (j % 64);
        if (r.ttl > facts[j].ttl || r.ttl > ttl_max) {
            return "a TTL is larger than the zone's";
        }
    }
    return NULL;
}

/* Every further record of a section must at least be true. */
static const char *check_true(const struct sim_truth *t, struct message *m, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct seen r;
        if (!next_record(m, &r)) {
            return "the message is malformed";
        }
        if (r.type == TYPE_OPT || !sim_truth_covers(t, r.owner)) {
            continue;
        }
        const struct owner *o = sim_truth_find(t, r.owner, r.owner_len);
        const struct fact *facts = NULL;
        const uint32_t k = o == NULL ? 0 : sim_truth_set(t, o, r.type, &facts);
        uint32_t j = 0;
        while (j < k && !(states(t, m, &r, &facts[j]) && r.ttl <= facts[j].ttl)) {
            j++;
        }
        if (j == k) {
            return "an additional record is not what the zone says";
        }
    }
    return NULL;
}

static const char *check_question(struct message *m, const uint8_t *name, size_t len, uint16_t type)
{
    uint8_t asked[NAME_MAX_BYTES + 1];
    size_t asked_len;
    const int at = sim_wire_expand(m->m, m->len, m->at, asked, &asked_len);
    if (at < 0 || (size_t)at + 4 > m->len) {
        return "the message is malformed";
    }
    const uint8_t *p = m->m + at;
    if (asked_len != len || memcmp(asked, name, len) != 0 || p[0] != type >> 8 ||
        p[1] != (type & 255) || p[2] != 0 || p[3] != 1) {
        return "the question is not the one asked";
    }
    m->at = (size_t)at + 4;
    return NULL;
}

static const char *check_header(struct message *m, const struct expected *e)
{
    if ((m->m[2] & 0x80) == 0 || (m->m[2] & 0x78) != 0) {
        return "no response to a query";
    }
    if ((m->m[2] & 0x02) != 0) {
        return "a truncated answer was accepted";
    }
    if ((m->m[3] & 15U) != e->rcode) {
        return e->rcode == 3          ? "the name does not exist, and the answer denies it"
               : (m->m[3] & 15U) == 3 ? "NXDOMAIN for a name that exists"
                                      : "the response code is wrong";
    }
    if (((m->m[2] & 0x04) != 0) != e->authoritative) {
        return e->authoritative ? "the answer is not marked authoritative"
                                : "a referral is marked authoritative";
    }
    return NULL;
}

static const char *check_sections(const struct sim_truth *t, struct message *m,
                                  const struct expected *e)
{
    const char *wrong = NULL;
    uint32_t answers = 0;
    for (unsigned i = 0; i < e->n && wrong == NULL; i++) {
        answers += e->sets[i].n;
        if (answers > m->n[0]) {
            return "the answer lacks records";
        }
        wrong = check_set(t, m, e->sets[i].owner, e->sets[i].owner_len, e->sets[i].facts,
                          e->sets[i].n, UINT32_MAX);
    }
    if (wrong == NULL && answers < m->n[0] && !e->elsewhere) {
        return "the answer has records that don't belong";
    }
    if (wrong == NULL && answers < m->n[0]) {
        wrong = check_true(t, m, m->n[0] - answers);
    }
    unsigned authority = m->n[1];
    const struct fact *facts = NULL;
    const struct owner *o = e->cut != NULL ? e->cut : e->negative ? &t->owners[t->apex] : NULL;
    if (wrong == NULL && o != NULL) {
        const uint32_t n = sim_truth_set(t, o, e->cut != NULL ? TYPE_NS : TYPE_SOA, &facts);
        if (n > authority) {
            return e->cut != NULL ? "a referral lacks its name servers"
                                  : "a denial lacks the zone's SOA";
        }
        wrong = check_set(t, m, t->bytes + o->name, o->len, facts, n,
                          e->cut != NULL ? UINT32_MAX : t->negative_ttl);
        authority -= n;
    }
    if (wrong == NULL) {
        wrong = check_true(t, m, authority + m->n[2]);
    }
    return wrong != NULL ? wrong : m->at != m->len ? "there are bytes after the message" : NULL;
}

const char *sim_truth_check(struct sim_truth *t, const uint8_t *name, uint16_t type,
                            struct sw_bytes answer)
{
    struct message m = { .m = answer.data, .len = answer.len, .at = 12 };
    struct expected e;
    uint8_t lower[NAME_MAX_BYTES + 1];
    const size_t len = sim_wire_len(name);
    if (answer.len < 12 || m.m[4] != 0 || m.m[5] != 1) {
        return "the message is malformed";
    }
    for (unsigned i = 0; i < 3; i++) {
        m.n[i] = (unsigned)(m.m[6 + 2 * i] << 8 | m.m[7 + 2 * i]);
    }
    sim_wire_lower(name, lower, len);
    expect(t, &e, lower, len, type);
    const char *wrong = check_question(&m, lower, len, type);
    if (wrong == NULL) {
        wrong = check_header(&m, &e);
    }
    return wrong != NULL ? wrong : check_sections(t, &m, &e);
}
