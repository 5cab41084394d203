/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data buffers of one I/O thread: two sizes of chunks, recycled last in first out, with limits and
 * queues of waiters.
 *
 * Each use has a part of the pool that no other use can take. A large chunk belongs to one use from
 * the first to the last byte of it that is in use, and counts as a whole even if only a small chunk
 * of it is: so whatever a command with one use holds, and however long, others find theirs.
 * Commands take what they need in the order of the uses, so they never wait for each other in a
 * circle: Data-Out is held by commands that wait for older ones, which have theirs or stand before
 * them in the queue; Data-In by commands that wait for their store and their initiator only. */
#ifndef CORE_BUFFER_H
#define CORE_BUFFER_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define BUFFER_SMALL 4096u
#define BUFFER_LARGE 65536u
/* The most that is given at once; pools of less than 32 MiB give less. */
#define BUFFER_MOST (4u << 20)

struct buffer_pool;

enum buffer_use {
    BUFFER_OUT, /* Data-Out, from the command's arrival on */
    BUFFER_IN,  /* Data-In and parameter data, when nothing else is waited for */
    BUFFER_USES
};

/* A place in a queue for buffers; the pool's from buffer_get() returning -EAGAIN to `ready`. */
struct buffer_wait {
    /* The chunks are in the iovecs that buffer_get() was given, `count` of them; from the pool's
     * thread, at the end of a turn. */
    void (*ready)(struct buffer_wait *wait, unsigned count);
    struct iovec *iov; /* this and all below: the pool's */
    size_t len;
    GList node;
    uint8_t use;
    bool queued; /* false before first use */
};

/* `limit` bytes at most; memory is taken from the system (4096-aligned slabs) as needed, never
 * given back before free. */
struct buffer_pool *buffer_pool_new(size_t limit);
void buffer_pool_free(struct buffer_pool *pool); /* everything has been put back */
/* Bytes that one call of buffer_get() may ask for. */
size_t buffer_pool_most(const struct buffer_pool *pool);

/* Chunks for `len` bytes into iov (at most `max` pieces): ceil(len / 64 KiB) large ones, or one
 * small for up to 4096 bytes; the iovecs' lengths add up to exactly `len`. Returns the number of
 * pieces (0 for len 0), or -EAGAIN and queues `wait` (fair: first come, first served; a request
 * behind waiters waits too), or -E2BIG when `len` needs more than `max` pieces or than the pool
 * gives at once. `wait` NULL: for a command that is being worked on already, which takes what is
 * free, or -EAGAIN. */
int buffer_get(struct buffer_pool *pool, enum buffer_use use, size_t len, struct iovec *iov,
               unsigned max, struct buffer_wait *wait);
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
