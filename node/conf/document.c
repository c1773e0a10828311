/* SPDX-License-Identifier: GPL-3.0-or-later
 * Documentation from descriptor tables. */
#include "node/conf/yaml.h"

#include <string.h>

const char *sw_yaml_type_name(enum sw_yaml_type type)
{
    static const char *const names[] = {
        [SW_YAML_STRING] = "text",
        [SW_YAML_PATH] = "path",
        [SW_YAML_LOCAL_PATH] = "path",
        [SW_YAML_ADDRESS] = "address:port",
        [SW_YAML_ZONE_NAME] = "zone name",
        [SW_YAML_NAME] = "name",
        [SW_YAML_INTEGER] = "whole number",
        [SW_YAML_COUNT] = "whole number",
        [SW_YAML_NUMBER] = "number",
        [SW_YAML_DURATION] = "duration",
        [SW_YAML_SIZE] = "size",
        [SW_YAML_RATE] = "rate",
        [SW_YAML_BANDWIDTH] = "bandwidth",
        [SW_YAML_PROBABILITY] = "probability",
        [SW_YAML_BOOL] = "true or false",
        [SW_YAML_ENUM] = "choice",
        [SW_YAML_HEX] = "hexadecimal",
        [SW_YAML_MAPPING] = "mapping",
        [SW_YAML_LIST] = "list",
        [SW_YAML_PARAMS] = "mapping",
        [SW_YAML_REST] = "",
        [SW_YAML_LINE] = "",
        [SW_YAML_INCLUDE] = "",
        [SW_YAML_SKIP] = "mapping",
    };
    return type < SW_LEN(names) && names[type] != NULL ? names[type] : "";
}

static void row(FILE *to, const struct sw_yaml_field *f, const char *prefix)
{
    char scratch[160];
    const bool list = f->type == SW_YAML_LIST || (f->type == SW_YAML_SKIP && f->item != 0);
    (void)fprintf(to, "| `%s%s` | ", prefix, f->key);
    if (list) {
        (void)fprintf(to, "list of %ss", sw_yaml_type_name(f->item));
    } else if (f->type != SW_YAML_ENUM && f->type != SW_YAML_HEX) {
        (void)fputs(sw_yaml_type_name(f->type), to);
    }
    if (f->type == SW_YAML_ENUM || f->type == SW_YAML_HEX) {
        (void)fputs(sw_yaml_expected(f, scratch), to);
    } else if (f->high > f->low) {
        (void)fprintf(to, ", %s", sw_yaml_range(f, scratch));
    }
    (void)fprintf(to, " | %s | %s |\n",
                  f->required           ? "required"
                  : f->fallback != NULL ? f->fallback
                                        : "",
                  f->help != NULL ? f->help : "");
}

static void rows(FILE *to, const struct sw_yaml_table *t, const char *prefix)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct sw_yaml_field *f = &t->fields[i];
        if (f->type == SW_YAML_INCLUDE) {
            rows(to, f->table, prefix);
        } else if (f->key != NULL) {
            row(to, f, prefix);
            char longer[128];
            const bool list = f->type == SW_YAML_LIST && f->item == SW_YAML_MAPPING;
            (void)snprintf(longer, sizeof longer, "%s%s%s.", prefix, f->key, list ? "[]" : "");
            if (f->type == SW_YAML_MAPPING || list) {
                rows(to, f->table, longer);
            }
        }
    }
}

void sw_yaml_document(FILE *to, const struct sw_yaml_table *table)
{
    (void)fprintf(to, "| key | value | default | meaning |\n|---|---|---|---|\n");
    rows(to, table, "");
}
