/* SPDX-License-Identifier: GPL-3.0-or-later
 * The known word nearest to a mistyped one. */
#include "node/conf/yaml.h"

#include <string.h>

#define LONGEST 40

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Insertions, deletions, replacements and swaps of neighbours that turn @a into @b (optimal
 * string alignment; Damerau 1964); LONGEST when either is too long to compare. */
static size_t distance(const char *a, const char *b)
{
    const size_t n = strlen(a);
    const size_t m = strlen(b);
    if (n >= LONGEST || m >= LONGEST) {
        return LONGEST;
    }
    size_t rows[3][LONGEST + 1] = { { 0 } };
    size_t *before = rows[0];
    size_t *last = rows[1];
    size_t *row = rows[2];
    for (size_t j = 0; j <= m; j++) {
        last[j] = j;
    }
    for (size_t i = 1; i <= n; i++) {
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            const size_t same = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = least(least(row[j - 1], last[j]) + 1, last[j - 1] + same);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = least(row[j], before[j - 2] + 1);
            }
        }
        size_t *spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return last[m];
}

const char *sw_yaml_nearest(const char *word, const char *const *names, size_t n)
{
    const char *best = NULL;
    size_t best_distance = strlen(word) / 3 + 2; /* farther is no typing error */
    for (size_t i = 0; i < n; i++) {
        const size_t d = distance(word, names[i]);
        if (d < best_distance) {
            best = names[i];
            best_distance = d;
        }
    }
    return best;
}
