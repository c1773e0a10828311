/* SPDX-License-Identifier: GPL-3.0-or-later
 * Broken scenario files, tests/e2e/bad/NAME.yaml, each with the message that it must get in its
 * first line: "# @:LINE:COLUMN: KEY: WHAT (WHAT IS EXPECTED)".  @ is the file's own name; "..."
 * stands for anything, where a list grows with the program. */
#define _XOPEN_SOURCE 700
#include "sim/scenario/scenario.h"
#include "tests/lib/check.h"

#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern CU_TestInfo tests_bad[];

#define ENOUGH 60

/* As swarmsim run reads it: the configurations' names, then each of them. */
static int load(const char *path, struct sw_diag *d)
{
    struct sim_configuration *names = NULL;
    size_t n = 0;
    int err = sim_configurations(path, &names, &n, d);
    for (size_t i = 0; err == 0 && (i < n || i == 0); i++) {
        struct sim_scenario *s = NULL;
        err = sim_scenario_load(path, n > 0 ? names[i].name.s : NULL, &s, d);
        sim_scenario_free(s);
    }
    sim_configurations_free(names);
    return err;
}

static bool matches(const char *text, const char *pattern)
{
    const char *dots = strstr(pattern, "...");
    if (dots == NULL) {
        return strcmp(text, pattern) == 0;
    }
    if (strncmp(text, pattern, (size_t)(dots - pattern)) != 0) {
        return false;
    }
    for (const char *rest = text + (dots - pattern);; rest++) {
        if (matches(rest, dots + 3)) {
            return true;
        }
        if (*rest == '\0') {
            return false;
        }
    }
}

/* The first line without "# ", @ replaced. */
static bool read_expected(const char *path, char out[512])
{
    char line[512] = "";
    FILE *f = fopen(path, "r");
    const bool read = f != NULL && fgets(line, sizeof line, f) != NULL;
    if (f != NULL) {
        (void)fclose(f);
    }
    line[strcspn(line, "\r\n")] = '\0';
    if (!read || strncmp(line, "# ", 2) != 0) {
        return false;
    }
    const bool own = line[2] == '@';
    (void)snprintf(out, 512, "%s%s", own ? path : "", line + (own ? 3 : 2));
    return true;
}

static void every_broken_file_gets_its_message(void)
{
    glob_t files;
    REQUIRE(chdir(SW_SOURCE_DIR "/tests/e2e/bad") == 0);
    REQUIRE(glob("*.yaml", 0, NULL, &files) == 0);
    CHECK(files.gl_pathc >= ENOUGH);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        char expected[512];
        struct sw_diag d = { 0 };
        REQUIRE(read_expected(files.gl_pathv[i], expected));
        const int err = load(files.gl_pathv[i], &d);
        if (err == 0 || !matches(d.text, expected)) {
            (void)fprintf(stderr, "%s: %d\n  expected  %s\n  got       %s\n", files.gl_pathv[i],
                          err, expected, d.text);
        }
        CHECK(err < 0 && matches(d.text, expected));
    }
    globfree(&files);
}

/* ---- what can't be kept as a file ---- */

static char folder[] = "/tmp/sw-bad-XXXXXX";

static const char *made(const char *name, const char *head, const char *body, size_t times)
{
    static char path[64];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    if (f != NULL) {
        (void)fputs(head, f);
        for (size_t i = 0; i < times; i++) {
            (void)fputs(body, f);
        }
        (void)fclose(f);
    }
    return path;
}

static void refused(const char *path, const char *words)
{
    struct sw_diag d = { 0 };
    const int err = load(path, &d);
    const bool as_expected = strncmp(d.text, path, strlen(path)) == 0 && strstr(d.text, words);
    if (!as_expected) {
        (void)fprintf(stderr, "%s: %d, %s\n", path, err, d.text);
    }
    CHECK(err < 0 && as_expected);
}

static void what_is_no_scenario_file_is_told(void)
{
    REQUIRE(mkdtemp(folder) != NULL);
    refused(made("empty.yaml", "", "", 0), ":1:1: the file is empty");
    refused(folder, ": Is a directory");
    refused(made("absent/x.yaml", "", "", 0), ": No such file or directory");
    refused(made("deep.yaml", "name: ", "[", 100000), ":1:");
    refused(made("nested.yaml", "name: bad\nregions:", "\n- {a: ", 3000), "");
    refused(made("wide.yaml", "name: bad\noracles: [", "answers, ", 3000000), "");
    refused(made("long.yaml", "name: ", "abcdefghijklmnopqrstuvwxyz", 10000), ":1:7: name: ");
    const char *hidden = made("hidden.yaml", "name: bad\n", "", 0);
    (void)chmod(hidden, 0);
    if (geteuid() != 0) { /* whom nothing is hidden from */
        refused(hidden, ": Permission denied");
    }
}

static void a_byte_order_mark_and_carriage_returns_are_no_mistake(void)
{
    static const char text[] = "\xef\xbb\xbfname: good\r\nquestion: \"Is it read?\"\r\n"
                               "duration: 60s\r\nregions:\r\n  - {name: fra}\r\nnodes:\r\n"
                               "  - {region: fra}\r\n";
    struct sim_scenario *s = NULL;
    struct sw_diag d = { 0 };
    CHECK_I64(sim_scenario_parse("x.yaml", text, sizeof text - 1, NULL, &s, &d), 0);
    CHECK_STR(d.text, "");
    sim_scenario_free(s);
}

CU_TestInfo tests_bad[] = {
    { "every broken file gets its message", every_broken_file_gets_its_message },
    { "what is no scenario file is told", what_is_no_scenario_file_is_told },
    { "a byte order mark and carriage returns are no mistake",
      a_byte_order_mark_and_carriage_returns_are_no_mistake },
    CU_TEST_INFO_NULL,
};
