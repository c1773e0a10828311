/* SPDX-License-Identifier: GPL-3.0-or-later
 * Query files, in dnsperf's form (dnsperf(1), "Constructing a query input file"). */
#define _POSIX_C_SOURCE 200809L
#include "node/core/dns/name.h"
#include "sim/scenario/replay.h"

#include <string.h>

#define MAX_LINE 2048 /* a name in its longest written form has 1,012 characters */
#define BLANK " \t\r\n"

struct reading {
    const char *file;
    size_t line;
    struct sw_diag *d;
};

static int fail(const struct reading *r, int err, const char *what, const char *word)
{
    return sw_diag_set(r->d, err, "%.150s:%zu: %s%s%.60s%s", r->file, r->line, what,
                       word[0] != '\0' ? " '" : "", word, word[0] != '\0' ? "'" : "");
}

static int read_line(const struct reading *r, char *line, struct sim_replay *out)
{
    uint8_t wire[SW_DNAME_MAX];
    struct sim_asked a = { .edns = false };
    char *rest;
    const char *name = strtok_r(line, BLANK, &rest);
    const char *type = strtok_r(NULL, BLANK, &rest);
    const char *more = strtok_r(NULL, BLANK, &rest);
    if (name == NULL || type == NULL) {
        return fail(r, SW_ERR_MALFORMED, "expected NAME TYPE, as in 'www.example.org A'", "");
    }
    if (more != NULL) {
        return fail(r, SW_ERR_MALFORMED, "expected NAME TYPE and no more than that, got", more);
    }
    const int len = sw_dname_from_text(name, wire);
    if (len < 0) {
        return fail(r, SW_ERR_MALFORMED, "not a domain name:", name);
    }
    if (sim_type_from_text(type, &a.type) != 0) {
        return fail(r, SW_ERR_MALFORMED, "not a record type (like A, MX, TYPE65):", type);
    }
    const int err = sim_replay_add(out, wire, (size_t)len, a);
    return err == 0 ? 0 : fail(r, err, sw_strerror(err), "");
}

int sim_queries_read(FILE *f, const char *name, struct sim_replay *out, struct sw_diag *d)
{
    struct reading r = { name, 0, d };
    char line[MAX_LINE];
    int err = 0;
    while (err == 0 && fgets(line, sizeof line, f) != NULL) {
        r.line++;
        const size_t len = strlen(line);
        if ((len == 0 || line[len - 1] != '\n') && feof(f) == 0) {
            return fail(&r, SW_ERR_MALFORMED, "the line is too long, or no text", "");
        }
        if (line[0] != ';' && line[strspn(line, BLANK)] != '\0') {
            err = read_line(&r, line, out);
        }
    }
    if (err == 0 && ferror(f) != 0) {
        err = fail(&r, SW_ERR_IO, "can't be read", "");
    }
    (void)snprintf(out->summary, sizeof out->summary, "%.60s: %zu questions for %zu names", name,
                   out->n, out->n_names);
    if (err == 0 && out->n == 0) {
        err = sw_diag_set(d, SW_ERR_MALFORMED, "%.150s: no question in it (expected NAME TYPE)",
                          name);
    }
    return err;
}
