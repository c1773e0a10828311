/* SPDX-License-Identifier: GPL-3.0-or-later
 * ddmin over a set of indices. */
#include "sim/hunt/ddmin.h"

#include "sim/engine/engine.h"

#include <stdlib.h>
#include <string.h>

struct reduction {
    bool *keep;
    size_t *left; /* members that are still in, in order */
    size_t n;
    sim_ddmin_fails fails;
    void *self;
};

static void set(struct reduction *r, size_t from, size_t to, bool value)
{
    for (size_t i = from; i < to; i++) {
        r->keep[r->left[i]] = value;
    }
}

/* Try without left[from..to), or (@inside) with nothing but them; keep what fails. */
static bool reduce(struct reduction *r, size_t from, size_t to, bool inside)
{
    if (inside) {
        set(r, 0, from, false);
        set(r, to, r->n, false);
    } else {
        set(r, from, to, false);
    }
    if (!r->fails(r->self, r->keep)) {
        set(r, 0, r->n, true);
        return false;
    }
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (r->keep[r->left[i]]) {
            r->left[n++] = r->left[i];
        }
    }
    r->n = n;
    return true;
}

size_t sim_ddmin(bool *keep, const size_t *members, size_t n, sim_ddmin_fails fails, void *self)
{
    struct reduction r = { .keep = keep, .fails = fails, .self = self };
    r.left = malloc((n + 1) * sizeof *r.left);
    if (r.left == NULL) {
        sim_out_of_memory("shrinking");
    }
    for (size_t i = 0; i < n; i++) {
        if (keep[members[i]]) {
            r.left[r.n++] = members[i];
        }
    }
    if (r.n > 0 && reduce(&r, 0, r.n, false)) { /* most often none of them matters */
        free(r.left);
        return 0;
    }
    size_t parts = 2;
    while (r.n > 1) {
        bool reduced = false;
        for (size_t i = 0; i < parts && !reduced && parts > 2; i++) {
            reduced = reduce(&r, r.n * i / parts, r.n * (i + 1) / parts, false);
            parts -= reduced ? 1 : 0;
        }
        for (size_t i = 0; i < parts && !reduced; i++) {
            reduced = reduce(&r, r.n * i / parts, r.n * (i + 1) / parts, true);
            parts = reduced ? 2 : parts;
        }
        if (!reduced && parts >= r.n) {
            break;
        }
        if (!reduced) {
            parts = 2 * parts < r.n ? 2 * parts : r.n;
        }
        parts = parts < r.n ? parts : r.n;
    }
    free(r.left);
    return r.n;
}
