/* SPDX-License-Identifier: GPL-3.0-or-later
 * The job that reads and compiles a master file, on a disk of one file. */
#include "node/core/job.h"

#include <stdlib.h>

#include "node/base/err.h"
#include "node/core/dns/zone.h"
#include "node/core/proto/job.pb-c.h"
#include "tests/lib/check.h"
#include "tests/lib/fail_alloc.h"

extern CU_TestInfo tests_zone_job[];

#define ZONE "@ 60 SOA ns admin 42 7200 900 1209600 300\n@ 60 NS ns\nns 60 A 192.0.2.1\n"

/* "zone" is the one file there is. */
struct disk {
    const char *text;
    size_t len;
    int open_files;
    int read_fails;   /* the error that every read ends with, or 0 */
    uint64_t claims;  /* the size that it says it has, or 0: the true one */
    uint64_t charged; /* bytes of SW_WORK_PARSE */
};

static int disk_open(void *self, const char *path, unsigned flags, uint32_t mode)
{
    struct disk *d = self;
    (void)mode;
    if (strcmp(path, "zone") != 0 || flags != SW_OPEN_READ) {
        return SW_ERR_NOTFOUND;
    }
    d->open_files++;
    return 7;
}

static int disk_close(void *self, int fd)
{
    struct disk *d = self;
    CHECK_I64(fd, 7);
    d->open_files--;
    return SW_OK;
}

static int disk_fstat(void *self, int fd, struct sw_stat *out)
{
    const struct disk *d = self;
    CHECK_I64(fd, 7);
    *out = (struct sw_stat){ .type = SW_FILE_REGULAR, .size = d->claims != 0 ? d->claims : d->len };
    return SW_OK;
}

static int64_t disk_pread(void *self, int fd, void *buf, size_t len, uint64_t offset)
{
    const struct disk *d = self;
    CHECK_I64(fd, 7);
    if (d->read_fails != 0) {
        return d->read_fails;
    }
    const size_t left = offset < d->len ? d->len - offset : 0;
    const size_t n = len < left ? len : left;
    memcpy(buf, d->text + d->len - left, n);
    return (int64_t)n;
}

static void charge(void *self, enum sw_work work, uint64_t units)
{
    struct disk *d = self;
    CHECK_U64(work, SW_WORK_PARSE);
    d->charged += units;
}

/* Run the job for @file on @d, and unpack what it says; NULL when it said nothing. */
static Swarm__Job__ZoneResult *run(struct disk *d, char *file, int *status)
{
    static char name[] = "example.org";
    const struct sw_fs fs = {
        .self = d, .open = disk_open, .close = disk_close, .pread = disk_pread, .fstat = disk_fstat
    };
    const struct sw_job_host host = { .fs = &fs, .self = d, .charge = charge };
    Swarm__Job__ZoneJob in = SWARM__JOB__ZONE_JOB__INIT;
    in.name = name;
    in.file = file;
    struct sw_job job = { .kind = SW_JOB_ZONE };
    uint8_t packed[64];
    job.in.len = swarm__job__zone_job__pack(&in, packed);
    job.in.data = packed;
    *status = sw_job_zone(&job, &host);
    Swarm__Job__ZoneResult *out =
        job.out.len == 0 ? NULL : swarm__job__zone_result__unpack(NULL, job.out.len, job.out.data);
    sw_blob_fini(&job.out);
    CHECK_I64(d->open_files, 0);
    return out;
}

static void a_master_file_becomes_an_image(void)
{
    static char file[] = "zone";
    struct disk d = { .text = ZONE, .len = strlen(ZONE) };
    int status = 0;
    Swarm__Job__ZoneResult *out = run(&d, file, &status);
    CHECK_I64(status, SW_OK);
    REQUIRE(out != NULL);
    CHECK_STR(out->reason, "");
    CHECK_U64(d.charged, d.len);
    struct sw_blob image = { 0 };
    struct sw_zone *z = NULL;
    CHECK_I64(sw_blob_append(&image, out->image.data, out->image.len), SW_OK);
    CHECK_I64(sw_zone_new(&image, &z), SW_OK);
    REQUIRE(z != NULL);
    CHECK_U64(sw_zone_serial(z), 42);
    sw_zone_free(z);
    swarm__job__zone_result__free_unpacked(out, NULL);
}

static void a_file_of_many_chunks_is_read_whole(void)
{
    static char file[] = "zone";
    const size_t lines = 40000;
    char *text = malloc(strlen(ZONE) + lines * 32);
    REQUIRE(text != NULL);
    size_t n = (size_t)sprintf(text, "%s", ZONE);
    for (size_t i = 0; i < lines; i++) {
        n += (size_t)sprintf(text + n, "h%zu 60 A 192.0.2.1\n", i);
    }
    struct disk d = { .text = text, .len = n, .claims = 10 }; /* it grows while it is read */
    int status = 0;
    Swarm__Job__ZoneResult *out = run(&d, file, &status);
    CHECK_I64(status, SW_OK);
    CHECK_U64(d.charged, n);
    swarm__job__zone_result__free_unpacked(out, NULL);
    free(text);
}

static void what_goes_wrong_is_said(void)
{
    static char file[] = "zone";
    static char absent[] = "other";
    static const struct {
        struct disk disk;
        char *file;
        int status;
        const char *reason;
    } cases[] = {
        { { .text = ZONE }, absent, SW_ERR_NOTFOUND, "can't be opened: not found" },
        { { .text = "@ A 1.2.3\n", .len = 10 },
          file,
          SW_ERR_MALFORMED,
          "line 1: invalid IPv4 address" },
        { { .text = "" }, file, SW_ERR_MALFORMED, "no SOA at the zone's apex" },
        { { .text = ZONE, .read_fails = SW_ERR_CRASHED },
          file,
          SW_ERR_CRASHED,
          "can't be read: the host went away" },
        { { .text = ZONE, .claims = SW_GIB + 1 },
          file,
          SW_ERR_RANGE,
          "not a regular file of at most 1 GiB" },
    };
    for (size_t i = 0; i < SW_LEN(cases); i++) {
        struct disk d = cases[i].disk;
        int status = 0;
        Swarm__Job__ZoneResult *out = run(&d, cases[i].file, &status);
        CHECK_I64(status, cases[i].status);
        REQUIRE(out != NULL);
        CHECK_STR(out->reason, cases[i].reason);
        CHECK_U64(out->image.len, 0);
        swarm__job__zone_result__free_unpacked(out, NULL);
    }
}

static void without_memory_the_job_fails_and_leaks_nothing(void)
{
    static char file[] = "zone";
    for (uint64_t i = 0;; i++) {
        struct disk d = { .text = ZONE, .len = strlen(ZONE) };
        int status = 0;
        fail_alloc_only(i);
        Swarm__Job__ZoneResult *out = run(&d, file, &status);
        const uint64_t asked = fail_alloc_stop();
        if (out != NULL) {
            swarm__job__zone_result__free_unpacked(out, NULL);
        }
        if (asked <= i) {
            CHECK_I64(status, SW_OK);
            return;
        }
        CHECK(status == SW_ERR_NOMEM || status == SW_OK);
    }
}

CU_TestInfo tests_zone_job[] = {
    { "a master file becomes an image", a_master_file_becomes_an_image },
    { "a file of many chunks is read whole", a_file_of_many_chunks_is_read_whole },
    { "what goes wrong is said", what_goes_wrong_is_said },
    { "without memory the job fails and leaks nothing",
      without_memory_the_job_fails_and_leaks_nothing },
    CU_TEST_INFO_NULL,
};
