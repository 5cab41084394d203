/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs one operation of a command on its store: calls the store's model, splits, emulates, parks,
 * and reports the end. */
#include "bs.h"

#include <errno.h>
#include <string.h>

#include "bs-blocking.h"
#include "cmd.h"
#include "iov.h"
#include "lu-cache.h"
#include "lu.h"
#include "nexus.h"
#include "plugin.h"
#include "ring.h"
#include "thread.h"

/* How long a store that said -EAGAIN is left in peace. */
#define PARK_NS 1000000u
/* Bytes that one command moves without a break, each request counted as so many more. A store that
 * does all within submit() would otherwise keep the thread from all else, and let a handler of many
 * steps fill the stack. */
#define AT_ONCE   (1u << 20)
#define STEP_COST (64u << 10)

/* What an operation of the store is for. */
enum bs_step {
    STEP_MOVE,    /* a piece of the request itself */
    STEP_ZERO,    /* a piece of WRITE_ZEROES, written from scratch memory */
    STEP_COMPARE, /* COMPARE_AND_WRITE: the read */
    STEP_SWAP,    /* COMPARE_AND_WRITE: the write */
    STEP_FLUSH,   /* the flush that makes an emulated FUA durable */
};

static struct bs_task *task_of(struct tgt_bs_io *io)
{
    return (struct bs_task *)((char *)io - G_STRUCT_OFFSET(struct bs_task, io));
}

/* ---- One operation of the store ---- */

static int task_chan(struct bs_task *t, void **chan)
{
    void **slot = &t->bs->chans[t->cmd->thread->index];
    if (*slot == NULL && t->bs->ops->chan_open == NULL)
        *slot = t->bs->handle;
    int result = *slot != NULL ? 0 : t->bs->ops->chan_open(t->bs->handle, t->cmd->thread, slot);
    *chan = *slot;
    return result;
}

static void task_submit(struct bs_task *t)
{
    void *chan;
    if (t->bs->ops->model == TGT_BS_BLOCKING) {
        bs_blocking_start(t);
        return;
    }
    int result = task_chan(t, &chan);
    if (result < 0)
        bs_io_done(&t->io, result);
    else
        t->bs->ops->submit(chan, &t->io);
}

static void io_set(struct bs_task *t, enum tgt_bs_op op, unsigned flags, uint64_t offset,
                   uint64_t length)
{
    t->io.op = op;
    t->io.flags = flags;
    t->io.extent = TGT_BS_MAPPED;
    t->io.offset = offset;
    t->io.length = length;
    t->io.info = 0;
    t->io.iov = NULL;
    t->io.iovcnt = 0;
    t->io.thread = t->cmd->thread;
}

/* ---- Preparing the next operation of a request ---- */

static uint64_t limit_of(const struct bs_task *t)
{
    const struct tgt_bs_info *info = &t->bs->info;
    switch (t->request.op) {
    case TGT_BS_READ:
    case TGT_BS_WRITE:
        return info->max_transfer ? info->max_transfer : UINT64_MAX;
    case TGT_BS_DISCARD:
    case TGT_BS_WRITE_ZEROES:
        return info->max_discard ? info->max_discard : UINT64_MAX;
    default:
        return UINT64_MAX;
    }
}

/* A piece of the request, as large as the store takes. Without a split the handler's iovecs go as
 * they are. */
static void prepare_move(struct bs_task *t)
{
    const struct tgt_bs_request *r = &t->request;
    uint64_t left = r->length - t->moved, len = MIN(left, limit_of(t));
    bool native_fua = t->bs->info.fua == TGT_BS_NATIVE || r->op == TGT_BS_READ;
    io_set(t, r->op, native_fua ? r->flags : r->flags & ~TGT_BS_FUA, r->offset + t->moved, len);
    if (len == r->length) {
        t->io.iov = r->iov;
        t->io.iovcnt = r->iovcnt;
    } else if (r->iovcnt > 0) {
        t->io.iovcnt = iov_window(r->iov, r->iovcnt, t->moved, t->iov, G_N_ELEMENTS(t->iov), &len);
        t->io.iov = t->iov;
        t->io.length = len;
    }
}

/* A piece of zeroes: the same scratch memory, several times over. */
static int prepare_zero(struct bs_task *t)
{
    uint64_t left = t->request.length - t->moved, len = 0;
    void *zeroes = cmd_scratch(t->cmd, BUFFER_LARGE);
    if (zeroes == NULL)
        return -ENOMEM;
    if (t->io.op != TGT_BS_WRITE || t->moved == 0) /* the first, also after pieces that the store
                                                      zeroed itself */
        memset(zeroes, 0, BUFFER_LARGE);
    if (t->bs->info.max_transfer != 0)
        left = MIN(left, t->bs->info.max_transfer);
    unsigned n = 0;
    for (; n < G_N_ELEMENTS(t->iov) && len < left; n++) {
        t->iov[n] = (struct iovec){zeroes, MIN(left - len, BUFFER_LARGE)};
        len += t->iov[n].iov_len;
    }
    io_set(t, TGT_BS_WRITE, t->bs->info.fua == TGT_BS_NATIVE ? t->request.flags & TGT_BS_FUA : 0,
           t->request.offset + t->moved, len);
    t->io.iov = t->iov;
    t->io.iovcnt = n;
    return 0;
}

