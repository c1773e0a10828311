/* SPDX-License-Identifier: GPL-3.0-or-later
 * Depth first through a folder, by an explicit stack: a fibre's own is small. */
#include "node/core/backup/walk.h"

#include "node/base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_CAP 8192 /* the folder's own path and SW_TREE_PATH_MAX below it */
#define WINDOW (4 * SW_CHUNK_MAX)

/* Names of one folder, each ended by a NUL, in order. */
struct level {
    struct sw_blob names;
    size_t at;
    size_t path_len; /* of the folder */
};

struct walk {
    const struct sw_job_host *host;
    const struct sw_fs *fs;
    const struct sw_chunker *chunker;
    const struct sw_walk_sink *sink;
    const char *avoid;
    struct sw_tree_record *r;
    struct sw_tree_ref *refs; /* of the file being read */
    size_t n_refs;
    struct level *levels;
    size_t depth, cap;
    size_t root_len;
    char *path;      /* PATH_CAP */
    uint8_t *window; /* WINDOW bytes of the file being read */
    uint64_t files, bytes;
};

/* These end the walk; anything else is a file's own misfortune. */
static bool fatal(int err)
{
    return err == SW_ERR_CRASHED || err == SW_ERR_NOMEM;
}

static const char *relative(const struct walk *w)
{
    const char *p = w->path + w->root_len;
    return *p == '/' ? p + 1 : p;
}

/* Start a new record in w->r. */
static void begin(struct walk *w, enum sw_tree_kind kind)
{
    memset(w->r, 0, sizeof *w->r);
    w->r->kind = kind;
}

static int skip(struct walk *w, const char *name, int reason)
{
    if (fatal(reason)) {
        return reason;
    }
    begin(w, SW_TREE_SKIPPED);
    w->r->reason = reason;
    (void)snprintf(w->r->name, sizeof w->r->name, "%s", name);
    const int err = w->sink->record(w->sink->self, w->r);
    return err != SW_OK ? err : w->sink->skipped(w->sink->self, relative(w), reason);
}

static void describe(struct walk *w, enum sw_tree_kind kind, const char *name,
                     const struct sw_stat *st)
{
    begin(w, kind);
    w->r->mode = st->mode & 07777;
    w->r->uid = st->uid;
    w->r->gid = st->gid;
    w->r->mtime = st->mtime;
    (void)snprintf(w->r->name, sizeof w->r->name, "%s", name);
}

static int note_name(void *arg, const char *name)
{
    struct sw_blob *names = arg;
    return sw_blob_append(names, name, strlen(name) + 1);
}

/* Open the folder at w->path: its record, then its names wait on the stack. */
static int push(struct walk *w, const char *name, const struct sw_stat *st)
{
    if (w->depth == SW_TREE_DEPTH_MAX) {
        return skip(w, name, SW_ERR_RANGE);
    }
    if (w->depth == w->cap) {
        const size_t cap = w->cap == 0 ? 16 : 2 * w->cap;
        struct level *levels = realloc(w->levels, cap * sizeof *levels);
        if (levels == NULL) {
            return SW_ERR_NOMEM;
        }
        w->levels = levels;
        w->cap = cap;
    }
    struct level *l = &w->levels[w->depth];
    *l = (struct level){ .path_len = strlen(w->path) };
    int err = w->fs->list(w->fs->self, w->path, note_name, &l->names);
    if (err != SW_OK) {
        sw_blob_fini(&l->names);
        return w->depth == 0 ? err : skip(w, name, err);
    }
    w->depth++;
    describe(w, SW_TREE_FOLDER, name, st);
    return w->sink->record(w->sink->self, w->r);
}

/* Give the sink the references gathered, if any. */
static int flush_refs(struct walk *w)
{
    if (w->n_refs == 0) {
        return SW_OK;
    }
    begin(w, SW_TREE_CHUNKS);
    w->r->refs = w->refs;
    w->r->n_refs = w->n_refs;
    w->n_refs = 0;
    return w->sink->record(w->sink->self, w->r);
}

