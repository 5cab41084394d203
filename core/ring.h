/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two engines behind the verbs of host.h: io_uring, and epoll with worker threads. Same rules,
 * same tests. */
#ifndef CORE_RING_H
#define CORE_RING_H

#include <glib.h>
#include <stdbool.h>
#include <tgt/op.h>

struct msghdr;
struct ring;

/* One engine. All functions on the ring's thread, but wake(). */
struct ring_ops {
    const char *name;
    /* NULL with `error` where the kernel refuses (seccomp, sysctl). */
    struct ring *(*open)(GError **error);
    void (*close)(struct ring *ring); /* nothing is under way */
    void (*readv)(struct ring *, struct tgt_op *, int fd, const struct iovec *, unsigned n,
                  uint64_t offset, int flags);
    void (*writev)(struct ring *, struct tgt_op *, int fd, const struct iovec *, unsigned n,
                   uint64_t offset, int flags);
    void (*fsync)(struct ring *, struct tgt_op *, int fd, bool data_only);
    void (*fallocate)(struct ring *, struct tgt_op *, int fd, int mode, uint64_t offset,
                      uint64_t length);
    void (*recvmsg)(struct ring *, struct tgt_op *, int fd, struct msghdr *, int flags);
    void (*sendmsg)(struct ring *, struct tgt_op *, int fd, const struct msghdr *, int flags);
    void (*poll)(struct ring *, struct tgt_op *, int fd, short events);
    void (*timeout)(struct ring *, struct tgt_op *, uint64_t ns);
    /* `owner`: for whom; what one owner waits for does not hold up the others. */
    void (*call)(struct ring *, struct tgt_op *, int64_t (*fn)(struct tgt_op *), const void *owner);
    void (*cancel)(struct ring *, struct tgt_op *);
    /* The poll function of the thread's GMainContext: submit what is queued, wait at most
     * `timeout_ms` (-1: for ever) for completions or for `fds`, fill their revents, return as
     * poll(2). */
    int (*wait)(struct ring *, GPollFD *fds, unsigned n, int timeout_ms);
    /* Deliver what has completed: calls done callbacks; returns how many. */
    unsigned (*reap)(struct ring *);
    /* Is there a completion to deliver, without a system call? */
    bool (*ready)(struct ring *);
    /* Is there something to deliver by now? Starts what is queued; never sleeps. For spinning.
     * `closely`: finding it soon is worth system calls, even where there is another way. */
    bool (*pending)(struct ring *, bool closely);
    /* Operations that were started and have not ended. */
    unsigned (*under_way)(const struct ring *);
};

extern const struct ring_ops ring_uring; /* ring-uring.c */
extern const struct ring_ops ring_poll;  /* ring-poll.c */

#endif
