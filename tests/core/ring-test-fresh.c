/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rings: polls that end before the engine waits for them. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "ring-fixture.h"

/* More than are looked at in one call. */
#define PAIRS 20

struct pair {
    struct probe probe;
    int fds[2];
};

static void pair_open(struct fixture *f, struct pair *pair)
{
    probe_init(&pair->probe, f);
    g_assert_cmpint(pipe(pair->fds), ==, 0);
    f->ops->poll(f->ring, &pair->probe.op, pair->fds[0], POLLIN);
}

static void pair_close(struct pair *pair)
{
    close(pair->fds[0]);
    close(pair->fds[1]);
}

static void ring_up(const struct pair *pair)
{
    g_assert_cmpint(write(pair->fds[1], "x", 1), ==, 1);
}

/* Without a wait(): until something is to be delivered. */
static void look_until_pending(struct fixture *f, bool closely)
{
    gint64 deadline = g_get_monotonic_time() + PATIENCE_MS * 1000;
    while (!f->ops->pending(f->ring, closely))
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
}

static void find(struct fixture *f, bool closely)
{
    struct pair pair;
    pair_open(f, &pair);
    g_assert_false(f->ops->pending(f->ring, closely));
    ring_up(&pair);
    look_until_pending(f, closely);
    g_assert_true(f->ops->ready(f->ring));
    g_assert_cmpuint(f->ops->reap(f->ring), ==, 1);
    g_assert_cmpint(pair.probe.res, ==, POLLIN);
    g_assert_cmpuint(f->ops->under_way(f->ring), ==, 0);
    pair_close(&pair);
}

static void test_spinning(struct fixture *f)
{
    find(f, true);
    find(f, false);
}

/* After looks that found nothing, a sleep finds it. */
static void test_asleep_after_look(struct fixture *f)
{
    struct pair pair;
    pair_open(f, &pair);
    g_assert_false(f->ops->pending(f->ring, true));
    run_for(f, 10);
    g_assert_cmpuint(pair.probe.ended, ==, 0);
    ring_up(&pair);
    expect(f, &pair.probe, POLLIN);
    pair_close(&pair);
}

static void test_cancel(struct fixture *f)
{
    struct pair pair;
    pair_open(f, &pair);
    f->ops->cancel(f->ring, &pair.probe.op);
    g_assert_true(f->ops->ready(f->ring)); /* nobody else has to be asked */
    ring_up(&pair);
    expect(f, &pair.probe, -ECANCELED);
    pair_close(&pair);
}

/* Some are found by looking, some are cancelled, some by waiting; each ends once. */
static void test_many(struct fixture *f)
{
    struct pair pairs[PAIRS];
    for (unsigned i = 0; i < PAIRS; i++)
        pair_open(f, &pairs[i]);
    for (unsigned i = 0; i < PAIRS; i += 3)
        ring_up(&pairs[i]);
    look_until_pending(f, true);
    f->ops->reap(f->ring);
    for (unsigned i = 1; i < PAIRS; i += 3)
        f->ops->cancel(f->ring, &pairs[i].probe.op);
    for (unsigned i = 2; i < PAIRS; i += 3)
        ring_up(&pairs[i]);
    for (unsigned i = 0; i < PAIRS; i++) {
        expect(f, &pairs[i].probe, i % 3 == 1 ? -ECANCELED : POLLIN);
        pair_close(&pairs[i]);
    }
    g_assert_cmpuint(f->ops->under_way(f->ring), ==, 0);
}

void add_fresh_tests(void)
{
    add_test("fresh/spinning", test_spinning);
    add_test("fresh/asleep-after-look", test_asleep_after_look);
    add_test("fresh/cancel", test_cancel);
    add_test("fresh/many", test_many);
}
