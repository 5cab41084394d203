/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each way in which a plugin can be unusable is refused with a sentence of its own, and the daemon lives. */
#include <errno.h>
#include <fcntl.h>
#include <elf.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "scene.h"

#define TRIED " when it was tried in a process of its own, it must load cleanly: replace it, then run 'tgtctl plugin load "

typedef void (*body)(struct scene *s);

/* A plugin that is found to be unusable by reading it: the same sentence in the list and on use. */
static void seen(struct scene *s, const char *path, const char *provides, enum plugin_state state, const char *reason)
{
    scene_open(s);
    scene_expect(s, path, state, reason);
    scene_refused(s, path, provides, state, reason);
    g_autofree char *marks = scene_marks(s);
    g_assert_cmpstr(marks, ==, "");
}

/* A plugin that looks well until it is tried. */
static void tried(struct scene *s, const char *name, enum plugin_state state, const char *reason)
{
    g_autofree char *provides = g_strconcat("bs:", name, NULL);
    const char *path = scene_put(s, 0, name);
    scene_open(s);
    scene_expect(s, path, PLUGIN_FOUND, NULL);
    scene_refused(s, path, provides, state, reason);
}

static void not_found(struct scene *s)
{
    g_autoptr(GError) error = NULL;
    scene_put(s, 0, "good");
    scene_open(s);
    g_assert_null(plugin_use(s->plugins, "bs:quux", &error));
    g_assert_error(error, CORE_ERROR, CORE_ERROR_NOT_FOUND);
    g_assert_cmpstr(error->message, ==,
                    "there is no backing store 'quux', a plugin that provides bs:quux is needed: install it, or look at 'tgtctl plugin list'");
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
    seen(s, path, "bs:text", PLUGIN_INVALID, " is not a plugin: it is no ELF file, a shared object is needed: remove it from the plugin directory");
}

static void empty(struct scene *s)
{
    const char *path = scene_write(s, 0, "void.so", "", 0);
    seen(s, path, "bs:void", PLUGIN_INVALID, " is not a plugin: it is empty, a shared object is needed: remove it from the plugin directory");
}

static void directory(struct scene *s)
{
    g_autofree char *path = g_build_filename(s->dir[0], "dir.so", NULL);
    g_assert_cmpint(mkdir(path, 0755), ==, 0);
    seen(s, path, "bs:dir", PLUGIN_INVALID, " is not a plugin: it is no regular file, a shared object is needed: check it or remove it");
}

static void fifo(struct scene *s)
{
    g_autofree char *path = g_build_filename(s->dir[0], "pipe.so", NULL);
    g_assert_cmpint(mkfifo(path, 0644), ==, 0);
    seen(s, path, "bs:pipe", PLUGIN_INVALID, " is not a plugin: it is no regular file, a shared object is needed: check it or remove it");
}

static void dangling_link(struct scene *s)
{
    g_autofree char *path = g_build_filename(s->dir[0], "link.so", NULL);
    g_assert_cmpint(symlink("nowhere", path), ==, 0);
    scene_open(s);
    scene_expect(s, path, PLUGIN_INVALID, " cannot be opened (No such file or directory), a file that tgtd can read is needed: check it or remove it");
}

static void truncated(struct scene *s)
{
    size_t len;
    g_autofree char *bytes = scene_bytes("good", &len);
    const Elf64_Ehdr *e = (const void *)bytes;
    g_autofree char *sentence =
        g_strdup_printf(" is truncated: it has 1000 bytes, its headers need %zu: install it again", (size_t)e->e_shoff + e->e_shnum * e->e_shentsize);
    if (e->e_ident[EI_CLASS] != ELFCLASS64) {
        g_test_skip("the sentence is known for 64-bit files only");
        return;
    }
    seen(s, scene_write(s, 0, "good.so", bytes, 1000), "bs:good", PLUGIN_INVALID, sentence);
}

static void no_section(struct scene *s)
{
    seen(s, scene_put(s, 0, "plain"), "bs:plain", PLUGIN_INVALID,
         " is not a plugin: it is a shared object without the section .tgt.plugin, the one that TGT_PLUGIN_DEFINE makes is needed: remove it from the "
         "plugin directory or build it again");
}

/* All places where `old` stands with a NUL before and behind are changed to `new`, of the same length. */
static void replace(char *bytes, size_t len, const char *old, const char *new)
{
    size_t n = strlen(old);
    unsigned found = 0;
    g_assert_cmpuint(strlen(new), ==, n);
    for (size_t i = 1; i + n < len; i++)
        if (bytes[i - 1] == 0 && memcmp(bytes + i, old, n + 1) == 0) {
            memcpy(bytes + i, new, n);
            found++;
        }
    g_assert_cmpuint(found, >, 0);
}

