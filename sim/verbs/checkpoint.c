/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where two runs part. */
#include "sim/verbs/checkpoint.h"
#include "sim/verbs/verb.h"

#include <stdlib.h>
#include <string.h>

#define CHECKPOINTS 1000U

/* ---- writing ---- */

int sim_write_checkpoints(struct sim_world *w, FILE *to)
{
    const sw_dur duration = sim_world_scenario(w)->duration;
    struct sim_result r = { 0 };
    int err = 0;
    /* After a complaint both must have stopped alike: the hashes so far are compared. */
    for (uint64_t i = 1; err == 0 && i <= CHECKPOINTS && r.complaint[0] == '\0'; i++) {
        err = sim_world_run(w, i == CHECKPOINTS ? duration : duration / CHECKPOINTS * i, &r);
        (void)fprintf(to, "%.9f %llu %016llx\n", (double)sim_world_now(w) * 1e-9,
                      (unsigned long long)r.events, (unsigned long long)r.trace_hash);
    }
    return err;
}

struct writing {
    struct sim_world *w;
    FILE *to;
};

static void on_traced(void *self, uint32_t entity, uint32_t kind, uint64_t hash)
{
    const struct writing *x = self;
    (void)fprintf(x->to, "%llu %u %u %016llx\n", (unsigned long long)sim_world_now(x->w), entity,
                  kind, (unsigned long long)hash);
}

int sim_write_traced(struct sim_world *w, const struct sim_gap *gap, FILE *to)
{
    struct writing x = { w, to };
    struct sim_result r;
    int err = gap->from > 0 ? sim_world_run(w, gap->from, &r) : 0;
    if (err == 0) {
        sim_world_tell_trace(w, on_traced, &x);
        err = sim_world_run(w, gap->until, &r);
    }
    return err;
}

/* ---- comparing ---- */

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

static sw_time time_of(const struct checkpoint *c)
{
    return c->there ? (sw_time)(strtod(c->at, NULL) * 1e9 + 0.5) : 0;
}

int sim_compare_checkpoints(FILE *one, FILE *other, const char *seed, FILE *to, struct sim_gap *gap)
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
            gap->from = time_of(&last);
            gap->until = time_of(&a) > time_of(&b) ? time_of(&a) : time_of(&b);
            return SIM_EXIT_FAILED;
        }
        if (!a.there && !last.there) {
            return SIM_EXIT_INTERNAL; /* neither lived to see one */
        }
        if (!a.there) {
            (void)fprintf(to, "seed %s: equal, trace hash %s after %s events\n", seed, last.hash,
                          last.events);
            return SIM_EXIT_OK;
        }
        last = a;
    }
}

/* What one run did, in words; @line is one of sim_write_traced's, or "" at its end. */
static void say(const char *which, const char *line, const struct sim_scenario *s, FILE *to)
{
    char text[160];
    char *end = NULL;
    const unsigned long long at = strtoull(line, &end, 10);
    const uint32_t entity = (uint32_t)strtoul(end, &end, 10);
    const uint32_t kind = (uint32_t)strtoul(end, &end, 10);
    if (*end != ' ') { /* before the hash */
        (void)fprintf(to, "  %s: nothing more before the next checkpoint\n", which);
        return;
    }
    sim_traced_text(s, entity, kind, text);
    (void)fprintf(to, "  %s: at %.9f s %s\n", which, (double)at * 1e-9, text);
}

static void next_line(FILE *from, char line[128])
{
    if (fgets(line, 128, from) == NULL) {
        line[0] = '\0';
    }
}

bool sim_compare_traced(FILE *one, FILE *other, const struct sim_scenario *s, FILE *to)
{
    char a[128];
    char b[128];
    do {
        next_line(one, a);
        next_line(other, b);
        if (strcmp(a, b) != 0) {
            (void)fprintf(to, "the first event that differs:\n");
            say("one run", a, s, to);
            say("the other", b, s, to);
            return true;
        }
    } while (a[0] != '\0');
    (void)fprintf(to, "two more runs do not differ there\n");
    return false;
}
