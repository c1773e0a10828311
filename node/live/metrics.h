/* SPDX-License-Identifier: GPL-3.0-or-later
 * Metrics for Prometheus: its text format 0.0.4 over plain HTTP, GET /metrics. */
#ifndef SW_LIVE_METRICS_H
#define SW_LIVE_METRICS_H

#include "node/base/buf.h"
#include "node/live/host.h"

struct live_metrics;

#define LIVE_METRICS_MAX 16 /* connections at once */

/* Listen on @address.  Errors: SW_ERR_MALFORMED, SW_ERR_BUSY (address in use), SW_ERR_DENIED,
 * SW_ERR_IO, SW_ERR_NOMEM; @d names the address. */
int live_metrics_start(struct live_host *h, const char *address, struct live_metrics **out,
                       struct sw_diag *d);
/* Close everything; the loop ends it.  NULL is fine. */
void live_metrics_stop(struct live_metrics *m);
/* When the loop has ended. */
void live_metrics_free(struct live_metrics *m);

/* metrics_text.c: the page.  Errors: SW_ERR_NOMEM. */
int live_metrics_write(const struct live_host *h, struct sw_blob *out);

#endif
