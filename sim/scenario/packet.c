/* SPDX-License-Identifier: GPL-3.0-or-later
 * From a frame to the DNS question in it: link headers (pcap-linktype(7)), IPv4 (RFC 791), IPv6
 * and its extension headers (RFC 8200), UDP (RFC 768), DNS (RFC 1035, 4.1). */
#include "sim/scenario/packet.h"

#include <pcap/dlt.h>
#include <string.h>

#define DNS_PORT 53U
#define MAX_TAGS 4U    /* VLAN tags around one another */
#define MAX_HEADERS 8U /* of IPv6, before the datagram */
#define TYPE_OPT 41U
#define CLASS_IN 1U

enum { ETHER_IPV4 = 0x0800, ETHER_VLAN = 0x8100, ETHER_IPV6 = 0x86dd, ETHER_QINQ = 0x88a8 };
enum { IP_HOPS = 0, IP_TCP = 6, IP_UDP = 17, IP_ROUTING = 43, IP_FRAGMENT = 44, IP_OPTIONS = 60 };

/* What is left of a frame. */
struct rest {
    const uint8_t *p;
    size_t len;
    bool cut; /* the snapshot length took some of it */
};

static unsigned u16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static bool skip(struct rest *r, size_t n)
{
    if (r->len < n) {
        return false;
    }
    r->p += n;
    r->len -= n;
    return true;
}

static enum sim_packet_kind short_of(const struct rest *r)
{
    return r->cut ? SIM_PACKET_CUT : SIM_PACKET_MALFORMED;
}

/* ---- DNS ---- */

static enum sim_packet_kind dns(struct rest r, struct sim_packet *out)
{
    const uint8_t *header = r.p;
    if (!skip(&r, 12)) {
        return short_of(&r);
    }
    if ((header[2] & 0x80) != 0) {
        return SIM_PACKET_ANSWER;
    }
    if ((header[2] & 0x78) != 0) {
        return SIM_PACKET_UNUSUAL;
    }
    if (u16(header + 4) != 1) {
        return SIM_PACKET_MALFORMED;
    }
    out->len = sw_dname_check(r.p, r.len);
    if (out->len == 0) {
        return short_of(&r);
    }
    memcpy(out->name, r.p, out->len);
    (void)skip(&r, out->len);
    const uint8_t *tail = r.p;
    if (!skip(&r, 4)) {
        return short_of(&r);
    }
    out->id = (uint16_t)u16(header);
    out->type = (uint16_t)u16(tail);
    /* An OPT record comes first where there is nothing else, as in queries. */
    out->edns = u16(header + 10) > 0 && r.len >= 3 && r.p[0] == 0 && u16(r.p + 1) == TYPE_OPT;
    return u16(tail + 2) == CLASS_IN ? SIM_PACKET_QUESTION : SIM_PACKET_UNUSUAL;
}

/* ---- the transport ---- */

static enum sim_packet_kind transport(unsigned protocol, struct rest r, struct sim_packet *out)
{
    if (protocol != IP_UDP && protocol != IP_TCP) {
        return SIM_PACKET_OTHER;
    }
    if (r.len < 4) {
        return short_of(&r);
    }
    const unsigned from = u16(r.p);
    const unsigned to = u16(r.p + 2);
    if (protocol == IP_TCP) {
        return from == DNS_PORT || to == DNS_PORT ? SIM_PACKET_TCP : SIM_PACKET_OTHER;
    }
    if (to != DNS_PORT) {
        return from == DNS_PORT ? SIM_PACKET_ANSWER : SIM_PACKET_OTHER;
    }
    out->port = (uint16_t)from;
    return skip(&r, 8) ? dns(r, out) : short_of(&r);
}

/* ---- IP ---- */

/* The packet says that it has @said bytes: what follows is padding. */
static void trim(struct rest *r, size_t said)
{
    if (said < r->len) {
        r->len = said;
        r->cut = false;
    }
}

