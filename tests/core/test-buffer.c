/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data buffers: sizes, limits, recycling, and the queue of waiters. */
#include <errno.h>
#include <glib.h>
#include <semaphore.h>
#include <string.h>

#include "buffer.h"
#include "thread.h"

#define BLOCKS 4

/* Waiters are called on an I/O thread: the tests run on one. */
struct fixture {
    struct threads *threads;
    struct tgt_thread *t;
    struct buffer_pool *pool;
};

static size_t used(struct fixture *f)
{
    struct buffer_stats stats;
    buffer_pool_stats(f->pool, &stats);
    return stats.used;
}

static void check_chunks(const struct iovec *iov, int n, size_t len)
{
    for (int i = 0; i < n; i++) {
        g_assert_cmpuint((uintptr_t)iov[i].iov_base % 4096, ==, 0);
        g_assert_cmpuint(iov[i].iov_len, <=, len);
        memset(iov[i].iov_base, 0xa5, iov[i].iov_len);
        len -= iov[i].iov_len;
    }
    g_assert_cmpuint(len, ==, 0);
}

static void test_sizes(struct fixture *f)
{
    static const struct {
        size_t len;
        int pieces;
        size_t used;
    } cases[] = {
        {0, 0, 0},
        {1, 1, BUFFER_SMALL},
        {4096, 1, BUFFER_SMALL},
        {4097, 1, BUFFER_LARGE},
        {65536, 1, BUFFER_LARGE},
        {65537, 2, 2 * BUFFER_LARGE},
        {BLOCKS * 65536, BLOCKS, BLOCKS * 65536},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct iovec iov[BLOCKS];
        int n = buffer_get(f->pool, cases[i].len, iov, BLOCKS, NULL);
        g_assert_cmpint(n, ==, cases[i].pieces);
        check_chunks(iov, n, cases[i].len);
        g_assert_cmpuint(used(f), ==, cases[i].used);
        buffer_put(f->pool, iov, (unsigned)n);
        g_assert_cmpuint(used(f), ==, 0);
    }
}

static void test_too_big(struct fixture *f)
{
    struct iovec iov[16];
    struct buffer_wait wait = {NULL};
    g_assert_cmpint(buffer_get(f->pool, 3 * BUFFER_LARGE, iov, 2, &wait), ==, -E2BIG);
    g_assert_cmpint(buffer_get(f->pool, BLOCKS * BUFFER_LARGE + 1, iov, 16, &wait), ==, -E2BIG);
    g_assert_cmpint(buffer_get(f->pool, SIZE_MAX, iov, 16, &wait), ==, -E2BIG);
    g_assert_cmpint(buffer_get(f->pool, 1, iov, 0, &wait), ==, -E2BIG);
    g_assert_false(wait.queued);
    g_assert_cmpuint(used(f), ==, 0);
}

/* A large chunk that was split is whole again once all its small ones are back. */
static void test_small_and_large_share(struct fixture *f)
{
    enum { SMALL = BLOCKS * 16 };
    struct iovec small[SMALL], large[BLOCKS], none;
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < SMALL; i++) {
            g_assert_cmpint(buffer_get(f->pool, 4096, &small[i], 1, NULL), ==, 1);
            memset(small[i].iov_base, (int)i, 4096);
        }
        g_assert_cmpuint(used(f), ==, BLOCKS * BUFFER_LARGE);
        g_assert_cmpint(buffer_get(f->pool, 1, &none, 1, NULL), ==, -EAGAIN);
        for (unsigned i = 0; i < SMALL; i++) { /* no two are the same */
            const unsigned char *bytes = small[i].iov_base;
            g_assert_true(bytes[0] == i && bytes[4095] == i);
        }
        for (unsigned i = 0; i < SMALL; i++)
            buffer_put(f->pool, &small[(i * 37 + round) % SMALL], 1);
        g_assert_cmpint(buffer_get(f->pool, BLOCKS * BUFFER_LARGE, large, BLOCKS, NULL), ==,
                        BLOCKS);
        g_assert_cmpint(buffer_get(f->pool, 1, &none, 1, NULL), ==, -EAGAIN);
        buffer_put(f->pool, large, BLOCKS);
    }
}

