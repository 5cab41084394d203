/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* I/O threads: their turns, messages between them, and end-of-turn work. */
#include "thread.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "buffer.h"
#include "cmd-pool.h"
#include "config.h"
#include "daemon.h"
#include "error.h"
#include "ring.h"

#define THREADS_DEFAULT_MAX 4
#define BUFFER_DEFAULT      (64u << 20)
/* Rounds of one turn: what completes without waiting must not keep the thread from looking at the rest. */
#define TURN_ROUNDS 16

struct thread_private {
    struct tgt_msg *inbox;     /* atomic: messages, newest first */
    int asleep;                /* atomic: the thread sleeps or is about to: who posts must wake it */
    int posting;               /* atomic: who is within thread_post() */
    struct tgt_defer *defers, **defers_end;
    GSource *source;
    pthread_t pthread;
    sem_t started;
    GError *error;             /* why it could not start; read after `started` */
    bool quit;
    struct tgt_msg quit_msg;
};

struct threads {
    unsigned count;            /* that run */
    gint next;                 /* atomic: where thread_pick() begins to look */
    struct tgt_thread *list;
    const struct ring_ops *ops;
    char *reason;              /* why not uring, or NULL */
};

/* The thread that runs; io_uring's poll function and the services of plugins are given no context. */
static GPrivate self = G_PRIVATE_INIT(NULL);

struct tgt_thread *thread_self(void)
{
    return g_private_get(&self);
}

static uint64_t clock_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * G_GUINT64_CONSTANT(1000000000) + (uint64_t)ts.tv_nsec;
}

/* ---- Turns ---- */

/* The sender's order: the list is newest first. */
static struct tgt_msg *reversed(struct tgt_msg *msg)
{
    struct tgt_msg *oldest = NULL;
    while (msg) {
        struct tgt_msg *older = msg->host_next;
        msg->host_next = oldest;
        oldest = msg;
        msg = older;
    }
    return oldest;
}

static bool has_messages(const struct thread_private *p)
{
    return __atomic_load_n(&p->inbox, __ATOMIC_SEQ_CST) != NULL;
}

static unsigned run_messages(struct thread_private *p)
{
    unsigned count = 0;
    if (!has_messages(p))
        return 0;
    struct tgt_msg *msg = reversed(__atomic_exchange_n(&p->inbox, NULL, __ATOMIC_ACQUIRE)), *next;
    for (; msg; msg = next, count++) {
        next = msg->host_next;
        msg->fn(msg);
    }
    return count;
}

/* What is deferred meanwhile is for the next round. */
static void run_deferred(struct thread_private *p)
{
    struct tgt_defer *d = p->defers, *next;
    p->defers = NULL;
    p->defers_end = &p->defers;
    for (; d; d = next) {
        next = d->host_next;
        d->pending = false;
        d->fn(d);
    }
}

static bool has_work(struct tgt_thread *t)
{
    return t->priv->defers || has_messages(t->priv) || t->ops->ready(t->ring);
}

static gboolean turn_check(GSource *source)
{
    return has_work(thread_self());
}

static gboolean turn_prepare(GSource *source, gint *timeout)
{
    *timeout = -1;
    return turn_check(source);
}

static gboolean turn(GSource *source, GSourceFunc callback, gpointer data)
{
    struct tgt_thread *t = thread_self();
    for (unsigned rounds = 0; rounds < TURN_ROUNDS && has_work(t); rounds++) {
        while (t->ops->reap(t->ring) + run_messages(t->priv) > 0 && ++rounds < TURN_ROUNDS) {
        }
        run_deferred(t->priv);
    }
    return G_SOURCE_CONTINUE;
}

/* The poll function of the thread's GMainContext. Between saying that it sleeps and sleeping it looks at its messages once more:
 * whoever posts later sees that it sleeps. */
static gint thread_wait(GPollFD *fds, guint n, gint timeout)
{
    struct tgt_thread *t = thread_self();
    struct thread_private *p = t->priv;
    if (timeout != 0) {
        __atomic_store_n(&p->asleep, 1, __ATOMIC_SEQ_CST);
        if (has_work(t))
            timeout = 0;
    }
    gint res = t->ops->wait(t->ring, fds, n, timeout);
    __atomic_store_n(&p->asleep, 0, __ATOMIC_SEQ_CST);
    t->now = clock_ns();
    return res;
}

/* ---- Services ---- */

static gboolean run_main_message(gpointer data)
{
    struct tgt_msg *msg = data;
    (void)__atomic_load_n(&msg->host_next, __ATOMIC_ACQUIRE);
    msg->fn(msg);
    return G_SOURCE_REMOVE;
}

/* The main loop's own locks order the memory; the atomic field says so to ThreadSanitizer, which does not know them. */
static void post_to_main(struct tgt_msg *msg)
{
    GSource *source = g_idle_source_new();
    __atomic_store_n(&msg->host_next, NULL, __ATOMIC_RELEASE);
    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(source, run_main_message, msg, NULL);
    g_source_attach(source, NULL);
    g_source_unref(source);
}

