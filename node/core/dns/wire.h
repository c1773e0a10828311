/* SPDX-License-Identifier: GPL-3.0-or-later
 * DNS messages on the wire (RFC 1035, 4; EDNS: RFC 6891): what a query says, and whether any
 * message is well-formed.  Nothing here allocates. */
#ifndef SW_DNS_WIRE_H
#define SW_DNS_WIRE_H

#include "node/base/buf.h"
#include "node/core/dns/name.h"

#define SW_DNS_HEADER 12
#define SW_DNS_MESSAGE_MAX 65535
#define SW_DNS_UDP_MIN 512      /* what every client takes without EDNS (RFC 1035, 4.2.1) */
#define SW_DNS_UDP_DEFAULT 1232 /* what crosses nearly every path whole (DNS flag day 2020) */
#define SW_DNS_CLASS_IN 1

/* Types with a meaning to this code; every other is served as it is (RFC 3597). */
enum sw_rr_type {
    SW_TYPE_A = 1,
    SW_TYPE_NS = 2,
    SW_TYPE_CNAME = 5,
    SW_TYPE_SOA = 6,
    SW_TYPE_PTR = 12,
    SW_TYPE_MX = 15,
    SW_TYPE_TXT = 16,
    SW_TYPE_KEY = 25,
    SW_TYPE_AAAA = 28,
    SW_TYPE_SRV = 33,
    SW_TYPE_DNAME = 39,
    SW_TYPE_OPT = 41,
    SW_TYPE_DS = 43,
    SW_TYPE_RRSIG = 46,
    SW_TYPE_NSEC = 47,
    SW_TYPE_ZONEMD = 63,
    SW_TYPE_TKEY = 249,
    SW_TYPE_TSIG = 250,
    SW_TYPE_IXFR = 251,
    SW_TYPE_AXFR = 252,
    SW_TYPE_MAILB = 253,
    SW_TYPE_MAILA = 254,
    SW_TYPE_ANY = 255,
};

enum sw_rcode {
    SW_RCODE_NOERROR = 0,
    SW_RCODE_FORMERR = 1,
    SW_RCODE_SERVFAIL = 2,
    SW_RCODE_NXDOMAIN = 3,
    SW_RCODE_NOTIMP = 4,
    SW_RCODE_REFUSED = 5,
    SW_RCODE_BADVERS = 16, /* needs EDNS */
};

/* Extended errors (RFC 8914, 4). */
enum sw_ede {
    SW_EDE_NONE = -1,
    SW_EDE_OTHER = 0,
    SW_EDE_STALE_ANSWER = 3,
    SW_EDE_CACHED_ERROR = 13,
    SW_EDE_NOT_READY = 14,
    SW_EDE_PROHIBITED = 18,
    SW_EDE_STALE_NXDOMAIN = 19,
    SW_EDE_NOT_AUTHORITATIVE = 20,
    SW_EDE_NO_REACHABLE_AUTHORITY = 22,
    SW_EDE_NETWORK_ERROR = 23,
};

/* Bytes 2 and 3 of the header. */
#define SW_DNS_QR 0x80U
#define SW_DNS_OPCODE 0x78U
#define SW_DNS_AA 0x04U
#define SW_DNS_TC 0x02U
#define SW_DNS_RD 0x01U
#define SW_DNS_RA 0x80U
#define SW_DNS_AD 0x20U
#define SW_DNS_CD 0x10U
#define SW_DNS_RCODE 0x0FU

/* What a query says. */
struct sw_question {
    uint16_t type;
    uint16_t class;
    uint16_t end;      /* where the question section ends in the message */
    uint16_t udp_size; /* what the client takes by datagram: >= 512 */
    bool edns;
    bool dnssec_ok; /* the DO bit (RFC 3225) */
    struct sw_qname name;
};

#define SW_QUESTION_SILENCE (-1)

/* Read a query: header, one question, and an OPT record among the rest, all of it checked.
 * Returns 0, or the rcode to refuse it with (FORMERR, NOTIMP or BADVERS), or
 * SW_QUESTION_SILENCE: it is a response, or too short to answer.  With BADVERS @q is filled as
 * with 0; else only @q->edns means anything. */
int sw_question_parse(struct sw_bytes message, struct sw_question *q);

/* A record in a message: its data lie there, compressed names in them as they are. */
struct sw_rr {
    size_t owner_at;
    uint16_t type;
    uint32_t ttl;
    uint16_t class;
    const uint8_t *data;
    uint16_t data_len;
};

/* Read the record at *@at of @message and move *@at behind it.  False: it does not fit, or its
 * owner is malformed. */
bool sw_rr_read(struct sw_bytes message, size_t *at, struct sw_rr *rr);

/* Is @message whole: do the counts of its header match the records that follow, with every
 * length in bounds, every compression pointer pointing backwards, and nothing left over?  @opt,
 * when not NULL, gets where its OPT record lies, 0 when it has none. */
bool sw_message_check(struct sw_bytes message, size_t *opt);

/* What a client asks for. */
struct sw_query {
    uint16_t id;
    uint16_t type;
    const uint8_t *name;    /* wire form, sent as it is */
    uint16_t udp_size;      /* 0: without EDNS */
    bool recursion;         /* RD */
    bool dnssec_ok;         /* DO, with EDNS */
    bool checking_disabled; /* CD */
};

/* Append the query's message to @w. */
void sw_query_write(struct sw_wr *w, const struct sw_query *q);

#endif
