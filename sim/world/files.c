/* SPDX-License-Identifier: GPL-3.0-or-later
 * Made-up files, and comparing folders. */
#include "sim/world/files.h"

#include "node/base/rng.h"
#include "sim/world/pool.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 64U
#define FILES_A_FOLDER 100U

static void fill(uint8_t *bytes, size_t size, struct sw_rng_key key, uint64_t file, double repeats)
{
    static const char pattern[BLOCK + 1] =
        "# a line of configuration like many others, repeated all day; \n\n";
    for (size_t at = 0; at < size; at += BLOCK) {
        const size_t n = size - at < BLOCK ? size - at : BLOCK;
        uint8_t block[BLOCK];
        uint32_t words[4];
        const uint32_t ctr[4] = { (uint32_t)file, (uint32_t)(at / BLOCK), 4, 0 };
        sw_philox(key, ctr, words);
        if (sw_unit((uint64_t)words[0] << 32 | words[1]) < repeats) {
            memcpy(bytes + at, pattern, n);
            continue;
        }
        for (uint32_t i = 0; i < BLOCK / 16; i++) {
            const uint32_t part[4] = { ctr[0], ctr[1], i, 0 };
            sw_philox(key, part, words);
            for (unsigned j = 0; j < 16; j++) {
                block[16 * i + j] = (uint8_t)(words[j / 4] >> (8 * (j % 4)));
            }
        }
        memcpy(bytes + at, block, n);
    }
}

int sim_files_make(struct sim_disk_state *disk, const struct sim_files *spec, uint64_t seed,
                   const char *node)
{
    char purpose[256];
    (void)snprintf(purpose, sizeof purpose, "files %s", spec->path);
    const struct sw_rng_key key = sw_rng_key(seed, purpose, node);
    int err = 0;
    for (uint64_t i = 0; i < spec->count && err == 0; i++) {
        const double u = 0.5 + sw_unit(sw_rng_at(key, i, UINT64_MAX));
        const size_t size = (size_t)((double)spec->size * u);
        uint8_t *bytes = sim_alloc(size);
        char path[512];
        fill(bytes, size, key, i, spec->compressible);
        (void)snprintf(path, sizeof path, "%s/%02llu/file-%06llu", spec->path,
                       (unsigned long long)(i / FILES_A_FOLDER), (unsigned long long)i);
        err = sim_disk_put(disk, path, (struct sw_bytes){ bytes, size }, 0640);
        free(bytes);
    }
    return err;
}

/* ---- comparing ---- */

struct entry {
    char *name; /* below the folder */
    uint64_t size;
    uint32_t mode;
    struct sw_digest digest;
};

struct sim_fileset {
    struct entry *v;
    size_t n, cap;
    uint64_t bytes;
    size_t prefix; /* bytes of the path that names leave out */
    size_t cursor; /* where the last question was answered */
};

static int add(void *arg, const char *path, struct sw_bytes content, const struct sw_stat *st)
{
    struct sim_fileset *f = arg;
    if (f->n == f->cap) {
        f->cap = 2 * f->cap + 64;
        f->v = sim_realloc(f->v, f->cap * sizeof *f->v);
    }
    const char *name = path + f->prefix;
    name += strspn(name, "/");
    struct entry *e = &f->v[f->n++];
    *e = (struct entry){ .size = content.len, .mode = st->mode };
    const size_t len = strlen(name) + 1;
    e->name = sim_alloc(len);
    memcpy(e->name, name, len);
    (void)crypto_generichash(e->digest.b, sizeof e->digest.b, content.data, content.len, NULL, 0);
    f->bytes += content.len;
    return 0;
}

struct sim_fileset *sim_fileset_take(const struct sim_disk_state *disk, const char *path)
{
    struct sim_fileset *f = sim_calloc(1, sizeof *f);
    f->prefix = strlen(path);
    (void)sim_disk_each(disk, path, add, f); /* absent: stays empty */
    return f;
}

void sim_fileset_free(struct sim_fileset *f)
{
    if (f == NULL) {
        return;
    }
    for (size_t i = 0; i < f->n; i++) {
        free(f->v[i].name);
    }
    free(f->v);
    free(f);
}

uint64_t sim_fileset_files(const struct sim_fileset *f)
{
    return f->n;
}

uint64_t sim_fileset_bytes(const struct sim_fileset *f)
{
    return f->bytes;
}

bool sim_fileset_holds(struct sim_fileset *f, const char *name, struct sw_bytes content,
                       uint32_t mode)
{
    for (size_t i = 0; i < f->n; i++) {
        const size_t at = (f->cursor + i) % f->n;
        const struct entry *e = &f->v[at];
        if (strcmp(e->name, name) != 0) {
            continue;
        }
        struct sw_digest now;
        f->cursor = at + 1;
        (void)crypto_generichash(now.b, sizeof now.b, content.data, content.len, NULL, 0);
        return e->size == content.len && e->mode == mode &&
               memcmp(&now, &e->digest, sizeof now) == 0;
    }
    return false;
}

/* How two entries of the same place differ, NULL when they don't. */
static const char *difference(const struct entry *a, const struct entry *b)
{
    if (a->size != b->size) {
        return "has another size";
    }
    if (memcmp(&a->digest, &b->digest, sizeof a->digest) != 0) {
        return "has other content";
    }
    return a->mode != b->mode ? "has other permissions" : NULL;
}

const char *sim_fileset_compare(const struct sim_fileset *f, const struct sim_disk_state *disk,
                                const char *path, char text[256])
{
    struct sim_fileset *now = sim_fileset_take(disk, path);
    const char *what = NULL;
    const char *name = "";
    size_t i = 0;
    for (; what == NULL && i < f->n && i < now->n; i++) {
        const struct entry *a = &f->v[i];
        const struct entry *b = &now->v[i];
        const int order = strcmp(a->name, b->name);
        name = order > 0 ? b->name : a->name;
        what = order == 0 ? difference(a, b) : order > 0 ? "was not there before" : "missing";
    }
    if (what == NULL && f->n != now->n) {
        what = i < f->n ? "missing" : "was not there before";
        name = i < f->n ? f->v[i].name : now->v[i].name;
    }
    if (what != NULL) {
        (void)snprintf(text, 256, "%s: %s", name, what);
    }
    sim_fileset_free(now);
    return what != NULL ? text : NULL;
}
