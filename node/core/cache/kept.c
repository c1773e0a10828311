/* SPDX-License-Identifier: GPL-3.0-or-later
 * Answers that others made, taken in and given out. */
#include "node/core/cache/kept.h"

#include "node/base/bug.h"
#include "node/core/dns/bytes.h"

#include <string.h>

#define TTL_BEFORE_DATA 6U /* bytes from a TTL to its record's data */
#define SOA_LEAST 22U      /* two root names and five numbers */
#define OPT_SIZE 11U
#define EDE_SIZE 6U
#define OPTION_EDE 15U

/* ---- taking in ---- */

struct taking {
    struct sw_bytes m;
    const struct sw_question *q;
    struct sw_kept *out;
    uint32_t least;  /* TTL of any record */
    uint32_t denial; /* how long the SOA of the authority section lets it be believed */
    bool soa;        /* it has one */
    bool many;       /* more records than can be kept */
    bool answered;   /* a record of the type asked for is in the answer section */
};

static void take_record(struct taking *t, const struct sw_rr *rr, size_t section)
{
    struct sw_kept *k = t->out;
    if (k->n_ttls == SW_KEPT_RECORDS_MAX) {
        t->many = true;
        return;
    }
    k->ttl_at[k->n_ttls++] = (uint16_t)((size_t)(rr->data - t->m.data) - TTL_BEFORE_DATA);
    t->least = rr->ttl < t->least ? rr->ttl : t->least;
    if (section == 0) {
        t->answered = t->answered || rr->type == t->q->type || t->q->type == SW_TYPE_ANY;
    }
    if (section == 1 && rr->type == SW_TYPE_SOA && rr->data_len >= SOA_LEAST) {
        const uint32_t minimum = sw_be32(rr->data + rr->data_len - 4);
        t->soa = true;
        t->denial = rr->ttl < minimum ? rr->ttl : minimum;
    }
}

/* All records up to OPT; false when that lies where it must not (RFC 6891, 6.1.1). */
static bool take_records(struct taking *t)
{
    struct sw_kept *k = t->out;
    size_t at = t->q->end;
    unsigned additional = 0;
    for (size_t section = 0; section < 3; section++) {
        for (unsigned left = sw_be16(t->m.data + 6 + 2 * section); left > 0; left--) {
            struct sw_rr rr;
            const size_t before = at;
            const bool whole = sw_rr_read(t->m, &at, &rr);
            SW_ASSERT(whole);
            if (rr.type == SW_TYPE_OPT) {
                k->len = before;
                sw_put_be16(k->data + 10, additional);
                return section == 2;
            }
            take_record(t, &rr, section);
            additional += section == 2;
        }
    }
    return true;
}

static void cap_ttls(struct sw_kept *k, uint32_t most)
{
    for (unsigned i = 0; i < k->n_ttls; i++) {
        uint8_t *at = k->data + k->ttl_at[i];
        if (sw_be32(at) > most) {
            sw_put_be32(at, most);
        }
    }
}

enum sw_worth sw_kept_take(struct sw_bytes m, const struct sw_question *q,
                           const struct sw_kept_limits *limits, uint8_t *into, struct sw_kept *out)
{
    const unsigned rcode = m.data[3] & SW_DNS_RCODE;
    if ((m.data[2] & SW_DNS_TC) != 0) {
        return SW_WORTH_STREAM;
    }
    if (rcode != SW_RCODE_NOERROR && rcode != SW_RCODE_NXDOMAIN) {
        return SW_WORTH_NOTHING;
    }
    memcpy(into, m.data, m.len);
    sw_dname_lower(into + SW_DNS_HEADER, (size_t)q->end - SW_DNS_HEADER - 4);
    into[2] &= (uint8_t) ~(SW_DNS_AA | SW_DNS_TC);
    into[3] = (uint8_t)(SW_DNS_RA | rcode);
    out->data = into;
    out->len = m.len;
    out->n_ttls = 0;
    struct taking t = { .m = m, .q = q, .out = out, .least = UINT32_MAX };
    if (!take_records(&t)) {
        return SW_WORTH_NOTHING;
    }
    out->negative = rcode == SW_RCODE_NXDOMAIN || !t.answered;
    const uint32_t most = out->negative && limits->max_negative < limits->max_ttl
                              ? limits->max_negative
                              : limits->max_ttl;
    out->ttl = t.least < most ? t.least : most;
    if (out->negative) {
        out->ttl = !t.soa ? 0 : t.denial < out->ttl ? t.denial : out->ttl;
    }
    cap_ttls(out, out->negative ? out->ttl : most);
    return out->ttl > 0 && !t.many ? SW_WORTH_KEEPING : SW_WORTH_PASSING;
}

/* ---- giving out ---- */

static void count_down(struct sw_kept *k, const struct sw_kept_answer *a)
{
    for (unsigned i = 0; i < k->n_ttls; i++) {
        uint8_t *at = k->data + k->ttl_at[i];
        const uint32_t ttl = sw_be32(at);
        sw_put_be32(at, a->stale ? SW_STALE_TTL : ttl > a->age ? ttl - a->age : 0);
    }
}

static void put_opt(struct sw_kept *k, const struct sw_kept_answer *a)
{
    uint8_t *opt = k->data + k->len;
    opt[0] = 0;
    sw_put_be16(opt + 1, SW_TYPE_OPT);
    sw_put_be16(opt + 3, a->udp_size);
    sw_put_be32(opt + 5, a->q->dnssec_ok ? 0x8000U : 0U);
    sw_put_be16(opt + 9, a->ede >= 0 ? EDE_SIZE : 0);
    k->len += OPT_SIZE;
    if (a->ede >= 0) {
        sw_put_be16(opt + 11, OPTION_EDE);
        sw_put_be16(opt + 13, 2);
        sw_put_be16(opt + 15, (unsigned)a->ede);
        k->len += EDE_SIZE;
    }
    sw_put_be16(k->data + 10, sw_be16(k->data + 10) + 1U);
}

/* All records go: the client asks again by stream. */
static void cut_short(struct sw_kept *k, const struct sw_kept_answer *a)
{
    k->len = a->q->end;
    k->data[2] |= SW_DNS_TC;
    memset(k->data + 6, 0, 6);
}

size_t sw_kept_answer(struct sw_kept *k, const struct sw_kept_answer *a)
{
    const uint8_t *query = a->query.data;
    uint8_t *h = k->data;
    const size_t opt = !a->q->edns ? 0 : OPT_SIZE + (a->ede >= 0 ? EDE_SIZE : 0);
    _Static_assert(SW_KEPT_MORE == OPT_SIZE + EDE_SIZE, "what is added");
    memcpy(h, query, 2);
    h[2] = (uint8_t)(SW_DNS_QR | (query[2] & SW_DNS_RD));
    h[3] = (uint8_t)((h[3] & SW_DNS_RCODE) | SW_DNS_RA | (query[3] & SW_DNS_CD));
    memcpy(h + SW_DNS_HEADER, query + SW_DNS_HEADER, (size_t)a->q->end - SW_DNS_HEADER);
    if (k->len + opt > a->limit) {
        cut_short(k, a);
    } else {
        count_down(k, a);
    }
    if (a->q->edns) {
        put_opt(k, a);
    }
    return k->len;
}
