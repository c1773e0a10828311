/* SPDX-License-Identifier: GPL-3.0-or-later
 * The answer to a query, from the zones of a view (RFC 1034, 4.3.2; RFC 4592).  Nothing here
 * allocates, and time is bounded by the length of query and answer. */
#ifndef SW_DNS_ANSWER_H
#define SW_DNS_ANSWER_H

#include "node/base/buf.h"
#include "node/core/dns/wire.h"
#include "node/core/view.h"

enum sw_verdict {
    SW_VERDICT_DROP,    /* no query at all: silence */
    SW_VERDICT_REPLY,   /* the answer is in @out */
    SW_VERDICT_FORWARD, /* well-formed, and of a zone held elsewhere; nothing was written */
    SW_VERDICT_OUTSIDE, /* no zone has it, upstreams may; a refusal is in @out for whom they are not
                         * asked */
};

/* Longest chain of CNAMEs that is followed. */
#define SW_CNAME_CHAIN_MAX 18

/* Answer the message @query into @out, which is empty and has room for SW_DNS_UDP_MIN bytes at
 * least.  An answer that exceeds what the client takes is truncated (TC): by datagram, that is
 * its EDNS size or 512, but @view->udp_size at most; on a stream (@stream) @out's room.  @view
 * NULL holds no zone: all is REFUSED.
 * OUTSIDE only where @view lets some clients ask upstreams, and the query wants recursion (RD). */
enum sw_verdict sw_answer(const struct sw_view *view, struct sw_bytes query, bool stream,
                          struct sw_wr *out);

/* Refuse the message @query with @rcode and, where the client speaks EDNS, the extended error
 * @ede (enum sw_ede).  False, and nothing written, when @query deserves silence. */
bool sw_answer_error(struct sw_bytes query, enum sw_rcode rcode, enum sw_ede ede,
                     struct sw_wr *out);

/* Does @answer, which came from somebody else, belong to @query: same ID and opcode, QR set, the
 * question echoed byte for byte, and well-formed to its end? */
bool sw_answer_matches(struct sw_bytes query, struct sw_bytes answer);

/* Reduce @answer, of @len >= SW_DNS_HEADER bytes, to header, question and OPT without its options,
 * with TC set: what a datagram client gets when the answer is too large for it, at most 282 bytes.
 * Of a malformed message only the header stays.  Its new length. */
size_t sw_answer_truncate(uint8_t *answer, size_t len);

/* The held zone closest at or above @name (wire form), or NULL.  A zone held elsewhere that is
 * closer still does not count here; sw_view_elsewhere says so. */
const struct sw_zone *sw_view_zone(const struct sw_view *view, const uint8_t *name);
/* The name of the closest zone at or above @name that is held only elsewhere, or NULL. */
const uint8_t *sw_view_elsewhere(const struct sw_view *view, const uint8_t *name);

#endif
