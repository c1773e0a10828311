/* SPDX-License-Identifier: GPL-3.0-or-later
 * Drives a libFuzzer target without libFuzzer: every file of the corpus folder, then a fixed
 * number of deterministic mutations of each.  usage: fuzz_x FOLDER [MUTATIONS] */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_INPUT 65536

static uint64_t state = UINT64_C(88172645463325252);

static uint64_t draw(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1); /* exact size, so that ASan sees a byte too far */
    if (copy == NULL) {
        exit(3);
    }
    uint8_t *exact = size > 0 ? realloc(copy, size) : copy;
    if (size > 0) {
        memcpy(exact, data, size);
    }
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

static size_t mutate(const uint8_t *in, size_t size, uint8_t *out)
{
    memcpy(out, in, size);
    for (uint64_t edits = 1 + draw() % 4; edits > 0; edits--) {
        const uint64_t kind = draw() % 5;
        const size_t at = size > 0 ? draw() % size : 0;
        if (kind == 0 && size > 0) {
            out[at] ^= (uint8_t)(1U << (draw() % 8));
        } else if (kind == 1 && size > 0) {
            out[at] = (uint8_t)draw();
        } else if (kind == 2 && size > 0) {
            size = at; /* cut */
        } else if (kind == 3 && size < MAX_INPUT) {
            memmove(out + at + 1, out + at, size - at);
            out[at] = (uint8_t)draw();
            size++;
        } else if (size > 1) {
            memmove(out + at, out + at + 1, size - at - 1);
            size--;
        }
    }
    return size;
}

int main(int argc, char **argv)
{
    const uint64_t mutations = argc > 2 ? strtoull(argv[2], NULL, 10) : 2000;
    static uint8_t in[MAX_INPUT];
    static uint8_t out[MAX_INPUT + 8];
    uint64_t files = 0;
    DIR *dir = argc > 1 ? opendir(argv[1]) : NULL;
    if (dir == NULL) {
        (void)fprintf(stderr, "usage: %s CORPUS-FOLDER [MUTATIONS]\n", argv[0]);
        return 2;
    }
    for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
        char path[4096];
        (void)snprintf(path, sizeof path, "%s/%s", argv[1], e->d_name);
        FILE *f = e->d_name[0] == '.' ? NULL : fopen(path, "rb");
        if (f == NULL) {
            continue;
        }
        const size_t size = fread(in, 1, sizeof in, f);
        (void)fclose(f);
        files++;
        run(in, size);
        for (uint64_t i = 0; i < mutations; i++) {
            run(out, mutate(in, size, out));
        }
    }
    (void)closedir(dir);
    (void)printf("%llu inputs, %llu mutations each\n", (unsigned long long)files,
                 (unsigned long long)mutations);
    return files > 0 ? 0 : 1;
}
