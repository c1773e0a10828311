/* SPDX-License-Identifier: GPL-3.0-or-later
 * Stubs that behave as systemd-resolved does, from version 254 on, with DNSSEC and DNS over TLS
 * off.  From its sources (src/resolve/): resolved-dns-transaction.c, resolved-dns-server.c,
 * resolved-dns-cache.c, resolved-timeouts.h, resolved-def.h.
 *
 * - A client has a current server and stays with it.  A time-out, 5 s by UDP and 10 s by TCP, makes
 *   the next of the list current, for all its queries, unless another query did so before; round
 *   and round, 24 transmissions or 120 s in all.
 * - SERVFAIL, FORMERR and NOTIMP: the same server is asked again, after a first SERVFAIL in the
 *   same way, otherwise on a lower feature level, without EDNS; on the lowest of UDP, and after
 *   REFUSED, the next server is asked, as long as not all were asked for this query.  What is left
 *   is the answer: the query failed.
 * - Feature levels, of each server: UDP with EDNS, UDP, TCP.  Three losses in a row on a level that
 *   has never worked lower it by one; three failures of TCP raise it to UDP.  A level that worked
 * is kept for 5 min, then the highest is tried again, after twice the time from there on (6 h at
 *   most).
 * - Its cache answers what it holds: 2 h at most; a change of servers empties it.
 *
 * Left out: SERVFAIL in the cache, at most 4,096 records in it, one transaction for equal questions
 * asked at once, stale answers, and the level's fall when an answer lacks OPT. */
#ifndef SIM_CLIENT_RESOLVED_H
#define SIM_CLIENT_RESOLVED_H

#include "node/base/types.h"

#define SIM_RESOLVED_STREAM_TIMEOUT (10 * SW_SEC) /* TRANSACTION_TCP_TIMEOUT_USEC */

struct query;
struct sim_question;
struct sim_resolved;

/* What @clients stubs with @servers addresses each know. */
struct sim_resolved *sim_resolved_new(uint64_t clients, size_t servers);
void sim_resolved_free(struct sim_resolved *r);

/* Does @client's cache hold the answer to @a at @now? */
bool sim_resolved_knows(const struct sim_resolved *r, uint32_t client, const struct sim_question *a,
                        sw_time now);

/* Which address @q is sent to next; UINT32_MAX: none, the stub gives up.  Sets @q's level. */
uint32_t sim_resolved_choose(struct query *q, sw_time now);
/* No answer came in time. */
void sim_resolved_lost(struct query *q);
/* The server failed with @rcode.  True: ask again, wherever choose says. */
bool sim_resolved_failed(struct query *q, unsigned rcode);
/* An answer that did not fit: the stub turns to TCP. */
void sim_resolved_truncated(struct query *q);
/* The answer @m, NOERROR or NXDOMAIN, is accepted. */
void sim_resolved_answered(struct query *q, struct sw_bytes m, sw_time now);

#endif
