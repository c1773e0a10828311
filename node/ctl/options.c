/* SPDX-License-Identifier: GPL-3.0-or-later
 * Options of a verb: read by its table, and shown by it. */
#define _GNU_SOURCE
#include "node/conf/yaml.h"
#include "node/ctl/ctl.h"

#include <stdlib.h>
#include <string.h>

#define WIDTH 80

/* @text in lines of WIDTH at most, broken at spaces; its own ends of lines stay. */
static void print_wrapped(const char *text, FILE *to)
{
    size_t used = 0;
    while (*text != '\0') {
        const size_t word = strcspn(text, " \n");
        const size_t gap = strspn(text + word, " ");
        (void)fprintf(to, "%.*s", (int)word, text);
        used += word;
        text += word + gap;
        if (*text == '\n' || used + gap + strcspn(text, " \n") > WIDTH) {
            text += *text == '\n';
            (void)fputc('\n', to);
            used = 0;
        } else {
            (void)fprintf(to, "%*s", (int)(*text != '\0' ? gap : 0), "");
            used += gap;
        }
    }
    (void)fputc('\n', to);
}

static void print_usage(const struct ctl_usage *u, FILE *to)
{
    (void)fprintf(to, "usage: swarmctl %s", u->verb);
    for (size_t i = 0; i < u->n; i++) {
        const struct ctl_option *o = &u->options[i];
        if (o->name == NULL) {
            (void)fprintf(to, o->required ? " %s" : " [%s]", o->argument);
        } else if (o->required) {
            (void)fprintf(to, " --%s %s", o->name, o->argument);
        }
    }
    (void)fputs(" [options]\n\n", to);
    print_wrapped(u->about, to);
    (void)fputc('\n', to);
    for (size_t i = 0; i < u->n; i++) {
        const struct ctl_option *o = &u->options[i];
        char left[64];
        (void)snprintf(left, sizeof left, "%s%s%s%s", o->name != NULL ? "--" : "",
                       o->name != NULL ? o->name : "",
                       o->name != NULL && o->argument != NULL ? " " : "",
                       o->argument != NULL ? o->argument : "");
        const size_t len = strlen(o->help); /* which may tell the default in its own words */
        const bool preset = o->argument != NULL && *o->text != NULL && o->help[len - 1] != ')';
        (void)fprintf(to, "  %-22s  %s%s%s%s\n", left, o->help, preset ? " (" : "",
                      preset ? *o->text : "", preset ? ")" : "");
    }
    (void)fprintf(to, "  %-22s  %s\n", "--help", "this text");
}

static const struct ctl_option *find(const struct ctl_usage *u, const char *name, size_t len)
{
    for (size_t i = 0; i < u->n; i++) {
        const char *has = u->options[i].name;
        if (name == NULL ? has == NULL
                         : has != NULL && strlen(has) == len && strncmp(has, name, len) == 0) {
            return &u->options[i];
        }
    }
    return NULL;
}

static int wrong(const struct ctl_usage *u, const char *what, const char *which)
{
    (void)fprintf(stderr, "swarmctl %s: %s%s (try swarmctl %s --help)\n", u->verb, what, which,
                  u->verb);
    return CTL_BAD_INPUT;
}

static int no_option(const struct ctl_usage *u, const char *name)
{
    const char *names[32];
    size_t n = 0;
    for (size_t i = 0; i < u->n && n < SW_LEN(names); i++) {
        if (u->options[i].name != NULL) {
            names[n++] = u->options[i].name;
        }
    }
    const char *near = sw_yaml_nearest(name, names, n);
    if (near == NULL) {
        return wrong(u, "no option --", name);
    }
    (void)fprintf(stderr, "swarmctl %s: no option --%s (did you mean --%s?)\n", u->verb, name,
                  near);
    return CTL_BAD_INPUT;
}

/* One argument, and the next when it is an option's value; how many were used, 0 when wrong. */
static int take(const struct ctl_usage *u, char **argv, int left)
{
    if (strncmp(argv[0], "--", 2) != 0) {
        const struct ctl_option *o = find(u, NULL, 0);
        if (o == NULL || argv[0][0] == '-' || *o->text != NULL) {
            (void)wrong(u, "what is ", argv[0]);
            return 0;
        }
        *o->text = argv[0];
        return 1;
    }
    const char *name = argv[0] + 2;
    const char *equals = strchr(name, '=');
    const size_t len = equals != NULL ? (size_t)(equals - name) : strlen(name);
    const struct ctl_option *o = find(u, name, len);
    if (o == NULL) {
        (void)no_option(u, name);
        return 0;
    }
    if (o->argument == NULL) {
        *o->flag = true;
        return 1;
    }
    if (equals == NULL && left < 2) {
        (void)wrong(u, "a value is missing after ", argv[0]);
        return 0;
    }
    *o->text = equals != NULL ? equals + 1 : argv[1];
    return equals != NULL ? 1 : 2;
}

int ctl_parse(const struct ctl_usage *u, int argc, char **argv)
{
    for (int i = 0; i < argc;) {
        if (strcmp(argv[i], "--help") == 0) {
            print_usage(u, stdout);
            return CTL_DONE;
        }
        const int used = take(u, argv + i, argc - i);
        if (used == 0) {
            return CTL_BAD_INPUT;
        }
        i += used;
    }
    for (size_t i = 0; i < u->n; i++) {
        const struct ctl_option *o = &u->options[i];
        if (o->required && *o->text == NULL) {
            return wrong(u, o->name != NULL ? "needs --" : "needs ",
                         o->name != NULL ? o->name : o->argument);
        }
    }
    return -1;
}

int ctl_number(const char *text, uint64_t low, uint64_t high, uint64_t *out)
{
    char *end = NULL;
    if (text[0] < '0' || text[0] > '9' || strlen(text) > 18) {
        return SW_ERR_RANGE;
    }
    const uint64_t v = strtoull(text, &end, 10);
    if (*end != '\0' || v < low || v > high) {
        return SW_ERR_RANGE;
    }
    *out = v;
    return 0;
}

int ctl_duration(const char *text, sw_dur *out)
{
    static const struct {
        const char *unit;
        sw_dur ns;
    } units[] = { { "ms", SW_MS }, { "s", SW_SEC }, { "m", SW_MIN }, { "h", SW_HOUR } };
    const size_t digits = strspn(text, "0123456789");
    char number[16];
    uint64_t v = 0;
    if (digits == 0 || digits >= sizeof number) {
        return SW_ERR_MALFORMED;
    }
    memcpy(number, text, digits);
    number[digits] = '\0';
    for (size_t i = 0; i < SW_LEN(units); i++) {
        if (strcmp(text + digits, units[i].unit) == 0 &&
            ctl_number(number, 1, UINT64_C(1000000), &v) == 0) {
            *out = v * units[i].ns;
            return 0;
        }
    }
    return SW_ERR_MALFORMED;
}
