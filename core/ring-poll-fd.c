/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The epoll engine: operations that are tried at once, and wait for their descriptor if that would
 * block. */
#include "ring-poll.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* Offset of what has none (pipes, sockets). */
#define NO_OFFSET UINT64_MAX

/* Linux 5.9 and 5.10 say "end of file" where it would wait (readv(2), BUGS): of a file, a worker
 * finds out. */
static int64_t try_read(const struct op_priv *p)
{
    int64_t res =
        poll_result(preadv2(p->fd, p->ptr, (int)p->n, (off_t)p->offset, p->flags | RWF_NOWAIT));
    bool unsure = res == 0 && p->offset != NO_OFFSET && !(p->flags & RWF_NOWAIT);
    return unsure ? -EAGAIN : res;
}

static int64_t try_once(const struct op_priv *p)
{
    switch (p->verb) {
    case OP_READV:
        return try_read(p);
    case OP_WRITEV:
        return poll_result(
            pwritev2(p->fd, p->ptr, (int)p->n, (off_t)p->offset, p->flags | RWF_NOWAIT));
    case OP_RECVMSG:
        return poll_result(recvmsg(p->fd, (struct msghdr *)p->ptr, p->flags | MSG_DONTWAIT));
    default:
        return poll_result(sendmsg(p->fd, p->ptr, p->flags | MSG_DONTWAIT | MSG_NOSIGNAL));
    }
}

static int64_t try(const struct op_priv *p)
{
    int64_t res;
    do
        res = try_once(p);
    while (res == -EINTR);
    return res;
}

/* What an operation waits for, in the bits of epoll, which are those of poll(2). */
static uint32_t events_of(const struct op_priv *p)
{
    switch (p->verb) {
    case OP_READV:
    case OP_RECVMSG:
        return EPOLLIN;
    case OP_WRITEV:
    case OP_SENDMSG:
        return EPOLLOUT;
    default:
        return (uint32_t)p->flags;
    }
}

struct op_queue *poll_waiting(struct ring *r, int fd)
{
    if ((guint)fd >= r->waiting->len)
        g_array_set_size(r->waiting, (guint)fd + 1);
    return &g_array_index(r->waiting, struct op_queue, fd);
}

/* One event for the operations that wait for `fd`. It is asked for anew each time, because the
 * number may stand for another file than at the last time: closing a descriptor takes it out of the
 * epoll. */
static int arm(struct ring *r, int fd)
{
    struct epoll_event event = {.events = EPOLLONESHOT, .data.u64 = (uint64_t)fd};
    for (struct tgt_op *op = poll_waiting(r, fd)->first; op; op = op_priv(op)->next)
        event.events |= events_of(op_priv(op));
    if (epoll_ctl(r->epoll, EPOLL_CTL_MOD, fd, &event) == 0)
        return 0;
    return errno == ENOENT && epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

/* What the epoll does not take is a file, which is always ready. */
static int64_t refused(const struct op_priv *p, int error)
{
    return error == -EPERM && p->verb == OP_POLL ? p->flags : error;
}

static void fail_waiting(struct ring *r, int fd, int error)
{
    struct tgt_op *op;
    while ((op = op_queue_pop(poll_waiting(r, fd))))
        poll_end(r, op, refused(op_priv(op), error));
}

void poll_wait_for_fd(struct ring *r, struct tgt_op *op)
{
    int fd = op_priv(op)->fd;
    op_priv(op)->place = OP_WAITING;
    op_queue_push(poll_waiting(r, fd), op);
    int error = arm(r, fd);
    if (error < 0)
        fail_waiting(r, fd, error);
}

static int64_t on_event(const struct op_priv *p, uint32_t events)
{
    if (p->verb == OP_POLL)
        return events & (events_of(p) | EPOLLERR | EPOLLHUP);
    return try(p);
}

void poll_on_event(struct ring *r, int fd, uint32_t events)
{
    struct op_queue *q = poll_waiting(r, fd);
    for (struct tgt_op *op = q->first, *next; op; op = next) {
        next = op_priv(op)->next;
        if (!(events & (events_of(op_priv(op)) | EPOLLERR | EPOLLHUP)))
            continue;
        int64_t res = on_event(op_priv(op), events);
        if (res == -EAGAIN)
            continue;
        op_queue_remove(q, op);
        poll_end(r, op, res);
    }
    int error = q->first ? arm(r, fd) : 0;
    if (error < 0)
        fail_waiting(r, fd, error);
}

void poll_start_message(struct ring *r, struct tgt_op *op, enum op_verb verb, int fd,
                        const struct msghdr *msg, int flags)
{
    struct op_priv *p = poll_start(r, op, verb, fd);
    p->ptr = msg;
    p->flags = flags;
    int64_t res = try(p);
    if (res == -EAGAIN && !(flags & MSG_DONTWAIT))
        poll_wait_for_fd(r, op);
    else
        poll_end(r, op, res);
}

/* What waits for the disk in any case has nothing to try. */
static int64_t try_rw(struct op_priv *p, bool waits)
{
    int64_t res = waits || (p->flags & (RWF_DSYNC | RWF_SYNC)) ? -EOPNOTSUPP : try(p);
    if (res == -ESPIPE) {
        p->offset = NO_OFFSET;
        res = try(p);
    }
    return res;
}

void poll_start_rw(struct ring *r, struct tgt_op *op, enum op_verb verb, int fd,
                   const struct iovec *iov, unsigned n, uint64_t offset, int flags)
{
    struct op_priv *p = poll_start(r, op, verb, fd);
    p->ptr = iov;
    p->n = n;
    p->offset = offset;
    p->flags = flags & ~TGT_OP_WAITS;
    int64_t res = try_rw(p, flags & TGT_OP_WAITS);
    if (res == -EAGAIN && (flags & RWF_NOWAIT) == 0 && p->offset == NO_OFFSET)
        poll_wait_for_fd(r, op);
    else if ((res == -EAGAIN || res == -EOPNOTSUPP) && (flags & RWF_NOWAIT) == 0)
        poll_leave_file_to_worker(r, op);
    else
        poll_end(r, op, res);
}

void poll_start_poll(struct ring *r, struct tgt_op *op, int fd, short events)
{
    struct op_priv *p = poll_start(r, op, OP_POLL, fd);
    p->flags = (unsigned short)events;
    if (!fresh_add(&r->fresh, op))
        poll_wait_for_fd(r, op);
}
