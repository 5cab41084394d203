/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of zeroes, with or without the blocks for them. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tgtimg.h"

static bool failed(GError **error, const char *what, int problem)
{
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(problem), "%s: %s", what,
                g_strerror(problem));
    return false;
}

static int open_new(const char *path, bool *created)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    *created = fd >= 0;
    /* No pipe, and no terminal. */
    return fd >= 0 || errno != EEXIST ? fd
                                      : open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static int fill(int fd, uint64_t bytes, bool thin)
{
    if (ftruncate(fd, 0) < 0)
        return errno;
    if (bytes && !thin)
        return posix_fallocate(fd, 0, (off_t)bytes);
    return ftruncate(fd, (off_t)bytes) < 0 ? errno : 0;
}

static bool make(int fd, const char *path, uint64_t bytes, bool thin, GError **error)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return failed(error, path, errno);
    if (!S_ISREG(st.st_mode)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "%s is not a regular file: use it as it is, or give the name of a file", path);
        return false;
    }
    int problem = fill(fd, bytes, thin);
    return problem == 0 || failed(error, "Failed writing file", problem);
}

bool img_file_make(const char *path, uint64_t bytes, bool thin, GError **error)
{
    bool created;
    int fd = open_new(path, &created);
    if (fd < 0)
        return failed(error, "Failed creating file", errno);
    bool ok = make(fd, path, bytes, thin, error);
    if (close(fd) < 0 && ok)
        ok = failed(error, "Failed writing file", errno);
    if (!ok && created)
        unlink(path);
    return ok;
}
