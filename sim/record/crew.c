/* SPDX-License-Identifier: GPL-3.0-or-later
 * Processes and pipes around runs. */
#define _GNU_SOURCE
#include "sim/record/crew.h"
#include "sim/record/replicate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TELL_EVERY_MS 100

/* ---- in the worker ---- */

/* What a worker sends: a header, then @len bytes. */
enum message_kind { MESSAGE_PROGRESS = 1, MESSAGE_ROWS, MESSAGE_FAILED };
struct message {
    uint32_t kind;
    uint64_t len;
};
struct progress {
    sw_time now;
    uint64_t events;
};

struct worker {
    int fd;
    double told_at;
};

static double now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

/* The parent went away when this fails: there is nobody left to tell. */
static void write_all(int fd, const void *data, size_t len)
{
    const char *p = data;
    while (len > 0) {
        const ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            _exit(3);
        }
        p += n;
        len -= (size_t)n;
    }
}

static void send_message(int fd, enum message_kind kind, const void *data, size_t len)
{
    const struct message m = { .kind = kind, .len = len };
    write_all(fd, &m, sizeof m);
    write_all(fd, data, len);
}

static void tell(void *self, sw_time now, uint64_t events)
{
    struct worker *w = self;
    const double ms = now_ms();
    if (ms - w->told_at >= TELL_EVERY_MS) {
        const struct progress p = { now, events };
        w->told_at = ms;
        send_message(w->fd, MESSAGE_PROGRESS, &p, sizeof p);
    }
}

/* However the parent ends, nobody is left to read what this process finds. */
static void die_with(pid_t parent)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(3); /* it ended before the kernel was told */
    }
}

static _Noreturn void work(const struct sim_task *t, int fd)
{
    struct worker w = { .fd = fd };
    const struct sim_progress progress = { .self = &w, .tell = tell };
    struct sim_rows rows = { 0 };
    struct sw_diag d = { 0 };
    const int err = sim_replicate(t->s, t->seed, &progress, &rows, &d);
    if (err == 0) {
        send_message(fd, MESSAGE_ROWS, rows.blob.data, rows.blob.len);
    } else {
        send_message(fd, MESSAGE_FAILED, d.text, strlen(d.text));
    }
    sw_blob_fini(&rows.blob);
    _exit(0);
}

/* ---- in the parent ---- */

struct child {
    pid_t pid;
    int fd;
    size_t task;
    struct sw_blob in;    /* what came and is not yet a whole message */
    struct progress last; /* what it told */
    bool delivered;
};

struct parent {
    const struct sim_crew *crew;
    struct child *children; /* crew->jobs of them; pid 0: free */
    struct pollfd *polls;
    size_t started, done;
    double simulated;
    uint64_t events;
    double told_at;
    struct sw_diag *d;
};

static int start(struct parent *p, struct child *c)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) {
        return sw_diag_set(p->d, SW_ERR_IO, "no pipe for a run: %s", strerror(errno));
    }
    (void)fflush(NULL);
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid < 0) {
        (void)close(fds[0]);
        (void)close(fds[1]);
        return sw_diag_set(p->d, SW_ERR_IO, "no process for a run: %s", strerror(errno));
    }
    if (pid == 0) {
        (void)close(fds[0]);
        die_with(parent);
        work(&p->crew->tasks[p->started], fds[1]);
    }
    (void)close(fds[1]);
    (void)fcntl(fds[0], F_SETFL, O_NONBLOCK);
    *c = (struct child){ .pid = pid, .fd = fds[0], .task = p->started++ };
    return 0;
}

static int take_message(struct parent *p, struct child *c, const struct message *m,
                        const uint8_t *data)
{
    if (m->kind == MESSAGE_PROGRESS && m->len == sizeof c->last) {
        memcpy(&c->last, data, sizeof c->last);
        return 0;
    }
    if (m->kind == MESSAGE_ROWS) {
        c->delivered = true;
        return p->crew->on_done(p->crew->self, c->task, (struct sw_bytes){ data, m->len }, p->d);
    }
    return sw_diag_set(p->d, SW_ERR_STATE, "seed %llu: %.*s",
                       (unsigned long long)p->crew->tasks[c->task].seed, (int)m->len,
                       (const char *)data);
}

/* Every whole message that has come. */
static int take_messages(struct parent *p, struct child *c)
{
    size_t off = 0;
    int err = 0;
    struct message m;
    while (err == 0 && c->in.len - off >= sizeof m) {
        memcpy(&m, c->in.data + off, sizeof m);
        if (c->in.len - off - sizeof m < m.len) {
            break;
        }
        err = take_message(p, c, &m, c->in.data + off + sizeof m);
        off += sizeof m + m.len;
    }
    if (off > 0) {
        memmove(c->in.data, c->in.data + off, c->in.len - off);
        c->in.len -= off;
    }
    return err;
}