static const char *put_changed(struct scene *s, const char *old, const char *new)
{
    size_t len;
    g_autofree char *bytes = scene_bytes("good", &len);
    replace(bytes, len, old, new);
    return scene_write(s, 0, "good.so", bytes, len);
}

static void bad_name(struct scene *s)
{
    seen(s, put_changed(s, "name=good", "name=g/od"), "bs:good", PLUGIN_INVALID,
         " is not a valid plugin: its section .tgt.plugin has no usable 'name', one as TGT_PLUGIN_DEFINE writes it is needed: build it again");
}

static void bad_provides(struct scene *s)
{
    const char *path = put_changed(s, "provides=bs:good", "provides=xx:good");
    scene_open(s);
    scene_expect(s, path, PLUGIN_INVALID,
                 " is not a valid plugin: its section .tgt.plugin has no usable 'provides', one as TGT_PLUGIN_DEFINE writes it is needed: build it again");
}

static void contradiction(struct scene *s)
{
    const char *path = put_changed(s, "name=good", "name=evil");
    scene_open(s);
    scene_refused(s, path, "bs:good", PLUGIN_INVALID,
                  " contradicts itself: its section .tgt.plugin says name 'evil', its descriptor 'good', both must be the same: build it again");
}

static void other_machine(struct scene *s)
{
    size_t len;
    g_autofree char *bytes = scene_bytes("good", &len);
    Elf64_Ehdr *e = (void *)bytes;
    g_autofree char *own = NULL;
    unsigned other = e->e_machine == EM_AARCH64 ? EM_RISCV : EM_AARCH64;
    if (e->e_ident[EI_CLASS] != ELFCLASS64 || e->e_ident[EI_DATA] != ELFDATA2LSB || e->e_machine != EM_X86_64) {
        g_test_skip("the sentence is known for x86-64 only");
        return;
    }
    e->e_machine = (Elf64_Half)other;
    seen(s, scene_write(s, 0, "good.so", bytes, len), "bs:good", PLUGIN_FOREIGN,
         " is built for aarch64 (64-bit, little-endian), this tgtd runs on x86-64 (64-bit, little-endian): install the package of this architecture");
    g_assert_cmpstr(plugins_find(s->plugins, TGT_PLUGIN_BACKING_STORE, "good")->version, ==, "1.5");
}

static void too_old(struct scene *s)
{
    seen(s, scene_put(s, 0, "too-old"), "bs:too-old", PLUGIN_FOREIGN,
         " is built for plugin ABI 0.9, this tgtd has 1.0: it is too old, install a build of it for ABI 1");
}

static void too_new_major(struct scene *s)
{
    seen(s, scene_put(s, 0, "too-new"), "bs:too-new", PLUGIN_FOREIGN,
         " needs plugin ABI 2.0, this tgtd has 1.0: it is too new, upgrade tgtd or install an older build of it");
}

static void too_new_minor(struct scene *s)
{
    seen(s, scene_put(s, 0, "too-new-minor"), "bs:too-new-minor", PLUGIN_FOREIGN,
         " needs plugin ABI 1.99, this tgtd has 1.0: it is too new, upgrade tgtd or install an older build of it");
}

/* No system has this libc. */
static void missing_library(struct scene *s)
{
    seen(s, put_changed(s, "libc.so.6", "libc.so.9"), "bs:good", PLUGIN_MISSING,
         " needs the library libc.so.9, which is not there: install the package that has it");
}

static void no_descriptor(struct scene *s)
{
    tried(s, "no-descriptor", PLUGIN_INVALID, " does not export the symbol tgt_plugin, which TGT_PLUGIN_DEFINE makes: build it again");
}

static void no_open(struct scene *s)
{
    tried(s, "no-open", PLUGIN_FAILED, " lacks the callback 'open', which every backing store must have: its maker must correct it");
}

static void no_read(struct scene *s)
{
    tried(s, "no-read", PLUGIN_FAILED,
          " lacks the callback 'read', which every backing store of the blocking model must have: its maker must correct it");
}

static void no_submit(struct scene *s)
{
    tried(s, "no-submit", PLUGIN_FAILED,
          " lacks the callback 'submit', which every backing store that is not of the blocking model must have: its maker must correct it");
}

static void no_giveback(struct scene *s)
{
    tried(s, "no-giveback", PLUGIN_FAILED,
          " has the callback 'lend', but not 'giveback', which must come with it: its maker must correct it");
}

static void no_exec(struct scene *s)
{
    const char *path = scene_put(s, 0, "no-exec");
    scene_open(s);
    scene_refused(s, path, "type:no-exec", PLUGIN_FAILED,
                  " lacks the callback 'exec', which every command must have, in element 0 (READ(10)) of 'ops': its maker must correct it");
}

