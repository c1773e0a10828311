/* SPDX-License-Identifier: GPL-3.0-or-later
 * Socket addresses. */
#define _GNU_SOURCE /* inet_pton and the IPv6 structures */
#include "node/live/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

int live_address_split(const char *text, char *host, size_t host_cap, char *port, size_t port_cap)
{
    const char *colon = strrchr(text, ':');
    if (colon == NULL || colon == text || colon[1] == '\0') {
        return SW_ERR_MALFORMED;
    }
    const char *from = text;
    size_t n = (size_t)(colon - text);
    if (text[0] == '[') {
        if (n < 3 || colon[-1] != ']') {
            return SW_ERR_MALFORMED;
        }
        from++;
        n -= 2;
    } else if (memchr(text, ':', n) != NULL) {
        return SW_ERR_MALFORMED; /* IPv6 without brackets: whose is the last colon? */
    }
    if (n >= host_cap || strlen(colon + 1) >= port_cap) {
        return SW_ERR_RANGE;
    }
    memcpy(host, from, n);
    host[n] = '\0';
    memcpy(port, colon + 1, strlen(colon + 1) + 1);
    return 0;
}

int live_address_parse(const char *text, union live_address *out)
{
    char host[INET6_ADDRSTRLEN];
    char port[8];
    if (live_address_split(text, host, sizeof host, port, sizeof port) != 0) {
        return SW_ERR_MALFORMED;
    }
    char *end = NULL;
    const unsigned long number = strtoul(port, &end, 10);
    if (*end != '\0' || port[0] < '0' || port[0] > '9' || number > 65535) {
        return SW_ERR_MALFORMED;
    }
    memset(out, 0, sizeof *out);
    if (text[0] != '[' && inet_pton(AF_INET, host, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons((uint16_t)number);
        return 0;
    }
    if (text[0] == '[' && inet_pton(AF_INET6, host, &out->v6.sin6_addr) == 1) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons((uint16_t)number);
        return 0;
    }
    return SW_ERR_MALFORMED;
}

void live_address_format(const union live_address *a, char out[LIVE_ADDRESS_MAX])
{
    char host[INET6_ADDRSTRLEN] = "?";
    if (a->any.sa_family == AF_INET) {
        (void)inet_ntop(AF_INET, &a->v4.sin_addr, host, sizeof host);
        (void)snprintf(out, LIVE_ADDRESS_MAX, "%s:%u", host, ntohs(a->v4.sin_port));
    } else {
        (void)inet_ntop(AF_INET6, &a->v6.sin6_addr, host, sizeof host);
        (void)snprintf(out, LIVE_ADDRESS_MAX, "[%s]:%u", host, ntohs(a->v6.sin6_port));
    }
}

socklen_t live_address_len(const union live_address *a)
{
    return a->any.sa_family == AF_INET ? sizeof a->v4 : sizeof a->v6;
}

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

void live_address_to_client(const union live_address *a, struct sw_client *client)
{
    if (a->any.sa_family == AF_INET) {
        memcpy(client->addr, mapped, sizeof mapped);
        memcpy(client->addr + 12, &a->v4.sin_addr, 4);
        client->port = ntohs(a->v4.sin_port);
    } else {
        memcpy(client->addr, &a->v6.sin6_addr, 16);
        client->port = ntohs(a->v6.sin6_port);
    }
}

void live_address_of_client(const struct sw_client *client, int family, union live_address *out)
{
    memset(out, 0, sizeof *out);
    if (family == AF_INET) {
        out->v4.sin_family = AF_INET;
        memcpy(&out->v4.sin_addr, client->addr + 12, 4);
        out->v4.sin_port = htons(client->port);
    } else {
        out->v6.sin6_family = AF_INET6;
        memcpy(&out->v6.sin6_addr, client->addr, 16);
        out->v6.sin6_port = htons(client->port);
    }
}

static bool is_wildcard(const union live_address *a)
{
    return a->any.sa_family == AF_INET ? a->v4.sin_addr.s_addr == htonl(INADDR_ANY)
                                       : IN6_IS_ADDR_UNSPECIFIED(&a->v6.sin6_addr) != 0;
}

struct list {
    union live_address *v;
    size_t n, cap;
};

static bool same(const union live_address *a, const union live_address *b)
{
    if (a->any.sa_family != b->any.sa_family) {
        return false;
    }
    if (a->any.sa_family == AF_INET) {
        return a->v4.sin_port == b->v4.sin_port && a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
    }
    return a->v6.sin6_port == b->v6.sin6_port && a->v6.sin6_scope_id == b->v6.sin6_scope_id &&
           IN6_ARE_ADDR_EQUAL(&a->v6.sin6_addr, &b->v6.sin6_addr);
}

static int add(struct list *l, const union live_address *a)
{
    for (size_t i = 0; i < l->n; i++) {
        if (same(&l->v[i], a)) {
            return 0;
        }
    }
    if (l->n == l->cap) {
        const size_t cap = l->cap == 0 ? 8 : 2 * l->cap;
        union live_address *v = realloc(l->v, cap * sizeof *v);
        if (v == NULL) {
            return SW_ERR_NOMEM;
        }
        l->v = v;
        l->cap = cap;
    }
    l->v[l->n++] = *a;
    return 0;
}

static int add_interfaces(struct list *l, const union live_address *wildcard)
{
    uv_interface_address_t *all = NULL;
    int count = 0;
    if (uv_interface_addresses(&all, &count) != 0) {
        return SW_ERR_IO;
    }
    int err = 0;
    for (int i = 0; i < count && err == 0; i++) {
        union live_address a;
        memset(&a, 0, sizeof a);
        if (all[i].address.address4.sin_family != wildcard->any.sa_family) {
            continue;
        }
        if (wildcard->any.sa_family == AF_INET) {
            a.v4.sin_family = AF_INET;
            a.v4.sin_addr = all[i].address.address4.sin_addr;
            a.v4.sin_port = wildcard->v4.sin_port;
        } else {
            a.v6.sin6_family = AF_INET6;
            a.v6.sin6_addr = all[i].address.address6.sin6_addr;
            a.v6.sin6_scope_id = all[i].address.address6.sin6_scope_id;
            a.v6.sin6_port = wildcard->v6.sin6_port;
        }
        err = add(l, &a);
    }
    uv_free_interface_addresses(all, count);
    return err;
}

int live_address_expand(char *const *texts, size_t n, union live_address **out, size_t *n_out,
                        struct sw_diag *d)
{
    struct list l = { NULL, 0, 0 };
    int err = 0;
    for (size_t i = 0; i < n && err == 0; i++) {
        union live_address a;
        err = live_address_parse(texts[i], &a);
        if (err == 0) {
            err = is_wildcard(&a) ? add_interfaces(&l, &a) : add(&l, &a);
        }
        if (err != 0) {
            (void)sw_diag_set(d, err, "%s: %s", texts[i],
                              err == SW_ERR_MALFORMED ? "not a numeric address and port"
                                                      : sw_strerror(err));
        }
    }
    if (err != 0 || l.n > UINT16_MAX) {
        free(l.v);
        return err != 0 ? err : SW_ERR_RANGE;
    }
    *out = l.v;
    *n_out = l.n;
    return 0;
}
