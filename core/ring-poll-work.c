/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The epoll engine: begin and end of operations, and those that workers do. */
#include "ring-poll.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

int64_t poll_result(int64_t res)
{
    return res < 0 ? -errno : res;
}

struct op_priv *poll_start(struct ring *r, struct tgt_op *op, enum op_verb verb, int fd)
{
    r->under_way++;
    return op_start(op, verb, fd);
}

void poll_end(struct ring *r, struct tgt_op *op, int64_t res)
{
    struct op_priv *p = op_priv(op);
    p->place = OP_ENDED;
    p->res = res;
    op_queue_push(&r->ended, op);
}

static int64_t work(struct tgt_op *op)
{
    struct op_priv *p = op_priv(op);
    switch (p->verb) {
    case OP_READV:
        return poll_result(preadv2(p->fd, p->ptr, (int)p->n, (off_t)p->offset, p->flags));
    case OP_WRITEV:
        return poll_result(pwritev2(p->fd, p->ptr, (int)p->n, (off_t)p->offset, p->flags));
    case OP_FSYNC:
        return poll_result(p->flags ? fdatasync(p->fd) : fsync(p->fd));
    case OP_FALLOCATE:
        return poll_result(fallocate(p->fd, p->flags, (off_t)p->offset, (off_t)p->length));
    default:
        return p->fn(op);
    }
}

static bool workers_ready(struct ring *r)
{
    if (r->workers)
        return true;
    r->workers = workers_new(work);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = DATA_WORKERS};
    if (r->workers && epoll_ctl(r->epoll, EPOLL_CTL_ADD, workers_fd(r->workers), &event) < 0)
        g_clear_pointer(&r->workers, workers_free);
    return r->workers != NULL;
}

void poll_leave_to_worker(struct ring *r, struct tgt_op *op, const void *owner)
{
    if (workers_ready(r))
        workers_start(r->workers, op, owner);
    else
        poll_end(r, op, -EAGAIN);
}

void poll_leave_file_to_worker(struct ring *r, struct tgt_op *op)
{
    poll_leave_to_worker(r, op, GINT_TO_POINTER(op_priv(op)->fd));
}

void poll_take_from_workers(struct ring *r)
{
    for (struct tgt_op *op = workers_take(r->workers), *next; op; op = next) {
        next = op_priv(op)->next;
        poll_end(r, op, op_priv(op)->res);
    }
}
