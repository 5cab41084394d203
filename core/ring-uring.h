/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the io_uring engine share. */
#ifndef CORE_RING_URING_H
#define CORE_RING_URING_H

#include <liburing.h>

#include "ring-fresh.h"
#include "ring-op.h"
#include "ring-workers.h"
#include "ring.h"

/* What a completion says. */
struct ended {
    uint64_t user_data;
    int32_t res;
};

struct ring {
    struct io_uring uring;
    struct workers *workers; /* made with the first call() */
    struct watched *calls;   /* workers_fd() */
    GPtrArray *watches;      /* struct watched, as the last wait() was given them */
    unsigned orphans;        /* struct watched that the kernel still points to */
    GArray *
        backlog; /* struct ended: taken out of the completion queue to make room, delivered first */
    struct fresh fresh; /* polls that the kernel does not know of yet */
    unsigned under_way; /* operations that have not ended */
};

/* user_data: an op, a struct watched with the lowest bit set, or 0 for results that nobody asks
 * for. */
#define WATCHED_BIT 1u

/* ring-uring.c. Room for one more operation, to be filled in at once. */
struct io_uring_sqe *uring_sqe(struct ring *r);
/* Ask the kernel to end what bears this user_data; nobody asks how that went. */
void uring_cancel_user_data(struct ring *r, uint64_t user_data);

/* ring-uring-watch.c: descriptors that are watched without an operation: those of the GMainContext,
 * and that of the workers. */
struct watched *watched_new(int fd, short events);
/* One event, unless that is asked for already. */
void watched_arm(struct ring *r, struct watched *w);
/* At once, or when the kernel has let go of it. */
void watched_free(struct ring *r, struct watched *w);
/* A completion with WATCHED_BIT: NULL if it was an orphan's. */
struct watched *watched_ended(struct ring *r, uint64_t user_data);
/* The watches become those of `fds`, armed. */
void watches_sync(struct ring *r, const GPollFD *fds, unsigned n);
/* Note events of watches among the completions; reap() takes them out of the queue. */
void watches_scan(struct ring *r);
/* Fill in revents; how many there are. */
int watches_report(struct ring *r, GPollFD *fds, unsigned n);

#endif
