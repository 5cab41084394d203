/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The epoll engine, for where io_uring is refused: tries at once without blocking, waits for
 * descriptors, leaves files to workers. */
#include "ring-poll.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "clock.h"
#include "error.h"

#define EVENTS 64
#define SECOND G_GUINT64_CONSTANT(1000000000)

/* ---- Verbs ---- */

static void poll_readv(struct ring *r, struct tgt_op *op, int fd, const struct iovec *iov,
                       unsigned n, uint64_t offset, int flags)
{
    poll_start_rw(r, op, OP_READV, fd, iov, n, offset, flags);
}

static void poll_writev(struct ring *r, struct tgt_op *op, int fd, const struct iovec *iov,
                        unsigned n, uint64_t offset, int flags)
{
    poll_start_rw(r, op, OP_WRITEV, fd, iov, n, offset, flags);
}

static void poll_fsync(struct ring *r, struct tgt_op *op, int fd, bool data_only)
{
    poll_start(r, op, OP_FSYNC, fd)->flags = data_only;
    poll_leave_file_to_worker(r, op);
}

static void poll_fallocate(struct ring *r, struct tgt_op *op, int fd, int mode, uint64_t offset,
                           uint64_t length)
{
    struct op_priv *p = poll_start(r, op, OP_FALLOCATE, fd);
    p->flags = mode;
    p->offset = offset;
    p->length = length;
    poll_leave_file_to_worker(r, op);
}

static void poll_recvmsg(struct ring *r, struct tgt_op *op, int fd, struct msghdr *msg, int flags)
{
    poll_start_message(r, op, OP_RECVMSG, fd, msg, flags);
}

static void poll_sendmsg(struct ring *r, struct tgt_op *op, int fd, const struct msghdr *msg,
                         int flags)
{
    poll_start_message(r, op, OP_SENDMSG, fd, msg, flags);
}

static void poll_timeout(struct ring *r, struct tgt_op *op, uint64_t ns)
{
    struct op_priv *p = poll_start(r, op, OP_TIMEOUT, -1);
    uint64_t now = clock_ns();
    p->place = OP_TIMER;
    p->deadline = ns < UINT64_MAX - now ? now + ns : UINT64_MAX;
    timers_add(&r->timers, op);
}

static void poll_call(struct ring *r, struct tgt_op *op, int64_t (*fn)(struct tgt_op *),
                      const void *owner)
{
    poll_start(r, op, OP_CALL, -1)->fn = fn;
    poll_leave_to_worker(r, op, owner);
}

static void poll_cancel(struct ring *r, struct tgt_op *op)
{
    struct op_priv *p = op_priv(op);
    if (p->verb == OP_NONE || p->place == OP_ENDED)
        return;
    if (p->place == OP_WAITING)
        op_queue_remove(poll_waiting(r, p->fd), op);
    else if (p->place == OP_TIMER)
        timers_remove(&r->timers, op);
    else if (p->place == OP_FRESH)
        fresh_remove(&r->fresh, op);
    else if (!workers_cancel(r->workers, op))
        return;
    poll_end(r, op, -ECANCELED);
}

/* ---- Waiting ---- */

static void expire(struct ring *r)
{
    struct tgt_op *op = timers_first(&r->timers);
    uint64_t now = op ? clock_ns() : 0;
    while (op && op_priv(op)->deadline <= now) {
        timers_remove(&r->timers, op);
        poll_end(r, op, 0);
        op = timers_first(&r->timers);
    }
}

/* Nanoseconds to sleep at most; UINT64_MAX: for ever. */
static uint64_t sleep_limit(struct ring *r, int timeout_ms)
{
    uint64_t limit = timeout_ms < 0 ? UINT64_MAX : (uint64_t)timeout_ms * 1000000;
    struct tgt_op *op = timers_first(&r->timers);
    if (r->ended.first)
        return 0;
    if (!op || limit == 0)
        return limit;
    uint64_t now = clock_ns(), deadline = op_priv(op)->deadline;
    return MIN(limit, deadline > now ? deadline - now : 0);
}

static int epoll_wait_ns(struct ring *r, struct epoll_event *events, uint64_t ns)
{
    struct timespec ts = {(time_t)(ns / SECOND), (long)(ns % SECOND)};
    if (!r->milliseconds) {
        int n = epoll_pwait2(r->epoll, events, EVENTS, ns == UINT64_MAX ? NULL : &ts, NULL);
        if (n >= 0 || errno != ENOSYS)
            return n;
        r->milliseconds = true;
    }
    uint64_t ms = ns / 1000000 + (ns % 1000000 != 0);
    return epoll_wait(r->epoll, events, EVENTS,
                      ns == UINT64_MAX ? -1 : (int)MIN(ms, (uint64_t)G_MAXINT));
}

