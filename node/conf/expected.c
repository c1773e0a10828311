/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a field expects, in a person's words. */
#include "node/conf/yaml.h"

struct unit {
    const char *name;
    double factor;
};

static const char *const expected[] = {
    [SW_YAML_STRING] = "a text",
    [SW_YAML_PATH] = "a path",
    [SW_YAML_LOCAL_PATH] = "a path",
    [SW_YAML_ADDRESS] = "an address with a port (like 192.0.2.1:53, [2001:db8::1]:53)",
    [SW_YAML_ZONE_NAME] = "a zone's name (like example.org)",
    [SW_YAML_NAME] = "a name (1 to 31 of a-z, 0-9 and -)",
    [SW_YAML_INTEGER] = "a whole number (like 42)",
    [SW_YAML_COUNT] = "a whole number (like 42)",
    [SW_YAML_NUMBER] = "a number (like 0.25, 1e-3)",
    [SW_YAML_DURATION] = "a duration (like 80ms, 2.5s, 1h30m)",
    [SW_YAML_SIZE] = "a size (like 512B, 64KiB, 4GiB)",
    [SW_YAML_RATE] = "a rate (like 5/s, 20k/s, 3/m)",
    [SW_YAML_BANDWIDTH] = "a bandwidth (like 100Mbit/s, 1Gbit/s)",
    [SW_YAML_PROBABILITY] = "a probability (like 0.01, 1%)",
    [SW_YAML_BOOL] = "true or false",
};

static void list_names(const char *const *names, char scratch[160])
{
    size_t len = (size_t)snprintf(scratch, 160, "one of: ");
    for (size_t i = 0; names[i] != NULL && len < 150; i++) {
        const int more = snprintf(scratch + len, 160 - len, "%s%s", i > 0 ? ", " : "", names[i]);
        len += more > 0 ? (size_t)more : 0;
    }
}

const char *sw_yaml_expected(const struct sw_yaml_field *f, char scratch[160])
{
    if (f->type == SW_YAML_ENUM) {
        list_names(f->names, scratch);
        return scratch;
    }
    if (f->type == SW_YAML_HEX) {
        (void)snprintf(scratch, 160, "%zu hexadecimal digits", 2 * f->size);
        return scratch;
    }
    return f->type < SW_LEN(expected) && expected[f->type] != NULL ? expected[f->type] : "a value";
}

/* ---- ranges ---- */

/* A base-unit value as a person would write it. */
static void show(enum sw_yaml_type type, double v, char *out, size_t cap)
{
    static const struct unit durations[] = { { "d", 86400e9 }, { "h", 3600e9 }, { "m", 60e9 },
                                             { "s", 1e9 },     { "ms", 1e6 },   { "us", 1e3 },
                                             { "ns", 1 } };
    static const struct unit bytes[] = { { "TiB", 1099511627776.0 },
                                         { "GiB", 1073741824 },
                                         { "MiB", 1048576 },
                                         { "KiB", 1024 },
                                         { "B", 1 } };
    static const struct unit bits[] = {
        { "Tbit/s", 1e12 }, { "Gbit/s", 1e9 }, { "Mbit/s", 1e6 }, { "kbit/s", 1e3 }, { "bit/s", 1 }
    };
    const struct unit *table = type == SW_YAML_DURATION ? durations
                               : type == SW_YAML_SIZE   ? bytes
                                                        : bits;
    const size_t n = type == SW_YAML_DURATION ? SW_LEN(durations) : SW_LEN(bytes);
    const char *unit = type == SW_YAML_RATE ? "/s" : "";
    if (v > 0 && (type == SW_YAML_DURATION || type == SW_YAML_SIZE || type == SW_YAML_BANDWIDTH)) {
        size_t i = 0;
        while (i + 1 < n && v < table[i].factor) {
            i++;
        }
        v /= table[i].factor;
        unit = table[i].name;
    }
    (void)snprintf(out, cap, "%.15g%s", v, unit);
}

const char *sw_yaml_range(const struct sw_yaml_field *f, char scratch[160])
{
    char low[40];
    char high[40];
    show(f->type, f->low, low, sizeof low);
    show(f->type, f->high, high, sizeof high);
    (void)snprintf(scratch, 160, "%s to %s", low, high);
    return scratch;
}
