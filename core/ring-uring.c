/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The io_uring engine: one submission queue entry per operation, one system call per turn of the
 * thread. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "error.h"
#include "ring-uring.h"

#define SQ_ENTRIES 1024
#define CQ_ENTRIES 4096
#define BATCH      64

static int64_t run_call(struct tgt_op *op)
{
    return op_priv(op)->fn(op);
}

static struct ended ended_of(const struct io_uring_cqe *cqe)
{
    return (struct ended){cqe->user_data, cqe->res};
}

/* Empty the completion queue without calling anyone. */
static void stash(struct ring *r)
{
    struct io_uring_cqe *cqe;
    unsigned head, count = 0;
    io_uring_for_each_cqe(&r->uring, head, cqe) {
        struct ended e = ended_of(cqe);
        g_array_append_val(r->backlog, e);
        count++;
    }
    io_uring_cq_advance(&r->uring, count);
}

/* Room for one more operation. When the queue is full it is submitted. The kernel refuses that
 * while its own list of completions that did not fit is too long, or while it is out of memory. */
struct io_uring_sqe *uring_sqe(struct ring *r)
{
    struct io_uring_sqe *sqe;
    while (!(sqe = io_uring_get_sqe(&r->uring))) {
        int n = io_uring_submit(&r->uring);
        if (n > 0)
            continue;
        stash(r);
        io_uring_submit_and_get_events(&r->uring);
        if (n != -EBUSY && n != -EINTR && io_uring_sq_space_left(&r->uring) == 0)
            g_usleep(1000);
    }
    return sqe;
}

void uring_cancel_user_data(struct ring *r, uint64_t user_data)
{
    struct io_uring_sqe *sqe = uring_sqe(r);
    io_uring_prep_cancel64(sqe, user_data, 0);
    sqe->user_data = 0;
}

/* An entry for an op; the caller fills it in at once. */
static struct io_uring_sqe *start(struct ring *r, struct tgt_op *op, enum op_verb verb)
{
    r->under_way++;
    op_start(op, verb, -1)->place = OP_KERNEL;
    return uring_sqe(r);
}

/* The kernel finds out by itself whether it has to wait. */
static int kernel_flags(int flags)
{
    return flags & ~TGT_OP_WAITS;
}

static void uring_readv(struct ring *r, struct tgt_op *op, int fd, const struct iovec *iov,
                        unsigned n, uint64_t offset, int flags)
{
    struct io_uring_sqe *sqe = start(r, op, OP_READV);
    if (n == 1 && iov->iov_len <= G_MAXINT32)
        io_uring_prep_read(sqe, fd, iov->iov_base, (unsigned)iov->iov_len, offset);
    else
        io_uring_prep_readv(sqe, fd, iov, n, offset);
    sqe->rw_flags = kernel_flags(flags);
    io_uring_sqe_set_data(sqe, op);
}

static void uring_writev(struct ring *r, struct tgt_op *op, int fd, const struct iovec *iov,
                         unsigned n, uint64_t offset, int flags)
{
    struct io_uring_sqe *sqe = start(r, op, OP_WRITEV);
    if (n == 1 && iov->iov_len <= G_MAXINT32)
        io_uring_prep_write(sqe, fd, iov->iov_base, (unsigned)iov->iov_len, offset);
    else
        io_uring_prep_writev(sqe, fd, iov, n, offset);
    sqe->rw_flags = kernel_flags(flags);
    io_uring_sqe_set_data(sqe, op);
}

static void uring_fsync(struct ring *r, struct tgt_op *op, int fd, bool data_only)
{
    struct io_uring_sqe *sqe = start(r, op, OP_FSYNC);
    io_uring_prep_fsync(sqe, fd, data_only ? IORING_FSYNC_DATASYNC : 0);
    io_uring_sqe_set_data(sqe, op);
}

static void uring_fallocate(struct ring *r, struct tgt_op *op, int fd, int mode, uint64_t offset,
                            uint64_t length)
{
    struct io_uring_sqe *sqe = start(r, op, OP_FALLOCATE);
    io_uring_prep_fallocate(sqe, fd, mode, (off_t)offset, (off_t)length);
    io_uring_sqe_set_data(sqe, op);
}

