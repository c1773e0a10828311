/* SPDX-License-Identifier: GPL-3.0-or-later
 * Any bytes as a query file: questions or an error that explains itself, never a crash. */
#define _POSIX_C_SOURCE 200809L
#include "node/core/dns/name.h"
#include "sim/scenario/replay.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sim_replay r = { 0 };
    struct sw_diag d = { "" };
    uint8_t *copy = malloc(size + 1);
    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, data, size);
    FILE *f = size > 0 ? fmemopen(copy, size, "r") : NULL;
    if (f != NULL) {
        if (sim_queries_read(f, "fuzz", &r, &d) != 0 && d.text[0] == '\0') {
            __builtin_trap(); /* every refusal explains itself */
        }
        (void)fclose(f);
    }
    for (size_t i = 0; i < r.n_names; i++) {
        if (sw_dname_len(r.names[i].wire) > SW_DNAME_MAX) {
            __builtin_trap();
        }
    }
    sim_replay_fini(&r);
    free(copy);
    return 0;
}
