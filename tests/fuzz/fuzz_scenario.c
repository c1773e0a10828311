/* SPDX-License-Identifier: GPL-3.0-or-later
 * Any bytes as a scenario file: an error that says where and what, or a scenario, never a crash.
 * Files that it names do not exist: it could name a terminal, or anything on this machine. */
#include "sim/scenario/scenario.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);

static bool parsing;

FILE *__wrap_fopen(const char *path, const char *mode)
{
    if (!parsing) {
        return __real_fopen(path, mode); /* the corpus */
    }
    errno = ENOENT;
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sim_scenario *s = NULL;
    struct sw_diag d = { 0 };
    parsing = true;
    const int err = sim_scenario_parse("fuzz/x.yaml", (const char *)data, size, NULL, &s, &d);
    parsing = false;
    if (err == 0) {
        sim_scenario_free(s);
    } else if (d.text[0] == '\0' || s != NULL) {
        __builtin_trap(); /* every refusal explains itself, and leaves nothing */
    }
    return 0;
}
