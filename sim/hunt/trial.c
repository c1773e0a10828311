/* SPDX-License-Identifier: GPL-3.0-or-later
 * A run in a child process that leaves its result, and how far it is, in shared memory. */
#define _GNU_SOURCE
#include "sim/hunt/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLICES 200U     /* how often a run says how far it is */
#define CPU_SECONDS 600 /* more than any drawn run takes, sanitised or not: it hangs */

/* ---- in the child ---- */

static int simulate(const struct sim_trial *t, struct sim_finding *f, struct sw_diag *d)
{
    struct sim_scenario *s = NULL;
    struct sim_world *w = NULL;
    int err = sim_scenario_parse(t->path, t->text, t->len, NULL, &s, d);
    if (err == 0) {
        err = sim_world_new_with(s, t->seed, &t->how, &w, d);
    }
    if (err != 0) {
        f->unusable = true;
        sim_scenario_free(s);
        return err;
    }
    if (t->hooks != NULL) {
        sim_world_hook(w, t->hooks);
    }
    for (uint64_t i = 1; i <= SLICES && f->r.complaint[0] == '\0'; i++) {
        struct sim_result r;
        (void)sim_world_run(w, i == SLICES ? s->duration : s->duration / SLICES * i, &r);
        f->r = r;
    }
    sim_world_sites(w, f->sites);
    f->judged = sim_world_judged(w);
    sim_world_free(w); /* freeing may die, too */
    sim_scenario_free(s);
    return 0;
}

static _Noreturn void work(const struct sim_trial *t, struct sim_finding *f)
{
    struct sw_diag d = { 0 };
    const struct rlimit cpu = { CPU_SECONDS, CPU_SECONDS + 5 };
    (void)setrlimit(RLIMIT_CPU, &cpu);
    const int null = t->quiet ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;
    if (null >= 0) {
        (void)dup2(null, STDERR_FILENO);
    }
    if (simulate(t, f, &d) != 0) {
        (void)snprintf(f->r.complaint, sizeof f->r.complaint, "%s", d.text);
    }
    _exit(0);
}

/* ---- in the parent ---- */

int sim_trial_start(const struct sim_trial *t, struct sim_trying *out, struct sw_diag *d)
{
    int fds[2];
    *out = (struct sim_trying){ .pid = 0 };
    struct sim_finding *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        return sw_diag_set(d, SW_ERR_IO, "no memory to share with a run: %s", strerror(errno));
    }
    if (pipe2(fds, O_CLOEXEC) != 0) {
        (void)munmap(shared, sizeof *shared);
        return sw_diag_set(d, SW_ERR_IO, "no pipe for a run: %s", strerror(errno));
    }
    shared->r.seed = t->seed;
    (void)fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        (void)close(fds[0]);
        work(t, shared);
    }
    (void)close(fds[1]);
    if (pid < 0) {
        (void)close(fds[0]);
        (void)munmap(shared, sizeof *shared);
        return sw_diag_set(d, SW_ERR_IO, "no process for a run: %s", strerror(errno));
    }
    *out = (struct sim_trying){ .pid = pid, .fd = fds[0], .shared = shared };
    return 0;
}

static int bury(struct sim_trying *t)
{
    int status = 0;
    while (waitpid(t->pid, &status, 0) < 0 && errno == EINTR) {
    }
    (void)close(t->fd);
    return status;
}

void sim_trial_finish(struct sim_trying *t, struct sim_finding *out)
{
    const int status = bury(t);
    *out = *t->shared;
    (void)munmap(t->shared, sizeof *t->shared);
    *t = (struct sim_trying){ .pid = 0 };
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return;
    }
    (void)snprintf(out->r.oracle, sizeof out->r.oracle, "%s", SIM_TRIAL_DIED);
    if (WIFSIGNALED(status)) {
        (void)snprintf(out->r.complaint, sizeof out->r.complaint, "the run's process died: %s",
                       strsignal(WTERMSIG(status)));
    } else {
        (void)snprintf(out->r.complaint, sizeof out->r.complaint,
                       "the run's process ended with status %d", WEXITSTATUS(status));
    }
    out->unusable = false;
    out->r.complained_at = out->r.ended_at; /* it was not much later */
}

void sim_trial_abandon(struct sim_trying *t)
{
    if (t->pid != 0) {
        (void)kill(t->pid, SIGKILL);
        (void)bury(t);
        (void)munmap(t->shared, sizeof *t->shared);
        *t = (struct sim_trying){ .pid = 0 };
    }
}

int sim_trial_run(const struct sim_trial *t, struct sim_finding *out, struct sw_diag *d)
{
    struct sim_trying trying;
    const int err = sim_trial_start(t, &trying, d);
    if (err == 0) {
        sim_trial_finish(&trying, out);
    }
    return err;
}
