/* SPDX-License-Identifier: GPL-3.0-or-later
 * Peers that say anything at any time to the loop side of backups.  The input is a script: u8 what,
 * u16 length, bytes.  Messages, results of jobs, connections that come and go, commands and time
 * follow each other in any order; what waits for the disk stays bounded. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "node/base/buf.h"
#include "node/base/bug.h"
#include "node/base/err.h"
#include "node/core/backup/backup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PEERS 3
#define JOBS 4096

struct world {
    sw_time now;
    bool up[PEERS];
    struct sw_job jobs[JOBS]; /* out; kind < 0 never */
    size_t first, n;
    uint64_t bytes; /* of their inputs */
    uint64_t id, draws;
    struct sw_backup *backup;
};

static const char *const names[PEERS] = { "alpha", "beta", "gamma" };

static void name_of(size_t i, struct sw_name *out)
{
    memset(out, 0, sizeof *out);
    memcpy(out->s, names[i], strlen(names[i]));
}

static bool peer(void *self, size_t i, struct sw_backup_peer *out)
{
    const struct world *w = self;
    if (i >= PEERS) {
        return false;
    }
    memset(out, 0, sizeof *out);
    name_of(i, &out->name);
    out->region.s[0] = (char)('a' + (int)i);
    out->stores = true;
    out->connected = w->up[i];
    return true;
}

static int send(void *self, const struct sw_name *to, const Swarm__V1__Envelope *e)
{
    const struct world *w = self;
    (void)protobuf_c_message_get_packed_size(&e->base); /* reads all of it */
    for (size_t i = 0; i < PEERS; i++) {
        if (strcmp(names[i], to->s) == 0 && w->up[i]) {
            return SW_OK;
        }
    }
    return SW_ERR_UNREACHABLE;
}

static int submit(void *self, enum sw_job_kind kind, enum sw_strand strand, struct sw_blob *in,
                  uint64_t *id)
{
    struct world *w = self;
    if (w->n == JOBS) {
        sw_blob_fini(in);
        return SW_ERR_NOMEM;
    }
    struct sw_job *j = &w->jobs[(w->first + w->n++) % JOBS];
    *j = (struct sw_job){ .id = ++w->id, .kind = kind, .strand = strand, .in = *in };
    w->bytes += j->in.len;
    SW_ASSERT(w->bytes < 100 * SW_MIB);
    *in = (struct sw_blob){ 0 };
    *id = j->id;
    return SW_OK;
}

static void trace(void *self, const struct sw_trace *t)
{
    (void)self;
    SW_ASSERT(t->text != NULL && memchr(t->peer.s, '\0', sizeof t->peer.s) != NULL);
}

static void reply(void *self, uint64_t command, int status, const char *reason,
                  struct sw_bytes message)
{
    (void)self;
    (void)command;
    SW_ASSERT(status == 0 || (reason[0] != '\0' && message.len == 0));
}

static bool reach(void *self)
{
    (void)self;
    return false;
}

static int draw(void *self, uint8_t *out, size_t len)
{
    struct world *w = self;
    memset(out, (int)++w->draws, len);
    return SW_OK;
}

static sw_time now(void *self)
{
    return ((struct world *)self)->now;
}

static sw_wall wall(void *self)
{
    return (sw_wall)((struct world *)self)->now;
}

/* The oldest job ends: status and result as the script says. */
static void job_done(struct world *w, struct sw_bytes result)
{
    if (w->n == 0) {
        return;
    }
    struct sw_job *j = &w->jobs[w->first];
    j->status = result.len > 0 && result.data[0] > 200 ? SW_ERR_NOTFOUND : SW_OK;
    if (result.len > 1 && sw_blob_append(&j->out, result.data + 1, result.len - 1) != SW_OK) {
        abort();
    }
    struct sw_job job = *j;
    w->bytes -= job.in.len;
    w->first = (w->first + 1) % JOBS;
    w->n--;
    sw_backup_on_done(w->backup, &job);
    sw_blob_fini(&job.in);
    sw_blob_fini(&job.out);
}

