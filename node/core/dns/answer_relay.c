/* SPDX-License-Identifier: GPL-3.0-or-later
 * What is done with an answer that somebody else made: check that it belongs to the query, cut
 * it down to what the client can take. */
#include <string.h>

#include "node/core/dns/answer.h"
#include "node/core/dns/bytes.h"

#define OPT_FIXED 11U /* root, type, size, flags, length */

bool sw_answer_matches(struct sw_bytes query, struct sw_bytes answer)
{
    if (query.len < SW_DNS_HEADER || !sw_message_check(answer, NULL)) {
        return false;
    }
    const size_t name = sw_dname_check(query.data + SW_DNS_HEADER, query.len - SW_DNS_HEADER);
    const size_t end = SW_DNS_HEADER + name + 4;
    return name != 0 && end <= query.len && end <= answer.len &&
           memcmp(query.data, answer.data, 2) == 0 && (answer.data[2] & SW_DNS_QR) != 0 &&
           ((query.data[2] ^ answer.data[2]) & SW_DNS_OPCODE) == 0 &&
           sw_be16(answer.data + 4) == 1 &&
           memcmp(query.data + SW_DNS_HEADER, answer.data + SW_DNS_HEADER, end - SW_DNS_HEADER) ==
               0;
}

size_t sw_answer_truncate(uint8_t *answer, size_t len)
{
    size_t opt = 0;
    const bool whole = sw_message_check((struct sw_bytes){ answer, len }, &opt);
    const size_t name = sw_dname_check(answer + SW_DNS_HEADER, len - SW_DNS_HEADER);
    const bool question = whole && sw_be16(answer + 4) == 1 && name != 0;
    size_t end = SW_DNS_HEADER + (question ? name + 4 : 0);
    answer[2] |= SW_DNS_TC;
    sw_put_be16(answer + 4, question);
    sw_put_be16(answer + 6, 0);
    sw_put_be16(answer + 8, 0);
    sw_put_be16(answer + 10, 0);
    if (question && opt != 0 && answer[opt] == 0) {
        memmove(answer + end, answer + opt, OPT_FIXED);
        sw_put_be16(answer + end + OPT_FIXED - 2, 0);
        sw_put_be16(answer + 10, 1);
        end += OPT_FIXED;
    }
    return end;
}
