/* SPDX-License-Identifier: GPL-3.0-or-later
 * What all verbs share: the registry, command lines, exit codes. */
#define _POSIX_C_SOURCE 200809L
#include "sim/verbs/verb.h"
#include "node/conf/yaml.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#define SIM_VERB(x) extern const struct sim_verb sim_verb_##x;
#include "sim/verbs/verbs.def"
#undef SIM_VERB

static const struct sim_verb *const verbs[] = {
#define SIM_VERB(x) &sim_verb_##x,
#include "sim/verbs/verbs.def"
#undef SIM_VERB
};

const struct sim_verb *sim_verb_at(size_t i)
{
    return i < SW_LEN(verbs) ? verbs[i] : NULL;
}

int sim_quit(int code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)fputs("swarmsim: ", stderr);
    (void)vfprintf(stderr, fmt, args);
    (void)fputc('\n', stderr);
    va_end(args);
    return code;
}

const char *sim_study_in(const char *path, char text[SIM_STUDY_PATH])
{
    struct stat at;
    const int len = snprintf(text, SIM_STUDY_PATH, "%s/study.db", path);
    const bool fits = len > 0 && len < SIM_STUDY_PATH;
    return fits && stat(path, &at) == 0 && S_ISDIR(at.st_mode) ? text : path;
}

int sim_choose_folder(const char *database, const char *out, const char *below, char *folder,
                      size_t cap)
{
    const char *slash = strrchr(database, '/');
    const int under = slash != NULL ? (int)(slash - database) : 1;
    const int len = out != NULL
                        ? snprintf(folder, cap, "%s", out)
                        : snprintf(folder, cap, "%.*s%s%s", under, slash != NULL ? database : ".",
                                   below[0] != '\0' ? "/" : "", below);
    if (len < 0 || (size_t)len >= cap) {
        return sim_quit(SIM_EXIT_USAGE, "--out: too long a path");
    }
    struct stat at;
    if (stat(folder, &at) == 0 && !S_ISDIR(at.st_mode)) {
        return sim_quit(SIM_EXIT_ENVIRONMENT, "%s: is not a folder", folder);
    }
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
        return sim_quit(SIM_EXIT_ENVIRONMENT, "%s: can't be made: %s", folder, strerror(errno));
    }
    return 0;
}

int sim_exit_of(int err)
{
    switch (err) {
    case 0:
        return SIM_EXIT_OK;
    case SW_ERR_MALFORMED:
    case SW_ERR_RANGE:
    case SW_ERR_NOTFOUND:
    case SW_ERR_EXISTS:
        return SIM_EXIT_USAGE;
    case SW_ERR_CRASHED:
    case SW_ERR_STATE:
    case SW_ERR_UNSUPPORTED:
        return SIM_EXIT_INTERNAL;
    default:
        return SIM_EXIT_ENVIRONMENT;
    }
}

int sim_exit_of_input(int err)
{
    return err == SW_ERR_NOMEM ? SIM_EXIT_ENVIRONMENT : SIM_EXIT_USAGE;
}

static const struct sim_option *find_option(const struct sim_option *options, size_t n,
                                            const char *word, size_t len)
{
    for (size_t i = 0; i < n; i++) {
        if (strlen(options[i].name) == len && strncmp(options[i].name, word, len) == 0) {
            return &options[i];
        }
    }
    return NULL;
}

static int unknown_option(const struct sim_option *options, size_t n, const char *word)
{
    const char *names[32];
    size_t count = 0;
    for (; count < n && count < SW_LEN(names); count++) {
        names[count] = options[count].name;
    }
    const char *near = sw_yaml_nearest(word, names, count);
    (void)sim_quit(0, "unknown option %s%s%s%s", word, near != NULL ? " (did you mean " : "",
                   near != NULL ? near : "", near != NULL ? "?)" : "");
    return SW_ERR_MALFORMED;
}

