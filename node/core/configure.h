/* SPDX-License-Identifier: GPL-3.0-or-later
 * Taking a configuration: the first one starts the node, later ones change it without dropping a
 * query. */
#ifndef SW_CORE_CONFIGURE_H
#define SW_CORE_CONFIGURE_H

struct sw_node;

/* CONFIGURE.  Refused as a whole, with a TRACE that says why, or accepted as a whole.
 * Errors: SW_ERR_RANGE, SW_ERR_NOTFOUND (policy or parameter), SW_ERR_STATE (draining),
 * SW_ERR_NOMEM: the configuration before stays. */
int sw_configure(struct sw_node *n);

/* Submit zone jobs and dial, where the state allows it: after a configuration and after the
 * entropy that the first one waited for. */
void sw_configure_carry_out(struct sw_node *n);

#endif
