/* SPDX-License-Identifier: GPL-3.0-or-later
 * swarmsim export: a study's tables as CSV (RFC 4180), a row at a time. */
#define _POSIX_C_SOURCE 200809L
#include "embedded/sim_schema_sql.h"
#include "node/conf/yaml.h"
#include "sim/record/db.h"
#include "sim/verbs/verb.h"

#include <errno.h>
#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_TABLES 32
#define NAME 64

struct export
{
    sqlite3 *sq;
    const char *database;
    char tables[MAX_TABLES][NAME]; /* of the database, by name */
    size_t n;
    bool chosen[MAX_TABLES];
};

/* ---- a cell, a row, a table ---- */

/* RFC 4180, section 2, rules 5 to 7.  An empty text is quoted: an empty cell is NULL. */
static void put_text(FILE *to, const char *s)
{
    if (s[0] != '\0' && strpbrk(s, ",\"\r\n") == NULL && s[0] != ' ') {
        (void)fputs(s, to);
        return;
    }
    (void)fputc('"', to);
    for (; *s != '\0'; s++) {
        if (*s == '"') {
            (void)fputc('"', to);
        }
        (void)fputc(*s, to);
    }
    (void)fputc('"', to);
}

/* The shortest decimal that reads back to the same bits. */
static void put_real(FILE *to, double v)
{
    char text[40];
    int digits = 15;
    do {
        (void)snprintf(text, sizeof text, "%.*g", digits, v);
    } while (digits++ < 17 && strtod(text, NULL) != v);
    (void)fputs(isinf(v) ? v < 0 ? "-Inf" : "Inf" : text, to);
}

static void put_cell(FILE *to, sqlite3_stmt *st, int i)
{
    switch (sqlite3_column_type(st, i)) {
    case SQLITE_NULL:
        break;
    case SQLITE_INTEGER:
        (void)fprintf(to, "%lld", (long long)sqlite3_column_int64(st, i));
        break;
    case SQLITE_FLOAT:
        put_real(to, sqlite3_column_double(st, i));
        break;
    default:
        put_text(to, sim_db_text(st, i));
    }
}

static void put_header(FILE *to, sqlite3_stmt *st)
{
    for (int i = 0; i < sqlite3_column_count(st); i++) {
        (void)fputs(i > 0 ? "," : "", to);
        put_text(to, sqlite3_column_name(st, i));
    }
    (void)fputs("\r\n", to);
}

/* All rows of @table in the order of its primary key.  0, or what SQLite says. */
static int put_table(const struct export *x, const char *table, FILE *to)
{
    static const char key_of[] = "SELECT group_concat(name) FROM (SELECT name FROM"
                                 " pragma_table_info(?) WHERE pk > 0 ORDER BY pk)";
    char text[512];
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(x->sq, key_of, -1, &st, NULL) != SQLITE_OK) {
        return sqlite3_errcode(x->sq);
    }
    (void)sqlite3_bind_text(st, 1, table, -1, SQLITE_STATIC);
    const bool keyed = sqlite3_step(st) == SQLITE_ROW && sqlite3_column_type(st, 0) != SQLITE_NULL;
    (void)snprintf(text, sizeof text, "SELECT * FROM \"%s\" ORDER BY %s", table,
                   keyed ? sim_db_text(st, 0) : "rowid");
    (void)sqlite3_finalize(st);
    if (sqlite3_prepare_v2(x->sq, text, -1, &st, NULL) != SQLITE_OK) {
        return sqlite3_errcode(x->sq);
    }
    put_header(to, st);
    int rc;
    while ((rc = sqlite3_step(st)) == SQLITE_ROW && ferror(to) == 0) {
        for (int i = 0; i < sqlite3_column_count(st); i++) {
            (void)fputs(i > 0 ? "," : "", to);
            put_cell(to, st, i);
        }
        (void)fputs("\r\n", to);
    }
    (void)sqlite3_finalize(st);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : rc;
}

/* ---- which tables, and where to ---- */

static int list_tables(struct export *x)
{
    static const char text[] = "SELECT name FROM sqlite_schema WHERE type = 'table'"
                               " AND name NOT LIKE 'sqlite_%' ORDER BY name";
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(x->sq, text, -1, &st, NULL) != SQLITE_OK) {
        return sim_quit(SIM_EXIT_USAGE, "%s: %s", x->database, sqlite3_errmsg(x->sq));
    }
    while (x->n < MAX_TABLES && sqlite3_step(st) == SQLITE_ROW) {
        (void)snprintf(x->tables[x->n++], NAME, "%s", sim_db_text(st, 0));
    }
    (void)sqlite3_finalize(st);
    return 0;
}

static int choose(struct export *x, const char *name, size_t len)
{
    char word[NAME];
    (void)snprintf(word, sizeof word, "%.*s", (int)(len < NAME ? len : NAME - 1), name);
    const char *names[MAX_TABLES];
    for (size_t i = 0; i < x->n; i++) {
        names[i] = x->tables[i];
        if (strcmp(word, x->tables[i]) == 0) {
            x->chosen[i] = true;
            return 0;
        }
    }
    const char *near = sw_yaml_nearest(word, names, x->n);
    return sim_quit(SIM_EXIT_USAGE, "--table: no table is called '%s' (%s%s%s", word,
                    near != NULL ? "did you mean '" : "see results/schema.sql",
                    near != NULL ? near : "", near != NULL ? "'?)" : ")");
}

