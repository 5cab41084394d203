/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The blocking model: plain callbacks of a store, run in a worker thread. */
#include "bs-blocking.h"

#include <errno.h>

#include "bs.h"
#include "ring.h"
#include "thread.h"

static int move(const struct bs_task *t, bool write)
{
    const struct tgt_bs_ops *ops = t->bs->ops;
    uint64_t offset = t->io.offset;
    int result = 0;
    for (unsigned i = 0; i < t->io.iovcnt && result == 0; i++) {
        const struct iovec *v = &t->io.iov[i];
        result = write ? ops->write(t->bs->handle, v->iov_base, v->iov_len, offset)
                       : ops->read(t->bs->handle, v->iov_base, v->iov_len, offset);
        offset += v->iov_len;
    }
    return result;
}

static int describe(struct bs_task *t)
{
    uint64_t length = t->io.length;
    int result = t->bs->ops->extent(t->bs->handle, t->io.offset, &length, &t->io.extent);
    t->io.info = length;
    return result;
}

/* In a worker. plan() and bs_open() made sure that the callback is there. */
static int64_t work(struct tgt_op *op)
{
    struct bs_task *t = (struct bs_task *)((char *)op - G_STRUCT_OFFSET(struct bs_task, op));
    const struct tgt_bs_ops *ops = t->bs->ops;
    switch (t->io.op) {
    case TGT_BS_READ:
        return move(t, false);
    case TGT_BS_WRITE:
        return ops->write ? move(t, true) : -EROFS;
    case TGT_BS_FLUSH:
        return ops->flush ? ops->flush(t->bs->handle) : 0;
    case TGT_BS_DISCARD:
        return ops->discard(t->bs->handle, t->io.length, t->io.offset);
    case TGT_BS_WRITE_ZEROES:
        return ops->write_zeroes(t->bs->handle, t->io.length, t->io.offset, t->io.flags);
    case TGT_BS_EXTENT:
        return describe(t);
    default:
        return -EOPNOTSUPP;
    }
}

static void worked(struct tgt_op *op, int64_t res)
{
    struct bs_task *t = (struct bs_task *)((char *)op - G_STRUCT_OFFSET(struct bs_task, op));
    bs_io_done(&t->io, (int)res);
}

void bs_blocking_start(struct bs_task *t)
{
    struct tgt_thread *thread = t->cmd->thread;
    t->op.done = worked;
    thread->ops->call(thread->ring, &t->op, work, t->bs);
}
