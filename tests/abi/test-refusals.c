/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plugins whose files, places or drop-in files show that they cannot be used: each way has a
 * sentence of its own, and none of their code runs. */
#include <elf.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "scene.h"

#define ABI_NOW TGT_STR(TGT_ABI_MAJOR) "." TGT_STR(TGT_ABI_MINOR)

/* A plugin that is found to be unusable by reading it: the same sentence in the list and on use. */
static void seen(struct scene *s, const char *path, const char *provides, enum plugin_state state,
                 const char *reason)
{
    scene_open(s);
    scene_expect(s, path, state, reason);
    scene_refused(s, path, provides, state, reason);
    g_autofree char *marks = scene_marks(s);
    g_assert_cmpstr(marks, ==, "");
}

static void not_found(struct scene *s)
{
    g_autoptr(GError) error = NULL;
    scene_put(s, 0, "good");
    scene_open(s);
    g_assert_null(plugin_use(s->plugins, "bs:quux", &error));
    g_assert_error(error, CORE_ERROR, CORE_ERROR_NOT_FOUND);
    g_assert_cmpstr(error->message, ==,
                    "there is no backing store 'quux', a plugin that provides bs:quux is needed: "
                    "install it, or look at 'tgtctl plugin list'");
}

static void did_you_mean(struct scene *s)
{
    g_autoptr(GError) error = NULL;
    scene_put(s, 0, "good");
    scene_open(s);
    g_assert_null(plugin_use(s->plugins, "bs:goood", &error));
    g_assert_error(error, CORE_ERROR, CORE_ERROR_NOT_FOUND);
    g_assert_cmpstr(error->message, ==, "there is no backing store 'goood', did you mean 'good'?");
}

static void not_elf(struct scene *s)
{
    const char *path = scene_write(s, 0, "text.so", "#!/bin/sh\necho hello\n", 21);
    seen(s, path, "bs:text", PLUGIN_INVALID,
         " is not a plugin: it is no ELF file, a shared object is needed: remove it from the "
         "plugin directory");
}

static void empty(struct scene *s)
{
    const char *path = scene_write(s, 0, "void.so", "", 0);
    seen(s, path, "bs:void", PLUGIN_INVALID,
         " is not a plugin: it is empty, a shared object is needed: remove it from the plugin "
         "directory");
}

static void directory(struct scene *s)
{
    g_autofree char *path = g_build_filename(s->dir[0], "dir.so", NULL);
    g_assert_cmpint(mkdir(path, 0755), ==, 0);
    seen(s, path, "bs:dir", PLUGIN_INVALID,
         " is not a plugin: it is no regular file, a shared object is needed: check it or remove "
         "it");
}

static void fifo(struct scene *s)
{
    g_autofree char *path = g_build_filename(s->dir[0], "pipe.so", NULL);
    g_assert_cmpint(mkfifo(path, 0644), ==, 0);
    seen(s, path, "bs:pipe", PLUGIN_INVALID,
         " is not a plugin: it is no regular file, a shared object is needed: check it or remove "
         "it");
}

static void dangling_link(struct scene *s)
{
    g_autofree char *path = g_build_filename(s->dir[0], "link.so", NULL);
    g_assert_cmpint(symlink("nowhere", path), ==, 0);
    scene_open(s);
    scene_expect(s, path, PLUGIN_INVALID,
                 " cannot be opened (No such file or directory), a file that tgtd can read is "
                 "needed: check it or remove it");
}

static void truncated(struct scene *s)
{
    size_t len;
    g_autofree char *bytes = scene_bytes("good", &len);
    const Elf64_Ehdr *e = (const void *)bytes;
    g_autofree char *sentence =
        g_strdup_printf(" is truncated: it has 1000 bytes, its headers need %zu: install it again",
                        (size_t)e->e_shoff + e->e_shnum * e->e_shentsize);
    if (e->e_ident[EI_CLASS] != ELFCLASS64) {
        g_test_skip("the sentence is known for 64-bit files only");
        return;
    }
    seen(s, scene_write(s, 0, "good.so", bytes, 1000), "bs:good", PLUGIN_INVALID, sentence);
}

static void no_section(struct scene *s)
{
    seen(s, scene_put(s, 0, "plain"), "bs:plain", PLUGIN_INVALID,
         " is not a plugin: it is a shared object without the section .tgt.plugin, the one that "
         "TGT_PLUGIN_DEFINE makes is needed: remove it from the "
         "plugin directory or build it again");
}

