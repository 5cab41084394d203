/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data buffers of one I/O thread: two sizes of chunks, recycled last in first out, with limits and
 * queues of waiters.
 *
 * Each use has a part of the pool that no other use can take. A large chunk belongs to one use from
 * the first to the last byte of it that is in use, and counts as a whole even if only a small chunk
 * of it is. Commands take what they need in the order of the uses, so that of different uses they
 * never wait for each other in a circle.
 *
 * Within a part nexuses take turns, and who waits keeps as many blocks from all that came later as
 * it needs itself. A nexus that holds something may take more than one chunk in all only while room
 * for two of the largest commands is left to others, and hold SHARE times what it leaves free of
 * the rest. So who comes anew finds room even beside several that give nothing back; beside so many
 * with commands so large that it does not, it takes its turn once it is the one that has waited
 * longest.
 *
 * So each command gets its buffers in the end. Data-Out is held by commands that wait for older
 * ones of any nexus. Be X the oldest command that has not ended and waits for Data-Out: all older
 * ones that have theirs end, with them what its nexus holds, since a nexus is served in order.
 * Newer ones were served while X waited, and each of them left what X needs.
 * Scratch and Data-In are held by commands that wait for their store and their initiator only. */
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
    BUFFER_OUT,     /* Data-Out, from the command's arrival on */
    BUFFER_SCRATCH, /* what handlers work with; before they run */
    BUFFER_IN,      /* Data-In and parameter data, when nothing else is waited for */
    BUFFER_USES
};

/* What a nexus has of one part. */
struct buffer_share {
    size_t held;  /* bytes */
    GQueue waits; /* struct buffer_wait, by `mine` */
    GList turn;   /* among those that have some waiting */
};

/* Who takes buffers: a nexus. Zero it first; the pool's. */
struct buffer_user {
    struct buffer_share shares[BUFFER_USES];
};

/* A place in a queue for buffers; the pool's from buffer_get() returning -EAGAIN to `ready`. */
struct buffer_wait {
    /* The chunks are in the iovecs that buffer_get() was given, `count` of them; from the pool's
     * thread, at the end of a turn. */
    void (*ready)(struct buffer_wait *wait, unsigned count);
    struct iovec *iov; /* this and all below: the pool's */
    size_t len;
    struct buffer_share *share;
    uint64_t number;  /* in the order of arrival */
    GList mine, node; /* among those of its nexus, of its size; data = this */
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
 * pieces (0 for len 0), or -EAGAIN and queues `wait` (fair, see above; who comes while others wait
 * waits for its turn, too), or -E2BIG when `len` needs more than `max` pieces or than the pool
 * gives at once. `wait` NULL: for a command that is being worked on already, which takes what is
 * free, or -EAGAIN. */
int buffer_get(struct buffer_pool *pool, struct buffer_user *user, enum buffer_use use, size_t len,
               struct iovec *iov, unsigned max, struct buffer_wait *wait);
/* Give chunks back (any iov_len; base addresses as they were given) and wake who waits. */
void buffer_put(struct buffer_pool *pool, struct buffer_user *user, const struct iovec *iov,
                unsigned count);
/* Leave the queue. Nothing happens if not queued. */
void buffer_wait_cancel(struct buffer_pool *pool, struct buffer_wait *wait);

/* Does the user hold bytes of that part while others wait for some? */
bool buffer_hinders(const struct buffer_pool *pool, const struct buffer_user *user,
                    enum buffer_use use);

/* Figures for `stats show`: bytes in use, bytes of the limit, number of waits since the start. */
struct buffer_stats {
    size_t used, limit;
    uint64_t waits;
};
void buffer_pool_stats(const struct buffer_pool *pool, struct buffer_stats *stats);

#endif
