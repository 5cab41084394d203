/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The control sockets: who may connect, how many, and whose daemon it is. */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control-client.h"
#include "control-legacy.h"
#include "control-method.h"
#include "error.h"
#include "log.h"
#include "unix-listen.h"

#define CLIENTS_MAX   100u /* per socket: monitoring cannot shut administrators out */
#define MONITOR_GROUP "tgt"

/* One listening socket and its clients. */
struct door {
    struct unix_listener listener;
    char *path;
    bool read_only;
    GPtrArray *clients;
};

struct control {
    int lock; /* held as long as the daemon has anything open: whose socket files these are */
    struct door admin, monitor;
    struct door inside;         /* no socket: for our own threads, control_inside() */
    struct legacy_door *legacy; /* NULL: none */
    GPtrArray *last;            /* struct control_call: control_answer_last() */
};

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

static void on_connection(int fd, void *data)
{
    admit(data, fd);
}

static void door_init(struct door *door, char *path, bool read_only)
{
    door->listener = (struct unix_listener){.fd = -1, .connection = on_connection, .data = door};
    door->path = path;
    door->read_only = read_only;
    door->clients = g_ptr_array_new();
}

/* Who has nothing under way leaves the list at once. */
static void door_close(struct door *door)
{
    unix_listen_stop(&door->listener, false);
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
        return unix_listen_fail(error, CORE_ERROR_FAILED, c->admin.path, g_strerror(errno));
    c->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (c->lock < 0)
        return unix_listen_fail(error, CORE_ERROR_FAILED, path, g_strerror(errno));
    if (flock(c->lock, LOCK_EX | LOCK_NB) < 0)
        return unix_listen_fail(error, CORE_ERROR_EXISTS, c->admin.path,
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
    door_init(&c->inside, NULL, false);
    if (take_lock(c, error) && unix_listen(&c->admin.listener, c->admin.path, 0600, error) &&
        unix_listen(&c->monitor.listener, c->monitor.path, 0660, error)) {
        give_to_group(c->monitor.path);
        return c;
    }
    control_free(c);
    return NULL;
}

bool control_add_legacy(struct control *c, const char *path, GError **error)
{
    c->legacy = legacy_door_new(path, c, error);
    return c->legacy != NULL;
}

int control_inside(struct control *c)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        log_warning("control: %s", g_strerror(errno));
        return -1;
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    g_ptr_array_add(c->inside.clients, client_new(ends[0], false, client_left, &c->inside));
    return ends[1];
}

void control_close(struct control *c)
{
    if (!c)
        return;
    legacy_door_close(c->legacy);
    door_close(&c->admin);
    door_close(&c->monitor);
    door_close(&c->inside);
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
    legacy_door_unlock(c->legacy);
    if (c->lock >= 0)
        close(c->lock);
    for (guint i = 0; i < c->last->len; i++)
        control_reply(c->last->pdata[i], NULL);
    g_ptr_array_unref(c->last);
    door_free(&c->admin);
    door_free(&c->monitor);
    door_free(&c->inside);
    legacy_door_free(c->legacy);
    g_free(c);
}
