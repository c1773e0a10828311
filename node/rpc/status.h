/* SPDX-License-Identifier: GPL-3.0-or-later
 * What gRPC writes into HTTP/2 headers: statuses, percent-encoded reasons, time-outs.
 * Source: grpc/grpc doc/PROTOCOL-HTTP2.md and doc/http-grpc-status-mapping.md. */
#ifndef SW_RPC_STATUS_H
#define SW_RPC_STATUS_H

#include "node/rpc/grpc.h"

#define GRPC_REASON_MAX 512 /* bytes of a reason, decoded, with its NUL; the rest is cut off */
#define GRPC_REASON_ENCODED (3 * GRPC_REASON_MAX)
#define GRPC_TIMEOUT_MAX 16 /* bytes of a grpc-timeout, with its NUL */

/* "7" -> PERMISSION_DENIED; what is no status is UNKNOWN. */
enum grpc_status grpc_status_parse(const char *text);
/* What an HTTP status other than 200 means. */
enum grpc_status grpc_status_of_http(unsigned code);
/* What an HTTP/2 error code in RST_STREAM means to a client. */
enum grpc_status grpc_status_of_reset(uint32_t code);

/* Write @text as a grpc-message value: printable ASCII but %, the rest as %XX. */
void grpc_reason_encode(const char *text, char out[GRPC_REASON_ENCODED]);
/* The other way; what is no valid escape stays as it is. */
void grpc_reason_decode(const char *value, char out[GRPC_REASON_MAX]);

/* "250m" -> 250 ms; saturates at SW_TIME_NEVER.  Errors: SW_ERR_MALFORMED. */
int grpc_timeout_parse(const char *text, sw_dur *out);
/* The shortest unit in which @timeout fits eight digits, rounded up. */
void grpc_timeout_format(sw_dur timeout, char out[GRPC_TIMEOUT_MAX]);

#endif
