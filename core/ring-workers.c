/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Worker threads of one ring.
 *
 * pthread locks instead of GLib's, because ThreadSanitizer understands them. */
#include "ring-workers.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ring-op.h"
#include "thread-spawn.h"

#define WORKERS_MAX 128
/* Most workers of one owner: a store that hangs leaves the others some. */
#define LANE_MAX 32
/* Owners that have work at the same time; more share. */
#define LANES 32

/* The work of one owner. */
struct lane {
    const void *owner;
    struct op_queue queue;
    unsigned queued, running;
};

struct workers {
    int64_t (*run)(struct tgt_op *op);
    int fd;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct lane lanes[LANES]; /* under lock */
    unsigned turn;            /* under lock: the lane to look at first */
    unsigned idle;            /* under lock */
    bool stop;                /* under lock */
    unsigned count;           /* the ring's thread: elements of `threads` */
    pthread_t threads[WORKERS_MAX];
    struct tgt_op *ended; /* atomic, newest first */
};

/* ---- Lanes, under lock ---- */

static bool is_free(const struct lane *lane)
{
    return lane->queued == 0 && lane->running == 0;
}

static struct lane *lane_of(struct workers *w, const void *owner)
{
    struct lane *lane = &w->lanes[((uintptr_t)owner >> 4) % LANES];
    for (unsigned i = 0; i < LANES; i++) {
        if (is_free(&w->lanes[i]))
            lane = &w->lanes[i];
        else if (w->lanes[i].owner == owner)
            return &w->lanes[i];
    }
    if (is_free(lane))
        lane->owner = owner;
    return lane;
}

/* How much of the work may be done now. */
static unsigned ready(const struct workers *w)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < LANES; i++)
        sum += MIN(w->lanes[i].queued, LANE_MAX - w->lanes[i].running);
    return sum;
}

static struct tgt_op *take(struct lane *lane)
{
    struct tgt_op *op = op_queue_pop(&lane->queue);
    op_priv(op)->taken = true;
    lane->queued--;
    lane->running++;
    return op;
}

/* One from each lane by turns. */
static struct lane *next_lane(struct workers *w)
{
    for (unsigned i = 0; i < LANES; i++) {
        struct lane *lane = &w->lanes[w->turn++ % LANES];
        if (lane->queued > 0 && lane->running < LANE_MAX)
            return lane;
    }
    return NULL;
}

/* ---- Workers ---- */

/* `lane`: of the work that this worker has done, and has now; NULL at first and at the end. */
static struct tgt_op *next_work(struct workers *w, struct lane **lane)
{
    pthread_mutex_lock(&w->lock);
    if (*lane)
        (*lane)->running--;
    w->idle++;
    while (!(*lane = next_lane(w)) && !w->stop)
        pthread_cond_wait(&w->more, &w->lock);
    w->idle--;
    struct tgt_op *op = *lane ? take(*lane) : NULL;
    pthread_mutex_unlock(&w->lock);
    return op;
}

/* The first of a batch wakes the ring. */
static void hand_back(struct workers *w, struct tgt_op *op)
{
    struct tgt_op *newest = __atomic_load_n(&w->ended, __ATOMIC_RELAXED);
    do
        op_priv(op)->next = newest;
    while (!__atomic_compare_exchange_n(&w->ended, &newest, op, true, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED));
    if (!newest)
        eventfd_write(w->fd, 1);
}

static void *worker(void *data)
{
    struct workers *w = data;
    struct lane *lane = NULL;
    struct tgt_op *op;
    while ((op = next_work(w, &lane))) {
        int64_t res = w->run(op);
        op_priv(op)->res = res;
        hand_back(w, op);
    }
    return NULL;
}

static int spawn(struct workers *w)
{
    int error = spawn_thread(&w->threads[w->count], NULL, worker, w);
    if (!error)
        pthread_setname_np(w->threads[w->count++], "tgt-worker");
    return -error;
}

struct workers *workers_new(int64_t (*run)(struct tgt_op *op))
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0)
        return NULL;
    struct workers *w = g_new0(struct workers, 1);
    w->run = run;
    w->fd = fd;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->more, NULL);
    return w;
}

void workers_free(struct workers *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    g_assert(!next_lane(w));
    w->stop = true;
    pthread_cond_broadcast(&w->more);
    pthread_mutex_unlock(&w->lock);
    for (unsigned i = 0; i < w->count; i++)
        pthread_join(w->threads[i], NULL);
    g_assert(!w->ended);
    pthread_cond_destroy(&w->more);
    pthread_mutex_destroy(&w->lock);
    close(w->fd);
    g_free(w);
}

static void queue(struct workers *w, struct tgt_op *op, const void *owner)
{
    struct lane *lane = lane_of(w, owner);
    op_queue_push(&lane->queue, op);
    lane->queued++;
    op_priv(op)->lane = (uint8_t)(lane - w->lanes);
}

void workers_start(struct workers *w, struct tgt_op *op, const void *owner)
{
    op_priv(op)->place = OP_WORKERS;
    op_priv(op)->taken = false;
    pthread_mutex_lock(&w->lock);
    queue(w, op, owner);
    bool spawn_one = ready(w) > w->idle && w->count < WORKERS_MAX;
    pthread_cond_signal(&w->more);
    pthread_mutex_unlock(&w->lock);
    if (spawn_one && spawn(w) < 0 && w->count == 0 && workers_cancel(w, op)) {
        op_priv(op)->res = -EAGAIN;
        hand_back(w, op);
    }
}

bool workers_cancel(struct workers *w, struct tgt_op *op)
{
    pthread_mutex_lock(&w->lock);
    bool queued = !op_priv(op)->taken;
    if (queued) {
        struct lane *lane = &w->lanes[op_priv(op)->lane];
        op_queue_remove(&lane->queue, op);
        lane->queued--;
    }
    pthread_mutex_unlock(&w->lock);
    return queued;
}

int workers_fd(const struct workers *w)
{
    return w->fd;
}

struct tgt_op *workers_take(struct workers *w)
{
    eventfd_t count;
    eventfd_read(w->fd, &count);
    struct tgt_op *op = __atomic_exchange_n(&w->ended, NULL, __ATOMIC_ACQUIRE), *oldest = NULL;
    while (op) {
        struct tgt_op *older = op_priv(op)->next;
        op_priv(op)->next = oldest;
        oldest = op;
        op = older;
    }
    return oldest;
}