static void uring_recvmsg(struct ring *r, struct tgt_op *op, int fd, struct msghdr *msg, int flags)
{
    struct io_uring_sqe *sqe = start(r, op, OP_RECVMSG);
    io_uring_prep_recvmsg(sqe, fd, msg, (unsigned)flags);
    io_uring_sqe_set_data(sqe, op);
}

static void uring_sendmsg(struct ring *r, struct tgt_op *op, int fd, const struct msghdr *msg,
                          int flags)
{
    struct io_uring_sqe *sqe = start(r, op, OP_SENDMSG);
    io_uring_prep_sendmsg(sqe, fd, msg, (unsigned)(flags | MSG_NOSIGNAL));
    io_uring_sqe_set_data(sqe, op);
}

static void submit_poll(struct ring *r, struct tgt_op *op)
{
    struct op_priv *p = op_priv(op);
    struct io_uring_sqe *sqe = uring_sqe(r);
    p->place = OP_KERNEL;
    io_uring_prep_poll_add(sqe, p->fd, (unsigned)p->flags);
    io_uring_sqe_set_data(sqe, op);
}

static void uring_poll(struct ring *r, struct tgt_op *op, int fd, short events)
{
    r->under_way++;
    op_start(op, OP_POLL, fd)->flags = (unsigned short)events;
    if (!fresh_add(&r->fresh, op))
        submit_poll(r, op);
}

static void uring_timeout(struct ring *r, struct tgt_op *op, uint64_t ns)
{
    struct io_uring_sqe *sqe = start(r, op, OP_TIMEOUT);
    struct op_priv *p = op_priv(op);
    p->seconds = (int64_t)(ns / G_GUINT64_CONSTANT(1000000000));
    p->nanoseconds = (int64_t)(ns % G_GUINT64_CONSTANT(1000000000));
    io_uring_prep_timeout(sqe, (struct __kernel_timespec *)&p->seconds, 0, 0);
    io_uring_sqe_set_data(sqe, op);
}

static bool workers_ready(struct ring *r)
{
    if (!r->workers && (r->workers = workers_new(run_call)))
        r->calls = watched_new(workers_fd(r->workers), G_IO_IN);
    return r->workers != NULL;
}

/* An op that ends without the kernel; delivered by reap(). */
static void end_later(struct ring *r, struct tgt_op *op, int64_t res)
{
    struct ended e = {(uintptr_t)op, (int32_t)res};
    op_priv(op)->place = OP_ENDED;
    g_array_append_val(r->backlog, e);
}

static void uring_call(struct ring *r, struct tgt_op *op, int64_t (*fn)(struct tgt_op *),
                       const void *owner)
{
    struct op_priv *p = op_start(op, OP_CALL, -1);
    r->under_way++;
    p->fn = fn;
    if (!workers_ready(r)) {
        end_later(r, op, -EAGAIN);
        return;
    }
    watched_arm(r, r->calls);
    workers_start(r->workers, op, owner);
}

static void uring_cancel(struct ring *r, struct tgt_op *op)
{
    struct op_priv *p = op_priv(op);
    if (p->verb == OP_NONE || p->cancelled)
        return;
    p->cancelled = true;
    if (p->place == OP_KERNEL)
        uring_cancel_user_data(r, (uintptr_t)op);
    else if (p->place == OP_WORKERS && workers_cancel(r->workers, op))
        end_later(r, op, -ECANCELED);
    else if (p->place == OP_FRESH) {
        fresh_remove(&r->fresh, op);
        end_later(r, op, -ECANCELED);
    }
}

/* An operation that a worker of the kernel had begun ends with EINTR when it is cancelled. */
static int64_t result_of(const struct op_priv *p, int32_t res)
{
    if (p->verb == OP_TIMEOUT && res == -ETIME)
        return 0;
    return res == -EINTR && p->cancelled ? -ECANCELED : res;
}

