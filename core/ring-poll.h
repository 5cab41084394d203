/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the epoll engine share. */
#ifndef CORE_RING_POLL_H
#define CORE_RING_POLL_H

#include "ring-fresh.h"
#include "ring-op.h"
#include "ring-timer.h"
#include "ring-workers.h"
#include "ring.h"

/* epoll_data: a descriptor, or one of these. */
#define DATA_WORKERS (UINT64_MAX - 0)
#define DATA_WATCHES (UINT64_MAX - 1)

struct ring {
    int epoll;
    int watch_epoll; /* within `epoll`: the descriptors of the GMainContext; -1: none */
    GArray *watched; /* GPollFD: what is in there */
    GArray *waiting; /* struct op_queue by descriptor: operations that wait for it */
    struct op_queue ended;
    struct fresh fresh; /* polls that the epoll does not know of yet */
    struct timers timers;
    struct workers *workers; /* made when needed */
    bool milliseconds;       /* the kernel has no epoll_pwait2() */
    unsigned under_way;      /* operations that have not ended */
};

/* ring-poll-work.c. Begin the life of a started operation. */
struct op_priv *poll_start(struct ring *r, struct tgt_op *op, enum op_verb verb, int fd);
/* It has ended; reap() delivers it. */
void poll_end(struct ring *r, struct tgt_op *op, int64_t res);
/* The result of a system call as an operation reports it. */
int64_t poll_result(int64_t res);
/* On behalf of `owner`, or of the file that it is about. */
void poll_leave_to_worker(struct ring *r, struct tgt_op *op, const void *owner);
void poll_leave_file_to_worker(struct ring *r, struct tgt_op *op);
void poll_take_from_workers(struct ring *r);

/* ring-poll-fd.c: operations that may have to wait for their descriptor. */
void poll_start_message(struct ring *r, struct tgt_op *op, enum op_verb verb, int fd,
                        const struct msghdr *msg, int flags);
void poll_start_rw(struct ring *r, struct tgt_op *op, enum op_verb verb, int fd,
                   const struct iovec *iov, unsigned n, uint64_t offset, int flags);
void poll_start_poll(struct ring *r, struct tgt_op *op, int fd, short events);
/* The epoll reports what happens to its descriptor. */
void poll_wait_for_fd(struct ring *r, struct tgt_op *op);
/* Those that wait for `fd`. */
struct op_queue *poll_waiting(struct ring *r, int fd);
/* Events have come from the epoll. */
void poll_on_event(struct ring *r, int fd, uint32_t events);

#endif
