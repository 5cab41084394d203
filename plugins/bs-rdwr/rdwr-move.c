/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Store "rdwr": reading and writing, at once in memory, else through the ring. */
#include <errno.h>
#include <sys/uio.h>

#include "rdwr.h"

/* More than this is never moved at once: other connections of the thread wait meanwhile. */
#define AT_ONCE_MAX (1u << 20)

static bool is_read(const struct rdwr_io *ri)
{
    return ri->io->op == TGT_BS_READ;
}

static uint64_t left(const struct rdwr_io *ri)
{
    return ri->io->length - ri->moved;
}

/* The pieces that are left, as many as fit into the window. */
static unsigned fill_window(struct rdwr_io *ri)
{
    uint64_t skip = ri->moved;
    unsigned n = 0;
    for (uint32_t i = 0; i < ri->io->iovcnt && n < RDWR_WINDOW; i++) {
        const struct iovec *piece = &ri->io->iov[i];
        if (skip >= piece->iov_len) {
            skip -= piece->iov_len;
            continue;
        }
        ri->window[n++] = (struct iovec){(char *)piece->iov_base + skip, piece->iov_len - skip};
        skip = 0;
    }
    return n;
}

static unsigned pieces(struct rdwr_io *ri, const struct iovec **iov)
{
    *iov = ri->moved == 0 ? ri->io->iov : ri->window;
    return ri->moved == 0 ? ri->io->iovcnt : fill_window(ri);
}

/* In memory nothing waits, and io_uring would leave it to a worker. */
static int64_t move_now(struct rdwr_io *ri)
{
    const struct iovec *iov;
    int fd = ri->rdwr->fd, n = (int)pieces(ri, &iov);
    off_t offset = (off_t)(ri->io->offset + ri->moved);
    ssize_t res = is_read(ri) ? preadv(fd, iov, n, offset) : pwritev(fd, iov, n, offset);
    return res < 0 ? -errno : res;
}

static void leave_to_ring(struct rdwr_io *ri)
{
    const struct iovec *iov;
    unsigned n = pieces(ri, &iov);
    uint64_t offset = ri->io->offset + ri->moved;
    int flags = ri->rdwr->direct ? TGT_OP_WAITS : 0;
    ri->step = RDWR_MOVE;
    if (is_read(ri))
        tgt_op_readv(ri->io->thread, &ri->op, ri->rdwr->fd, iov, n, offset, flags);
    else
        tgt_op_writev(ri->io->thread, &ri->op, ri->rdwr->fd, iov, n, offset, flags);
}

/* The file has become shorter than the host knows. It is told once, until it has looked. */
static int64_t at_end(struct rdwr *r)
{
    if (!__atomic_exchange_n(&r->shrunk, true, __ATOMIC_RELAXED)) {
        tgt_log(TGT_LOG_WARNING, "rdwr: %s has become smaller", r->path);
        tgt_bs_changed(r);
    }
    return -EIO;
}

/* NFS finds out later that the server has no room for what it had accepted; it tells the next write
 * of that, and then no flush. */
static int64_t failed(struct rdwr_io *ri, int64_t res)
{
    bool no_room = res == -ENOSPC || res == -EDQUOT || res == -EFBIG;
    if (no_room && !is_read(ri) && ri->rdwr->tells_late)
        rdwr_lost(ri->rdwr, res);
    return res;
}

/* After a transfer of `res` bytes: 1: go on, 0: all is done, negative: the error. */
static int64_t advance(struct rdwr_io *ri, int64_t res)
{
    if (res == -EINTR)
        return ri->cancelled ? -ECANCELED : 1;
    if (res < 0)
        return failed(ri, res);
    if (res == 0)
        return is_read(ri) ? at_end(ri->rdwr) : -EIO;
    ri->moved += (uint64_t)res;
    if (left(ri) == 0)
        return 0;
    return ri->cancelled ? -ECANCELED : 1;
}

static void finish(struct rdwr_io *ri, int64_t res)
{
    if (res == 0 && !is_read(ri))
        rdwr_end_written(ri);
    else
        rdwr_end(ri, res);
}

void rdwr_move(struct rdwr_io *ri)
{
    int64_t more = 1;
    if (!ri->rdwr->in_memory || left(ri) > AT_ONCE_MAX) {
        leave_to_ring(ri);
        return;
    }
    if (ri->moved == 0 && rdwr_map_move(ri))
        more = 0;
    while (more > 0)
        more = advance(ri, move_now(ri));
    finish(ri, more);
}

void rdwr_moved(struct rdwr_io *ri, int64_t res)
{
    int64_t more = advance(ri, res);
    if (more > 0)
        rdwr_move(ri);
    else
        finish(ri, more);
}
