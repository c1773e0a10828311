/* SPDX-License-Identifier: GPL-3.0-or-later
 * A study that is stopped says how it goes on. */
#define _POSIX_C_SOURCE 200809L
#include "sim/verbs/study.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static char words[700]; /* a handler gets no argument */
static pid_t owner;     /* runs inherit the handler, and are to say nothing */

static void stop(int sig)
{
    if (getpid() == owner) {
        (void)!write(STDERR_FILENO, words, strlen(words));
    }
    (void)raise(sig); /* as without a handler: SA_RESETHAND; delivered on return */
}

void sim_study_on_interrupt(const struct sim_study *st)
{
    const struct sigaction how = { .sa_handler = stop, .sa_flags = (int)SA_RESETHAND };
    (void)snprintf(words, sizeof words,
                   "\nswarmsim: stopped; finished runs are kept: go on with --out %s\n", st->out);
    owner = getpid();
    (void)sigaction(SIGINT, &how, NULL);
    (void)sigaction(SIGTERM, &how, NULL);
}
