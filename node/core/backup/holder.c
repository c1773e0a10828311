/* SPDX-License-Identifier: GPL-3.0-or-later
 * The table of partners, and the messages to them. */
#include "node/core/backup/holder.h"

#include <stdlib.h>
#include <string.h>

#include "node/core/backup/loop.h"

static struct sw_bytes key_of(const struct sw_name *name)
{
    return (struct sw_bytes){ (const uint8_t *)name->s, strlen(name->s) };
}

struct sw_holder *sw_holder_find(const struct sw_backup *b, const struct sw_name *name)
{
    return sw_map_get(&b->holders.by_name, key_of(name));
}

struct sw_holder *sw_holder_next(const struct sw_backup *b, const struct sw_holder *h)
{
    const struct sw_bytes after = h != NULL ? key_of(&h->name) : (struct sw_bytes){ 0 };
    struct sw_bytes key;
    return sw_map_next(&b->holders.by_name, h != NULL ? &after : NULL, &key);
}

struct sw_holder *sw_holder_take(struct sw_backup *b, const struct sw_backup_peer *p)
{
    struct sw_holder *h = sw_holder_find(b, &p->name);
    if (h == NULL) {
        h = calloc(1, sizeof *h);
        if (h == NULL || sw_map_put(&b->holders.by_name, key_of(&p->name), h, NULL) != SW_OK) {
            free(h);
            return NULL;
        }
        h->name = p->name;
    }
    h->region = p->region;
    h->stores = p->stores;
    h->up = p->connected;
    h->known = true;
    return h;
}

int sw_holders_refresh(struct sw_backup *b)
{
    struct sw_backup_peer p;
    for (struct sw_holder *h = sw_holder_next(b, NULL); h != NULL; h = sw_holder_next(b, h)) {
        h->known = false;
    }
    for (size_t i = 0; b->host.peer(b->host.self, i, &p); i++) {
        if (sw_holder_take(b, &p) == NULL) {
            return SW_ERR_NOMEM;
        }
    }
    return SW_OK;
}

void sw_holders_fini(struct sw_holders *hs)
{
    struct sw_bytes key;
    const struct sw_bytes *after = NULL;
    for (struct sw_holder *h = sw_map_next(&hs->by_name, after, &key); h != NULL;
         h = sw_map_next(&hs->by_name, after, &key)) {
        free(h->gets);
        free(h);
        after = &key;
    }
    sw_map_fini(&hs->by_name);
}

bool sw_holder_usable(const struct sw_backup *b, const struct sw_holder *h)
{
    return h->known && h->up && h->stores && h->avoid <= sw_backup_now(b);
}

static ProtobufCBinaryData digest_data(const struct sw_digest *d)
{
    return (ProtobufCBinaryData){ SW_DIGEST_LEN, (uint8_t *)(uintptr_t)d->b };
}

static int send(struct sw_backup *b, const struct sw_holder *h, const Swarm__V1__Envelope *e)
{
    return h->up ? b->host.send(b->host.self, &h->name, e) : SW_ERR_UNREACHABLE;
}

int sw_send_put(struct sw_backup *b, const struct sw_holder *h, Swarm__V1__ObjectPut *m)
{
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    e.body_case = SWARM__V1__ENVELOPE__BODY_OBJECT_PUT;
    e.object_put = m;
    return send(b, h, &e);
}

int sw_send_stored(struct sw_backup *b, const struct sw_holder *h, const struct sw_digest *name,
                   int status, uint64_t offset)
{
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    Swarm__V1__ObjectStored m = SWARM__V1__OBJECT_STORED__INIT;
    m.name = digest_data(name);
    m.status = status;
    m.offset = offset;
    e.body_case = SWARM__V1__ENVELOPE__BODY_OBJECT_STORED;
    e.object_stored = &m;
    return send(b, h, &e);
}

int sw_send_get(struct sw_backup *b, const struct sw_holder *h, const struct sw_get *get)
{
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    Swarm__V1__ObjectGet m = SWARM__V1__OBJECT_GET__INIT;
    m.name = digest_data(&get->name);
    m.offset = get->offset;
    m.length = get->length;
    e.body_case = SWARM__V1__ENVELOPE__BODY_OBJECT_GET;
    e.object_get = &m;
    return send(b, h, &e);
}

int sw_send_data(struct sw_backup *b, const struct sw_holder *h, Swarm__V1__ObjectData *m)
{
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    e.body_case = SWARM__V1__ENVELOPE__BODY_OBJECT_DATA;
    e.object_data = m;
    return send(b, h, &e);
}

int sw_send_heads_get(struct sw_backup *b, const struct sw_holder *h, const struct sw_name *node,
                      const struct sw_name *set)
{
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    Swarm__V1__HeadsGet m = SWARM__V1__HEADS_GET__INIT;
    m.node = (char *)(uintptr_t)node->s;
    m.set = (char *)(uintptr_t)set->s;
    e.body_case = SWARM__V1__ENVELOPE__BODY_HEADS_GET;
    e.heads_get = &m;
    return send(b, h, &e);
}
