/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Drop-in files: what they can say, which one counts, and one clear warning with file and line for
 * what is wrong. */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "plugin-conf.h"

struct place {
    char *root, *vendor, *admin;
};

static struct place place_new(void)
{
    struct place p = {.root = g_dir_make_tmp("tgt-conf-XXXXXX", NULL)};
    g_assert_nonnull(p.root);
    p.vendor = g_build_filename(p.root, "vendor", NULL);
    p.admin = g_build_filename(p.root, "admin", NULL);
    g_assert_cmpint(g_mkdir(p.vendor, 0755), ==, 0);
    g_assert_cmpint(g_mkdir(p.admin, 0755), ==, 0);
    return p;
}

static char *file_in(const char *dir)
{
    return g_build_filename(dir, "x.conf", NULL);
}

static void put(const char *dir, const char *text)
{
    g_autofree char *path = file_in(dir);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void place_free(struct place *p)
{
    g_autofree char *vendor = file_in(p->vendor), *admin = file_in(p->admin);
    g_remove(vendor);
    g_remove(admin);
    char *dirs[] = {p->vendor, p->admin, p->root};
    for (unsigned i = 0; i < G_N_ELEMENTS(dirs); i++) {
        g_assert_cmpint(g_rmdir(dirs[i]), ==, 0);
        g_free(dirs[i]);
    }
}

static struct plugin_conf *read_conf(const struct place *p)
{
    char *dirs[] = {p->vendor, p->admin, NULL};
    return plugin_conf_read(dirs, "x");
}

static void nothing(void)
{
    struct place p = place_new();
    struct plugin_conf *c = read_conf(&p);
    g_assert_cmpint(c->load, ==, PLUGIN_LOAD_AUTO);
    g_assert_null(c->file);
    g_assert_null(c->words);
    plugin_conf_free(c);
    c = plugin_conf_read(NULL, "x");
    g_assert_cmpint(c->load, ==, PLUGIN_LOAD_AUTO);
    plugin_conf_free(c);
    plugin_conf_free(NULL);
    place_free(&p);
}

static void values(void)
{
    struct place p = place_new();
    put(p.vendor,
        "# a comment\n[plugin]\nload = no\n\n[params]\nsize = 1G\nname=a b=c;d\nempty=\n");
    struct plugin_conf *c = read_conf(&p);
    g_assert_cmpint(c->load, ==, PLUGIN_LOAD_NO);
    g_assert_cmpuint(g_strv_length(c->words), ==, 3);
    g_assert_cmpstr(c->words[0], ==, "size=1G");
    g_assert_cmpstr(c->words[1], ==, "name=a b=c;d");
    g_assert_cmpstr(c->words[2], ==, "empty=");
    plugin_conf_free(c);
    place_free(&p);
}

static void admin_replaces_vendor(void)
{
    struct place p = place_new();
    g_autofree char *admin = file_in(p.admin);
    put(p.vendor, "[plugin]\nload=yes\n[params]\nsize=1G\n");
    put(p.admin, "[params]\nname=a\n");
    struct plugin_conf *c = read_conf(&p);
    g_assert_cmpint(c->load, ==, PLUGIN_LOAD_AUTO);
    g_assert_cmpuint(g_strv_length(c->words), ==, 1);
    g_assert_cmpstr(c->file, ==, admin);
    plugin_conf_free(c);
    place_free(&p);
}

static void mask(void)
{
    struct place p = place_new();
    g_autofree char *admin = file_in(p.admin);
    put(p.vendor, "[plugin]\nload=yes\n");
    g_assert_cmpint(symlink("/dev/null", admin), ==, 0);
    struct plugin_conf *c = read_conf(&p);
    g_assert_cmpint(c->load, ==, PLUGIN_LOAD_MASKED);
    g_assert_cmpstr(c->file, ==, admin);
    plugin_conf_free(c);
    place_free(&p);
}

/* The warning is looked for by the parent; the vendor's file counts meanwhile. */
static void broken(const char *text)
{
    struct place p = place_new();
    log_set_level(TGT_LOG_WARNING);
    put(p.vendor, "[plugin]\nload=no\n");
    put(p.admin, text);
    struct plugin_conf *c = read_conf(&p);
    g_assert_cmpint(c->load, ==, PLUGIN_LOAD_NO);
    g_assert_true(g_str_has_prefix(c->file, p.vendor));
    plugin_conf_free(c);
    place_free(&p);
}

struct mistake {
    const char *name, *text, *warning;
};

static void broken_file(const void *data)
{
    const struct mistake *m = data;
    if (g_test_subprocess()) {
        broken(m->text);
        return;
    }
    g_autofree char *pattern = g_strdup_printf(
        "*/admin/x.conf, %s: the file is ignored until this is corrected\n", m->warning);
    g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
    g_test_trap_assert_passed();
    g_test_trap_assert_stderr(pattern);
}

int main(int argc, char **argv)
{
    static const struct mistake mistakes[] = {
        {"syntax", "[plugin]\n\nload\n", "line 3: neither ?section?, key=value nor # comment"},
        {"no_section", "# x\nload=no\n", "line 2: neither ?section?, key=value nor # comment"},
        {"wrong_section", "[plugin]\nload=yes\n[other]\n",
         "line 3: there is no section ?other?, only ?plugin? and ?params?"},
        {"wrong_key", "[params]\nlode=1\n[plugin]\nlode=no\n",
         "line 4: there is no 'lode' in ?plugin?, only load"},
        {"wrong_load", "[plugin]\n  load = off\n", "line 2: load is auto, yes or no, not 'off'"},
        {"wrong_escape", "[params]\na=1\nb=x\\qy\n",
         "line 3: the value of 'b' has a wrong escape or is no UTF-8"},
    };
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/abi/conf/nothing", nothing);
    g_test_add_func("/abi/conf/values", values);
    g_test_add_func("/abi/conf/admin_replaces_vendor", admin_replaces_vendor);
    g_test_add_func("/abi/conf/mask", mask);
    for (unsigned i = 0; i < G_N_ELEMENTS(mistakes); i++) {
        g_autofree char *path = g_strconcat("/abi/conf/broken/", mistakes[i].name, NULL);
        g_test_add_data_func(path, &mistakes[i], broken_file);
    }
    return g_test_run();
}
