/* SPDX-License-Identifier: GPL-3.0-or-later
 * From query to answer: find what stands for the name, copy its images, patch what differs. */
#include "node/core/dns/answer.h"

#include <string.h>

#include "node/base/bug.h"
#include "node/core/dns/image.h"

#define OPT_SIZE 11U
#define EDE_SIZE 6U         /* an extended error without text, as an option of OPT */
#define POINTER_MAX 0x3FFFU /* farthest place that a compression pointer reaches */
#define OPTION_EDE 15U
#define FEW_ZONES 8U

/* An answer in the making. */
struct reply {
    const struct sw_question *q;
    const struct sw_zone *zone;
    uint8_t *buf;
    size_t len;
    size_t limit; /* of @len, OPT's room already taken off */
    unsigned rcode;
    int ede;
    unsigned answers, authority, additional;
    bool authoritative, truncated;
};

/* A name in the message being made: what it is, and where it lies there. */
struct place {
    const struct sw_qname *name;
    size_t at;
};

/* ---- putting records ---- */

/* Append the RRset of @entry for the owner that lies at @owner_at in the message.  False, and
 * nothing done, when there is no room. */
static bool put_rrset(struct reply *r, const uint8_t *node, const uint8_t *entry, size_t owner_at)
{
    const size_t len = sw_rs_len(entry);
    if (r->len + len > r->limit || owner_at > POINTER_MAX) {
        return false;
    }
    uint8_t *to = r->buf + r->len;
    memcpy(to, node + sw_rs_at(entry), len);
    if (owner_at != SW_DNS_HEADER) {
        for (unsigned i = sw_rs_count(entry); i > 0; i--) {
            sw_put_be16(to, 0xC000U | (unsigned)owner_at);
            to += SW_IMAGE_RECORD + sw_be16(to + 10);
        }
    }
    r->len += len;
    return true;
}

/* Append the addresses that go with the RRset of @entry, whose image begins at @image_at in the
 * message, as long as there is room.  False when one was left out that the client can't do
 * without: glue of a name below @cut (RFC 9471, 3), where @cut is not NULL. */
static bool put_more(struct reply *r, const uint8_t *node, const uint8_t *entry, size_t image_at,
                     const uint8_t *cut)
{
    bool all = true;
    const uint8_t *more = node + sw_rs_more_at(entry);
    for (unsigned i = sw_rs_more(entry); i > 0; i--, more += SW_IMAGE_MORE) {
        const uint8_t *target = r->zone->image.data + sw_le32(more + 4);
        const bool needed = cut != NULL && r->zone->image.data + sw_zn_cut(target) == cut;
        for (unsigned type = SW_TYPE_A; type <= SW_TYPE_AAAA; type += SW_TYPE_AAAA - SW_TYPE_A) {
            const uint8_t *address = sw_zn_find(target, type);
            if (address == NULL) {
                continue;
            }
            if (put_rrset(r, target, address, image_at + sw_le16(more))) {
                r->additional += sw_rs_count(address);
            } else {
                all = all && !needed;
            }
        }
    }
    return all;
}

/* Nothing that was put helps a client that doesn't get all: it asks again by stream. */
static void cut_short(struct reply *r)
{
    r->truncated = true;
    r->len = r->q->end;
    r->answers = r->authority = r->additional = 0;
}

/* Say that there is nothing, and for how long that may be believed (RFC 2308, 3). */
static void put_negative(struct reply *r, struct place p)
{
    const size_t at = r->len;
    if (!put_rrset(r, r->zone->apex, r->zone->soa, p.at + p.name->len - r->zone->name_len)) {
        cut_short(r);
        return;
    }
    sw_put_be32(r->buf + at + 6, r->zone->negative_ttl);
    r->authority = 1;
}

/* Say who knows more: the name servers of @cut, an ancestor of the name or itself. */
static void put_referral(struct reply *r, struct place p, const uint8_t *cut)
{
    const uint8_t *entry = sw_zn_find(cut, SW_TYPE_NS);
    const size_t at = r->len;
    if (!put_rrset(r, cut, entry, p.at + p.name->len - sw_zn_name_len(cut))) {
        cut_short(r);
        return;
    }
    r->authority = sw_rs_count(entry);
    if (!put_more(r, cut, entry, at, cut)) {
        cut_short(r);
    }
}

