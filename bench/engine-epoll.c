/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting by epoll: three system calls for one turn of one connection. */
#include "engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS = 64 };

struct epoll {
    int fd;
    struct conn *conns;
    unsigned n;
    bool spin;
};

static void watch(struct epoll *self, struct conn *conn, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = conn};
    if (epoll_ctl(self->fd, operation, conn->fd, &event))
        load_die("epoll_ctl: %s", strerror(errno));
}

static void *epoll_open(struct conn *conns, unsigned n, bool spin)
{
    struct epoll *self = load_allocate(sizeof(*self));
    *self = (struct epoll){epoll_create1(EPOLL_CLOEXEC), conns, n, spin};
    if (self->fd < 0)
        load_die("epoll_create1: %s", strerror(errno));
    for (unsigned i = 0; i < n; i++)
        watch(self, &conns[i], EPOLL_CTL_ADD, EPOLLIN);
    return self;
}

/* A file or /dev/null as stdin cannot be waited for, and has ended already. */
static bool epoll_watch_stdin(void *data)
{
    struct epoll *self = data;
    struct epoll_event event = {.events = EPOLLIN};
    return !epoll_ctl(self->fd, EPOLL_CTL_ADD, STDIN_FILENO, &event);
}

/* False: the socket is full. */
static bool flush(struct conn *conn)
{
    for (struct msghdr *message; (message = conn_outgoing(conn));) {
        ssize_t sent = sendmsg(conn->fd, message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EAGAIN)
            return false;
        if (sent < 0 && errno != EINTR)
            load_die("sendmsg: %s", strerror(errno));
        if (sent > 0)
            conn_sent(conn, (size_t)sent);
    }
    return true;
}

static void epoll_send(void *data, struct conn *conn)
{
    bool full = !flush(conn);
    if (full != conn->full)
        watch(data, conn, EPOLL_CTL_MOD, EPOLLIN | (full ? EPOLLOUT : 0));
    conn->full = full;
}

static void receive(struct conn *conn)
{
    struct iovec room = conn_room(conn);
    ssize_t length = recv(conn->fd, room.iov_base, room.iov_len, MSG_DONTWAIT);
    conn_received(conn, length < 0 ? -errno : length);
    conn_fill(conn, load_now());
}

/* Whoever spins asks the sockets themselves: that is one call less on the way of an answer. */
static bool spin_turn(struct epoll *self)
{
    for (unsigned i = 0; i < self->n; i++) {
        receive(&self->conns[i]);
        epoll_send(self, &self->conns[i]);
    }
    return true;
}

static bool epoll_turn(void *data, int timeout)
{
    struct epoll *self = data;
    struct epoll_event events[EVENTS];
    if (self->spin)
        return spin_turn(self);
    int n = epoll_wait(self->fd, events, EVENTS, timeout);
    if (n < 0 && errno != EINTR)
        load_die("epoll_wait: %s", strerror(errno));
    for (int i = 0; i < n; i++) {
        struct conn *conn = events[i].data.ptr;
        if (!conn)
            return false;
        if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
            receive(conn);
        epoll_send(self, conn);
    }
    return true;
}

static void epoll_close(void *data)
{
    struct epoll *self = data;
    close(self->fd);
    free(self);
}

const struct engine engine_epoll = {
    .name = "epoll",
    .open = epoll_open,
    .watch_stdin = epoll_watch_stdin,
    .send = epoll_send,
    .turn = epoll_turn,
    .close = epoll_close,
};
