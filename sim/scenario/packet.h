/* SPDX-License-Identifier: GPL-3.0-or-later
 * One frame of a capture: is it a DNS question?  Frames are foreign bytes. */
#ifndef SIM_PACKET_H
#define SIM_PACKET_H

#include "node/base/types.h"
#include "node/core/dns/name.h"

enum sim_packet_kind {
    SIM_PACKET_QUESTION,
    SIM_PACKET_ANSWER,    /* from port 53 or with QR set */
    SIM_PACKET_TCP,       /* a segment to or from port 53 */
    SIM_PACKET_FRAGMENT,  /* not the first one */
    SIM_PACKET_CUT,       /* by the snapshot length, before the question ends */
    SIM_PACKET_MALFORMED, /* no DNS message with one question */
    SIM_PACKET_UNUSUAL,   /* another opcode than QUERY, another class than IN */
    SIM_PACKET_OTHER,     /* not to port 53, not IP */
    SIM_PACKET_KINDS
};

struct sim_packet {
    uint8_t source[16]; /* IPv6 address, or IPv4 as ::ffff:a.b.c.d */
    uint16_t port, id;
    uint8_t name[SW_DNAME_MAX];
    size_t len; /* of name */
    uint16_t type;
    bool edns;
};

/* Can frames of the link type @link (DLT_ of pcap-linktype(7)) be read? */
bool sim_packet_link_known(int link);
/* Look at @len bytes of a frame that had @had; @out is filled when it is a question. */
enum sim_packet_kind sim_packet_read(int link, const uint8_t *frame, size_t len, size_t had,
                                     struct sim_packet *out);

#endif
