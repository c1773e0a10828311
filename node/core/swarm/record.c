/* SPDX-License-Identifier: GPL-3.0-or-later
 * Directory records: made, signed, checked. */
#include "node/core/swarm/record.h"

#include "node/base/name.h"
#include "node/core/backup/backup.h"
#include "node/core/dns/name.h"
#include "node/core/node_state.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESS_MAX 255U
#define CORES_MOST 1024U
#define BYTES_MOST (UINT64_C(1) << 60)
#define BITS_MOST (UINT64_C(1) << 50)
#define PRICE_MOST 1e9
#define FREE_STEPS 128U /* free space is told in steps of this share of the capacity */

/* ---- our own ---- */

/* The zones we can answer from now, in @n->scratch.  False: memory is out. */
static bool list_zones(struct sw_node *n, Swarm__V1__Record *r)
{
    const struct sw_held *held = &n->held;
    Swarm__V1__ZoneHeld *zones = sw_arena_alloc(&n->scratch, held->n * sizeof *zones);
    Swarm__V1__ZoneHeld **list = sw_arena_alloc(&n->scratch, held->n * sizeof *list);
    if (zones == NULL || list == NULL) {
        return false;
    }
    size_t count = 0;
    for (size_t i = 0; i < held->n; i++) {
        struct sw_held_zone *z = held->v[i];
        if (z->box == NULL) {
            continue;
        }
        swarm__v1__zone_held__init(&zones[count]);
        zones[count].name = (ProtobufCBinaryData){ sw_dname_len(z->name), z->name };
        zones[count].serial = z->box->version.serial;
        zones[count].epoch = z->box->version.epoch;
        zones[count].digest = (ProtobufCBinaryData){ SW_ZONEMD_LEN, z->box->version.digest };
        zones[count].primary = z->primary;
        list[count] = &zones[count];
        count++;
    }
    r->zones = list;
    r->n_zones = count;
    return true;
}

static ProtobufCBinaryData digest_or_none(uint8_t *bytes)
{
    return (ProtobufCBinaryData){ sodium_is_zero(bytes, SW_DIGEST_LEN) ? 0 : SW_DIGEST_LEN, bytes };
}

static uint64_t free_bytes(const struct sw_node *n)
{
    uint64_t objects;
    uint64_t used;
    const uint64_t all = n->config->capacity;
    const uint64_t step = all / FREE_STEPS;
    sw_backup_counts(n->backup, &objects, &used);
    return step == 0 || used > all ? 0 : (all - used) / step * step;
}

/* What we say now; texts are borrowed from the configuration.  False: memory is out. */
static bool describe(struct sw_node *n, Swarm__V1__Record *r)
{
    struct sw_config *c = n->config;
    const struct sw_resources *have = &c->resources;
    swarm__v1__record__init(r);
    r->name = c->name.s;
    r->incarnation = n->self.incarnation;
    r->version = n->self.version;
    r->key = (ProtobufCBinaryData){ SW_KEY_LEN, n->self.public_key };
    r->address = c->address != NULL ? c->address : r->address;
    r->region = c->region.s;
    r->site = c->resources.site.s;
    r->stores = c->store != NULL;
    r->cores = c->cores;
    r->caches = c->n_upstreams > 0 && c->cache.size > 0;
    r->memory = have->memory;
    r->disk = have->disk != 0 ? have->disk : c->capacity;
    r->free = free_bytes(n);
    r->free = r->free < r->disk ? r->free : r->disk;
    r->bandwidth_in = have->bandwidth_in;
    r->bandwidth_out = have->bandwidth_out;
    r->price_out = have->price_out;
    r->price_stored = have->price_stored;
    r->core_digest = digest_or_none(c->core_digest);
    r->certificate = digest_or_none(c->certificate);
    r->left = n->self.left;
    return list_zones(n, r);
}

/* What is signed: the record behind a word that no manifest begins with. */
static uint8_t *signed_text(struct sw_arena *arena, struct sw_bytes record, size_t *len)
{
    static const char purpose[] = "swarm record";
    uint8_t *text = sw_arena_alloc(arena, sizeof purpose + record.len);
    if (text != NULL) {
        memcpy(text, purpose, sizeof purpose);
        memcpy(text + sizeof purpose, record.data, record.len);
    }
    *len = sizeof purpose + record.len;
    return text;
}

static bool keep(struct sw_node *n, struct sw_bytes packed)
{
    struct sw_self *self = &n->self;
    size_t len;
    const uint8_t *text = signed_text(&n->scratch, packed, &len);
    uint8_t *record = text != NULL ? malloc(packed.len) : NULL;
    if (record == NULL) {
        n->out_of_memory = true;
        return false;
    }
    memcpy(record, packed.data, packed.len);
    free(self->record);
    self->record = record;
    self->record_len = packed.len;
    (void)crypto_sign_detached(self->signature, NULL, text, len, self->secret_key);
    return true;
}

/* False where what we would say is what we say already. */
static bool say(struct sw_node *n)
{
    Swarm__V1__Record r;
    struct sw_bytes packed;
    struct sw_self *self = &n->self;
    if (!describe(n, &r) || sw_proto_pack(&n->scratch, &r.base, &packed) != SW_OK) {
        n->out_of_memory = true;
        return false;
    }
    if (packed.len == self->record_len && memcmp(packed.data, self->record, packed.len) == 0) {
        return false;
    }
    r.version = self->version + 1;
    if (sw_proto_pack(&n->scratch, &r.base, &packed) != SW_OK || !keep(n, packed)) {
        n->out_of_memory = true;
        return false;
    }
    self->version++;
    return true;
}

