/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data buffers: sizes, parts, recycling, and the queues of waiters. */
#include <errno.h>

#include "buffer-scene.h"

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
        {MOST * 65536, MOST, MOST * 65536},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct iovec iov[MOST];
        int n = get(f, BUFFER_IN, cases[i].len, iov);
        g_assert_cmpint(n, ==, cases[i].pieces);
        check_chunks(iov, n, cases[i].len);
        g_assert_cmpuint(used(f), ==, cases[i].used);
        put(f, iov, (unsigned)n);
        g_assert_cmpuint(used(f), ==, 0);
    }
}

static void test_too_big(struct fixture *f)
{
    struct iovec iov[MOST];
    g_assert_cmpuint(buffer_pool_most(f->pool), ==, MOST * BUFFER_LARGE);
    g_assert_cmpint(buffer_get(f->pool, &f->user, BUFFER_IN, 3 * BUFFER_LARGE, iov, 2, NULL), ==,
                    -E2BIG);
    g_assert_cmpint(buffer_get(f->pool, &f->user, BUFFER_IN, 1, iov, 0, NULL), ==, -E2BIG);
    g_assert_cmpint(get(f, BUFFER_IN, MOST * BUFFER_LARGE + 1, iov), ==, -E2BIG);
    g_assert_cmpint(get(f, BUFFER_OUT, SIZE_MAX, iov), ==, -E2BIG);
    g_assert_cmpuint(used(f), ==, 0);
}

static void test_pools_of_all_sizes(struct fixture *f)
{
    for (size_t blocks = 0; blocks < 600; blocks++) {
        struct buffer_pool *pool = buffer_pool_new(blocks * BUFFER_LARGE);
        size_t most = buffer_pool_most(pool);
        for (unsigned use = 0; use < BUFFER_USES; use++) {
            struct iovec iov[BUFFER_MOST / BUFFER_LARGE];
            struct buffer_wait wait = {NULL};
            size_t len = use == BUFFER_SCRATCH ? BUFFER_LARGE : most;
            int n = buffer_get(pool, &f->user, use, len, iov, G_N_ELEMENTS(iov), &wait);
            g_assert_cmpint(n, ==, len / BUFFER_LARGE);
            buffer_put(pool, &f->user, iov, (unsigned)n);
        }
        g_assert_true(blocks < 512 || most == BUFFER_MOST);
        buffer_pool_free(pool);
    }
}

/* A large chunk that was split is whole again once all its small ones are back. */
static void test_small_and_large_share(struct fixture *f)
{
    struct iovec small[SMALLS], large[PART], none;
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < SMALLS; i++) {
            g_assert_cmpint(get(f, BUFFER_IN, 4096, &small[i]), ==, 1);
            *(unsigned *)small[i].iov_base = i;
        }
        g_assert_cmpuint(used(f), ==, PART * BUFFER_LARGE);
        g_assert_cmpint(get(f, BUFFER_IN, 1, &none), ==, -EAGAIN);
        for (unsigned i = 0; i < SMALLS; i++) /* no two are the same */
            g_assert_cmpuint(*(unsigned *)small[i].iov_base, ==, i);
        for (unsigned i = 0; i < SMALLS; i++)
            put(f, &small[(i * 37 + round) % SMALLS], 1);
        for (unsigned i = 0; i < PART; i++)
            g_assert_cmpint(get(f, BUFFER_IN, BUFFER_LARGE, &large[i]), ==, 1);
        g_assert_cmpint(get(f, BUFFER_IN, 1, &none), ==, -EAGAIN);
        put(f, large, PART);
    }
}

static void test_last_used_first(struct fixture *f)
{
    struct iovec a, b, again;
    get(f, BUFFER_IN, BUFFER_LARGE, &a);
    get(f, BUFFER_IN, BUFFER_LARGE, &b);
    put(f, &b, 1);
    put(f, &a, 1);
    get(f, BUFFER_IN, BUFFER_LARGE, &again);
    g_assert_true(again.iov_base == a.iov_base);
    put(f, &again, 1);
}

