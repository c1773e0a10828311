/* SPDX-License-Identifier: GPL-3.0-or-later
 * The DNS questions in a capture file, read with libpcap. */
#define _DEFAULT_SOURCE /* pcap.h wants u_int */
#include "sim/scenario/packet.h"
#include "sim/scenario/replay.h"

#include <pcap/pcap.h>

#include <stdlib.h>
#include <string.h>

/* glibc sends again after 5 and 10 s.  (systemd-resolved does after 5 s, with another ID: that
 * can't be told from a new question.) */
#define REPETITION (15 * SW_SEC)
#define MAX_SECONDS INT64_C(17179869184) /* 2^34: a time stamp that is none */

struct reading {
    const char *file;
    pcap_t *pcap;
    struct sim_replay *out;
    struct sw_map sources; /* address to its number + 1 */
    struct sw_map recent;  /* source, port, ID and question to when it was first asked, + 1 */
    struct sw_map older;   /* the same, of the REPETITION before @since */
    sw_time since;
    sw_time last; /* question */
    size_t packets;
    size_t counts[SIM_PACKET_KINDS];
    size_t repetitions;
    struct sw_diag *d;
};

static int fail(const struct reading *r, int err, const char *what)
{
    return sw_diag_set(r->d, err, "%.100s: packet %zu: %.120s", r->file, r->packets, what);
}

static int source_of(struct reading *r, const struct sim_packet *p, uint32_t *out)
{
    const struct sw_bytes key = { p->source, sizeof p->source };
    const uintptr_t known = (uintptr_t)sw_map_get(&r->sources, key);
    if (known != 0) {
        *out = (uint32_t)(known - 1);
        return 0;
    }
    *out = r->out->sources++;
    return sw_map_put(&r->sources, key, (void *)(uintptr_t)r->out->sources, NULL);
}

/* Questions as old as matters are in two maps, of which the older is dropped whole: what is kept is
 * what half a minute asks, whatever the capture. */
static void turn(struct reading *r, sw_time at)
{
    if (at - r->since < REPETITION) {
        return;
    }
    sw_map_fini(&r->older);
    if (at - r->since < 2 * REPETITION) {
        r->older = r->recent;
    } else {
        sw_map_fini(&r->recent);
        r->older = (struct sw_map){ 0 };
    }
    r->recent = (struct sw_map){ 0 };
    r->since = at;
}

/* Was the same asked by the same a moment ago?  Remembers that it was first asked at @at: who asks
 * every 10 s with one port and ID is a monitor, not a stub that repeats itself for ever. */
static int repeats(struct reading *r, const struct sim_packet *p, uint32_t source, sw_time at,
                   bool *out)
{
    uint8_t key[10 + SW_DNAME_MAX];
    const uint16_t numbers[3] = { p->port, p->id, p->type };
    memcpy(key, &source, 4);
    memcpy(key + 4, numbers, 6);
    memcpy(key + 10, p->name, p->len);
    const struct sw_bytes k = { key, 10 + p->len };
    turn(r, at);
    uintptr_t before = (uintptr_t)sw_map_get(&r->recent, k);
    before = before != 0 ? before : (uintptr_t)sw_map_get(&r->older, k);
    *out = before != 0 && at - (before - 1) < REPETITION;
    return *out ? 0 : sw_map_put(&r->recent, k, (void *)(uintptr_t)(at + 1), NULL);
}

static int question(struct reading *r, const struct sim_packet *p, sw_time at)
{
    struct sim_asked a = { .type = p->type, .edns = p->edns };
    bool again = false;
    int err = source_of(r, p, &a.source);
    if (err == 0) {
        at = r->out->n > 0 && at < r->last ? r->last : at; /* recorded a little late */
        err = repeats(r, p, a.source, at, &again);
    }
    if (err == 0 && again) {
        r->repetitions++;
        return 0;
    }
    a.after = r->out->n > 0 ? at - r->last : 0;
    r->last = at;
    return err == 0 ? sim_replay_add(r->out, p->name, p->len, a) : err;
}