/* Both halves of an emulated COMPARE_AND_WRITE go through scratch memory, which is aligned for
 * every store, in pieces as large as the store takes. */
static int prepare_swap(struct bs_task *t, enum tgt_bs_op op)
{
    char *scratch = cmd_scratch(t->cmd, BUFFER_LARGE);
    uint64_t len = t->request.length - t->moved;
    if (scratch == NULL)
        return -ENOMEM;
    if (t->bs->info.max_transfer != 0)
        len = MIN(len, t->bs->info.max_transfer);
    t->iov[0] = (struct iovec){scratch + t->moved, len};
    unsigned fua =
        op == TGT_BS_WRITE && t->bs->info.fua == TGT_BS_NATIVE ? t->request.flags & TGT_BS_FUA : 0;
    io_set(t, op, fua, t->request.offset + t->moved, len);
    t->io.iov = t->iov;
    t->io.iovcnt = 1;
    return 0;
}

static bool needs_flush(const struct bs_task *t)
{
    bool writes = t->request.op == TGT_BS_WRITE || t->request.op == TGT_BS_WRITE_ZEROES ||
                  t->request.op == TGT_BS_COMPARE_AND_WRITE;
    if (!writes)
        return false;
    if (t->request.flags & TGT_BS_FUA)
        return t->bs->info.fua == TGT_BS_EMULATE;
    return t->bs->info.write_back && lu_cache_has_gone(t->cmd->lu);
}

static int prepare(struct bs_task *t)
{
    switch (t->step) {
    case STEP_ZERO:
        return prepare_zero(t);
    case STEP_COMPARE:
        return prepare_swap(t, TGT_BS_READ);
    case STEP_SWAP:
        return prepare_swap(t, TGT_BS_WRITE);
    case STEP_FLUSH:
        io_set(t, TGT_BS_FLUSH, 0, 0, 0);
        return 0;
    default:
        prepare_move(t);
        return 0;
    }
}

/* ---- What an ended operation leads to ---- */

/* Compare what was read with the first half of the data, then put the second half in its place. */
static int compare(struct bs_task *t)
{
    size_t len = t->request.length;
    char *scratch = cmd_scratch(t->cmd, BUFFER_LARGE);
    size_t same = iov_compare(t->request.iov, t->request.iovcnt, 0, scratch, len);
    if (same < len) {
        t->io.info = same;
        return -EILSEQ;
    }
    iov_get(t->request.iov, t->request.iovcnt, len, scratch, len);
    return 0;
}

/* True: another operation is to be done, `step` says which. False: t->result is the end. */
static bool advance_ok(struct bs_task *t)
{
    if (t->step == STEP_FLUSH)
        return false;
    t->moved += t->io.length;
    if (t->request.op != TGT_BS_EXTENT && t->moved < t->request.length)
        return true;
    if (t->step == STEP_COMPARE) {
        t->result = compare(t);
        t->step = STEP_SWAP;
        t->moved = 0;
        return t->result == 0;
    }
    if (!needs_flush(t))
        return false;
    t->step = STEP_FLUSH;
    return true;
}

static bool advance(struct bs_task *t)
{
    if (t->result == -EOPNOTSUPP && t->io.op == TGT_BS_WRITE_ZEROES) {
        /* The next request may fare better: it was a matter of alignment, or of MAY_UNMAP. */
        t->step = STEP_ZERO;
        return true;
    }
    if (t->result < 0)
        return false;
    bool more = advance_ok(t);
    if (more && t->cmd->aborted)
        t->result = -ECANCELED;
    return more && !t->cmd->aborted;
}

static uint32_t moved_by(const struct tgt_bs_io *io)
{
    return io->iovcnt > 0 ? (uint32_t)MIN(io->length, AT_ONCE) : 0;
}

static void finish(struct bs_task *t)
{
    t->state = BS_IDLE;
    cmd_state(t->cmd, TGT_CMD_EXEC);
    latency_store_leave(core_cmd(t->cmd));
    t->request.done(t->cmd, &t->io, t->result);
}

static bool needs_rest(const struct bs_task *t)
{
    return core_cmd(t->cmd)->worked >= AT_ONCE;
}

