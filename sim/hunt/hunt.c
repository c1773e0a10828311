/* SPDX-License-Identifier: GPL-3.0-or-later
 * Seed after seed, several at once. */
#define _POSIX_C_SOURCE 200809L
#include "sim/hunt/hunt.h"

#include "node/base/rng.h"
#include "sim/hunt/draw.h"
#include "sim/world/pool.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define MOST_TRIALS 1000U /* of the shrinker */
#define LOOK_EVERY_MS 250
#define ZONE "hunt.zone"

struct worker {
    struct sim_trying trying;
    uint64_t seed;
};

struct hunting {
    const struct sim_hunt *h;
    struct sim_hunt_result *out;
    struct sim_scenario **bases; /* a given scenario */
    struct worker *workers;
    struct pollfd *polls;
    uint64_t next; /* seed */
    double began;  /* s */
    struct sw_diag *d;
};

static double now_seconds(void)
{
    struct timespec t;
    return clock_gettime(CLOCK_MONOTONIC, &t) == 0 ? (double)t.tv_sec + 1e-9 * (double)t.tv_nsec
                                                   : 0;
}

/* ---- files ---- */

static int write_file(const char *path, const void *data, size_t len, struct sw_diag *d)
{
    FILE *f = fopen(path, "wb");
    const bool whole = f != NULL && fwrite(data, 1, len, f) == len;
    if (f == NULL || fclose(f) != 0 || !whole) {
        return sw_diag_set(d, SW_ERR_IO, "%.150s: %s", path, strerror(errno));
    }
    return 0;
}

static int prepare(struct hunting *g)
{
    char path[640];
    if (mkdir(g->h->out, 0777) != 0 && errno != EEXIST) {
        return sw_diag_set(g->d, SW_ERR_IO, "%.150s: %s", g->h->out, strerror(errno));
    }
    (void)snprintf(path, sizeof path, "%.600s/%s", g->h->out, ZONE);
    int err =
        g->h->n_scenarios == 0 ? write_file(path, sim_draw_zone, strlen(sim_draw_zone), g->d) : 0;
    g->bases = sim_calloc(g->h->n_scenarios + 1, sizeof(struct sim_scenario *));
    for (size_t i = 0; i < g->h->n_scenarios && err == 0; i++) {
        err = sim_scenario_load(g->h->scenarios[i], NULL, &g->bases[i], g->d);
    }
    return err;
}

/* ---- one seed's scenario ---- */

/* A given scenario with drawn faults below its own. */
static int disturb(struct hunting *g, uint64_t seed, size_t which, FILE *to)
{
    const struct sim_scenario *s = g->bases[which];
    struct sim_sketch sketch;
    const int err =
        sim_sketch_parse(s->path, (const char *)s->text.data, s->text.len, NULL, &sketch, g->d);
    if (err != 0) {
        return err;
    }
    const struct sim_sketch_way way = { .seed = seed };
    (void)sim_sketch_write(&sketch, &way, to);
    sim_draw_faults(to, seed, s, sim_sketch_count(&sketch, &way, SIM_PART_FAULT) == 0);
    sim_sketch_fini(&sketch);
    return 0;
}

/* What seed @seed runs: always the same text for the same hunt. */
static int draw(struct hunting *g, uint64_t seed, struct sw_blob *text)
{
    char *data = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&data, &len);
    int err = 0;
    if (to == NULL) {
        sim_out_of_memory("a scenario");
    }
    if (g->h->n_scenarios == 0) {
        sim_draw_scenario(to, seed, ZONE);
    } else {
        err = disturb(g, seed, (size_t)(seed % g->h->n_scenarios), to);
    }
    if (fclose(to) != 0) {
        sim_out_of_memory("a scenario");
    }
    *text = (struct sw_blob){ (uint8_t *)data, len, len };
    return err;
}

static void name_file(const struct hunting *g, uint64_t seed, const char *what, char out[640])
{
    (void)snprintf(out, 640, "%.580s/seed-%llu%s.yaml", g->h->out, (unsigned long long)seed, what);
}

static struct sim_trial trial_of(const struct hunting *g, uint64_t seed, const char *path,
                                 const struct sw_blob *text)
{
    return (struct sim_trial){ .path = path,
                               .text = (const char *)text->data,
                               .len = text->len,
                               .seed = seed,
                               .how = sim_draw_options(seed),
                               .hooks = g->h->plant };
}

/* ---- the hunt ---- */

static int start(struct hunting *g, struct worker *w)
{
    struct sw_blob text = { 0 };
    char path[640];
    name_file(g, g->next, "", path);
    int err = draw(g, g->next, &text);
    if (err == 0) {
        const struct sim_trial t = trial_of(g, g->next, path, &text);
        w->seed = g->next++;
        err = sim_trial_start(&t, &w->trying, g->d);
    }
    sw_blob_fini(&text);
    return err;
}