static enum sim_packet_kind ipv4(struct rest r, struct sim_packet *out)
{
    static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
    const uint8_t *h = r.p;
    if (r.len < 20) {
        return short_of(&r);
    }
    const size_t header = (size_t)4 * (h[0] & 15U);
    if (header < 20) {
        return SIM_PACKET_MALFORMED;
    }
    if (u16(h + 2) != 0) { /* 0: left to the card to fill in, as captures of a sender have it */
        trim(&r, u16(h + 2));
    }
    if ((u16(h + 6) & 0x1fff) != 0) {
        return SIM_PACKET_FRAGMENT;
    }
    memcpy(out->source, mapped, sizeof mapped);
    memcpy(out->source + 12, h + 12, 4);
    return skip(&r, header) ? transport(h[9], r, out) : short_of(&r);
}

static enum sim_packet_kind ipv6(struct rest r, struct sim_packet *out)
{
    const uint8_t *h = r.p;
    if (!skip(&r, 40)) {
        return short_of(&r);
    }
    if (u16(h + 4) != 0) {
        trim(&r, u16(h + 4));
    }
    memcpy(out->source, h + 8, 16);
    unsigned next = h[6];
    for (unsigned i = 0; i < MAX_HEADERS; i++) {
        if (next != IP_HOPS && next != IP_ROUTING && next != IP_OPTIONS && next != IP_FRAGMENT) {
            return transport(next, r, out);
        }
        if (r.len < 8) {
            return short_of(&r);
        }
        if (next == IP_FRAGMENT && (u16(r.p + 2) & 0xfff8) != 0) {
            return SIM_PACKET_FRAGMENT;
        }
        const size_t size = next == IP_FRAGMENT ? 8 : (size_t)8 * (r.p[1] + 1U);
        next = r.p[0];
        if (!skip(&r, size)) {
            return short_of(&r);
        }
    }
    return SIM_PACKET_OTHER;
}

/* IP of the version that the first byte says. */
static enum sim_packet_kind ip(struct rest r, struct sim_packet *out)
{
    if (r.len == 0) {
        return short_of(&r);
    }
    const unsigned version = r.p[0] >> 4;
    return version == 4 ? ipv4(r, out) : version == 6 ? ipv6(r, out) : SIM_PACKET_OTHER;
}

/* ---- the link ---- */

static enum sim_packet_kind ethertype(unsigned type, struct rest r, struct sim_packet *out)
{
    for (unsigned i = 0; i < MAX_TAGS && (type == ETHER_VLAN || type == ETHER_QINQ); i++) {
        if (r.len < 4) {
            return short_of(&r);
        }
        type = u16(r.p + 2);
        (void)skip(&r, 4);
    }
    return type == ETHER_IPV4 || type == ETHER_IPV6 ? ip(r, out) : SIM_PACKET_OTHER;
}

/* A header of @size bytes, with the Ethernet type of what follows at @at. */
static enum sim_packet_kind framed(struct rest r, size_t size, size_t at, struct sim_packet *out)
{
    const uint8_t *h = r.p;
    return skip(&r, size) ? ethertype(u16(h + at), r, out) : short_of(&r);
}

bool sim_packet_link_known(int link)
{
    switch (link) {
    case DLT_EN10MB:
    case DLT_LINUX_SLL:
    case DLT_LINUX_SLL2:
    case DLT_NULL:
    case DLT_LOOP:
    case DLT_RAW:
    case DLT_IPV4:
    case DLT_IPV6:
        return true;
    default:
        return false;
    }
}

enum sim_packet_kind sim_packet_read(int link, const uint8_t *frame, size_t len, size_t had,
                                     struct sim_packet *out)
{
    struct rest r = { frame, len, len < had };
    switch (link) {
    case DLT_EN10MB:
        return framed(r, 14, 12, out);
    case DLT_LINUX_SLL:
        return framed(r, 16, 14, out);
    case DLT_LINUX_SLL2:
        return framed(r, 20, 0, out);
    case DLT_NULL: /* an address family, whose number depends on who captured */
    case DLT_LOOP:
        return skip(&r, 4) ? ip(r, out) : short_of(&r);
    default:
        return ip(r, out);
    }
}
