/* SPDX-License-Identifier: GPL-3.0-or-later
 * Any bytes as a compiled zone, as a peer may send them.  What is accepted must answer every
 * name and type with a whole message. */
#include <stdlib.h>
#include <string.h>

#include "tests/lib/dns_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_blob image = { 0 };
    struct sw_zone *zone = NULL;
    if (sw_blob_append(&image, data, size) != SW_OK || sw_zone_new(&image, &zone) != SW_OK) {
        sw_blob_fini(&image);
        return 0;
    }
    static const char *const names[] = { "test",     "a.test", "ns.test", "x.w.test",
                                         "y.c.test", "f.test", "no.test", "x.test",
                                         "q.v.test", ".",      "o.test",  "ns.c.test" };
    static const uint16_t types[] = { SW_TYPE_A, SW_TYPE_NS, SW_TYPE_MX, SW_TYPE_DS, SW_TYPE_ANY };
    const struct sw_zone *zones[] = { zone };
    const struct sw_view view = { .zones = zones, .n_zones = 1, .udp_size = 1232 };
    for (size_t i = 0; i < SW_LEN(names) * SW_LEN(types); i++) {
        uint8_t query[300];
        static uint8_t answer[65535];
        struct sw_wr q = { .buf = query, .cap = sizeof query };
        struct sw_wr a = { .buf = answer, .cap = sizeof answer };
        dns_query(&q, names[i % SW_LEN(names)], types[i / SW_LEN(names)], 1232);
        if (sw_answer(&view, (struct sw_bytes){ query, q.len }, i % 2 == 0, &a) !=
                SW_VERDICT_REPLY ||
            !sw_message_check((struct sw_bytes){ answer, a.len }, NULL)) {
            abort();
        }
    }
    (void)sw_zone_serial(zone);
    sw_zone_free(zone);
    return 0;
}