/* ---- Parts ---- */

static void expect_whole_part(struct fixture *f, enum buffer_use use)
{
    struct iovec iov[PART];
    for (unsigned i = 0; i < part_of(use); i++)
        g_assert_cmpint(get(f, use, BUFFER_LARGE, &iov[i]), ==, 1);
    put(f, iov, part_of(use));
}

/* Small chunks of both uses come alternately, those of one stay: the large ones of the other are
 * all there again. */
static void expect_no_fragments(struct fixture *f, enum buffer_use stays, enum buffer_use goes)
{
    struct iovec here[PART], gone[15 * PART];
    for (unsigned i = 0; i < PART; i++) {
        for (unsigned k = 0; k < 15; k++)
            g_assert_cmpint(get(f, goes, 4096, &gone[i * 15 + k]), ==, 1);
        g_assert_cmpint(get(f, stays, 4096, &here[i]), ==, 1);
    }
    put(f, gone, 15 * PART);
    expect_whole_part(f, goes);
    put(f, here, PART);
}

static void test_small_chunks_do_not_mix(struct fixture *f)
{
    expect_no_fragments(f, BUFFER_OUT, BUFFER_IN);
    expect_no_fragments(f, BUFFER_IN, BUFFER_OUT);
}

/* One use has all that it may have: as if nothing were taken, for the others. */
static void test_each_use_has_its_part(struct fixture *f)
{
    struct iovec small[SMALLS];
    for (unsigned use = 0; use < BUFFER_USES; use++) {
        unsigned smalls = part_of(use) * (BUFFER_LARGE / BUFFER_SMALL);
        for (unsigned i = 0; i < smalls; i++)
            g_assert_cmpint(get(f, use, 4096, &small[i]), ==, 1);
        for (unsigned other = 0; other < BUFFER_USES; other++)
            if (other != use)
                expect_whole_part(f, other);
        put(f, small, smalls);
    }
}

/* ---- Waiters ---- */

/* Of one nexus. */
static void test_first_come_first_served(struct fixture *f)
{
    struct buffer_user user = {0};
    struct waiter large, small, second, newer;
    struct iovec all[PART];
    unsigned counter = 0;
    fill(f, BUFFER_OUT, all);
    ask(f, &large, &user, BUFFER_OUT, 3 * BUFFER_LARGE, &counter);
    ask(f, &small, &user, BUFFER_OUT, 100, &counter);
    ask(f, &second, &user, BUFFER_OUT, BUFFER_LARGE, &counter);
    g_assert_cmpint(large.n + small.n + second.n, ==, 0);
    /* Two chunks are enough for the small one, but it is not its turn; nor does anyone new
     * overtake. */
    put(f, all, 2);
    end_turn(f);
    ask(f, &newer, &user, BUFFER_OUT, 100, &counter);
    g_assert_cmpint(large.n + small.n + second.n + newer.n, ==, 0);
    put(f, all + 2, 2);
    end_turn(f);
    g_assert_cmpuint(large.order, ==, 1);
    put(f, all + 4, PART - 4);
    end_turn(f);
    g_assert_cmpuint(small.order, ==, 2);
    g_assert_cmpuint(second.order, ==, 3);
    g_assert_cmpuint(newer.order, ==, 4);
    give_back(&large);
    give_back(&small);
    give_back(&second);
    give_back(&newer);
}

static void test_waits_are_counted(struct fixture *f)
{
    struct buffer_user user = {0};
    struct waiter w[2];
    struct iovec all[PART];
    struct buffer_stats stats;
    unsigned counter = 0;
    for (unsigned use = 0; use < BUFFER_USES; use++) {
        fill(f, use, all);
        for (unsigned i = 0; i < G_N_ELEMENTS(w); i++)
            ask(f, &w[i], &user, use, 100, &counter);
        put(f, all, part_of(use));
        end_turn(f);
        for (unsigned i = 0; i < G_N_ELEMENTS(w); i++)
            give_back(&w[i]);
    }
    buffer_pool_stats(f->pool, &stats);
    g_assert_cmpuint(stats.waits, ==, BUFFER_USES * G_N_ELEMENTS(w));
}