/* Cut and keep the file's bytes up to @size; SW_ERR_IO and the like come back. */
static int read_file(struct walk *w, int fd, uint64_t size, int *broken)
{
    uint64_t offset = 0;
    size_t at = 0;
    size_t len = 0;
    bool begun = false;
    enum sw_chunk_mode mode = SW_CHUNK_AS_ONE;
    for (;;) {
        if (len - at < SW_CHUNK_MAX && offset < size) {
            memmove(w->window, w->window + at, len - at);
            len -= at;
            at = 0;
            const size_t want =
                size - offset < WINDOW - len ? (size_t)(size - offset) : WINDOW - len;
            const int64_t n = w->fs->pread(w->fs->self, fd, w->window + len, want, offset);
            if (n < 0) {
                *broken = (int)n;
                return fatal((int)n) ? (int)n : SW_OK;
            }
            len += (size_t)n;
            offset = (size_t)n < want ? size : offset + (uint64_t)n; /* it became shorter */
        }
        const struct sw_bytes rest = { w->window + at, len - at };
        if (!begun) {
            mode = sw_chunk_mode(size, rest);
            begun = true;
        }
        const size_t cut = sw_chunk_cut(w->chunker, mode, rest);
        if (cut == 0) {
            return SW_OK;
        }
        w->host->charge(w->host->self, SW_WORK_CUT, cut);
        int err =
            w->sink->chunk(w->sink->self, (struct sw_bytes){ rest.data, cut }, &w->refs[w->n_refs]);
        w->n_refs++;
        w->bytes += cut;
        at += cut;
        if (err == SW_OK && w->n_refs == SW_TREE_REFS_MAX) {
            err = flush_refs(w);
        }
        if (err != SW_OK) {
            return err;
        }
    }
}

/* The file is as it was: its references are, too. */
static int take_over(struct walk *w)
{
    int err = SW_OK;
    int64_t n = 1;
    while (err == SW_OK && n > 0) {
        n = w->sink->known(w->sink->self, w->refs);
        w->n_refs = n > 0 ? (size_t)n : 0;
        for (size_t i = 0; i < w->n_refs; i++) {
            w->bytes += w->refs[i].len;
        }
        err = n < 0 ? (int)n : flush_refs(w);
    }
    return err;
}

/* Read it whole, and see whether it stood still meanwhile. */
static int read_through(struct walk *w, int fd, const struct sw_stat *before)
{
    struct sw_stat after;
    int broken = SW_OK;
    int err = read_file(w, fd, before->size, &broken);
    if (err == SW_OK) {
        err = flush_refs(w);
    }
    if (err != SW_OK) {
        return err;
    }
    if (broken != SW_OK) {
        begin(w, SW_TREE_BROKEN);
        w->r->reason = broken;
        err = w->sink->record(w->sink->self, w->r);
    } else {
        const int stat = w->fs->fstat(w->fs->self, fd, &after);
        const bool moved = stat != SW_OK || after.size != before->size ||
                           after.mtime != before->mtime || after.ctime != before->ctime;
        err = fatal(stat) ? stat : SW_OK;
        broken = moved ? SW_ERR_BUSY : SW_OK;
    }
    if (err == SW_OK && broken != SW_OK) {
        err = w->sink->skipped(w->sink->self, relative(w), broken);
    }
    return err;
}

static int file(struct walk *w, const char *name, const struct sw_stat *seen)
{
    struct sw_stat st = *seen;
    const bool known = w->sink->found(w->sink->self, relative(w), seen);
    const int fd =
        known ? -1 : w->fs->open(w->fs->self, w->path, SW_OPEN_READ | SW_OPEN_NO_LINK, 0);
    int err = SW_OK;
    if (!known && fd < 0) {
        return skip(w, name, fd);
    }
    if (!known) { /* it may be another one by now */
        err = w->fs->fstat(w->fs->self, fd, &st);
        err = err == SW_OK && st.type != SW_FILE_REGULAR ? SW_ERR_UNSUPPORTED : err;
    }
    if (err != SW_OK) {
        (void)w->fs->close(w->fs->self, fd);
        return skip(w, name, err);
    }
    describe(w, SW_TREE_FILE, name, &st);
    err = w->sink->record(w->sink->self, w->r);
    w->files++;
    if (err == SW_OK) {
        err = known ? take_over(w) : read_through(w, fd, &st);
    }
    if (!known) {
        (void)w->fs->close(w->fs->self, fd);
    }
    return err;
}

