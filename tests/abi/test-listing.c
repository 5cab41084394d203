/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plugins are described from their files alone: whatever is wrong with them they are listed, and
 * none of their code runs. */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "scene.h"

/* Every plugin that is built here, and what the list says of it. */
static const struct {
    const char *name;
    enum plugin_state state;
} all[] = {
    {"good", PLUGIN_FOUND},          {"too-old", PLUGIN_FOREIGN},
    {"too-new", PLUGIN_FOREIGN},     {"too-new-minor", PLUGIN_FOREIGN},
    {"no-open", PLUGIN_FOUND},       {"no-read", PLUGIN_FOUND},
    {"no-submit", PLUGIN_FOUND},     {"no-giveback", PLUGIN_FOUND},
    {"bad-model", PLUGIN_FOUND},     {"large-priv", PLUGIN_FOUND},
    {"short-table", PLUGIN_FOUND},   {"crash-constructor", PLUGIN_FOUND},
    {"crash-load", PLUGIN_FOUND},    {"exit-load", PLUGIN_FOUND},
    {"hang-load", PLUGIN_FOUND},     {"fail-load", PLUGIN_FOUND},
    {"no-exec", PLUGIN_FOUND},       {"no-respond", PLUGIN_FOUND},
    {"no-descriptor", PLUGIN_FOUND}, {"plain", PLUGIN_INVALID},
};

static void lists_all_and_runs_none(struct scene *s)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(all); i++)
        scene_put(s, 0, all[i].name);
    scene_write(s, 1, "text.so", "text", 4);
    scene_open(s);
    g_assert_cmpuint(plugins_list(s->plugins)->len, ==, G_N_ELEMENTS(all) + 1);
    for (unsigned i = 0; i < G_N_ELEMENTS(all); i++) {
        const struct plugin *p = plugins_find(s->plugins, 0, all[i].name);
        g_assert_nonnull(p);
        g_assert_cmpstr(plugin_state_name(p->state), ==, plugin_state_name(all[i].state));
        g_assert_true((p->reason == NULL) == (p->state == PLUGIN_FOUND));
        g_assert_null(p->desc);
    }
    g_autofree char *marks = scene_marks(s);
    g_assert_cmpstr(marks, ==, "");
}

static void describes(struct scene *s)
{
    scene_put(s, 0, "good");
    scene_open(s);
    const struct plugin *p = plugins_find(s->plugins, TGT_PLUGIN_BACKING_STORE, "good");
    g_assert_nonnull(p);
    g_assert_cmpstr(p->version, ==, "1.5");
    g_assert_cmpstr(p->abi, ==, TGT_STR(TGT_ABI_MAJOR) "." TGT_STR(TGT_ABI_MINOR));
    g_assert_cmpstr(p->provides, ==, "bs:good");
    g_assert_cmpstr(p->licence, ==, "MIT");
    g_assert_cmpstr(p->summary, ==, "A store with a fault: good");
    g_assert_cmpstr(plugin_kind_name(p->kind), ==, "backing-store");
    g_assert_null(plugins_find(s->plugins, TGT_PLUGIN_TRANSPORT, "good"));
}

static void sorts_by_kind_and_name(struct scene *s)
{
    static const char *const order[] = {"fail-load", "good", "no-exec", "no-respond", "plain"};
    scene_put(s, 0, "plain");
    scene_put(s, 0, "no-respond");
    scene_put(s, 0, "good");
    scene_put(s, 1, "no-exec");
    scene_put(s, 1, "fail-load");
    scene_open(s);
    const GPtrArray *list = plugins_list(s->plugins);
    g_assert_cmpuint(list->len, ==, G_N_ELEMENTS(order));
    for (unsigned i = 0; i < list->len; i++)
        g_assert_cmpstr(((const struct plugin *)list->pdata[i])->name, ==, order[i]);
}

static void printable(struct scene *s)
{
    size_t len;
    g_autofree char *bytes = scene_bytes("good", &len);
    char *summary = memmem(bytes, len, "summary=A", 9);
    g_assert_nonnull(summary);
    memcpy(summary + 8, "\033[\377\n", 4);
    scene_write(s, 0, "good.so", bytes, len);
    scene_open(s);
    const struct plugin *p = plugins_find(s->plugins, 0, "good");
    g_assert_true(g_utf8_validate(p->summary, -1, NULL));
    g_assert_null(strpbrk(p->summary, "\033\n"));
}

static void sees_new_files(struct scene *s)
{
    scene_open(s);
    g_assert_cmpuint(plugins_list(s->plugins)->len, ==, 0);
    scene_put(s, 0, "good");
    g_assert_cmpuint(plugins_list(s->plugins)->len, ==, 1);
    scene_put(s, 0, "short-table");
    struct plugin *used = plugin_use(s->plugins, "bs:short-table", NULL);
    g_assert_nonnull(used);
    plugin_unuse(used);
}