static void bad_name(struct scene *s)
{
    seen(s, scene_put_changed(s, "name=good", "name=g/od"), "bs:good", PLUGIN_INVALID,
         " is not a valid plugin: its section .tgt.plugin has no usable 'name', one as "
         "TGT_PLUGIN_DEFINE writes it is needed: build it again");
}

static void bad_provides(struct scene *s)
{
    const char *path = scene_put_changed(s, "provides=bs:good", "provides=xx:good");
    scene_open(s);
    scene_expect(s, path, PLUGIN_INVALID,
                 " is not a valid plugin: its section .tgt.plugin has no usable 'provides', one as "
                 "TGT_PLUGIN_DEFINE writes it is needed: build it again");
}

static void other_machine(struct scene *s)
{
    size_t len;
    g_autofree char *bytes = scene_bytes("good", &len);
    Elf64_Ehdr *e = (void *)bytes;
    unsigned other = e->e_machine == EM_AARCH64 ? EM_RISCV : EM_AARCH64;
    if (e->e_ident[EI_CLASS] != ELFCLASS64 || e->e_ident[EI_DATA] != ELFDATA2LSB ||
        e->e_machine != EM_X86_64) {
        g_test_skip("the sentence is known for x86-64 only");
        return;
    }
    e->e_machine = (Elf64_Half)other;
    seen(s, scene_write(s, 0, "good.so", bytes, len), "bs:good", PLUGIN_FOREIGN,
         " is built for aarch64 (64-bit, little-endian), this tgtd runs on x86-64 (64-bit, "
         "little-endian): install the package of this architecture");
    g_assert_cmpstr(plugins_find(s->plugins, TGT_PLUGIN_BACKING_STORE, "good")->version, ==, "1.5");
}

static void too_old(struct scene *s)
{
    seen(s, scene_put(s, 0, "too-old"), "bs:too-old", PLUGIN_FOREIGN,
         " is built for plugin ABI 0.9, this tgtd has " ABI_NOW
         ": it is too old, install a build of it "
         "for ABI 1");
}

static void too_new_major(struct scene *s)
{
    seen(s, scene_put(s, 0, "too-new"), "bs:too-new", PLUGIN_FOREIGN,
         " needs plugin ABI 2.0, this tgtd has " ABI_NOW
         ": it is too new, upgrade tgtd or install an "
         "older build of it");
}

static void too_new_minor(struct scene *s)
{
    seen(s, scene_put(s, 0, "too-new-minor"), "bs:too-new-minor", PLUGIN_FOREIGN,
         " needs plugin ABI 1.99, this tgtd has " ABI_NOW
         ": it is too new, upgrade tgtd or install an "
         "older build of it");
}

/* No system has this libc. */
static void missing_library(struct scene *s)
{
    seen(s, scene_put_changed(s, "libc.so.6", "libc.so.9"), "bs:good", PLUGIN_MISSING,
         " needs the library libc.so.9, which is not there: install the package that has it");
}

static void disabled(struct scene *s)
{
    const char *path = scene_put(s, 0, "good");
    scene_conf(s, 1, "good", "[plugin]\nload=no\n");
    g_autofree char *sentence =
        g_strdup_printf(" is disabled, %s/good.conf says load=no and load=auto is needed: change "
                        "that or run 'tgtctl plugin load good'",
                        s->conf[1]);
    seen(s, path, "bs:good", PLUGIN_DISABLED, sentence);
}

static void masked(struct scene *s)
{
    const char *path = scene_put(s, 0, "good");
    g_autofree char *mask = g_strdup_printf("%s/good.conf", s->conf[1]);
    g_autofree char *sentence =
        g_strdup_printf(" is masked, %s is a link to /dev/null: remove the link to use it", mask);
    scene_conf(s, 0, "good", "[plugin]\nload=yes\n");
    g_assert_cmpint(symlink("/dev/null", mask), ==, 0);
    seen(s, path, "bs:good", PLUGIN_DISABLED, sentence);
    g_assert_false(scene_load(s, scene_plugin(s, path), NULL));
}

