/* SPDX-License-Identifier: GPL-3.0-or-later
 * Reading messages, every byte of them suspect. */
#include "node/core/dns/wire.h"

#include "node/core/dns/bytes.h"

#define POINTER 0xC0U
#define RECORD_FIXED 10 /* type, class, TTL, length */

/* Where the name at @at ends; 0 when it is malformed.  A pointer must lead to before the place
 * where the labels that it continues began, so that following them ends. */
static size_t skip_name(struct sw_bytes m, size_t at)
{
    size_t end = 0; /* known once a pointer is followed */
    size_t total = 1;
    size_t start = at;
    while (at < m.len) {
        const unsigned c = m.data[at];
        if (c == 0) {
            return end != 0 ? end : at + 1;
        }
        if (c <= SW_LABEL_MAX) {
            at += 1 + c;
            total += 1 + c;
            if (total > SW_DNAME_MAX) {
                return 0;
            }
            continue;
        }
        if ((c & POINTER) != POINTER || at + 2 > m.len) {
            return 0;
        }
        const size_t target = (size_t)(c & ~POINTER) << 8 | m.data[at + 1];
        if (target >= start || target < SW_DNS_HEADER) {
            return 0;
        }
        end = end != 0 ? end : at + 2;
        start = target;
        at = target;
    }
    return 0;
}

bool sw_rr_read(struct sw_bytes m, size_t *at, struct sw_rr *rr)
{
    rr->owner_at = *at;
    const size_t fixed = skip_name(m, *at);
    if (fixed == 0 || fixed + RECORD_FIXED > m.len) {
        return false;
    }
    const uint8_t *p = m.data + fixed;
    rr->type = sw_be16(p);
    rr->class = sw_be16(p + 2);
    rr->ttl = sw_be32(p + 4);
    rr->data_len = sw_be16(p + 8);
    rr->data = p + RECORD_FIXED;
    *at = fixed + RECORD_FIXED + rr->data_len;
    return *at <= m.len;
}

/* RFC 6891, 6.1.2: pairs of code and length, up to the end. */
static bool options_are_whole(const struct sw_rr *opt)
{
    size_t at = 0;
    while (at + 4 <= opt->data_len) {
        at += 4U + sw_be16(opt->data + at + 2);
    }
    return at == opt->data_len;
}

/* Take in an OPT record; 0 or the rcode. */
static int read_opt(struct sw_bytes m, const struct sw_rr *opt, struct sw_question *q)
{
    if (q->edns || m.data[opt->owner_at] != 0) {
        return SW_RCODE_FORMERR; /* a second one, or not of the root: RFC 6891, 6.1.1 */
    }
    q->edns = true;
    q->udp_size = opt->class < SW_DNS_UDP_MIN ? SW_DNS_UDP_MIN : opt->class;
    q->dnssec_ok = (opt->ttl & 0x8000U) != 0;
    if ((opt->ttl >> 16 & 0xffU) != 0) {
        return SW_RCODE_BADVERS; /* then its options may mean anything */
    }
    return options_are_whole(opt) ? SW_RCODE_NOERROR : SW_RCODE_FORMERR;
}

/* The records after the question, of which the first @authority can't be OPT. */
static int read_rest(struct sw_bytes m, unsigned authority, struct sw_question *q)
{
    const unsigned records = authority + sw_be16(m.data + 10);
    size_t at = q->end;
    int rcode = SW_RCODE_NOERROR;
    for (unsigned i = 0; i < records; i++) {
        struct sw_rr rr;
        if (!sw_rr_read(m, &at, &rr)) {
            return SW_RCODE_FORMERR;
        }
        if (rr.type == SW_TYPE_OPT) {
            rcode = i < authority ? (int)SW_RCODE_FORMERR : read_opt(m, &rr, q);
            if (rcode == SW_RCODE_FORMERR) {
                return rcode;
            }
        }
    }
    return at == m.len ? rcode : SW_RCODE_FORMERR;
}

int sw_question_parse(struct sw_bytes m, struct sw_question *q)
{
    q->edns = false;
    q->dnssec_ok = false;
    q->udp_size = SW_DNS_UDP_MIN;
    if (m.len < SW_DNS_HEADER || (m.data[2] & SW_DNS_QR) != 0) {
        return SW_QUESTION_SILENCE;
    }
    if ((m.data[2] & SW_DNS_OPCODE) != 0) {
        return SW_RCODE_NOTIMP;
    }
    if (m.len > SW_DNS_MESSAGE_MAX || sw_be16(m.data + 4) != 1 || sw_be16(m.data + 6) != 0) {
        return SW_RCODE_FORMERR; /* one question (RFC 9619), no answer */
    }
    const size_t name = sw_qname_set(&q->name, m.data + SW_DNS_HEADER, m.len - SW_DNS_HEADER);
    const size_t end = SW_DNS_HEADER + name + 4;
    if (name == 0 || end > m.len) {
        return SW_RCODE_FORMERR;
    }
    q->type = sw_be16(m.data + end - 4);
    q->class = sw_be16(m.data + end - 2);
    q->end = (uint16_t)end;
    const unsigned authority = sw_be16(m.data + 8);
    if (authority != 0 && q->type != SW_TYPE_IXFR) {
        return SW_RCODE_FORMERR; /* only IXFR says there what it has (RFC 1995, 3) */
    }
    return read_rest(m, authority, q);
}

bool sw_message_check(struct sw_bytes m, size_t *opt)
{
    if (opt != NULL) {
        *opt = 0;
    }
    if (m.len < SW_DNS_HEADER || m.len > SW_DNS_MESSAGE_MAX) {
        return false;
    }
    size_t at = SW_DNS_HEADER;
    for (unsigned i = sw_be16(m.data + 4); i > 0; i--) {
        at = skip_name(m, at);
        if (at == 0 || at + 4 > m.len) {
            return false;
        }
        at += 4;
    }
    unsigned records = 0;
    for (unsigned section = 6; section <= 10; section += 2) {
        records += sw_be16(m.data + section);
    }
    for (; records > 0; records--) {
        struct sw_rr rr;
        if (!sw_rr_read(m, &at, &rr)) {
            return false;
        }
        if (opt != NULL && rr.type == SW_TYPE_OPT) {
            *opt = rr.owner_at;
        }
    }
    return at == m.len;
}

void sw_query_write(struct sw_wr *w, const struct sw_query *q)
{
    sw_wr_u16(w, q->id);
    sw_wr_u16(w, (uint16_t)((q->recursion ? SW_DNS_RD << 8 : 0U) |
                            (q->checking_disabled ? SW_DNS_CD : 0U)));
    sw_wr_u16(w, 1);
    sw_wr_u32(w, 0);
    sw_wr_u16(w, q->udp_size != 0);
    sw_wr_bytes(w, q->name, sw_dname_len(q->name));
    sw_wr_u16(w, q->type);
    sw_wr_u16(w, SW_DNS_CLASS_IN);
    if (q->udp_size != 0) {
        sw_wr_u8(w, 0);
        sw_wr_u16(w, SW_TYPE_OPT);
        sw_wr_u16(w, q->udp_size);
        sw_wr_u32(w, q->dnssec_ok ? 0x8000U : 0U);
        sw_wr_u16(w, 0);
    }
}
