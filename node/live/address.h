/* SPDX-License-Identifier: GPL-3.0-or-later
 * Socket addresses: from text, to text, and as the core sees them. */
#ifndef SW_LIVE_ADDRESS_H
#define SW_LIVE_ADDRESS_H

#include "node/base/err.h"
#include "node/core/event.h"

#include <netinet/in.h>
#include <sys/socket.h>

union live_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

#define LIVE_ADDRESS_MAX 64 /* "[....]:65535", with its NUL */

/* "192.0.2.1:53", "[2001:db8::1]:53".  Errors: SW_ERR_MALFORMED: no numeric address and port. */
int live_address_parse(const char *text, union live_address *out);
void live_address_format(const union live_address *a, char out[LIVE_ADDRESS_MAX]);
socklen_t live_address_len(const union live_address *a);

/* Split "host:port" for a resolver.  Errors: SW_ERR_MALFORMED, SW_ERR_RANGE: too long for the
 * buffers. */
int live_address_split(const char *text, char *host, size_t host_cap, char *port, size_t port_cap);

/* Between a socket address and the core's client. */
void live_address_to_client(const union live_address *a, struct sw_client *client);
void live_address_of_client(const struct sw_client *client, int family, union live_address *out);

/* The addresses to bind for @texts.  A wildcard becomes each address of the machine's interfaces,
 * so that an answer leaves from where its question came to.  The caller frees @out.
 * Errors: SW_ERR_MALFORMED, SW_ERR_NOMEM, SW_ERR_IO; @d names the address. */
int live_address_expand(char *const *texts, size_t n, union live_address **out, size_t *n_out,
                        struct sw_diag *d);

#endif
