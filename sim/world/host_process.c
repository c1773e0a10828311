/* SPDX-License-Identifier: GPL-3.0-or-later
 * A host's process told to stop, standing still, or hit by a power failure inside a write. */
#include "sim/world/host_inside.h"

/* What the live host waits for the node to finish what is in flight. */
#define DRAIN (10 * SW_SEC)

/* ---- standing still ---- */

static struct sim_late *put_late(struct sim_host *h)
{
    struct sim_late *l = sim_pool_get(&h->w->pool, sizeof *l);
    *l = (struct sim_late){ .next = NULL };
    *h->late_end = l;
    h->late_end = &l->next;
    return l;
}

static struct sim_late *take_late(struct sim_host *h)
{
    struct sim_late *l = h->late;
    if (l != NULL) {
        h->late = l->next;
        h->late_end = h->late != NULL ? h->late_end : &h->late;
    }
    return l;
}

bool sim_host_put_off(struct sim_host *h, sim_fn fn, void *self)
{
    if (h->paused == 0) {
        return false;
    }
    struct sim_late *l = put_late(h);
    l->fn = fn;
    l->self = self;
    return true;
}

static void give(struct sim_host *h, struct sw_event *ev, struct sim_luck cause)
{
    sim_host_because(h, cause);
    if (ev->kind == SW_EV_STREAM_CLOSED || ev->kind == SW_EV_STREAM_WRITABLE) {
        sim_host_step_front(h, ev);
        sim_host_set_tick(h);
    } else {
        sim_host_step(h, ev);
    }
}

void sim_host_hear(struct sim_host *h, struct sw_event *ev, struct sim_luck cause)
{
    if (h->paused > 0) {
        struct sim_late *l = put_late(h);
        l->event = *ev;
        l->cause = cause;
    } else {
        give(h, ev, cause);
    }
}

void sim_host_drop_late(struct sim_host *h)
{
    struct sim_late *l;
    h->unpaused += h->paused;
    h->paused = 0;
    while ((l = take_late(h)) != NULL) {
        if (l->fn != NULL) {
            l->fn(l->self, 0);
        }
        sim_pool_put(&h->w->pool, l, sizeof *l);
    }
    sim_fibre_release(h->w->engine, &h->paused);
}

/* All that waited comes at once; the processor has queued queries and messages. */
static void go_on(struct sim_host *h)
{
    struct sim_late *l;
    sim_conns_host_paused(h->w->conns, h->index, false);
    sim_processor_pause(h->processor, false);
    sim_fibre_release(h->w->engine, &h->paused);
    while ((l = take_late(h)) != NULL) {
        if (l->fn != NULL) {
            l->fn(l->self, 0);
        } else {
            struct sw_event now = sim_host_event(h, l->event.kind);
            l->event.now = now.now;
            l->event.wall = now.wall;
            l->event.load = now.load;
            give(h, &l->event, l->cause);
        }
        sim_pool_put(&h->w->pool, l, sizeof *l);
    }
    sim_host_set_tick(h);
}

void sim_host_pause(struct sim_host *h, bool begins)
{
    if (begins && h->node == NULL) {
        h->unpaused++; /* nothing to stop */
    } else if (begins) {
        if (h->paused++ == 0) {
            sim_conns_host_paused(h->w->conns, h->index, true);
            sim_processor_pause(h->processor, true);
            sim_cancel(h->w->engine, h->tick);
            h->tick = 0;
            h->tick_at = SW_TIME_NEVER;
        }
    } else if (h->unpaused > 0) {
        h->unpaused--;
    } else if (h->paused > 0 && --h->paused == 0) {
        go_on(h);
    }
}

/* ---- stopping in order ---- */

struct leaving {
    struct sim_host *host;
    uint64_t life;
};

static void on_left(void *self, uint64_t arg)
{
    (void)arg;
    const struct leaving l = *(struct leaving *)self;
    sim_pool_put(&l.host->w->pool, self, sizeof l);
    if (l.host->life == l.life && l.host->stopping > 0) {
        l.host->stopping--; /* the kill below holds it down instead */
        sim_host_kill(l.host, SIM_PROCESS_DIES);
    }
}

static void leave_at(struct sim_host *h, sw_time at)
{
    struct leaving *l = sim_pool_get(&h->w->pool, sizeof *l);
    *l = (struct leaving){ h, h->life };
    (void)sim_at(h->w->engine, at, on_left, l, 0);
}

void sim_host_drained(struct sim_host *h)
{
    if (h->stopping > 0) {
        leave_at(h, sim_now(h->w->engine));
    }
}

void sim_host_stop(struct sim_host *h)
{
    if (h->node == NULL) {
        h->down++;
        return;
    }
    if (h->stopping++ > 0) {
        return;
    }
    leave_at(h, sim_now(h->w->engine) + DRAIN);
    struct sw_event ev = sim_host_event(h, SW_EV_DRAIN);
    sim_host_hear(h, &ev, (struct sim_luck){ UINT64_MAX - h->index, ev.now });
}

void sim_host_restart(struct sim_host *h)
{
    if (h->stopping > 0) { /* patience is over */
        h->stopping--;
        sim_host_kill(h, SIM_PROCESS_DIES);
    }
    sim_host_revive(h);
}

/* ---- torn writes ---- */

static void on_power_failure(void *self, uint64_t life)
{
    struct sim_host *h = self;
    if (h->tears > 0 && h->life == life) {
        const uint32_t tears = h->tears;
        h->tears = 0;
        h->torn += tears;
        sim_host_kill(h, SIM_POWER_TEARS);
        h->down += tears - 1; /* each of them ends with a revive */
    }
}

/* Inside a write, on a job's stack: the failure itself needs the engine's own. */
static void on_write(void *self)
{
    struct sim_host *h = self;
    sim_disk_on_write(h->disk, NULL, NULL);
    (void)sim_at(h->w->engine, sim_now(h->w->engine), on_power_failure, h, h->life);
}

void sim_host_tear(struct sim_host *h, bool begins)
{
    if (begins) {
        h->tears++;
        sim_disk_on_write(h->disk, on_write, h);
    } else if (h->torn > 0) {
        h->torn--;
        sim_host_revive(h);
    } else if (h->tears > 0 && --h->tears == 0) {
        sim_disk_on_write(h->disk, NULL, NULL);
    }
}
