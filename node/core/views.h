/* SPDX-License-Identifier: GPL-3.0-or-later
 * Making views, publishing them, and freeing those that no front uses any longer. */
#ifndef SW_CORE_VIEWS_H
#define SW_CORE_VIEWS_H

#include "node/core/view.h"

struct sw_node;
struct sw_published;

/* Views that fronts have not given back, at most; then a change waits for a VIEW_RETIRED. */
#define SW_VIEWS_MAX 8U

struct sw_views {
    struct sw_published *latest; /* newest first; the first one is current */
    uint32_t n;
};

/* Publish a view of what the node knows now, when that differs from the latest. */
void sw_views_refresh(struct sw_node *n);
/* No front uses @view; a view that is not one of ours is ignored. */
void sw_views_retired(struct sw_node *n, const struct sw_view *view);
/* The latest view, or NULL: what this node answers peers from. */
const struct sw_view *sw_views_current(const struct sw_node *n);
void sw_views_fini(struct sw_views *v);

#endif
