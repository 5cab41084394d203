/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See the header. */
#include "buffer-scene.h"

#include <errno.h>
#include <semaphore.h>
#include <string.h>

size_t used(struct fixture *f)
{
    struct buffer_stats stats;
    buffer_pool_stats(f->pool, &stats);
    return stats.used;
}

unsigned part_of(enum buffer_use use)
{
    return use == BUFFER_SCRATCH ? SCRATCH : PART;
}

int get(struct fixture *f, enum buffer_use use, size_t len, struct iovec *iov)
{
    return buffer_get(f->pool, &f->user, use, len, iov, MOST, NULL);
}

void put(struct fixture *f, const struct iovec *iov, unsigned count)
{
    buffer_put(f->pool, &f->user, iov, count);
}

void check_chunks(const struct iovec *iov, int n, size_t len)
{
    for (int i = 0; i < n; i++) {
        g_assert_cmpuint((uintptr_t)iov[i].iov_base % 4096, ==, 0);
        g_assert_cmpuint(iov[i].iov_len, <=, len);
        memset(iov[i].iov_base, 0xa5, iov[i].iov_len);
        len -= iov[i].iov_len;
    }
    g_assert_cmpuint(len, ==, 0);
}

static void on_ready(struct buffer_wait *wait, unsigned count)
{
    struct waiter *w = (struct waiter *)wait;
    check_chunks(w->iov, (int)count, w->len);
    w->n = (int)count;
    w->order = ++*w->counter;
}

void ask(struct fixture *f, struct waiter *w, struct buffer_user *user, enum buffer_use use,
         size_t len, unsigned *counter)
{
    *w = (struct waiter){
        .wait.ready = on_ready, .f = f, .user = user, .len = len, .counter = counter};
    int n = buffer_get(f->pool, user, use, len, w->iov, MOST, &w->wait);
    g_assert_true(n > 0 || n == -EAGAIN);
    w->n = MAX(n, 0);
}

void give_back(struct waiter *w)
{
    buffer_put(w->f->pool, w->user, w->iov, (unsigned)w->n);
    w->n = 0;
}

void fill(struct fixture *f, enum buffer_use use, struct iovec *all)
{
    for (unsigned i = 0; i < part_of(use); i++)
        g_assert_cmpint(get(f, use, BUFFER_LARGE, &all[i]), ==, 1);
}

void end_turn(struct fixture *f)
{
    g_autoptr(GMainContext) context = g_main_context_ref(f->t->context);
    g_main_context_iteration(context, FALSE);
}

struct run {
    struct fixture *f;
    const struct buffer_test *test;
    sem_t over;
};

/* From a source of its own, so that the thread's turns can be made to run within it. */
static gboolean run_on_thread(gpointer data)
{
    struct run *run = data;
    run->test->fn(run->f);
    sem_post(&run->over);
    return G_SOURCE_REMOVE;
}

static void start_on_thread(struct tgt_thread *t, void *data)
{
    g_autoptr(GSource) source = g_idle_source_new();
    g_source_set_callback(source, run_on_thread, data, NULL);
    g_source_attach(source, t->context);
}

static void run_test(gconstpointer data)
{
    struct fixture f = {.t = NULL};
    struct run run = {.f = &f, .test = data};
    f.threads = threads_start(&(struct threads_config){1, "poll", BLOCKS * BUFFER_LARGE}, NULL);
    f.t = threads_get(f.threads, 0);
    f.pool = f.t->buffers;
    sem_init(&run.over, 0, 0);
    threads_each(f.threads, start_on_thread, &run);
    sem_wait(&run.over);
    threads_stop(f.threads); /* asserts that all has been put back */
    sem_destroy(&run.over);
}

int buffer_tests_run(int argc, char **argv, const struct buffer_test *tests)
{
    g_test_init(&argc, &argv, NULL);
    for (const struct buffer_test *t = tests; t->path; t++)
        g_test_add_data_func(t->path, t, run_test);
    return g_test_run();
}