static void take(struct hunting *g, struct worker *w)
{
    struct sim_finding found;
    sim_trial_finish(&w->trying, &found);
    for (size_t i = 0; i < SW_SITE_COUNT; i++) {
        g->out->sites[i].reached += found.sites[i].reached;
        g->out->sites[i].fired += found.sites[i].fired;
    }
    if (found.r.complaint[0] == '\0') {
        g->out->seeds++;
        g->out->buggified += sim_draw_options(w->seed).buggify;
        for (unsigned i = 0; i < SW_LEN(g->out->judged); i++) {
            g->out->judged[i] += found.judged >> i & 1;
        }
        g->out->simulated += (double)found.r.ended_at * 1e-9;
        return;
    }
    g->out->unusable += found.unusable ? 1 : 0;
    if (!g->out->found && (!found.unusable || g->out->unusable == 1)) {
        g->out->found = !found.unusable;
        g->out->seed = w->seed;
        g->out->finding = found;
    }
}

static void tell(const struct hunting *g, uint32_t trials, size_t faults, size_t nodes)
{
    const struct sim_hunt_progress p = { .seeds = g->out->seeds,
                                         .simulated = g->out->simulated,
                                         .seconds = now_seconds() - g->began,
                                         .trials = trials,
                                         .faults = faults,
                                         .nodes = nodes };
    if (g->h->on_progress != NULL) {
        g->h->on_progress(g->h->self, &p);
    }
}

static int wait_and_take(struct hunting *g)
{
    for (uint32_t i = 0; i < g->h->jobs; i++) {
        g->polls[i] =
            (struct pollfd){ .fd = g->workers[i].trying.pid != 0 ? g->workers[i].trying.fd : -1,
                             .events = POLLIN };
    }
    if (poll(g->polls, g->h->jobs, LOOK_EVERY_MS) < 0 && errno != EINTR) {
        return sw_diag_set(g->d, SW_ERR_IO, "waiting for runs: %s", strerror(errno));
    }
    for (uint32_t i = 0; i < g->h->jobs; i++) {
        if (g->workers[i].trying.pid != 0 && g->polls[i].revents != 0) {
            take(g, &g->workers[i]);
        }
    }
    tell(g, 0, 0, 0);
    return 0;
}

static bool all_idle(const struct hunting *g)
{
    for (uint32_t i = 0; i < g->h->jobs; i++) {
        if (g->workers[i].trying.pid != 0) {
            return false;
        }
    }
    return true;
}

static int search(struct hunting *g)
{
    const struct sim_hunt *h = g->h;
    int err = 0;
    bool more = true;
    while (err == 0 && !g->out->found && g->out->unusable == 0 &&
           now_seconds() - g->began < h->seconds) {
        for (uint32_t i = 0; i < h->jobs && err == 0; i++) {
            more = g->next >= h->first && g->next <= h->last; /* it may have wrapped */
            if (g->workers[i].trying.pid == 0 && more) {
                err = start(g, &g->workers[i]);
            }
        }
        if (err == 0 && !more && all_idle(g)) {
            break;
        }
        err = err == 0 ? wait_and_take(g) : err;
    }
    for (uint32_t i = 0; i < h->jobs; i++) {
        sim_trial_abandon(&g->workers[i].trying);
    }
    return err;
}

/* ---- what was found ---- */

static void on_trial(void *self, uint32_t trials, size_t faults, size_t nodes)
{
    tell(self, trials, faults, nodes);
}

static int pin_down(struct hunting *g)
{
    struct sim_hunt_result *out = g->out;
    struct sw_blob text = { 0 };
    name_file(g, out->seed, "", out->scenario);
    int err = draw(g, out->seed, &text);
    if (err == 0) {
        err = write_file(out->scenario, text.data, text.len, g->d);
    }
    if (err == 0) {
        const struct sim_shrink in = { .trial = trial_of(g, out->seed, out->scenario, &text),
                                       .finding = out->finding,
                                       .most_trials = MOST_TRIALS,
                                       .on_trial = on_trial,
                                       .self = g };
        out->how = in.trial.how;
        err = sim_shrink(&in, &out->shrunk, g->d);
    }
    if (err == 0) {
        name_file(g, out->seed, "-minimal", out->minimal);
        err = write_file(out->minimal, out->shrunk.text.data, out->shrunk.text.len, g->d);
    }
    sw_blob_fini(&text);
    sw_blob_fini(&out->shrunk.text);
    return err;
}

int sim_hunt(const struct sim_hunt *h, struct sim_hunt_result *out, struct sw_diag *d)
{
    struct hunting g = { .h = h, .out = out, .next = h->first, .began = now_seconds(), .d = d };
    *out = (struct sim_hunt_result){ .seeds = 0 };
    g.workers = sim_calloc(h->jobs, sizeof *g.workers);
    g.polls = sim_calloc(h->jobs, sizeof *g.polls);
    int err = prepare(&g);
    if (err == 0) {
        err = search(&g);
    }
    if (err == 0 && out->found) {
        err = pin_down(&g);
    }
    for (size_t i = 0; g.bases != NULL && i < h->n_scenarios; i++) {
        sim_scenario_free(g.bases[i]);
    }
    free(g.bases);
    free(g.workers);
    free(g.polls);
    return err;
}
