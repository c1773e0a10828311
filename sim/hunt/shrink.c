/* SPDX-License-Identifier: GPL-3.0-or-later
 * Shrinking a failing scenario, part by part. */
#define _POSIX_C_SOURCE 200809L
#include "sim/hunt/shrink.h"

#include "sim/hunt/ddmin.h"
#include "sim/world/pool.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS 4U           /* what one kind's going allows another's; almost always two do */
#define MOST_COPIES 4U      /* tried below it */
#define GRAIN (100 * SW_MS) /* of the duration */
/* Small enough to be understood.  A race is gone when a node is, by luck alone: where more is left,
 * each candidate has so many other seeds to fail with. */
#define FEW_FAULTS 2U
#define FEW_NODES 3U
#define MORE_SEEDS 20U

struct shrinking {
    const struct sim_shrink *in;
    struct sim_shrunk *out;
    struct sim_sketch sketch;
    bool *keep;
    struct sim_sketch_way way;
    unsigned more_seeds; /* that a candidate may fail with */
    struct sw_diag *d;
    int err;
};

/* ---- one try ---- */

/* The scenario that @way says; false when it is none. */
static bool write_candidate(struct shrinking *s, const struct sim_sketch_way *way,
                            struct sw_blob *text)
{
    char *data = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&data, &len);
    if (to == NULL) {
        sim_out_of_memory("a scenario");
    }
    const bool whole = sim_sketch_write(&s->sketch, way, to);
    if (fclose(to) != 0) {
        sim_out_of_memory("a scenario");
    }
    *text = (struct sw_blob){ (uint8_t *)data, len, len };
    return whole;
}

/* Whether @way fails by the same oracle; then it is the smallest so far. */
static bool fails_as(struct shrinking *s, const struct sim_sketch_way *way,
                     struct sim_world_options how)
{
    struct sw_blob text = { 0 };
    struct sim_finding found = { .unusable = true };
    const bool over = s->err != 0 || s->out->trials >= s->in->most_trials;
    if (!over && write_candidate(s, way, &text)) {
        struct sim_trial t = s->in->trial;
        t.text = (const char *)text.data;
        t.len = text.len;
        t.how = how;
        t.seed = way->seed;
        t.quiet = true;
        s->err = sim_trial_run(&t, &found, s->d);
        s->out->trials++;
    }
    if (found.unusable || s->err != 0 || found.r.complaint[0] == '\0' ||
        strcmp(found.r.oracle, s->in->finding.r.oracle) != 0) {
        sw_blob_fini(&text);
        return false;
    }
    sw_blob_fini(&s->out->text);
    s->out->text = text;
    s->out->finding = found;
    s->out->how = how;
    return true;
}

/* With the seed so far, or another that it may fail with; later tries begin with that. */
static bool fails_by_luck(struct shrinking *s, struct sim_sketch_way *way)
{
    for (unsigned i = 0; i <= s->more_seeds; i++) {
        way->seed = s->way.seed + i;
        if (fails_as(s, way, s->out->how)) {
            s->way.seed = way->seed;
            return true;
        }
    }
    return false;
}

static bool fails_with(void *self, const bool *keep)
{
    struct shrinking *s = self;
    struct sim_sketch_way way = s->way;
    way.keep = keep;
    const bool fails = fails_by_luck(s, &way);
    if (s->in->on_trial != NULL) {
        way.keep = s->keep;
        s->in->on_trial(s->in->self, s->out->trials,
                        sim_sketch_count(&s->sketch, &way, SIM_PART_FAULT),
                        sim_sketch_count(&s->sketch, &way, SIM_PART_NODE));
    }
    return fails;
}

/* ---- what is taken away ---- */

static bool shrink_kind(struct shrinking *s, enum sim_part_kind kind)
{
    size_t *members = sim_alloc((s->sketch.n + 1) * sizeof *members);
    size_t n = 0;
    for (size_t i = 0; i < s->sketch.n; i++) {
        if (s->sketch.parts[i].kind == kind && s->keep[i]) {
            members[n++] = i;
        }
    }
    const bool less = sim_ddmin(s->keep, members, n, fails_with, s) < n;
    free(members);
    return less;
}

/* A run's end a little after the complaint; if that won't do (what complains at the end looks at
 * all of it), halve what is left between a time that is too short and one that is not. */
