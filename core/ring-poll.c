/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The epoll engine, for where io_uring is refused: tries at once without blocking, waits for descriptors, leaves files to workers. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "ring-op.h"
#include "ring-timer.h"
#include "ring-workers.h"
#include "ring.h"

#define EVENTS 64
#define SECOND G_GUINT64_CONSTANT(1000000000)

/* epoll_data: a descriptor, or one of these. */
#define DATA_WORKERS (UINT64_MAX - 0)
#define DATA_WATCHES (UINT64_MAX - 1)

/* Offset of what has none (pipes, sockets). */
#define NO_OFFSET UINT64_MAX

struct ring {
    int epoll;
    int watch_epoll;          /* within `epoll`: the descriptors of the GMainContext; -1: none */
    GArray *watched;          /* GPollFD: what is in there */
    GArray *waiting;          /* struct op_queue by descriptor: operations that wait for it */
    struct op_queue ended;
    struct timers timers;
    struct workers *workers;  /* made when needed */
    bool milliseconds;        /* the kernel has no epoll_pwait2() */
};

static uint64_t now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * SECOND + (uint64_t)ts.tv_nsec;
}

static int64_t result(int64_t res)
{
    return res < 0 ? -errno : res;
}

/* To be delivered by reap(). */
static void end_later(struct ring *r, struct tgt_op *op, int64_t res)
{
    struct op_priv *p = op_priv(op);
    p->place = OP_ENDED;
    p->res = res;
    op_queue_push(&r->ended, op);
}

/* ---- Workers ---- */

static int64_t work(struct tgt_op *op)
{
    struct op_priv *p = op_priv(op);
    switch (p->verb) {
    case OP_READV:
        return result(preadv2(p->fd, p->ptr, (int)p->n, (off_t)p->offset, p->flags));
    case OP_WRITEV:
        return result(pwritev2(p->fd, p->ptr, (int)p->n, (off_t)p->offset, p->flags));
    case OP_FSYNC:
        return result(p->flags ? fdatasync(p->fd) : fsync(p->fd));
    case OP_FALLOCATE:
        return result(fallocate(p->fd, p->flags, (off_t)p->offset, (off_t)p->length));
    default:
        return p->fn(op);
    }
}

static bool workers_ready(struct ring *r)
{
    if (r->workers)
        return true;
    r->workers = workers_new(work);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = DATA_WORKERS};
    if (r->workers && epoll_ctl(r->epoll, EPOLL_CTL_ADD, workers_fd(r->workers), &event) < 0)
        g_clear_pointer(&r->workers, workers_free);
    return r->workers != NULL;
}

static void leave_to_worker(struct ring *r, struct tgt_op *op)
{
    if (workers_ready(r))
        workers_start(r->workers, op);
    else
        end_later(r, op, -EAGAIN);
}

static void take_from_workers(struct ring *r)
{
    for (struct tgt_op *op = workers_take(r->workers), *next; op; op = next) {
        next = op_priv(op)->next;
        end_later(r, op, op_priv(op)->res);
    }
}

/* ---- Operations that may have to wait for their descriptor ---- */

static int64_t try_poll(const struct op_priv *p)
{
    struct pollfd fd = {p->fd, (short)p->flags, 0};
    int n = poll(&fd, 1, 0);
    if (n <= 0)
        return n < 0 ? -errno : -EAGAIN;
    return fd.revents & POLLNVAL ? -EBADF : fd.revents;
}

static int64_t try_once(const struct op_priv *p)
{
    switch (p->verb) {
    case OP_READV:
        return result(preadv2(p->fd, p->ptr, (int)p->n, (off_t)p->offset, p->flags | RWF_NOWAIT));
    case OP_WRITEV:
        return result(pwritev2(p->fd, p->ptr, (int)p->n, (off_t)p->offset, p->flags | RWF_NOWAIT));
    case OP_RECVMSG:
        return result(recvmsg(p->fd, (struct msghdr *)p->ptr, p->flags | MSG_DONTWAIT));
    case OP_SENDMSG:
        return result(sendmsg(p->fd, p->ptr, p->flags | MSG_DONTWAIT | MSG_NOSIGNAL));
    default:
        return try_poll(p);
    }
}

static int64_t try(const struct op_priv *p)
{
    int64_t res;
    do
        res = try_once(p);
    while (res == -EINTR);
    return res;
}

