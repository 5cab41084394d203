/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two listening control sockets: who may connect, how many, and whose socket file it is. */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <grp.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control-client.h"
#include "control-method.h"
#include "error.h"
#include "log.h"

#define CLIENTS_MAX   100u /* per socket: monitoring cannot shut administrators out */
#define MONITOR_GROUP "tgt"

/* One listening socket and its clients. */
struct door {
    char *path;
    int fd; /* -1: not open */
    dev_t dev; /* of the socket file that we have made */
    ino_t ino;
    guint watch;
    bool read_only;
    GPtrArray *clients;
};

struct control {
    int lock; /* held as long as the daemon has anything open: whose socket files these are */
    struct door admin, monitor;
    GPtrArray *last; /* struct control_call: control_answer_last() */
};

static bool fail(GError **error, int code, const char *path, const char *what)
{
    g_set_error(error, CORE_ERROR, code, "control socket %s: %s", path, what);
    return false;
}

static bool address_of(const char *path, struct sockaddr_un *address, GError **error)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address->sun_path))
        return fail(error, CORE_ERROR_INVALID, path, "the path is too long (107 bytes at most)");
    strcpy(address->sun_path, path);
    return true;
}

/* Remove a socket file that nobody listens on any more; nothing else is ever removed. */
static bool clear_stale(const struct sockaddr_un *address, GError **error)
{
    struct stat st;
    if (lstat(address->sun_path, &st) == 0 && !S_ISSOCK(st.st_mode))
        return fail(error, CORE_ERROR_EXISTS, address->sun_path,
                    "there is a file that is no socket; choose another path, or remove it");
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int result = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? errno : 0;
    close(fd);
    if (result == 0)
        return fail(error, CORE_ERROR_EXISTS, address->sun_path,
                    "another tgtd runs and answers there");
    if (result == ENOENT || (result == ECONNREFUSED && unlink(address->sun_path) == 0))
        return true;
    return fail(error, CORE_ERROR_FAILED, address->sun_path, g_strerror(result));
}

