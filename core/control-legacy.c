/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The management socket of tgt, for tgtadm programs that are not ours. The main thread only accepts
 * and looks who comes; a thread of a bounded pool reads the request, makes calls of it on a control
 * connection within the daemon, and answers (legacy/serve.c). */
#include "control-legacy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control.h"
#include "error.h"
#include "legacy.h"
#include "log.h"
#include "rpc.h"
#include "unix-listen.h"

/* Visits at one time; others wait until they are accepted. */
#define VISITS_MAX 16

struct legacy_door {
    struct unix_listener listener;
    int lock; /* -1: not ours */
    struct control *control;
    GThreadPool *pool;
    GMutex mutex;
    GCond left;    /* under mutex: one of the visits is over */
    GQueue visits; /* under mutex: struct visit whose fd is open */
    bool full;     /* under mutex: nobody is accepted */
};

/* For a thread of the pool. */
struct visit {
    int fd, inside;
    GList node; /* of `visits` */
};

static gboolean go_on(gpointer data)
{
    struct legacy_door *door = data;
    unix_listen_pause(&door->listener, false);
    return G_SOURCE_REMOVE;
}

/* From here on, nobody looks at the descriptor. */
static void leave(struct legacy_door *door, struct visit *visit)
{
    g_mutex_lock(&door->mutex);
    g_queue_unlink(&door->visits, &visit->node);
    if (door->full)
        g_idle_add(go_on, door);
    door->full = false;
    g_cond_signal(&door->left);
    g_mutex_unlock(&door->mutex);
}

/* The descriptors, read under the mutex under which the visit has entered: race detectors do not
 * see the lock that the pool has for itself. */
static struct visit take(struct legacy_door *door, const struct visit *visit)
{
    g_mutex_lock(&door->mutex);
    struct visit copy = *visit;
    g_mutex_unlock(&door->mutex);
    return copy;
}

static void serve(gpointer data, gpointer user_data)
{
    struct visit visit = take(user_data, data);
    legacy_serve(visit.fd, rpc_new(visit.inside));
    leave(user_data, data);
    close(visit.fd);
    g_free(data);
}

static void enter(struct legacy_door *door, struct visit *visit)
{
    visit->node.data = visit;
    g_mutex_lock(&door->mutex);
    g_queue_push_tail_link(&door->visits, &visit->node);
    bool full = door->full = g_queue_get_length(&door->visits) >= VISITS_MAX;
    g_mutex_unlock(&door->mutex);
    if (full)
        unix_listen_pause(&door->listener, true);
}

/* tgt's own rule. */
static bool is_like_us(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.uid == geteuid() &&
           peer.gid == getegid();
}

static void on_connection(int fd, void *data)
{
    struct legacy_door *door = data;
    int inside = is_like_us(fd) ? control_inside(door->control) : -1;
    if (inside < 0) {
        close(fd);
        return;
    }
    struct visit *visit = g_new(struct visit, 1);
    *visit = (struct visit){.fd = fd, .inside = inside};
    enter(door, visit);
    g_thread_pool_push(door->pool, visit, NULL);
}

/* tgt locks the same file in the same way. */
static bool take_lock(struct legacy_door *door, const char *path, GError **error)
{
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    g_autofree char *dir = g_path_get_dirname(path), *file = g_strconcat(path, ".lock", NULL);
    if (g_mkdir_with_parents(dir, 0755) < 0)
        return unix_listen_fail(error, CORE_ERROR_FAILED, path, g_strerror(errno));
    door->lock = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (door->lock < 0)
        return unix_listen_fail(error, CORE_ERROR_FAILED, file, g_strerror(errno));
    return fcntl(door->lock, F_OFD_SETLK, &all) == 0 ||
           unix_listen_fail(error, CORE_ERROR_EXISTS, path, "another tgtd runs and holds the lock");
}

struct legacy_door *legacy_door_new(const char *path, struct control *control, GError **error)
{
    struct legacy_door *door = g_new0(struct legacy_door, 1);
    door->listener = (struct unix_listener){.fd = -1, .connection = on_connection, .data = door};
    door->lock = -1;
    door->control = control;
    g_mutex_init(&door->mutex);
    g_cond_init(&door->left);
    door->pool = g_thread_pool_new(serve, door, VISITS_MAX, FALSE, NULL);
    if (take_lock(door, path, error) && unix_listen(&door->listener, path, 0600, error))
        return door;
    legacy_door_free(door);
    return NULL;
}

static void hurry(gpointer visit, gpointer data)
{
    shutdown(((const struct visit *)visit)->fd, SHUT_RD);
}

/* The file stays: a tgtadm that has ended the daemon waits until it is refused, and does not
 * understand that there is no file. Who has not said yet what it wants is not waited for. */
void legacy_door_close(struct legacy_door *door)
{
    if (!door)
        return;
    unix_listen_stop(&door->listener, true);
    g_mutex_lock(&door->mutex);
    g_queue_foreach(&door->visits, hurry, NULL);
    g_mutex_unlock(&door->mutex);
}

void legacy_door_unlock(struct legacy_door *door)
{
    if (door && door->lock >= 0)
        close(door->lock);
    if (door)
        door->lock = -1;
}

static void await_visits(struct legacy_door *door)
{
    g_mutex_lock(&door->mutex);
    while (!g_queue_is_empty(&door->visits))
        g_cond_wait(&door->left, &door->mutex);
    g_mutex_unlock(&door->mutex);
}

void legacy_door_free(struct legacy_door *door)
{
    if (!door)
        return;
    legacy_door_close(door);
    await_visits(door);
    g_thread_pool_free(door->pool, FALSE, TRUE);
    while (g_idle_remove_by_data(door)) {
    }
    legacy_door_unlock(door);
    g_mutex_clear(&door->mutex);
    g_cond_clear(&door->left);
    g_free(door);
}
