/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Backing store "rdwr": a file or a block device, through the rings of the I/O threads. */
#include "rdwr.h"

#include <errno.h>
#include <string.h>

_Static_assert(sizeof(struct rdwr_io) <= TGT_BS_IO_PRIV_MAX,
               "one operation fits into the room that a command has");

void rdwr_end(struct rdwr_io *ri, int64_t res)
{
    tgt_bs_io_done(ri->io, res < 0 ? (int)res : 0);
}

bool rdwr_not_done(int64_t res)
{
    return res == -EAGAIN || res == -ECANCELED || res == -EINTR;
}

void rdwr_flush_failed(struct rdwr *r, int64_t res)
{
    if (__atomic_exchange_n(&r->failed, true, __ATOMIC_RELAXED))
        return;
    tgt_log(TGT_LOG_ERROR,
            "rdwr: %s: flush failed: %s; data written since the last flush may be lost: writes and "
            "flushes fail until the "
            "logical unit is deleted and created again",
            r->path, strerror((int)-res));
}

static bool changes(const struct tgt_bs_io *io)
{
    return io->op != TGT_BS_READ && io->op != TGT_BS_EXTENT;
}

/* The data of a READ with FUA comes from the medium: what is newer in a cache is brought there
 * first (SBC-4 5.11). */
static void read_or_flush_first(struct rdwr_io *ri)
{
    const struct rdwr *r = ri->rdwr;
    if ((ri->io->flags & TGT_BS_FUA) && !r->sync && !r->read_only)
        rdwr_flush(ri, RDWR_FLUSH_FIRST);
    else
        rdwr_move(ri);
}

static void start(struct rdwr_io *ri)
{
    switch (ri->io->op) {
    case TGT_BS_READ:
        read_or_flush_first(ri);
        break;
    case TGT_BS_WRITE:
        rdwr_move(ri);
        break;
    case TGT_BS_FLUSH:
        rdwr_flush(ri, RDWR_FLUSH);
        break;
    case TGT_BS_DISCARD:
        rdwr_discard(ri);
        break;
    case TGT_BS_WRITE_ZEROES:
        rdwr_write_zeroes(ri);
        break;
    case TGT_BS_EXTENT:
        rdwr_extent(ri);
        break;
    default:
        rdwr_end(ri, -EOPNOTSUPP);
    }
}

/* The ends of all operations on the ring. */
static void done(struct tgt_op *op, int64_t res)
{
    struct rdwr_io *ri = (struct rdwr_io *)op;
    switch (ri->step) {
    case RDWR_MOVE:
        rdwr_moved(ri, res);
        break;
    case RDWR_RANGE:
        rdwr_range_done(ri, res);
        break;
    case RDWR_EXTENT:
        rdwr_end(ri, res);
        break;
    default:
        if (res < 0 && !rdwr_not_done(res))
            rdwr_flush_failed(ri->rdwr, res);
        if (ri->step == RDWR_FLUSH_FIRST && res >= 0 && !ri->cancelled)
            rdwr_move(ri);
        else
            rdwr_end(ri, res == -EINTR ? -EAGAIN : res);
    }
}

static void rdwr_submit(void *chan, struct tgt_bs_io *io)
{
    struct rdwr_io *ri = io->priv;
    memset(ri, 0, offsetof(struct rdwr_io, window));
    ri->op.done = done;
    ri->rdwr = chan;
    ri->io = io;
    if (changes(io) && __atomic_load_n(&ri->rdwr->failed, __ATOMIC_RELAXED))
        rdwr_end(ri, -EIO);
    else if (changes(io) && ri->rdwr->read_only)
        rdwr_end(ri, io->op == TGT_BS_FLUSH ? 0 : -EROFS);
    else
        start(ri);
}

/* What waits is given up; what a disk is at work on goes on. */
static void rdwr_cancel(void *chan, struct tgt_bs_io *io)
{
    struct rdwr_io *ri = io->priv;
    (void)chan;
    ri->cancelled = true;
    tgt_op_cancel(io->thread, &ri->op);
}

static const struct tgt_param lu_params[] = {
    {.name = "sync",
     .type = TGT_PARAM_BOOL,
     .def = "off",
     .help = "Make each write durable before it completes (no write cache)."},
    {.name = "direct",
     .type = TGT_PARAM_BOOL,
     .def = "off",
     .help = "Leave the page cache out (O_DIRECT)."},
};

static const struct tgt_bs_ops rdwr_ops = {
    .struct_size = sizeof(struct tgt_bs_ops),
    .model = TGT_BS_ASYNC,
    .io_priv_size = sizeof(struct rdwr_io),
    .lu_param_count = sizeof(lu_params) / sizeof(lu_params[0]),
    .lu_param_size = sizeof(lu_params[0]),
    .lu_params = lu_params,
    .open = rdwr_open,
    .close = rdwr_close,
    .submit = rdwr_submit,
    .cancel = rdwr_cancel,
    .refresh = rdwr_refresh,
    .usage = rdwr_usage,
};

TGT_PLUGIN_DEFINE(BACKING_STORE, "rdwr", "1.0", "LGPL-2.1-or-later", "Files and block devices",
                  "bs:rdwr", &rdwr_ops, NULL, NULL, TGT_NO_PARAMS);
