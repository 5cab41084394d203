/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Store "rdwr": reading and writing, at once where that does not wait, else through the ring. */
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

/* RWF_NOWAIT does not keep a direct transfer from waiting for the disk. */
static bool can_try(struct rdwr_io *ri)
{
    struct rdwr *r = ri->rdwr;
    if (left(ri) > AT_ONCE_MAX)
        return false;
    if (r->in_memory)
        return true;
    bool *no_nowait = is_read(ri) ? &r->no_nowait_read : &r->no_nowait_write;
    return !r->direct && !__atomic_load_n(no_nowait, __ATOMIC_RELAXED);
}

/* -EAGAIN: it would wait. Linux 5.9 and 5.10 say "end of file" for that, too (readv(2), BUGS). */
static int64_t try(struct rdwr_io *ri)
{
    const struct iovec *iov;
    struct rdwr *r = ri->rdwr;
    int n = (int)pieces(ri, &iov), flags = r->in_memory ? 0 : RWF_NOWAIT;
    off_t offset = (off_t)(ri->io->offset + ri->moved);
    ssize_t res = is_read(ri) ? preadv2(r->fd, iov, n, offset, flags)
                              : pwritev2(r->fd, iov, n, offset, flags);
    if (res == 0 && flags != 0)
        return -EAGAIN;
    if (res >= 0)
        return res;
    if (errno != EOPNOTSUPP || flags == 0)
        return -errno;
    __atomic_store_n(is_read(ri) ? &r->no_nowait_read : &r->no_nowait_write, true,
                     __ATOMIC_RELAXED);
    return -EAGAIN;
}

static void leave_to_ring(struct rdwr_io *ri)
{
    const struct iovec *iov;
    unsigned n = pieces(ri, &iov);
    uint64_t offset = ri->io->offset + ri->moved;
    ri->step = RDWR_MOVE;
    if (is_read(ri))
        tgt_op_readv(ri->io->thread, &ri->op, ri->rdwr->fd, iov, n, offset, 0);
    else
        tgt_op_writev(ri->io->thread, &ri->op, ri->rdwr->fd, iov, n, offset, 0);
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
    int64_t more = ri->moved == 0 && left(ri) <= AT_ONCE_MAX && rdwr_map_move(ri) ? 0 : 1;
    while (more > 0) {
        int64_t res = can_try(ri) ? try(ri) : -EAGAIN;
        if (res == -EAGAIN) {
            leave_to_ring(ri);
            return;
        }
        more = advance(ri, res);
    }
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
