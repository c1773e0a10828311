/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where queries wait: slots that are used again, and lines in order of deadline. */
#include "node/base/bug.h"
#include "sim/world/client_inside.h"

static void add_chunk(struct sim_clientele *c)
{
    const uint32_t n = c->n_slots / SIM_QUERY_CHUNK;
    if (n == c->cap_chunks) {
        c->cap_chunks = c->cap_chunks == 0 ? 16 : 2 * c->cap_chunks;
        c->chunks = sim_realloc(c->chunks, c->cap_chunks * sizeof(struct query *));
    }
    c->chunks[n] = sim_calloc(SIM_QUERY_CHUNK, sizeof(struct query));
    c->n_slots += SIM_QUERY_CHUNK;
    for (uint32_t i = SIM_QUERY_CHUNK; i > 0; i--) {
        struct query *q = &c->chunks[n][i - 1];
        q->slot = n * SIM_QUERY_CHUNK + i - 1;
        q->next = c->unused;
        c->unused = q;
    }
}

struct query *sim_query_take(struct sim_clientele *c)
{
    if (c->unused == NULL) {
        add_chunk(c);
    }
    struct query *q = c->unused;
    c->unused = q->next;
    return q;
}

void sim_query_release(struct query *q)
{
    struct sim_clientele *c = q->group->c;
    q->group = NULL;
    q->next = c->unused;
    c->unused = q;
}

void sim_line_arm(struct line *l)
{
    if (!l->armed && l->head != NULL) {
        l->armed = true;
        (void)sim_at(l->group->c->w->engine, l->head->deadline, sim_queries_late, l, 0);
    }
}

void sim_query_wait(struct query *q, struct line *l)
{
    q->deadline = sim_now(l->group->c->w->engine) + l->timeout;
    q->line = l;
    q->next = NULL;
    q->previous = l->tail;
    if (l->tail != NULL) {
        l->tail->next = q;
    } else {
        l->head = q;
    }
    l->tail = q;
    sim_line_arm(l);
}

void sim_query_leave(struct query *q)
{
    SW_ASSERT(q->group != NULL); /* only a query that waits has a place in the line */
    if (q->previous != NULL) {
        q->previous->next = q->next;
    } else {
        q->line->head = q->next;
    }
    if (q->next != NULL) {
        q->next->previous = q->previous;
    } else {
        q->line->tail = q->previous;
    }
}
