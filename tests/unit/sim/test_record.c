/* SPDX-License-Identifier: GPL-3.0-or-later
 * Rows, the database, and what happens when it can't be written. */
#define _POSIX_C_SOURCE 200809L
#include "sim/record/db.h"
#include "tests/lib/check.h"

#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern CU_TestInfo tests_record[];

static char folder[] = "/tmp/sw-record-XXXXXX";
static char path[64];

static int fresh(void)
{
    static bool made;
    if (!made) {
        made = mkdtemp(folder) != NULL;
        (void)snprintf(path, sizeof path, "%s/study.db", folder);
    }
    (void)unlink(path);
    return made ? 0 : -1;
}

static struct sim_scenario scenario(void)
{
    static char name[] = "test";
    static char question[] = "Is it kept?";
    return (struct sim_scenario){ .name = name,
                                  .question = question,
                                  .path = path,
                                  .duration = 60 * SW_SEC,
                                  .interval = SW_SEC,
                                  .text = { (const uint8_t *)"x", 1 } };
}

/* A run's rows: one of each kind, and @samples samples. */
static struct sim_rows make_rows(uint64_t seed, double availability, size_t samples)
{
    struct sim_rows r = { 0 };
    const struct sim_run_info info = { .result = { .seed = seed, .trace_hash = 0xabc, .events = 9 },
                                       .sim_seconds = 60 };
    struct sim_hist h = { 0 };
    (void)sim_hist_add(&h, 5 * SW_MS);
    sim_rows_info(&r, &info);
    sim_rows_metric(&r, "availability", "", availability);
    sim_rows_metric(&r, "service.recovery", "", INFINITY);
    sim_rows_hist(&r, "dns.latency", "", &h);
    sim_rows_event(&r, &(struct sim_event_row){ .at = SW_SEC,
                                                .entity = "a",
                                                .kind = "state",
                                                .peer = "",
                                                .text = "it's",
                                                .a = UINT64_MAX });
    sim_rows_fault(&r, &(struct sim_fault_row){ .began_at = 2 * SW_SEC,
                                                .ended_at = 5 * SW_SEC,
                                                .drawn = true,
                                                .kind = "crash",
                                                .parameters = "{\"node\":\"n1\"}" });
    sim_rows_fault(&r, &(struct sim_fault_row){ .began_at = 9 * SW_SEC,
                                                .ended_at = SW_TIME_NEVER,
                                                .kind = "full_disk",
                                                .parameters = "{}" });
    for (size_t i = 0; i < samples; i++) {
        sim_rows_sample(&r, "availability", "", i * SW_SEC, 1);
    }
    sim_hist_fini(&h);
    return r;
}

static int store(struct sim_db *db, uint64_t seed, double availability, size_t samples,
                 struct sw_diag *d)
{
    struct sim_rows r = make_rows(seed, availability, samples);
    const int err = sim_db_run(db, "", sw_blob_bytes(&r.blob), d);
    sw_blob_fini(&r.blob);
    return err;
}

static struct sim_db *open_study(struct sw_diag *d)
{
    struct sim_db *db = NULL;
    const struct sim_scenario s = scenario();
    if (sim_db_open(path, &db, d) == 0 && sim_db_study(db, &s, "build", d) != 0) {
        sim_db_close(db);
        return NULL;
    }
    return db;
}

static int64_t count(const char *sql)
{
    sqlite3 *sq;
    sqlite3_stmt *st = NULL;
    struct sw_diag d = { 0 };
    int64_t n = -1;
    if (sim_db_read(path, &sq, &d) == 0) {
        if (sqlite3_prepare_v2(sq, sql, -1, &st, NULL) == SQLITE_OK &&
            sqlite3_step(st) == SQLITE_ROW) {
            n = sqlite3_column_int64(st, 0);
        }
        (void)sqlite3_finalize(st);
        (void)sqlite3_close(sq);
    }
    return n;
}

