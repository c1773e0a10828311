/* SPDX-License-Identifier: GPL-3.0-or-later
 * Every answer that a client accepts is what the zone says: the same records and no others, a
 * denial only of what does not exist, a referral only at a delegation. */
#include "sim/oracles/zonetruth.h"
#include "sim/world/pool.h"
#include "sim/world/world.h"

#include <stdlib.h>
#include <string.h>

/* Messages found right are remembered without their ID: an equal one is right as well. */
#define SLOTS 16384U
#define REMEMBERED 512U

struct remembered {
    uint16_t len; /* 0: empty */
    uint8_t bytes[REMEMBERED];
};

struct answers {
    struct sim_truth **truths; /* a zone of the scenario */
    size_t n;
    struct remembered *right;
};

static int start(struct sim_world *w, void **self)
{
    const struct sim_scenario *s = sim_world_scenario(w);
    struct answers *a = sim_calloc(1, sizeof *a);
    int err = 0;
    a->n = s->n_zones;
    a->truths = sim_calloc(a->n, sizeof(struct sim_truth *));
    a->right = sim_calloc(SLOTS, sizeof *a->right);
    for (size_t i = 0; i < a->n && err == 0; i++) {
        const struct sw_bytes text = { (const uint8_t *)s->zones[i].text, s->zones[i].len };
        err = sim_truth_new(s->zones[i].name, text, &a->truths[i], NULL);
    }
    *self = a;
    return err;
}

static void stop(void *self)
{
    struct answers *a = self;
    for (size_t i = 0; i < a->n; i++) {
        sim_truth_free(a->truths[i]);
    }
    free(a->truths);
    free(a->right);
    free(a);
}

/* The closest zone at or above @name, or NULL. */
static struct sim_truth *truth_of(const struct answers *a, const uint8_t *name)
{
    struct sim_truth *best = NULL;
    for (size_t i = 0; i < a->n; i++) {
        if (sim_truth_covers(a->truths[i], name) &&
            (best == NULL || sim_truth_covers(best, sim_truth_apex(a->truths[i])))) {
            best = a->truths[i];
        }
    }
    return best;
}

/* Where a message is remembered: by its question and length. */
static struct remembered *place_of(const struct answers *a, struct sw_bytes m)
{
    uint64_t h = m.len;
    const size_t end = m.len < 48 ? m.len : 48;
    for (size_t i = 12; i + 8 <= end; i += 8) {
        uint64_t word;
        memcpy(&word, m.data + i, 8);
        h = (h ^ word) * UINT64_C(0x9fb21c651e98df25);
        h ^= h >> 32;
    }
    return &a->right[h % SLOTS];
}

static void to_text(const uint8_t *name, char out[256])
{
    size_t n = 0;
    while (*name != 0 && n + *name + 2U < 256) {
        for (unsigned i = 1; i <= *name; i++) {
            out[n++] = (char)(name[i] > ' ' && name[i] < 127 ? name[i] : '?');
        }
        out[n++] = '.';
        name += 1U + *name;
    }
    out[n] = '\0';
}

/* REFUSED, and no records (RFC 1035, 4.1.1). */
static bool is_refusal(struct sw_bytes m)
{
    return m.len >= 12 && (m.data[3] & 15) == 5 && m.data[7] == 0 && m.data[9] == 0;
}

static void on_query(void *self, struct sim_world *w, const struct sim_query_done *q)
{
    struct answers *a = self;
    if (!q->answered) {
        return;
    }
    const struct sw_bytes m = q->answer;
    struct remembered *r = place_of(a, m);
    if (m.len > 2 && r->len == m.len && memcmp(r->bytes + 2, m.data + 2, m.len - 2) == 0) {
        return;
    }
    struct sim_truth *t = truth_of(a, q->question);
    const char *wrong = t != NULL                     ? sim_truth_check(t, q->question, q->type, m)
                        : q->outside && is_refusal(m) ? NULL
                                                      : "no zone of the scenario covers the name";
    if (wrong != NULL) {
        char name[256];
        to_text(q->question, name);
        const char *server = sim_world_scenario(w)->nodes[q->server].config.name.s;
        sim_complain(w, "answers", "%s answered %s type %u: %s", server, name, q->type, wrong);
        return;
    }
    if (m.len <= REMEMBERED) {
        r->len = (uint16_t)m.len;
        memcpy(r->bytes, m.data, m.len);
    }
}

extern const struct sim_watcher sim_oracle_answers;
const struct sim_watcher sim_oracle_answers = {
    .name = "answers",
    .help = "every accepted answer is what the zone says",
    .oracle = true,
    .start = start,
    .on_query = on_query,
    .stop = stop,
};
