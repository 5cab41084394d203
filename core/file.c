/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Replaces files so that a crash leaves the old one or the new one. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "error.h"

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

bool file_replace(const char *path, const char *suffix, const char *data, gsize len, GError **error)
{
    g_autofree char *dir = g_path_get_dirname(path);
    g_autofree char *tmp = g_strconcat(path, suffix, NULL);
    if (g_mkdir_with_parents(dir, 0700) < 0)
        return failed("create", dir, error);
    if (!write_new(tmp, data, len, error))
        return false;
    if (rename(tmp, path) < 0)
        return failed("rename", tmp, error);
    return sync_folder(dir, error);
}
