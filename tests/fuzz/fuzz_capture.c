/* SPDX-License-Identifier: GPL-3.0-or-later
 * Any bytes as a capture: questions or an error that explains itself, never a crash. */
#define _POSIX_C_SOURCE 200809L
#include "sim/scenario/packet.h"
#include "sim/scenario/replay.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte chooses the link type, the rest is one frame; without libpcap around it. */
static void frame(const uint8_t *data, size_t size)
{
    struct sim_packet p;
    const enum sim_packet_kind kind =
        sim_packet_read(data[0], data + 1, size - 1, size - (data[0] & 1U), &p);
    if (kind >= SIM_PACKET_KINDS ||
        (kind == SIM_PACKET_QUESTION && sw_dname_check(p.name, p.len) != p.len)) {
        __builtin_trap();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sim_replay r = { 0 };
    struct sw_diag d = { "" };
    if (size == 0) {
        return 0;
    }
    frame(data, size);
    uint8_t *copy = malloc(size);
    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, data, size);
    FILE *f = fmemopen(copy, size, "r");
    if (f != NULL && sim_capture_read(f, "fuzz", &r, &d) != 0 && d.text[0] == '\0') {
        __builtin_trap(); /* every refusal explains itself */
    }
    sim_replay_fini(&r);
    free(copy);
    return 0;
}
