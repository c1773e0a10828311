/* SPDX-License-Identifier: GPL-3.0-or-later
 * rsync, as far as time and bytes go: a sender's fibre reads and sends, a receiver's writes. */
#include "sim/world/copy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_COST (64 * SW_US) /* a file, both sides together */
#define MAKE_COST (89 * SW_US)
#define BYTE_COST 3.6 /* ns */
#define PART ((size_t)64 * 1024)
#define POLL (2 * SW_MS) /* how soon a side notices that it may go on */

enum { PART_FIRST = 1, PART_LAST = 2, PART_END = 4 };

/* What goes over the connection, the path (with its NUL) and the data behind it. */
struct part {
    uint64_t offset;
    uint32_t mode;
    uint16_t path_len;
    uint16_t flags;
};

struct sim_copy {
    struct sim_world *w;
    struct sim_copy_job job;
    sw_conn conn; /* as the sender knows it; 0: not up */
    bool blocked, failed, told;
    bool writing; /* the receiver's fibre is at it */
    char **paths; /* of the source's files */
    size_t n_paths, cap_paths;
    struct sim_mail *head, *tail; /* arrived, not yet written */
    uint64_t bytes, files;
    int status;
};

static struct sim_fibre *me(const struct sim_copy *c)
{
    return sim_fibre_current(c->w->engine);
}

static void tell(void *self, uint64_t arg)
{
    (void)arg;
    struct sim_copy *c = self;
    c->job.done(c->job.self, c->status, c->bytes, c->files);
}

static void finish(struct sim_copy *c, int status)
{
    c->failed = c->failed || status != 0;
    if (!c->told && !c->w->closing) {
        c->told = true;
        c->status = status;
        (void)sim_at(c->w->engine, sim_now(c->w->engine), tell, c, 0);
    }
}

static bool goes_on(const struct sim_copy *c)
{
    return !c->failed && !c->w->closing;
}

/* ---- sender ---- */

static int collect(void *arg, const char *path, struct sw_bytes content, const struct sw_stat *st)
{
    struct sim_copy *c = arg;
    (void)content;
    (void)st;
    if (c->n_paths == c->cap_paths) {
        c->cap_paths = 2 * c->cap_paths + 64;
        c->paths = sim_realloc(c->paths, c->cap_paths * sizeof(char *));
    }
    const size_t len = strlen(path) + 1;
    c->paths[c->n_paths] = sim_alloc(len);
    memcpy(c->paths[c->n_paths++], path, len);
    return 0;
}

static const char *below(const struct sim_copy *c, const char *path)
{
    path += strlen(c->job.source);
    return path + strspn(path, "/");
}

/* Hand @len bytes behind a header to the connection, when it takes more. */
static void send_part(struct sim_copy *c, uint8_t *buffer, struct part part, const char *path,
                      size_t len)
{
    while (c->blocked && goes_on(c)) {
        sim_fibre_wait(me(c), POLL);
    }
    if (!goes_on(c)) {
        return;
    }
    part.path_len = (uint16_t)(strlen(path) + 1);
    memcpy(buffer, &part, sizeof part);
    memcpy(buffer + sizeof part, path, part.path_len);
    const struct sim_luck luck = { c->conn, sim_now(c->w->engine) + part.offset };
    sim_conn_send(c->w->conns, c->job.from, c->conn,
                  (struct sw_bytes){ buffer, sizeof part + part.path_len + len }, luck);
}

static int send_file(struct sim_copy *c, const struct sw_fs *fs, const char *path, uint8_t *buffer)
{
    const char *name = below(c, path);
    struct sw_stat st;
    const size_t room = sizeof(struct part) + strlen(name) + 1;
    const int fd = fs->open(fs->self, path, SW_OPEN_READ, 0);
    int err = fd < 0 ? fd : fs->fstat(fs->self, fd, &st);
    for (uint64_t at = 0; err == 0; at += PART) {
        const int64_t n = fs->pread(fs->self, fd, buffer + room, PART, at);
        const bool last = n < 0 || at + (uint64_t)n >= st.size;
        if (n < 0) {
            err = (int)n;
            break;
        }
        sim_fibre_wait(me(c), (sw_dur)((double)n * BYTE_COST / 2));
        const struct part part = {
            at, st.mode, 0, (uint16_t)((at == 0 ? PART_FIRST : 0) | (last ? PART_LAST : 0))
        };
        send_part(c, buffer, part, name, (size_t)n);
        if (last || !goes_on(c)) {
            break;
        }
    }
    if (fd >= 0) {
        (void)fs->close(fs->self, fd);
    }
    return err;
}

static void sender(void *arg)
{
    struct sim_copy *c = arg;
    const struct sim_disk_state *disk = sim_host_disk(c->w->hosts[c->job.from]);
    uint8_t *buffer = sim_alloc(sizeof(struct part) + 65536 + PART);
    struct sw_fs fs;
    int err = 0;
    sim_disk_fs(sim_host_disk(c->w->hosts[c->job.from]), &fs);
    for (size_t i = 0; i < c->n_paths && err == 0 && goes_on(c); i++) {
        struct sw_bytes content;
        struct sw_stat st = { .mode = 0 };
        sim_fibre_wait(me(c), LOOK_COST / 2);
        if (!goes_on(c) || fs.lstat(fs.self, c->paths[i], &st) != 0) {
            continue; /* gone since */
        }
        if (c->job.have != NULL && sim_disk_get(disk, c->paths[i], &content) == 0 &&
            sim_fileset_holds(c->job.have, below(c, c->paths[i]), content, st.mode)) {
            continue;
        }
        err = send_file(c, &fs, c->paths[i], buffer);
    }
    if (err == 0 && goes_on(c)) {
        send_part(c, buffer, (struct part){ .flags = PART_END }, "", 0);
    } else if (err != 0) {
        finish(c, err);
    }
    free(buffer);
}