static unsigned deliver_calls(struct ring *r)
{
    unsigned count = 0;
    for (struct tgt_op *op = workers_take(r->workers), *next; op; op = next, count++) {
        next = op_priv(op)->next;
        r->under_way--;
        op_end(op, op_priv(op)->res);
    }
    return count;
}

static unsigned deliver_watched(struct ring *r, uint64_t user_data)
{
    struct watched *w = watched_ended(r, user_data);
    if (!w || w != r->calls)
        return 0;
    watched_arm(r, w);
    return deliver_calls(r);
}

static unsigned deliver(struct ring *r, const struct ended *e)
{
    if (!e->user_data)
        return 0;
    if (e->user_data & WATCHED_BIT)
        return deliver_watched(r, e->user_data);
    struct tgt_op *op = (struct tgt_op *)(uintptr_t)e->user_data;
    r->under_way--;
    op_end(op, result_of(op_priv(op), e->res));
    return 1;
}

/* Out of the queue before anyone is called: the callbacks may need room in it. */
static unsigned take_batch(struct ring *r, struct ended *batch, unsigned max)
{
    struct io_uring_cqe *cqe;
    unsigned head, n = 0;
    io_uring_for_each_cqe(&r->uring, head, cqe) {
        batch[n++] = ended_of(cqe);
        if (n == max)
            break;
    }
    io_uring_cq_advance(&r->uring, n);
    return n;
}

/* Callbacks may add to the backlog: only what was there at the start is delivered now. */
static unsigned reap_backlog(struct ring *r)
{
    unsigned count = 0, n = r->backlog->len;
    for (unsigned i = 0; i < n; i++) {
        struct ended e = g_array_index(r->backlog, struct ended, i);
        count += deliver(r, &e);
    }
    if (n)
        g_array_remove_range(r->backlog, 0, n);
    return count;
}

static unsigned uring_reap(struct ring *r)
{
    struct ended batch[BATCH];
    unsigned count = reap_backlog(r), left = io_uring_cq_ready(&r->uring);
    /* Once a callback has stashed, the backlog is older than the queue: that is for the next call.
     */
    while (left > 0 && r->backlog->len == 0) {
        unsigned n = take_batch(r, batch, MIN(left, BATCH));
        for (unsigned i = 0; i < n; i++)
            count += deliver(r, &batch[i]);
        left -= n;
    }
    return count;
}

static bool uring_ready(struct ring *r)
{
    return r->backlog->len > 0 || io_uring_cq_ready(&r->uring) > 0;
}

static unsigned uring_under_way(const struct ring *r)
{
    return r->under_way;
}

/* The kernel says in shared memory that there is work for this thread, or completions that did not
 * fit. */
static bool kernel_calls(const struct ring *r)
{
    return IO_URING_READ_ONCE(*r->uring.sq.kflags) & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW);
}

static void submit_fresh(struct ring *r)
{
    struct tgt_op *op;
    while ((op = fresh_take(&r->fresh)))
        submit_poll(r, op);
}

/* What the kernel has ended is delivered first: that an answer has been sent, before what the peer
 * says to it. */
static void look(struct ring *r)
{
    if (io_uring_sq_ready(&r->uring) > 0 || kernel_calls(r))
        io_uring_submit_and_get_events(&r->uring);
    if (r->fresh.n > 0 && !uring_ready(r))
        fresh_look(&r->fresh, -1, r, end_later);
}

static bool uring_pending(struct ring *r, bool closely)
{
    if (uring_ready(r))
        return true;
    if (!closely)
        submit_fresh(r);
    look(r);
    return uring_ready(r);
}

