/* SPDX-License-Identifier: GPL-3.0-or-later
 * The records of a master file, read and sorted: what the compiler works on. */
#ifndef SW_DNS_RECORDS_H
#define SW_DNS_RECORDS_H

#include "node/base/arena.h"
#include "node/base/err.h"
#include "node/core/dns/name.h"

struct sw_record {
    const uint8_t *owner; /* wire form, lower case */
    const uint8_t *data;  /* wire form, names uncompressed */
    uint32_t ttl;         /* seconds */
    uint32_t line;        /* where the record ends in the text */
    uint16_t type;
    uint16_t data_len;
};

/* Zero-initialised is empty. */
struct sw_records {
    struct sw_record **v; /* ascending by owner (canonical), type, data; no two alike */
    size_t n, cap;
    struct sw_arena arena; /* where they lie */
    uint8_t origin[SW_DNAME_MAX];
};

/* Read @text, a master file (RFC 1035, 5) of the zone @origin, into the empty @r.
 * Errors: SW_ERR_MALFORMED: @d says where and why; SW_ERR_NOMEM.  Then @r may be part full. */
int sw_records_read(struct sw_records *r, const char *origin, struct sw_bytes text,
                    struct sw_diag *d);
void sw_records_fini(struct sw_records *r);

/* A new record at the end, its fields yet to be filled in; NULL when memory is out. */
struct sw_record *sw_records_add(struct sw_records *r);
/* The order of sw_records.v: negative, zero or positive.  TTLs and lines don't count. */
int sw_record_compare(const struct sw_record *a, const struct sw_record *b);
/* The zone's serial: that of the SOA at the apex; false when there is none. */
bool sw_records_serial(const struct sw_records *r, uint32_t *serial);
/* The SOA at the apex, or NULL. */
struct sw_record *sw_records_soa(const struct sw_records *r);

#endif
