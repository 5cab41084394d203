/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads what a plugin says of itself out of its ELF file, without running or mapping it. */
#include "plugin-elf.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX 4096u /* longest soname or path that is read */
#define DYN_MAX  4096u /* entries of the dynamic section that are looked at */

/* The ELF header of this very program, put there by the linker. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* The file that is read, and how to read its numbers. */
struct image {
    int fd;
    uint64_t size;
    bool wide; /* 64-bit */
    bool big;  /* big-endian */
    uint8_t ehdr[sizeof(Elf64_Ehdr)];
    uint8_t *phdrs, *shdrs;
    unsigned phnum, shnum;
};

G_DEFINE_QUARK(plugin_elf_error_quark, plugin_elf_error)

static uint64_t number(const struct image *img, const uint8_t *p, unsigned n)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < n; i++)
        v = v << 8 | p[img->big ? i : n - 1 - i];
    return v;
}

#define IN_(img, bits, p, type, field)                                                             \
    number(img, (const uint8_t *)(p) + offsetof(Elf##bits##_##type, field),                        \
           sizeof(((Elf##bits##_##type *)0)->field))
/* A field of an ELF struct in the word size and byte order of the file. */
#define FIELD(img, p, type, field)                                                                 \
    ((img)->wide ? IN_(img, 64, p, type, field) : IN_(img, 32, p, type, field))
#define SIZE(img, type) ((img)->wide ? sizeof(Elf64_##type) : sizeof(Elf32_##type))

static bool inside(const struct image *img, uint64_t offset, uint64_t len)
{
    return offset <= img->size && len <= img->size - offset;
}

/* Caller has checked that the range is inside; false if the file shrank or the disk failed. */
static bool fetch(const struct image *img, uint64_t offset, void *buf, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = pread(img->fd, (char *)buf + done, len - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

static bool unreadable(GError **error)
{
    g_set_error(error, PLUGIN_ELF_ERROR, PLUGIN_ELF_IO, "cannot be read (%s)",
                g_strerror(errno ? errno : EIO));
    return false;
}

static bool truncated(const struct image *img, uint64_t need, GError **error)
{
    g_set_error(error, PLUGIN_ELF_ERROR, PLUGIN_ELF_TRUNCATED,
                "is truncated: it has %" G_GUINT64_FORMAT
                " bytes, its headers need %" G_GUINT64_FORMAT,
                img->size, need);
    return false;
}

static bool not_elf(GError **error, const char *found)
{
    g_set_error(error, PLUGIN_ELF_ERROR, PLUGIN_ELF_NOT,
                "is not a plugin: it is %s, a shared object is needed", found);
    return false;
}

static bool read_ehdr(struct image *img, GError **error)
{
    if (img->size < SELFMAG)
        return not_elf(error, img->size ? "no ELF file" : "empty");
    if (!fetch(img, 0, img->ehdr, MIN(img->size, sizeof img->ehdr)))
        return unreadable(error);
    if (memcmp(img->ehdr, ELFMAG, SELFMAG) != 0)
        return not_elf(error, "no ELF file");
    uint8_t class = img->ehdr[EI_CLASS], data = img->ehdr[EI_DATA];
    img->wide = class == ELFCLASS64;
    img->big = data == ELFDATA2MSB;
    if (img->size < EI_NIDENT)
        return truncated(img, sizeof(Elf32_Ehdr), error);
    if ((class != ELFCLASS64 && class != ELFCLASS32) ||
        (data != ELFDATA2MSB && data != ELFDATA2LSB))
        return not_elf(error, "an ELF file of an unknown class or byte order");
    if (img->size < SIZE(img, Ehdr))
        return truncated(img, SIZE(img, Ehdr), error);
    if (FIELD(img, img->ehdr, Ehdr, e_type) != ET_DYN)
        return not_elf(error, "an ELF file, but no shared object");
    return true;
}

/* A header table as a whole; at most 65535 entries of 64 bytes. */
static bool read_table(struct image *img, uint64_t offset, unsigned count, size_t entry,
                       size_t want, uint8_t **table, GError **error)
{
    uint64_t len = (uint64_t)count * want;
    if (count == 0)
        return true;
    if (entry != want)
        return not_elf(error, "an ELF file with headers of a strange size");
    if (!inside(img, offset, len))
        return truncated(img, offset > UINT64_MAX - len ? UINT64_MAX : offset + len, error);
    *table = g_malloc(len);
    return fetch(img, offset, *table, len) || unreadable(error);
}

static bool read_tables(struct image *img, GError **error)
{
    const uint8_t *e = img->ehdr;
    img->phnum = (unsigned)FIELD(img, e, Ehdr, e_phnum);
    img->shnum = (unsigned)FIELD(img, e, Ehdr, e_shnum);
    return read_table(img, FIELD(img, e, Ehdr, e_phoff), img->phnum,
                      FIELD(img, e, Ehdr, e_phentsize), SIZE(img, Phdr), &img->phdrs, error) &&
           read_table(img, FIELD(img, e, Ehdr, e_shoff), img->shnum,
                      FIELD(img, e, Ehdr, e_shentsize), SIZE(img, Shdr), &img->shdrs, error);
}

static const uint8_t *phdr(const struct image *img, unsigned i)
{
    return img->phdrs + i * SIZE(img, Phdr);
}

static const uint8_t *shdr(const struct image *img, unsigned i)
{
    return img->shdrs + i * SIZE(img, Shdr);
}

/* A segment that ends behind the file would be mapped all the same, and raise SIGBUS when it is
 * touched. */
static bool check_segments(const struct image *img, GError **error)
{
    for (unsigned i = 0; i < img->phnum; i++) {
        const uint8_t *p = phdr(img, i);
        uint64_t offset = FIELD(img, p, Phdr, p_offset), len = FIELD(img, p, Phdr, p_filesz);
        if (FIELD(img, p, Phdr, p_type) == PT_LOAD && !inside(img, offset, len))
            return truncated(img, offset > UINT64_MAX - len ? UINT64_MAX : offset + len, error);
    }
    return true;
}

static bool section_is(const struct image *img, const uint8_t *section, const uint8_t *names)
{
    char name[sizeof PLUGIN_ELF_SECTION];
    uint64_t start = FIELD(img, names, Shdr, sh_offset), len = FIELD(img, names, Shdr, sh_size);
    uint64_t at = FIELD(img, section, Shdr, sh_name);
    if (!inside(img, start, len) || at > len || len - at < sizeof name)
        return false;
    return fetch(img, start + at, name, sizeof name) &&
           memcmp(name, PLUGIN_ELF_SECTION, sizeof name) == 0;
}

static const uint8_t *find_section(const struct image *img)
{
    unsigned names = (unsigned)FIELD(img, img->ehdr, Ehdr, e_shstrndx);
    for (unsigned i = 0; names < img->shnum && i < img->shnum; i++)
        if (FIELD(img, shdr(img, i), Shdr, sh_type) == SHT_PROGBITS &&
            section_is(img, shdr(img, i), shdr(img, names)))
            return shdr(img, i);
    return NULL;
}

static bool read_info(const struct image *img, struct plugin_elf *elf, GError **error)
{
    const uint8_t *s = find_section(img);
    uint64_t offset = s ? FIELD(img, s, Shdr, sh_offset) : 0,
             len = s ? FIELD(img, s, Shdr, sh_size) : 0;
    if (!s || len == 0 || len > PLUGIN_ELF_INFO_MAX) {
        g_set_error(error, PLUGIN_ELF_ERROR, PLUGIN_ELF_NO_INFO,
                    "is not a plugin: it is a shared object %s, the one that TGT_PLUGIN_DEFINE "
                    "makes is needed",
                    s ? "with an unusable section " PLUGIN_ELF_SECTION
                      : "without the section " PLUGIN_ELF_SECTION);
        return false;
    }
    if (!inside(img, offset, len))
        return truncated(img, offset > UINT64_MAX - len ? UINT64_MAX : offset + len, error);
    elf->info = g_malloc0(len + 1);
    elf->info_len = len;
    return fetch(img, offset, elf->info, len) || unreadable(error);
}

/* Where a virtual address lies in the file. */
static bool file_offset(const struct image *img, uint64_t address, uint64_t *offset)
{
    for (unsigned i = 0; i < img->phnum; i++) {
        const uint8_t *p = phdr(img, i);
        uint64_t start = FIELD(img, p, Phdr, p_vaddr), len = FIELD(img, p, Phdr, p_filesz);
        if (FIELD(img, p, Phdr, p_type) != PT_LOAD || address < start || address - start >= len)
            continue;
        *offset = FIELD(img, p, Phdr, p_offset) + (address - start);
        return true;
    }
    return false;
}

/* A string of the dynamic string table, or NULL. */
static char *dyn_string(const struct image *img, uint64_t table, uint64_t table_len, uint64_t at)
{
    char text[TEXT_MAX];
    if (at >= table_len || !inside(img, table, table_len))
        return NULL;
    size_t len = MIN(table_len - at, sizeof text);
    if (!fetch(img, table + at, text, len) || !memchr(text, 0, len))
        return NULL;
    return g_strdup(text);
}

/* The dynamic section: what it needs and where it looks. What is wrong in it is dlopen()'s to
 * complain about. */
struct dynamic {
    uint8_t *entries;
    unsigned count;
    uint64_t strings, strings_len; /* offset in the file */
};

static bool read_dynamic(const struct image *img, struct dynamic *dyn)
{
    for (unsigned i = 0; i < img->phnum; i++) {
        const uint8_t *p = phdr(img, i);
        uint64_t offset = FIELD(img, p, Phdr, p_offset), len = FIELD(img, p, Phdr, p_filesz);
        if (FIELD(img, p, Phdr, p_type) != PT_DYNAMIC || !inside(img, offset, len))
            continue;
        dyn->count = (unsigned)MIN(len / SIZE(img, Dyn), DYN_MAX);
        dyn->entries = g_malloc(dyn->count * SIZE(img, Dyn) + 1);
        return fetch(img, offset, dyn->entries, dyn->count * SIZE(img, Dyn));
    }
    return false;
}

static const uint8_t *dyn_entry(const struct image *img, const struct dynamic *dyn, unsigned i)
{
    return dyn->entries + i * SIZE(img, Dyn);
}

static bool find_strings(const struct image *img, struct dynamic *dyn)
{
    bool found = false;
    for (unsigned i = 0; i < dyn->count; i++) {
        const uint8_t *d = dyn_entry(img, dyn, i);
        uint64_t tag = FIELD(img, d, Dyn, d_tag), value = FIELD(img, d, Dyn, d_un.d_val);
        if (tag == DT_STRTAB)
            found = file_offset(img, value, &dyn->strings);
        else if (tag == DT_STRSZ)
            dyn->strings_len = value;
    }
    return found;
}

static void read_needed(const struct image *img, struct plugin_elf *elf)
{
    g_autoptr(GPtrArray) needed = g_ptr_array_new();
    struct dynamic dyn = {0};
    bool usable = read_dynamic(img, &dyn) && find_strings(img, &dyn);
    for (unsigned i = 0; usable && i < dyn.count && needed->len < PLUGIN_ELF_NEEDED_MAX; i++) {
        const uint8_t *d = dyn_entry(img, &dyn, i);
        uint64_t tag = FIELD(img, d, Dyn, d_tag);
        if (tag != DT_NEEDED && tag != DT_RUNPATH && tag != DT_RPATH)
            continue;
        char *text = dyn_string(img, dyn.strings, dyn.strings_len, FIELD(img, d, Dyn, d_un.d_val));
        if (text && tag == DT_NEEDED) {
            g_ptr_array_add(needed, text);
        } else if (text) {
            g_free(elf->runpath);
            elf->runpath = text;
        }
    }
    g_free(dyn.entries);
    g_ptr_array_add(needed, NULL);
    elf->needed = (char **)g_ptr_array_free(g_steal_pointer(&needed), FALSE);
}

static char *machine_text(unsigned machine, bool wide, bool big)
{
    static const struct {
        unsigned code;
        const char *name;
    } names[] = {
        {EM_386, "x86"},         {EM_X86_64, "x86-64"},   {EM_ARM, "arm"},
        {EM_AARCH64, "aarch64"}, {EM_PPC, "powerpc"},     {EM_PPC64, "ppc64"},
        {EM_S390, "s390"},       {EM_RISCV, "riscv"},     {EM_LOONGARCH, "loongarch"},
        {EM_MIPS, "mips"},       {EM_SPARCV9, "sparc64"},
    };
    const char *tail = wide ? (big ? "64-bit, big-endian" : "64-bit, little-endian")
                            : (big ? "32-bit, big-endian" : "32-bit, little-endian");
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
        if (names[i].code == machine)
            return g_strdup_printf("%s (%s)", names[i].name, tail);
    return g_strdup_printf("machine %u (%s)", machine, tail);
}

char *plugin_elf_own_machine(void)
{
    const uint8_t *ident = __ehdr_start.e_ident;
    return machine_text(__ehdr_start.e_machine, ident[EI_CLASS] == ELFCLASS64,
                        ident[EI_DATA] == ELFDATA2MSB);
}

static void judge_machine(const struct image *img, struct plugin_elf *elf)
{
    unsigned machine = (unsigned)FIELD(img, img->ehdr, Ehdr, e_machine);
    const uint8_t *own = __ehdr_start.e_ident;
    elf->native = machine == __ehdr_start.e_machine && img->ehdr[EI_CLASS] == own[EI_CLASS] &&
                  img->ehdr[EI_DATA] == own[EI_DATA];
    elf->machine = machine_text(machine, img->wide, img->big);
}

static bool read_image(struct image *img, struct plugin_elf *elf, GError **error)
{
    if (!read_ehdr(img, error) || !read_tables(img, error) || !check_segments(img, error))
        return false;
    judge_machine(img, elf);
    read_needed(img, elf);
    return read_info(img, elf, error);
}

bool plugin_elf_read(int fd, struct plugin_elf *elf, GError **error)
{
    struct image img = {.fd = fd};
    struct stat st;
    errno = 0;
    if (fstat(fd, &st) < 0)
        return unreadable(error);
    img.size = st.st_size > 0 ? (uint64_t)st.st_size : 0;
    bool ok = read_image(&img, elf, error);
    g_free(img.phdrs);
    g_free(img.shdrs);
    return ok;
}

void plugin_elf_clear(struct plugin_elf *elf)
{
    g_free(elf->info);
    g_free(elf->machine);
    g_free(elf->runpath);
    g_strfreev(elf->needed);
    memset(elf, 0, sizeof *elf);
}
