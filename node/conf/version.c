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

/* The build-id among the notes in [@at, @at + @len), in hexadecimal; false when there is none. */
static bool find_in_notes(char out[SW_BUILD_ID], const unsigned char *at, size_t len, size_t align)
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
            for (size_t i = 0; i < note.n_descsz && 2 * i + 3 <= SW_BUILD_ID; i++) {
                (void)snprintf(out + 2 * i, 3, "%02x", at[id_at + i]);
            }
            return true;
        }
        at += next;
        len -= next;
    }
    return false;
}

static bool find_build_id(const struct dl_phdr_info *info, char out[SW_BUILD_ID])
{
    bool found = false;
    out[0] = '\0';
    for (size_t i = 0; i < info->dlpi_phnum && !found; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        if (p->p_type == PT_NOTE) {
            /* Where the linker mapped it: an address made from numbers. */
            const uintptr_t at = (uintptr_t)info->dlpi_addr + (uintptr_t)p->p_vaddr;
            found =
                find_in_notes(out, (const unsigned char *)at, p->p_memsz, p->p_align == 8 ? 8 : 4);
        }
    }
    return found;
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
    char id[SW_BUILD_ID];
    (void)fprintf(out, "library %s %s\n", name, find_build_id(info, id) ? id : "no build-id");
    return 0;
}

/* The program itself comes first. */
static int take_first(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size;
    (void)find_build_id(info, arg);
    return 1;
}

void sw_program_id(char out[SW_BUILD_ID])
{
    out[0] = '\0';
    (void)dl_iterate_phdr(take_first, out);
}

int sw_version_print(FILE *out, const char *program)
{
    (void)fprintf(out, "%s %s\ncore %s\ncompiler %s\nflags %s\n", program, SW_VERSION,
                  SW_CORE_DIGEST, SW_CORE_COMPILER, SW_CORE_FLAGS);
    (void)dl_iterate_phdr(print_library, out);
    return fflush(out) == 0 && ferror(out) == 0 ? 0 : -1;
}