static bool watches_same(const struct ring *r, const GPollFD *fds, unsigned n)
{
    if (n != r->watched->len)
        return false;
    for (unsigned i = 0; i < n; i++) {
        const GPollFD *old = &g_array_index(r->watched, GPollFD, i);
        if (old->fd != fds[i].fd || old->events != fds[i].events)
            return false;
    }
    return true;
}

/* The watched descriptors have an epoll of their own: nobody else's use of the same descriptor gets
 * in the way. They hardly ever change, so a new one is made then. */
static void watches_sync(struct ring *r, const GPollFD *fds, unsigned n)
{
    if (watches_same(r, fds, n))
        return;
    if (r->watch_epoll >= 0)
        close(r->watch_epoll);
    r->watch_epoll = epoll_create1(EPOLL_CLOEXEC);
    g_array_set_size(r->watched, 0);
    for (unsigned i = 0; i < n; i++) {
        struct epoll_event event = {.events = fds[i].events};
        if (epoll_ctl(r->watch_epoll, EPOLL_CTL_ADD, fds[i].fd, &event) < 0)
            return;
    }
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = DATA_WATCHES};
    if (epoll_ctl(r->epoll, EPOLL_CTL_ADD, r->watch_epoll, &event) == 0)
        g_array_append_vals(r->watched, fds, n);
}

/* Returns whether a watched descriptor is ready. */
static bool dispatch(struct ring *r, const struct epoll_event *events, int n)
{
    bool watches = false;
    for (int i = 0; i < n; i++) {
        if (events[i].data.u64 == DATA_WATCHES)
            watches = true;
        else if (events[i].data.u64 == DATA_WORKERS)
            poll_take_from_workers(r);
        else
            poll_on_event(r, (int)events[i].data.u64, events[i].events);
    }
    return watches;
}

/* How many events the epoll has, after at most `ns`. */
static int collect(struct ring *r, struct epoll_event *events, uint64_t ns)
{
    if (ns == 0 && r->fresh.n > 0 && !fresh_look(&r->fresh, r->epoll, r, poll_end))
        return 0;
    for (struct tgt_op *op; ns > 0 && (op = fresh_take(&r->fresh));)
        poll_wait_for_fd(r, op);
    return epoll_wait_ns(r, events, r->ended.first ? 0 : ns);
}

static int poll_wait(struct ring *r, GPollFD *fds, unsigned n, int timeout_ms)
{
    struct epoll_event events[EVENTS];
    watches_sync(r, fds, n);
    int count = collect(r, events, sleep_limit(r, timeout_ms));
    bool watches = dispatch(r, events, count);
    expire(r);
    for (unsigned i = 0; i < n; i++)
        fds[i].revents = 0;
    return watches ? MAX(0, g_poll(fds, n, 0)) : 0;
}

/* What the callbacks add is for the next call. */
static unsigned poll_reap(struct ring *r)
{
    struct op_queue batch = r->ended;
    struct tgt_op *op;
    unsigned count = 0;
    r->ended = (struct op_queue){NULL, NULL};
    for (; (op = op_queue_pop(&batch)); count++) {
        r->under_way--;
        op_end(op, op_priv(op)->res);
    }
    return count;
}

static unsigned poll_under_way(const struct ring *r)
{
    return r->under_way;
}

static bool poll_ready(struct ring *r)
{
    return r->ended.first != NULL;
}

static bool poll_pending(struct ring *r, bool closely)
{
    struct tgt_op *timer = timers_first(&r->timers);
    return poll_ready(r) || fresh_look(&r->fresh, r->epoll, r, poll_end) || poll_ready(r) ||
           (timer && op_priv(timer)->deadline <= clock_ns());
}

static struct ring *poll_open(GError **error)
{
    int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_FAILED, "epoll cannot be used: %s",
                    g_strerror(errno));
        return NULL;
    }
    struct ring *r = g_new0(struct ring, 1);
    r->epoll = fd;
    r->watch_epoll = -1;
    r->watched = g_array_new(FALSE, FALSE, sizeof(GPollFD));
    r->waiting = g_array_new(FALSE, TRUE, sizeof(struct op_queue));
    timers_init(&r->timers);
    return r;
}

static void poll_close(struct ring *r)
{
    workers_free(r->workers);
    if (r->watch_epoll >= 0)
        close(r->watch_epoll);
    close(r->epoll);
    g_array_free(r->watched, TRUE);
    g_array_free(r->waiting, TRUE);
    timers_clear(&r->timers);
    g_free(r);
}

const struct ring_ops ring_poll = {
    .name = "poll",
    .open = poll_open,
    .close = poll_close,
    .readv = poll_readv,
    .writev = poll_writev,
    .fsync = poll_fsync,
    .fallocate = poll_fallocate,
    .recvmsg = poll_recvmsg,
    .sendmsg = poll_sendmsg,
    .poll = poll_start_poll,
    .timeout = poll_timeout,
    .call = poll_call,
    .cancel = poll_cancel,
    .wait = poll_wait,
    .reap = poll_reap,
    .ready = poll_ready,
    .pending = poll_pending,
    .under_way = poll_under_way,
};