/* ---- receiver ---- */

/* Make the folders above @path. */
static void make_folders(const struct sw_fs *fs, char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)fs->mkdir(fs->self, path, 0755); /* most exist */
        *slash = '/';
    }
}

static int write_part(struct sim_copy *c, const struct sw_fs *fs, struct sw_bytes m)
{
    struct part part;
    char path[1024];
    memcpy(&part, m.data, sizeof part);
    const char *name = (const char *)m.data + sizeof part;
    const uint8_t *data = m.data + sizeof part + part.path_len;
    const size_t len = m.len - sizeof part - part.path_len;
    const int n = snprintf(path, sizeof path, "%s/%s", c->job.target, name);
    if (n < 0 || (size_t)n >= sizeof path) {
        return SW_ERR_RANGE;
    }
    unsigned flags = SW_OPEN_WRITE;
    sim_fibre_wait(me(c), (sw_dur)((double)len * BYTE_COST / 2));
    if ((part.flags & PART_FIRST) != 0) {
        sim_fibre_wait(me(c), LOOK_COST / 2 + MAKE_COST);
        make_folders(fs, path);
        flags |= SW_OPEN_CREATE | SW_OPEN_TRUNCATE;
    }
    const int fd = fs->open(fs->self, path, flags, part.mode);
    if (fd < 0) {
        return fd;
    }
    const int err = fs->pwrite(fs->self, fd, data, len, part.offset);
    (void)fs->close(fs->self, fd);
    c->bytes += len;
    c->files += (part.flags & PART_LAST) != 0;
    return err;
}

static void receiver(void *arg)
{
    struct sim_copy *c = arg;
    struct sw_fs fs;
    sim_disk_fs(sim_host_disk(c->w->hosts[c->job.to]), &fs);
    while (c->head != NULL) {
        struct sim_mail *m = c->head;
        struct part part;
        c->head = m->next;
        memcpy(&part, m->message.data, sizeof part);
        if (goes_on(c)) {
            if ((part.flags & PART_END) != 0) {
                finish(c, 0);
            } else {
                const int err = write_part(c, &fs, m->message);
                if (err != 0) {
                    finish(c, err);
                }
            }
        }
        sim_mail_free(c->w->conns, m);
    }
    c->writing = false;
}

/* ---- the connection ---- */

static void sender_up(void *self, sw_conn conn, enum sw_class class, uint32_t peer, bool dialled)
{
    (void)dialled;
    struct sim_copy *c = self;
    (void)class;
    (void)peer;
    c->conn = conn;
    if (sim_fibre_start(c->w->engine, sender, c) == NULL) {
        sim_out_of_memory("a copy");
    }
}

static void receiver_up(void *self, sw_conn conn, enum sw_class class, uint32_t peer, bool dialled)
{
    (void)dialled;
    (void)self;
    (void)conn;
    (void)class;
    (void)peer;
}

static void ignored(void *self, struct sim_mail *mail)
{
    struct sim_copy *c = self;
    sim_mail_free(c->w->conns, mail);
}

static void arrived(void *self, struct sim_mail *mail)
{
    struct sim_copy *c = self;
    mail->next = NULL;
    if (c->head == NULL) {
        c->head = mail;
    } else {
        c->tail->next = mail;
    }
    c->tail = mail;
    if (!c->writing) {
        c->writing = true;
        if (sim_fibre_start(c->w->engine, receiver, c) == NULL) {
            sim_out_of_memory("a copy");
        }
    }
}

static void flow(void *self, sw_conn conn, bool blocked)
{
    struct sim_copy *c = self;
    (void)conn;
    c->blocked = blocked;
}

static void down(void *self, sw_conn conn, enum sw_class class, uint32_t peer)
{
    (void)conn;
    (void)class;
    (void)peer;
    finish(self, SW_ERR_UNREACHABLE);
}

static const struct sim_conn_user sending = { sender_up, ignored, flow, down };
static const struct sim_conn_user receiving = { receiver_up, arrived, flow, down };

struct sim_copy *sim_copy_start(struct sim_world *w, const struct sim_copy_job *job)
{
    struct sim_copy *c = sim_calloc(1, sizeof *c);
    c->w = w;
    c->job = *job;
    const struct sim_disk_state *disk = sim_host_disk(w->hosts[job->from]);
    if (sim_host_node(w->hosts[job->from]) == NULL || sim_host_node(w->hosts[job->to]) == NULL) {
        finish(c, SW_ERR_UNREACHABLE);
        return c;
    }
    (void)sim_disk_each(disk, job->source, collect, c); /* absent: nothing to copy */
    const struct sim_conn_end from = { &sending, c };
    const struct sim_conn_end to = { &receiving, c };
    sim_conn_dial(w->conns, job->from, from, job->to, &to, SW_CLASS_BULK);
    return c;
}

void sim_copy_free(struct sim_copy *c)
{
    if (c == NULL) {
        return;
    }
    for (size_t i = 0; i < c->n_paths; i++) {
        free(c->paths[i]);
    }
    free(c->paths);
    free(c);
}