static bool make_keys(struct sw_node *n)
{
    uint8_t seed[32];
    memcpy(seed, n->config->identity, sizeof seed);
    if (sodium_is_zero(seed, sizeof seed) &&
        sw_keygen_draw(&n->keygen, seed, sizeof seed) != SW_OK) {
        return false;
    }
    (void)crypto_sign_seed_keypair(n->self.public_key, n->self.secret_key, seed);
    sodium_memzero(seed, sizeof seed);
    return true;
}

bool sw_record_refresh(struct sw_node *n)
{
    struct sw_self *self = &n->self;
    if (self->incarnation == 0) {
        if (!n->keygen.seeded || !make_keys(n)) {
            return false;
        }
        const sw_wall ms = n->event->wall / (sw_wall)SW_MS;
        self->incarnation = ms > 0 ? (uint64_t)ms : 1;
    }
    return say(n);
}

bool sw_record_reincarnate(struct sw_node *n, uint64_t incarnation)
{
    struct sw_self *self = &n->self;
    const uint64_t next = self->incarnation + 1;
    self->incarnation = incarnation > next ? incarnation : next;
    return say(n);
}

void sw_record_fini(struct sw_self *self)
{
    free(self->record);
    sodium_memzero(self, sizeof *self);
}

void sw_record_own(const struct sw_node *n, Swarm__V1__SignedRecord *out)
{
    const struct sw_self *self = &n->self;
    swarm__v1__signed_record__init(out);
    out->record = (ProtobufCBinaryData){ self->record_len, self->record };
    out->signature =
        (ProtobufCBinaryData){ sizeof self->signature, (uint8_t *)(uintptr_t)self->signature };
}

/* ---- others' ---- */

/* A zone's name: whole, lower case, and nothing behind it. */
static bool zone_ok(const ProtobufCBinaryData *name)
{
    uint8_t lower[SW_DNAME_MAX];
    if (name->len == 0 || name->len > sizeof lower ||
        sw_dname_check(name->data, name->len) != name->len) {
        return false;
    }
    memcpy(lower, name->data, name->len);
    sw_dname_lower(lower, name->len);
    return memcmp(lower, name->data, name->len) == 0;
}

static bool address_ok(const char *s)
{
    size_t n = 0;
    for (; s[n] != '\0'; n++) {
        if (n == ADDRESS_MAX || s[n] <= ' ' || s[n] > '~') {
            return false;
        }
    }
    return true;
}

static bool price_ok(double price)
{
    return price >= 0 && price <= PRICE_MOST; /* not for a NaN */
}

static bool digest_ok(const ProtobufCBinaryData *digest)
{
    return digest->len == 0 || digest->len == SW_DIGEST_LEN;
}

/* Could there be such a node? */
static bool possible(const Swarm__V1__Record *r)
{
    for (size_t i = 0; i < r->n_zones; i++) {
        const Swarm__V1__ZoneHeld *z = r->zones[i];
        if (!zone_ok(&z->name) || z->epoch > SW_EPOCH_MOST || z->digest.len != SW_ZONEMD_LEN) {
            return false;
        }
    }
    return sw_name_valid(r->name) && sw_name_valid(r->region) &&
           (r->site[0] == '\0' || sw_name_valid(r->site)) && address_ok(r->address) &&
           r->incarnation > 0 && r->incarnation <= SW_INCARNATION_MOST && r->version > 0 &&
           r->version <= SW_INCARNATION_MOST && r->key.len == SW_KEY_LEN && r->cores >= 1 &&
           r->cores <= CORES_MOST && r->memory <= BYTES_MOST && r->disk <= BYTES_MOST &&
           r->free <= BYTES_MOST && (r->disk == 0 || r->free <= r->disk) &&
           r->bandwidth_in <= BITS_MOST && r->bandwidth_out <= BITS_MOST &&
           price_ok(r->price_out) && price_ok(r->price_stored) && digest_ok(&r->core_digest) &&
           digest_ok(&r->certificate);
}

int sw_record_unpack(struct sw_arena *arena, const Swarm__V1__SignedRecord *signed_record,
                     Swarm__V1__Record **out)
{
    if (signed_record->record.len > SW_RECORD_MAX ||
        signed_record->signature.len != SW_SIGNATURE_LEN) {
        return SW_ERR_MALFORMED;
    }
    ProtobufCMessage *m = NULL;
    const struct sw_bytes packed = { signed_record->record.data, signed_record->record.len };
    const int err = sw_proto_unpack(arena, &swarm__v1__record__descriptor, packed, &m);
    if (err != SW_OK) {
        return err;
    }
    *out = (Swarm__V1__Record *)(void *)m;
    return possible(*out) ? SW_OK : SW_ERR_MALFORMED;
}

int sw_record_verify(struct sw_node *n, const Swarm__V1__SignedRecord *signed_record,
                     const Swarm__V1__Record *r)
{
    const struct sw_bytes record = { signed_record->record.data, signed_record->record.len };
    const uint8_t *signature = signed_record->signature.data;
    const struct sw_verifier *v = n->verifier;
    size_t len;
    const uint8_t *text = signed_text(&n->scratch, record, &len);
    if (text == NULL) {
        return SW_ERR_NOMEM;
    }
    const bool good =
        v != NULL ? v->verify(v->self, signature, (struct sw_bytes){ text, len }, r->key.data)
                  : crypto_sign_verify_detached(signature, text, len, r->key.data) == 0;
    return good ? SW_OK : SW_ERR_CRYPTO;
}
