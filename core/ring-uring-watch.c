/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The io_uring engine: descriptors that are watched without an operation. */
#include "ring-uring.h"

/* A descriptor that is watched without an operation: one of the GMainContext, or that of the
 * workers. */
struct watched {
    int fd;
    short events, revents; /* revents: came, and is not reported yet */
    bool armed;            /* the kernel has a poll request that points here */
    bool orphan;           /* freed by the completion of that request */
};

struct watched *watched_new(int fd, short events)
{
    struct watched *w = g_new0(struct watched, 1);
    w->fd = fd;
    w->events = events;
    return w;
}

void watched_arm(struct ring *r, struct watched *w)
{
    if (w->armed)
        return;
    struct io_uring_sqe *sqe = uring_sqe(r);
    io_uring_prep_poll_add(sqe, w->fd, (unsigned short)w->events);
    sqe->user_data = (uintptr_t)w | WATCHED_BIT;
    w->armed = true;
}

void watched_free(struct ring *r, struct watched *w)
{
    if (!w->armed) {
        g_free(w);
        return;
    }
    w->orphan = true;
    r->orphans++;
    uring_cancel_user_data(r, (uintptr_t)w | WATCHED_BIT);
}

static struct watched *watched_of(uint64_t user_data)
{
    return (struct watched *)(uintptr_t)(user_data & ~(uint64_t)WATCHED_BIT);
}

struct watched *watched_ended(struct ring *r, uint64_t user_data)
{
    struct watched *w = watched_of(user_data);
    w->armed = false;
    if (!w->orphan)
        return w;
    r->orphans--;
    g_free(w);
    return NULL;
}

static bool watches(const struct watched *w, const GPollFD *fd)
{
    return w->fd == fd->fd && w->events == (short)fd->events;
}

static void watches_set(struct ring *r, unsigned i, const GPollFD *fd)
{
    struct watched *fresh = watched_new(fd->fd, (short)fd->events);
    if (i == r->watches->len) {
        g_ptr_array_add(r->watches, fresh);
        return;
    }
    watched_free(r, r->watches->pdata[i]);
    r->watches->pdata[i] = fresh;
}

void watches_sync(struct ring *r, const GPollFD *fds, unsigned n)
{
    while (r->watches->len > n)
        watched_free(r, g_ptr_array_steal_index(r->watches, r->watches->len - 1));
    for (unsigned i = 0; i < n; i++) {
        if (i == r->watches->len || !watches(r->watches->pdata[i], &fds[i]))
            watches_set(r, i, &fds[i]);
        watched_arm(r, r->watches->pdata[i]);
    }
}

void watches_scan(struct ring *r)
{
    struct io_uring_cqe *cqe;
    unsigned head;
    io_uring_for_each_cqe(&r->uring, head, cqe) {
        if (!(cqe->user_data & WATCHED_BIT))
            continue;
        struct watched *w = watched_of(cqe->user_data);
        if (!w->orphan && w != r->calls)
            w->revents = (short)(cqe->res < 0 ? G_IO_ERR : cqe->res);
    }
}

int watches_report(struct ring *r, GPollFD *fds, unsigned n)
{
    int count = 0;
    for (unsigned i = 0; i < n; i++) {
        struct watched *w = r->watches->pdata[i];
        fds[i].revents = (gushort)w->revents;
        count += w->revents != 0;
        w->revents = 0;
    }
    return count;
}
