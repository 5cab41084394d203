/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Directories with plugins and drop-in files for one test, and what is asked about them again and
 * again. */
#include "scene.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"

static char *make_dir(const char *root, const char *name)
{
    char *path = g_build_filename(root, name, NULL);
    g_assert_cmpint(g_mkdir(path, 0755), ==, 0);
    return path;
}

struct scene *scene_new(void)
{
    g_autoptr(GError) error = NULL;
    struct scene *s = g_new0(struct scene, 1);
    s->root = g_dir_make_tmp("tgt-abi-XXXXXX", &error);
    g_assert_no_error(error);
    s->dir[0] = make_dir(s->root, "first");
    s->dir[1] = make_dir(s->root, "second");
    s->conf[0] = make_dir(s->root, "vendor");
    s->conf[1] = make_dir(s->root, "admin");
    s->marker = g_build_filename(s->root, "marker", NULL);
    g_setenv("TGT_TEST_MARKER", s->marker, TRUE);
    return s;
}

static void remove_tree(const char *path)
{
    GDir *dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
    for (const char *name = dir ? g_dir_read_name(dir) : NULL; name; name = g_dir_read_name(dir)) {
        g_autofree char *child = g_build_filename(path, name, NULL);
        remove_tree(child);
    }
    if (dir)
        g_dir_close(dir);
    g_assert_cmpint(g_remove(path), ==, 0);
}

void scene_free(struct scene *s)
{
    plugins_free(s->plugins);
    remove_tree(s->root);
    char *texts[] = {s->root, s->dir[0], s->dir[1], s->conf[0], s->conf[1], s->marker};
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    g_free(s);
}

char *scene_bytes(const char *name, size_t *len)
{
    g_autofree char *path = g_strdup_printf("%s/%s.so", BUILT_PLUGINS, name);
    g_autoptr(GError) error = NULL;
    char *bytes = NULL;
    g_file_get_contents(path, &bytes, len, &error);
    g_assert_no_error(error);
    return bytes;
}

const char *scene_write(struct scene *s, unsigned dir, const char *file, const void *bytes,
                        size_t len)
{
    g_autofree char *path = g_build_filename(s->dir[dir], file, NULL);
    g_autoptr(GError) error = NULL;
    g_file_set_contents(path, bytes, (gssize)len, &error);
    g_assert_no_error(error);
    g_assert_cmpint(g_chmod(path, 0755), ==, 0);
    return g_intern_string(path);
}

const char *scene_put(struct scene *s, unsigned dir, const char *name)
{
    g_autofree char *file = g_strdup_printf("%s.so", name);
    size_t len = 0;
    g_autofree char *bytes = scene_bytes(name, &len);
    return scene_write(s, dir, file, bytes, len);
}

/* All places where `old` stands with a NUL before and behind are changed to `new`, of the same
 * length. */
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

const char *scene_put_changed(struct scene *s, const char *old, const char *new)
{
    size_t len;
    g_autofree char *bytes = scene_bytes("good", &len);
    replace(bytes, len, old, new);
    return scene_write(s, 0, "good.so", bytes, len);
}

void scene_conf(struct scene *s, unsigned conf, const char *name, const char *text)
{
    g_autofree char *path = g_strdup_printf("%s/%s.conf", s->conf[conf], name);
    g_autoptr(GError) error = NULL;
    g_file_set_contents(path, text, -1, &error);
    g_assert_no_error(error);
}

void scene_open(struct scene *s)
{
    char *dirs[] = {s->dir[0], s->dir[1], NULL}, *confs[] = {s->conf[0], s->conf[1], NULL};
    plugins_free(s->plugins);
    s->plugins = plugins_new(dirs, confs);
}

struct plugin *scene_plugin(struct scene *s, const char *path)
{
    const GPtrArray *list = plugins_list(s->plugins);
    for (guint i = 0; i < list->len; i++) {
        struct plugin *p = list->pdata[i];
        if (strcmp(p->file, path) == 0)
            return p;
    }
    g_test_message("%s is not listed", path);
    g_test_fail();
    return NULL;
}

struct outcome {
    bool over;
    struct plugin *plugin;
    GError *error;
};

static void loaded(struct plugin *plugin, GError *error, void *data)
{
    *(struct outcome *)data = (struct outcome){true, plugin, error};
}

bool scene_load(struct scene *s, struct plugin *plugin, GError **error)
{
    struct outcome o = {0};
    plugin_load(s->plugins, plugin, loaded, &o);
    while (!o.over)
        g_main_context_iteration(NULL, TRUE);
    g_assert_true(o.plugin == (o.error ? NULL : plugin));
    if (o.error)
        g_propagate_error(error, o.error);
    return o.plugin != NULL;
}

char *scene_marks(const struct scene *s)
{
    char *text = NULL;
    return g_file_get_contents(s->marker, &text, NULL, NULL) ? text : g_strdup("");
}

void scene_expect(struct scene *s, const char *path, enum plugin_state state, const char *reason)
{
    const struct plugin *p = scene_plugin(s, path);
    g_autofree char *sentence = reason ? g_strconcat(path, reason, NULL) : NULL;
    g_assert_nonnull(p);
    g_assert_cmpstr(p->reason, ==, sentence);
    g_assert_cmpstr(plugin_state_name(p->state), ==, plugin_state_name(state));
}

void scene_refused(struct scene *s, const char *path, const char *provides, enum plugin_state state,
                   const char *reason)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *sentence = g_strconcat(path, reason, NULL);
    g_assert_null(plugin_use(s->plugins, provides, &error));
    g_assert_error(error, CORE_ERROR, CORE_ERROR_PLUGIN);
    g_assert_cmpstr(error->message, ==, sentence);
    scene_expect(s, path, state, reason);
}

static void run(const void *data)
{
    const struct scene_test *test = data;
    struct scene *s = scene_new();
    test->run(s);
    scene_free(s);
}

void scene_add(const char *prefix, const struct scene_test *tests, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        g_autofree char *path = g_strdup_printf("%s/%s", prefix, tests[i].name);
        g_test_add_data_func(path, &tests[i], run);
    }
}