static void hidden(struct scene *s)
{
    const char *first = scene_put(s, 0, "good"), *second = scene_put(s, 1, "good");
    g_autofree char *sentence = g_strdup_printf(
        " is hidden by %s, which has the same kind and name and comes first: remove one of them",
        first);
    scene_open(s);
    scene_expect(s, second, PLUGIN_DISABLED, sentence);
    g_assert_false(scene_load(s, scene_plugin(s, second), NULL));
    struct plugin *used = plugin_use(s->plugins, "bs:good", NULL);
    g_assert_nonnull(used);
    g_assert_cmpstr(used->file, ==, first);
    plugin_unuse(used);
}

static void writable_directory(struct scene *s)
{
    const char *path = scene_put(s, 0, "good");
    g_autofree char *sentence =
        g_strdup_printf(" is not trusted: others can write the directory %s (mode 0777), it must "
                        "be writable by its owner only: chmod go-w %s",
                        s->dir[0], s->dir[0]);
    g_assert_cmpint(chmod(s->dir[0], 0777), ==, 0);
    seen(s, path, "bs:good", PLUGIN_UNTRUSTED, sentence);
}

static void sticky_directory(struct scene *s)
{
    const char *path = scene_put(s, 0, "good");
    g_autofree char *sentence =
        g_strdup_printf(" is not trusted: others can write the directory %s (mode 1777), it must "
                        "be writable by its owner only: chmod go-w %s",
                        s->dir[0], s->dir[0]);
    g_assert_cmpint(chmod(s->dir[0], 01777), ==, 0);
    seen(s, path, "bs:good", PLUGIN_UNTRUSTED, sentence);
}

static void writable_file(struct scene *s)
{
    const char *path = scene_put(s, 0, "good");
    g_autofree char *sentence =
        g_strdup_printf(" is not trusted: others can write the file %s (mode 0666), it must be "
                        "writable by its owner only: chmod go-w %s",
                        path, path);
    g_assert_cmpint(chmod(path, 0666), ==, 0);
    seen(s, path, "bs:good", PLUGIN_UNTRUSTED, sentence);
}

static void foreign_owner(struct scene *s)
{
    const char *path = scene_put(s, 0, "good");
    g_autofree char *sentence =
        g_strdup_printf(" is not trusted: the file %s belongs to uid 65534, root or the user of "
                        "tgtd is needed: chown root %s",
                        path, path);
    if (geteuid() != 0 || chown(path, 65534, 65534) != 0) {
        g_test_skip("only root can give a file away");
        return;
    }
    seen(s, path, "bs:good", PLUGIN_UNTRUSTED, sentence);
}

/* The daemon's directory is a link into a directory that others can write: it is the real place
 * that counts. */
static void link_to_untrusted(struct scene *s)
{
    const char *real = scene_put(s, 1, "good");
    g_autofree char *path = g_build_filename(s->dir[0], "good.so", NULL);
    g_autofree char *sentence =
        g_strdup_printf(" is not trusted: others can write the directory %s (mode 0777), it must "
                        "be writable by its owner only: chmod go-w %s",
                        s->dir[1], s->dir[1]);
    g_assert_cmpint(symlink(real, path), ==, 0);
    g_assert_cmpint(chmod(s->dir[1], 0777), ==, 0);
    seen(s, path, "bs:good", PLUGIN_UNTRUSTED, sentence);
}

int main(int argc, char **argv)
{
    static const struct scene_test tests[] = {
        {"not_found", not_found},
        {"did_you_mean", did_you_mean},
        {"not_elf", not_elf},
        {"empty", empty},
        {"directory", directory},
        {"fifo", fifo},
        {"dangling_link", dangling_link},
        {"truncated", truncated},
        {"no_section", no_section},
        {"bad_name", bad_name},
        {"bad_provides", bad_provides},
        {"other_machine", other_machine},
        {"too_old", too_old},
        {"too_new_major", too_new_major},
        {"too_new_minor", too_new_minor},
        {"missing_library", missing_library},
        {"disabled", disabled},
        {"masked", masked},
        {"hidden", hidden},
        {"writable_directory", writable_directory},
        {"sticky_directory", sticky_directory},
        {"writable_file", writable_file},
        {"foreign_owner", foreign_owner},
        {"link_to_untrusted", link_to_untrusted},
    };
    g_test_init(&argc, &argv, NULL);
    scene_add("/abi/refusals", tests, G_N_ELEMENTS(tests));
    return g_test_run();
}
