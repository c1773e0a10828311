/* SPDX-License-Identifier: GPL-3.0-or-later
 * The registry of routing policies, and the memory of one at work. */
#include "algorithms/route/policy.h"

#include "node/base/bug.h"
#include "node/base/err.h"

#include <stdlib.h>
#include <string.h>

#define SW_POLICY(name) extern const struct sw_policy sw_policy_##name;
#include "algorithms/route/policies.def"
#undef SW_POLICY

static const struct sw_policy *const registry[] = {
#define SW_POLICY(name) &sw_policy_##name,
#include "algorithms/route/policies.def"
#undef SW_POLICY
};

const struct sw_policy *sw_policy_at(size_t i)
{
    return i < SW_LEN(registry) ? registry[i] : NULL;
}

const struct sw_policy *sw_policy_find(const char *name)
{
    const struct sw_policy *p;
    for (size_t i = 0; (p = sw_policy_at(i)) != NULL; i++) {
        if (strcmp(p->name, name) == 0) {
            return p;
        }
    }
    return NULL;
}

static void *zeroed(size_t size)
{
    return calloc(1, size > 0 ? size : 1);
}

static double *param_at(const struct sw_route *r, const struct sw_param *p)
{
    return (double *)(void *)((unsigned char *)r->params + p->offset);
}

int sw_route_init(struct sw_route *r, const struct sw_policy *policy, size_t n_peers)
{
    *r = (struct sw_route){ .policy = policy };
    r->params = zeroed(policy->params_size);
    r->state = zeroed(policy->state_size);
    if (r->params == NULL || r->state == NULL || sw_route_grow(r, n_peers) != SW_OK) {
        sw_route_fini(r);
        return SW_ERR_NOMEM;
    }
    for (size_t i = 0; i < policy->n_params; i++) {
        *param_at(r, &policy->params[i]) = policy->params[i].fallback;
    }
    return SW_OK;
}

void sw_route_fini(struct sw_route *r)
{
    free(r->params);
    free(r->state);
    free(r->peers);
    *r = (struct sw_route){ 0 };
}

int sw_route_set(struct sw_route *r, const char *param, double value)
{
    for (size_t i = 0; i < r->policy->n_params; i++) {
        const struct sw_param *p = &r->policy->params[i];
        if (strcmp(p->name, param) == 0) {
            if (!(value >= p->low && value <= p->high)) {
                return SW_ERR_RANGE;
            }
            *param_at(r, p) = value;
            return SW_OK;
        }
    }
    return SW_ERR_NOTFOUND;
}

int sw_route_grow(struct sw_route *r, size_t n_peers)
{
    const size_t each = r->policy->peer_size > 0 ? r->policy->peer_size : 1;
    if (n_peers <= r->n_peers) {
        return SW_OK;
    }
    if (n_peers > SIZE_MAX / each) {
        return SW_ERR_NOMEM;
    }
    unsigned char *peers = realloc(r->peers, n_peers * each);
    if (peers == NULL) {
        return SW_ERR_NOMEM;
    }
    memset(peers + r->n_peers * each, 0, (n_peers - r->n_peers) * each);
    r->peers = peers;
    r->n_peers = n_peers;
    return SW_OK;
}

void sw_route_forget(struct sw_route *r, uint32_t peer)
{
    memset(sw_route_peer(r, peer), 0, r->policy->peer_size);
}

void *sw_route_peer(const struct sw_route *r, uint32_t peer)
{
    SW_ASSERT(peer < r->n_peers);
    return r->peers + peer * r->policy->peer_size;
}

bool sw_route_wants_regions(const struct sw_route *r)
{
    return r->policy->wants_regions != NULL && r->policy->wants_regions(r);
}

bool sw_route_wants_classes(const struct sw_route *r)
{
    return r->policy->wants_classes != NULL && r->policy->wants_classes(r);
}
