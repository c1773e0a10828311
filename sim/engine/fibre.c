/* SPDX-License-Identifier: GPL-3.0-or-later
 * Fibres on ucontext.  A stack is mapped with a guard page below it and kept for the next fibre;
 * AddressSanitizer and ThreadSanitizer are told of every switch. */
#define _GNU_SOURCE /* MAP_ANONYMOUS, MAP_STACK */
#include "sim/engine/fibre.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "node/base/bug.h"
#include "sim/engine/internal.h"

#if defined(__SANITIZE_ADDRESS__)
#define FIBRE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBRE_ASAN 1
#endif
#endif
#ifdef FIBRE_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
/* Red zones make frames several times larger. */
#define STACK_SIZE (1024 * SW_KIB)
#else
#define STACK_SIZE (256 * SW_KIB)
#endif

#if defined(__SANITIZE_THREAD__)
#define FIBRE_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FIBRE_TSAN 1
#endif
#endif
#ifdef FIBRE_TSAN
#include <sanitizer/tsan_interface.h>
#endif

/* Where one flow of control stands while another runs. */
struct context {
    ucontext_t machine;
    const void *stack; /* as the sanitizer wants it: lowest address */
    size_t size;
    void *fake; /* AddressSanitizer's shadow of the locals */
    void *tsan;
};

struct sim_fibre {
    struct context here; /* first: a switch goes from context to context */
    struct sim_engine *engine;
    void (*body)(void *arg);
    void *arg;
    struct context *back; /* who resumed it last */
    sim_event_id wake;    /* 0 while it runs */
    bool ended;
    const uint32_t *held;            /* NULL: nothing holds it */
    bool late;                       /* its wait is over and something holds it */
    void *mapping;                   /* guard page, then stack */
    struct sim_fibre *older, *newer; /* among those alive; @newer links free stacks, too */
};

struct sim_fibres {
    struct context main;
    struct sim_fibre *running; /* NULL: the engine's own stack */
    struct sim_fibre *oldest, *newest;
    struct sim_fibre *spare; /* ended, their stacks ready */
    size_t count;
    bool unwinding;
};

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* Go to @to; return when somebody comes back to @from.  @gone: nobody ever will. */
static void switch_to(struct context *from, struct context *to, bool gone)
{
#ifdef FIBRE_TSAN
    __tsan_switch_to_fiber(to->tsan, 0);
#endif
#ifdef FIBRE_ASAN
    __sanitizer_start_switch_fiber(gone ? NULL : &from->fake, to->stack, to->size);
#endif
    (void)gone;
    (void)swapcontext(&from->machine, &to->machine);
#ifdef FIBRE_ASAN
    __sanitizer_finish_switch_fiber(from->fake, NULL, NULL);
#endif
}

/* The bottom of every fibre's stack.  makecontext passes ints only: hence the two halves. */
static void enter(unsigned first, unsigned second)
{
    const unsigned halves[] = { first, second };
    void *self;
    memcpy(&self, halves, sizeof self);
    struct sim_fibre *f = self;
#ifdef FIBRE_ASAN
    /* The first switch tells where the engine's own stack lies. */
    const void *stack;
    size_t size;
    __sanitizer_finish_switch_fiber(NULL, &stack, &size);
    if (f->back->stack == NULL) {
        f->back->stack = stack;
        f->back->size = size;
    }
#endif
    f->body(f->arg);
    f->ended = true;
    switch_to(&f->here, f->back, true);
}

static struct sim_fibres *fibres(struct sim_engine *e)
{
    if (e->fibres == NULL) {
        e->fibres = calloc(1, sizeof *e->fibres);
#ifdef FIBRE_TSAN
        if (e->fibres != NULL) {
            e->fibres->main.tsan = __tsan_get_current_fiber();
        }
#endif
    }
    return e->fibres;
}

