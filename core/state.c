/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads and atomically replaces files of the state directory. */
#include "state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon.h"
#include "error.h"
#include "file.h"

static const char *state_dir(void)
{
    return daemon_get() != NULL ? daemon_get()->config.state_dir : NULL;
}

bool state_kept(void)
{
    return state_dir() != NULL;
}

/* Names of targets are harmless, but for a file name no one should have to rely on that. None of
 * them has a '~', so a suffix with it makes a name of our own. */
static char *path_of(const char *folder, const char *name, const char *suffix)
{
    g_autofree char *safe = g_strconcat(name[0] == '.' ? "_" : "", name, NULL);
    g_strdelimit(safe, "/~", '_');
    g_autofree char *file = g_strconcat(safe, suffix, NULL);
    return g_build_filename(state_dir(), folder, file, NULL);
}

char *state_read(const char *folder, const char *name, gsize *len, GError **error)
{
    g_autoptr(GError) local = NULL;
    char *data = NULL;
    if (!state_kept())
        return NULL;
    g_autofree char *path = path_of(folder, name, "");
    if (!g_file_get_contents(path, &data, len, &local) &&
        !g_error_matches(local, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        g_set_error_literal(error, CORE_ERROR, CORE_ERROR_FAILED, local->message);
    return data;
}

bool state_write(const char *folder, const char *name, const char *data, gsize len, GError **error)
{
    if (!state_kept()) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID, "there is no state directory");
        return false;
    }
    g_autofree char *path = path_of(folder, name, "");
    return file_replace(path, "~new", data, len, error);
}

bool state_set_aside(const char *folder, const char *name, GError **error)
{
    g_autofree char *path = path_of(folder, name, "");
    g_autofree char *aside = path_of(folder, name, "~damaged");
    if (rename(path, aside) == 0)
        return true;
    int code = errno;
    g_set_error(error, CORE_ERROR, CORE_ERROR_FAILED, "cannot rename %s: %s", path,
                g_strerror(code));
    return false;
}
