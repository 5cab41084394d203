/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting by io_uring: one system call sends all that is queued, receives, and waits. */
#include "engine.h"

#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* user_data: the connection, and in its lowest bits what has ended. */
enum event { RECEIVED, SENT, WRITABLE, STDIN, EVENT_MASK = 3 };

struct uring {
    struct io_uring ring;
    bool spin;
    bool stdin_ended;
    unsigned sends; /* since the last turn */
};

static struct io_uring_sqe *new_sqe(struct uring *self)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&self->ring);
    if (!sqe)
        load_die("the submission queue is full");
    return sqe;
}

/* After the preparing functions, which clear it in later versions of liburing. */
static void label(struct io_uring_sqe *sqe, struct conn *conn, enum event event)
{
    io_uring_sqe_set_data64(sqe, (uintptr_t)conn | event);
}

static void receive(struct uring *self, struct conn *conn)
{
    struct iovec room = conn_room(conn);
    struct io_uring_sqe *sqe = new_sqe(self);
    io_uring_prep_recv(sqe, conn->fd, room.iov_base, room.iov_len, 0);
    label(sqe, conn, RECEIVED);
}

static void when_writable(struct uring *self, struct conn *conn)
{
    struct io_uring_sqe *sqe = new_sqe(self);
    io_uring_prep_poll_add(sqe, conn->fd, POLLOUT);
    label(sqe, conn, WRITABLE);
}

/* MSG_DONTWAIT: a send ends while it is submitted, whatever comes of it. So a turn can wait for all
 * sends and for one answer, and would not wait for ever if the target read nothing more. */
static void uring_send(void *data, struct conn *conn)
{
    struct uring *self = data;
    struct msghdr *message = conn->sending || conn->full ? NULL : conn_outgoing(conn);
    if (!message)
        return;
    struct io_uring_sqe *sqe = new_sqe(self);
    io_uring_prep_sendmsg(sqe, conn->fd, message, MSG_NOSIGNAL | MSG_DONTWAIT);
    label(sqe, conn, SENT);
    conn->sending = true;
    self->sends++;
}

static unsigned entries_for(unsigned connections)
{
    unsigned entries = 64;
    while (entries < 3 * connections + 1)
        entries *= 2;
    return entries;
}

static void *uring_open(struct conn *conns, unsigned n, bool spin)
{
    struct uring *self = load_allocate(sizeof(*self));
    int error = io_uring_queue_init(entries_for(n), &self->ring,
                                    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
    if (error)
        load_die("io_uring: %s", strerror(-error));
    self->spin = spin;
    for (unsigned i = 0; i < n; i++)
        receive(self, &conns[i]);
    return self;
}

static bool uring_watch_stdin(void *data)
{
    struct uring *self = data;
    struct io_uring_sqe *sqe = new_sqe(self);
    io_uring_prep_poll_add(sqe, STDIN_FILENO, POLLIN);
    label(sqe, NULL, STDIN);
    return true;
}

static void on_received(struct uring *self, struct conn *conn, int result)
{
    conn_received(conn, result);
    conn_fill(conn, load_now());
    uring_send(self, conn);
    receive(self, conn);
}

static void on_sent(struct uring *self, struct conn *conn, int result)
{
    conn->sending = false;
    if (result < 0 && result != -EAGAIN && result != -EINTR)
        load_die("sendmsg: %s", strerror(-result));
    if (result > 0)
        conn_sent(conn, (size_t)result);
    conn->full = result == -EAGAIN;
    if (conn->full)
        when_writable(self, conn);
    uring_send(self, conn);
}

static void on_event(struct uring *self, uint64_t user_data, int result)
{
    struct conn *conn = (struct conn *)(uintptr_t)(user_data & ~(uint64_t)EVENT_MASK);
    switch ((enum event)(user_data & EVENT_MASK)) {
    case RECEIVED:
        on_received(self, conn, result);
        break;
    case SENT:
        on_sent(self, conn, result);
        break;
    case WRITABLE:
        conn->full = false;
        uring_send(self, conn);
        break;
    default:
        self->stdin_ended = true;
    }
}

static void submit_and_wait(struct uring *self, int timeout)
{
    struct io_uring_cqe *cqe;
    struct __kernel_timespec limit = {.tv_nsec = timeout * 1000000ll};
    unsigned wanted = 1 + self->sends;
    self->sends = 0;
    int error = self->spin ? io_uring_submit_and_get_events(&self->ring)
                           : io_uring_submit_and_wait_timeout(&self->ring, &cqe, wanted,
                                                              timeout < 0 ? NULL : &limit, NULL);
    if (error < 0 && error != -ETIME && error != -EINTR)
        load_die("io_uring: %s", strerror(-error));
}

static bool uring_turn(void *data, int timeout)
{
    struct uring *self = data;
    struct io_uring_cqe *cqe;
    submit_and_wait(self, timeout);
    while (!io_uring_peek_cqe(&self->ring, &cqe)) {
        uint64_t user_data = cqe->user_data;
        int result = cqe->res;
        io_uring_cqe_seen(&self->ring, cqe);
        on_event(self, user_data, result);
    }
    return !self->stdin_ended;
}

static void uring_close(void *data)
{
    struct uring *self = data;
    io_uring_queue_exit(&self->ring);
    free(self);
}

const struct engine engine_uring = {
    .name = "uring",
    .open = uring_open,
    .watch_stdin = uring_watch_stdin,
    .send = uring_send,
    .turn = uring_turn,
    .close = uring_close,
};
