/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data buffers among nexuses: shares, turns, those that stall, and a model of commands that all
 * end. */
#include <errno.h>

#include "buffer-scene.h"

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
    GQueue commands;  /* struct command, the oldest first */
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

int main(int argc, char **argv)
{
    static const struct buffer_test tests[] = {
        {"/buffer/nexus/who-comes-anew-finds-room", test_who_comes_anew_finds_room},
        {"/buffer/nexus/who-hinders-others", test_who_hinders_others},
        {"/buffer/nexus/take-turns", test_nexuses_take_turns},
        {"/buffer/nexus/large-ones-do-not-starve", test_large_ones_do_not_starve},
        {"/buffer/nexus/newer-leave-room-for-older", test_newer_ones_leave_room_for_older_ones},
        {"/buffer/nexus/kept-blocks-are-not-shared", test_kept_blocks_are_not_shared},
        {"/buffer/stalled/leave-room", test_stalled_ones_leave_room},
        {"/buffer/stalled/large-commands", test_stalled_ones_with_large_commands},
        {"/buffer/stalled/one-alone-gets-most", test_one_alone_gets_most},
        {"/buffer/model", test_model},
        {0},
    };
    return buffer_tests_run(argc, argv, tests);
}
