/* SPDX-License-Identifier: GPL-3.0-or-later
 * Bugs that tests plant in simulated nodes, to see that somebody notices. */
#ifndef SW_TESTS_LIB_PLANTED_H
#define SW_TESTS_LIB_PLANTED_H

#include "sim/world/disk.h"
#include "sim/world/world.h"

#include <stdio.h>
#include <string.h>

#define PLANTED_OPT_LEN 11U /* an OPT record without options */

/* What the bugs know; set up by planted_arm. */
static struct {
    const struct sim_world *w;
    sw_time from;         /* when those that begin late begin */
    uint8_t secret[4096]; /* of n0's first protected file */
    size_t n;
    bool said;
    int fd;            /* of a protected file being read */
    struct sw_fs real; /* the calls behind replaced ones; the same for every disk */
} planted;

static inline int planted_take(void *arg, const char *path, struct sw_bytes content,
                               const struct sw_stat *st)
{
    (void)arg;
    (void)path;
    (void)st;
    planted.n = content.len < sizeof planted.secret ? content.len : sizeof planted.secret;
    memcpy(planted.secret, content.data, planted.n);
    return 1;
}

/* Before @hooks are planted in @w. */
static inline void planted_arm(const struct sim_world *w, sw_time from)
{
    planted.w = w;
    planted.from = from;
    planted.n = 0;
    planted.said = false;
    planted.fd = -1;
    (void)sim_disk_each(sim_world_disk(w, 0), "data", planted_take, NULL);
}

/* ---- answers ---- */

/* The last byte of the last record is another. */
static inline void planted_flip(void *self, uint32_t node, uint8_t *message, size_t len)
{
    (void)self;
    (void)node;
    if (len > 12 + PLANTED_OPT_LEN && (message[3] & 15) == 0 && message[7] > 0 && message[9] == 0 &&
        message[11] == 1) {
        message[len - PLANTED_OPT_LEN - 1] ^= 1;
    }
}

/* A name that exists is denied. */
static inline void planted_deny(void *self, uint32_t node, uint8_t *message, size_t len)
{
    (void)self;
    (void)node;
    if (len > 12 && (message[3] & 15) == 0 && message[7] == 0) {
        message[3] |= 3;
    }
}

/* From planted.from on nobody takes it for an answer: the ID is another. */
static inline void planted_spoil(void *self, uint32_t node, uint8_t *message, size_t len)
{
    (void)self;
    (void)node;
    if (len > 2 && sim_world_now(planted.w) > planted.from) {
        message[0] ^= 0x55;
    }
}

/* ---- disks ---- */

static inline int planted_no_sync(void *self, int fd)
{
    (void)self;
    (void)fd;
    return 0;
}

static inline int planted_no_sync_dir(void *self, const char *path)
{
    (void)self;
    (void)path;
    return 0;
}

/* Nothing is ever made durable: only a crash shows it. */
static inline void planted_skip_syncs(void *self, uint32_t node, struct sw_fs *fs)
{
    (void)self;
    (void)node;
    fs->fsync = planted_no_sync;
    fs->fsync_dir = planted_no_sync_dir;
}

static inline int planted_open_badly(void *self, const char *path, unsigned flags, uint32_t mode)
{
    const int fd = planted.real.open(self, path, flags, mode);
    if (strncmp(path, "data/", 5) == 0) {
        planted.fd = fd;
    }
    return fd;
}

static inline int64_t planted_read_badly(void *self, int fd, void *buf, size_t len, uint64_t offset)
{
    const int64_t n = planted.real.pread(self, fd, buf, len, offset);
    if (fd == planted.fd && n > 100) {
        ((uint8_t *)buf)[50] ^= 1; /* what a faulty cable does */
    }
    return n;
}

static inline int planted_close_badly(void *self, int fd)
{
    planted.fd = fd == planted.fd ? -1 : planted.fd;
    return planted.real.close(self, fd);
}

/* n0 reads its protected files wrongly: every later check is happy with them. */
static inline void planted_misread(void *self, uint32_t node, struct sw_fs *fs)
{
    (void)self;
    if (node == 0) {
        planted.real = *fs;
        fs->open = planted_open_badly;
        fs->pread = planted_read_badly;
        fs->close = planted_close_badly;
    }
}

/* The file that a node's job opened last to write an object, for all of its jobs. */
static struct {
    char writing[64][256]; /* a node */
    struct {
        const void *fs; /* whose files a job uses */
        uint32_t node;
    } jobs[256]; /* the latest; more than run at once */
    unsigned n;
} planted_race;

