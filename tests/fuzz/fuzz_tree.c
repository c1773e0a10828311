/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tree streams: whatever they say, paths stay inside the folder, and what was accepted encodes
 * to the same bytes again. */
#include "node/core/backup/tree.h"

#include <stdlib.h>
#include <string.h>

#include "node/base/bug.h"
#include "node/base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *data;
    size_t size, at;
};

static int64_t fill(void *arg, uint8_t *buf, size_t cap)
{
    struct input *in = arg;
    size_t n = in->size - in->at;
    n = n < cap ? n : cap;
    n = n < 777 ? n : 777;
    if (n > 0) {
        memcpy(buf, in->data + in->at, n);
    }
    in->at += n;
    return (int64_t)n;
}

static void check_path(const char *path)
{
    SW_ASSERT(strlen(path) <= SW_TREE_PATH_MAX && path[0] != '/');
    for (const char *p = path; *p != '\0';) {
        const size_t len = strcspn(p, "/");
        SW_ASSERT(sw_tree_name_valid(p, len));
        p += len;
        p += *p == '/' ? 1 : 0;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size, 0 };
    struct sw_tree_reader t;
    struct sw_tree_record *r = malloc(sizeof *r);
    uint8_t *again = malloc(SW_TREE_RECORD_MAX);
    size_t at = 0;
    if (r != NULL && again != NULL && sw_tree_reader_init(&t, fill, &in) == SW_OK) {
        while (sw_tree_next(&t, r) == SW_OK) {
            check_path(t.path);
            const size_t n = sw_tree_encode(r, again);
            SW_ASSERT(n <= size - at && memcmp(again, data + at, n) == 0);
            at += n;
        }
        sw_tree_reader_fini(&t);
    }
    free(again);
    free(r);
    return 0;
}
