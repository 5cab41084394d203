/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Configuration files on disk: written safely, with backups of what was there. */
#ifndef TOOLS_CONFIG_FILE_H
#define TOOLS_CONFIG_FILE_H

#include <glib.h>
#include <stdbool.h>

#define CONFIG_FILE    "/etc/tgt/targets.conf"
#define CONFIG_BACKUPS 20u /* of a file; older ones go */

struct config_backup {
    char *id; /* 20261128T033200Z */
    char *path;
    goffset size;
};

/* Replace PATH (or what it links to) by `text`, mode 0600. What was there becomes a backup in the
 * folder "backup" beside it; *id is its name, NULL: there was nothing. */
bool config_file_save(const char *path, const char *text, char **id, GError **error);
/* Newest first; free with g_ptr_array_unref(). */
GPtrArray *config_file_backups(const char *path);
/* Make a backup the file again; what is there now becomes a backup itself. */
bool config_file_restore(const char *path, const char *id, GError **error);

#endif
