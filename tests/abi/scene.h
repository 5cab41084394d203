/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Directories with plugins and drop-in files for one test, and what is asked about them again and
 * again. */
#ifndef TESTS_ABI_SCENE_H
#define TESTS_ABI_SCENE_H

#include <glib.h>
#include <stdbool.h>

#include "plugin.h"

struct scene {
    char *root;    /* all of it, removed at the end */
    char *dir[2];  /* plugin directories */
    char *conf[2]; /* drop-in folders: vendor, admin */
    char *marker;  /* plugins that run leave a line here */
    struct plugins *plugins;
};

/* A test with a scene of its own. */
struct scene_test {
    const char *name;
    void (*run)(struct scene *scene);
};

/* Adds tests by the name prefix/name. The array stays where it is. */
void scene_add(const char *prefix, const struct scene_test *tests, unsigned count);

struct scene *scene_new(void);
void scene_free(struct scene *scene);

/* Copies a plugin of this build into directory `dir` under the same name; returns its path, owned
 * by the scene. */
const char *scene_put(struct scene *scene, unsigned dir, const char *name);
/* Bytes of a built plugin, to be changed and written. */
char *scene_bytes(const char *name, size_t *len);
const char *scene_write(struct scene *scene, unsigned dir, const char *file, const void *bytes,
                        size_t len);
/* The plugin `good` with a string of its file changed to another of the same length. */
const char *scene_put_changed(struct scene *scene, const char *old, const char *new);
/* A drop-in file. */
void scene_conf(struct scene *scene, unsigned conf, const char *name, const char *text);
/* plugins_new() on the directories; the one before is freed. */
void scene_open(struct scene *scene);
/* The plugin of a file, found by its path. */
struct plugin *scene_plugin(struct scene *scene, const char *path);
/* plugin_load(), waited for. */
bool scene_load(struct scene *scene, struct plugin *plugin, GError **error);
/* What plugins have run until now: their names, one per line. */
char *scene_marks(const struct scene *scene);

/* The plugin is in this state, and its reason is `path` followed by `reason`. */
void scene_expect(struct scene *scene, const char *path, enum plugin_state state,
                  const char *reason);
/* plugin_use() refuses with CORE_ERROR_PLUGIN and this whole sentence behind `path`, and the state
 * becomes that. */
void scene_refused(struct scene *scene, const char *path, const char *provides,
                   enum plugin_state state, const char *reason);

#endif
