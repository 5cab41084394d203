/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Listening sockets that were there before this daemon. */
#include "inherited.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "notify.h"
#include "portal.h"

#define FIRST_FD 3 /* sd_listen_fds(3) */
#define FDS_MAX  1024u

struct socket {
    int fd;
    char *name;
};

struct inherited {
    GPtrArray *sockets; /* struct socket */
};

/* An address as bytes; `any`: it stands for all of its family. */
struct place {
    int family;
    uint8_t bytes[16];
    uint16_t port;
    bool any;
};

static void socket_free(void *data)
{
    struct socket *s = data;
    if (s->fd >= 0)
        close(s->fd);
    g_free(s->name);
    g_free(s);
}

/* ---- From the environment ---- */

static unsigned count_from_environment(void)
{
    const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
    guint64 value;
    if (!pid || !fds || !g_ascii_string_to_unsigned(pid, 10, 1, G_MAXINT, &value, NULL) ||
        value != (guint64)getpid() ||
        !g_ascii_string_to_unsigned(fds, 10, 1, FDS_MAX, &value, NULL))
        return 0;
    return (unsigned)value;
}

static bool listens(int fd)
{
    int yes = 0;
    socklen_t len = sizeof(yes);
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &len) == 0 && yes;
}

static void add(struct inherited *all, int fd, const char *name)
{
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || !listens(fd)) {
        log_warning("descriptor %d, '%s', that was handed over is no socket that listens: it is "
                    "not used",
                    fd, name ? name : "");
        close(fd);
        return;
    }
    struct socket *s = g_new(struct socket, 1);
    *s = (struct socket){fd, g_strdup(name ? name : "")};
    g_ptr_array_add(all->sockets, s);
}

struct inherited *inherited_new(void)
{
    unsigned count = count_from_environment();
    const char *text = getenv("LISTEN_FDNAMES");
    g_auto(GStrv) names = g_strsplit(text ? text : "", ":", -1);
    struct inherited *all = NULL;
    if (count > 0) {
        all = g_new(struct inherited, 1);
        all->sockets = g_ptr_array_new_with_free_func(socket_free);
    }
    for (unsigned i = 0; i < count; i++)
        add(all, FIRST_FD + (int)i, i < g_strv_length(names) ? names[i] : NULL);
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    return all;
}

void inherited_free(struct inherited *all)
{
    if (!all)
        return;
    g_ptr_array_unref(all->sockets);
    g_free(all);
}

/* ---- Which is where? ---- */

static void judge_any(struct place *p)
{
    static const uint8_t zeros[16];
    p->any = memcmp(p->bytes, zeros, sizeof(zeros)) == 0;
}

static bool place_of_socket(int fd, struct place *p)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } a = {0};
    socklen_t len = sizeof(a);
    if (getsockname(fd, &a.any, &len) < 0)
        return false;
    *p = (struct place){.family = a.any.sa_family};
    if (p->family == AF_INET)
        memcpy(p->bytes, &a.v4.sin_addr, sizeof(a.v4.sin_addr));
    else if (p->family == AF_INET6)
        memcpy(p->bytes, &a.v6.sin6_addr, sizeof(a.v6.sin6_addr));
    else
        return false;
    p->port = ntohs(p->family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
    judge_any(p);
    return true;
}

static struct place place_of_where(const struct where *where)
{
    g_autofree char *address = g_strndup(where->address, strcspn(where->address, "%"));
    struct place p = {.family = strchr(address, ':') ? AF_INET6 : AF_INET, .port = where->port};
    inet_pton(p.family, address, p.bytes);
    judge_any(&p);
    return p;
}

/* One that a daemon has kept is for the portal of this name only. */
static bool fits(const struct socket *s, const char *name, const struct place *wanted)
{
    struct place p;
    if (strcmp(s->name, name) == 0)
        return true;
    if (portal_is_store_name(s->name) || !place_of_socket(s->fd, &p))
        return false;
    return p.family == wanted->family && p.port == wanted->port &&
           memcmp(p.bytes, wanted->bytes, sizeof(p.bytes)) == 0;
}

static bool is_in_the_way(const struct socket *s, const struct place *wanted)
{
    struct place p;
    return place_of_socket(s->fd, &p) && p.family == wanted->family && p.port == wanted->port &&
           (p.any || wanted->any || memcmp(p.bytes, wanted->bytes, sizeof(p.bytes)) == 0);
}

/* The service manager has the same socket: by shutdown() it listens no more for anybody. */
static void discard(struct inherited *all, guint index)
{
    const struct socket *s = all->sockets->pdata[index];
    shutdown(s->fd, SHUT_RDWR);
    if (*s->name)
        notify_forget_fd(s->name);
    g_ptr_array_remove_index(all->sockets, index);
}

int inherited_take(struct inherited *all, const char *name, const struct where *where)
{
    const struct place wanted = place_of_where(where);
    for (guint i = 0; all && i < all->sockets->len; i++) {
        struct socket *s = all->sockets->pdata[i];
        if (!fits(s, name, &wanted))
            continue;
        int fd = s->fd;
        s->fd = -1;
        g_ptr_array_remove_index(all->sockets, i);
        return fd;
    }
    for (guint i = all ? all->sockets->len : 0; i > 0; i--)
        if (wanted.port != 0 && is_in_the_way(all->sockets->pdata[i - 1], &wanted))
            discard(all, i - 1);
    return -1;
}

void inherited_drop(struct inherited *all)
{
    while (all && all->sockets->len > 0) {
        log_info("no portal wants the socket '%s' any more",
                 ((const struct socket *)all->sockets->pdata[0])->name);
        discard(all, 0);
    }
}
