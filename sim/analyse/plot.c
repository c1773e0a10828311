/* SPDX-License-Identifier: GPL-3.0-or-later
 * What all plots share: queries, files, the head of a script, running gnuplot. */
#define _GNU_SOURCE
#include "sim/analyse/plot.h"
#include "embedded/sim_faults_sql.h"
#include "embedded/sim_style_gp.h"
#include "node/base/types.h"
#include "sim/record/db.h"

#include <errno.h>
#include <math.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_FAULTS 50
#define MOST_LABELS 4
#define LONG_RUN 600.0 /* s; from here on the time axis counts minutes */

extern char **environ;

sqlite3_stmt *sim_plot_query(struct sim_plots *p, const char *sql, const char *configuration,
                             const char *three, const char *four)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(p->sq, sql, -1, &st, NULL) != SQLITE_OK) {
        (void)sw_diag_set(p->d, SW_ERR_MALFORMED, "the study can't be read: %s",
                          sqlite3_errmsg(p->sq));
        return NULL;
    }
    const char *const texts[] = { configuration, three, four };
    (void)sqlite3_bind_int64(st, 1, p->study);
    for (int i = 0; i < 3 && texts[i] != NULL; i++) {
        (void)sqlite3_bind_text(st, i + 2, texts[i], -1, SQLITE_STATIC);
    }
    return st;
}

FILE *sim_plot_open(struct sim_plots *p, const char *name)
{
    char path[800];
    (void)snprintf(path, sizeof path, "%s/%s", p->folder, name);
    FILE *f = fopen(path, "w");
    if (f == NULL) {
        (void)sw_diag_set(p->d, SW_ERR_IO, "%.150s: %s", path, strerror(errno));
    }
    return f;
}

int sim_plot_close(struct sim_plots *p, FILE *f, const char *name)
{
    const bool bad = ferror(f) != 0;
    return fclose(f) == 0 && !bad
               ? 0
               : sw_diag_set(p->d, SW_ERR_IO, "%.100s/%s: can't be written", p->folder, name);
}

void sim_plot_text(FILE *f, const char *text)
{
    (void)fputc('\'', f);
    for (; *text != '\0'; text++) {
        const char c = *text;
        /* a backslash or double quote would end the string around a string */
        const char plain = c == '\n' || c == '\\' || c == '"' ? ' ' : c;
        (void)fputs(c == '\'' ? "''" : (char[]){ plain, '\0' }, f);
    }
    (void)fputc('\'', f);
}

void sim_plot_image(const struct sim_plot_head *head, char out[2 * SIM_PLOT_NAME])
{
    (void)snprintf(out, (size_t)2 * SIM_PLOT_NAME, "%s%s%s", head->arm,
                   head->arm[0] != '\0' ? "-" : "", head->kind);
}

/* "regional_outage fra" as "regional outage: fra". */
static void fault_label(const char *kind, const char *where, char *out, size_t cap)
{
    (void)snprintf(out, cap, "%s%s%s", kind, where[0] != '\0' ? ": " : "", where);
    for (char *s = out; *s != '\0' && *s != ':'; s++) {
        *s = *s == '_' ? ' ' : *s;
    }
}

static void shade(FILE *f, int n, double from, double until)
{
    (void)fprintf(f,
                  "set object %d rectangle from first %.9g, graph 0 to first %.9g, graph 1 behind "
                  "clip fillcolor rgb '#000000' fillstyle transparent solid 0.09 noborder; ",
                  n, from, until);
}

/* A label beside the edge at @at, on whichever side has room. */
static void put_label(FILE *f, int n, const char *label, double at, bool right, int row)
{
    (void)fprintf(f, "set label %d ", 100 + n);
    sim_plot_text(f, label);
    (void)fprintf(f,
                  " at first %.9g, graph 0.95 %s offset %s0.5, %.3g front noenhanced textcolor rgb "
                  "'#333333'; ",
                  at, right ? "right" : "left", right ? "-" : "", -1.15 * row);
}

/* Up to MOST_LABELS are named, in rows that do not overprint; the last says how many more. */
static void label_fault(struct sim_plots *p, const struct sim_plot_head *head, FILE *f, int n,
                        sqlite3_stmt *st)
{
    const double at = fmax(sqlite3_column_double(st, 2), p->warmup);
    const double unit = p->duration > LONG_RUN ? 60 : 1;
    char label[128];
    if (!head->labels || n > MOST_LABELS) {
        return;
    }
    fault_label(sim_db_text(st, 0), sim_db_text(st, 1), label, sizeof label);
    const sqlite3_int64 more = sqlite3_column_int64(st, 4) - n;
    if (n == MOST_LABELS && more > 0) {
        const size_t len = strlen(label);
        (void)snprintf(label + len, sizeof label - len, ", +%lld more", (long long)more);
    }
    put_label(f, n, label, at / unit, at - p->warmup > 0.6 * (p->end - p->warmup), n - 1);
}

