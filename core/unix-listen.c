/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A listening UNIX socket: whose file it is, and who connects. */
#include "unix-listen.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "error.h"
#include "log.h"

bool unix_listen_fail(GError **error, int code, const char *path, const char *what)
{
    g_set_error(error, CORE_ERROR, code, "control socket %s: %s", path, what);
    return false;
}

static bool address_of(const char *path, struct sockaddr_un *address, GError **error)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address->sun_path))
        return unix_listen_fail(error, CORE_ERROR_INVALID, path,
                                "the path is too long (107 bytes at most)");
    strcpy(address->sun_path, path);
    return true;
}

/* Remove a socket file that nobody listens on any more; nothing else is ever removed. */
static bool clear_stale(const struct sockaddr_un *address, GError **error)
{
    struct stat st;
    if (lstat(address->sun_path, &st) == 0 && !S_ISSOCK(st.st_mode))
        return unix_listen_fail(error, CORE_ERROR_EXISTS, address->sun_path,
                                "there is a file that is no socket; choose another path, or "
                                "remove it");
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int result = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? errno : 0;
    close(fd);
    if (result == 0)
        return unix_listen_fail(error, CORE_ERROR_EXISTS, address->sun_path,
                                "another tgtd runs and answers there");
    if (result == ENOENT || (result == ECONNREFUSED && unlink(address->sun_path) == 0))
        return true;
    return unix_listen_fail(error, CORE_ERROR_FAILED, address->sun_path, g_strerror(result));
}

/* The mode is set between bind() and listen(): nobody can connect before it is right. */
static int listen_on(const struct sockaddr_un *address, mode_t mode)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 &&
        chmod(address->sun_path, mode) == 0 && listen(fd, 128) == 0)
        return fd;
    int problem = errno;
    close(fd);
    errno = problem;
    return -1;
}

static gboolean on_connection(gint listener, GIOCondition condition, gpointer data);

static gboolean accept_again(gpointer data)
{
    struct unix_listener *l = data;
    l->watch = g_unix_fd_add(l->fd, G_IO_IN, on_connection, l);
    return G_SOURCE_REMOVE;
}

/* `connection` may pause or stop the listener: then this source is gone already. */
static gboolean on_connection(gint listener, GIOCondition condition, gpointer data)
{
    struct unix_listener *l = data;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0)
        l->connection(fd, l->data);
    if (fd >= 0 || errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
        return G_SOURCE_CONTINUE;
    /* Out of descriptors or memory: the connection stays in the queue, trying at once would only
     * burn CPU. */
    log_warning("control socket: accept: %s", g_strerror(errno));
    l->watch = g_timeout_add(1000, accept_again, l);
    return G_SOURCE_REMOVE;
}

static bool is_file_of(const struct unix_listener *l)
{
    struct stat st;
    return lstat(l->path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino;
}

static void remember_file(struct unix_listener *l)
{
    struct stat st = {0};
    if (lstat(l->path, &st) < 0)
        log_warning("control socket %s: %s", l->path, g_strerror(errno));
    l->dev = st.st_dev;
    l->ino = st.st_ino;
}

bool unix_listen(struct unix_listener *l, const char *path, mode_t mode, GError **error)
{
    struct sockaddr_un address;
    if (!address_of(path, &address, error) || !clear_stale(&address, error))
        return false;
    l->fd = listen_on(&address, mode);
    if (l->fd < 0)
        return unix_listen_fail(error, CORE_ERROR_FAILED, path, g_strerror(errno));
    l->path = g_strdup(path);
    remember_file(l);
    unix_listen_pause(l, false);
    return true;
}

void unix_listen_pause(struct unix_listener *l, bool pause)
{
    if (l->watch)
        g_source_remove(l->watch);
    l->watch = pause || l->fd < 0 ? 0 : g_unix_fd_add(l->fd, G_IO_IN, on_connection, l);
}

void unix_listen_stop(struct unix_listener *l, bool keep_file)
{
    if (l->fd < 0)
        return;
    unix_listen_pause(l, true);
    close(l->fd);
    l->fd = -1;
    /* If somebody has cleared the folder, another daemon may have its socket here by now. */
    if (!keep_file && is_file_of(l))
        unlink(l->path);
    g_clear_pointer(&l->path, g_free);
}
