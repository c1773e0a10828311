/* SPDX-License-Identifier: GPL-3.0-or-later
 * The Gilbert-Elliott chain at any time, without its past.
 *
 * One uniform number u belongs to each slot of a path.  In the good state the chain turns bad when
 * u < p; in the bad state it stays bad when u < 1 - r.  Since p <= 1 - r, a slot with u < p is bad
 * and one with u >= 1 - r good whatever was before, and only in between does the state remain: the
 * latest slot outside of [p, 1 - r) decides, 1 / (p + r) slots back on average (coupling from the
 * past, Propp and Wilson 1996, here with a state that forgets at once). */
#include "sim/world/network_inside.h"

bool sim_burst_is_bad(struct sw_rng_key key, const struct sim_burst *b, uint64_t path,
                      uint32_t salt, sw_time at)
{
    for (uint64_t slot = at / (sw_time)b->slot;; slot--) {
        const double u = sw_unit(sw_rng_at(key, slot, path << 32 | salt));
        if (slot == 0) {
            return u < b->p / (b->p + b->r); /* as in the long run */
        }
        if (u < b->p) {
            return true;
        }
        if (u >= 1 - b->r) {
            return false;
        }
    }
}