static void test_last_used_first(struct fixture *f)
{
    struct iovec a, b, again;
    buffer_get(f->pool, BUFFER_LARGE, &a, 1, NULL);
    buffer_get(f->pool, BUFFER_LARGE, &b, 1, NULL);
    buffer_put(f->pool, &b, 1);
    buffer_put(f->pool, &a, 1);
    buffer_get(f->pool, BUFFER_LARGE, &again, 1, NULL);
    g_assert_true(again.iov_base == a.iov_base);
    buffer_put(f->pool, &again, 1);
}

/* ---- Waiters ---- */

struct waiter {
    struct buffer_wait wait; /* first */
    struct fixture *f;
    size_t len;
    struct iovec iov[BLOCKS];
    int n; /* pieces it got, or 0 */
    unsigned called;
    unsigned order; /* in which it was served, from 1 */
    unsigned *counter;
};

static void on_ready(struct buffer_wait *wait)
{
    struct waiter *w = (struct waiter *)wait;
    w->called++;
    int n = buffer_get(w->f->pool, w->len, w->iov, BLOCKS, wait);
    if (n < 0) {
        g_assert_cmpint(n, ==, -EAGAIN);
        return;
    }
    w->n = n;
    w->order = ++*w->counter;
}

static void ask(struct fixture *f, struct waiter *w, size_t len, unsigned *counter)
{
    *w = (struct waiter){.wait.ready = on_ready, .f = f, .len = len, .counter = counter};
    int n = buffer_get(f->pool, len, w->iov, BLOCKS, &w->wait);
    g_assert_true(n > 0 || n == -EAGAIN);
    w->n = MAX(n, 0);
}

static void give_back(struct waiter *w)
{
    buffer_put(w->f->pool, w->iov, (unsigned)w->n);
    w->n = 0;
}

/* End of the turn, as far as the pool is concerned: the test does not return to its thread
 * meanwhile. */
static void end_turn(struct fixture *f);

static void test_first_come_first_served(struct fixture *f)
{
    struct waiter all, large, small, second;
    unsigned counter = 0;
    ask(f, &all, BLOCKS * BUFFER_LARGE, &counter);
    g_assert_cmpint(all.n, ==, BLOCKS);
    ask(f, &large, 3 * BUFFER_LARGE, &counter);
    ask(f, &small, 100, &counter);
    ask(f, &second, BUFFER_LARGE, &counter);
    g_assert_cmpint(large.n + small.n + second.n, ==, 0);
    /* Two chunks are enough for the small one, but it is not its turn; nor does anyone new
     * overtake. */
    buffer_put(f->pool, all.iov, 2);
    end_turn(f);
    g_assert_cmpuint(large.called + small.called + second.called, ==, 0);
    struct iovec iov;
    g_assert_cmpint(buffer_get(f->pool, 100, &iov, 1, NULL), ==, -EAGAIN);
    buffer_put(f->pool, all.iov + 2, 2);
    end_turn(f);
    g_assert_cmpuint(large.order, ==, 1);
    g_assert_cmpuint(small.order, ==, 2);
    g_assert_cmpuint(second.called, ==, 0);
    give_back(&small); /* is a whole chunk again */
    end_turn(f);
    g_assert_cmpuint(second.order, ==, 3);
    give_back(&large);
    give_back(&second);
    struct buffer_stats stats;
    buffer_pool_stats(f->pool, &stats);
    g_assert_cmpuint(stats.waits, ==, 3);
}

static void test_never_from_within_put(struct fixture *f)
{
    struct waiter all, one;
    unsigned counter = 0;
    ask(f, &all, BLOCKS * BUFFER_LARGE, &counter);
    ask(f, &one, 10, &counter);
    give_back(&all);
    g_assert_cmpuint(one.called, ==, 0);
    end_turn(f);
    g_assert_cmpuint(one.called, ==, 1);
    give_back(&one);
}

