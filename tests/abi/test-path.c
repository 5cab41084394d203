/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whose hands a plugin's file may have been in: judged on the real path, component by component. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugin-path.h"
#include "scene.h"

/* Opens and says why it is not trusted: NULL, or a text to be freed. */
static char *distrust_of(const char *path)
{
    g_autoptr(GError) error = NULL;
    char *why = NULL;
    int fd = plugin_path_open(path, &why, &error);
    g_assert_no_error(error);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(fcntl(fd, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
    close(fd);
    return why;
}

static void trusts_own_files(struct scene *s)
{
    const char *path = scene_write(s, 0, "a.so", "x", 1);
    g_assert_null(distrust_of(path));
}

static void trusts_the_systems_files(void)
{
    g_autofree char *why = distrust_of("/etc/passwd");
    g_assert_cmpstr(why, ==, NULL);
}

static void follows_links(struct scene *s)
{
    g_autofree char *link = g_build_filename(s->root, "link", NULL),
                    *through = g_build_filename(link, "a.so", NULL);
    scene_write(s, 0, "a.so", "x", 1);
    g_assert_cmpint(symlink("first", link), ==, 0);
    g_assert_null(distrust_of(through));
}

static void passes_through_sticky(struct scene *s)
{
    g_autofree char *sub = g_build_filename(s->dir[0], "sub", NULL),
                    *file = g_build_filename(sub, "a.so", NULL);
    g_assert_cmpint(mkdir(sub, 0755), ==, 0);
    scene_write(s, 0, "sub/a.so", "x", 1);
    g_assert_cmpint(chmod(s->dir[0], 01777), ==, 0);
    g_assert_null(distrust_of(file));
    g_assert_cmpint(chmod(s->dir[0], 0777), ==, 0);
    g_autofree char *why = distrust_of(file);
    g_assert_nonnull(strstr(why, s->dir[0]));
}

static void judges_the_group(struct scene *s)
{
    const char *path = scene_write(s, 0, "a.so", "x", 1);
    g_assert_cmpint(chmod(path, 0664), ==, 0);
    g_autofree char *why = distrust_of(path);
    /* A user whose group has the same number has it for himself. */
    bool private = geteuid() != 0 && geteuid() == getegid();
    g_assert_true((why == NULL) == private);
}

static void judges_directory_owners(struct scene *s)
{
    const char *path = scene_write(s, 0, "a.so", "x", 1);
    if (geteuid() != 0 || chown(s->dir[0], 65534, 65534) != 0) {
        g_test_skip("only root can give a directory away");
    } else {
        g_autofree char *why = distrust_of(path);
        g_assert_nonnull(strstr(why, "belongs to uid 65534"));
    }
}

static void says_what_cannot_be_opened(void)
{
    g_autoptr(GError) error = NULL;
    char *why = NULL;
    g_assert_cmpint(plugin_path_open("/nonexistent/a.so", &why, &error), ==, -1);
    g_assert_nonnull(strstr(error->message, "No such file or directory"));
    g_clear_error(&error);
    g_assert_cmpint(plugin_path_open("/dev/null", &why, &error), ==, -1);
    g_assert_nonnull(strstr(error->message, "no regular file"));
    g_assert_null(why);
}

int main(int argc, char **argv)
{
    static const struct scene_test tests[] = {
        {"trusts_own_files", trusts_own_files},
        {"follows_links", follows_links},
        {"passes_through_sticky", passes_through_sticky},
        {"judges_the_group", judges_the_group},
        {"judges_directory_owners", judges_directory_owners},
    };
    g_test_init(&argc, &argv, NULL);
    scene_add("/abi/path", tests, G_N_ELEMENTS(tests));
    g_test_add_func("/abi/path/trusts_the_systems_files", trusts_the_systems_files);
    g_test_add_func("/abi/path/says_what_cannot_be_opened", says_what_cannot_be_opened);
    return g_test_run();
}