static void sees_replaced_files(struct scene *s)
{
    size_t len;
    g_autofree char *bytes = scene_bytes("good", &len);
    const char *path = scene_write(s, 0, "good.so", bytes, 1000);
    scene_open(s);
    g_assert_cmpint(scene_plugin(s, path)->state, ==, PLUGIN_INVALID);
    scene_write(s, 0, "good.so", bytes, len);
    scene_expect(s, path, PLUGIN_FOUND, NULL);
}

static void sees_removed_files(struct scene *s)
{
    const char *first = scene_put(s, 0, "good"), *second = scene_put(s, 1, "good");
    scene_open(s);
    g_assert_cmpint(scene_plugin(s, second)->state, ==, PLUGIN_DISABLED);
    g_assert_cmpint(g_remove(first), ==, 0);
    scene_expect(s, second, PLUGIN_FOUND, NULL);
    g_assert_cmpuint(plugins_list(s->plugins)->len, ==, 1);
    struct plugin *used = plugin_use(s->plugins, "bs:good", NULL);
    g_assert_nonnull(used);
    g_assert_cmpstr(used->file, ==, second);
    plugin_unuse(used);
}

/* What is loaded lives on without its file; what comes back is listed again. */
static void lists_what_is_there(struct scene *s)
{
    const char *path = scene_put(s, 0, "good"), *broken = scene_write(s, 0, "text.so", "text", 4);
    scene_open(s);
    struct plugin *used = plugin_use(s->plugins, "bs:good", NULL);
    g_assert_nonnull(used);
    g_assert_cmpint(g_remove(path), ==, 0);
    g_assert_cmpint(g_remove(broken), ==, 0);
    scene_expect(s, path, PLUGIN_ACTIVE, NULL);
    g_assert_cmpuint(plugins_list(s->plugins)->len, ==, 1);
    plugin_unuse(used);
    g_assert_true(plugin_unload(used, NULL));
    g_assert_cmpuint(plugins_list(s->plugins)->len, ==, 0);
    g_assert_null(plugins_find(s->plugins, 0, "good"));
    g_assert_null(plugin_use(s->plugins, "bs:good", NULL));
    scene_put(s, 0, "good");
    scene_expect(s, path, PLUGIN_FOUND, NULL);
}

/* Trust, drop-in files and libraries are judged anew each time; the file is not read again. */
static void sees_what_was_put_right(struct scene *s)
{
    const char *path = scene_put(s, 0, "good");
    g_assert_cmpint(chmod(s->dir[0], 0777), ==, 0);
    scene_conf(s, 1, "good", "[plugin]\nload=no\n");
    scene_open(s);
    const struct plugin *p = scene_plugin(s, path);
    const char *name = p->name;
    g_assert_cmpint(p->state, ==, PLUGIN_UNTRUSTED);
    g_assert_cmpint(chmod(s->dir[0], 0755), ==, 0);
    g_assert_cmpint(scene_plugin(s, path)->state, ==, PLUGIN_DISABLED);
    scene_conf(s, 1, "good", "[plugin]\nload=auto\n");
    scene_expect(s, path, PLUGIN_FOUND, NULL);
    g_assert_true(p->name == name);
}

/* A relative directory is that of the start; an empty one is none. */
static void relative_directories(struct scene *s)
{
    char *dirs[] = {(char *)"", (char *)"first", NULL};
    g_autofree char *here = g_get_current_dir();
    const char *path = scene_put(s, 0, "good");
    g_assert_cmpint(g_chdir(s->root), ==, 0);
    s->plugins = plugins_new(dirs, NULL);
    g_assert_cmpint(g_chdir(here), ==, 0);
    scene_expect(s, path, PLUGIN_FOUND, NULL);
    g_assert_cmpuint(plugins_list(s->plugins)->len, ==, 1);
}

static void missing_directories(void)
{
    char *dirs[] = {(char *)"/nonexistent/plugins", NULL};
    struct plugins *plugins = plugins_new(dirs, NULL);
    g_assert_cmpuint(plugins_list(plugins)->len, ==, 0);
    plugins_free(plugins);
    plugins = plugins_new(NULL, NULL);
    g_assert_null(plugins_find(plugins, 0, "good"));
    plugins_free(plugins);
    plugins_free(NULL);
}

int main(int argc, char **argv)
{
    static const struct scene_test tests[] = {
        {"lists_all_and_runs_none", lists_all_and_runs_none},
        {"describes", describes},
        {"sorts_by_kind_and_name", sorts_by_kind_and_name},
        {"printable", printable},
        {"sees_new_files", sees_new_files},
        {"sees_replaced_files", sees_replaced_files},
        {"sees_removed_files", sees_removed_files},
        {"lists_what_is_there", lists_what_is_there},
        {"sees_what_was_put_right", sees_what_was_put_right},
        {"relative_directories", relative_directories},
    };
    g_test_init(&argc, &argv, NULL);
    scene_add("/abi/listing", tests, G_N_ELEMENTS(tests));
    g_test_add_func("/abi/listing/missing_directories", missing_directories);
    return g_test_run();
}