static inline char *planted_writing(const void *fs)
{
    unsigned i = planted_race.n;
    while (planted_race.jobs[--i % SW_LEN(planted_race.jobs)].fs != fs) {
    }
    return planted_race.writing[planted_race.jobs[i % SW_LEN(planted_race.jobs)].node % 64];
}

static inline bool planted_is_temporary(const char *path)
{
    const char *name = strrchr(path, '/');
    return name != NULL && (strncmp(name, "/t-", 3) == 0 || strncmp(name, "/s-", 3) == 0);
}

static inline int planted_open_noted(void *self, const char *path, unsigned flags, uint32_t mode)
{
    if ((flags & SW_OPEN_WRITE) != 0 && planted_is_temporary(path)) {
        (void)snprintf(planted_writing(self), sizeof planted_race.writing[0], "%s", path);
    }
    return planted.real.open(self, path, flags, mode);
}

static inline int planted_rename_noted(void *self, const char *from, const char *to)
{
    return planted.real.rename(self, planted_is_temporary(from) ? planted_writing(self) : from, to);
}

/* Between open and rename: the longer it takes, the oftener another strand comes between. */
static inline int planted_sync_long(void *self, int fd)
{
    int err = 0;
    for (unsigned i = 0; i < 100 && err == 0; i++) {
        err = planted.real.fsync(self, fd);
    }
    return err;
}

/* A race: which file is being written is remembered in one place for the strand that makes a
 * node's own packs and the one that keeps its peers', so that the one gives its object's name to
 * what the other began meanwhile.  Within one strand jobs follow one another, and it is right. */
static inline void planted_share_temporary(void *self, uint32_t node, struct sw_fs *fs)
{
    (void)self;
    planted_race.jobs[planted_race.n % SW_LEN(planted_race.jobs)].fs = fs->self;
    planted_race.jobs[planted_race.n++ % SW_LEN(planted_race.jobs)].node = node;
    planted.real = *fs;
    fs->open = planted_open_noted;
    fs->rename = planted_rename_noted;
    fs->fsync = planted_sync_long;
}

static inline int planted_write_more(void *self, int fd, const void *buf, size_t len,
                                     uint64_t offset)
{
    const struct sw_fs *real = &planted.real;
    const int other = real->open(self, "cache", SW_OPEN_WRITE | SW_OPEN_CREATE, 0600);
    if (other >= 0) {
        (void)real->pwrite(self, other, planted.secret + 7, planted.n - 7, 0);
        (void)real->close(self, other);
    }
    return real->pwrite(self, fd, buf, len, offset);
}

/* n1 keeps what it can't know in a file of its own. */
static inline void planted_leak_to_disk(void *self, uint32_t node, struct sw_fs *fs)
{
    (void)self;
    if (node == 1) {
        planted.real = *fs;
        fs->pwrite = planted_write_more;
    }
}

/* ---- messages ---- */

/* n0 forgets to seal what it sends in large messages. */
static inline unsigned planted_leak(void *self, uint32_t node, uint8_t *message, size_t len)
{
    (void)self;
    if (node == 0 && len > planted.n + 1001) {
        memcpy(message + 1001, planted.secret, planted.n);
    }
    return 1;
}

/* n3 says one thing very often. */
static inline unsigned planted_babble(void *self, uint32_t node, uint8_t *message, size_t len)
{
    (void)self;
    (void)message;
    (void)len;
    if (node != 3 || sim_world_now(planted.w) < planted.from || planted.said) {
        return 1;
    }
    planted.said = true;
    return 200000;
}

/* n3 says nothing to its peers from then on. */
static inline unsigned planted_mute(void *self, uint32_t node, uint8_t *message, size_t len)
{
    (void)self;
    (void)message;
    (void)len;
    return node == 3 && sim_world_now(planted.w) > planted.from ? 0 : 1;
}

/* A helper that was asked to probe a node, and got no answer yet, says that it did: the NACK of a
 * Probe (swarm.proto), which its kind begins, becomes an ACK. */
static inline unsigned planted_vouch(void *self, uint32_t node, uint8_t *message, size_t len)
{
    (void)self;
    (void)node;
    const size_t at = len > 1 && (message[1] & 0x80) != 0 ? 3 : 2;
    if (len > at + 1 && message[0] == 0x3a && message[at] == 0x08 && message[at + 1] == 4) {
        message[at + 1] = 2;
    }
    return 1;
}

#endif
