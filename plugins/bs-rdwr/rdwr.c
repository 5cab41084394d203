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

/* A write with RWF_DSYNC would be told, and take away from the others, the errors of what others
 * have written. */
void rdwr_end_written(struct rdwr_io *ri)
{
    const struct rdwr *r = ri->rdwr;
    if (r->in_memory || !(r->sync || (ri->io->flags & TGT_BS_FUA)))
        rdwr_end(ri, 0);
    else if (ri->cancelled)
        rdwr_end(ri, -ECANCELED);
    else
        rdwr_commit(ri, RDWR_COMMIT);
}

static bool changes(const struct tgt_bs_io *io)
{
    return io->op != TGT_BS_READ && io->op != TGT_BS_EXTENT;
}

static bool needs_medium(const struct tgt_bs_io *io)
{
    return changes(io) || (io->op == TGT_BS_READ && (io->flags & TGT_BS_FUA));
}

/* The data of a READ with FUA comes from the medium: what is newer in a cache is brought there
 * first (SBC-4 5.11). With sync=on, too: an aborted write may have left something there. */
static void read_or_commit_first(struct rdwr_io *ri)
{
    if ((ri->io->flags & TGT_BS_FUA) && !ri->rdwr->read_only)
        rdwr_commit(ri, RDWR_COMMIT_FIRST);
    else
        rdwr_move(ri);
}

static void start(struct rdwr_io *ri)
{
    switch (ri->io->op) {
    case TGT_BS_READ:
        read_or_commit_first(ri);
        break;
    case TGT_BS_WRITE:
        rdwr_move(ri);
        break;
    case TGT_BS_FLUSH:
        rdwr_commit(ri, RDWR_COMMIT);
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
    default:
        rdwr_end(ri, res);
    }
}

static void rdwr_submit(void *chan, struct tgt_bs_io *io)
{
    struct rdwr_io *ri = io->priv;
    memset(ri, 0, offsetof(struct rdwr_io, window));
    ri->op.done = done;
    ri->rdwr = chan;
    ri->io = io;
    if (needs_medium(io) && rdwr_failed(ri->rdwr))
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
    if (ri->step == RDWR_COMMIT || ri->step == RDWR_COMMIT_FIRST)
        rdwr_commit_cancel(ri);
    else
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
    .resize = rdwr_resize,
};

TGT_PLUGIN_DEFINE(BACKING_STORE, "rdwr", "1.0", "LGPL-2.1-or-later", "Files and block devices",
                  "bs:rdwr", &rdwr_ops, NULL, NULL, TGT_NO_PARAMS);
