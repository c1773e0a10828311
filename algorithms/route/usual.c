/* SPDX-License-Identifier: GPL-3.0-or-later
 * Round trips and queries in flight. */
#include "algorithms/route/usual.h"

void sw_usual_on_send(struct sw_route *r, uint32_t peer, sw_time now)
{
    (void)now;
    struct sw_usual *u = sw_route_peer(r, peer);
    u->pending++;
}

static void ended(struct sw_usual *u)
{
    u->pending -= u->pending > 0;
}

void sw_usual_on_reply(struct sw_route *r, uint32_t peer, sw_time now, sw_dur rtt,
                       const struct sw_telemetry *t, bool probe, bool late)
{
    (void)now, (void)t;
    struct sw_usual *u = sw_route_peer(r, peer);
    sw_rtt_sample(&u->rtt, (double)rtt);
    u->failures = 0;
    if (!probe && !late) {
        ended(u);
    }
}

void sw_usual_on_timeout(struct sw_route *r, uint32_t peer, sw_time now, bool probe)
{
    struct sw_usual *u = sw_route_peer(r, peer);
    sw_rtt_back_off(&u->rtt);
    u->failures += u->failures < UINT32_MAX;
    u->failed_at = now;
    if (!probe) {
        ended(u);
    }
}

sw_dur sw_usual_patience(const struct sw_route *r, uint32_t peer)
{
    const struct sw_usual *u = sw_route_peer(r, peer);
    return sw_rtt_patience(&u->rtt);
}

double sw_usual_outstanding(const struct sw_route *r, const struct sw_choice *c, size_t i)
{
    const struct sw_usual *u = sw_usual_of(r, c, i);
    return u->pending + u->rtt.srtt / (u->rtt.srtt + (double)SW_SEC);
}
