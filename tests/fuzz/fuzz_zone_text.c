/* SPDX-License-Identifier: GPL-3.0-or-later
 * Any bytes as a master file: refused with a reason, or compiled into an image that passes its
 * own check. */
#include <stdlib.h>

#include "node/core/dns/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_blob image = { 0 };
    struct sw_diag d = { { 0 } };
    struct sw_zone *zone = NULL;
    const int err = sw_zone_compile("test", (struct sw_bytes){ data, size }, &image, &d);
    if (err == SW_OK ? sw_zone_new(&image, &zone) != SW_OK : d.text[0] == '\0') {
        abort();
    }
    sw_zone_free(zone);
    sw_blob_fini(&image);
    return 0;
}
