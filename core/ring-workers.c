/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Worker threads of one ring.
 *
 * pthread locks instead of GLib's, because ThreadSanitizer understands them. */
#include "ring-workers.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ring-op.h"

#define WORKERS_MAX 32

struct workers {
    int64_t (*run)(struct tgt_op *op);
    int fd;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct op_queue queue; /* under lock */
    unsigned queued, idle; /* under lock */
    bool stop;             /* under lock */
    unsigned count;        /* the ring's thread: elements of `threads` */
    pthread_t threads[WORKERS_MAX];
    struct tgt_op *ended; /* atomic, newest first */
};

static struct tgt_op *next_work(struct workers *w)
{
    struct tgt_op *op;
    pthread_mutex_lock(&w->lock);
    w->idle++;
    while (!(op = op_queue_pop(&w->queue)) && !w->stop)
        pthread_cond_wait(&w->more, &w->lock);
    w->idle--;
    if (op) {
        w->queued--;
        op_priv(op)->taken = true;
    }
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
    struct tgt_op *op;
    while ((op = next_work(w))) {
        int64_t res = w->run(op);
        op_priv(op)->res = res;
        hand_back(w, op);
    }
    return NULL;
}

/* Signals are the main thread's. */
static int spawn(struct workers *w)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int error = pthread_create(&w->threads[w->count], NULL, worker, w);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
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
    g_assert(!w->queue.first);
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

void workers_start(struct workers *w, struct tgt_op *op)
{
    op_priv(op)->place = OP_WORKERS;
    op_priv(op)->taken = false;
    pthread_mutex_lock(&w->lock);
    op_queue_push(&w->queue, op);
    bool spawn_one = ++w->queued > w->idle && w->count < WORKERS_MAX;
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
        op_queue_remove(&w->queue, op);
        w->queued--;
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
