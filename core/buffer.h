/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data buffers of one I/O thread: two sizes of chunks, recycled last in first out, with a limit and
 * a queue of waiters. */
#ifndef CORE_BUFFER_H
#define CORE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define BUFFER_SMALL 4096u
#define BUFFER_LARGE 65536u

struct buffer_pool;

/* A place in the queue for buffers. Zero it first. Belongs to the pool from buffer_get() returning
 * false to `ready`. */
struct buffer_wait {
    void (*ready)(struct buffer_wait *wait); /* try again now: call buffer_get() anew; from the
                                                pool's thread, at the end of a turn */
    struct buffer_wait *next, *prev;         /* the pool's */
    size_t need;                             /* the pool's: bytes asked for */
    bool queued;                             /* the pool's */
};

/* `limit` bytes at most; memory is taken from the system (4096-aligned slabs) as needed, never
 * given back before free. */
struct buffer_pool *buffer_pool_new(size_t limit);
void buffer_pool_free(struct buffer_pool *pool); /* everything has been put back */

/* Chunks for `len` bytes into iov (at most `max` pieces): ceil(len / 64 KiB) large ones, or one
 * small for up to 4096 bytes; the iovecs' lengths add up to exactly `len`. Returns the number of
 * pieces (0 for len 0), or -EAGAIN and queues `wait` (fair: first come, first served; a request
 * behind waiters waits too), or -E2BIG when `len` needs more than `max` pieces or than the whole
 * pool. `wait` NULL: -EAGAIN without queueing. */
int buffer_get(struct buffer_pool *pool, size_t len, struct iovec *iov, unsigned max,
               struct buffer_wait *wait);
/* Give chunks back (any iov_len; base addresses as they were given) and wake who waits. */
void buffer_put(struct buffer_pool *pool, const struct iovec *iov, unsigned count);
/* Leave the queue. Nothing happens if not queued. */
void buffer_wait_cancel(struct buffer_pool *pool, struct buffer_wait *wait);

/* Figures for `stats show`: bytes in use, bytes of the limit, number of waits since the start. */
struct buffer_stats {
    size_t used, limit;
    uint64_t waits;
};
void buffer_pool_stats(const struct buffer_pool *pool, struct buffer_stats *stats);

#endif