static void rest(struct bs_task *t, void (*go_on)(struct tgt_defer *later))
{
    core_cmd(t->cmd)->worked = 0;
    t->state = BS_RESTING;
    t->later.fn = go_on;
    thread_later(t->cmd->thread, &t->later);
}

static struct bs_task *task_of_later(struct tgt_defer *later)
{
    return (struct bs_task *)((char *)later - G_STRUCT_OFFSET(struct bs_task, later));
}

static void run(struct bs_task *t);

static void run_rested(struct tgt_defer *later)
{
    struct bs_task *t = task_of_later(later);
    if (!t->cmd->aborted) {
        run(t);
        return;
    }
    t->result = -ECANCELED;
    finish(t);
}

/* True: it has ended, inside submit(). */
static bool run_one(struct bs_task *t)
{
    t->state = BS_SUBMITTING;
    task_submit(t);
    bool ended = t->state == BS_FINISHED;
    if (t->state == BS_SUBMITTING)
        t->state = BS_RUNNING;
    if (ended)
        core_cmd(t->cmd)->worked += moved_by(&t->io);
    else
        core_cmd(t->cmd)->worked = 0;
    return ended;
}

/* Operations that end inside submit() are taken in this loop, so that the stack stays flat. */
static void run(struct bs_task *t)
{
    do {
        if (needs_rest(t)) {
            rest(t, run_rested);
            return;
        }
        t->result = prepare(t);
        if (t->result < 0)
            break;
        if (!run_one(t))
            return;
    } while (advance(t));
    finish(t);
}

static void resume(struct bs_task *t)
{
    if (advance(t))
        run(t);
    else
        finish(t);
}

/* ---- Parking ---- */

static void unpark(struct tgt_op *op, int64_t res)
{
    struct bs_task *t = (struct bs_task *)((char *)op - G_STRUCT_OFFSET(struct bs_task, op));
    if (t->cmd->aborted) {
        t->result = -ECANCELED;
        finish(t);
        return;
    }
    t->state = BS_SUBMITTING;
    task_submit(t);
    if (t->state == BS_SUBMITTING)
        t->state = BS_RUNNING;
    else if (t->state == BS_FINISHED)
        resume(t);
}

static void park(struct bs_task *t)
{
    struct tgt_thread *thread = t->cmd->thread;
    t->state = BS_PARKED;
    t->op.done = unpark;
    thread->ops->timeout(thread->ring, &t->op, PARK_NS);
}

/* ---- The way back ---- */

static void io_ended(struct bs_task *t, int result)
{
    t->result = result;
    if (result == -EAGAIN)
        park(t);
    else if (t->state == BS_SUBMITTING)
        t->state = BS_FINISHED;
    else
        resume(t);
}

static void come_home(struct tgt_msg *msg)
{
    struct bs_task *t = (struct bs_task *)((char *)msg - G_STRUCT_OFFSET(struct bs_task, msg));
    io_ended(t, t->result);
}

void bs_io_done(struct tgt_bs_io *io, int result)
{
    struct bs_task *t = task_of(io);
    if (thread_self() == io->thread) {
        io_ended(t, result);
        return;
    }
    t->result = result;
    t->msg.fn = come_home;
    thread_post(io->thread, &t->msg);
}

/* ---- Requests ---- */

/* The first step, or a value that ends the request at once: 0 or a negative errno with *step
 * untouched. */
static int plan(struct bs_task *t, bool *at_once)
{
    const struct tgt_bs_info *info = &t->bs->info;
    t->step = STEP_MOVE;
    *at_once = false;
    switch (t->request.op) {
    case TGT_BS_WRITE_ZEROES:
        if (__atomic_load_n(&info->write_zeroes, __ATOMIC_RELAXED) != TGT_BS_NATIVE)
            t->step = STEP_ZERO;
        break;
    case TGT_BS_COMPARE_AND_WRITE:
        if (info->compare_and_write != TGT_BS_NATIVE)
            t->step = STEP_COMPARE;
        break;
    case TGT_BS_FLUSH:
        *at_once = info->flush != TGT_BS_NATIVE;
        return 0;
    case TGT_BS_DISCARD:
        *at_once = info->discard != TGT_BS_NATIVE;
        return -EOPNOTSUPP;
    case TGT_BS_EXTENT:
        *at_once = info->extents != TGT_BS_NATIVE;
        io_set(t, TGT_BS_EXTENT, 0, t->request.offset, t->request.length);
        t->io.info = t->request.length; /* a store that cannot say: all is mapped */
        return 0;
    default:
        break;
    }
    return 0;
}

static bool moves_data(const struct tgt_bs_request *r)
{
    return r->op != TGT_BS_FLUSH;
}

static bool in_bounds(const struct bs *bs, const struct tgt_bs_request *r)
{
    uint64_t size = __atomic_load_n(&bs->info.size, __ATOMIC_ACQUIRE);
    return r->offset <= size && r->length <= size - r->offset;
}