/* ---- deciding ---- */

/* The RRset that answers: the one asked for, and any one of them for ANY (RFC 8482, 4.1). */
static const uint8_t *rrset_for(const uint8_t *node, unsigned type)
{
    if (type == SW_TYPE_ANY) {
        return sw_zn_rrsets(node) > 0 ? sw_zn_rrset(node, 0) : NULL;
    }
    return sw_zn_find(node, type);
}

/* Answer for the name at @p, for which @f stands.  The CNAME that was put and leads on, or NULL
 * when all is said. */
static const uint8_t *put_answer(struct reply *r, struct place p, struct sw_found f)
{
    if (f.match == SW_MATCH_NONE) {
        r->rcode = SW_RCODE_NXDOMAIN;
        put_negative(r, p);
        return NULL;
    }
    /* at a delegation the parent knows nothing but DS (RFC 4035, 3.1.4.1) */
    if (f.match == SW_MATCH_CUT && !(f.exact && r->q->type == SW_TYPE_DS)) {
        r->authoritative = r->answers > 0; /* it is about the first owner: RFC 1035, 4.1.1 */
        put_referral(r, p, f.node);
        return NULL;
    }
    const uint8_t *entry = rrset_for(f.node, r->q->type);
    const bool alias = entry == NULL && f.match == SW_MATCH_NODE;
    entry = alias ? sw_zn_find(f.node, SW_TYPE_CNAME) : entry;
    if (entry == NULL) {
        put_negative(r, p);
        return NULL;
    }
    const size_t at = r->len;
    if (!put_rrset(r, f.node, entry, p.at)) {
        cut_short(r);
        return NULL;
    }
    r->answers += sw_rs_count(entry);
    if (alias) {
        return entry;
    }
    (void)put_more(r, f.node, entry, at, NULL);
    return NULL;
}

/* Answer for where the CNAME of @node leads, whose @entry was the last that was put.  Ends at
 * names outside the zone, at an alias that came before, and after SW_CNAME_CHAIN_MAX. */
static void follow(struct reply *r, const uint8_t *node, const uint8_t *entry)
{
    const uint8_t *seen[SW_CNAME_CHAIN_MAX];
    struct sw_qname target;
    for (unsigned n = 0; n < SW_CNAME_CHAIN_MAX; n++) {
        seen[n] = node;
        const size_t at = r->len - sw_rs_len(entry) + SW_IMAGE_RECORD;
        if (sw_qname_set(&target, r->buf + at, r->len - at) == 0 ||
            !sw_zone_covers(r->zone, &target)) {
            return;
        }
        const struct sw_found f = sw_zone_match(r->zone, &target);
        node = f.node;
        for (unsigned i = 0; i <= n && f.match == SW_MATCH_NODE; i++) {
            if (node == seen[i]) {
                return;
            }
        }
        entry = put_answer(r, (struct place){ &target, at }, f);
        if (entry == NULL) {
            return;
        }
    }
}

static void resolve(struct reply *r)
{
    const struct sw_found f = sw_zone_match(r->zone, &r->q->name);
    r->authoritative = true;
    const uint8_t *alias = put_answer(r, (struct place){ &r->q->name, SW_DNS_HEADER }, f);
    if (alias != NULL) {
        follow(r, f.node, alias);
    }
}

/* ---- which zone ---- */

static const uint8_t *zone_name_at(const void *self, size_t i)
{
    const struct sw_view *view = self;
    return sw_zone_name(view->zones[i]);
}

static const uint8_t *elsewhere_at(const void *self, size_t i)
{
    const struct sw_view *view = self;
    return view->elsewhere[i];
}

const struct sw_zone *sw_view_zone(const struct sw_view *view, const uint8_t *name)
{
    const struct sw_dname_list list = { view, view->n_zones, zone_name_at };
    const size_t i = sw_dname_closest(&list, name);
    return i < view->n_zones ? view->zones[i] : NULL;
}

const uint8_t *sw_view_elsewhere(const struct sw_view *view, const uint8_t *name)
{
    const struct sw_dname_list list = { view, view->n_elsewhere, elsewhere_at };
    const size_t i = sw_dname_closest(&list, name);
    return i < view->n_elsewhere ? view->elsewhere[i] : NULL;
}