static struct sim_fibre *fibre_make(struct sim_fibres *all)
{
    struct sim_fibre *f = all->spare;
    if (f != NULL) {
        all->spare = f->newer;
        return f;
    }
    f = calloc(1, sizeof *f);
    if (f == NULL) {
        return NULL;
    }
    const size_t guard = page_size();
    f->mapping = mmap(NULL, guard + STACK_SIZE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (f->mapping == MAP_FAILED) {
        free(f);
        return NULL;
    }
    if (mprotect(f->mapping, guard, PROT_NONE) != 0) {
        (void)munmap(f->mapping, guard + STACK_SIZE);
        free(f);
        return NULL;
    }
    f->here.stack = (char *)f->mapping + guard;
    f->here.size = STACK_SIZE;
    return f;
}

/* Keep @f's stack for the next fibre. */
static void retire(struct sim_fibres *all, struct sim_fibre *f)
{
    *(f->older != NULL ? &f->older->newer : &all->oldest) = f->newer;
    *(f->newer != NULL ? &f->newer->older : &all->newest) = f->older;
    all->count--;
#ifdef FIBRE_TSAN
    __tsan_destroy_fiber(f->here.tsan);
#endif
#ifdef FIBRE_ASAN
    __asan_unpoison_memory_region(f->here.stack, f->here.size);
#endif
    f->newer = all->spare;
    all->spare = f;
}

/* Run @f until it waits or ends. */
static void resume(struct sim_engine *e, struct sim_fibre *f)
{
    struct sim_fibres *all = e->fibres;
    struct sim_fibre *caller = all->running;
    f->back = caller != NULL ? &caller->here : &all->main;
    f->wake = 0;
    all->running = f;
    switch_to(f->back, &f->here, false);
    all->running = caller;
    if (f->ended) {
        retire(all, f);
    }
}

static void wake(void *self, uint64_t arg)
{
    (void)arg;
    struct sim_fibre *f = self;
    if (f->held != NULL && *f->held != 0) {
        f->wake = 0;
        f->late = true;
        return;
    }
    resume(f->engine, f);
}

/* Aim @f's context at enter, on its own stack. */
static void prepare(struct sim_fibre *f)
{
    SW_ASSERT(getcontext(&f->here.machine) == 0);
    f->here.machine.uc_stack.ss_sp = (char *)f->mapping + page_size();
    f->here.machine.uc_stack.ss_size = STACK_SIZE;
    f->here.machine.uc_link = NULL;
    void *self = f;
    unsigned halves[2];
    _Static_assert(sizeof halves == sizeof self, "a pointer is two ints");
    memcpy(halves, &self, sizeof self);
    makecontext(&f->here.machine, (void (*)(void))enter, 2, halves[0], halves[1]);
}

struct sim_fibre *sim_fibre_start(struct sim_engine *e, void (*body)(void *arg), void *arg)
{
    struct sim_fibres *all = fibres(e);
    struct sim_fibre *f = all == NULL ? NULL : fibre_make(all);
    if (f == NULL) {
        return NULL;
    }
    prepare(f);
    f->engine = e;
    f->body = body;
    f->arg = arg;
    f->ended = false;
    f->held = NULL;
    f->late = false;
#ifdef FIBRE_TSAN
    f->here.tsan = __tsan_create_fiber(0);
#endif
    f->newer = NULL;
    f->older = all->newest;
    *(all->newest != NULL ? &all->newest->newer : &all->oldest) = f;
    all->newest = f;
    all->count++;
    resume(e, f);
    return f;
}

void sim_fibre_wait(struct sim_fibre *f, sw_dur delay)
{
    struct sim_engine *e = f->engine;
    SW_ASSERT(e->fibres->running == f);
    if (e->fibres->unwinding) {
        return;
    }
    f->wake = sim_at(e, e->now + delay, wake, f, 0);
    switch_to(&f->here, f->back, false);
}

void sim_fibre_hold(struct sim_fibre *f, const uint32_t *held)
{
    f->held = held;
}

void sim_fibre_release(struct sim_engine *e, const uint32_t *held)
{
    struct sim_fibre *f = e->fibres == NULL ? NULL : e->fibres->oldest;
    for (; f != NULL; f = f->newer) {
        if (f->held == held && f->late) {
            f->late = false;
            f->wake = sim_at(e, e->now, wake, f, 0);
        }
    }
}

struct sim_fibre *sim_fibre_current(const struct sim_engine *e)
{
    return e->fibres == NULL ? NULL : e->fibres->running;
}

size_t sim_fibre_count(const struct sim_engine *e)
{
    return e->fibres == NULL ? 0 : e->fibres->count;
}

void sim_fibre_unwind(struct sim_engine *e)
{
    struct sim_fibres *all = e->fibres;
    if (all == NULL) {
        return;
    }
    SW_ASSERT(all->running == NULL);
    all->unwinding = true;
    while (all->oldest != NULL) {
        sim_cancel(e, all->oldest->wake);
        resume(e, all->oldest);
    }
    all->unwinding = false;
}

void sim_fibres_free(struct sim_fibres *all)
{
    if (all == NULL) {
        return;
    }
    SW_ASSERT(all->count == 0);
    while (all->spare != NULL) {
        struct sim_fibre *f = all->spare;
        all->spare = f->newer;
        (void)munmap(f->mapping, page_size() + STACK_SIZE);
        free(f);
    }
    free(all);
}
