/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ELF reader: every class and byte order, and no file, however broken, can crash it. */
#include <elf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "plugin-elf.h"
#include "scene.h"

static int file_of(const void *bytes, size_t len)
{
    int fd = memfd_create("elf", MFD_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(write(fd, bytes, len), ==, (gssize)len);
    return fd;
}

/* Reads the bytes as a file; -1: taken, else the error's code. */
static int code_of(const void *bytes, size_t len)
{
    struct plugin_elf elf = {0};
    g_autoptr(GError) error = NULL;
    int fd = file_of(bytes, len);
    bool ok = plugin_elf_read(fd, &elf, &error);
    g_assert_true(ok == (error == NULL));
    plugin_elf_clear(&elf);
    close(fd);
    return ok ? -1 : error->code;
}

static void reads_a_real_plugin(void)
{
    size_t len;
    struct plugin_elf elf = {0};
    g_autoptr(GError) error = NULL;
    g_autofree char *bytes = scene_bytes("good", &len), *own = plugin_elf_own_machine();
    int fd = file_of(bytes, len);
    g_assert_true(plugin_elf_read(fd, &elf, &error));
    g_assert_true(elf.native);
    g_assert_cmpstr(elf.machine, ==, own);
    g_assert_true(g_strv_contains((const char *const *)elf.needed, "libc.so.6"));
    g_assert_nonnull(memmem(elf.info, elf.info_len, "name=good", 10));
    plugin_elf_clear(&elf);
    g_assert_null(elf.needed);
    close(fd);
}

/* Every prefix of a plugin is refused, and what cuts off no more than the padding at the end is
 * refused as well. */
static void every_length(void)
{
    size_t len;
    g_autofree char *bytes = scene_bytes("good", &len);
    g_assert_cmpint(code_of(bytes, len), ==, -1);
    for (size_t n = 0; n < len; n += n < 4096 || len - n < 4096 ? 1 : 7)
        g_assert_cmpint(code_of(bytes, n), ==, n < SELFMAG ? PLUGIN_ELF_NOT : PLUGIN_ELF_TRUNCATED);
}

/* Each byte of the headers is set to nasty values; the verdict does not matter, coming back does.
 */
static void every_header_byte(void)
{
    static const unsigned char nasty[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    size_t len;
    g_autofree char *bytes = scene_bytes("good", &len);
    const Elf64_Ehdr *e = (const void *)bytes;
    if (e->e_ident[EI_CLASS] != ELFCLASS64) {
        g_test_skip("made for 64-bit files");
        return;
    }
    size_t first = sizeof *e + e->e_phnum * sizeof(Elf64_Phdr), tables = e->e_shoff;
    for (size_t at = 0; at < len; at = at + 1 == first ? tables : at + 1)
        for (unsigned i = 0; i < sizeof nasty; i++) {
            char saved = bytes[at];
            bytes[at] = (char)nasty[i];
            code_of(bytes, len);
            bytes[at] = saved;
        }
}

/* Several random bytes at once, the same ones in each run. */
static void random_damage(void)
{
    size_t len;
    g_autofree char *bytes = scene_bytes("good", &len);
    g_autoptr(GRand) rand = g_rand_new_with_seed(20261101);
    g_autofree char *copy = g_malloc(len);
    for (unsigned round = 0; round < 5000; round++) {
        memcpy(copy, bytes, len);
        for (unsigned i = 0; i < 8; i++) {
            bool tail = g_rand_boolean(rand);
            size_t at = tail ? len - 1 - (size_t)g_rand_int_range(rand, 0, 2500)
                             : (size_t)g_rand_int_range(rand, 0, 700);
            copy[at] = (char)g_rand_int_range(rand, 0, 256);
        }
        code_of(copy, len);
    }
}

/* ---- A file of a foreign machine, put together by hand ---- */

static void put(uint8_t *at, unsigned n, uint64_t value)
{
    for (unsigned i = 0; i < n; i++)
        at[n - 1 - i] = (uint8_t)(value >> 8 * i);
}

#define PUT(base, type, field, value)                                                              \
    put((uint8_t *)(base) + offsetof(type, field), sizeof(((type *)0)->field), value)

/* 32-bit big-endian: header, two section headers' worth of table at 64, names at 256, our section
 * at 300. */
static size_t foreign_file(uint8_t *bytes, size_t size)
{
    static const char info[] = "kind=backing-store\0name=far";
    static const char names[] = "\0.tgt.plugin\0.shstrtab";
    memset(bytes, 0, size);
    memcpy(bytes, "\177ELF\1\2\1", 7);
    PUT(bytes, Elf32_Ehdr, e_type, ET_DYN);
    PUT(bytes, Elf32_Ehdr, e_machine, EM_PPC);
    PUT(bytes, Elf32_Ehdr, e_shoff, 64);
    PUT(bytes, Elf32_Ehdr, e_shentsize, sizeof(Elf32_Shdr));
    PUT(bytes, Elf32_Ehdr, e_shnum, 2);
    PUT(bytes, Elf32_Ehdr, e_shstrndx, 1);
    PUT(bytes + 64, Elf32_Shdr, sh_name, 1);
    PUT(bytes + 64, Elf32_Shdr, sh_type, SHT_PROGBITS);
    PUT(bytes + 64, Elf32_Shdr, sh_offset, 300);
    PUT(bytes + 64, Elf32_Shdr, sh_size, sizeof info);
    PUT(bytes + 104, Elf32_Shdr, sh_name, 13);
    PUT(bytes + 104, Elf32_Shdr, sh_type, SHT_STRTAB);
    PUT(bytes + 104, Elf32_Shdr, sh_offset, 256);
    PUT(bytes + 104, Elf32_Shdr, sh_size, sizeof names);
    memcpy(bytes + 256, names, sizeof names);
    memcpy(bytes + 300, info, sizeof info);
    return 300 + sizeof info;
}

static void reads_other_machines(void)
{
    uint8_t bytes[400];
    struct plugin_elf elf = {0};
    int fd = file_of(bytes, foreign_file(bytes, sizeof bytes));
    g_assert_true(plugin_elf_read(fd, &elf, NULL));
    g_assert_false(elf.native);
    g_assert_cmpstr(elf.machine, ==, "powerpc (32-bit, big-endian)");
    g_assert_cmpstr(elf.info, ==, "kind=backing-store");
    g_assert_cmpstr(elf.info + 19, ==, "name=far");
    plugin_elf_clear(&elf);
    close(fd);
}

static void offsets_that_wrap(void)
{
    uint8_t bytes[400];
    size_t len = foreign_file(bytes, sizeof bytes);
    g_assert_cmpint(code_of(bytes, len), ==, -1);
    PUT(bytes + 64, Elf32_Shdr, sh_offset, 0xfffffff0);
    g_assert_cmpint(code_of(bytes, len), ==, PLUGIN_ELF_TRUNCATED);
    foreign_file(bytes, sizeof bytes);
    PUT(bytes + 104, Elf32_Shdr, sh_offset, 0xfffffff0);
    g_assert_cmpint(code_of(bytes, len), ==, PLUGIN_ELF_NO_INFO);
    foreign_file(bytes, sizeof bytes);
    PUT(bytes + 64, Elf32_Shdr, sh_name, 0xffffffff);
    g_assert_cmpint(code_of(bytes, len), ==, PLUGIN_ELF_NO_INFO);
    foreign_file(bytes, sizeof bytes);
    PUT(bytes, Elf32_Ehdr, e_shoff, 0xffffffff);
    g_assert_cmpint(code_of(bytes, len), ==, PLUGIN_ELF_TRUNCATED);
    foreign_file(bytes, sizeof bytes);
    PUT(bytes, Elf32_Ehdr, e_shnum, 0xffff);
    g_assert_cmpint(code_of(bytes, len), ==, PLUGIN_ELF_TRUNCATED);
}

static void wrong_kinds(void)
{
    uint8_t bytes[400];
    size_t len = foreign_file(bytes, sizeof bytes);
    bytes[EI_CLASS] = 9;
    g_assert_cmpint(code_of(bytes, len), ==, PLUGIN_ELF_NOT);
    foreign_file(bytes, sizeof bytes);
    bytes[EI_DATA] = 9;
    g_assert_cmpint(code_of(bytes, len), ==, PLUGIN_ELF_NOT);
    foreign_file(bytes, sizeof bytes);
    PUT(bytes, Elf32_Ehdr, e_type, ET_EXEC);
    g_assert_cmpint(code_of(bytes, len), ==, PLUGIN_ELF_NOT);
    foreign_file(bytes, sizeof bytes);
    PUT(bytes, Elf32_Ehdr, e_shentsize, 41);
    g_assert_cmpint(code_of(bytes, len), ==, PLUGIN_ELF_NOT);
    foreign_file(bytes, sizeof bytes);
    PUT(bytes, Elf32_Ehdr, e_shnum, 0);
    g_assert_cmpint(code_of(bytes, len), ==, PLUGIN_ELF_NO_INFO);
    foreign_file(bytes, sizeof bytes);
    PUT(bytes + 64, Elf32_Shdr, sh_size, 0);
    g_assert_cmpint(code_of(bytes, len), ==, PLUGIN_ELF_NO_INFO);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/abi/elf/reads_a_real_plugin", reads_a_real_plugin);
    g_test_add_func("/abi/elf/every_length", every_length);
    g_test_add_func("/abi/elf/every_header_byte", every_header_byte);
    g_test_add_func("/abi/elf/random_damage", random_damage);
    g_test_add_func("/abi/elf/reads_other_machines", reads_other_machines);
    g_test_add_func("/abi/elf/offsets_that_wrap", offsets_that_wrap);
    g_test_add_func("/abi/elf/wrong_kinds", wrong_kinds);
    return g_test_run();
}
