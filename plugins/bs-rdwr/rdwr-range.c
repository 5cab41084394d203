/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Store "rdwr": what concerns ranges without moving data. */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "rdwr.h"

#define PUNCH (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)
#define ZERO  (FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE)

static void fallocate_range(struct rdwr_io *ri, int mode)
{
    ri->step = RDWR_RANGE;
    ri->mode = mode;
    tgt_op_fallocate(ri->io->thread, &ri->op, ri->rdwr->fd, mode, ri->io->offset, ri->io->length);
}

/* In a worker. Blocks that are in the range only in part stay: a discard is a hint. */
static int64_t discard_device(struct tgt_op *op)
{
    const struct rdwr_io *ri = (const struct rdwr_io *)op;
    uint64_t granule = ri->rdwr->granule,
             end = (ri->io->offset + ri->io->length) / granule * granule;
    uint64_t begin = (ri->io->offset + granule - 1) / granule * granule;
    if (begin >= end)
        return 0;
    uint64_t range[2] = {begin, end - begin};
    return ioctl(ri->rdwr->fd, BLKDISCARD, range) < 0 ? -errno : 0;
}

void rdwr_discard(struct rdwr_io *ri)
{
    if (!ri->rdwr->device) {
        fallocate_range(ri, PUNCH);
        return;
    }
    ri->step = RDWR_RANGE;
    tgt_op_call(ri->io->thread, &ri->op, discard_device);
}

/* For block devices the kernel does the same as for BLKZEROOUT. */
void rdwr_write_zeroes(struct rdwr_io *ri)
{
    const struct rdwr *r = ri->rdwr;
    bool may_punch = (ri->io->flags & TGT_BS_MAY_UNMAP) && r->can_punch;
    if (r->device && (ri->io->offset | ri->io->length) % r->granule != 0)
        rdwr_end(ri, -EOPNOTSUPP); /* the host writes zeroes */
    else
        fallocate_range(ri, may_punch ? PUNCH : ZERO);
}

void rdwr_range_done(struct rdwr_io *ri, int64_t res)
{
    if (res == -EOPNOTSUPP && ri->io->op == TGT_BS_WRITE_ZEROES && ri->mode == PUNCH &&
        !ri->cancelled)
        fallocate_range(ri, ZERO);
    else if (res >= 0) {
        rdwr_map_forget(ri->rdwr, ri->io->offset, ri->io->length);
        rdwr_end_written(ri);
    } else
        rdwr_end(ri, res == -EINTR ? -EAGAIN : res);
}

/* In a worker. The offset of the descriptor, which this moves, is used by nobody. */
static int64_t find_extent(struct tgt_op *op)
{
    struct tgt_bs_io *io = ((struct rdwr_io *)op)->io;
    int fd = ((struct rdwr_io *)op)->rdwr->fd;
    off_t offset = (off_t)io->offset, data = lseek(fd, offset, SEEK_DATA), end;
    if (data < 0 && errno != ENXIO)
        return -errno;
    bool mapped = data == offset;
    end = mapped ? lseek(fd, offset, SEEK_HOLE) : data;
    uint64_t alike = end > offset ? (uint64_t)(end - offset) : io->length;
    io->extent = mapped ? TGT_BS_MAPPED : TGT_BS_DEALLOCATED;
    io->info = alike < io->length ? alike : io->length;
    return 0;
}

void rdwr_extent(struct rdwr_io *ri)
{
    ri->step = RDWR_EXTENT;
    tgt_op_call(ri->io->thread, &ri->op, find_extent);
}
