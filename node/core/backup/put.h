/* SPDX-License-Identifier: GPL-3.0-or-later
 * One object on its way to one holder: read a part, send it, wait when too much is not yet
 * acknowledged or the connection is full. */
#ifndef SW_CORE_BACKUP_PUT_H
#define SW_CORE_BACKUP_PUT_H

#include "node/core/backup/spread.h"

struct sw_put {
    struct sw_put *next;
    uint64_t number;
    struct sw_spread *spread;
    uint32_t object;
    struct sw_holder *holder;
    bool asking;    /* whether the holder has it already */
    bool reading;   /* a part is being read from our store */
    uint64_t sent;  /* bytes */
    uint64_t acked; /* bytes that the holder has */
    sw_time deadline;
};

/* False: the connection is gone or memory is out. */
bool sw_put_begin(struct sw_backup *b, struct sw_spread *s, uint32_t object, struct sw_holder *h);
/* Read and send on where there is room. */
void sw_put_pump(struct sw_backup *b);
/* End all transfers of a snapshot. */
void sw_put_drop_spread(struct sw_backup *b, const struct sw_spread *s);

#endif