static void submit_and_wait(struct ring *r, int timeout_ms)
{
    struct io_uring_cqe *cqe;
    struct __kernel_timespec ts = {timeout_ms / 1000, timeout_ms % 1000 * 1000000LL};
    int res;
    if (timeout_ms == 0 || uring_ready(r))
        res = io_uring_submit_and_get_events(&r->uring);
    else if (timeout_ms < 0)
        res = io_uring_submit_and_wait(&r->uring, 1);
    else
        res = io_uring_submit_and_wait_timeout(&r->uring, &cqe, 1, &ts, NULL);
    /* Out of memory: entries stay in the queue and are tried again, but not in a hot loop. */
    if (res < 0 && res != -ETIME && res != -EINTR && res != -EBUSY && !uring_ready(r))
        g_usleep(1000);
}

static int uring_wait(struct ring *r, GPollFD *fds, unsigned n, int timeout_ms)
{
    watches_sync(r, fds, n);
    if (timeout_ms == 0 && io_uring_sq_ready(&r->uring) == 0)
        look(r);
    else {
        submit_fresh(r);
        submit_and_wait(r, timeout_ms);
    }
    watches_scan(r);
    return watches_report(r, fds, n);
}

/* The best mode that the kernel has: completions are worked off when the thread asks for them, and
 * the kernel need not lock. */
static int queue_init(struct io_uring *uring)
{
    static const unsigned modes[] = {
        IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG |
            IORING_SETUP_SUBMIT_ALL,
        IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL,
        0,
    };
    int res = -EINVAL;
    for (unsigned i = 0; i < G_N_ELEMENTS(modes) && res == -EINVAL; i++) {
        struct io_uring_params params = {
            .flags = modes[i] | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP, .cq_entries = CQ_ENTRIES};
        res = io_uring_queue_init_params(SQ_ENTRIES, uring, &params);
    }
    return res;
}

/* Waiting with a time limit, and completions that are never dropped: Linux 5.11. */
static int queue_init_checked(struct io_uring *uring)
{
    const unsigned needed = IORING_FEAT_EXT_ARG | IORING_FEAT_NODROP;
    int res = queue_init(uring);
    if (res == 0 && (uring->features & needed) != needed) {
        io_uring_queue_exit(uring);
        return -ENOSYS;
    }
    return res;
}

static const char *explain(int res)
{
    switch (res) {
    case -EPERM:
    case -EACCES:
        return " (forbidden by the sysctl kernel.io_uring_disabled, a seccomp filter or the "
               "container)";
    case -ENOSYS:
    case -EINVAL:
        return " (Linux 5.11 or newer is needed)";
    case -ENOMEM:
        return " (the limit of locked memory, RLIMIT_MEMLOCK, is too low)";
    default:
        return "";
    }
}

static struct ring *uring_open(GError **error)
{
    struct ring *r = g_new0(struct ring, 1);
    int res = queue_init_checked(&r->uring);
    if (res < 0) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_FAILED, "io_uring cannot be used: %s%s",
                    g_strerror(-res), explain(res));
        g_free(r);
        return NULL;
    }
    io_uring_register_ring_fd(&r->uring);
    r->watches = g_ptr_array_new();
    r->backlog = g_array_new(FALSE, FALSE, sizeof(struct ended));
    return r;
}

/* Watches go when the kernel has let go of them. */
static void uring_close(struct ring *r)
{
    watches_sync(r, NULL, 0);
    if (r->calls)
        watched_free(r, r->calls);
    while (r->orphans > 0) {
        submit_and_wait(r, -1);
        uring_reap(r);
    }
    workers_free(r->workers);
    io_uring_queue_exit(&r->uring);
    g_ptr_array_free(r->watches, TRUE);
    g_array_free(r->backlog, TRUE);
    g_free(r);
}

const struct ring_ops ring_uring = {
    .name = "uring",
    .open = uring_open,
    .close = uring_close,
    .readv = uring_readv,
    .writev = uring_writev,
    .fsync = uring_fsync,
    .fallocate = uring_fallocate,
    .recvmsg = uring_recvmsg,
    .sendmsg = uring_sendmsg,
    .poll = uring_poll,
    .timeout = uring_timeout,
    .call = uring_call,
    .cancel = uring_cancel,
    .wait = uring_wait,
    .reap = uring_reap,
    .ready = uring_ready,
    .pending = uring_pending,
    .under_way = uring_under_way,
};
