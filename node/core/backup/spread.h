/* SPDX-License-Identifier: GPL-3.0-or-later
 * A snapshot on its way to holders, as replicate.c and put.c see it. */
#ifndef SW_CORE_BACKUP_SPREAD_H
#define SW_CORE_BACKUP_SPREAD_H

#include "node/core/backup/replicate.h"

struct sw_spread_object {
    struct sw_digest name;
    uint64_t size;
    uint32_t kind;
    bool reused;   /* ask before sending: it may be there */
    bool done;     /* has its copies */
    bool changed;  /* has a new holder since it was looked at */
    bool stalled;  /* nobody can take it at present */
    uint32_t puts; /* transfers under way */
    struct sw_holder *holders[SW_COPIES_MAX];
    uint32_t n_holders;
};

#define SW_SKIPPED_SHOWN 100

struct sw_spread {
    struct sw_spread *next;
    struct sw_spread_options o;
    uint64_t files, bytes;
    char **skipped; /* files left out, with the reason: SW_SKIPPED_SHOWN at most */
    size_t n_skipped;
    uint64_t more_skipped;            /* as many more */
    struct sw_spread_object *objects; /* packs, then the manifest */
    uint32_t n;
    uint32_t first; /* all before it are done */
};

/* End a snapshot: traced, who waits is told, freed. */
void sw_spread_fail(struct sw_backup *b, struct sw_spread *s, int status, int err,
                    const char *reason);
void sw_spread_free(struct sw_spread *s);

#endif
