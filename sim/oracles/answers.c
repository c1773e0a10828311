/* SPDX-License-Identifier: GPL-3.0-or-later
 * Every answer that a client accepts is what the zone says: the same records and no others, a
 * denial only of what does not exist, a referral only at a delegation.  A version that a primary
 * served once is what the zone says until all holders must have had the next.  Of a zone that no
 * node holds, it is what upstreams said, until that expires, or while it may be stale. */
#include "sim/oracles/holders.h"
#include "sim/oracles/quiet.h"
#include "sim/oracles/said.h"
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

/* What a zone said, and until when it was the newest: it is again when newer ones go with the disks
 * of all who had them. */
struct version {
    struct version *older;
    struct sim_truth *truth;
    struct sw_zone_version number;
    struct sw_bytes text; /* ours */
    sw_time newest_at;    /* when nobody was known to hold a newer one, last */
};

struct answers {
    struct version **versions; /* a zone of the scenario: the newest first */
    size_t n;
    struct remembered *right;
    struct sim_said *said; /* by upstreams */
    struct sim_quiet quiet;
};

static void version_free(struct version *v)
{
    if (v != NULL) {
        sim_truth_free(v->truth);
        free((void *)(uintptr_t)v->text.data);
        free(v);
    }
}

/* A new version; NULL when @text is none. */
static struct version *version_new(const char *zone, struct sw_bytes text,
                                   const struct sw_zone_version *number)
{
    struct version *v = sim_calloc(1, sizeof *v);
    uint8_t *copy = sim_alloc(text.len + 1);
    memcpy(copy, text.data, text.len);
    *v = (struct version){ .number = *number, .text = { copy, text.len } };
    if (sim_truth_new(zone, v->text, &v->truth, NULL) != 0) {
        version_free(v);
        return NULL;
    }
    return v;
}

static int start(struct sim_world *w, void **self)
{
    const struct sim_scenario *s = sim_world_scenario(w);
    struct answers *a = sim_calloc(1, sizeof *a);
    a->n = s->n_zones;
    a->versions = sim_calloc(a->n + 1, sizeof(struct version *));
    a->right = sim_calloc(SLOTS, sizeof *a->right);
    a->said = sim_said_new();
    *self = a;
    for (size_t i = 0; i < a->n; i++) {
        const struct sw_bytes text = { (const uint8_t *)s->zones[i].text, s->zones[i].len };
        const struct sw_zone_version first = { 0 };
        a->versions[i] = version_new(s->zones[i].name, text, &first);
        if (a->versions[i] == NULL) {
            return SW_ERR_MALFORMED;
        }
    }
    return 0;
}

static void stop(void *self)
{
    struct answers *a = self;
    for (size_t i = 0; i < a->n; i++) {
        while (a->versions[i] != NULL) {
            struct version *older = a->versions[i]->older;
            version_free(a->versions[i]);
            a->versions[i] = older;
        }
    }
    free((void *)a->versions);
    free(a->right);
    sim_said_free(a->said);
    free(a);
}

static void on_fault(void *self, struct sim_world *w, const struct sim_fault *f, bool begins)
{
    struct answers *a = self;
    sim_quiet_fault(&a->quiet, w, f, begins);
}

/* Where the version that has @text is linked, of whatever number; where NULL is: none. */
static struct version **version_of(struct version **at, struct sw_bytes text)
{
    while (*at != NULL &&
           ((*at)->text.len != text.len || memcmp((*at)->text.data, text.data, text.len) != 0)) {
        at = &(*at)->older;
    }
    return at;
}

/* Link @v by its number, and let what it succeeds be over from @now on. */
static void insert(struct version **newest, struct version *v, sw_time now)
{
    struct version **at = newest;
    while (*at != NULL && sw_version_newer(&(*at)->number, &v->number)) {
        at = &(*at)->older;
    }
    v->newest_at = now;
    v->older = *at;
    if (v->older != NULL && at == newest) {
        v->older->newest_at = now;
    }
    *at = v;
}

/* A text may come back under a newer number: serials are 32 bits, and five promotions go round. */
static void on_zone(void *self, struct sim_world *w, uint32_t node,
                    const struct sim_zone_version *said)
{
    struct answers *a = self;
    const struct sim_scenario *s = sim_world_scenario(w);
    const struct sw_zone_version number = { .epoch = said->epoch, .serial = said->serial };
    (void)node;
    for (size_t i = 0; i < a->n; i++) {
        if (said->text.len == 0 || strcmp(s->zones[i].name, said->zone) != 0) {
            continue;
        }
        struct version **at = version_of(&a->versions[i], said->text);
        struct version *v = *at;
        if (v == NULL) {
            v = version_new(said->zone, said->text, &number);
        } else if (sw_version_newer(&number, &v->number)) { /* that of the first was not known */
            *at = v->older;
            v->number = number;
        } else {
            continue;
        }
        if (v != NULL) {
            insert(&a->versions[i], v, sim_world_now(w));
            memset(a->right, 0, SLOTS * sizeof *a->right);
        }
    }
}

