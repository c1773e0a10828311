/* SPDX-License-Identifier: GPL-3.0-or-later
 * Verbs of swarmsim: one file each, one line in verbs.def. */
#ifndef SIM_VERB_H
#define SIM_VERB_H

#include "node/base/err.h"
#include "node/base/types.h"
#include <stdio.h>

enum sim_exit {
    SIM_EXIT_OK = 0,          /* done, expectations met */
    SIM_EXIT_FAILED = 1,      /* done, an expectation or a check failed */
    SIM_EXIT_USAGE = 2,       /* bad usage or input */
    SIM_EXIT_ENVIRONMENT = 3, /* missing program, full disk, unreachable */
    SIM_EXIT_INTERNAL = 4,    /* an error of ours */
};

struct sim_verb {
    const char *name;
    const char *usage; /* what follows the name: "SCENARIO [--seed N]" */
    const char *help;  /* a few lines */
    /* @argv[0] is the verb's name.  Returns an exit code. */
    int (*run)(int argc, char **argv);
};

/* Registered verbs in registry order; NULL past the end. */
const struct sim_verb *sim_verb_at(size_t i);

/* ---- command lines ---- */

struct sim_option {
    const char *name;   /* "--seed", "-j" */
    bool flag;          /* takes no value */
    const char **value; /* gets the value; of a flag, its name */
};

/* Sort @argv into options and arguments (at most @max; @args gets them, @n how many).  "--x=v"
 * and "--x v" are the same.  Says what is wrong on stderr.  Errors: SW_ERR_MALFORMED. */
int sim_parse_options(int argc, char **argv, const struct sim_option *options, size_t n_options,
                      const char **args, size_t max, size_t *n);
/* A whole number >= @low.  Says what is wrong on stderr.  Errors: SW_ERR_MALFORMED. */
int sim_parse_number(const char *option, const char *text, uint64_t low, uint64_t *out);
/* "5" or "1..20"; at most @most seeds. */
int sim_parse_seeds(const char *text, uint64_t most, uint64_t *first, uint64_t *n);

/* "I/N": shard I of N, from 1; @out, of --out, must be given.  Errors: SW_ERR_MALFORMED,
 * SW_ERR_RANGE. */
#define SIM_MOST_SHARDS 10000U
int sim_parse_shard(const char *text, const char *out, uint64_t *number, uint64_t *of);

/* The study's database that @path means: itself, or the study.db in that folder, written to @text.
 */
#define SIM_STUDY_PATH 4096
const char *sim_study_in(const char *path, char text[SIM_STUDY_PATH]);
/* Where what is made of @database goes, made when it isn't there: @out, or else the folder that
 * @below names ("": that of the database itself).  Returns 0, or an exit code after saying why. */
int sim_choose_folder(const char *database, const char *out, const char *below, char *folder,
                      size_t cap);

/* Print "swarmsim: ..." on stderr and return @code. */
int sim_quit(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The exit code for @err of something other than reading input. */
int sim_exit_of(int err);
/* The exit code for @err of reading a user's file. */
int sim_exit_of_input(int err);

#endif
