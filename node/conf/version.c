/* SPDX-License-Identifier: GPL-3.0-or-later
 * --version, and the build-ids of the libraries as the dynamic linker loaded them. */
#define _GNU_SOURCE
#include "node/conf/version.h"

#include "node/conf/stamp.h"

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The core calls these; scripts/core-symbols.txt says which of their functions. */
static const char *const libraries[] = {
    "libc.so.",      "libm.so.",       "libnettle.so.",   "libisal.so.", "libprotobuf-c.so.",
    "libsodium.so.", "libsqlite3.so.", "libzscanner.so.", "libzstd.so.",
};

const char *sw_version(void)
{
    return SW_VERSION;
}

const char *sw_core_digest(void)
{
    return SW_CORE_DIGEST;
}

static bool called_by_core(const char *name)
{
    for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++) {
        if (strncmp(name, libraries[i], strlen(libraries[i])) == 0) {
            return true;
        }
    }
    return false;
}

static size_t padded(size_t size, size_t align)
{
    return (size + align - 1) & ~(align - 1);
}

/* Print the build-id among the notes in [@at, @at + @len); false when there is none. */
static bool print_build_id(FILE *out, const unsigned char *at, size_t len, size_t align)
{
    while (len >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) note;
        memcpy(&note, at, sizeof note);
        const size_t name_at = sizeof note;
        const size_t id_at = name_at + padded(note.n_namesz, align);
        const size_t next = id_at + padded(note.n_descsz, align);
        if (next > len) {
            return false;
        }
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
            memcmp(at + name_at, "GNU", 4) == 0) {
            for (size_t i = 0; i < note.n_descsz; i++) {
                (void)fprintf(out, "%02x", at[id_at + i]);
            }
            return true;
        }
        at += next;
        len -= next;
    }
    return false;
}

static int print_library(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size;
    FILE *out = arg;
    const char *slash = strrchr(info->dlpi_name, '/');
    const char *name = slash != NULL ? slash + 1 : info->dlpi_name;
    if (!called_by_core(name)) {
        return 0;
    }
    (void)fprintf(out, "library %s ", name);
    bool found = false;
    for (size_t i = 0; i < info->dlpi_phnum && !found; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        if (p->p_type == PT_NOTE) {
            /* Where the linker mapped it: an address made from numbers. */
            const uintptr_t at = (uintptr_t)info->dlpi_addr + (uintptr_t)p->p_vaddr;
            found =
                print_build_id(out, (const unsigned char *)at, p->p_memsz, p->p_align == 8 ? 8 : 4);
        }
    }
    (void)fputs(found ? "\n" : "no build-id\n", out);
    return 0;
}

int sw_version_print(FILE *out, const char *program)
{
    (void)fprintf(out, "%s %s\ncore %s\ncompiler %s\nflags %s\n", program, SW_VERSION,
                  SW_CORE_DIGEST, SW_CORE_COMPILER, SW_CORE_FLAGS);
    (void)dl_iterate_phdr(print_library, out);
    return fflush(out) == 0 && ferror(out) == 0 ? 0 : -1;
}
