/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads and atomically replaces files of the state directory. */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "error.h"

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

static bool failed(const char *what, const char *path, GError **error)
{
    int code = errno;
    g_set_error(error, CORE_ERROR, CORE_ERROR_FAILED, "cannot %s %s: %s", what, path,
                g_strerror(code));
    return false;
}

static bool write_all(int fd, const char *data, gsize len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            data += n;
            len -= (gsize)n;
        }
    }
    return fsync(fd) == 0;
}

static bool write_new(const char *path, const char *data, gsize len, GError **error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return failed("create", path, error);
    bool ok = write_all(fd, data, len) || failed("write", path, error);
    close(fd);
    if (!ok)
        unlink(path);
    return ok;
}

static bool sync_folder(const char *path, GError **error)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return failed("open", path, error);
    bool ok = fsync(fd) == 0 || failed("sync", path, error);
    close(fd);
    return ok;
}

bool state_write(const char *folder, const char *name, const char *data, gsize len, GError **error)
{
    if (!state_kept()) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID, "there is no state directory");
        return false;
    }
    g_autofree char *dir = g_build_filename(state_dir(), folder, NULL);
    g_autofree char *path = path_of(folder, name, "");
    g_autofree char *tmp = path_of(folder, name, "~new");
    if (g_mkdir_with_parents(dir, 0700) < 0)
        return failed("create", dir, error);
    if (!write_new(tmp, data, len, error))
        return false;
    if (rename(tmp, path) < 0)
        return failed("rename", tmp, error);
    return sync_folder(dir, error);
}

bool state_set_aside(const char *folder, const char *name, GError **error)
{
    g_autofree char *path = path_of(folder, name, "");
    g_autofree char *aside = path_of(folder, name, "~damaged");
    return rename(path, aside) == 0 || failed("rename", path, error);
}