/* The first gives up: the next may have enough already. */
static void test_cancel(struct fixture *f)
{
    struct waiter all, large, small;
    unsigned counter = 0;
    ask(f, &all, BLOCKS * BUFFER_LARGE, &counter);
    ask(f, &large, BLOCKS * BUFFER_LARGE, &counter);
    ask(f, &small, 100, &counter);
    buffer_put(f->pool, all.iov, 1);
    end_turn(f);
    g_assert_cmpuint(small.called, ==, 0);
    buffer_wait_cancel(f->pool, &large.wait);
    buffer_wait_cancel(f->pool, &large.wait);
    g_assert_false(large.wait.queued);
    end_turn(f);
    g_assert_cmpuint(large.called, ==, 0);
    g_assert_cmpuint(small.order, ==, 1);
    give_back(&small);
    buffer_put(f->pool, all.iov + 1, BLOCKS - 1);
}

static void grow(struct buffer_wait *wait)
{
    struct waiter *w = (struct waiter *)wait;
    if (w->called == 0)
        w->len = BLOCKS * BUFFER_LARGE;
    on_ready(wait);
}

/* Who is called and wants more than it said keeps its place. */
static void test_called_in_vain(struct fixture *f)
{
    struct waiter all, first, second;
    unsigned counter = 0;
    ask(f, &all, BLOCKS * BUFFER_LARGE, &counter);
    ask(f, &first, 100, &counter);
    first.wait.ready = grow;
    ask(f, &second, 100, &counter);
    buffer_put(f->pool, all.iov, 1);
    end_turn(f);
    g_assert_cmpuint(first.called, ==, 1);
    g_assert_cmpuint(second.called, ==, 0);
    buffer_put(f->pool, all.iov + 1, BLOCKS - 1);
    end_turn(f);
    g_assert_cmpuint(first.order, ==, 1);
    g_assert_cmpuint(second.order, ==, 0);
    give_back(&first);
    end_turn(f);
    g_assert_cmpuint(second.order, ==, 2);
    give_back(&second);
}

static void test_many_waiters(struct fixture *f)
{
    enum { MANY = 200 };
    struct waiter *w = g_new0(struct waiter, MANY);
    unsigned counter = 0, given = 0;
    for (unsigned i = 0; i < MANY; i++)
        ask(f, &w[i], 1 + (i * 7919u) % (BLOCKS * BUFFER_LARGE), &counter);
    while (given < MANY) {
        unsigned before = given;
        for (unsigned i = 0; i < MANY; i++) {
            if (w[i].n == 0)
                continue;
            check_chunks(w[i].iov, w[i].n, w[i].len);
            give_back(&w[i]);
            given++;
        }
        g_assert_cmpuint(given, >, before);
        end_turn(f);
        g_assert_cmpuint(used(f), <=, BLOCKS * BUFFER_LARGE);
    }
    for (unsigned i = 1; i < MANY; i++)
        g_assert_true(w[i].order == 0 || w[i].order > w[i - 1].order);
    g_free(w);
}

/* ---- On an I/O thread ---- */

static void end_turn(struct fixture *f)
{
    g_autoptr(GMainContext) context = g_main_context_ref(f->t->context);
    g_main_context_iteration(context, FALSE);
}

struct test {
    void (*fn)(struct fixture *f);
};

struct run {
    struct fixture *f;
    const struct test *test;
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
    struct fixture f;
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

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        struct test test;
    } tests[] = {
        {"/buffer/sizes", {test_sizes}},
        {"/buffer/too-big", {test_too_big}},
        {"/buffer/small-and-large-share", {test_small_and_large_share}},
        {"/buffer/last-used-first", {test_last_used_first}},
        {"/buffer/wait/first-come-first-served", {test_first_come_first_served}},
        {"/buffer/wait/never-from-within-put", {test_never_from_within_put}},
        {"/buffer/wait/cancel", {test_cancel}},
        {"/buffer/wait/called-in-vain", {test_called_in_vain}},
        {"/buffer/wait/many", {test_many_waiters}},
    };
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add_data_func(tests[i].path, &tests[i].test, run_test);
    return g_test_run();
}
