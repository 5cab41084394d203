/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data buffers: sizes, parts, recycling, and the queues of waiters. */
#include <errno.h>
#include <glib.h>
#include <semaphore.h>
#include <string.h>

#include "buffer.h"
#include "thread.h"

/* Blocks of the pool, of Data-Out and of Data-In, of scratch, at once, and those of PART that are
 * left by one that waits for the most, and by a nexus that has some already. */
#define BLOCKS  34
#define PART    16
#define SCRATCH 2
#define MOST    4
#define COMMON  (PART - MOST)
#define SHARED  (PART - 2 * MOST)
#define SMALLS  (PART * (BUFFER_LARGE / BUFFER_SMALL))

/* Waiters are called on an I/O thread: the tests run on one. */
struct fixture {
    struct threads *threads;
    struct tgt_thread *t;
    struct buffer_pool *pool;
    struct buffer_user user; /* of get() and put() */
};

static size_t used(struct fixture *f)
{
    struct buffer_stats stats;
    buffer_pool_stats(f->pool, &stats);
    return stats.used;
}

static unsigned part_of(enum buffer_use use)
{
    return use == BUFFER_SCRATCH ? SCRATCH : PART;
}

/* Without waiting, and without regard for shares. */
static int get(struct fixture *f, enum buffer_use use, size_t len, struct iovec *iov)
{
    return buffer_get(f->pool, &f->user, use, len, iov, MOST, NULL);
}

