/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads what a plugin says of itself out of its ELF file, without running or mapping it. */
#ifndef CORE_PLUGIN_ELF_H
#define CORE_PLUGIN_ELF_H

#include <glib.h>
#include <stdbool.h>

/* The section that TGT_PLUGIN_DEFINE makes. */
#define PLUGIN_ELF_SECTION ".tgt.plugin"
/* Larger sections, longer strings and more libraries than these are not believed. */
#define PLUGIN_ELF_INFO_MAX   65536u
#define PLUGIN_ELF_NEEDED_MAX 256u

/* Zero it first. */
struct plugin_elf {
    char
        *info; /* the section's bytes, key=value strings with NUL between them; a NUL is appended */
    size_t info_len; /* bytes of it, without the appended NUL */
    bool native;     /* machine, word size and byte order are those of this process */
    char *machine;   /* "aarch64 (64-bit, little-endian)" */
    char **needed;   /* NULL-terminated sonames (DT_NEEDED) */
    char *runpath;   /* DT_RUNPATH or DT_RPATH, or NULL */
};

/* Why a file is not taken. */
enum plugin_elf_error {
    PLUGIN_ELF_IO,        /* reading failed */
    PLUGIN_ELF_NOT,       /* no ELF, or no shared object */
    PLUGIN_ELF_TRUNCATED, /* ends before what its headers announce */
    PLUGIN_ELF_NO_INFO,   /* no usable section */
};
#define PLUGIN_ELF_ERROR (plugin_elf_error_quark())
GQuark plugin_elf_error_quark(void);

/* Reads with pread() and believes nothing: every offset is checked against the size of the file.
 * All machines, word sizes and byte orders are understood. The message says what was found and what
 * is needed, without the file's name. */
bool plugin_elf_read(int fd, struct plugin_elf *elf, GError **error);
void plugin_elf_clear(struct plugin_elf *elf);
/* The machine of this process, as in `machine`. */
char *plugin_elf_own_machine(void);

#endif
