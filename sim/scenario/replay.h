/* SPDX-License-Identifier: GPL-3.0-or-later
 * Questions that a group of clients asks in order: those of a query file, or of a capture with
 * their times and sources. */
#ifndef SIM_REPLAY_H
#define SIM_REPLAY_H

#include "node/base/err.h"
#include "node/base/map.h"
#include "node/base/types.h"

#include <stdio.h>

struct sim_asked {
    sw_dur after;    /* the question before it; 0 in a query file */
    uint32_t source; /* who asked, from 0 in order of appearance; 0 in a query file */
    uint32_t name;
    uint16_t type;
    bool edns; /* with an OPT record; not known of a query file */
};

struct sim_asked_name {
    uint8_t *wire; /* letters' case as read */
    bool outside;  /* in no zone of the scenario: REFUSED is the right answer */
};

struct sim_replay {
    struct sim_asked *asked;
    size_t n;
    struct sim_asked_name *names; /* each once */
    size_t n_names;
    uint32_t sources;  /* 0: a query file, which knows neither sources nor times */
    char summary[384]; /* for people: what was read of which file, and what was left out */
    struct sw_map by_wire;
    size_t cap, cap_names;
};

void sim_replay_fini(struct sim_replay *r);

/* Add a question for @wire (a well-formed name of @len bytes).
 * Errors: SW_ERR_NOMEM, SW_ERR_FULL (2^32 names). */
int sim_replay_add(struct sim_replay *r, const uint8_t *wire, size_t len, struct sim_asked a);

/* Read a query file as dnsperf does: NAME TYPE a line, class IN; empty lines and lines that begin
 * with ';' are skipped; more words are an error.  The diag reads "@name:line: what is wrong".
 * Errors: SW_ERR_MALFORMED (also when there is no question), SW_ERR_IO, SW_ERR_NOMEM. */
int sim_queries_read(FILE *f, const char *name, struct sim_replay *out, struct sw_diag *d);

/* Read a pcap or pcapng file: every DNS question in a UDP datagram to port 53 over IPv4 or IPv6,
 * from Ethernet with VLAN tags, Linux cooked, BSD loopback or raw IP frames.  A repetition by the
 * same source, port, ID and question within 15 s of the first is a stub's retransmission and left
 * out: the replaying stub makes its own.  One with a new ID, as systemd-resolved's, is asked.  Left
 * out as well: TCP, datagrams beyond the first fragment,
 * what the snapshot length cut off, and other opcodes and classes than QUERY and IN.  Takes @f.
 * The diag reads "@name: packet N: what is wrong".
 * Errors: SW_ERR_MALFORMED (no such file, a link type not named above, no question in it),
 * SW_ERR_NOMEM. */
int sim_capture_read(FILE *f, const char *name, struct sim_replay *out, struct sw_diag *d);

/* The number of a type from its mnemonic or TYPEnnn (RFC 3597).  Errors: SW_ERR_NOTFOUND. */
int sim_type_from_text(const char *text, uint16_t *out);
/* And back. */
void sim_type_to_text(uint16_t type, char out[16]);

#endif
