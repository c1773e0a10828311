/* SPDX-License-Identifier: GPL-3.0-or-later
 * Names. */
#include "node/base/name.h"

#include <string.h>

bool sw_name_valid_bytes(const uint8_t *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const bool letter = s[i] >= 'a' && s[i] <= 'z';
        const bool digit = s[i] >= '0' && s[i] <= '9';
        if (!letter && !digit && s[i] != '-') {
            return false;
        }
    }
    return len >= 1 && len <= SW_NAME_MAX;
}

bool sw_name_valid(const char *text)
{
    return sw_name_valid_bytes((const uint8_t *)text, strlen(text));
}

uint64_t sw_name_id(const struct sw_name *name)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (const char *c = name->s; *c != '\0'; c++) {
        h = (h ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
    }
    return h;
}