static int link_entry(struct walk *w, const char *name, const struct sw_stat *st)
{
    describe(w, SW_TREE_LINK, name, st);
    const int64_t n = w->fs->readlink(w->fs->self, w->path, w->r->target, sizeof w->r->target);
    if (n <= 0 || n >= (int64_t)sizeof w->r->target || memchr(w->r->target, '\0', (size_t)n)) {
        return skip(w, name, n < 0 ? (int)n : SW_ERR_RANGE);
    }
    w->r->target[n] = '\0';
    return w->sink->record(w->sink->self, w->r);
}

/* w->path names the entry @name of the folder on top. */
static int entry(struct walk *w, const char *name)
{
    struct sw_stat st;
    const int err = w->fs->lstat(w->fs->self, w->path, &st);
    if (err != SW_OK) {
        return skip(w, name, err);
    }
    switch (st.type) {
    case SW_FILE_REGULAR:
        return file(w, name, &st);
    case SW_FILE_DIRECTORY:
        return push(w, name, &st);
    case SW_FILE_SYMLINK:
        return link_entry(w, name, &st);
    case SW_FILE_OTHER:
        break;
    }
    return skip(w, name, SW_ERR_UNSUPPORTED); /* devices, pipes, sockets */
}

/* One entry, or the way up. */
static int step(struct walk *w)
{
    struct level *l = &w->levels[w->depth - 1];
    w->path[l->path_len] = '\0';
    if (l->at == l->names.len) {
        sw_blob_fini(&l->names);
        w->depth--;
        begin(w, SW_TREE_UP);
        return w->sink->record(w->sink->self, w->r);
    }
    const char *name = (const char *)l->names.data + l->at;
    const size_t len = strlen(name);
    l->at += len + 1;
    if (!sw_tree_name_valid(name, len)) {
        return w->sink->skipped(w->sink->self, relative(w), SW_ERR_MALFORMED);
    }
    if (l->path_len + 1 + len - w->root_len > SW_TREE_PATH_MAX ||
        l->path_len + len + 2 > PATH_CAP) {
        return skip(w, name, SW_ERR_RANGE);
    }
    (void)snprintf(w->path + l->path_len, PATH_CAP - l->path_len, "/%s", name);
    return strcmp(w->path, w->avoid) == 0 ? SW_OK : entry(w, name);
}

static int run(struct walk *w)
{
    struct sw_stat st;
    int err = w->fs->lstat(w->fs->self, w->path, &st);
    if (err == SW_OK && st.type != SW_FILE_DIRECTORY) {
        err = SW_ERR_NOT_A_DIRECTORY;
    }
    if (err == SW_OK) {
        begin(w, SW_TREE_START);
        err = w->sink->record(w->sink->self, w->r);
    }
    if (err == SW_OK) {
        err = push(w, "", &st);
    }
    while (err == SW_OK && w->depth > 0) {
        err = step(w);
    }
    if (err == SW_OK) {
        begin(w, SW_TREE_END);
        w->r->files = w->files;
        w->r->bytes = w->bytes;
        err = w->sink->record(w->sink->self, w->r);
    }
    return err;
}

int sw_walk(const struct sw_job_host *host, const struct sw_chunker *chunker,
            const struct sw_walk_options *options, const struct sw_walk_sink *sink)
{
    const size_t len = strlen(options->path);
    struct walk w = {
        .host = host,
        .fs = host->fs,
        .chunker = chunker,
        .sink = sink,
        .avoid = options->avoid,
        .r = malloc(sizeof *w.r),
        .refs = malloc(SW_TREE_REFS_MAX * sizeof *w.refs),
        .path = malloc(PATH_CAP),
        .window = malloc(WINDOW),
    };
    int err = SW_OK;
    if (w.r == NULL || w.refs == NULL || w.path == NULL || w.window == NULL) {
        err = SW_ERR_NOMEM;
    } else if (len == 0 || len + 2 > PATH_CAP - SW_TREE_PATH_MAX) {
        err = SW_ERR_RANGE;
    } else {
        memcpy(w.path, options->path, len + 1);
        while (len > 1 && w.path[strlen(w.path) - 1] == '/') {
            w.path[strlen(w.path) - 1] = '\0';
        }
        w.root_len = strlen(w.path);
        err = run(&w);
    }
    for (size_t i = 0; i < w.depth; i++) {
        sw_blob_fini(&w.levels[i].names);
    }
    free(w.levels);
    free(w.r);
    free(w.refs);
    free(w.path);
    free(w.window);
    return err;
}