static void put(struct fixture *f, const struct iovec *iov, unsigned count)
{
    buffer_put(f->pool, &f->user, iov, count);
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

struct waiter {
    struct buffer_wait wait; /* first */
    struct fixture *f;
    struct buffer_user *user;
    size_t len;
    struct iovec iov[MOST];
    int n;          /* pieces it got, or 0 */
    unsigned order; /* in which it was served, from 1; 0: at once, or not yet */
    unsigned *counter;
};

static void on_ready(struct buffer_wait *wait, unsigned count)
{
    struct waiter *w = (struct waiter *)wait;
    check_chunks(w->iov, (int)count, w->len);
    w->n = (int)count;
    w->order = ++*w->counter;
}

static void ask(struct fixture *f, struct waiter *w, struct buffer_user *user, enum buffer_use use,
                size_t len, unsigned *counter)
{
    *w = (struct waiter){
        .wait.ready = on_ready, .f = f, .user = user, .len = len, .counter = counter};
    int n = buffer_get(f->pool, user, use, len, w->iov, MOST, &w->wait);
    g_assert_true(n > 0 || n == -EAGAIN);
    w->n = MAX(n, 0);
}

static void give_back(struct waiter *w)
{
    buffer_put(w->f->pool, w->user, w->iov, (unsigned)w->n);
    w->n = 0;
}

/* All of a part, in chunks of one block. */
static void fill(struct fixture *f, enum buffer_use use, struct iovec *all)
{
    for (unsigned i = 0; i < part_of(use); i++)
        g_assert_cmpint(get(f, use, BUFFER_LARGE, &all[i]), ==, 1);
}

/* End of the turn, as far as the pool is concerned: the test does not return to its thread
 * meanwhile. */
static void end_turn(struct fixture *f);

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

/* ---- Nexuses ---- */

/* As many chunks of one block as the nexus gets; `w` has room for a whole part. The last one waits.
 */
static unsigned take_all(struct fixture *f, struct waiter *w, struct buffer_user *user,
                         enum buffer_use use, unsigned *counter)
{
    for (unsigned i = 0;; i++) {
        g_assert_cmpuint(i, <, PART);
        ask(f, &w[i], user, use, BUFFER_LARGE, counter);
        if (w[i].n == 0)
            return i;
    }
}

static void give_all_back(struct waiter *w, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        give_back(&w[i]);
}

static void give_back_as_they_come(struct fixture *f, struct waiter *w, unsigned n)
{
    for (unsigned left = n; left > 0; end_turn(f))
        for (unsigned i = 0; i < n; i++)
            if (w[i].n > 0) {
                give_back(&w[i]);
                left--;
            }
}

/* Others come later and find room, whatever the first one does, and even if it waits itself. */
static void test_who_comes_anew_finds_room(struct fixture *f)
{
    struct buffer_user greedy = {0}, others[2] = {{{{0}}}};
    struct waiter w[PART], first, second;
    unsigned counter = 0;
    for (unsigned use = BUFFER_OUT; use < BUFFER_USES; use += BUFFER_IN) {
        unsigned n = take_all(f, w, &greedy, use, &counter);
        g_assert_cmpuint(n, >=, SHARED * 3 / 4);
        ask(f, &first, &others[0], use, 4096, &counter);
        end_turn(f);
        g_assert_cmpint(first.n, ==, 1);
        ask(f, &second, &others[1], use, BUFFER_LARGE, &counter);
        end_turn(f);
        g_assert_cmpint(second.n, ==, 1);
        g_assert_cmpint(w[n].n, ==, 0);
        give_back(&first);
        give_back(&second);
        give_all_back(w, n);
        end_turn(f);
        give_back(&w[n]);
    }
}

/* In one part, by what it holds, and only as long as others wait. */
static void test_who_hinders_others(struct fixture *f)
{
    struct buffer_user holder = {0}, other = {0};
    struct iovec all[PART];
    struct waiter held, own, theirs;
    unsigned counter = 0;
    ask(f, &held, &holder, BUFFER_IN, BUFFER_LARGE, &counter);
    for (unsigned i = 0; i < PART - 1; i++)
        g_assert_cmpint(get(f, BUFFER_IN, BUFFER_LARGE, &all[i]), ==, 1);
    ask(f, &own, &holder, BUFFER_IN, BUFFER_LARGE, &counter);
    g_assert_false(buffer_hinders(f->pool, &holder, BUFFER_IN)); /* only itself */
    g_assert_true(buffer_hinders(f->pool, &f->user, BUFFER_IN));
    ask(f, &theirs, &other, BUFFER_IN, BUFFER_LARGE, &counter);
    g_assert_true(buffer_hinders(f->pool, &holder, BUFFER_IN));
    g_assert_false(buffer_hinders(f->pool, &holder, BUFFER_OUT));
    g_assert_false(buffer_hinders(f->pool, &other, BUFFER_IN)); /* it holds nothing */
    buffer_wait_cancel(f->pool, &theirs.wait);
    g_assert_false(buffer_hinders(f->pool, &holder, BUFFER_IN));
    buffer_wait_cancel(f->pool, &own.wait);
    give_back(&held);
    put(f, all, PART - 1);
}

/* One nexus has a long queue; who has a short one does not wait for all of it. */
static void test_nexuses_take_turns(struct fixture *f)
{
    enum { MANY = 60 };
    struct buffer_user users[3] = {{{{0}}}};
    struct waiter many[MANY], few[2];
    struct iovec all[PART];
    unsigned counter = 0;
    fill(f, BUFFER_IN, all);
    for (unsigned i = 0; i < MANY; i++)
        ask(f, &many[i], &users[0], BUFFER_IN, BUFFER_SMALL, &counter);
    for (unsigned i = 0; i < G_N_ELEMENTS(few); i++)
        ask(f, &few[i], &users[i + 1], BUFFER_IN, BUFFER_SMALL, &counter);
    put(f, all, PART);
    end_turn(f);
    g_assert_cmpuint(many[0].order, ==, 1);
    g_assert_cmpuint(few[0].order, ==, 2);
    g_assert_cmpuint(few[1].order, ==, 3);
    for (unsigned i = 1; i < MANY; i++)
        g_assert_cmpuint(many[i].order, ==, i + 3);
    give_all_back(many, MANY);
    give_all_back(few, G_N_ELEMENTS(few));
}

/* Many take small ones all the time: a large one comes to its turn. */
static void test_large_ones_do_not_starve(struct fixture *f)
{
    enum { USERS = 40 };
    struct buffer_user users[USERS] = {{{{0}}}}, user = {0};
    struct waiter w[USERS], large = {.n = 0};
    unsigned counter = 0;
    for (unsigned i = 0; i < USERS; i++)
        ask(f, &w[i], &users[i], BUFFER_IN, BUFFER_LARGE, &counter);
    ask(f, &large, &user, BUFFER_IN, MOST * BUFFER_LARGE, &counter);
    for (unsigned round = 0; large.n == 0; round++) {
        g_assert_cmpuint(round, <, 10 * USERS);
        unsigned i = round % USERS;
        if (w[i].n > 0) {
            give_back(&w[i]);
            ask(f, &w[i], &users[i], BUFFER_IN, BUFFER_LARGE, &counter);
        }
        end_turn(f);
    }
    give_back(&large);
    give_back_as_they_come(f, w, USERS);
}

/* The oldest command of all waits behind others of its nexus, while newer ones of other nexuses
 * take all that they get and give nothing back, because they wait for it. */
static void test_newer_ones_leave_room_for_older_ones(struct fixture *f)
{
    enum { USERS = 40, BEFORE = 30 };
    struct buffer_user users[USERS] = {{{{0}}}}, user = {0};
    struct waiter before[BEFORE], oldest, newer[USERS];
    unsigned counter = 0;
    for (unsigned i = 0; i < BEFORE; i++)
        ask(f, &before[i], &user, BUFFER_OUT, MOST * BUFFER_LARGE, &counter);
    ask(f, &oldest, &user, BUFFER_OUT, MOST * BUFFER_LARGE, &counter);
    for (unsigned i = 0; i < USERS; i++)
        ask(f, &newer[i], &users[i], BUFFER_OUT, i % 4 ? BUFFER_LARGE : BUFFER_SMALL, &counter);
    for (unsigned i = 0; i < BEFORE; i++) {
        g_assert_cmpint(before[i].n, ==, MOST);
        give_back(&before[i]);
        end_turn(f);
    }
    g_assert_cmpint(oldest.n, ==, MOST);
    give_back(&oldest);
    give_back_as_they_come(f, newer, USERS);
}

/* A small one has come to its turn and has split one of the blocks that are kept: the rest of it is
 * for nobody, or it would not be whole again for the next one. */
static void test_kept_blocks_are_not_shared(struct fixture *f)
{
    struct buffer_user users[3] = {{{{0}}}};
    struct waiter first, second, third;
    struct iovec all[PART];
    unsigned counter = 0;
    fill(f, BUFFER_OUT, all);
    ask(f, &first, &users[0], BUFFER_OUT, BUFFER_SMALL, &counter);
    ask(f, &second, &users[1], BUFFER_OUT, MOST * BUFFER_LARGE, &counter);
    ask(f, &third, &users[2], BUFFER_OUT, BUFFER_SMALL, &counter);
    put(f, all, PART - COMMON);
    end_turn(f);
    g_assert_cmpint(first.n, ==, 1);
    g_assert_cmpint(second.n + third.n, ==, 0);
    give_back(&first);
    end_turn(f);
    g_assert_cmpint(second.n, ==, MOST);
    put(f, all + PART - COMMON, COMMON);
    give_back(&second);
    end_turn(f);
    give_back(&third);
}

/* ---- Nexuses that stall: what they get, they keep ---- */

#define COMMAND (4 * BUFFER_LARGE)
#define DEMANDS 200 /* more than any pool here has room for */

struct demand {
    struct buffer_wait wait; /* first */
    struct iovec iov[BUFFER_MOST / BUFFER_LARGE];
    struct buffer_user *user;
    unsigned n; /* pieces it got, or 0 */
};

struct stalled {
    struct buffer_user user;
    struct demand d[DEMANDS];
};

static void on_demand_met(struct buffer_wait *wait, unsigned count)
{
    ((struct demand *)wait)->n = count;
}

static void demand(struct fixture *f, struct demand *d, struct buffer_user *user,
                   enum buffer_use use, size_t len)
{
    *d = (struct demand){.wait.ready = on_demand_met, .user = user};
    int n = buffer_get(f->pool, user, use, len, d->iov, G_N_ELEMENTS(d->iov), &d->wait);
    g_assert_true(n > 0 || n == -EAGAIN);
    d->n = (unsigned)MAX(n, 0);
}

static void demand_end(struct fixture *f, struct demand *d)
{
    buffer_wait_cancel(f->pool, &d->wait);
    buffer_put(f->pool, d->user, d->iov, d->n);
}

/* Returns how many of its commands got their buffers. */
static unsigned stall(struct fixture *f, struct stalled *s, enum buffer_use use, size_t len)
{
    unsigned got = 0;
    *s = (struct stalled){.d = {{.n = 0}}};
    for (unsigned i = 0; i < DEMANDS; i++)
        demand(f, &s->d[i], &s->user, use, len);
    end_turn(f);
    for (unsigned i = 0; i < DEMANDS; i++)
        got += s->d[i].n > 0;
    return got;
}

static void stall_end(struct fixture *f, struct stalled *s)
{
    for (unsigned i = DEMANDS; i > 0; i--)
        demand_end(f, &s->d[i - 1]);
}

/* One after the other, the largest command and the smallest, and the largest twice at once. */
static void expect_room(struct fixture *f, enum buffer_use use)
{
    struct buffer_user user = {{{0}}};
    struct demand d[2];
    demand(f, &d[0], &user, use, 1);
    demand(f, &d[1], &user, use, BUFFER_SMALL);
    end_turn(f);
    g_assert_cmpuint(d[0].n + d[1].n, ==, 2);
    demand_end(f, &d[0]);
    demand_end(f, &d[1]);
    demand(f, &d[0], &user, use, buffer_pool_most(f->pool));
    demand(f, &d[1], &user, use, buffer_pool_most(f->pool));
    end_turn(f);
    g_assert_cmpuint(d[0].n, ==, buffer_pool_most(f->pool) / BUFFER_LARGE);
    demand_end(f, &d[0]);
    end_turn(f);
    g_assert_cmpuint(d[1].n, ==, buffer_pool_most(f->pool) / BUFFER_LARGE);
    demand_end(f, &d[1]);
}

static void check_stalled(struct fixture *f, enum buffer_use use, unsigned count, size_t len)
{
    struct stalled *s = g_new(struct stalled, count);
    for (unsigned i = 0; i < count; i++)
        g_assert_cmpuint(stall(f, &s[i], use, len), >, 0);
    expect_room(f, use);
    for (unsigned i = 0; i < count; i++)
        stall_end(f, &s[i]);
    end_turn(f);
    g_free(s);
}

/* With a pool of that many MiB in place of the thread's. */
static void with_pool(struct fixture *f, size_t mib, void (*fn)(struct fixture *f))
{
    struct buffer_pool *pool = f->pool;
    f->pool = buffer_pool_new(mib << 20);
    fn(f);
    buffer_pool_free(f->pool);
    f->pool = pool;
}

static void check_numbers_of_stalled(struct fixture *f)
{
    for (unsigned count = 1; count <= 8; count *= 2) {
        check_stalled(f, BUFFER_OUT, count, COMMAND);
        check_stalled(f, BUFFER_IN, count, COMMAND);
        check_stalled(f, BUFFER_OUT, count, BUFFER_SMALL);
    }
}

static void test_stalled_ones_leave_room(struct fixture *f)
{
    with_pool(f, 16, check_numbers_of_stalled);
    with_pool(f, 64, check_numbers_of_stalled);
}

/* Of larger commands, fewer nexuses hold as much. */
static void check_stalled_with_large_ones(struct fixture *f)
{
    for (unsigned count = 1; count <= 4; count *= 2)
        check_stalled(f, BUFFER_OUT, count, 4 * COMMAND);
}

static void test_stalled_ones_with_large_commands(struct fixture *f)
{
    with_pool(f, 64, check_stalled_with_large_ones);
}

/* The default pool: Data-In is 30 MiB. */
static void check_one_alone(struct fixture *f)
{
    struct stalled *s = g_new(struct stalled, 1);
    g_assert_cmpuint(stall(f, s, BUFFER_IN, COMMAND), >=, 64);
    stall_end(f, s);
    g_assert_cmpuint(stall(f, s, BUFFER_IN, 4 * COMMAND), >=, 16);
    stall_end(f, s);
    end_turn(f);
    g_free(s);
}

static void test_one_alone_gets_most(struct fixture *f)
{
    with_pool(f, 64, check_one_alone);
}

/* ---- A model of commands: whatever comes, all end ---- */

struct command {
    struct buffer_user *user;
    struct waiter data[BUFFER_USES];
    size_t len[BUFFER_USES]; /* 0: none */
    bool ordered;            /* runs when all older ones have ended; newer ones after it */
    unsigned asked;          /* uses that it has asked for */
    bool runs;
};

struct model {
    struct fixture *f;
    struct buffer_user users[30];
    unsigned nexuses; /* that send commands */
    GQueue commands; /* struct command, the oldest first */
    unsigned counter;
};

/* Mostly small ones, so that blocks are split. */
static size_t random_len(void)
{
    switch (g_test_rand_int_range(0, 6)) {
    case 0:
        return 0;
    case 1:
        return (size_t)g_test_rand_int_range(1, MOST * BUFFER_LARGE + 1);
    case 2:
        return BUFFER_LARGE;
    default:
        return BUFFER_SMALL;
    }
}

/* All that it has asked for so far. */
static bool has(const struct command *c)
{
    return c->len[c->asked - 1] == 0 || c->data[c->asked - 1].n > 0;
}

static void want_next(struct model *m, struct command *c)
{
    enum buffer_use use = c->asked++;
    if (c->len[use] > 0)
        ask(m->f, &c->data[use], c->user, use, c->len[use], &m->counter);
}

static void arrive(struct model *m)
{
    struct command *c = g_new0(struct command, 1);
    for (unsigned use = 0; use < BUFFER_USES; use++)
        c->len[use] = random_len();
    c->len[BUFFER_SCRATCH] = g_test_rand_bit() ? BUFFER_LARGE : 0;
    c->user = &m->users[g_test_rand_int_range(0, (gint32)m->nexuses)];
    c->ordered = g_test_rand_int_range(0, 8) == 0;
    g_queue_push_tail(&m->commands, c);
    want_next(m, c);
}

/* Commands go on as far as others let them. */
static void go_on(struct model *m)
{
    bool barrier = false;
    for (GList *l = m->commands.head; l != NULL; l = l->next) {
        struct command *c = l->data;
        bool may = !barrier && (!c->ordered || l->prev == NULL);
        while ((may || c->asked > 1) && has(c) && c->asked < BUFFER_USES)
            want_next(m, c);
        c->runs = c->asked == BUFFER_USES && has(c);
        barrier |= c->ordered;
    }
}

static void end(struct model *m, GList *link)
{
    struct command *c = link->data;
    for (unsigned use = 0; use < BUFFER_USES; use++)
        if (c->len[use] > 0)
            give_back(&c->data[use]);
    g_queue_delete_link(&m->commands, link);
    g_free(c);
}

/* About one of four that run; the oldest of them at any rate if `some`. */
static void end_some(struct model *m, bool some)
{
    for (GList *l = m->commands.head, *next; l != NULL; l = next) {
        next = l->next;
        if (!((struct command *)l->data)->runs)
            continue;
        if (some || g_test_rand_int_range(0, 4) == 0)
            end(m, l);
        some = false;
    }
}

static bool some_run(const struct model *m)
{
    for (GList *l = m->commands.head; l != NULL; l = l->next)
        if (((struct command *)l->data)->runs)
            return true;
    return false;
}

static void run_model(struct model *m)
{
    for (unsigned step = 0; step < 1000 || m->commands.length > 0; step++) {
        if (step < 1000 && m->commands.length < 300)
            for (int n = g_test_rand_int_range(0, 8); n > 0; n--)
                arrive(m);
        end_some(m, step >= 1000);
        end_turn(m->f);
        go_on(m);
        g_assert_true(m->commands.length == 0 || some_run(m));
    }
}

static void test_model(struct fixture *f)
{
    static const unsigned nexuses[] = {1, 2, 5, 30};
    for (unsigned i = 0; i < G_N_ELEMENTS(nexuses); i++) {
        struct model m = {.f = f, .nexuses = nexuses[i]};
        run_model(&m);
        g_assert_cmpuint(used(f), ==, 0);
    }
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

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        struct test test;
    } tests[] = {
        {"/buffer/sizes", {test_sizes}},
        {"/buffer/too-big", {test_too_big}},
        {"/buffer/pools-of-all-sizes", {test_pools_of_all_sizes}},
        {"/buffer/small-and-large-share", {test_small_and_large_share}},
        {"/buffer/last-used-first", {test_last_used_first}},
        {"/buffer/parts/small-chunks-do-not-mix", {test_small_chunks_do_not_mix}},
        {"/buffer/parts/each-use-has-its-part", {test_each_use_has_its_part}},
        {"/buffer/wait/first-come-first-served", {test_first_come_first_served}},
        {"/buffer/wait/counted", {test_waits_are_counted}},
        {"/buffer/wait/never-from-within-put", {test_never_from_within_put}},
        {"/buffer/wait/cancel", {test_cancel}},
        {"/buffer/wait/at-once-or-not-at-all", {test_at_once_or_not_at_all}},
        {"/buffer/wait/many", {test_many_waiters}},
        {"/buffer/nexus/who-comes-anew-finds-room", {test_who_comes_anew_finds_room}},
        {"/buffer/nexus/who-hinders-others", {test_who_hinders_others}},
        {"/buffer/nexus/take-turns", {test_nexuses_take_turns}},
        {"/buffer/nexus/large-ones-do-not-starve", {test_large_ones_do_not_starve}},
        {"/buffer/nexus/newer-leave-room-for-older", {test_newer_ones_leave_room_for_older_ones}},
        {"/buffer/nexus/kept-blocks-are-not-shared", {test_kept_blocks_are_not_shared}},
        {"/buffer/stalled/leave-room", {test_stalled_ones_leave_room}},
        {"/buffer/stalled/large-commands", {test_stalled_ones_with_large_commands}},
        {"/buffer/stalled/one-alone-gets-most", {test_one_alone_gets_most}},
        {"/buffer/model", {test_model}},
    };
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add_data_func(tests[i].path, &tests[i].test, run_test);
    return g_test_run();
}
