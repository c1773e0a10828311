/* SPDX-License-Identifier: GPL-3.0-or-later
 * `network.rtt`: a matrix of round-trip times between regions, from CSV. */
#include "sim/scenario/load.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_COLUMNS 512
#define MAX_LINE 16384
#define MAX_LINES 10000

struct matrix {
    struct sim_loader *l;
    size_t column[MAX_COLUMNS]; /* region of column i, SIZE_MAX: not one of ours */
    size_t columns;             /* 0 until the header has been read */
    size_t line;
};

static int fail(const struct matrix *m, size_t column, const char *what, const char *word)
{
    return sw_diag_set(m->l->d, SW_ERR_MALFORMED, "%.100s:%zu:%zu: %s%s%.40s%s", m->l->f->rtt_file,
                       m->line, column, what, word[0] != '\0' ? " '" : "", word,
                       word[0] != '\0' ? "'" : "");
}

/* Cut @text at its next comma; the cell without spaces and quotes around it. */
static char *next_cell(char **text)
{
    char *cell = *text;
    char *comma = strchr(cell, ',');
    *text = comma != NULL ? comma + 1 : NULL;
    char *end = comma != NULL ? comma : cell + strlen(cell);
    while (cell < end && strchr(" \"\t", *cell) != NULL) {
        cell++;
    }
    while (end > cell && strchr(" \"\t\r\n", end[-1]) != NULL) {
        end--;
    }
    *end = '\0';
    return cell;
}

static int header(struct matrix *m, char *rest)
{
    (void)next_cell(&rest);
    while (rest != NULL) {
        if (m->columns == MAX_COLUMNS) {
            return fail(m, 1, "too many columns", "");
        }
        m->column[m->columns++] = sim_region_index(&m->l->f->s, next_cell(&rest));
    }
    return m->columns > 0 ? 0 : fail(m, 1, "no regions in the header", "");
}

static int row(struct matrix *m, char *line)
{
    const struct sim_scenario *s = &m->l->f->s;
    static const struct sw_yaml_field ms = { .type = SW_YAML_NUMBER, .low = 0, .high = 60000 };
    char *rest = line;
    const size_t from = sim_region_index(s, next_cell(&rest));
    for (size_t i = 0; from != SIZE_MAX && i < m->columns; i++) {
        if (rest == NULL) {
            return fail(m, 1, "the row is shorter than the header", "");
        }
        const size_t column = (size_t)(rest - line) + 1;
        const char *cell = next_cell(&rest);
        double v;
        if (m->column[i] == SIZE_MAX || cell[0] == '\0') {
            continue; /* another's region, or not known in this direction */
        }
        if (sw_yaml_scalar(&ms, NULL, cell, &v) != 0) {
            return fail(m, column, "not a round-trip time in ms (0 to 60000):", cell);
        }
        s->rtt[from * s->n_regions + m->column[i]] = v * 1e6;
    }
    return 0;
}

/* A pair given in one direction only holds for both. */
static int complete(struct sim_loader *l)
{
    const struct sim_scenario *s = &l->f->s;
    for (size_t a = 0; a < s->n_regions; a++) {
        for (size_t b = 0; b < s->n_regions; b++) {
            double *there = &s->rtt[a * s->n_regions + b];
            const double back = s->rtt[b * s->n_regions + a];
            *there = isnan(*there) ? back : *there;
            *there = isnan(*there) && a == b ? 0 : *there;
            if (isnan(*there)) {
                return sw_diag_set(l->d, SW_ERR_NOTFOUND,
                                   "%.100s: no round-trip time between '%s' and '%s'",
                                   l->f->rtt_file, s->regions[a].name.s, s->regions[b].name.s);
            }
        }
    }
    return 0;
}

int sim_load_rtt(struct sim_loader *l)
{
    struct sim_scenario *s = &l->f->s;
    if (l->f->rtt_file == NULL) {
        return 0;
    }
    FILE *f = fopen(l->f->rtt_file, "r");
    if (f == NULL) {
        return sw_yaml_fail(l->y, sw_yaml_get(sw_yaml_get(l->root, "network"), "rtt"), "rtt",
                            SW_ERR_IO, l->d, "%.90s: %s", l->f->rtt_file, strerror(errno));
    }
    struct matrix m = { .l = l };
    char *line = malloc(MAX_LINE);
    const size_t cells = s->n_regions * s->n_regions;
    s->rtt = calloc(cells + 1, sizeof *s->rtt);
    int err = 0;
    if (line == NULL || s->rtt == NULL) {
        (void)sw_diag_set(l->d, SW_ERR_NOMEM, "%s: out of memory", l->y->file);
        err = SW_ERR_NOMEM;
    }
    for (size_t i = 0; err == 0 && i < cells; i++) {
        s->rtt[i] = NAN;
    }
    while (err == 0 && fgets(line, MAX_LINE, f) != NULL) {
        if (++m.line > MAX_LINES) {
            err = fail(&m, 1, "too many lines", "");
            break;
        }
        if (strspn(line, " \"\t\r\n#") != strspn(line, " \"\t\r\n") ||
            line[strspn(line, " \t\r\n")] == '\0') {
            continue; /* a comment, an empty line */
        }
        err = m.columns == 0 ? header(&m, line) : row(&m, line);
    }
    if (err == 0 && ferror(f) != 0) {
        err = fail(&m, 1, strerror(errno), "");
    } else if (err == 0 && m.columns == 0) {
        m.line = m.line > 0 ? m.line : 1;
        err = fail(&m, 1, "no regions in the header", "");
    }
    free(line);
    (void)fclose(f);
    if (err == 0) {
        err = complete(l);
        sim_load_input(l, s->rtt, cells * sizeof *s->rtt);
    }
    return err;
}
