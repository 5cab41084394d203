/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of the rings share. */
#include "ring-fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "config.h"

static void note_end(struct tgt_op *op, int64_t res)
{
    struct probe *p = (struct probe *)op;
    p->res = res;
    p->ended++;
    p->at = g_get_monotonic_time();
    if (p->last)
        *p->last = p;
}

void probe_init(struct probe *p, struct fixture *f)
{
    *p = (struct probe){.op.done = note_end, .f = f, .res = G_MININT64};
}

static void one_turn(struct fixture *f, int timeout_ms)
{
    g_assert_cmpint(f->ops->wait(f->ring, NULL, 0, timeout_ms), ==, 0);
    f->ops->reap(f->ring);
}

void run_until_ended(struct fixture *f, struct probe *p, unsigned times)
{
    gint64 deadline = g_get_monotonic_time() + PATIENCE_MS * 1000;
    while (p->ended < times) {
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
        one_turn(f, 1000);
    }
}

void run_for(struct fixture *f, unsigned ms)
{
    gint64 deadline = g_get_monotonic_time() + ms * 1000;
    while (g_get_monotonic_time() < deadline)
        one_turn(f, 5);
}

void expect(struct fixture *f, struct probe *p, int64_t res)
{
    run_until_ended(f, p, 1);
    g_assert_cmpint(p->res, ==, res);
    g_assert_cmpuint(p->ended, ==, 1);
}

void use_pipe(struct fixture *f)
{
    int fds[2];
    g_assert_cmpint(pipe2(fds, O_CLOEXEC), ==, 0);
    f->a = fds[0];
    f->b = fds[1];
}

void use_sockets(struct fixture *f)
{
    int fds[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
    f->a = fds[0];
    f->b = fds[1];
}

void use_file(struct fixture *f)
{
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "test-ring-XXXXXX", NULL);
    f->file = g_mkstemp(path);
    g_assert_cmpint(f->file, >=, 0);
    unlink(path);
}

struct test {
    const struct ring_ops *ops;
    void (*fn)(struct fixture *f);
};

static void setup(struct fixture *f, const struct ring_ops *ops)
{
    g_autoptr(GError) error = NULL;
    *f = (struct fixture){.ops = ops, .a = -1, .b = -1, .file = -1};
    f->ring = ops->open(&error);
    if (!f->ring)
        g_test_skip(error->message);
}

static void teardown(struct fixture *f)
{
    const int fds[] = {f->a, f->b, f->file};
    f->ops->close(f->ring);
    for (unsigned i = 0; i < G_N_ELEMENTS(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static void run_test(gconstpointer data)
{
    const struct test *test = data;
    struct fixture f;
    setup(&f, test->ops);
    if (!f.ring)
        return;
    test->fn(&f);
    teardown(&f);
}

static void add_for(const struct ring_ops *ops, const char *path, void (*fn)(struct fixture *f))
{
    g_autofree char *full = g_strdup_printf("/ring/%s/%s", ops->name, path);
    struct test *test = g_new(struct test, 1);
    *test = (struct test){ops, fn};
    g_test_add_data_func_full(full, test, run_test, g_free);
}

void add_test(const char *path, void (*fn)(struct fixture *f))
{
#if HAVE_LIBURING
    add_for(&ring_uring, path, fn);
#endif
    add_for(&ring_poll, path, fn);
}
