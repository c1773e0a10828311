/* SPDX-License-Identifier: GPL-3.0-or-later
 * Stub resolvers, by groups.  Arrivals of a group are one Poisson stream, whose rate may follow the
 * day, and each query's number says which client asks; or a capture says when who asked what.
 *
 * A stub behaves as systemd-resolved does (client_resolved.h), or as resolv.conf(5) describes, and
 * then its client holds no memory while it has no query: it sends to the first server (with
 * rotation: to one drawn by the query), after the time-out to the next, and gives up after
 * @attempts rounds over the list.  It accepts an answer from the server that it waits for, with the
 * same ID and question; SERVFAIL, NOTIMP, REFUSED and FORMERR send it to the next server at once; a
 * truncated answer makes it ask that server again over TCP.
 *
 * A name of a replay that lies in no zone of the scenario has one right answer, REFUSED: a stub
 * that ends with it got its answer, after it asked as many servers as its rules say. */
#ifndef SIM_CLIENT_H
#define SIM_CLIENT_H

#include "sim/world/host.h"

/* Errors: SW_ERR_NOTFOUND (region, server or zone), SW_ERR_RANGE, SW_ERR_MALFORMED (the zone). */
int sim_clientele_new(struct sim_world *w, struct sim_clientele **out, struct sw_diag *d);
void sim_clientele_free(struct sim_clientele *c);
/* Ask from now on. */
void sim_clientele_start(struct sim_clientele *c);

/* A datagram leaves a node for a client: taken. */
void sim_clientele_reply(struct sim_clientele *c, struct sim_datagram *d);
/* A node writes @data (whole messages with their lengths) to a client's stream, or closes it. */
void sim_clientele_stream(struct sim_clientele *c, uint32_t host, uint64_t stream,
                          struct sw_bytes data, struct sim_luck luck);
void sim_clientele_stream_closed(struct sim_clientele *c, uint32_t host, uint64_t stream);
/* Clients of @region ask @crowd times as often as usual, and @attack times as often beside that
 * for names that do not exist.  From each group's next query on. */
void sim_clientele_load(struct sim_clientele *c, uint32_t region, double crowd, double attack);
/* Nodes went or came back, or packets take other ways. */
void sim_clientele_paths_changed(struct sim_clientele *c);
/* The network of a region went off or on. */
void sim_clientele_dark(struct sim_clientele *c, uint32_t region, bool begins);

#endif
