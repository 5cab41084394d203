/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of a usable plugin: loaded on first use, counted, configured, unloaded, loaded again. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "scene.h"

static unsigned count_marks(const struct scene *s)
{
    g_autofree char *marks = scene_marks(s);
    g_auto(GStrv) lines = g_strsplit(marks, "\n", -1);
    return g_strv_length(lines) - (*marks ? 1 : 0);
}

static struct plugin *use(struct scene *s, const char *provides)
{
    g_autoptr(GError) error = NULL;
    struct plugin *p = plugin_use(s->plugins, provides, &error);
    g_assert_no_error(error);
    g_assert_nonnull(p);
    return p;
}

static void loads_on_first_use(struct scene *s)
{
    const char *path = scene_put(s, 0, "good");
    scene_open(s);
    g_assert_cmpuint(count_marks(s), ==, 0);
    struct plugin *p = use(s, "bs:good");
    scene_expect(s, path, PLUGIN_ACTIVE, NULL);
    g_assert_cmpuint(p->users, ==, 1);
    g_assert_nonnull(p->desc);
    g_assert_nonnull(p->bs.open);
    g_assert_true(plugin_of(p->desc) == p);
    g_assert_true(use(s, "bs:good") == p);
    g_assert_cmpuint(p->users, ==, 2);
    plugin_unuse(p);
    plugin_unuse(p);
    scene_expect(s, path, PLUGIN_IDLE, NULL);
    plugin_unuse(NULL);
}

static void unloads_without_users_only(struct scene *s)
{
    g_autoptr(GError) error = NULL;
    const char *path = scene_put(s, 0, "good");
    scene_open(s);
    struct plugin *p = use(s, "bs:good");
    const struct tgt_plugin *desc = p->desc;
    g_assert_false(plugin_unload(p, &error));
    g_assert_error(error, CORE_ERROR, CORE_ERROR_BUSY);
    g_assert_cmpstr(error->message, ==,
                    "plugin good is in use (1 user): delete the logical units that need it first");
    g_clear_error(&error);
    plugin_unuse(p);
    g_assert_true(plugin_unload(p, &error));
    g_assert_no_error(error);
    scene_expect(s, path, PLUGIN_FOUND, NULL);
    g_assert_null(p->desc);
    g_assert_null(plugin_of(desc));
    g_assert_false(plugin_unload(p, &error));
    g_assert_error(error, CORE_ERROR, CORE_ERROR_INVALID);
}

/* The code stays mapped: no second run of constructors, no second probe. */
static void loads_again(struct scene *s)
{
    scene_put(s, 0, "good");
    scene_open(s);
    struct plugin *p = use(s, "bs:good");
    unsigned marks = count_marks(s);
    const struct tgt_plugin *desc = p->desc;
    plugin_unuse(p);
    g_assert_true(plugin_unload(p, NULL));
    g_assert_true(use(s, "bs:good") == p);
    g_assert_true(p->desc == desc);
    g_assert_cmpuint(count_marks(s), ==, marks);
    plugin_unuse(p);
}

/* A new file under the old name is another plugin, with code and data of its own. */
static void loads_a_new_version(struct scene *s)
{
    const char *path = scene_put(s, 0, "good");
    scene_open(s);
    struct plugin *p = use(s, "bs:good");
    const struct tgt_plugin *old = p->desc;
    plugin_unuse(p);
    g_assert_true(plugin_unload(p, NULL));
    g_assert_cmpint(unlink(path), ==, 0);
    scene_put(s, 0, "good");
    g_assert_true(use(s, "bs:good") == p);
    g_assert_true(p->desc != old);
    plugin_unuse(p);
}

/* Two files that were opened on the same descriptor number are two plugins. */
static void keeps_plugins_apart(struct scene *s)
{
    scene_put(s, 0, "good");
    scene_put(s, 0, "short-table");
    scene_open(s);
    struct plugin *good = use(s, "bs:good"), *other = use(s, "bs:short-table");
    g_assert_true(good->desc != other->desc);
    g_assert_cmpstr(good->desc->name, ==, "good");
    g_assert_cmpstr(other->desc->name, ==, "short-table");
    plugin_unuse(good);
    plugin_unuse(other);
}

static void refuses_overwritten_code(struct scene *s)
{
    g_autoptr(GError) error = NULL;
    const char *path = scene_put(s, 0, "good");
    scene_open(s);
    struct plugin *p = use(s, "bs:good");
    plugin_unuse(p);
    g_assert_true(plugin_unload(p, NULL));
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    g_assert_cmpint(write(fd, "x", 1), ==, 1);
    close(fd);
    g_assert_null(plugin_use(s->plugins, "bs:good", &error));
    g_assert_error(error, CORE_ERROR, CORE_ERROR_PLUGIN);
    g_assert_true(g_str_has_suffix(
        error->message,
        " was overwritten while tgtd had it mapped, a new file is needed: restart tgtd"));
}

static void zero_extends_a_short_table(struct scene *s)
{
    scene_put(s, 0, "short-table");
    scene_open(s);
    struct plugin *p = use(s, "bs:short-table");
    g_assert_nonnull(p->bs.read);
    g_assert_null(p->bs.write);
    g_assert_null(p->bs.refresh);
    plugin_unuse(p);
}

