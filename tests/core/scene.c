/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* State directories of tests, and completions as return values. */
#include "scene.h"

#include <glib/gstdio.h>
#include <string.h>

#include "daemon.h"
#include "error.h"

struct fake *scene_start_on(const char *state_dir)
{
    const struct fake_config config = {
        .threads = 2, .buffer_memory = 16 << 20, .state_dir = state_dir};
    return fake_start(&config);
}

struct fake *scene_start(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("tgt-core-XXXXXX", &error);
    g_assert_no_error(error);
    return scene_start_on(dir);
}

char *scene_stop_keep(struct fake *f)
{
    char *dir = g_strdup(daemon_get()->config.state_dir);
    fake_stop(f);
    return dir;
}

static void remove_tree(const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    for (const char *name = dir ? g_dir_read_name(dir) : NULL; name; name = g_dir_read_name(dir)) {
        g_autofree char *child = g_build_filename(path, name, NULL);
        remove_tree(child);
    }
    if (dir)
        g_dir_close(dir);
    g_remove(path);
}

void scene_stop(struct fake *f)
{
    g_autofree char *dir = scene_stop_keep(f);
    if (dir)
        remove_tree(dir);
}

/* ---- Test programs ---- */

struct run {
    const struct scene_test *test;
    struct fake **f;
};

static void run_on_scene(gconstpointer data)
{
    const struct run *run = data;
    *run->f = scene_start();
    run->test->fn();
    scene_stop(*run->f);
}

int scene_main(int argc, char **argv, const char *suite, struct fake **f,
               const struct scene_test *tests, unsigned count)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < count; i++) {
        g_autofree char *path = g_strdup_printf("/%s/%s", suite, tests[i].name);
        struct run *run = g_new(struct run, 1);
        *run = (struct run){&tests[i], f};
        g_test_add_data_func_full(path, run, run_on_scene, g_free);
    }
    return g_test_run();
}

/* ---- Requests ---- */

struct outcome {
    bool done;
    struct core_lu *lu;
    GError *error;
};

static void ended(GError *error, void *data)
{
    struct outcome *o = data;
    o->error = error;
    o->done = true;
}

static void created(struct core_lu *lu, GError *error, void *data)
{
    struct outcome *o = data;
    o->lu = lu;
    ended(error, o);
}

static bool finish(struct outcome *o, GError **error)
{
    fake_until(&o->done);
    if (o->error == NULL)
        return true;
    g_propagate_error(error, o->error);
    return false;
}

struct tgt_target *scene_target(const char *name)
{
    g_autoptr(GError) error = NULL;
    struct tgt_target *target = target_create(name, 0, &error);
    g_assert_no_error(error);
    return target;
}

struct lu_request scene_request(struct tgt_target *target, uint16_t lun)
{
    static char *options[] = {(char *)"size=1M", NULL};
    return (struct lu_request){
        .target = target,
        .lun = lun,
        .type = "disk",
        .store = {.type = "mem", .options = options},
        .physical_exponent = -1,
    };
}

struct core_lu *scene_create(const struct lu_request *request, GError **error)
{
    struct outcome o = {0};
    lu_create(request, created, &o);
    g_assert_false(o.done); /* never from within the call */
    finish(&o, error);
    g_assert_true((o.lu != NULL) == (o.error == NULL));
    return o.lu;
}

struct core_lu *scene_lu(struct tgt_target *target, uint16_t lun)
{
    g_autoptr(GError) error = NULL;
    struct lu_request request = scene_request(target, lun);
    struct core_lu *lu = scene_create(&request, &error);
    g_assert_no_error(error);
    return lu;
}

void scene_expect(GError *error, int code, const char *text)
{
    g_assert_error(error, CORE_ERROR, code);
    if (strstr(error->message, text) == NULL)
        g_error("'%s' does not say '%s'", error->message, text);
    g_error_free(error);
}

bool scene_set(struct core_lu *lu, const char *key, const char *value, GError **error)
{
    struct outcome o = {0};
    lu_set(lu, key, value, ended, &o);
    return finish(&o, error);
}

bool scene_resize(struct core_lu *lu, GError **error)
{
    struct outcome o = {0};
    lu_resize(lu, ended, &o);
    return finish(&o, error);
}

bool scene_resize_to(struct core_lu *lu, uint64_t size, bool shrink, GError **error)
{
    struct outcome o = {0};
    lu_resize_to(lu, size, shrink, ended, &o);
    return finish(&o, error);
}

bool scene_target_delete(struct tgt_target *target, bool force, GError **error)
{
    struct outcome o = {0};
    target_delete(target, force, ended, &o);
    g_assert_false(o.done);
    return finish(&o, error);
}
