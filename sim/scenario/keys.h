/* SPDX-License-Identifier: GPL-3.0-or-later
 * Keys that a scenario does not spell out: derived from names, equal in every run.  They protect
 * nothing: a simulation has no secrets. */
#ifndef SIM_SCENARIO_KEYS_H
#define SIM_SCENARIO_KEYS_H

#include "node/base/types.h"

/* The Ed25519 seed with which @node signs its manifests: what the loader puts in
 * sw_config.identity.  Its public half: crypto_sign_seed_keypair. */
void sim_identity_seed(const char *node, uint8_t seed[32]);

/* The X25519 pair that reads @node's set @set: the loader puts the public half in
 * sw_set_config.recipient when the scenario gives none; who restores uses the secret one. */
void sim_recipient_pair(const char *node, const char *set, uint8_t public_key[32],
                        uint8_t secret_key[32]);

#endif