/* Members of the group may monitor; without such a group only root may. */
static void give_to_group(const char *path)
{
    char buf[1024];
    struct group group, *found = NULL;
    if (getgrnam_r(MONITOR_GROUP, &group, buf, sizeof(buf), &found) != 0 || !found)
        return;
    if (chown(path, -1, found->gr_gid) < 0)
        log_info("control socket %s: cannot give it to group %s: %s", path, MONITOR_GROUP,
                 g_strerror(errno));
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

static void client_left(struct control_client *client, void *data)
{
    struct door *door = data;
    g_ptr_array_remove_fast(door->clients, client);
}

/* A line that says why, then good-bye. */
static void turn_away(int fd, enum core_error code, const char *kind, const char *why)
{
    g_autofree char *line =
        g_strdup_printf("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":%d,\"message\":"
                        "\"%s\",\"data\":{\"kind\":\"%s\"}}}\n",
                        code, why, kind);
    if (send(fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        log_debug("control socket: %s", g_strerror(errno));
    close(fd);
}

static bool is_administrator(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
           (peer.uid == 0 || peer.uid == geteuid());
}

static void admit(struct door *door, int fd)
{
    if (!door->read_only && !is_administrator(fd))
        turn_away(fd, CORE_ERROR_INVALID, "permission",
                  "only root and the daemon's user may use this socket");
    else if (door->clients->len >= CLIENTS_MAX)
        turn_away(fd, CORE_ERROR_BUSY, "busy", "too many clients are connected to this socket");
    else
        g_ptr_array_add(door->clients, client_new(fd, door->read_only, client_left, door));
}

static gboolean on_connection(gint listener, GIOCondition condition, gpointer data);

static gboolean accept_again(gpointer data)
{
    struct door *door = data;
    door->watch = g_unix_fd_add(door->fd, G_IO_IN, on_connection, door);
    return G_SOURCE_REMOVE;
}

static gboolean on_connection(gint listener, GIOCondition condition, gpointer data)
{
    struct door *door = data;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0)
        admit(door, fd);
    if (fd >= 0 || errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
        return G_SOURCE_CONTINUE;
    /* Out of descriptors or memory: the connection stays in the queue, trying at once would only
     * burn CPU. */
    log_warning("control socket: accept: %s", g_strerror(errno));
    door->watch = g_timeout_add(1000, accept_again, door);
    return G_SOURCE_REMOVE;
}

static bool is_file_of(const struct door *door)
{
    struct stat st;
    return lstat(door->path, &st) == 0 && st.st_dev == door->dev && st.st_ino == door->ino;
}

static void remember_file(struct door *door)
{
    struct stat st = {0};
    if (lstat(door->path, &st) < 0)
        log_warning("control socket %s: %s", door->path, g_strerror(errno));
    door->dev = st.st_dev;
    door->ino = st.st_ino;
}

static bool door_open(struct door *door, mode_t mode, GError **error)
{
    struct sockaddr_un address;
    if (!address_of(door->path, &address, error) || !clear_stale(&address, error))
        return false;
    door->fd = listen_on(&address, mode);
    if (door->fd < 0)
        return fail(error, CORE_ERROR_FAILED, door->path, g_strerror(errno));
    remember_file(door);
    door->watch = g_unix_fd_add(door->fd, G_IO_IN, on_connection, door);
    return true;
}

static void door_init(struct door *door, char *path, bool read_only)
{
    door->path = path;
    door->fd = -1;
    door->read_only = read_only;
    door->clients = g_ptr_array_new();
}

static void stop_listening(struct door *door)
{
    if (door->fd < 0)
        return;
    g_source_remove(door->watch);
    close(door->fd);
    door->fd = -1;
    /* If somebody has cleared the folder, another daemon may have its socket here by now. */
    if (is_file_of(door))
        unlink(door->path);
}

/* Who has nothing under way leaves the list at once. */
static void door_close(struct door *door)
{
    stop_listening(door);
    for (guint i = door->clients->len; i > 0; i--)
        client_finish(door->clients->pdata[i - 1]);
}

static void door_free(struct door *door)
{
    for (guint i = 0; i < door->clients->len; i++)
        client_close(door->clients->pdata[i]);
    g_ptr_array_unref(door->clients);
    g_free(door->path);
}

/* Two daemons that start at the same time must not both find the socket file stale. */
static bool take_lock(struct control *c, GError **error)
{
    g_autofree char *dir = g_path_get_dirname(c->admin.path);
    g_autofree char *path = g_strconcat(c->admin.path, ".lock", NULL);
    if (g_mkdir_with_parents(dir, 0755) < 0)
        return fail(error, CORE_ERROR_FAILED, c->admin.path, g_strerror(errno));
    c->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (c->lock < 0)
        return fail(error, CORE_ERROR_FAILED, path, g_strerror(errno));
    if (flock(c->lock, LOCK_EX | LOCK_NB) < 0)
        return fail(error, CORE_ERROR_EXISTS, c->admin.path,
                    "another tgtd runs, or is not yet at its end, and holds the lock");
    return true;
}

/* Requests may tell secrets, of which jansson makes copies. */
static void wipe_and_free(void *memory)
{
    if (memory)
        explicit_bzero(memory, malloc_usable_size(memory));
    free(memory);
}

struct control *control_new(const char *path, GError **error)
{
    struct control *c = g_new0(struct control, 1);
    json_set_alloc_funcs(malloc, wipe_and_free);
    c->lock = -1;
    c->last = g_ptr_array_new();
    door_init(&c->admin, g_strdup(path), false);
    door_init(&c->monitor, g_strconcat(path, "-ro", NULL), true);
    if (take_lock(c, error) && door_open(&c->admin, 0600, error) &&
        door_open(&c->monitor, 0660, error)) {
        give_to_group(c->monitor.path);
        return c;
    }
    control_free(c);
    return NULL;
}

void control_close(struct control *c)
{
    if (!c)
        return;
    door_close(&c->admin);
    door_close(&c->monitor);
}

void control_answer_last(struct control *c, struct control_call *call)
{
    g_ptr_array_add(c->last, call);
}

void control_free(struct control *c)
{
    if (!c)
        return;
    control_close(c);
    if (c->lock >= 0)
        close(c->lock);
    for (guint i = 0; i < c->last->len; i++)
        control_reply(c->last->pdata[i], NULL);
    g_ptr_array_unref(c->last);
    door_free(&c->admin);
    door_free(&c->monitor);
    g_free(c);
}
