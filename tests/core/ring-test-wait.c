/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rings: timeouts, and the poll function of a GMainContext. */
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "ring-fixture.h"

#define MS G_GUINT64_CONSTANT(1000000)

static void test_timeout_order(struct fixture *f)
{
    static const uint64_t ms[] = {30, 10, 40, 20, 0};
    struct probe p[G_N_ELEMENTS(ms)];
    gint64 start = g_get_monotonic_time();
    for (unsigned i = 0; i < G_N_ELEMENTS(ms); i++) {
        probe_init(&p[i], f);
        f->ops->timeout(f->ring, &p[i].op, ms[i] * MS);
        g_assert_cmpuint(p[i].ended, ==, 0);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(ms); i++) {
        expect(f, &p[i], 0);
        g_assert_cmpint(p[i].at - start, >=, (gint64)ms[i] * 1000);
    }
    g_assert_true(p[4].at <= p[1].at && p[1].at <= p[3].at && p[3].at <= p[0].at &&
                  p[0].at <= p[2].at);
}

static void test_timeout_cancel_some(struct fixture *f)
{
    enum { MANY = 300 };
    struct probe p[MANY];
    for (unsigned i = 0; i < MANY; i++) {
        probe_init(&p[i], f);
        f->ops->timeout(f->ring, &p[i].op, (i * 7919 % 50) * MS);
    }
    for (unsigned i = 0; i < MANY; i += 3)
        f->ops->cancel(f->ring, &p[i].op);
    for (unsigned i = 0; i < MANY; i++) {
        run_until_ended(f, &p[i], 1);
        if (i % 3)
            g_assert_cmpint(p[i].res, ==, 0);
    }
}

static void test_wait_limit(struct fixture *f)
{
    gint64 start = g_get_monotonic_time();
    g_assert_cmpint(f->ops->wait(f->ring, NULL, 0, 30), ==, 0);
    g_assert_cmpint(g_get_monotonic_time() - start, >=, 29000);
    g_assert_false(f->ops->ready(f->ring));
    g_assert_cmpuint(f->ops->reap(f->ring), ==, 0);
    start = g_get_monotonic_time();
    for (unsigned i = 0; i < 100; i++)
        f->ops->wait(f->ring, NULL, 0, 0);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 1000000);
}

static void test_watch(struct fixture *f)
{
    struct probe p;
    int other = eventfd(0, EFD_CLOEXEC);
    use_pipe(f);
    GPollFD fds[] = {{f->a, G_IO_IN, 0xff}, {other, G_IO_IN, 0xff}};
    g_assert_cmpint(f->ops->wait(f->ring, fds, 2, 10), ==, 0);
    g_assert_cmpuint(fds[0].revents | fds[1].revents, ==, 0);
    g_assert_cmpint(write(f->b, "x", 1), ==, 1);
    for (unsigned i = 0; i < 3; i++) { /* as long as it can be read */
        g_assert_cmpint(f->ops->wait(f->ring, fds, 2, PATIENCE_MS), ==, 1);
        g_assert_cmpuint(fds[0].revents, ==, G_IO_IN);
        g_assert_cmpuint(fds[1].revents, ==, 0);
        f->ops->reap(f->ring);
    }
    char byte;
    g_assert_cmpint(read(f->a, &byte, 1), ==, 1);
    eventfd_write(other, 1);
    /* A ring may have seen the pipe before it was emptied. */
    do {
        g_assert_cmpint(f->ops->wait(f->ring, fds, 2, PATIENCE_MS), >, 0);
        f->ops->reap(f->ring);
    } while (!fds[1].revents);
    g_assert_cmpuint(fds[0].revents, ==, 0);
    /* Another set: the eventfd alone, still readable; operations go on beside it. */
    probe_init(&p, f);
    f->ops->timeout(f->ring, &p.op, 5 * MS);
    g_assert_cmpint(f->ops->wait(f->ring, fds + 1, 1, PATIENCE_MS), ==, 1);
    g_assert_cmpuint(fds[1].revents, ==, G_IO_IN);
    f->ops->reap(f->ring);
    expect(f, &p, 0); /* with no watch any more */
    close(other);
}

static gint64 cpu_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* With an operation, a timer and a watch under way. */
static void test_idle_costs_nothing(struct fixture *f)
{
    struct probe p, timer;
    use_pipe(f);
    int other = eventfd(0, EFD_CLOEXEC);
    GPollFD fd = {other, G_IO_IN, 0};
    probe_init(&p, f);
    probe_init(&timer, f);
    f->ops->poll(f->ring, &p.op, f->a, POLLIN);
    f->ops->timeout(f->ring, &timer.op, 300 * MS);
    gint64 start = cpu_us();
    unsigned turns = 0;
    for (; !timer.ended; turns++) {
        f->ops->wait(f->ring, &fd, 1, -1);
        f->ops->reap(f->ring);
    }
    g_assert_cmpuint(turns, <=, 3);
    g_assert_cmpint(cpu_us() - start, <, 20000);
    f->ops->cancel(f->ring, &p.op);
    run_until_ended(f, &p, 1);
    close(other);
}

void add_wait_tests(void)
{
    add_test("timeout/order", test_timeout_order);
    add_test("timeout/cancel-some", test_timeout_cancel_some);
    add_test("wait/limit", test_wait_limit);
    add_test("wait/watches", test_watch);
    add_test("wait/idle-costs-nothing", test_idle_costs_nothing);
}