/* The test store keeps a pointer that is off by its parameter `level`. */
static long level_of(const struct plugin *p, void *memory)
{
    return (long)((char *)p->data - (char *)memory);
}

static void passes_parameters(struct scene *s)
{
    void *handle = NULL;
    struct tgt_bs_info info = {.struct_size = sizeof info};
    scene_put(s, 0, "good");
    scene_conf(s, 0, "good", "[params]\nlevel=5\n");
    scene_conf(s, 1, "good", "[plugin]\nload=auto\n[params]\nlevel=7\nkey=top secret\n");
    scene_open(s);
    struct plugin *p = use(s, "bs:good");
    p->bs.open(NULL, &info, &handle, NULL);
    g_assert_cmpint(level_of(p, handle), ==, 7);
    g_assert_cmpstr(params_text(p->params, "key"), ==, "***");
    g_assert_cmpstr(params_str(p->params, "key"), ==, "top secret");
    plugin_unuse(p);
}

static void loads_at_start(struct scene *s)
{
    const char *good = scene_put(s, 0, "good"), *bad = scene_put(s, 0, "fail-load");
    scene_conf(s, 0, "good", "[plugin]\nload=yes\n");
    scene_conf(s, 0, "fail-load", "[plugin]\nload=yes\n");
    scene_open(s);
    scene_expect(s, good, PLUGIN_IDLE, NULL);
    g_assert_cmpint(scene_plugin(s, bad)->state, ==, PLUGIN_FAILED);
}

static void loads_by_command(struct scene *s)
{
    g_autoptr(GError) error = NULL;
    const char *path = scene_put(s, 0, "good");
    scene_conf(s, 1, "good", "[plugin]\nload=no\n");
    scene_open(s);
    struct plugin *p = scene_plugin(s, path);
    g_assert_null(plugin_use(s->plugins, "bs:good", NULL));
    g_assert_true(scene_load(s, p, &error));
    g_assert_no_error(error);
    g_assert_true(scene_load(s, p, &error));
    g_assert_true(use(s, "bs:good") == p);
    plugin_unuse(p);
    g_assert_true(plugin_unload(p, &error));
    g_assert_cmpint(scene_plugin(s, path)->state, ==, PLUGIN_DISABLED);
}

/* No command is needed once the reason is gone. */
static void uses_what_is_no_longer_disabled(struct scene *s)
{
    scene_put(s, 0, "good");
    scene_conf(s, 1, "good", "[plugin]\nload=no\n");
    scene_open(s);
    g_assert_null(plugin_use(s->plugins, "bs:good", NULL));
    scene_conf(s, 1, "good", "[plugin]\nload=auto\n");
    plugin_unuse(use(s, "bs:good"));
}

/* What failed is tried again by command, with the drop-in file as it is now. */
static void tries_anew_by_command(struct scene *s)
{
    g_autoptr(GError) error = NULL;
    const char *path = scene_put(s, 0, "good");
    scene_conf(s, 1, "good", "[params]\nlevel=none\n");
    scene_open(s);
    g_assert_null(plugin_use(s->plugins, "bs:good", NULL));
    g_assert_cmpint(scene_plugin(s, path)->state, ==, PLUGIN_FAILED);
    scene_conf(s, 1, "good", "[params]\nlevel=1\n");
    g_assert_true(scene_load(s, scene_plugin(s, path), &error));
    g_assert_no_error(error);
}

static void load_reports_why_not(struct scene *s)
{
    g_autoptr(GError) error = NULL;
    const char *path = scene_put(s, 0, "crash-load");
    scene_open(s);
    g_assert_false(scene_load(s, scene_plugin(s, path), &error));
    g_assert_error(error, CORE_ERROR, CORE_ERROR_PLUGIN);
    g_assert_nonnull(strstr(error->message, "crashed in its load()"));
}

static void starts_anew_in_one_process(struct scene *s)
{
    scene_put(s, 0, "good");
    for (unsigned i = 0; i < 3; i++) {
        scene_open(s);
        struct plugin *p = use(s, "bs:good");
        g_assert_true(plugin_of(p->desc) == p);
        plugin_unuse(p);
    }
}

int main(int argc, char **argv)
{
    static const struct scene_test tests[] = {
        {"loads_on_first_use", loads_on_first_use},
        {"unloads_without_users_only", unloads_without_users_only},
        {"loads_again", loads_again},
        {"loads_a_new_version", loads_a_new_version},
        {"keeps_plugins_apart", keeps_plugins_apart},
        {"refuses_overwritten_code", refuses_overwritten_code},
        {"zero_extends_a_short_table", zero_extends_a_short_table},
        {"passes_parameters", passes_parameters},
        {"loads_at_start", loads_at_start},
        {"loads_by_command", loads_by_command},
        {"uses_what_is_no_longer_disabled", uses_what_is_no_longer_disabled},
        {"tries_anew_by_command", tries_anew_by_command},
        {"load_reports_why_not", load_reports_why_not},
        {"starts_anew_in_one_process", starts_anew_in_one_process},
    };
    g_test_init(&argc, &argv, NULL);
    scene_add("/abi/life", tests, G_N_ELEMENTS(tests));
    return g_test_run();
}