/* What an operation waits for, in the bits of epoll, which are those of poll(2). */
static uint32_t events_of(const struct op_priv *p)
{
    switch (p->verb) {
    case OP_READV:
    case OP_RECVMSG:
        return EPOLLIN;
    case OP_WRITEV:
    case OP_SENDMSG:
        return EPOLLOUT;
    default:
        return (uint32_t)p->flags;
    }
}

static struct op_queue *waiting_for(struct ring *r, int fd)
{
    if ((guint)fd >= r->waiting->len)
        g_array_set_size(r->waiting, (guint)fd + 1);
    return &g_array_index(r->waiting, struct op_queue, fd);
}

/* One event for the operations that wait for `fd`. It is asked for anew each time, because the number may stand for another file
 * than at the last time: closing a descriptor takes it out of the epoll. */
static int arm(struct ring *r, int fd)
{
    struct epoll_event event = {.events = EPOLLONESHOT, .data.u64 = (uint64_t)fd};
    for (struct tgt_op *op = waiting_for(r, fd)->first; op; op = op_priv(op)->next)
        event.events |= events_of(op_priv(op));
    if (epoll_ctl(r->epoll, EPOLL_CTL_MOD, fd, &event) == 0)
        return 0;
    return errno == ENOENT && epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

static void fail_waiting(struct ring *r, int fd, int error)
{
    struct tgt_op *op;
    while ((op = op_queue_pop(waiting_for(r, fd))))
        end_later(r, op, error);
}

static void wait_for_fd(struct ring *r, struct tgt_op *op)
{
    int fd = op_priv(op)->fd;
    op_priv(op)->place = OP_WAITING;
    op_queue_push(waiting_for(r, fd), op);
    int error = arm(r, fd);
    if (error < 0)
        fail_waiting(r, fd, error);
}

static void on_event(struct ring *r, int fd, uint32_t events)
{
    struct op_queue *q = waiting_for(r, fd);
    for (struct tgt_op *op = q->first, *next; op; op = next) {
        next = op_priv(op)->next;
        if (!(events & (events_of(op_priv(op)) | EPOLLERR | EPOLLHUP)))
            continue;
        int64_t res = try(op_priv(op));
        if (res == -EAGAIN)
            continue;
        op_queue_remove(q, op);
        end_later(r, op, res);
    }
    int error = q->first ? arm(r, fd) : 0;
    if (error < 0)
        fail_waiting(r, fd, error);
}

static void start_message(struct ring *r, struct tgt_op *op, enum op_verb verb, int fd, const struct msghdr *msg, int flags)
{
    struct op_priv *p = op_start(op, verb, fd);
    p->ptr = msg;
    p->flags = flags;
    int64_t res = try(p);
    if (res == -EAGAIN && !(flags & MSG_DONTWAIT))
        wait_for_fd(r, op);
    else
        end_later(r, op, res);
}

/* A write that waits for the disk in any case has nothing to try. */
static int64_t try_rw(struct op_priv *p)
{
    int64_t res = p->flags & (RWF_DSYNC | RWF_SYNC) ? -EOPNOTSUPP : try(p);
    if (res == -ESPIPE) {
        p->offset = NO_OFFSET;
        res = try(p);
    }
    return res;
}

static void start_rw(struct ring *r, struct tgt_op *op, enum op_verb verb, int fd, const struct iovec *iov, unsigned n, uint64_t offset, int flags)
{
    struct op_priv *p = op_start(op, verb, fd);
    p->ptr = iov;
    p->n = n;
    p->offset = offset;
    p->flags = flags;
    int64_t res = try_rw(p);
    if (res == -EAGAIN && (flags & RWF_NOWAIT) == 0 && p->offset == NO_OFFSET)
        wait_for_fd(r, op);
    else if ((res == -EAGAIN || res == -EOPNOTSUPP) && (flags & RWF_NOWAIT) == 0)
        leave_to_worker(r, op);
    else
        end_later(r, op, res);
}

/* ---- Verbs ---- */

static void poll_readv(struct ring *r, struct tgt_op *op, int fd, const struct iovec *iov, unsigned n, uint64_t offset, int flags)
{
    start_rw(r, op, OP_READV, fd, iov, n, offset, flags);
}

static void poll_writev(struct ring *r, struct tgt_op *op, int fd, const struct iovec *iov, unsigned n, uint64_t offset, int flags)
{
    start_rw(r, op, OP_WRITEV, fd, iov, n, offset, flags);
}

static void poll_fsync(struct ring *r, struct tgt_op *op, int fd, bool data_only)
{
    op_start(op, OP_FSYNC, fd)->flags = data_only;
    leave_to_worker(r, op);
}

static void poll_fallocate(struct ring *r, struct tgt_op *op, int fd, int mode, uint64_t offset, uint64_t length)
{
    struct op_priv *p = op_start(op, OP_FALLOCATE, fd);
    p->flags = mode;
    p->offset = offset;
    p->length = length;
    leave_to_worker(r, op);
}

static void poll_recvmsg(struct ring *r, struct tgt_op *op, int fd, struct msghdr *msg, int flags)
{
    start_message(r, op, OP_RECVMSG, fd, msg, flags);
}

static void poll_sendmsg(struct ring *r, struct tgt_op *op, int fd, const struct msghdr *msg, int flags)
{
    start_message(r, op, OP_SENDMSG, fd, msg, flags);
}

static void poll_poll(struct ring *r, struct tgt_op *op, int fd, short events)
{
    struct op_priv *p = op_start(op, OP_POLL, fd);
    p->flags = (unsigned short)events;
    int64_t res = try(p);
    if (res == -EAGAIN)
        wait_for_fd(r, op);
    else
        end_later(r, op, res);
}

static void poll_timeout(struct ring *r, struct tgt_op *op, uint64_t ns)
{
    struct op_priv *p = op_start(op, OP_TIMEOUT, -1);
    uint64_t now = now_ns();
    p->place = OP_TIMER;
    p->deadline = ns < UINT64_MAX - now ? now + ns : UINT64_MAX;
    timers_add(&r->timers, op);
}

static void poll_call(struct ring *r, struct tgt_op *op, int64_t (*fn)(struct tgt_op *))
{
    op_start(op, OP_CALL, -1)->fn = fn;
    leave_to_worker(r, op);
}

static void poll_cancel(struct ring *r, struct tgt_op *op)
{
    struct op_priv *p = op_priv(op);
    if (p->verb == OP_NONE || p->place == OP_ENDED)
        return;
    if (p->place == OP_WAITING)
        op_queue_remove(waiting_for(r, p->fd), op);
    else if (p->place == OP_TIMER)
        timers_remove(&r->timers, op);
    else if (!workers_cancel(r->workers, op))
        return;
    end_later(r, op, -ECANCELED);
}

/* ---- Waiting ---- */

static void expire(struct ring *r)
{
    struct tgt_op *op = timers_first(&r->timers);
    uint64_t now = op ? now_ns() : 0;
    while (op && op_priv(op)->deadline <= now) {
        timers_remove(&r->timers, op);
        end_later(r, op, 0);
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
    uint64_t now = now_ns(), deadline = op_priv(op)->deadline;
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
    return epoll_wait(r->epoll, events, EVENTS, ns == UINT64_MAX ? -1 : (int)MIN(ms, (uint64_t)G_MAXINT));
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

/* The watched descriptors have an epoll of their own: nobody else's use of the same descriptor gets in the way. They hardly ever
 * change, so a new one is made then. */
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
            take_from_workers(r);
        else
            on_event(r, (int)events[i].data.u64, events[i].events);
    }
    return watches;
}

static int poll_wait(struct ring *r, GPollFD *fds, unsigned n, int timeout_ms)
{
    struct epoll_event events[EVENTS];
    watches_sync(r, fds, n);
    int count = epoll_wait_ns(r, events, sleep_limit(r, timeout_ms));
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
    for (; (op = op_queue_pop(&batch)); count++)
        op_end(op, op_priv(op)->res);
    return count;
}

static bool poll_ready(struct ring *r)
{
    return r->ended.first != NULL;
}

static struct ring *poll_open(GError **error)
{
    int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_FAILED, "epoll cannot be used: %s", g_strerror(errno));
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
    .poll = poll_poll,
    .timeout = poll_timeout,
    .call = poll_call,
    .cancel = poll_cancel,
    .wait = poll_wait,
    .reap = poll_reap,
    .ready = poll_ready,
};
