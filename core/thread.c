/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One I/O thread: its turns, its sleep, messages to it, and end-of-turn work. */
#include "buffer.h"
#include "clock.h"
#include "cmd-pool.h"
#include "ring.h"
#include "thread-private.h"

/* Rounds of one turn: what completes without waiting must not keep the thread from looking at the
 * rest. */
#define TURN_ROUNDS 16
/* A turn of less than that has served single requests. */
#define SHORT_TURN_NS 10000u
/* Between two looks at the clock. */
#define LOOKS 4u

/* The thread that runs; io_uring's poll function and the services of plugins are given no context.
 */
static GPrivate self = G_PRIVATE_INIT(NULL);

struct tgt_thread *thread_self(void)
{
    return g_private_get(&self);
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

/* What is left for later turns, too. */
static bool has_turns(struct tgt_thread *t)
{
    return has_work(t) || t->priv->laters;
}

static void run_later(struct thread_private *p)
{
    struct tgt_defer *d = p->laters;
    p->laters = d->host_next;
    if (!p->laters)
        p->laters_end = &p->laters;
    d->pending = false;
    d->fn(d);
}

static gboolean turn_check(GSource *source)
{
    return has_turns(thread_self());
}

static gboolean turn_prepare(GSource *source, gint *timeout)
{
    *timeout = -1;
    return turn_check(source);
}

static gboolean turn(GSource *source, GSourceFunc callback, gpointer data)
{
    struct tgt_thread *t = thread_self();
    bool later = t->priv->laters != NULL;
    for (unsigned rounds = 0; rounds < TURN_ROUNDS && has_work(t); rounds++) {
        while (t->ops->reap(t->ring) + run_messages(t->priv) > 0 && ++rounds < TURN_ROUNDS) {
        }
        run_deferred(t->priv);
    }
    if (later)
        run_later(t->priv);
    return G_SOURCE_CONTINUE;
}

static void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#else
    __asm__ volatile("" ::: "memory");
#endif
}

/* Wait for a short time without sleeping: a wake-up costs more than 20 us on each side. After a
 * long turn many requests will come at once, and the one after the other will not wait for this. */
static bool spin(struct tgt_thread *t)
{
    uint64_t now = clock_ns(), deadline = now + t->all->spin_ns;
    bool dialogue = now - t->now < SHORT_TURN_NS;
    do {
        for (unsigned i = 0; i < LOOKS; i++) {
            if (t->ops->pending(t->ring, dialogue) || has_messages(t->priv))
                return true;
            cpu_relax();
        }
    } while (clock_ns() < deadline);
    return false;
}

/* Between saying that it sleeps and sleeping it looks at its messages once more: whoever posts
 * later sees that it sleeps. */
static gint sleep_on(struct tgt_thread *t, GPollFD *fds, guint n, gint timeout)
{
    struct thread_private *p = t->priv;
    __atomic_store_n(&p->asleep, 1, __ATOMIC_SEQ_CST);
    gint res = t->ops->wait(t->ring, fds, n, has_work(t) ? 0 : timeout);
    __atomic_store_n(&p->asleep, 0, __ATOMIC_SEQ_CST);
    return res;
}

/* One failed spin, and there is no other until a sleep turns out to have been short: who is idle
 * never spins. */
static gint pause_or_sleep(struct tgt_thread *t, GPollFD *fds, guint n, gint timeout)
{
    struct thread_private *p = t->priv;
    p->spin = p->spin && spin(t);
    if (p->spin)
        return t->ops->wait(t->ring, fds, n, 0);
    uint64_t start = clock_ns();
    gint res = sleep_on(t, fds, n, timeout);
    p->spin = clock_ns() - start < t->all->spin_ns;
    return res;
}

/* The poll function of the thread's GMainContext. */
static gint thread_wait(GPollFD *fds, guint n, gint timeout)
{
    struct tgt_thread *t = thread_self();
    bool busy = timeout == 0 || has_turns(t);
    gint res = busy ? t->ops->wait(t->ring, fds, n, 0) : pause_or_sleep(t, fds, n, timeout);
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

/* The main loop's own locks order the memory; the atomic field says so to ThreadSanitizer, which
 * does not know them. */
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
    while (!__atomic_compare_exchange_n(&p->inbox, &newest, msg, true, __ATOMIC_SEQ_CST,
                                        __ATOMIC_RELAXED));
    if (__atomic_load_n(&p->asleep, __ATOMIC_SEQ_CST) &&
        __atomic_exchange_n(&p->asleep, 0, __ATOMIC_SEQ_CST))
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

void thread_later(struct tgt_thread *thread, struct tgt_defer *defer)
{
    struct thread_private *p = thread->priv;
    defer->pending = true;
    defer->host_next = NULL;
    *p->laters_end = defer;
    p->laters_end = &defer->host_next;
}

uint64_t thread_now(struct tgt_thread *thread)
{
    return thread->now;
}

unsigned thread_index(const struct tgt_thread *thread)
{
    return thread->index;
}

/* ---- Life ---- */

static GSourceFuncs turn_funcs = {.prepare = turn_prepare, .check = turn_check, .dispatch = turn};

static void quit(struct tgt_msg *msg)
{
    struct thread_private *p =
        (struct thread_private *)((char *)msg - G_STRUCT_OFFSET(struct thread_private, quit_msg));
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

void *thread_main(void *thread)
{
    struct tgt_thread *t = thread;
    struct thread_private *p = t->priv;
    g_private_set(&self, t);
    p->defers_end = &p->defers;
    p->laters_end = &p->laters;
    p->quit_msg.fn = quit;
    t->ring = t->ops->open(&p->error);
    if (t->ring)
        thread_begin(t);
    sem_post(&p->started);
    if (!t->ring)
        return NULL;
    /* What a transport has cancelled when it was detached ends before the thread does. */
    while (!p->quit || has_turns(t) || t->ops->under_way(t->ring) > 0)
        g_main_context_iteration(t->context, TRUE);
    thread_end(t);
    return NULL;
}

/* A message may have been run, and the thread have ended, before its sender is back from waking it.
 */
void thread_wait_for_posters(struct tgt_thread *thread)
{
    while (__atomic_load_n(&thread->priv->posting, __ATOMIC_ACQUIRE) > 0)
        g_thread_yield();
}
