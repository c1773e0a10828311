/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where scheduled events live: a pool of 32-byte records, named by ids that are never reused.
 *
 * An id is (sequence << 24 | slot).  Ids grow in the order of scheduling, so (time, id) is the
 * order of firing; the low bits find the record; a record whose id differs is no longer the
 * event meant.  A queue therefore holds 16-byte (time, id) pairs and needs no link back: to
 * cancel is to give the record up, and the pair is dropped when the queue comes across it. */
#ifndef SIM_POOL_H
#define SIM_POOL_H

#include "sim/engine/engine.h"

#define SIM_SLOT_BITS 24
#define SIM_SLOT_MASK ((UINT64_C(1) << SIM_SLOT_BITS) - 1)
#define SIM_SEQUENCE_MASK ((UINT64_C(1) << (64 - SIM_SLOT_BITS)) - 1)

/* What a queue holds. */
struct sim_entry {
    sw_time at;
    sim_event_id id;
};

struct sim_record {
    sim_event_id id; /* 0: free */
    sim_fn fn;
    void *self;
    uint64_t arg; /* of a free record: the next free slot */
};

/* Slot 0 is never used, so that no id is 0. */
struct sim_pool {
    struct sim_record *v;
    uint64_t free; /* first free slot; 0 none */
    uint64_t used; /* slots ever used, 0 included */
    uint64_t cap;
    size_t live;
};

/* In firing order? */
static inline bool sim_before(sw_time at_a, sim_event_id id_a, sw_time at_b, sim_event_id id_b)
{
    return at_a < at_b || (at_a == at_b && id_a < id_b);
}

static inline struct sim_record *sim_pool_record(const struct sim_pool *p, sim_event_id id)
{
    return &p->v[id & SIM_SLOT_MASK];
}

static inline bool sim_pool_live(const struct sim_pool *p, sim_event_id id)
{
    return sim_pool_record(p, id)->id == id;
}

static inline void sim_pool_prefetch(const struct sim_pool *p, sim_event_id id)
{
    __builtin_prefetch(sim_pool_record(p, id));
}

/* Room for at least one more record.  Ends the process when memory is out. */
void sim_pool_grow(struct sim_pool *p);

static inline uint64_t sim_pool_take(struct sim_pool *p)
{
    uint64_t slot = p->free;
    if (slot != 0) {
        p->free = p->v[slot].arg;
    } else {
        if (p->used == p->cap) {
            sim_pool_grow(p);
        }
        slot = p->used++;
    }
    p->live++;
    return slot;
}

static inline void sim_pool_give(struct sim_pool *p, struct sim_record *r)
{
    r->id = 0;
    r->arg = p->free;
    p->free = (uint64_t)(r - p->v);
    p->live--;
}

#endif
