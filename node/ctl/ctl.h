/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the verbs of swarmctl share: options, exit codes, files, output. */
#ifndef SW_CTL_CTL_H
#define SW_CTL_CTL_H

#include "node/base/buf.h"
#include "node/base/err.h"

#include <stdio.h>

/* Exit codes that all programs of the project share. */
enum ctl_exit {
    CTL_DONE = 0,
    CTL_FAILED = 1,      /* done, and a check or the operation itself failed */
    CTL_BAD_INPUT = 2,   /* usage, files, names */
    CTL_ENVIRONMENT = 3, /* unreachable, no permission, no space */
    CTL_INTERNAL = 4,
};
/* Whose fault @err is. */
enum ctl_exit ctl_exit_of(int err);

/* One verb: "ca init".  @run gets the arguments after it. */
struct ctl_verb {
    const char *name;
    const char *help; /* one line */
    int (*run)(int argc, char **argv);
};

int ctl_ca_init(int argc, char **argv);
int ctl_ca_csr(int argc, char **argv);
int ctl_ca_sign(int argc, char **argv);
int ctl_ca_show(int argc, char **argv);
int ctl_status(int argc, char **argv);
int ctl_members(int argc, char **argv);
int ctl_zones(int argc, char **argv);
int ctl_zones_reload(int argc, char **argv);
int ctl_promote(int argc, char **argv);
int ctl_health(int argc, char **argv);
int ctl_drain(int argc, char **argv);
int ctl_backup_key(int argc, char **argv);
int ctl_backup_snapshot(int argc, char **argv);
int ctl_backup_restore(int argc, char **argv);

/* ---- options ---- */

struct ctl_option {
    const char *name;     /* without dashes; the operand has none and is named in @argument */
    const char *argument; /* NULL: a flag */
    const char *help;
    const char **text; /* keeps its value when the option is absent */
    bool *flag;
    bool required;
};

struct ctl_usage {
    const char *verb;
    const char *about; /* a few sentences */
    const struct ctl_option *options;
    size_t n;
};

/* Fill in what @argv says.  -1: go on; otherwise the exit code (help was printed, or what is
 * wrong). */
int ctl_parse(const struct ctl_usage *u, int argc, char **argv);
/* "30s", "2m", "1h", "500ms".  Errors: SW_ERR_MALFORMED. */
int ctl_duration(const char *text, sw_dur *out);
/* A whole number in [@low, @high].  Errors: SW_ERR_RANGE. */
int ctl_number(const char *text, uint64_t low, uint64_t high, uint64_t *out);

/* ---- files ---- */

/* Errors: SW_ERR_NOTFOUND, SW_ERR_DENIED, SW_ERR_RANGE (above 4 MiB), SW_ERR_IO; @d names the file.
 */
int ctl_read(const char *path, struct sw_blob *out, struct sw_diag *d);
/* A file that must not exist yet, synced to disk; @mode is not widened by anything.
 * Errors: SW_ERR_EXISTS, SW_ERR_DENIED, SW_ERR_FULL, SW_ERR_IO; @d names the file. */
int ctl_write_new(const char *path, unsigned mode, struct sw_bytes content, struct sw_diag *d);
/* "DIR/NAMESUFFIX" in @out.  Errors: SW_ERR_RANGE. */
int ctl_path(char *out, size_t cap, const char *dir, const char *name, const char *suffix);

/* ---- saying ---- */

/* "swarmctl: ..." on standard error; returns ctl_exit_of(@err). */
int ctl_fail(int err, const struct sw_diag *d);
void ctl_hex(const uint8_t *data, size_t len, char *out); /* 2 x @len digits and a NUL */
/* Exactly @len bytes, surrounding white space allowed.  Errors: SW_ERR_MALFORMED. */
int ctl_unhex(struct sw_bytes text, uint8_t *out, size_t len);
/* 1536 -> "1.5 KiB"; 2500000 ns -> "2.5 ms". */
void ctl_size(uint64_t bytes, char out[32]);
void ctl_span(double ns, char out[32]);
void ctl_time(int64_t wall_ns, char out[32]); /* "2026-11-22 21:36:00Z" */

#endif