static void no_respond(struct scene *s)
{
    const char *path = scene_put(s, 0, "no-respond");
    scene_open(s);
    scene_refused(s, path, "transport:no-respond", PLUGIN_FAILED,
                  " lacks the callback 'respond', which every transport must have: its maker must correct it");
}

static void bad_model(struct scene *s)
{
    tried(s, "bad-model", PLUGIN_FAILED,
          " has the unknown model 9, one of 1 (asynchronous), 2 (blocking) or 3 (own threads) is needed: its maker must correct it");
}

static void large_priv(struct scene *s)
{
    tried(s, "large-priv", PLUGIN_FAILED,
          " wants an io_priv_size of 4096 bytes, this tgtd gives at most 384: upgrade tgtd, or its maker must make do with less");
}

static void crash_in_constructor(struct scene *s)
{
    tried(s, "crash-constructor", PLUGIN_FAILED, " crashed in its constructors (signal 11, Segmentation fault)" TRIED "crash-constructor'");
}

static void crash_in_load(struct scene *s)
{
    tried(s, "crash-load", PLUGIN_FAILED, " crashed in its load() (signal 11, Segmentation fault)" TRIED "crash-load'");
}

static void exit_in_load(struct scene *s)
{
    tried(s, "exit-load", PLUGIN_FAILED, " ended the process in its load() (exit status 0)" TRIED "exit-load'");
}

static void hang_in_load(struct scene *s)
{
    g_setenv("TGT_PLUGIN_PROBE_TIMEOUT", "1", TRUE);
    tried(s, "hang-load", PLUGIN_FAILED, " did not come back from its load() within 1 s" TRIED "hang-load'");
    g_unsetenv("TGT_PLUGIN_PROBE_TIMEOUT");
}

static void load_says_no(struct scene *s)
{
    tried(s, "fail-load", PLUGIN_FAILED,
          " was loaded, but could not start (no device of type frob): correct that, then run 'tgtctl plugin load fail-load'");
}

/* Asked again without a reason, what crashed is not run again. */
static void crash_once_only(struct scene *s)
{
    crash_in_load(s);
    g_assert_null(plugin_use(s->plugins, "bs:crash-load", NULL));
    g_autofree char *marks = scene_marks(s);
    g_assert_cmpstr(marks, ==, "crash-load\n");
}

static void disabled(struct scene *s)
{
    const char *path = scene_put(s, 0, "good");
    scene_conf(s, 1, "good", "[plugin]\nload=no\n");
    g_autofree char *sentence = g_strdup_printf(
        " is disabled, %s/good.conf says load=no and load=auto is needed: change that or run 'tgtctl plugin load good'", s->conf[1]);
    seen(s, path, "bs:good", PLUGIN_DISABLED, sentence);
}

static void masked(struct scene *s)
{
    const char *path = scene_put(s, 0, "good");
    g_autofree char *mask = g_strdup_printf("%s/good.conf", s->conf[1]);
    g_autofree char *sentence = g_strdup_printf(" is masked, %s is a link to /dev/null: remove the link to use it", mask);
    scene_conf(s, 0, "good", "[plugin]\nload=yes\n");
    g_assert_cmpint(symlink("/dev/null", mask), ==, 0);
    seen(s, path, "bs:good", PLUGIN_DISABLED, sentence);
    g_assert_false(plugin_load(s->plugins, scene_plugin(s, path), NULL));
}

static void wrong_parameter(struct scene *s)
{
    const char *path = scene_put(s, 0, "good");
    scene_conf(s, 1, "good", "[params]\nlevel=10\n");
    scene_open(s);
    g_autofree char *sentence = g_strdup_printf(" has a wrong parameter in %s/good.conf (parameter level: 10 is not within 1 to 9): correct that, then run "
                                                "'tgtctl plugin load good'",
                                                s->conf[1]);
    scene_refused(s, path, "bs:good", PLUGIN_FAILED, sentence);
}

static void hidden(struct scene *s)
{
    const char *first = scene_put(s, 0, "good"), *second = scene_put(s, 1, "good");
    g_autofree char *sentence =
        g_strdup_printf(" is hidden by %s, which has the same kind and name and comes first: remove one of them", first);
    scene_open(s);
    scene_expect(s, second, PLUGIN_DISABLED, sentence);
    g_assert_false(plugin_load(s->plugins, scene_plugin(s, second), NULL));
    struct plugin *used = plugin_use(s->plugins, "bs:good", NULL);
    g_assert_nonnull(used);
    g_assert_cmpstr(used->file, ==, first);
    plugin_unuse(used);
}

