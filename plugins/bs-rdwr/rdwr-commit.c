/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Store "rdwr": making durable what was written, for all who wait for that together.
 *
 * The kernel tells only once per open file that it could not write cached data, to whoever asks
 * next, and all operations share one file. So there is one fdatasync() at a time, a round: all that
 * had been written before it began share its result, the others join the next round. An error is
 * kept, because it may be that of data which nobody waits for yet. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "rdwr.h"

void rdwr_commit_init(struct rdwr_commit *c)
{
    pthread_mutex_init(&c->lock, NULL);
    TAILQ_INIT(&c->waiting);
    TAILQ_INIT(&c->members);
}

void rdwr_commit_clear(struct rdwr_commit *c)
{
    pthread_mutex_destroy(&c->lock);
}

static bool not_done(int64_t res)
{
    return res == -EAGAIN || res == -ECANCELED || res == -EINTR;
}

void rdwr_lost(struct rdwr *r, int64_t res)
{
    if (__atomic_exchange_n(&r->failed, true, __ATOMIC_RELAXED))
        return;
    tgt_log(TGT_LOG_ERROR,
            "rdwr: %s: data was not written: %s; all since the last flush may be lost: writes and "
            "flushes fail until the logical unit is deleted and created again",
            r->path, strerror((int)-res));
}

/* ---- The end for one of them, on its own thread ---- */

static void committed(struct rdwr_io *ri, int64_t res)
{
    if (not_done(res))
        rdwr_end(ri, ri->cancelled ? -ECANCELED : -EAGAIN);
    else if (res < 0)
        rdwr_end(ri, res);
    else if (rdwr_failed(ri->rdwr))
        rdwr_end(ri, -EIO);
    else if (ri->step == RDWR_COMMIT)
        rdwr_end(ri, 0);
    else if (ri->cancelled)
        rdwr_end(ri, -ECANCELED);
    else
        rdwr_move(ri);
}

static void arrive(struct tgt_msg *msg)
{
    struct rdwr_io *ri = (struct rdwr_io *)((char *)msg - offsetof(struct rdwr_io, msg));
    committed(ri, ri->res);
}

static void send(struct rdwr_io *ri, int64_t res)
{
    ri->res = res;
    ri->msg.fn = arrive;
    tgt_thread_post(ri->io->thread, &ri->msg);
}

static void tell(struct rdwr_queue *members, int64_t res)
{
    const struct tgt_thread *self = tgt_thread_self();
    struct rdwr_io *ri;
    while ((ri = TAILQ_FIRST(members))) {
        TAILQ_REMOVE(members, ri, entry);
        if (ri->io->thread == self)
            committed(ri, res);
        else
            send(ri, res);
    }
}

/* ---- Rounds, on the thread of the one who began ---- */

/* Under lock. */
static void take_waiting(struct rdwr_commit *c)
{
    struct rdwr_io *ri;
    TAILQ_FOREACH(ri, &c->waiting, entry)
    ri->waits = false;
    TAILQ_CONCAT(&c->members, &c->waiting, entry);
}

static void ended(struct tgt_op *op, int64_t res)
{
    struct rdwr *r = (struct rdwr *)((char *)op - offsetof(struct rdwr, commit.op));
    struct rdwr_commit *c = &r->commit;
    struct rdwr_queue members = TAILQ_HEAD_INITIALIZER(members);
    if (res < 0 && !not_done(res))
        rdwr_lost(r, res);
    pthread_mutex_lock(&c->lock);
    TAILQ_CONCAT(&members, &c->members, entry);
    take_waiting(c);
    bool again = !TAILQ_EMPTY(&c->members);
    pthread_mutex_unlock(&c->lock);
    if (again)
        tgt_thread_defer(c->thread, &c->defer);
    tell(&members, res); /* without another round the store may be closed by this */
}

static void begin(struct tgt_defer *defer)
{
    struct rdwr *r = (struct rdwr *)((char *)defer - offsetof(struct rdwr, commit.defer));
    struct rdwr_commit *c = &r->commit;
    pthread_mutex_lock(&c->lock);
    take_waiting(c);
    pthread_mutex_unlock(&c->lock);
    c->op.done = ended;
    tgt_op_fsync(c->thread, &c->op, r->fd, true);
}

/* The first one begins a round at the end of this turn of its thread: others of the turn are in
 * time for it. It does not leave any more, so that the store stays open. */
void rdwr_commit(struct rdwr_io *ri, enum rdwr_step step)
{
    struct rdwr_commit *c = &ri->rdwr->commit;
    ri->step = (uint8_t)step;
    pthread_mutex_lock(&c->lock);
    bool first = TAILQ_EMPTY(&c->members);
    ri->waits = !first;
    TAILQ_INSERT_TAIL(first ? &c->members : &c->waiting, ri, entry);
    pthread_mutex_unlock(&c->lock);
    if (!first)
        return;
    c->thread = ri->io->thread;
    c->defer.fn = begin;
    tgt_thread_defer(c->thread, &c->defer);
}

void rdwr_commit_cancel(struct rdwr_io *ri)
{
    struct rdwr_commit *c = &ri->rdwr->commit;
    pthread_mutex_lock(&c->lock);
    bool waits = ri->waits;
    if (waits)
        TAILQ_REMOVE(&c->waiting, ri, entry);
    ri->waits = false;
    pthread_mutex_unlock(&c->lock);
    if (waits)
        send(ri, -ECANCELED);
}
