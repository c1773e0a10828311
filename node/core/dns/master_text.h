/* SPDX-License-Identifier: GPL-3.0-or-later
 * A zone as the text of a master file (RFC 1035, 5), for people to go on editing. */
#ifndef SW_DNS_MASTER_TEXT_H
#define SW_DNS_MASTER_TEXT_H

#include "node/base/buf.h"
#include "node/core/dns/records.h"

/* Append @r, a record a line, names in full; data of types that are not common in the generic form
 * (RFC 3597, 5).  Errors: SW_ERR_NOMEM. */
int sw_master_text_put(const struct sw_records *r, struct sw_blob *out);

#endif