static struct bs *store_of(const struct tgt_cmd *cmd)
{
    struct tgt_medium *medium =
        cmd->lu ? __atomic_load_n(&cmd->lu->medium, __ATOMIC_ACQUIRE) : NULL;
    return medium ? ((struct core_medium *)medium)->bs : NULL;
}

static void end_at_once(struct bs_task *t, int result)
{
    t->result = result;
    finish(t);
}

static void begin(struct bs_task *t)
{
    bool at_once = false;
    t->moved = 0;
    t->bs = store_of(t->cmd);
    if (t->bs == NULL) {
        end_at_once(t, -ENOMEDIUM);
        return;
    }
    if (!in_bounds(t->bs, &t->request)) {
        end_at_once(t, -ENXIO);
        return;
    }
    int result = plan(t, &at_once);
    if (at_once || (moves_data(&t->request) && t->request.length == 0))
        end_at_once(t, at_once ? result : 0);
    else
        run(t);
}

static void begin_rested(struct tgt_defer *later)
{
    struct bs_task *t = task_of_later(later);
    if (t->cmd->aborted)
        end_at_once(t, -ECANCELED);
    else
        begin(t);
}

void cmd_bs(struct tgt_cmd *cmd, const struct tgt_bs_request *request)
{
    struct bs_task *t = &core_cmd(cmd)->bs;
    t->request = *request;
    cmd_state(cmd, TGT_CMD_BS);
    latency_store_enter(core_cmd(cmd));
    core_cmd(cmd)->worked += STEP_COST;
    if (needs_rest(t))
        rest(t, begin_rested);
    else
        begin(t);
}

/* ---- Reading into the command's own buffers or from memory that is lent ---- */

static void read_into_buffers(struct tgt_cmd *cmd)
{
    struct tgt_bs_request request = core_cmd(cmd)->bs.request;
    request.iov = cmd->in.iov;
    request.iovcnt = cmd->in.iovcnt;
    cmd->in.len = request.length;
    cmd_bs(cmd, &request);
}

static bool read_lent(struct tgt_cmd *cmd)
{
    struct core_cmd *c = core_cmd(cmd);
    struct bs_task *t = &c->bs;
    void *chan;
    t->bs = store_of(cmd);
    if (c->in_chunks > 0 || cmd->nexus->stable_data || t->bs == NULL || t->bs->ops->lend == NULL ||
        t->request.length == 0 || !in_bounds(t->bs, &t->request) || task_chan(t, &chan) < 0)
        return false;
    io_set(t, TGT_BS_READ, t->request.flags, t->request.offset, t->request.length);
    unsigned n = t->bs->ops->lend(chan, &t->io, c->in_iov, cmd_in_room(c));
    if (n == 0)
        return false;
    cmd->in = (struct tgt_data){c->in_iov, n, t->request.length};
    cmd->in_lent = true;
    t->state = BS_LENT;
    t->request.done(cmd, &t->io, 0);
    return true;
}

void cmd_read(struct tgt_cmd *cmd, uint64_t offset, uint32_t length, unsigned flags,
              void (*done)(struct tgt_cmd *cmd, const struct tgt_bs_io *io, int result))
{
    core_cmd(cmd)->bs.request = (struct tgt_bs_request){
        .op = TGT_BS_READ, .flags = flags, .offset = offset, .length = length, .done = done};
    if (!read_lent(cmd))
        cmd_in_buffers(cmd, length, read_into_buffers);
}

void bs_release(struct tgt_cmd *cmd)
{
    struct bs_task *t = &core_cmd(cmd)->bs;
    void *chan;
    if (t->state != BS_LENT)
        return;
    t->state = BS_IDLE;
    if (task_chan(t, &chan) == 0)
        t->bs->ops->giveback(chan, &t->io);
}

int lu_usage(const struct tgt_lu *lu, uint64_t *used, uint64_t *available)
{
    struct tgt_medium *medium = __atomic_load_n(&lu->medium, __ATOMIC_ACQUIRE);
    struct bs *bs = medium ? ((struct core_medium *)medium)->bs : NULL;
    if (bs == NULL || bs->ops->usage == NULL)
        return -EOPNOTSUPP;
    return bs->ops->usage(bs->handle, used, available);
}

void bs_cancel(struct tgt_cmd *cmd)
{
    struct bs_task *t = &core_cmd(cmd)->bs;
    void *chan;
    if (t->state == BS_PARKED ||
        (t->state == BS_RUNNING && t->bs->ops->model == TGT_BS_BLOCKING)) /* no worker had begun */
        cmd->thread->ops->cancel(cmd->thread->ring, &t->op);
    else if (t->state == BS_RUNNING && t->bs->ops->cancel != NULL && task_chan(t, &chan) == 0)
        t->bs->ops->cancel(chan, &t->io);
}