/* The commands that draw and name the faults, as one string of gnuplot's: a script with panels
 * draws them in some only.  Of several runs only what all have is shown: no storm's. */
static int write_faults(struct sim_plots *p, const struct sim_plot_head *head, FILE *f,
                        double time_unit)
{
    const char *arm = head->faults_of != NULL ? head->faults_of : head->arm;
    sqlite3_stmt *st = sim_plot_query(p, sim_faults_sql, arm, NULL, NULL);
    if (st == NULL) {
        return SW_ERR_MALFORMED;
    }
    (void)sqlite3_bind_double(st, 3, p->warmup);
    (void)sqlite3_bind_double(st, 4, p->end);
    int n = 0;
    (void)fputs("show_faults = \"", f);
    while (n < MAX_FAULTS && sqlite3_step(st) == SQLITE_ROW) {
        n++;
        shade(f, n, fmax(sqlite3_column_double(st, 2), p->warmup) / time_unit,
              fmin(sqlite3_column_double(st, 3), p->end) / time_unit);
        label_fault(p, head, f, n, st);
    }
    (void)fputs("\"\nhide_faults = \"unset object", f);
    for (int i = 1; i <= n && i <= MOST_LABELS && head->labels; i++) {
        (void)fprintf(f, "; unset label %d", 100 + i);
    }
    (void)fputs("\"\n", f);
    (void)sqlite3_finalize(st);
    return 0;
}

FILE *sim_plot_begin(struct sim_plots *p, const struct sim_plot_head *head)
{
    char image[2 * SIM_PLOT_NAME];
    char file[2 * SIM_PLOT_NAME + 8];
    sim_plot_image(head, image);
    (void)snprintf(file, sizeof file, "%s.gp", image);
    FILE *f = sim_plot_open(p, file);
    if (f == NULL) {
        return NULL;
    }
    const double time_unit = p->duration > LONG_RUN ? 60 : 1;
    (void)fprintf(f, "# Made by swarmsim report.  To draw it anew: gnuplot %s\n", file);
    (void)fprintf(f, "time_unit = %g\nfrom = %.9g\nuntil = %.9g\n", time_unit, p->warmup, p->end);
    (void)fprintf(f, "image = '%s'\ndata = '%s.tsv'\ntitle_text = ", image, image);
    sim_plot_text(f, head->title);
    (void)fputs("\nsubtitle_text = ", f);
    sim_plot_text(f, head->subtitle);
    (void)fputc('\n', f);
    (void)fputs(sim_style_gp, f);
    if (write_faults(p, head, f, time_unit) != 0) {
        (void)fclose(f);
        return NULL;
    }
    (void)fputs("eval(show_faults)\n", f);
    return f;
}

static int run_gnuplot(struct sim_plots *p, const char *file)
{
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0) {
        return sw_diag_set(p->d, SW_ERR_NOMEM, "out of memory");
    }
    (void)posix_spawn_file_actions_addchdir_np(&actions, p->folder);
    char program[] = "gnuplot";
    char script[2 * SIM_PLOT_NAME + 8];
    (void)snprintf(script, sizeof script, "%s", file);
    char *argv[] = { program, script, NULL };
    pid_t pid = 0;
    const int failed = posix_spawnp(&pid, program, &actions, NULL, argv, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (failed == ENOENT) {
        return sw_diag_set(p->d, SW_ERR_UNREACHABLE,
                           "gnuplot is not installed (apt-get install gnuplot-nox)");
    }
    if (failed != 0) {
        return sw_diag_set(p->d, SW_ERR_UNREACHABLE, "gnuplot: %s", strerror(failed));
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (status != 0) {
        return sw_diag_set(p->d, SW_ERR_STATE, "gnuplot failed on %.100s/%s", p->folder, file);
    }
    p->drawn++;
    return 0;
}

int sim_plot_finish(struct sim_plots *p, const struct sim_plot_head *head, FILE *f,
                    const char *script)
{
    char image[2 * SIM_PLOT_NAME];
    char file[2 * SIM_PLOT_NAME + 8];
    sim_plot_image(head, image);
    (void)snprintf(file, sizeof file, "%s.gp", image);
    (void)fputs(script, f);
    const int err = sim_plot_close(p, f, file);
    return err == 0 ? run_gnuplot(p, file) : err;
}
