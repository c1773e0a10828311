/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where to cut a file into chunks: by content (FastCDC with normalised chunking, Xia 2016), at
 * fixed steps for page files, not at all for small ones. */
#ifndef SW_CORE_BACKUP_CHUNK_H
#define SW_CORE_BACKUP_CHUNK_H

#include "node/base/types.h"

#define SW_CHUNK_MIN (16 * SW_KIB)
#define SW_CHUNK_AVG (64 * SW_KIB)
#define SW_CHUNK_MAX (256 * SW_KIB)
#define SW_CHUNK_WHOLE (64 * SW_KIB) /* a file up to here is one chunk */
#define SW_CHUNK_PAGES (16 * SW_KIB) /* step for page files (SQLite) */

/* The gear table: secret, so that chunk lengths do not show what was cut.  That is a hurdle, no
 * proof of secrecy; sealed packs of one size are the real defence (FORMAT.md). */
struct sw_chunker {
    uint64_t gear[256];
};

/* The table that belongs to @key. */
void sw_chunker_init(struct sw_chunker *c, const uint8_t key[32]);
void sw_chunker_wipe(struct sw_chunker *c);

enum sw_chunk_mode { SW_CHUNK_AS_ONE, SW_CHUNK_BY_PAGES, SW_CHUNK_BY_CONTENT };

/* How to cut a file of @size bytes that begins with @head (its first 16 bytes, or all). */
enum sw_chunk_mode sw_chunk_mode(uint64_t size, struct sw_bytes head);

/* The length of the next chunk of a file from @mode's view: @data holds what follows the last
 * cut, at least SW_CHUNK_MAX bytes of it or all that is left.  0 only when @data is empty. */
size_t sw_chunk_cut(const struct sw_chunker *c, enum sw_chunk_mode mode, struct sw_bytes data);

#endif