static void what_was_stored_can_be_read(void)
{
    struct sw_diag d = { 0 };
    REQUIRE(fresh() == 0);
    struct sim_db *db = open_study(&d);
    REQUIRE(db != NULL);
    CHECK(store(db, 1, 0.5, 3, &d) == 0 && store(db, 2, 0.75, 3, &d) == 0);
    double v[2] = { 0 };
    const struct sim_db_choice c = { "", "availability", "", 1, 2, NULL };
    CHECK_I64(sim_db_values(db, &c, v, &d), 2);
    CHECK_NEAR(v[0] + v[1], 1.25, 0);
    sim_db_close(db);
    CHECK_I64(count("SELECT count(*) FROM runs WHERE trace_hash = '0000000000000abc'"), 2);
    CHECK_I64(count("SELECT count(*) FROM samples"), 6);
    CHECK_I64(count("SELECT sum(count) FROM histograms WHERE low < 0.005 AND high > 0.005"), 2);
    CHECK_I64(count("SELECT a FROM events"), -1);
    CHECK_I64(count("SELECT count(*) FROM faults WHERE number = 0 AND kind = 'crash' AND "
                    "began_at = 2 AND ended_at = 5 AND drawn = 1 AND "
                    "json_extract(parameters, '$.node') = 'n1'"),
              2);
    CHECK_I64(count("SELECT count(*) FROM faults WHERE number = 1 AND ended_at IS NULL"), 2);
    CHECK_I64(count("SELECT count(*) FROM metrics WHERE value = 9e999"), 2); /* infinite */
}

static void a_repeated_run_replaces_itself(void)
{
    struct sw_diag d = { 0 };
    REQUIRE(fresh() == 0);
    struct sim_db *db = open_study(&d);
    REQUIRE(db != NULL);
    CHECK(store(db, 1, 0.5, 100, &d) == 0 && store(db, 1, 0.25, 2, &d) == 0);
    sim_db_close(db);
    CHECK_I64(count("SELECT count(*) FROM runs"), 1);
    CHECK_I64(count("SELECT count(*) FROM samples"), 2);
    CHECK_I64(count("SELECT value * 100 FROM metrics WHERE metric = 'availability'"), 25);
}

static void what_is_stored_is_found_as_it_was(void)
{
    struct sw_diag d = { 0 };
    struct sim_run_info info;
    REQUIRE(fresh() == 0);
    struct sim_db *db = open_study(&d);
    REQUIRE(db != NULL && store(db, UINT64_MAX, 0.5, 1, &d) == 0);
    CHECK_I64(sim_db_stored(db, "", 1, &info, &d), 0);
    CHECK_I64(sim_db_stored(db, "other", UINT64_MAX, &info, &d), 0);
    CHECK_I64(sim_db_stored(db, "", UINT64_MAX, &info, &d), 1);
    CHECK(info.result.seed == UINT64_MAX && info.result.trace_hash == 0xabc);
    CHECK(info.result.events == 9 && info.sim_seconds == 60 && info.result.complaint[0] == '\0');
    sim_db_close(db);
}

/* Open anew with one thing changed: the study's build, text, inputs or name. */
static void runs_of_something_else_are_not_added(void)
{
    struct sw_diag d = { 0 };
    REQUIRE(fresh() == 0);
    struct sim_db *db = open_study(&d);
    REQUIRE(db != NULL && store(db, 1, 0.5, 1, &d) == 0);
    static char renamed[] = "another";
    struct sim_scenario other[4];
    const char *words[] = { "another build", "another version of this scenario",
                            "another version of a file", "another study" };
    for (size_t i = 0; i < SW_LEN(other); i++) {
        other[i] = scenario();
    }
    other[1].text = (struct sw_bytes){ (const uint8_t *)"y", 1 };
    other[2].inputs = 1;
    other[3].name = renamed;
    for (size_t i = 0; i < SW_LEN(other); i++) {
        struct sw_diag why = { 0 };
        CHECK_I64(sim_db_study(db, &other[i], i == 0 ? "other" : "build", &why), SW_ERR_EXISTS);
        CHECK(strstr(why.text, words[i]) != NULL && strstr(why.text, "--out") != NULL);
    }
    const struct sim_scenario same = scenario();
    CHECK_I64(sim_db_study(db, &same, "build", &d), 0);
    CHECK_I64(store(db, 2, 0.5, 1, &d), 0);
    sim_db_close(db);
    CHECK_I64(count("SELECT count(*) FROM runs JOIN studies USING (study)"), 2);
}

static void a_full_disk_is_told_and_keeps_what_was_complete(void)
{
    struct sw_diag d = { 0 };
    REQUIRE(fresh() == 0);
    struct sim_db *db = open_study(&d);
    REQUIRE(db != NULL && store(db, 1, 0.5, 10, &d) == 0);
    sim_db_limit(db, 60);
    CHECK_I64(store(db, 2, 0.5, 100000, &d), SW_ERR_FULL);
    CHECK(strstr(d.text, "no space left (runs stored so far stay readable)") != NULL);
    CHECK(strncmp(d.text, path, strlen(path)) == 0);
    sim_db_close(db);
    CHECK_I64(count("SELECT count(*) FROM runs"), 1);
    CHECK_I64(count("SELECT count(*) FROM samples"), 10);
}

