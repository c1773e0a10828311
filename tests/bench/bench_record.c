/* SPDX-License-Identifier: GPL-3.0-or-later
 * A study of 10^7 samples: what it costs to store, to index where that comes after, and to read as
 * reports do.  The schema's own samples table is keyed by (run, metric, entity, at) and is its own
 * index; beside it the same rows go into a plain table whose index is made after the load.
 *
 *   bench_record [FOLDER [MILLIONS]]    (default: /tmp 10) */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"
#include "embedded/sim_entities_sql.h"
#include "embedded/sim_series_sql.h"
#include "sim/record/db.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUNS 100
#define ENTITIES 100

static char path[600];

static double wall(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static _Noreturn void die(const char *why)
{
    (void)fprintf(stderr, "bench_record: %s\n", why);
    (void)unlink(path);
    exit(3);
}

static void entity_name(char out[32], size_t i)
{
    (void)snprintf(out, 32, "nyc-%zu>fra-%zu", i / 10, i % 10);
}

/* One run's samples in the order in which trails are sampled: by time, then by entity. */
static struct sim_rows make_run(uint64_t seed, size_t samples)
{
    struct sim_rows r = { 0 };
    char entity[32];
    const struct sim_run_info info = { .result = { .seed = seed, .trace_hash = seed } };
    uint64_t x = seed * 2 + 1;
    sim_rows_info(&r, &info);
    for (size_t i = 0; i < samples; i++) {
        entity_name(entity, i % ENTITIES);
        sim_rows_sample(&r, "route.trail", entity, i / ENTITIES * SW_SEC,
                        (double)bench_draw(&x) * 0x1p-64);
    }
    return r;
}

struct layout {
    const char *name, *before, *after; /* SQL around the load; NULL: the schema as it is */
};
static const struct layout layouts[] = {
    { "the schema: the key is the table", NULL, NULL },
    { "plain, index made after the load",
      "DROP TABLE samples; CREATE TABLE samples(run INTEGER NOT NULL REFERENCES runs ON DELETE"
      " CASCADE, metric TEXT NOT NULL, entity TEXT NOT NULL, at REAL NOT NULL, value REAL NOT "
      "NULL)",
      "CREATE UNIQUE INDEX samples_key ON samples(run, metric, entity, at)" },
};

static void execute(const char *sql)
{
    sqlite3 *sq;
    if (sql != NULL &&
        (sqlite3_open(path, &sq) != SQLITE_OK ||
         sqlite3_exec(sq, sql, NULL, NULL, NULL) != SQLITE_OK || sqlite3_close(sq) != SQLITE_OK)) {
        die(sql);
    }
}

static struct sim_db *open_study(const struct sim_scenario *s)
{
    struct sim_db *db;
    struct sw_diag d = { 0 };
    if (sim_db_open(path, &db, &d) != 0 || sim_db_study(db, s, "bench", &d) != 0 ||
        sim_db_configuration(db, 0, s, 1, RUNS, &d) != 0) {
        die(d.text);
    }
    return db;
}

/* Processor seconds of the parent: what the workers' rows cost it. */
static double load(struct sim_db *db, size_t samples)
{
    struct sw_diag d = { 0 };
    double spent = 0;
    for (uint64_t seed = 1; seed <= RUNS; seed++) {
        struct sim_rows r = make_run(seed, samples / RUNS);
        const double began = bench_cpu();
        if (sim_db_run(db, "", sw_blob_bytes(&r.blob), &d) != 0) {
            die(d.text);
        }
        spent += bench_cpu() - began;
        sw_blob_fini(&r.blob);
    }
    return spent;
}

/* Seconds to run a query of results/queries to its end. */
static double ask(sqlite3 *sq, const char *sql, const char *entity, size_t *rows)
{
    sqlite3_stmt *st = NULL;
    const double began = bench_cpu();
    if (sqlite3_prepare_v2(sq, sql, -1, &st, NULL) != SQLITE_OK) {
        die(sqlite3_errmsg(sq));
    }
    (void)sqlite3_bind_int64(st, 1, 1);
    (void)sqlite3_bind_text(st, 2, "", -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(st, 3, "route.trail", -1, SQLITE_STATIC);
    if (entity != NULL) {
        (void)sqlite3_bind_text(st, 4, entity, -1, SQLITE_STATIC);
    }
    *rows = 0;
    while (sqlite3_step(st) == SQLITE_ROW) {
        ++*rows;
    }
    (void)sqlite3_finalize(st);
    return bench_cpu() - began;
}

static void measure(const struct layout *l, size_t samples)
{
    static char name[] = "bench";
    const struct sim_scenario s = { .path = name,
                                    .name = name,
                                    .question = name,
                                    .duration = SW_SEC,
                                    .interval = SW_SEC,
                                    .text = { (const uint8_t *)"", 0 } };
    (void)unlink(path);
    struct sim_db *db = open_study(&s);
    if (l->before != NULL) {
        sim_db_close(db);
        execute(l->before);
        db = open_study(&s);
    }
    const double began = wall();
    const double loaded = load(db, samples);
    sim_db_close(db);
    double indexed = bench_cpu();
    execute(l->after);
    indexed = bench_cpu() - indexed;
    const double took = wall() - began;
    sqlite3 *sq;
    size_t points;
    size_t entities;
    /* not sim_db_read, which refuses other tables than the schema's */
    if (sqlite3_open_v2(path, &sq, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) {
        die(sqlite3_errmsg(sq));
    }
    const double series = ask(sq, sim_series_sql, "nyc-3>fra-4", &points);
    const double all = ask(sq, sim_entities_sql, NULL, &entities);
    (void)sqlite3_close(sq);
    struct stat at;
    (void)stat(path, &at);
    (void)printf("%-34s load %5.1f s, index %4.1f s (%.1f s of wall time with making the rows)\n"
                 "%34s series.sql %.3f s (%zu points of %d runs), entities.sql %.2f s (%zu), "
                 "%.0f MB\n",
                 l->name, loaded, indexed, took, "", series, points, RUNS, all, entities,
                 (double)at.st_size * 1e-6);
    (void)unlink(path);
}

int main(int argc, char **argv)
{
    const double millions = argc > 2 ? strtod(argv[2], NULL) : 10;
    const size_t samples = (size_t)(millions * 1e6);
    (void)snprintf(path, sizeof path, "%s/bench_record.%ld.db", argc > 1 ? argv[1] : "/tmp",
                   (long)getpid());
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    (void)printf("%zu samples in %d runs; processor seconds\n", samples, RUNS);
    for (size_t i = 0; i < SW_LEN(layouts); i++) {
        measure(&layouts[i], samples);
    }
    return 0;
}