static void writable_directory(struct scene *s)
{
    const char *path = scene_put(s, 0, "good");
    g_autofree char *sentence = g_strdup_printf(
        " is not trusted: others can write the directory %s (mode 0777), it must be writable by its owner only: chmod go-w %s", s->dir[0], s->dir[0]);
    g_assert_cmpint(chmod(s->dir[0], 0777), ==, 0);
    seen(s, path, "bs:good", PLUGIN_UNTRUSTED, sentence);
}

static void sticky_directory(struct scene *s)
{
    const char *path = scene_put(s, 0, "good");
    g_autofree char *sentence = g_strdup_printf(
        " is not trusted: others can write the directory %s (mode 1777), it must be writable by its owner only: chmod go-w %s", s->dir[0], s->dir[0]);
    g_assert_cmpint(chmod(s->dir[0], 01777), ==, 0);
    seen(s, path, "bs:good", PLUGIN_UNTRUSTED, sentence);
}

static void writable_file(struct scene *s)
{
    const char *path = scene_put(s, 0, "good");
    g_autofree char *sentence =
        g_strdup_printf(" is not trusted: others can write the file %s (mode 0666), it must be writable by its owner only: chmod go-w %s", path, path);
    g_assert_cmpint(chmod(path, 0666), ==, 0);
    seen(s, path, "bs:good", PLUGIN_UNTRUSTED, sentence);
}

static void foreign_owner(struct scene *s)
{
    const char *path = scene_put(s, 0, "good");
    g_autofree char *sentence =
        g_strdup_printf(" is not trusted: the file %s belongs to uid 65534, root or the user of tgtd is needed: chown root %s", path, path);
    if (geteuid() != 0 || chown(path, 65534, 65534) != 0) {
        g_test_skip("only root can give a file away");
        return;
    }
    seen(s, path, "bs:good", PLUGIN_UNTRUSTED, sentence);
}

/* The daemon's directory is a link into a directory that others can write: it is the real place that counts. */
static void link_to_untrusted(struct scene *s)
{
    const char *real = scene_put(s, 1, "good");
    g_autofree char *path = g_build_filename(s->dir[0], "good.so", NULL);
    g_autofree char *sentence = g_strdup_printf(
        " is not trusted: others can write the directory %s (mode 0777), it must be writable by its owner only: chmod go-w %s", s->dir[1], s->dir[1]);
    g_assert_cmpint(symlink(real, path), ==, 0);
    g_assert_cmpint(chmod(s->dir[1], 0777), ==, 0);
    seen(s, path, "bs:good", PLUGIN_UNTRUSTED, sentence);
}

static void without_helper(struct scene *s)
{
    g_autofree char *helper = g_strdup(g_getenv("TGT_PLUGIN_PROBE"));
    scene_put(s, 0, "good");
    scene_open(s);
    g_setenv("TGT_PLUGIN_PROBE", "/nonexistent/probe", TRUE);
    struct plugin *used = plugin_use(s->plugins, "bs:good", NULL);
    g_assert_nonnull(used);
    plugin_unuse(used);
    g_setenv("TGT_PLUGIN_PROBE", helper, TRUE);
}

static void run(const void *data)
{
    struct scene *s = scene_new();
    (*(const body *)data)(s);
    scene_free(s);
}

#define TEST(name) {#name, name}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        body run;
    } tests[] = {
        TEST(not_found),        TEST(did_you_mean),   TEST(not_elf),         TEST(empty),           TEST(directory),       TEST(fifo),
        TEST(dangling_link),    TEST(truncated),      TEST(no_section),      TEST(bad_name),        TEST(bad_provides),    TEST(contradiction),
        TEST(other_machine),    TEST(too_old),        TEST(too_new_major),   TEST(too_new_minor),   TEST(missing_library), TEST(no_descriptor),
        TEST(no_open),          TEST(no_read),        TEST(no_submit),       TEST(no_giveback),     TEST(no_exec),         TEST(no_respond),
        TEST(bad_model),        TEST(large_priv),     TEST(crash_in_constructor), TEST(crash_in_load), TEST(exit_in_load), TEST(hang_in_load),
        TEST(load_says_no),     TEST(crash_once_only), TEST(disabled),       TEST(masked),          TEST(wrong_parameter), TEST(hidden),
        TEST(writable_directory), TEST(sticky_directory), TEST(writable_file), TEST(foreign_owner), TEST(link_to_untrusted), TEST(without_helper),
    };
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strconcat("/abi/refusals/", tests[i].name, NULL);
        g_test_add_data_func(path, &tests[i].run, run);
    }
    return g_test_run();
}
