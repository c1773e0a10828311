/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where two runs part. */
#include "sim/verbs/checkpoint.h"
#include "sim/verbs/verb.h"

#include <string.h>

/* A line of the form "time events hash"; its fields are compared as texts. */
struct checkpoint {
    bool there;
    char at[40], events[40], hash[40];
};

static struct checkpoint next_checkpoint(FILE *from)
{
    struct checkpoint c = { 0 };
    char line[128];
    c.there = fgets(line, sizeof line, from) != NULL &&
              sscanf(line, "%39s %39s %39s", c.at, c.events, c.hash) == 3;
    return c;
}

static bool same(const struct checkpoint *a, const struct checkpoint *b)
{
    return a->there == b->there && strcmp(a->events, b->events) == 0 &&
           strcmp(a->hash, b->hash) == 0;
}

int sim_compare_checkpoints(FILE *one, FILE *other, const char *seed, FILE *to)
{
    struct checkpoint last = { 0 };
    for (;;) {
        const struct checkpoint a = next_checkpoint(one);
        const struct checkpoint b = next_checkpoint(other);
        if (!same(&a, &b)) {
            (void)fprintf(
                to, "seed %s: DIFFERENT between %s s (event %s, the last equal hash) and %s s\n",
                seed, last.there ? last.at : "0", last.there ? last.events : "0",
                a.there ? a.at : b.at);
            return SIM_EXIT_FAILED;
        }
        if (!a.there) {
            (void)fprintf(to, "seed %s: equal, trace hash %s after %s events\n", seed, last.hash,
                          last.events);
            return last.there ? SIM_EXIT_OK : SIM_EXIT_INTERNAL;
        }
        last = a;
    }
}