static void message(struct world *w, size_t from, struct sw_bytes bytes)
{
    struct sw_name name;
    Swarm__V1__Envelope *e = swarm__v1__envelope__unpack(NULL, bytes.len, bytes.data);
    if (e != NULL) {
        name_of(from, &name);
        sw_backup_on_message(w->backup, &name, e);
        swarm__v1__envelope__free_unpacked(e, NULL);
    }
}

static void connection(struct world *w, uint8_t what)
{
    struct sw_name name;
    struct sw_backup_peer p;
    const size_t i = what % PEERS;
    name_of(i, &name);
    switch (what / PEERS % 4) {
    case 0:
        w->up[i] = true;
        if (peer(w, i, &p)) {
            sw_backup_on_peer_up(w->backup, &p);
        }
        break;
    case 1:
        w->up[i] = false;
        sw_backup_on_peer_down(w->backup, &name);
        break;
    case 2:
        sw_backup_on_peer_blocked(w->backup, &name);
        break;
    default:
        sw_backup_on_peer_writable(w->backup, &name);
        break;
    }
}

static void command(struct world *w, struct sw_bytes bytes)
{
    Swarm__V1__SnapshotRequest s = SWARM__V1__SNAPSHOT_REQUEST__INIT;
    s.set = (char *)(uintptr_t) "etc";
    Swarm__V1__RestoreRequest *r =
        bytes.len > 0 ? swarm__v1__restore_request__unpack(NULL, bytes.len, bytes.data) : NULL;
    if (r != NULL) {
        sw_backup_restore(w->backup, ++w->id, r);
        swarm__v1__restore_request__free_unpacked(r, NULL);
    } else {
        sw_backup_snapshot(w->backup, ++w->id, &s);
    }
}

static void step(struct world *w, uint8_t what, struct sw_bytes bytes)
{
    switch (what % 8) {
    case 0:
    case 1:
    case 2:
        message(w, what % 8, bytes);
        break;
    case 3:
    case 4:
        job_done(w, bytes);
        break;
    case 5:
        connection(w, bytes.len > 0 ? bytes.data[0] : 0);
        break;
    case 6:
        command(w, bytes);
        break;
    default:
        if (sw_backup_deadline(w->backup) != SW_TIME_NEVER) {
            const sw_time at = sw_backup_deadline(w->backup);
            w->now = at > w->now ? at : w->now + 1;
        }
        sw_backup_tick(w->backup);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;
    struct sw_set_config set = { .path = (char *)(uintptr_t) "data", .every = SW_HOUR };
    struct sw_config cfg = { .store = (char *)(uintptr_t) "store",
                             .copies = 2,
                             .capacity = 64 * SW_MIB,
                             .sets = &set,
                             .n_sets = 1 };
    const struct sw_backup_host host = {
        .self = &w,
        .peer = peer,
        .send = send,
        .submit = submit,
        .trace = trace,
        .reply = reply,
        .reach = reach,
        .draw = draw,
        .now = now,
        .wall = wall,
    };
    struct sw_rd in = { data, size, 0, false };
    w = (struct world){ .now = SW_HOUR };
    memcpy(cfg.name.s, "self", 5);
    memcpy(cfg.region.s, "s", 2);
    memcpy(set.name.s, "etc", 4);
    set.recipient[0] = 9;
    w.backup = sw_backup_new(&host);
    if (w.backup == NULL || sw_backup_configure(w.backup, &cfg) != SW_OK) {
        abort();
    }
    for (size_t i = 0; i < 2; i++) {
        connection(&w, (uint8_t)i);
    }
    while (sw_rd_left(&in) >= 3) {
        const uint8_t what = sw_rd_u8(&in);
        const size_t len = sw_rd_u16(&in);
        const size_t left = sw_rd_left(&in);
        const size_t n = len < left ? len : left;
        step(&w, what, (struct sw_bytes){ sw_rd_bytes(&in, n), n });
    }
    while (w.n > 0) {
        job_done(&w, (struct sw_bytes){ 0 });
    }
    sw_backup_free(w.backup);
    return 0;
}