static void on_sample(void *self, struct sim_world *w)
{
    struct answers *a = self;
    for (size_t i = 0; i < a->n; i++) {
        struct sw_zone_version newest;
        const bool some = sim_zone_newest(w, sim_world_scenario(w)->zones[i].name, &newest);
        for (struct version *v = a->versions[i]; v != NULL; v = v->older) {
            if (!some || !sw_version_newer(&newest, &v->number)) {
                v->newest_at = sim_world_now(w);
            }
        }
    }
}

/* The closest zone at or above @name; a->n: none. */
static size_t zone_of(const struct answers *a, const uint8_t *name)
{
    size_t best = a->n;
    for (size_t i = 0; i < a->n; i++) {
        const struct sim_truth *t = a->versions[i]->truth;
        if (sim_truth_covers(t, name) &&
            (best == a->n || sim_truth_covers(a->versions[best]->truth, sim_truth_apex(t)))) {
            best = i;
        }
    }
    return best;
}

/* Must all holders have a newer version of @zone by now?  What was held is known to the next
 * sample. */
static bool is_over(const struct answers *a, const struct sim_world *w, const char *zone,
                    const struct version *v)
{
    struct sw_zone_version newest;
    return sim_world_now(w) - v->newest_at >= SIM_ZONE_BOUND + sim_world_scenario(w)->interval &&
           sim_quiet_for(&a->quiet, w) >= SIM_ZONE_BOUND && sim_zone_newest(w, zone, &newest) &&
           sw_version_newer(&newest, &v->number);
}

/* A node that has upstreams asks outside while it does not know yet that a zone is held, and says
 * what comes of it without authority: its content is held against the zone all the same. */
static const char *check_version(const struct sim_world *w, struct sim_truth *truth,
                                 const struct sim_query_done *q)
{
    const char *wrong = sim_truth_check(truth, q->question, q->type, q->answer);
    if (wrong == NULL || sim_world_scenario(w)->nodes[q->server].config.n_upstreams == 0 ||
        q->answer.len < 12 || (q->answer.data[2] & 0x04) != 0) {
        return wrong;
    }
    uint8_t *copy = sim_alloc(q->answer.len);
    memcpy(copy, q->answer.data, q->answer.len);
    copy[2] |= 0x04;
    wrong = sim_truth_check(truth, q->question, q->type, (struct sw_bytes){ copy, q->answer.len });
    free(copy);
    return wrong;
}

/* What is wrong with @q's answer by all versions that may still be served: NULL when it is right
 * by one; @newest: by the newest. */
static const char *check(const struct answers *a, const struct sim_world *w, size_t zone,
                         const struct sim_query_done *q, bool *newest)
{
    const char *name = sim_world_scenario(w)->zones[zone].name;
    const char *wrong = NULL;
    struct version *v = a->versions[zone];
    *newest = true;
    for (; v != NULL && !is_over(a, w, name, v); v = v->older) {
        const char *by_this = check_version(w, v->truth, q);
        if (by_this == NULL) {
            return NULL;
        }
        wrong = wrong == NULL ? by_this : wrong;
        *newest = false;
    }
    return wrong;
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

static void on_upstream(void *self, struct sim_world *w, uint32_t upstream, uint32_t node,
                        struct sw_bytes answer)
{
    struct answers *a = self;
    (void)upstream;
    (void)node;
    sim_said_note(a->said, answer, sim_world_now(w));
}

static void complain(struct sim_world *w, const struct sim_query_done *q, const char *wrong)
{
    char name[256];
    to_text(q->question, name);
    const char *server = sim_world_scenario(w)->nodes[q->server].config.name.s;
    sim_complain(w, "answers", "%s answered %s type %u: %s", server, name, q->type, wrong);
}

/* One that no node holds: right is what an upstream said, for a while. */
static void check_outside(struct answers *a, struct sim_world *w, size_t zone,
                          const struct sim_query_done *q)
{
    const sw_dur stale = sim_world_scenario(w)->nodes[q->server].config.cache.stale;
    const char *wrong = sim_said_check(a->said, a->versions[zone]->truth, q, stale);
    if (wrong != NULL) {
        complain(w, q, wrong);
    }
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
    const size_t zone = zone_of(a, q->question);
    if (zone < a->n && sim_world_scenario(w)->zones[zone].outside) {
        check_outside(a, w, zone, q);
        return;
    }
    bool newest = true;
    const char *wrong = zone < a->n                   ? check(a, w, zone, q, &newest)
                        : q->outside && is_refusal(m) ? NULL
                                                      : "no zone of the scenario covers the name";
    if (wrong != NULL) {
        complain(w, q, wrong);
        return;
    }
    if (m.len <= REMEMBERED && newest) {
        r->len = (uint16_t)m.len;
        memcpy(r->bytes, m.data, m.len);
    }
}

extern const struct sim_watcher sim_oracle_answers;
const struct sim_watcher sim_oracle_answers = {
    .name = "answers",
    .help =
        "every accepted answer is what the zone says, or what an upstream said while that holds",
    .oracle = true,
    .start = start,
    .on_fault = on_fault,
    .on_zone = on_zone,
    .on_query = on_query,
    .on_sample = on_sample,
    .on_upstream = on_upstream,
    .stop = stop,
};