static int packet(struct reading *r, const struct pcap_pkthdr *h, const uint8_t *bytes)
{
    struct sim_packet p;
    if (h->ts.tv_sec < 0 || h->ts.tv_sec > MAX_SECONDS || h->ts.tv_usec < 0 ||
        h->ts.tv_usec >= 1000000000) {
        return fail(r, SW_ERR_MALFORMED, "its time stamp is none");
    }
    const enum sim_packet_kind kind =
        sim_packet_read(pcap_datalink(r->pcap), bytes, h->caplen, h->len, &p);
    r->counts[kind]++;
    if (kind != SIM_PACKET_QUESTION) {
        return 0;
    }
    const int err =
        question(r, &p, (sw_time)h->ts.tv_sec * SW_SEC + (sw_time)h->ts.tv_usec); /* ns, as asked */
    return err == 0 ? 0 : fail(r, err, sw_strerror(err));
}

static int packets(struct reading *r)
{
    struct pcap_pkthdr *h;
    const uint8_t *bytes;
    int got;
    int err = 0;
    if (!sim_packet_link_known(pcap_datalink(r->pcap))) {
        const int link = pcap_datalink(r->pcap);
        const char *name = pcap_datalink_val_to_name(link);
        return sw_diag_set(r->d, SW_ERR_MALFORMED,
                           "%.100s: frames of link type %d (%.40s) are not understood (expected "
                           "Ethernet, Linux cooked, BSD loopback or raw IP)",
                           r->file, link, name != NULL ? name : "unknown");
    }
    while (err == 0 && (got = pcap_next_ex(r->pcap, &h, &bytes)) == 1) {
        r->packets++;
        err = packet(r, h, bytes);
    }
    if (err == 0 && got == PCAP_ERROR) {
        r->packets++;
        err = fail(r, SW_ERR_MALFORMED, pcap_geterr(r->pcap));
    }
    return err;
}

/* What was found and what was left out; an error when there is no question. */
static int sum_up(struct reading *r)
{
    const size_t *n = r->counts;
    char others[192];
    (void)snprintf(others, sizeof others,
                   "%zu answers, %zu of other opcodes or classes, %zu TCP, %zu fragments, %zu cut "
                   "short, %zu malformed",
                   n[SIM_PACKET_ANSWER], n[SIM_PACKET_UNUSUAL], n[SIM_PACKET_TCP],
                   n[SIM_PACKET_FRAGMENT], n[SIM_PACKET_CUT], n[SIM_PACKET_MALFORMED]);
    if (r->out->n == 0) {
        return sw_diag_set(r->d, SW_ERR_MALFORMED,
                           "%.100s: no DNS question by UDP to port 53 in its %zu packets (%s)",
                           r->file, r->packets, others);
    }
    (void)snprintf(r->out->summary, sizeof r->out->summary,
                   "%.60s: %zu questions of %u sources; left out: %zu retransmissions, %s", r->file,
                   r->out->n, r->out->sources, r->repetitions, others);
    return 0;
}

int sim_capture_read(FILE *f, const char *name, struct sim_replay *out, struct sw_diag *d)
{
    char why[PCAP_ERRBUF_SIZE] = "";
    struct reading r = { .file = name, .out = out, .d = d };
    r.pcap = pcap_fopen_offline_with_tstamp_precision(f, PCAP_TSTAMP_PRECISION_NANO, why);
    if (r.pcap == NULL) {
        (void)fclose(f);
        return sw_diag_set(d, SW_ERR_MALFORMED, "%.100s: no capture file: %.120s", name, why);
    }
    int err = packets(&r);
    if (err == 0) {
        err = sum_up(&r);
    }
    pcap_close(r.pcap);
    sw_map_fini(&r.sources);
    sw_map_fini(&r.recent);
    sw_map_fini(&r.older);
    return err;
}
