/* SPDX-License-Identifier: GPL-3.0-or-later
 * Any bytes as a node's configuration file: an error or a configuration, never a crash. */
#include "node/conf/config.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_yaml y;
    struct sw_diag d = { 0 };
    if (sw_yaml_parse("fuzz/x.yaml", (const char *)data, size, &y, &d) == 0) {
        struct sw_node_file f;
        memset(&f, 0, sizeof f);
        if (sw_yaml_bind(&y, y.root, &sw_node_file_table, &f, &d) != 0 && d.text[0] == '\0') {
            __builtin_trap(); /* every refusal explains itself */
        }
        sw_yaml_release(&sw_node_file_table, &f);
        sw_yaml_fini(&y);
    } else if (d.text[0] == '\0') {
        __builtin_trap();
    }
    return 0;
}