static void test_never_from_within_put(struct fixture *f)
{
    struct buffer_user user = {0};
    struct iovec all[PART];
    struct waiter one;
    unsigned counter = 0;
    fill(f, BUFFER_OUT, all);
    ask(f, &one, &user, BUFFER_OUT, 10, &counter);
    put(f, all, PART);
    g_assert_cmpint(one.n, ==, 0);
    end_turn(f);
    g_assert_cmpint(one.n, ==, 1);
    give_back(&one);
}

/* The first gives up: the next may have enough already. */
static void test_cancel(struct fixture *f)
{
    struct buffer_user user = {0};
    struct iovec all[PART];
    struct waiter large, small;
    unsigned counter = 0;
    fill(f, BUFFER_OUT, all);
    ask(f, &large, &user, BUFFER_OUT, MOST * BUFFER_LARGE, &counter);
    ask(f, &small, &user, BUFFER_OUT, 100, &counter);
    put(f, all, 1);
    end_turn(f);
    g_assert_cmpint(small.n, ==, 0);
    buffer_wait_cancel(f->pool, &large.wait);
    buffer_wait_cancel(f->pool, &large.wait);
    g_assert_false(large.wait.queued);
    end_turn(f);
    g_assert_cmpint(large.n, ==, 0);
    g_assert_cmpuint(small.order, ==, 1);
    give_back(&small);
    put(f, all + 1, PART - 1);
}

/* A command that is being worked on does not wait for others: what is free is its. */
static void test_at_once_or_not_at_all(struct fixture *f)
{
    struct buffer_user user = {0};
    struct iovec all[PART], iov[MOST];
    struct waiter large;
    unsigned counter = 0;
    fill(f, BUFFER_IN, all);
    ask(f, &large, &user, BUFFER_IN, MOST * BUFFER_LARGE, &counter);
    g_assert_cmpint(get(f, BUFFER_IN, 100, iov), ==, -EAGAIN);
    put(f, all, 1);
    g_assert_cmpint(get(f, BUFFER_IN, 100, iov), ==, 1);
    put(f, iov, 1);
    put(f, all + 1, PART - 1);
    end_turn(f);
    give_back(&large);
}

static void test_many_waiters(struct fixture *f)
{
    enum { MANY = 200 };
    struct buffer_user user = {0};
    struct waiter *w = g_new0(struct waiter, MANY);
    unsigned counter = 0, given = 0;
    for (unsigned i = 0; i < MANY; i++)
        ask(f, &w[i], &user, BUFFER_IN, 1 + (i * 7919u) % (MOST * BUFFER_LARGE), &counter);
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
        g_assert_cmpuint(used(f), <=, PART * BUFFER_LARGE);
    }
    for (unsigned i = 1; i < MANY; i++)
        g_assert_true(w[i].order == 0 || w[i].order > w[i - 1].order);
    g_free(w);
}

int main(int argc, char **argv)
{
    static const struct buffer_test tests[] = {
        {"/buffer/sizes", test_sizes},
        {"/buffer/too-big", test_too_big},
        {"/buffer/pools-of-all-sizes", test_pools_of_all_sizes},
        {"/buffer/small-and-large-share", test_small_and_large_share},
        {"/buffer/last-used-first", test_last_used_first},
        {"/buffer/parts/small-chunks-do-not-mix", test_small_chunks_do_not_mix},
        {"/buffer/parts/each-use-has-its-part", test_each_use_has_its_part},
        {"/buffer/wait/first-come-first-served", test_first_come_first_served},
        {"/buffer/wait/counted", test_waits_are_counted},
        {"/buffer/wait/never-from-within-put", test_never_from_within_put},
        {"/buffer/wait/cancel", test_cancel},
        {"/buffer/wait/at-once-or-not-at-all", test_at_once_or_not_at_all},
        {"/buffer/wait/many", test_many_waiters},
        {0},
    };
    return buffer_tests_run(argc, argv, tests);
}