static int choose_tables(struct export *x, const char *list)
{
    int code = list_tables(x);
    for (size_t i = 0; i < x->n; i++) {
        x->chosen[i] = list == NULL;
    }
    while (code == 0 && list != NULL) {
        const size_t len = strcspn(list, ",");
        code = choose(x, list, len);
        list = list[len] == ',' ? list + len + 1 : NULL;
    }
    return code;
}

static int to_standard_output(const struct export *x)
{
    size_t only = MAX_TABLES;
    for (size_t i = 0; i < x->n; i++) {
        if (x->chosen[i]) {
            if (only != MAX_TABLES) {
                return sim_quit(SIM_EXIT_USAGE, "--out -: needs --table with one table");
            }
            only = i;
        }
    }
    if (only == MAX_TABLES) {
        return sim_quit(SIM_EXIT_USAGE, "--out -: needs --table with one table");
    }
    const int rc = put_table(x, x->tables[only], stdout);
    return rc == 0 ? SIM_EXIT_OK
                   : sim_quit(SIM_EXIT_ENVIRONMENT, "%s: %s", x->database, sqlite3_errstr(rc));
}

static int unwritten(const char *path, FILE *f)
{
    const int why = errno;
    if (f != NULL) {
        (void)fclose(f);
    }
    return sim_quit(SIM_EXIT_ENVIRONMENT, "%s: %s", path, strerror(why));
}

/* A table, or with NULL the schema, which says what columns mean and their units. */
static int to_file(const struct export *x, const char *table, const char *folder)
{
    char path[640];
    (void)snprintf(path, sizeof path, "%s/%s%s", folder, table != NULL ? table : "schema",
                   table != NULL ? ".csv" : ".sql");
    FILE *f = fopen(path, "w");
    if (f == NULL) {
        return unwritten(path, f);
    }
    const int rc = table != NULL ? put_table(x, table, f) : fputs(sim_schema_sql, f) < 0;
    if (ferror(f) != 0 || fflush(f) != 0) {
        return unwritten(path, f);
    }
    (void)fclose(f);
    return rc == 0 ? 0 : sim_quit(SIM_EXIT_ENVIRONMENT, "%s: %s", x->database, sqlite3_errstr(rc));
}

static int to_folder(const struct export *x, const char *out)
{
    char folder[512];
    size_t files = 0;
    int code = sim_choose_folder(x->database, out, "csv", folder, sizeof folder);
    for (size_t i = 0; i < x->n && code == 0; i++) {
        if (x->chosen[i]) {
            code = to_file(x, x->tables[i], folder);
            files++;
        }
    }
    if (code == 0) {
        code = to_file(x, NULL, folder);
    }
    if (code == 0) {
        (void)printf("tables    %zu in %s/*.csv\ncolumns   %s/schema.sql\n", files, folder, folder);
    }
    return code;
}

static int run(int argc, char **argv)
{
    struct export x = { 0 };
    const char *out = NULL;
    const char *list = NULL;
    const struct sim_option options[] = { { "--out", false, &out }, { "--table", false, &list } };
    size_t n = 0;
    if (sim_parse_options(argc, argv, options, SW_LEN(options), &x.database, 1, &n) != 0) {
        return SIM_EXIT_USAGE;
    }
    if (n == 0) {
        return sim_quit(SIM_EXIT_USAGE, "export needs a database (results/runs/NAME/study.db)");
    }
    char inside[SIM_STUDY_PATH];
    x.database = sim_study_in(x.database, inside);
    struct stat at;
    if (stat(x.database, &at) != 0) {
        return sim_quit(SIM_EXIT_USAGE, "%s: %s", x.database, strerror(errno));
    }
    struct sw_diag d = { 0 };
    const int err = sim_db_read(x.database, &x.sq, &d);
    if (err != 0) {
        return sim_quit(sim_exit_of(err), "%s", d.text);
    }
    /* one state of the study in all files, whatever is stored meanwhile */
    (void)sqlite3_exec(x.sq, "BEGIN", NULL, NULL, NULL);
    int code = choose_tables(&x, list);
    if (code == 0) {
        code = out != NULL && strcmp(out, "-") == 0 ? to_standard_output(&x) : to_folder(&x, out);
    }
    (void)sqlite3_close(x.sq);
    return code;
}

extern const struct sim_verb sim_verb_export;
const struct sim_verb sim_verb_export = {
    .name = "export",
    .usage = "STUDY.db|DIR [--out DIR|-] [--table T,...]",
    .help = "Writes a study's tables as CSV (RFC 4180), DIR/TABLE.csv each, with column names in\n"
            "the first line and rows in the order of the primary key, and DIR/schema.sql, which\n"
            "says what each column means and its unit.  Works while the study runs.\n\n"
            "  --out DIR       default: csv beside the database; -: standard output, one table\n"
            "  --table T,...   only these; default: all\n\n"
            "An empty cell is NULL (nothing was measured), \"\" an empty text, Inf a value that\n"
            "never came.  Numbers read back to the same bits.  Seeds are signed 64-bit numbers.\n",
    .run = run,
};
