/* SPDX-License-Identifier: GPL-3.0-or-later
 * Directory records: what a member says about itself, signed, versioned and within bounds. */
#ifndef SW_SWARM_RECORD_H
#define SW_SWARM_RECORD_H

#include "node/base/err.h"
#include "node/core/swarm/codec.h"

struct sw_config;
struct sw_node;

/* A packed record is no longer than this: room for some thousands of zones. */
#define SW_RECORD_MAX (256 * SW_KIB)
/* No incarnation is greater: one can always be added. */
#define SW_INCARNATION_MOST (UINT64_C(1) << 62)
#define SW_SIGNATURE_LEN 64U
#define SW_KEY_LEN 32U

/* Ours: record.c. */
struct sw_self {
    uint8_t public_key[SW_KEY_LEN];
    uint8_t secret_key[64]; /* Ed25519 */
    uint64_t incarnation;   /* 0: not made yet */
    uint64_t version;
    uint8_t *record; /* packed */
    size_t record_len;
    uint8_t signature[SW_SIGNATURE_LEN];
    bool left;
    bool hello_owed; /* some peer was not told: hello.c */
    uint32_t news;   /* as in struct sw_member */
};

/* Make our record anew, when what it says has changed: false when it has not, or memory is out
 * (then the step is marked).  The first time also the keys: those of the configuration's
 * identity, or, without one, keys of this life, drawn from the node's entropy.  The first
 * incarnation is the wall clock in ms, so that a life exceeds the one before with or without a
 * disk; where the clock went back, others say so and member.c takes one more than theirs. */
bool sw_record_refresh(struct sw_node *n);
/* A greater incarnation, at least @incarnation.  Errors as above. */
bool sw_record_reincarnate(struct sw_node *n, uint64_t incarnation);
void sw_record_fini(struct sw_self *self);

/* @out borrows from @n. */
void sw_record_own(const struct sw_node *n, Swarm__V1__SignedRecord *out);

/* Unpack the record in @signed_record into @arena and check that everything in it is possible;
 * not yet its signature.  Errors: SW_ERR_MALFORMED, SW_ERR_NOMEM. */
int sw_record_unpack(struct sw_arena *arena, const Swarm__V1__SignedRecord *signed_record,
                     Swarm__V1__Record **out);
/* Did the key that it names sign it?  Errors: SW_ERR_CRYPTO: no; SW_ERR_NOMEM. */
int sw_record_verify(struct sw_node *n, const Swarm__V1__SignedRecord *signed_record,
                     const Swarm__V1__Record *r);

#endif
