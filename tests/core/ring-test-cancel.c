/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rings: cancelling. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "ring-fixture.h"

static void test_cancel_receive(struct fixture *f)
{
    struct probe p;
    char byte;
    struct iovec iov = {&byte, 1};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    use_sockets(f);
    probe_init(&p, f);
    f->ops->recvmsg(f->ring, &p.op, f->a, &msg, 0);
    run_for(f, 5);
    f->ops->cancel(f->ring, &p.op);
    g_assert_cmpuint(p.ended, ==, 0); /* not from within */
    f->ops->cancel(f->ring, &p.op);
    expect(f, &p, -ECANCELED);
    /* Nothing was taken from the socket, and the op can be used again. */
    g_assert_cmpint(send(f->b, "x", 1, 0), ==, 1);
    probe_init(&p, f);
    f->ops->recvmsg(f->ring, &p.op, f->a, &msg, 0);
    expect(f, &p, 1);
}

static void test_cancel_read_poll_timeout(struct fixture *f)
{
    struct probe p[3];
    char byte;
    struct iovec iov = {&byte, 1};
    use_pipe(f);
    for (unsigned i = 0; i < G_N_ELEMENTS(p); i++)
        probe_init(&p[i], f);
    f->ops->readv(f->ring, &p[0].op, f->a, &iov, 1, 0, 0);
    f->ops->poll(f->ring, &p[1].op, f->a, POLLIN);
    f->ops->timeout(f->ring, &p[2].op, G_GUINT64_CONSTANT(3600000000000));
    run_for(f, 5);
    for (unsigned i = 0; i < G_N_ELEMENTS(p); i++)
        f->ops->cancel(f->ring, &p[i].op);
    for (unsigned i = 0; i < G_N_ELEMENTS(p); i++)
        expect(f, &p[i], -ECANCELED);
}

/* Before the kernel has seen the operation. */
static void test_cancel_at_once(struct fixture *f)
{
    struct probe p[2];
    use_pipe(f);
    for (unsigned i = 0; i < G_N_ELEMENTS(p); i++)
        probe_init(&p[i], f);
    f->ops->poll(f->ring, &p[0].op, f->a, POLLIN);
    f->ops->cancel(f->ring, &p[0].op);
    f->ops->timeout(f->ring, &p[1].op, G_GUINT64_CONSTANT(3600000000000));
    f->ops->cancel(f->ring, &p[1].op);
    expect(f, &p[0], -ECANCELED);
    expect(f, &p[1], -ECANCELED);
}

/* Has come to its end, but is not delivered: its result counts. */
static void test_cancel_too_late(struct fixture *f)
{
    struct probe p;
    use_pipe(f);
    g_assert_cmpint(write(f->b, "x", 1), ==, 1);
    probe_init(&p, f);
    f->ops->poll(f->ring, &p.op, f->a, POLLIN);
    g_assert_cmpint(f->ops->wait(f->ring, NULL, 0, 1000), ==, 0);
    g_assert_true(f->ops->ready(f->ring));
    f->ops->cancel(f->ring, &p.op);
    expect(f, &p, POLLIN);
    run_for(f, 5);
    g_assert_cmpuint(p.ended, ==, 1);
}

static void test_cancel_idle(struct fixture *f)
{
    struct probe p;
    probe_init(&p, f);
    f->ops->cancel(f->ring, &p.op);
    run_for(f, 5);
    g_assert_cmpuint(p.ended, ==, 0);
    f->ops->timeout(f->ring, &p.op, 0);
    expect(f, &p, 0);
}

/* A cancellation is for the start before it, not for the next one. */
static void test_cancel_then_again(struct fixture *f)
{
    struct probe p;
    use_pipe(f);
    for (unsigned i = 0; i < 100; i++) {
        probe_init(&p, f);
        f->ops->poll(f->ring, &p.op, f->a, POLLIN);
        if (i % 2)
            run_for(f, 1);
        f->ops->cancel(f->ring, &p.op);
        expect(f, &p, -ECANCELED);
    }
    probe_init(&p, f);
    f->ops->poll(f->ring, &p.op, f->a, POLLIN);
    run_for(f, 10);
    g_assert_cmpuint(p.ended, ==, 0);
    g_assert_cmpint(write(f->b, "x", 1), ==, 1);
    expect(f, &p, POLLIN);
}

static void test_cancel_many(struct fixture *f)
{
    enum { MANY = 5000 };
    g_autofree struct probe *crowd = g_new0(struct probe, MANY);
    use_pipe(f);
    for (unsigned i = 0; i < MANY; i++) {
        probe_init(&crowd[i], f);
        if (i % 2)
            f->ops->timeout(f->ring, &crowd[i].op,
                            (i % 100 + 1) * G_GUINT64_CONSTANT(1000000000000));
        else
            f->ops->poll(f->ring, &crowd[i].op, f->a, POLLIN);
    }
    run_for(f, 5);
    for (unsigned i = MANY; i > 0; i--)
        f->ops->cancel(f->ring, &crowd[i - 1].op);
    for (unsigned i = 0; i < MANY; i++)
        expect(f, &crowd[i], -ECANCELED);
}

void add_cancel_tests(void)
{
    add_test("cancel/receive", test_cancel_receive);
    add_test("cancel/read-poll-timeout", test_cancel_read_poll_timeout);
    add_test("cancel/at-once", test_cancel_at_once);
    add_test("cancel/too-late", test_cancel_too_late);
    add_test("cancel/idle", test_cancel_idle);
    add_test("cancel/then-again", test_cancel_then_again);
    add_test("cancel/many", test_cancel_many);
}
