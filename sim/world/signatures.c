/* SPDX-License-Identifier: GPL-3.0-or-later
 * Signatures, checked once. */
#include "sim/world/signatures.h"

#include "sim/engine/engine.h"
#include "sim/world/pool.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* Named by what was checked: BLAKE2b-256 of signature, key and text. */
struct sim_signature {
    union {
        uint8_t bytes[crypto_generichash_BYTES];
        uint64_t head;
    } name;
    enum { UNUSED, GOOD, BAD } found;
};

/* Where @name is, or would be. */
static struct sim_signature *place(struct sim_signature *v, size_t cap,
                                   const struct sim_signature *name)
{
    size_t at = name->name.head & (cap - 1);
    while (v[at].found != UNUSED &&
           memcmp(v[at].name.bytes, name->name.bytes, sizeof name->name.bytes) != 0) {
        at = (at + 1) & (cap - 1);
    }
    return &v[at];
}

static void grow(struct sim_signatures *s)
{
    const size_t cap = s->cap == 0 ? 64 : 2 * s->cap;
    struct sim_signature *v = sim_calloc(cap, sizeof *v);
    for (size_t i = 0; i < s->cap; i++) {
        if (s->v[i].found != UNUSED) {
            *place(v, cap, &s->v[i]) = s->v[i];
        }
    }
    free(s->v);
    s->v = v;
    s->cap = cap;
}

static bool verify(void *self, const uint8_t signature[64], struct sw_bytes text,
                   const uint8_t key[32])
{
    struct sim_signatures *s = self;
    struct sim_signature one = { .found = UNUSED };
    crypto_generichash_state hash;
    (void)crypto_generichash_init(&hash, NULL, 0, sizeof one.name.bytes);
    (void)crypto_generichash_update(&hash, signature, 64);
    (void)crypto_generichash_update(&hash, key, 32);
    (void)crypto_generichash_update(&hash, text.data, text.len);
    (void)crypto_generichash_final(&hash, one.name.bytes, sizeof one.name.bytes);
    if (2 * s->n >= s->cap) {
        grow(s);
    }
    struct sim_signature *known = place(s->v, s->cap, &one);
    if (known->found == UNUSED) {
        one.found =
            crypto_sign_verify_detached(signature, text.data, text.len, key) == 0 ? GOOD : BAD;
        *known = one;
        s->n++;
    }
    return known->found == GOOD;
}

void sim_signatures_init(struct sim_signatures *s)
{
    *s = (struct sim_signatures){ .verifier = { verify, s } };
}

void sim_signatures_fini(struct sim_signatures *s)
{
    free(s->v);
    *s = (struct sim_signatures){ .v = NULL };
}