static bool shrink_time(struct shrinking *s)
{
    const sw_dur whole = s->way.duration;
    const sw_time at = s->out->finding.r.complained_at;
    sw_dur high = whole;
    sw_dur low = 0;
    const sw_dur soon = (at / GRAIN + 1) * GRAIN;
    if (soon < high) {
        struct sim_sketch_way way = s->way;
        way.duration = soon;
        if (fails_as(s, &way, s->out->how)) {
            s->way.duration = soon;
            return true;
        }
        low = soon;
    }
    while (high - low > whole / 16 + GRAIN) {
        struct sim_sketch_way way = s->way;
        way.duration = (low + (high - low) / 2) / GRAIN * GRAIN;
        if (way.duration >= SW_SEC && fails_as(s, &way, s->out->how)) {
            high = way.duration;
        } else {
            low = way.duration;
        }
    }
    s->way.duration = high;
    return high < whole;
}

/* Fewer copies of what is protected need fewer nodes. */
static void shrink_copies(struct shrinking *s)
{
    for (uint32_t copies = 1; copies < MOST_COPIES; copies++) {
        struct sim_sketch_way way = s->way;
        way.copies = copies;
        if (fails_by_luck(s, &way)) {
            s->way.copies = copies;
            return;
        }
    }
}

static void count(const struct shrinking *s, size_t out[SIM_PART_KINDS])
{
    for (unsigned k = 0; k < SIM_PART_KINDS; k++) {
        out[k] = sim_sketch_count(&s->sketch, &s->way, k);
    }
}

static bool is_small(const struct shrinking *s)
{
    return sim_sketch_count(&s->sketch, &s->way, SIM_PART_FAULT) <= FEW_FAULTS &&
           sim_sketch_count(&s->sketch, &s->way, SIM_PART_NODE) <= FEW_NODES;
}

static void shrink_rounds(struct shrinking *s)
{
    static const enum sim_part_kind order[] = { SIM_PART_FAULT,     SIM_PART_REGION,
                                                SIM_PART_NODE,      SIM_PART_CLIENTS,
                                                SIM_PART_OPERATION, SIM_PART_UPSTREAM };
    for (unsigned round = 0; round < ROUNDS; round++) {
        bool less = false;
        for (size_t i = 0; i < SW_LEN(order); i++) {
            less |= shrink_kind(s, order[i]);
        }
        less |= shrink_time(s);
        if (!less) {
            break;
        }
    }
}

static void shrink_all(struct shrinking *s)
{
    (void)shrink_time(s);
    shrink_copies(s);
    shrink_rounds(s);
    if (!is_small(s)) {
        s->more_seeds = MORE_SEEDS;
        s->way.duration = sim_sketch_duration(&s->sketch); /* other seeds need other times */
        shrink_copies(s);
        shrink_rounds(s);
    }
}

/* As simply as it can: without bad luck and shuffled ties, with one of them, with both. */
static bool fails_somehow(struct shrinking *s)
{
    const struct sim_world_options most = s->in->trial.how;
    for (unsigned i = 0; i < 4; i++) {
        struct sim_world_options how = most;
        how.shuffle_ties = (i & 1) != 0;
        how.buggify = (i & 2) != 0;
        if ((!how.shuffle_ties || most.shuffle_ties) && (!how.buggify || most.buggify) &&
            fails_as(s, &s->way, how)) {
            return true;
        }
    }
    return false;
}

int sim_shrink(const struct sim_shrink *in, struct sim_shrunk *out, struct sw_diag *d)
{
    struct shrinking s = { .in = in, .out = out, .d = d };
    const struct sim_trial *t = &in->trial;
    *out = (struct sim_shrunk){ .how = t->how };
    int err = sim_sketch_parse(t->path, t->text, t->len, in->configuration, &s.sketch, d);
    if (err != 0) {
        return err;
    }
    s.keep = sim_alloc(s.sketch.n + 1);
    memset(s.keep, true, s.sketch.n + 1);
    /* An oracle that watches alone sees the same; a process may die in any of them. */
    const bool died = strcmp(in->finding.r.oracle, SIM_TRIAL_DIED) == 0;
    s.way = (struct sim_sketch_way){ .keep = s.keep,
                                     .duration = sim_sketch_duration(&s.sketch),
                                     .seed = t->seed,
                                     .oracle = died ? NULL : in->finding.r.oracle,
                                     .remark = "What is left of a failing scenario." };
    count(&s, out->before);
    if (!fails_somehow(&s)) {
        err = s.err != 0
                  ? s.err
                  : sw_diag_set(d, SW_ERR_STATE, "the scenario, written again, does not fail");
    } else {
        shrink_all(&s);
        count(&s, out->after);
        err = s.err;
    }
    free(s.keep);
    sim_sketch_fini(&s.sketch);
    return err;
}
