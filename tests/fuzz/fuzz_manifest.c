/* SPDX-License-Identifier: GPL-3.0-or-later
 * Manifests from anybody: what parses can be walked through and asked. */
#include "node/base/bug.h"
#include "tests/lib/pack_kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_manifest m;
    struct sw_epoch e;
    struct sw_digest repo;
    struct sw_root root;
    if (sw_manifest_parse((struct sw_bytes){ data, size }, &m) != SW_OK) {
        return 0;
    }
    for (uint32_t i = 0; i < m.n_epochs; i++) {
        struct sw_manifest_epoch me;
        sw_manifest_epoch(&m, i, &me);
    }
    for (uint32_t i = 0; i < m.n_packs; i++) {
        struct sw_manifest_pack p;
        sw_manifest_pack(&m, i, &p);
        SW_ASSERT(p.epoch < m.n_epochs);
    }
    SW_ASSERT(strlen(m.node.s) <= SW_NAME_MAX && strlen(m.set.s) <= SW_NAME_MAX);
    pack_kit_keys(&e, &repo);
    (void)sw_manifest_root(&m, &e, &repo, &root);
    (void)sw_manifest_verify(&m);
    return 0;
}
