/* SPDX-License-Identifier: GPL-3.0-or-later
 * A study's lock.  A record lock of fcntl(2) and not flock(2): forked workers don't inherit it, so
 * it ends with the process that writes. */
#define _POSIX_C_SOURCE 200809L
#include "sim/record/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int no_file(const char *database, int why, struct sw_diag *d)
{
    switch (why) {
    case EACCES:
    case EROFS:
    case EPERM:
        return sw_diag_set(d, SW_ERR_DENIED, "%.150s: not writable", database);
    case ENOSPC:
    case EDQUOT:
        return sw_diag_set(d, SW_ERR_FULL, "%.150s: no space left", database);
    default:
        return sw_diag_set(d, SW_ERR_IO, "%.150s: can't be locked: %s", database, strerror(why));
    }
}

static int held(const struct sim_lock *l, const char *database, struct sw_diag *d)
{
    struct flock who = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    char name[32] = "";
    if (fcntl(l->fd, F_GETLK, &who) == 0 && who.l_type != F_UNLCK && who.l_pid > 0) {
        (void)snprintf(name, sizeof name, " (%ld)", (long)who.l_pid);
    }
    return sw_diag_set(d, SW_ERR_BUSY,
                       "%.150s: another process holds it%s (wait for it, or choose another --out)",
                       database, name);
}

/* The file may have been removed by its holder between our open and our lock. */
static bool still_there(const struct sim_lock *l)
{
    struct stat ours;
    struct stat there;
    return fstat(l->fd, &ours) == 0 && stat(l->path, &there) == 0 && ours.st_ino == there.st_ino &&
           ours.st_dev == there.st_dev;
}

static int try(struct sim_lock *l, const char *database, struct sw_diag *d)
{
    struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    l->fd = open(l->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (l->fd < 0) {
        return no_file(database, errno, d);
    }
    if (fcntl(l->fd, F_SETLK, &all) == 0) {
        return 0;
    }
    return errno == EACCES || errno == EAGAIN ? held(l, database, d) : no_file(database, errno, d);
}

int sim_lock_take(struct sim_lock *l, const char *database, struct sw_diag *d)
{
    const size_t len = strlen(database) + sizeof "-lock";
    *l = (struct sim_lock){ .fd = -1, .path = malloc(len) };
    if (l->path == NULL) {
        return sw_diag_set(d, SW_ERR_NOMEM, "%.150s: out of memory", database);
    }
    (void)snprintf(l->path, len, "%s-lock", database);
    int err = try(l, database, d);
    while (err == 0 && !still_there(l)) {
        (void)close(l->fd);
        err = try(l, database, d);
    }
    if (err != 0) {
        if (l->fd >= 0) {
            (void)close(l->fd);
        }
        free(l->path);
        *l = (struct sim_lock){ .fd = -1 };
    }
    return err;
}

void sim_lock_release(struct sim_lock *l)
{
    if (l->path != NULL) {
        (void)unlink(l->path);
        (void)close(l->fd);
        free(l->path);
    }
    *l = (struct sim_lock){ .fd = -1 };
}