/* Its pipe is closed: it has ended, one way or the other. */
static int bury(struct parent *p, struct child *c)
{
    int status = 0;
    const struct sim_task *t = &p->crew->tasks[c->task];
    while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR) {
    }
    (void)close(c->fd);
    sw_blob_fini(&c->in);
    c->pid = 0;
    p->done++;
    p->simulated += (double)t->s->duration * 1e-9;
    p->events += c->last.events;
    if (c->delivered) {
        return 0;
    }
    if (WIFSIGNALED(status)) {
        return sw_diag_set(p->d, SW_ERR_CRASHED, "seed %llu: the run's process died: %s",
                           (unsigned long long)t->seed, strsignal(WTERMSIG(status)));
    }
    return sw_diag_set(p->d, SW_ERR_CRASHED, "seed %llu: the run's process ended with status %d",
                       (unsigned long long)t->seed, WEXITSTATUS(status));
}

static int listen_to(struct parent *p, struct child *c)
{
    uint8_t buf[65536];
    ssize_t n;
    while ((n = read(c->fd, buf, sizeof buf)) > 0) {
        if (sw_blob_append(&c->in, buf, (size_t)n) != 0) {
            return sw_diag_set(p->d, SW_ERR_NOMEM, "out of memory for a run's results");
        }
        const int err = take_messages(p, c);
        if (err != 0) {
            return err;
        }
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 0;
    }
    return bury(p, c);
}

static void report(struct parent *p)
{
    const double ms = now_ms();
    if (p->crew->on_progress == NULL || ms - p->told_at < TELL_EVERY_MS) {
        return;
    }
    p->told_at = ms;
    struct sim_crew_progress now = {
        .done = p->done, .tasks = p->crew->n, .simulated = p->simulated, .events = p->events
    };
    for (size_t i = 0; i < p->crew->n; i++) {
        now.to_simulate += (double)p->crew->tasks[i].s->duration * 1e-9;
    }
    for (uint32_t i = 0; i < p->crew->jobs; i++) {
        if (p->children[i].pid != 0) {
            now.simulated += (double)p->children[i].last.now * 1e-9;
            now.events += p->children[i].last.events;
        }
    }
    p->crew->on_progress(p->crew->self, &now);
}

static int wait_and_listen(struct parent *p)
{
    nfds_t n = 0;
    for (uint32_t i = 0; i < p->crew->jobs; i++) {
        p->polls[i] = (struct pollfd){ .fd = p->children[i].pid != 0 ? p->children[i].fd : -1,
                                       .events = POLLIN };
        n = i + 1;
    }
    if (poll(p->polls, n, TELL_EVERY_MS) < 0 && errno != EINTR) {
        return sw_diag_set(p->d, SW_ERR_IO, "waiting for runs: %s", strerror(errno));
    }
    int err = 0;
    for (uint32_t i = 0; i < p->crew->jobs && err == 0; i++) {
        if (p->children[i].pid != 0 && p->polls[i].revents != 0) {
            err = listen_to(p, &p->children[i]);
        }
    }
    return err;
}

static void stop_all(struct parent *p)
{
    for (uint32_t i = 0; i < p->crew->jobs; i++) {
        struct child *c = &p->children[i];
        if (c->pid != 0) {
            (void)kill(c->pid, SIGKILL);
            while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR) {
            }
            (void)close(c->fd);
            sw_blob_fini(&c->in);
        }
    }
}

int sim_crew_run(const struct sim_crew *crew, struct sw_diag *d)
{
    struct parent p = { .crew = crew, .d = d };
    p.children = calloc(crew->jobs, sizeof *p.children);
    p.polls = calloc(crew->jobs, sizeof *p.polls);
    int err = 0;
    if (p.children == NULL || p.polls == NULL) {
        (void)sw_diag_set(d, SW_ERR_NOMEM, "out of memory for %u processes", crew->jobs);
        err = SW_ERR_NOMEM;
    }
    while (err == 0 && p.done < crew->n) {
        for (uint32_t i = 0; i < crew->jobs && p.started < crew->n && err == 0; i++) {
            err = p.children[i].pid == 0 ? start(&p, &p.children[i]) : 0;
        }
        if (err == 0) {
            err = wait_and_listen(&p);
            report(&p);
        }
    }
    if (p.children != NULL) {
        stop_all(&p);
    }
    free(p.children);
    free(p.polls);
    return err;
}