/* Another process takes the lock, says so over a pipe, and holds it until the pipe closes. */
static pid_t hold_lock(int *said, int *release)
{
    int up[2];
    int down[2];
    if (pipe(up) != 0 || pipe(down) != 0) {
        return -1;
    }
    const pid_t pid = fork();
    if (pid == 0) {
        sqlite3 *sq;
        char byte = 'x';
        (void)close(down[1]);
        if (sqlite3_open(path, &sq) == SQLITE_OK &&
            sqlite3_exec(sq, "BEGIN EXCLUSIVE", NULL, NULL, NULL) == SQLITE_OK &&
            write(up[1], &byte, 1) == 1) {
            (void)!read(down[0], &byte, 1);
        }
        _exit(0);
    }
    (void)close(up[1]);
    (void)close(down[0]);
    *said = up[0];
    *release = down[1];
    return pid;
}

static void a_lock_held_by_another_process_is_told(void)
{
    struct sw_diag d = { 0 };
    char byte;
    int said;
    int release;
    REQUIRE(fresh() == 0);
    struct sim_db *db = open_study(&d);
    REQUIRE(db != NULL && store(db, 1, 0.5, 10, &d) == 0);
    sim_db_close(db);
    const pid_t pid = hold_lock(&said, &release);
    REQUIRE(pid > 0 && read(said, &byte, 1) == 1);
    db = NULL;
    CHECK_I64(sim_db_open(path, &db, &d), SW_ERR_BUSY);
    CHECK(strstr(d.text, "another process holds it") != NULL);
    (void)close(release);
    (void)waitpid(pid, NULL, 0);
    (void)close(said);
    CHECK_I64(count("SELECT count(*) FROM runs"), 1);
}

static void a_foreign_file_is_refused(void)
{
    struct sw_diag d = { 0 };
    struct sim_db *db;
    REQUIRE(fresh() == 0);
    FILE *f = fopen(path, "w");
    REQUIRE(f != NULL);
    for (int i = 0; i < 2000; i++) {
        (void)fputs("not a database ", f);
    }
    (void)fclose(f);
    CHECK_I64(sim_db_open(path, &db, &d), SW_ERR_MALFORMED);
    sqlite3 *sq;
    REQUIRE(fresh() == 0 && sqlite3_open(path, &sq) == SQLITE_OK);
    CHECK(sqlite3_exec(sq, "CREATE TABLE t(x)", NULL, NULL, NULL) == SQLITE_OK);
    (void)sqlite3_close(sq);
    struct sw_diag other = { 0 };
    CHECK_I64(sim_db_open(path, &db, &other), SW_ERR_MALFORMED);
    CHECK(strstr(other.text, "not a study's database") != NULL);
}

static void cut_rows_are_refused_at_every_length(void)
{
    struct sw_diag d = { 0 };
    REQUIRE(fresh() == 0);
    struct sim_db *db = open_study(&d);
    struct sim_rows r = make_rows(1, 0.5, 2);
    REQUIRE(db != NULL && r.blob.len > 700);
    size_t refused = 0;
    for (size_t len = 1; len < r.blob.len; len++) {
        uint8_t *exact = malloc(len); /* ASan sees a byte read too far */
        REQUIRE(exact != NULL);
        memcpy(exact, r.blob.data, len);
        const struct sim_row_handler none = { 0 };
        const int err = sim_rows_each((struct sw_bytes){ exact, len }, &none);
        REQUIRE(err == 0 || err == SW_ERR_MALFORMED);
        refused += err != 0;
        free(exact);
    }
    CHECK(refused > r.blob.len - 20); /* all but the ends of rows */
    sw_blob_fini(&r.blob);
    sim_db_close(db);
}

CU_TestInfo tests_record[] = {
    { "what was stored can be read", what_was_stored_can_be_read },
    { "a repeated run replaces itself", a_repeated_run_replaces_itself },
    { "what is stored is found as it was", what_is_stored_is_found_as_it_was },
    { "runs of something else are not added", runs_of_something_else_are_not_added },
    { "a full disk is told, and keeps what was complete",
      a_full_disk_is_told_and_keeps_what_was_complete },
    { "a lock held by another process is told", a_lock_held_by_another_process_is_told },
    { "a foreign file is refused", a_foreign_file_is_refused },
    { "cut rows are refused at every length", cut_rows_are_refused_at_every_length },
    CU_TEST_INFO_NULL,
};