/* The closest held zone at or above what @q has from label @from on, or NULL.  A few zones are
 * quicker looked through than searched. */
static const struct sw_zone *closest_zone(const struct sw_view *view, const struct sw_qname *q,
                                          unsigned from)
{
    if (view->n_zones > FEW_ZONES) {
        return sw_view_zone(view, q->name + q->at[from]);
    }
    const struct sw_zone *best = NULL;
    for (size_t i = 0; i < view->n_zones; i++) {
        const struct sw_zone *z = view->zones[i];
        if (z->labels + from <= q->labels && sw_zone_covers(z, q) &&
            (best == NULL || z->labels > best->labels)) {
            best = z;
        }
    }
    return best;
}

/* Who answers for that name: the zone in @zone (REPLY), or somebody else (FORWARD), or nobody
 * (DROP). */
static enum sw_verdict choose(const struct sw_view *view, const struct sw_qname *q, unsigned from,
                              const struct sw_zone **zone)
{
    *zone = closest_zone(view, q, from);
    const uint8_t *elsewhere = sw_view_elsewhere(view, q->name + q->at[from]);
    if (elsewhere != NULL && (*zone == NULL || sw_dname_labels(elsewhere) > (*zone)->labels)) {
        return SW_VERDICT_FORWARD;
    }
    return *zone != NULL ? SW_VERDICT_REPLY : SW_VERDICT_DROP;
}

/* The same for a question: DS of a zone's apex is the parent's to answer (RFC 4035, 3.1.4.1). */
static enum sw_verdict choose_for(const struct sw_view *view, const struct sw_question *q,
                                  const struct sw_zone **zone)
{
    if (q->type == SW_TYPE_DS && q->name.labels > 0) {
        const enum sw_verdict v = choose(view, &q->name, 1, zone);
        if (v != SW_VERDICT_DROP) {
            return v;
        }
    }
    return choose(view, &q->name, 0, zone);
}

/* ---- the message around it ---- */

static void put_opt(struct reply *r, uint16_t udp_size)
{
    uint8_t *opt = r->buf + r->len;
    opt[0] = 0;
    sw_put_be16(opt + 1, SW_TYPE_OPT);
    sw_put_be16(opt + 3, udp_size);
    sw_put_be32(opt + 5, (uint32_t)r->rcode >> 4 << 24 | (r->q->dnssec_ok ? 0x8000U : 0U));
    sw_put_be16(opt + 9, r->ede >= 0 ? EDE_SIZE : 0);
    r->len += OPT_SIZE;
    if (r->ede >= 0) {
        sw_put_be16(opt + 11, OPTION_EDE);
        sw_put_be16(opt + 13, 2);
        sw_put_be16(opt + 15, (unsigned)r->ede);
        r->len += EDE_SIZE;
    }
    r->additional++;
}

/* Header and, unless the query was not understood, question. */
static void put_head(struct reply *r, struct sw_bytes query, bool question)
{
    uint8_t *h = r->buf;
    memcpy(h, query.data, 2);
    h[2] = (uint8_t)(SW_DNS_QR | (query.data[2] & (SW_DNS_OPCODE | SW_DNS_RD)) |
                     (r->authoritative ? SW_DNS_AA : 0) | (r->truncated ? SW_DNS_TC : 0));
    h[3] = (uint8_t)(r->rcode & SW_DNS_RCODE);
    sw_put_be16(h + 4, question);
    sw_put_be16(h + 6, r->answers);
    sw_put_be16(h + 8, r->authority);
    sw_put_be16(h + 10, r->additional);
    if (question) {
        memcpy(h + SW_DNS_HEADER, query.data + SW_DNS_HEADER, r->q->end - SW_DNS_HEADER);
    }
}

/* Finish @r, whose records lie behind where the question goes. */
static void finish(struct reply *r, struct sw_bytes query, uint16_t udp_size, struct sw_wr *out)
{
    if (r->q->edns) {
        put_opt(r, udp_size);
    }
    put_head(r, query, true);
    out->len = r->len;
}