static int take_option(int argc, char **argv, int *i, const struct sim_option *options, size_t n)
{
    const char *word = argv[*i];
    const char *equals = word[1] == '-' ? strchr(word, '=') : NULL;
    const size_t len = equals != NULL ? (size_t)(equals - word) : strlen(word);
    const struct sim_option *o = find_option(options, n, word, len);
    if (o == NULL && word[1] != '-' && len > 2) { /* -j4 */
        o = find_option(options, n, word, 2);
        if (o != NULL && !o->flag) {
            *o->value = word + 2;
            return 0;
        }
    }
    if (o == NULL) {
        return unknown_option(options, n, word);
    }
    if (o->flag && equals == NULL) {
        *o->value = o->name;
        return 0;
    }
    if (o->flag || (equals == NULL && *i + 1 == argc)) {
        (void)sim_quit(0, "%s %s", o->name, o->flag ? "takes no value" : "needs a value");
        return SW_ERR_MALFORMED;
    }
    *o->value = equals != NULL ? equals + 1 : argv[++*i];
    return 0;
}

int sim_parse_options(int argc, char **argv, const struct sim_option *options, size_t n_options,
                      const char **args, size_t max, size_t *n)
{
    *n = 0;
    bool only_args = false;
    for (int i = 1; i < argc; i++) {
        if (!only_args && strcmp(argv[i], "--") == 0) {
            only_args = true;
        } else if (!only_args && argv[i][0] == '-' && argv[i][1] != '\0') {
            const int err = take_option(argc, argv, &i, options, n_options);
            if (err != 0) {
                return err;
            }
        } else if (*n == max) {
            (void)sim_quit(0, "unexpected argument '%s'", argv[i]);
            return SW_ERR_MALFORMED;
        } else {
            args[(*n)++] = argv[i];
        }
    }
    return 0;
}

int sim_parse_number(const char *option, const char *text, uint64_t low, uint64_t *out)
{
    static const struct sw_yaml_field whole = { .type = SW_YAML_INTEGER };
    if (sw_yaml_scalar(&whole, NULL, text, out) == 0 && *out >= low) {
        return 0;
    }
    (void)sim_quit(0, "%s: '%s' is not a whole number of at least %llu", option, text,
                   (unsigned long long)low);
    return SW_ERR_MALFORMED;
}

int sim_parse_seeds(const char *text, uint64_t most, uint64_t *first, uint64_t *n)
{
    static const struct sw_yaml_field whole = { .type = SW_YAML_INTEGER };
    char low[32] = "";
    const char *dots = strstr(text, "..");
    const size_t len = dots != NULL ? (size_t)(dots - text) : strlen(text);
    uint64_t last = 0;
    int err = len < sizeof low ? 0 : SW_ERR_MALFORMED;
    if (err == 0) {
        memcpy(low, text, len);
        err = sw_yaml_scalar(&whole, NULL, low, first);
    }
    if (err == 0) {
        err = sw_yaml_scalar(&whole, NULL, dots != NULL ? dots + 2 : low, &last);
    }
    if (err == 0 && last >= *first && last - *first < most) {
        *n = last - *first + 1;
        return 0;
    }
    (void)sim_quit(0, "--seeds: '%s' is no range of at most %llu seeds (like 1..20)", text,
                   (unsigned long long)most);
    return SW_ERR_MALFORMED;
}

int sim_parse_shard(const char *text, const char *out, uint64_t *number, uint64_t *of)
{
    char first[24] = "";
    const char *slash = strchr(text, '/');
    if (slash == NULL || slash - text >= (long)sizeof first) {
        return sim_quit(SW_ERR_MALFORMED, "--shard: '%s' is not I/N (like 3/16)", text);
    }
    memcpy(first, text, (size_t)(slash - text));
    int err = sim_parse_number("--shard", first, 1, number);
    if (err == 0) {
        err = sim_parse_number("--shard", slash + 1, 1, of);
    }
    if (err == 0 && (*number > *of || *of > SIM_MOST_SHARDS)) {
        err = sim_quit(SW_ERR_RANGE, "--shard: %s: there are 1 to %u shards, numbered from 1", text,
                       SIM_MOST_SHARDS);
    }
    return err == 0 && out == NULL
               ? sim_quit(SW_ERR_MALFORMED, "--shard needs --out, the same for all shards")
               : err;
}