void thread_post(struct tgt_thread *thread, struct tgt_msg *msg)
{
    if (!thread) {
        post_to_main(msg);
        return;
    }
    struct thread_private *p = thread->priv;
    __atomic_fetch_add(&p->posting, 1, __ATOMIC_RELAXED);
    struct tgt_msg *newest = __atomic_load_n(&p->inbox, __ATOMIC_RELAXED);
    do
        msg->host_next = newest;
    while (!__atomic_compare_exchange_n(&p->inbox, &newest, msg, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    if (__atomic_load_n(&p->asleep, __ATOMIC_SEQ_CST) && __atomic_exchange_n(&p->asleep, 0, __ATOMIC_SEQ_CST))
        g_main_context_wakeup(thread->context);
    __atomic_fetch_sub(&p->posting, 1, __ATOMIC_RELEASE);
}

void thread_defer(struct tgt_thread *thread, struct tgt_defer *defer)
{
    struct thread_private *p = thread->priv;
    if (defer->pending)
        return;
    defer->pending = true;
    defer->host_next = NULL;
    *p->defers_end = defer;
    p->defers_end = &defer->host_next;
}

uint64_t thread_now(struct tgt_thread *thread)
{
    return thread->now;
}

unsigned thread_index(const struct tgt_thread *thread)
{
    return thread->index;
}

/* Among equals they take turns: a session counts only once its login has ended. */
struct tgt_thread *threads_pick(struct threads *threads)
{
    unsigned first = (unsigned)g_atomic_int_add(&threads->next, 1);
    struct tgt_thread *best = NULL;
    for (unsigned i = 0; i < threads->count; i++) {
        struct tgt_thread *t = &threads->list[(first + i) % threads->count];
        if (!best || g_atomic_int_get(&t->nexuses) < g_atomic_int_get(&best->nexuses))
            best = t;
    }
    return best;
}

struct tgt_thread *thread_pick(void)
{
    return threads_pick(daemon_get()->threads);
}

/* ---- Life ---- */

static GSourceFuncs turn_funcs = {.prepare = turn_prepare, .check = turn_check, .dispatch = turn};

static void quit(struct tgt_msg *msg)
{
    struct thread_private *p = (struct thread_private *)((char *)msg - G_STRUCT_OFFSET(struct thread_private, quit_msg));
    p->quit = true;
}

static void thread_begin(struct tgt_thread *t)
{
    t->context = g_main_context_new();
    g_main_context_set_poll_func(t->context, thread_wait);
    g_main_context_push_thread_default(t->context);
    t->priv->source = g_source_new(&turn_funcs, sizeof(GSource));
    g_source_attach(t->priv->source, t->context);
    t->now = clock_ns();
}

static void thread_end(struct tgt_thread *t)
{
    cmd_pool_free(t->cmds);
    buffer_pool_free(t->buffers);
    g_clear_pointer(&t->lus, g_hash_table_unref);
    g_clear_pointer(&t->transport_data, g_ptr_array_unref);
    g_source_destroy(t->priv->source);
    g_source_unref(t->priv->source);
    t->ops->close(t->ring);
    g_main_context_pop_thread_default(t->context);
}

static void *thread_main(void *data)
{
    struct tgt_thread *t = data;
    struct thread_private *p = t->priv;
    g_private_set(&self, t);
    t->ring = t->ops->open(&p->error);
    if (t->ring)
        thread_begin(t);
    sem_post(&p->started);
    if (!t->ring)
        return NULL;
    while (!p->quit || has_work(t))
        g_main_context_iteration(t->context, TRUE);
    thread_end(t);
    return NULL;
}

/* Signals are the main thread's. */
static int spawn(struct tgt_thread *t)
{
    sigset_t all, old;
    char name[16];
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int error = pthread_create(&t->priv->pthread, NULL, thread_main, t);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    g_snprintf(name, sizeof(name), "tgt-io-%u", t->index);
    if (!error)
        pthread_setname_np(t->priv->pthread, name);
    return error;
}

static void wait_for(sem_t *sem)
{
    while (sem_wait(sem) < 0) {
    }
}

static void private_free(struct thread_private *p)
{
    sem_destroy(&p->started);
    g_free(p);
}

static bool thread_start(struct tgt_thread *t, uint64_t buffer_memory, GError **error)
{
    struct thread_private *p = t->priv = g_new0(struct thread_private, 1);
    p->defers_end = &p->defers;
    p->quit_msg.fn = quit;
    sem_init(&p->started, 0, 0);
    t->buffers = buffer_pool_new(buffer_memory);
    int res = t->buffers ? spawn(t) : ENOMEM;
    if (res == 0) {
        wait_for(&p->started);
        if (t->ring)
            return true;
        pthread_join(p->pthread, NULL);
        g_propagate_error(error, p->error);
    } else {
        g_set_error(error, CORE_ERROR, CORE_ERROR_FAILED, "an I/O thread cannot be started: %s", g_strerror(res));
    }
    buffer_pool_free(t->buffers);
    private_free(p);
    return false;
}

/* A message may have been run, and the thread have ended, before its sender is back from waking it. */
static void wait_for_posters(struct thread_private *p)
{
    while (__atomic_load_n(&p->posting, __ATOMIC_ACQUIRE) > 0)
        g_thread_yield();
}

static void stop_all(struct threads *threads)
{
    for (unsigned i = 0; i < threads->count; i++)
        thread_post(&threads->list[i], &threads->list[i].priv->quit_msg);
    for (unsigned i = 0; i < threads->count; i++)
        pthread_join(threads->list[i].priv->pthread, NULL);
    for (unsigned i = 0; i < threads->count; i++) {
        wait_for_posters(threads->list[i].priv);
        g_main_context_unref(threads->list[i].context);
        private_free(threads->list[i].priv);
    }
    threads->count = 0;
}

static bool start_all(struct threads *threads, const struct ring_ops *ops, unsigned n, uint64_t buffer_memory, GError **error)
{
    threads->ops = ops;
    for (unsigned i = 0; i < n; i++) {
        threads->list[i] = (struct tgt_thread){.index = i, .all = threads, .ops = ops};
        if (!thread_start(&threads->list[i], buffer_memory, error)) {
            stop_all(threads);
            return false;
        }
        threads->count++;
    }
    return true;
}

#if HAVE_LIBURING
static bool start_uring(struct threads *threads, unsigned n, uint64_t buffer_memory, GError **error)
{
    return start_all(threads, &ring_uring, n, buffer_memory, error);
}
#else
static bool start_uring(struct threads *threads, unsigned n, uint64_t buffer_memory, GError **error)
{
    g_set_error(error, CORE_ERROR, CORE_ERROR_FAILED, "io_uring cannot be used: this tgtd was built without liburing");
    return false;
}
#endif

static bool start_auto(struct threads *threads, unsigned n, uint64_t buffer_memory, GError **error)
{
    g_autoptr(GError) refused = NULL;
    if (start_uring(threads, n, buffer_memory, &refused))
        return true;
    threads->reason = g_strdup(refused->message);
    return start_all(threads, &ring_poll, n, buffer_memory, error);
}

static bool start_with(struct threads *threads, const char *ring, unsigned n, uint64_t buffer_memory, GError **error)
{
    if (g_str_equal(ring, "auto"))
        return start_auto(threads, n, buffer_memory, error);
    if (g_str_equal(ring, "uring"))
        return start_uring(threads, n, buffer_memory, error);
    if (g_str_equal(ring, "poll"))
        return start_all(threads, &ring_poll, n, buffer_memory, error);
    g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID, "ring \"%s\": there are \"auto\", \"uring\" and \"poll\"", ring);
    return false;
}

static unsigned default_count(void)
{
    return CLAMP(g_get_num_processors() / 2, 1, THREADS_DEFAULT_MAX);
}

struct threads *threads_start(unsigned n, const char *ring, uint64_t buffer_memory, GError **error)
{
    struct threads *threads = g_new0(struct threads, 1);
    n = n ? n : default_count();
    threads->list = g_new0(struct tgt_thread, n);
    if (start_with(threads, ring, n, buffer_memory ? buffer_memory : BUFFER_DEFAULT, error))
        return threads;
    threads_stop(threads);
    return NULL;
}

void threads_stop(struct threads *threads)
{
    if (!threads)
        return;
    stop_all(threads);
    g_free(threads->list);
    g_free(threads->reason);
    g_free(threads);
}

struct visit {
    struct tgt_msg msg;
    struct tgt_thread *thread;
    void (*fn)(struct tgt_thread *thread, void *data);
    void *data;
    sem_t over;
};

static void visit(struct tgt_msg *msg)
{
    struct visit *v = (struct visit *)msg;
    v->fn(v->thread, v->data);
    sem_post(&v->over);
}

void threads_each(struct threads *threads, void (*fn)(struct tgt_thread *thread, void *data), void *data)
{
    struct visit v = {.msg.fn = visit, .fn = fn, .data = data};
    sem_init(&v.over, 0, 0);
    for (unsigned i = 0; i < threads->count; i++) {
        v.thread = &threads->list[i];
        thread_post(v.thread, &v.msg);
        wait_for(&v.over);
    }
    sem_destroy(&v.over);
}

unsigned threads_count(const struct threads *threads)
{
    return threads->count;
}

struct tgt_thread *threads_get(const struct threads *threads, unsigned index)
{
    return index < threads->count ? &threads->list[index] : NULL;
}

const char *threads_ring_name(const struct threads *threads)
{
    return threads->ops->name;
}

const char *threads_ring_reason(const struct threads *threads)
{
    return threads->reason;
}
