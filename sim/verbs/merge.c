/* SPDX-License-Identifier: GPL-3.0-or-later
 * swarmsim merge: shards of a study into one database. */
#include "sim/record/merge.h"
#include "sim/verbs/verb.h"

#define MOST_SHARDS 10001U

static int merge(const char *const *paths, size_t n)
{
    struct sw_diag d = { 0 };
    struct sim_db *db = NULL;
    int err = sim_db_open(paths[0], &db, &d);
    for (size_t i = 1; i < n && err == 0; i++) {
        struct sim_merged merged;
        err = sim_merge_database(db, paths[i], &merged, &d);
        if (err == 0) {
            (void)printf("%s: %llu runs added, %llu were there\n", paths[i],
                         (unsigned long long)merged.added, (unsigned long long)merged.known);
        }
    }
    sim_db_close(db);
    return err == 0 ? SIM_EXIT_OK : sim_quit(sim_exit_of(err), "%s", d.text);
}

static int run(int argc, char **argv)
{
    static const char *paths[MOST_SHARDS];
    size_t n = 0;
    if (sim_parse_options(argc, argv, NULL, 0, paths, MOST_SHARDS, &n) != 0) {
        return SIM_EXIT_USAGE;
    }
    if (n < 2) {
        return sim_quit(SIM_EXIT_USAGE,
                        "merge needs the database to write and one or more to read");
    }
    return merge(paths, n);
}

extern const struct sim_verb sim_verb_merge;
const struct sim_verb sim_verb_merge = {
    .name = "merge",
    .usage = "OUT.db SHARD.db ...",
    .help =
        "Takes the runs of every SHARD.db into OUT.db, which is made when it isn't there: what\n"
        "the parts of a sharded sweep stored, each in a file of its own.  The rows are those\n"
        "that one process would have written.  Runs that are there already are left out when\n"
        "they ended alike (equal trace hashes); otherwise, and for a scenario of another text\n"
        "or build, nothing of that file is taken, and the exit code is 2.\n",
    .run = run,
};
