/* SPDX-License-Identifier: GPL-3.0-or-later
 * Waiting questions counted by client. */
#include "node/core/cache/waits.h"

#include "node/base/bug.h"
#include "node/core/dns/bytes.h"

#include <string.h>

struct sw_rng_key sw_waits_key(uint64_t seed)
{
    return sw_rng_key(seed, "waits", "");
}

/* IPv4 in full, as ::ffff:a.b.c.d; of IPv6 the network. */
static uint64_t network_of(const struct sw_client *c)
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    const uint8_t *from = memcmp(c->addr, mapped, sizeof mapped) == 0 ? c->addr + 8 : c->addr;
    return (uint64_t)sw_be32(from) << 32 | sw_be32(from + 4);
}

struct cells {
    uint32_t at[2];
};

static struct cells cells_of(struct sw_rng_key key, const struct sw_client *c)
{
    const uint64_t bits = sw_rng_at(key, network_of(c), 0);
    return (struct cells){ { (uint32_t)bits % SW_WAITS_CELLS,
                             (uint32_t)(bits >> 32) % SW_WAITS_CELLS } };
}

uint32_t sw_waits_of(const struct sw_waits *w, struct sw_rng_key key,
                     const struct sw_client *client)
{
    const struct cells c = cells_of(key, client);
    const uint32_t a = w->row[0][c.at[0]];
    const uint32_t b = w->row[1][c.at[1]];
    return a < b ? a : b;
}

void sw_waits_begin(struct sw_waits *w, struct sw_rng_key key, const struct sw_client *client)
{
    const struct cells c = cells_of(key, client);
    w->row[0][c.at[0]]++;
    w->row[1][c.at[1]]++;
}

void sw_waits_end(struct sw_waits *w, struct sw_rng_key key, const struct sw_client *client)
{
    const struct cells c = cells_of(key, client);
    SW_ASSERT(w->row[0][c.at[0]] > 0 && w->row[1][c.at[1]] > 0);
    w->row[0][c.at[0]]--;
    w->row[1][c.at[1]]--;
}
