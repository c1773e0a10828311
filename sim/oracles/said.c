/* SPDX-License-Identifier: GPL-3.0-or-later
 * Utterances by question.  Only when the latest ones expire is kept: zones outside do not change,
 * so that they differ in nothing else. */
#include "sim/oracles/said.h"

#include "node/base/map.h"
#include "sim/oracles/zonetruth_internal.h"
#include "sim/world/pool.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STALE_TTL 30U       /* RFC 8767, 4 */
#define TRAVEL (3 * SW_SEC) /* an answer may pass two nodes, each within a query's deadline */
#define KEY_MAX (NAME_MAX_BYTES + 4U)

#define KEPT 32U /* utterances of one question */

struct utterances {
    sw_time until[KEPT];
    uint64_t n; /* so far */
};

struct sim_said {
    struct sw_map of; /* struct utterances by question */
    char sentence[200];
};

struct sim_said *sim_said_new(void)
{
    return sim_calloc(1, sizeof(struct sim_said));
}

void sim_said_free(struct sim_said *s)
{
    struct sw_bytes key;
    struct utterances *u;
    if (s == NULL) {
        return;
    }
    while ((u = sw_map_next(&s->of, NULL, &key)) != NULL) {
        (void)sw_map_del(&s->of, key);
        free(u);
    }
    sw_map_fini(&s->of);
    free(s);
}

static unsigned u16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static uint32_t u32(const uint8_t *p)
{
    return (uint32_t)u16(p) << 16 | u16(p + 2);
}

/* The question of @m as a key; where it ends, 0 when it is malformed. */
static size_t read_question(struct sw_bytes m, uint8_t key[KEY_MAX], size_t *len)
{
    const int at = m.len < 12 ? -1 : sim_wire_expand(m.data, m.len, 12, key, len);
    if (at < 0 || (size_t)at + 4 > m.len) {
        return 0;
    }
    memcpy(key + *len, m.data + at, 2);
    *len += 2;
    return (size_t)at + 4;
}

/* The least TTL of @m's records behind @at, OPT left out; they become 0 where @clear is not NULL, a
 * copy of the message. */
static uint32_t least_ttl(struct sw_bytes m, size_t at, uint8_t *clear)
{
    uint32_t least = UINT32_MAX;
    while (at < m.len) {
        uint8_t owner[NAME_MAX_BYTES + 1];
        size_t len;
        const int end = sim_wire_expand(m.data, m.len, at, owner, &len);
        if (end < 0 || (size_t)end + 10 > m.len) {
            return 0;
        }
        const uint8_t *p = m.data + end;
        if (u16(p) != 41) {
            least = u32(p + 4) < least ? u32(p + 4) : least;
            if (clear != NULL) {
                memset(clear + end + 4, 0, 4);
            }
        }
        at = (size_t)end + 10 + u16(p + 8);
    }
    return least == UINT32_MAX ? 0 : least;
}

void sim_said_note(struct sim_said *s, struct sw_bytes answer, sw_time now)
{
    uint8_t key[KEY_MAX];
    size_t len;
    const size_t at = read_question(answer, key, &len);
    if (at == 0) {
        return;
    }
    const sw_time until = now + least_ttl(answer, at, NULL) * SW_SEC;
    const struct sw_bytes bytes = { key, len };
    struct utterances *u = sw_map_get(&s->of, bytes);
    if (u == NULL) {
        u = sim_calloc(1, sizeof *u);
        if (sw_map_put(&s->of, bytes, u, NULL) != 0) {
            free(u);
            return;
        }
    }
    u->until[u->n++ % KEPT] = until;
}

/* When the last of @u expires that does so before @by; 0: none does. */
static sw_time last_before(const struct utterances *u, sw_time by)
{
    sw_time last = 0;
    for (uint64_t i = 0; i < u->n && i < KEPT; i++) {
        last = u->until[i] <= by && u->until[i] > last ? u->until[i] : last;
    }
    return last;
}

/* Its content, whatever its TTLs: as the zone has it, but that no cache is an authority. */
static const char *check_content(struct sim_truth *truth, const struct sim_query_done *q,
                                 uint8_t *copy)
{
    const struct sw_bytes m = q->answer;
    if ((m.data[2] & 0x04) != 0) {
        return "what another one said is marked authoritative";
    }
    if ((m.data[3] & 0x20) != 0) {
        return "what nobody validated is marked authentic";
    }
    copy[2] |= 0x04;
    const char *wrong =
        sim_truth_check(truth, q->question, q->type, (struct sw_bytes){ copy, m.len });
    copy[2] &= (uint8_t)~0x04U;
    return wrong;
}

const char *sim_said_check(struct sim_said *s, struct sim_truth *truth,
                           const struct sim_query_done *q, sw_dur max_stale)
{
    uint8_t key[KEY_MAX];
    size_t len;
    const size_t at = read_question(q->answer, key, &len);
    if (at == 0) {
        return "the message is malformed";
    }
    uint8_t *copy = sim_alloc(q->answer.len);
    memcpy(copy, q->answer.data, q->answer.len);
    const uint32_t ttl = least_ttl(q->answer, at, copy);
    const char *wrong = check_content(truth, q, copy);
    free(copy);
    if (wrong != NULL) {
        return wrong;
    }
    const struct utterances *u = sw_map_get(&s->of, (struct sw_bytes){ key, len });
    if (u == NULL) {
        return "no upstream was asked for it";
    }
    const sw_time until = last_before(u, SW_TIME_NEVER);
    const sw_time expired = last_before(u, q->done_at);
    if (q->sent_at + ttl * SW_SEC <= until + TRAVEL) {
        return NULL;
    }
    if (ttl <= STALE_TTL && expired > 0) {
        if (q->sent_at < expired + max_stale + TRAVEL) {
            return NULL;
        }
        (void)snprintf(s->sentence, sizeof s->sentence,
                       "it expired %" PRIu64 " s before the question, more than the %" PRIu64
                       " s for which stale answers are allowed",
                       (q->sent_at - expired) / SW_SEC, max_stale / SW_SEC);
        return s->sentence;
    }
    (void)snprintf(s->sentence, sizeof s->sentence,
                   "a TTL of %" PRIu32 " s, where what upstreams said ends in %.1f s", ttl,
                   ((double)until - (double)q->sent_at) / 1e9);
    return s->sentence;
}
