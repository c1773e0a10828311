/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which sites are active, and when they fire. */
#include "node/core/buggify.h"

#define ACTIVE_ONE_IN 4U

static const struct {
    const char *name, *text;
    uint32_t one_in;
} sites[SW_SITE_COUNT] = {
#define SW_SITE(name, one_in, what) { #name, what, one_in },
#include "node/core/buggify.def"
#undef SW_SITE
};

void sw_buggify_arm(struct sw_buggify *b, uint64_t seed, const char *node)
{
    *b = (struct sw_buggify){ .luck = sw_rng_key(seed, "buggify", node) };
    for (unsigned i = 0; i < SW_SITE_COUNT; i++) {
        const struct sw_rng_key key = sw_rng_key(seed, "buggify site", sites[i].name);
        b->active[i] = sw_rng_at(key, 0, 0) % ACTIVE_ONE_IN == 0;
    }
}

bool sw_buggify_fires(struct sw_buggify *b, enum sw_site site)
{
    struct sw_site_count *c = &b->count[site];
    const uint64_t visit = c->reached++;
    const bool fires = b->active[site] && sw_rng_at(b->luck, visit, site) % sites[site].one_in == 0;
    c->fired += fires;
    return fires;
}

const char *sw_site_name(enum sw_site site)
{
    return sites[site].name;
}

const char *sw_site_text(enum sw_site site)
{
    return sites[site].text;
}
