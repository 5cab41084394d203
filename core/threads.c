/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The I/O threads as a whole: start, end, choice, and calls on each. */
#include <errno.h>
#include <sched.h>
#include <unistd.h>

#include "buffer.h"
#include "cache-line.h"
#include "config.h"
#include "copy-mapped.h"
#include "cpu-list.h"
#include "daemon.h"
#include "error.h"
#include "ring.h"
#include "thread-private.h"
#include "thread-spawn.h"

#define THREADS_DEFAULT_MAX 4
#define BUFFER_DEFAULT      (64u << 20)
#define SPIN_DEFAULT_US     50
#define POWER_SUPPLIES      "/sys/class/power_supply"

static void set_cpu(pthread_attr_t *attr, const GArray *cpus, unsigned index)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(g_array_index(cpus, unsigned, index % cpus->len), &set);
    pthread_attr_setaffinity_np(attr, sizeof set, &set);
}

static int spawn(struct tgt_thread *t)
{
    pthread_attr_t attr;
    char name[16];
    pthread_attr_init(&attr);
    if (t->all->cpus)
        set_cpu(&attr, t->all->cpus, t->index);
    int error = spawn_thread(&t->priv->pthread, &attr, thread_main, t);
    pthread_attr_destroy(&attr);
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
    g_aligned_free(p);
}

static bool thread_start(struct tgt_thread *t, GError **error)
{
    struct thread_private *p = t->priv = cache_line_alloc0(sizeof(struct thread_private));
    sem_init(&p->started, 0, 0);
    t->buffers = buffer_pool_new(t->all->buffer_memory);
    int res = t->buffers ? spawn(t) : ENOMEM;
    if (res == 0) {
        wait_for(&p->started);
        if (t->ring)
            return true;
        pthread_join(p->pthread, NULL);
        g_propagate_error(error, p->error);
    } else {
        g_set_error(error, CORE_ERROR, CORE_ERROR_FAILED, "an I/O thread cannot be started: %s",
                    g_strerror(res));
    }
    buffer_pool_free(t->buffers);
    private_free(p);
    return false;
}

static void stop_all(struct threads *threads)
{
    for (unsigned i = 0; i < threads->count; i++)
        thread_post(&threads->list[i], &threads->list[i].priv->quit_msg);
    for (unsigned i = 0; i < threads->count; i++)
        pthread_join(threads->list[i].priv->pthread, NULL);
    for (unsigned i = 0; i < threads->count; i++) {
        thread_wait_for_posters(&threads->list[i]);
        g_main_context_unref(threads->list[i].context);
        private_free(threads->list[i].priv);
    }
    threads->count = 0;
}

static bool start_all(struct threads *threads, const struct ring_ops *ops, unsigned n,
                      GError **error)
{
    threads->ops = ops;
    for (unsigned i = 0; i < n; i++) {
        threads->list[i] = (struct tgt_thread){.index = i, .all = threads, .ops = ops};
        if (!thread_start(&threads->list[i], error)) {
            stop_all(threads);
            return false;
        }
        threads->count++;
    }
    return true;
}

#if HAVE_LIBURING
static bool start_uring(struct threads *threads, unsigned n, GError **error)
{
    return start_all(threads, &ring_uring, n, error);
}
#else
static bool start_uring(struct threads *threads, unsigned n, GError **error)
{
    g_set_error(error, CORE_ERROR, CORE_ERROR_FAILED,
                "io_uring cannot be used: this tgtd was built without liburing");
    return false;
}
#endif

static bool start_auto(struct threads *threads, unsigned n, GError **error)
{
    g_autoptr(GError) refused = NULL;
    if (start_uring(threads, n, &refused))
        return true;
    threads->reason = g_strdup(refused->message);
    return start_all(threads, &ring_poll, n, error);
}

static bool start_with(struct threads *threads, const char *ring, unsigned n, GError **error)
{
    if (g_str_equal(ring, "auto"))
        return start_auto(threads, n, error);
    if (g_str_equal(ring, "uring"))
        return start_uring(threads, n, error);
    if (g_str_equal(ring, "poll"))
        return start_all(threads, &ring_poll, n, error);
    g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                "ring \"%s\": there are \"auto\", \"uring\" and \"poll\"", ring);
    return false;
}

static unsigned default_count(void)
{
    return CLAMP(g_get_num_processors() / 2, 1, THREADS_DEFAULT_MAX);
}

/* Who spins takes a CPU from others; with a single one, from the peer that it waits for. */
static uint64_t spin_ns(int us, unsigned n)
{
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
        return 0;
    if (us == THREADS_SPIN_AUTO)
        us = n <= g_get_num_processors() && !cpu_on_battery(POWER_SUPPLIES) ? SPIN_DEFAULT_US : 0;
    return (uint64_t)us * 1000;
}

struct threads *threads_start(const struct threads_config *config, GError **error)
{
    struct threads *threads = g_new0(struct threads, 1);
    copy_mapped_init();
    unsigned n = config->count ? config->count : default_count();
    threads->spin_ns = spin_ns(config->spin_us, n);
    threads->buffer_memory = config->buffer_memory ? config->buffer_memory : BUFFER_DEFAULT;
    threads->cpus = config->cpus;
    threads->list = cache_line_alloc0(n * sizeof(struct tgt_thread));
    bool ok = start_with(threads, config->ring ? config->ring : "auto", n, error);
    threads->cpus = NULL;
    if (ok)
        return threads;
    threads_stop(threads);
    return NULL;
}

void threads_stop(struct threads *threads)
{
    if (!threads)
        return;
    stop_all(threads);
    g_aligned_free(threads->list);
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

void threads_each(struct threads *threads, void (*fn)(struct tgt_thread *thread, void *data),
                  void *data)
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

unsigned threads_spin_us(const struct threads *threads)
{
    return (unsigned)(threads->spin_ns / 1000);
}

uint64_t threads_buffer_memory(const struct threads *threads)
{
    return threads->buffer_memory;
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