/* A header that says no more than @rcode: to a query that was not understood. */
static void put_bare(struct sw_bytes query, unsigned rcode, struct sw_wr *out)
{
    struct reply r = { .buf = out->buf, .rcode = rcode };
    put_head(&r, query, false);
    out->len = SW_DNS_HEADER;
}

static uint16_t own_udp_size(const struct sw_view *view)
{
    return view != NULL && view->udp_size > SW_DNS_UDP_MIN ? view->udp_size : SW_DNS_UDP_MIN;
}

/* How long the whole answer may be. */
static size_t room(const struct sw_view *view, const struct sw_question *q, bool stream, size_t cap)
{
    size_t size = SW_DNS_MESSAGE_MAX;
    if (!stream) {
        size = own_udp_size(view);
        size = q->udp_size < size ? q->udp_size : size;
    }
    return size < cap ? size : cap;
}

/* What is refused whatever the zones hold: the rcode, or 0. */
static unsigned refused_type(const struct sw_question *q)
{
    switch (q->type) {
    case SW_TYPE_OPT:
    case SW_TYPE_TKEY:
    case SW_TYPE_TSIG:
        return SW_RCODE_FORMERR; /* not for questions: RFC 6895, 3.1 */
    case SW_TYPE_MAILA:
    case SW_TYPE_MAILB:
        return SW_RCODE_NOTIMP; /* obsolete: RFC 1035, 3.2.3 */
    case SW_TYPE_AXFR:
    case SW_TYPE_IXFR:
        return SW_RCODE_REFUSED;
    default:
        return q->class == SW_DNS_CLASS_IN ? SW_RCODE_NOERROR : SW_RCODE_REFUSED;
    }
}

enum sw_verdict sw_answer(const struct sw_view *view, struct sw_bytes query, bool stream,
                          struct sw_wr *out)
{
    SW_ASSERT(out->cap >= SW_DNS_UDP_MIN);
    struct sw_question q;
    const int parsed = sw_question_parse(query, &q);
    if (parsed == SW_QUESTION_SILENCE) {
        return SW_VERDICT_DROP;
    }
    if (parsed != SW_RCODE_NOERROR && parsed != SW_RCODE_BADVERS) {
        put_bare(query, (unsigned)parsed, out);
        return SW_VERDICT_REPLY;
    }
    struct reply r = { .q = &q, .buf = out->buf, .len = q.end, .ede = SW_EDE_NONE };
    r.limit = room(view, &q, stream, out->cap) - (q.edns ? OPT_SIZE : 0);
    r.rcode = parsed != SW_RCODE_NOERROR ? (unsigned)parsed : refused_type(&q);
    enum sw_verdict verdict = SW_VERDICT_REPLY;
    if (r.rcode == SW_RCODE_NOERROR) {
        const enum sw_verdict v = view == NULL ? SW_VERDICT_DROP : choose_for(view, &q, &r.zone);
        if (v == SW_VERDICT_FORWARD) {
            return v;
        }
        if (v == SW_VERDICT_REPLY) {
            resolve(&r);
        } else {
            r.rcode = SW_RCODE_REFUSED;
            r.ede = view == NULL ? SW_EDE_NOT_READY : SW_EDE_NOT_AUTHORITATIVE;
            if (view != NULL && view->n_clients > 0 && (query.data[2] & SW_DNS_RD) != 0) {
                verdict = SW_VERDICT_OUTSIDE;
            }
        }
    }
    finish(&r, query, own_udp_size(view), out);
    return verdict;
}

bool sw_answer_error(struct sw_bytes query, enum sw_rcode rcode, enum sw_ede ede, struct sw_wr *out)
{
    SW_ASSERT(out->cap >= SW_DNS_UDP_MIN);
    struct sw_question q;
    const int parsed = sw_question_parse(query, &q);
    if (parsed == SW_QUESTION_SILENCE) {
        return false;
    }
    if (parsed != SW_RCODE_NOERROR) {
        put_bare(query, (unsigned)parsed & SW_DNS_RCODE, out);
        return true;
    }
    struct reply r = { .q = &q, .buf = out->buf, .len = q.end, .rcode = rcode, .ede = ede };
    finish(&r, query, SW_DNS_UDP_DEFAULT, out);
    return true;
}
