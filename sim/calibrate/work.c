/* SPDX-License-Identifier: GPL-3.0-or-later
 * The backup pipeline's and the zone compiler's work, kind by kind, on bytes half of which repeat.
 */
#include "sim/calibrate/calibrate.h"

#include "node/core/backup/pack.h"
#include "node/core/dns/zone.h"
#include "sim/world/pool.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define BYTES ((size_t)4 * SW_MIB)
#define CHUNK ((size_t)64 * SW_KIB)
#define RECORDS 20000U

/* Every other KiB is text that comes again and again, as scenarios' files are by default. */
static uint8_t *make_bytes(void)
{
    static const uint8_t seed[randombytes_SEEDBYTES] = { 1 };
    uint8_t *data = sim_alloc(BYTES);
    randombytes_buf_deterministic(data, BYTES, seed);
    for (size_t i = SW_KIB; i < BYTES; i += 2 * SW_KIB) {
        memset(data + i, 'a' + (int)(i / SW_KIB % 16), SW_KIB);
    }
    return data;
}

static double hash(const uint8_t *data)
{
    struct sw_digest out;
    const double began = sim_cpu_ns();
    for (size_t at = 0; at < BYTES; at += CHUNK) {
        sw_object_name((struct sw_bytes){ data + at, CHUNK }, &out);
    }
    return (sim_cpu_ns() - began) / (double)BYTES;
}

static double cut(const uint8_t *data)
{
    static const uint8_t key[32] = { 2 };
    struct sw_chunker c;
    sw_chunker_init(&c, key);
    const double began = sim_cpu_ns();
    for (size_t at = 0; at < BYTES;) {
        at += sw_chunk_cut(&c, SW_CHUNK_BY_CONTENT, (struct sw_bytes){ data + at, BYTES - at });
    }
    return (sim_cpu_ns() - began) / (double)BYTES;
}

/* Compress, seal and unpack what packs hold; 0 for each that failed. */
static int pack(const uint8_t *data, double work[SW_WORK_COUNT])
{
    static const uint8_t zeros[32] = { 0 };
    struct sw_epoch epoch;
    struct sw_digest repo;
    struct sw_pack_writer w;
    struct sw_group g;
    struct sw_segment segment = { .data = sim_alloc(SW_SEGMENT_MAX) };
    uint8_t *plain = sim_alloc(SW_SEGMENT_MAX);
    ZSTD_CCtx *in = ZSTD_createCCtx();
    ZSTD_DCtx *out = ZSTD_createDCtx();
    double compress = 0;
    double seal = 0;
    double unpack = 0;
    uint64_t sealed = 0;
    sw_repo_id("node", "set", zeros, &repo);
    sw_epoch_make(&epoch, zeros, zeros, &repo);
    int err = in == NULL || out == NULL ? SW_ERR_NOMEM : sw_group_init(&g);
    const bool begun = err == 0;
    err = err == 0 ? sw_pack_begin(&w, &epoch, &repo, zeros) : err;
    for (size_t at = 0; at + SW_SEGMENT_MAX <= BYTES && err == 0; at += SW_SEGMENT_MAX) {
        const struct sw_digest id = { { (uint8_t)at } };
        g.len = 0;
        g.n = 0;
        err = sw_group_add(&g, &id, (struct sw_bytes){ data + at, SW_SEGMENT_MAX });
        double began = sim_cpu_ns();
        err = err == 0 ? sw_segment_compress(in, &g, &segment) : err;
        compress += sim_cpu_ns() - began;
        began = sim_cpu_ns();
        err = err == 0 ? sw_pack_add(&w, &g, &segment) : err;
        seal += sim_cpu_ns() - began;
        sealed += segment.len;
        began = sim_cpu_ns();
        const size_t n = ZSTD_decompressDCtx(out, plain, SW_SEGMENT_MAX, segment.data, segment.len);
        unpack += sim_cpu_ns() - began;
        if (err == 0 && (n != SW_SEGMENT_MAX || memcmp(plain, data + at, n) != 0)) {
            err = SW_ERR_STATE;
        }
    }
    work[SW_WORK_COMPRESS] = compress / (double)BYTES;
    work[SW_WORK_DECOMPRESS] = unpack / (double)BYTES;
    work[SW_WORK_SEAL] = sealed > 0 ? seal / (double)sealed : 0;
    if (begun) {
        sw_pack_fini(&w);
        sw_group_fini(&g);
    }
    (void)ZSTD_freeCCtx(in);
    (void)ZSTD_freeDCtx(out);
    sw_epoch_wipe(&epoch);
    free(plain);
    free(segment.data);
    return err;
}

static int parse(double *ns)
{
    const size_t cap = (size_t)RECORDS * 48 + 200;
    char *text = sim_alloc(cap);
    struct sw_blob image = { 0 };
    struct sw_diag d;
    size_t n = (size_t)snprintf(text, cap,
                                "$TTL 300\n@ SOA ns1 hostmaster 1 7200 900 1209600 60\n@ NS ns1\n"
                                "ns1 A 192.0.2.2\n");
    for (unsigned i = 0; i < RECORDS; i++) {
        n += (size_t)snprintf(text + n, cap - n,
                              i % 4 == 3 ? "h%u AAAA 2001:db8::%x\n" : "h%u A 192.0.2.%u\n", i,
                              i % 250 + 1);
    }
    const double began = sim_cpu_ns();
    const int err =
        sw_zone_compile("example.org", (struct sw_bytes){ (const uint8_t *)text, n }, &image, &d);
    *ns = (sim_cpu_ns() - began) / (double)n;
    sw_blob_fini(&image);
    free(text);
    return err;
}

int sim_measure_work(double work[SW_WORK_COUNT])
{
    uint8_t *data = make_bytes();
    work[SW_WORK_HASH] = hash(data);
    work[SW_WORK_CUT] = cut(data);
    int err = pack(data, work);
    err = err == 0 ? parse(&work[SW_WORK_PARSE]) : err;
    free(data);
    return err;
}
