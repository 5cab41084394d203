/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Configuration files on disk: written safely, with backups of what was there. */
#include "config-file.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "file.h"

/* The file itself, if PATH is a symbolic link. */
static char *real_path(const char *path)
{
    g_autofree char *resolved = realpath(path, NULL);
    return resolved ? g_strdup(resolved) : g_canonicalize_filename(path, NULL);
}

/* "/etc/tgt/backup/targets.conf." */
static char *backup_prefix(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    return g_strdup_printf("%s/backup/%s.", folder, name);
}

static void backup_free(gpointer data)
{
    struct config_backup *b = data;
    g_free(b->id);
    g_free(b->path);
    g_free(b);
}

static gint newest_first(gconstpointer a, gconstpointer b)
{
    return strcmp((*(const struct config_backup *const *)b)->id,
                  (*(const struct config_backup *const *)a)->id);
}

static void add_backup(GPtrArray *list, const char *folder, const char *name, const char *id)
{
    GStatBuf st;
    struct config_backup *b = g_new(struct config_backup, 1);
    *b = (struct config_backup){g_strdup(id), g_build_filename(folder, name, NULL), 0};
    b->size = g_stat(b->path, &st) == 0 ? st.st_size : 0;
    g_ptr_array_add(list, b);
}

GPtrArray *config_file_backups(const char *path)
{
    g_autofree char *real = real_path(path);
    g_autofree char *prefix = backup_prefix(real);
    g_autofree char *folder = g_path_get_dirname(prefix);
    const char *start = strrchr(prefix, '/') + 1;
    GPtrArray *list = g_ptr_array_new_with_free_func(backup_free);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));)
        if (g_str_has_prefix(name, start) && !strpbrk(name + strlen(start), "~."))
            add_backup(list, folder, name, name + strlen(start));
    g_ptr_array_sort(list, newest_first);
    return list;
}

static void forget_old_ones(const char *path)
{
    g_autoptr(GPtrArray) list = config_file_backups(path);
    for (guint i = CONFIG_BACKUPS; i < list->len; i++)
        g_unlink(((const struct config_backup *)list->pdata[i])->path);
}

/* A name that no other backup has. */
static char *new_id(const char *prefix)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *stamp = g_date_time_format(now, "%Y%m%dT%H%M%SZ");
    for (unsigned n = 0;; n++) {
        g_autofree char *id = n ? g_strdup_printf("%s-%u", stamp, n) : g_strdup(stamp);
        g_autofree char *path = g_strconcat(prefix, id, NULL);
        if (!g_file_test(path, G_FILE_TEST_EXISTS))
            return g_steal_pointer(&id);
    }
}

static bool back_up(const char *path, char **id, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autofree char *text = NULL, *prefix = backup_prefix(path), *backup = NULL;
    gsize len;
    *id = NULL;
    if (!g_file_get_contents(path, &text, &len, &problem)) {
        if (g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            return true;
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    *id = new_id(prefix);
    backup = g_strconcat(prefix, *id, NULL);
    if (!file_replace(backup, "~new", text, len, error))
        return false;
    forget_old_ones(path);
    return true;
}

bool config_file_save(const char *path, const char *text, char **id, GError **error)
{
    g_autofree char *real = real_path(path);
    return back_up(real, id, error) && file_replace(real, "~new", text, strlen(text), error);
}

bool config_file_restore(const char *path, const char *id, GError **error)
{
    g_autoptr(GPtrArray) list = config_file_backups(path);
    g_autofree char *text = NULL, *old = NULL;
    for (guint i = 0; i < list->len; i++) {
        const struct config_backup *b = list->pdata[i];
        if (strcmp(b->id, id) == 0)
            return g_file_get_contents(b->path, &text, NULL, error) &&
                   config_file_save(path, text, &old, error);
    }
    g_set_error(error, CORE_ERROR, CORE_ERROR_NOT_FOUND,
                "there is no backup '%s' of %s; 'tgtctl config backup list' shows them", id, path);
    return false;
}
