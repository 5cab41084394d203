/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* I/O threads: messages, end-of-turn work, workers, and that they sleep when there is nothing to
 * do. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "buffer.h"
#include "config.h"
#include "error.h"
#include "ring.h"
#include "thread.h"

#define PATIENCE_MS 10000

struct fixture {
    struct threads *threads;
    struct tgt_thread *t; /* the first */
};

static void setup(struct fixture *f, gconstpointer ring)
{
    g_autoptr(GError) error = NULL;
    f->threads = threads_start(&(struct threads_config){3, ring, 1 << 20}, &error);
    g_assert_no_error(error);
    f->t = threads_get(f->threads, 0);
}

static void teardown(struct fixture *f, gconstpointer data)
{
    threads_stop(f->threads);
}

/* Turns of the main loop until *flag. */
static void run_main_until(const gint *flag)
{
    gint64 deadline = g_get_monotonic_time() + PATIENCE_MS * 1000;
    while (!g_atomic_int_get(flag)) {
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
        if (!g_main_context_iteration(NULL, FALSE))
            g_usleep(500);
    }
}

static void test_start(struct fixture *f, gconstpointer ring)
{
    g_assert_cmpuint(threads_count(f->threads), ==, 3);
    g_assert_null(threads_get(f->threads, 3));
    g_assert_cmpstr(threads_ring_name(f->threads), ==, ring);
    g_assert_null(threads_ring_reason(f->threads));
    g_assert_null(thread_self());
    for (unsigned i = 0; i < 3; i++)
        g_assert_cmpuint(thread_index(threads_get(f->threads, i)), ==, i);
}

static void test_unknown_ring(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(threads_start(&(struct threads_config){1, "kqueue"}, &error));
    g_assert_error(error, CORE_ERROR, CORE_ERROR_INVALID);
}

static void test_defaults(void)
{
    struct threads *threads = threads_start(&(struct threads_config){0, "poll"}, NULL);
    struct buffer_stats stats;
    g_assert_cmpuint(threads_count(threads), ==, CLAMP(g_get_num_processors() / 2, 1, 4));
    buffer_pool_stats(threads_get(threads, 0)->buffers, &stats);
    g_assert_cmpuint(stats.limit, ==, 64 << 20);
    threads_stop(threads);
}

static void see_self(struct tgt_thread *t, void *data)
{
    GPtrArray *seen = data;
    g_assert_true(thread_self() == t);
    g_ptr_array_add(seen, t);
}

static void test_each(struct fixture *f, gconstpointer data)
{
    g_autoptr(GPtrArray) seen = g_ptr_array_new();
    threads_each(f->threads, see_self, seen);
    g_assert_cmpuint(seen->len, ==, 3);
    for (unsigned i = 0; i < 3; i++)
        g_assert_true(seen->pdata[i] == threads_get(f->threads, i));
}

/* ---- Messages ---- */

enum { SENDERS = 4, MESSAGES = 5000 };

struct letter {
    struct tgt_msg msg;
    struct tgt_thread *to;
    unsigned number, *expected;
    sem_t *all;
};

static void on_letter(struct tgt_msg *msg)
{
    struct letter *l = (struct letter *)msg;
    g_assert_true(thread_self() == l->to);
    g_assert_cmpuint(l->number, ==, (*l->expected)++);
    if (l->number == MESSAGES - 1)
        sem_post(l->all);
}

static void *send_letters(void *data)
{
    struct letter *letters = data;
    for (unsigned i = 0; i < MESSAGES; i++) {
        thread_post(letters[i].to, &letters[i].msg);
        if (i % 512 == 0)
            g_usleep(300); /* let the receiver fall asleep now and then */
    }
    return NULL;
}

static void test_messages_in_order(struct fixture *f, gconstpointer data)
{
    struct letter *letters[SENDERS];
    unsigned expected[SENDERS] = {0};
    pthread_t senders[SENDERS];
    sem_t all;
    sem_init(&all, 0, 0);
    for (unsigned s = 0; s < SENDERS; s++) {
        letters[s] = g_new0(struct letter, MESSAGES);
        for (unsigned i = 0; i < MESSAGES; i++)
            letters[s][i] = (struct letter){{.fn = on_letter}, f->t, i, &expected[s], &all};
        pthread_create(&senders[s], NULL, send_letters, letters[s]);
    }
    for (unsigned s = 0; s < SENDERS; s++)
        sem_wait(&all);
    for (unsigned s = 0; s < SENDERS; s++) {
        pthread_join(senders[s], NULL);
        g_free(letters[s]);
    }
    sem_destroy(&all);
}

struct batch {
    struct tgt_msg msg;
    sem_t *blocked, *go, *over;
    uint64_t now;
};

static void block(struct tgt_msg *msg)
{
    struct batch *b = (struct batch *)msg;
    sem_post(b->blocked);
    sem_wait(b->go);
}

static void note_now(struct tgt_msg *msg)
{
    struct batch *b = (struct batch *)msg;
    b->now = thread_now(thread_self());
    if (b->over)
        sem_post(b->over);
}

/* What has come while the thread was busy is worked off in one turn. */
static void test_messages_in_one_turn(struct fixture *f, gconstpointer data)
{
    enum { COUNT = 100 };
    sem_t blocked, go, over;
    struct batch first = {.msg.fn = block, .blocked = &blocked, .go = &go}, rest[COUNT];
    sem_init(&blocked, 0, 0);
    sem_init(&go, 0, 0);
    sem_init(&over, 0, 0);
    thread_post(f->t, &first.msg);
    sem_wait(&blocked);
    for (unsigned i = 0; i < COUNT; i++) {
        rest[i] = (struct batch){.msg.fn = note_now, .over = i == COUNT - 1 ? &over : NULL};
        thread_post(f->t, &rest[i].msg);
    }
    sem_post(&go);
    sem_wait(&over);
    for (unsigned i = 1; i < COUNT; i++)
        g_assert_cmpuint(rest[i].now, ==, rest[0].now);
    g_assert_cmpuint(rest[0].now, >, 0);
    sem_destroy(&blocked);
    sem_destroy(&go);
    sem_destroy(&over);
}

struct to_main {
    struct tgt_msg msg;
    gint *count, number, last;
    gint *finished;
};

static void on_main(struct tgt_msg *msg)
{
    struct to_main *m = (struct to_main *)msg;
    g_assert_null(thread_self());
    g_assert_cmpint((*m->count)++, ==, m->number);
    if (m->number == m->last)
        g_atomic_int_set(m->finished, 1);
}

static void post_to_main(struct tgt_thread *t, void *data)
{
    struct to_main *m = data;
    if (thread_index(t) == 0)
        for (gint i = 0; i <= m->last; i++)
            thread_post(NULL, &m[i].msg);
}

static void test_messages_to_main(struct fixture *f, gconstpointer data)
{
    struct to_main m[50];
    gint count = 0, finished = 0;
    for (gint i = 0; i < 50; i++)
        m[i] = (struct to_main){{.fn = on_main}, &count, i, 49, &finished};
    threads_each(f->threads, post_to_main, m);
    run_main_until(&finished);
    g_assert_cmpint(count, ==, 50);
}

struct ball {
    struct tgt_msg msg;
    struct fixture *f;
    unsigned hits, last;
    sem_t over;
};

static void on_ball(struct tgt_msg *msg)
{
    struct ball *b = (struct ball *)msg;
    g_assert_true(thread_self() == threads_get(b->f->threads, b->hits % 3));
    if (++b->hits == b->last)
        sem_post(&b->over);
    else
        thread_post(threads_get(b->f->threads, b->hits % 3), msg);
}

/* From thread to thread, each asleep until it comes: no wake-up may be lost. */
static void test_messages_around(struct fixture *f, gconstpointer data)
{
    struct ball b = {.msg.fn = on_ball, .f = f, .last = 6000};
    sem_init(&b.over, 0, 0);
    thread_post(f->t, &b.msg);
    sem_wait(&b.over);
    sem_destroy(&b.over);
}

/* ---- End of turn ---- */

struct deferred {
    struct tgt_defer defer;
    GString *log;
    char name;
    bool again;
};

static void on_deferred(struct tgt_defer *defer)
{
    struct deferred *d = (struct deferred *)defer;
    g_assert_false(defer->pending);
    g_string_append_c(d->log, d->name);
    if (d->again) {
        d->again = false;
        thread_defer(thread_self(), defer);
        g_assert_true(defer->pending);
    }
}

struct turn {
    struct tgt_msg msg, second, check;
    struct tgt_op op;
    struct tgt_thread *t;
    struct deferred a, b;
    GString *log;
    sem_t over;
};

static struct turn *turn_of(void *p, size_t offset)
{
    return (struct turn *)((char *)p - offset);
}

static void on_second(struct tgt_msg *msg)
{
    g_string_append_c(turn_of(msg, offsetof(struct turn, second))->log, '2');
}

/* Long after: the thread has slept. */
static void on_timer(struct tgt_op *op, int64_t res)
{
    struct turn *turn = turn_of(op, offsetof(struct turn, op));
    g_string_append_c(turn->log, 't');
    sem_post(&turn->over);
}

static void on_first(struct tgt_msg *msg)
{
    struct turn *turn = turn_of(msg, offsetof(struct turn, msg));
    thread_defer(turn->t, &turn->a.defer);
    thread_defer(turn->t, &turn->b.defer);
    thread_defer(turn->t, &turn->a.defer); /* pending already */
    thread_post(turn->t, &turn->second);
    turn->t->ops->timeout(turn->t->ring, &turn->op, 5000000);
    g_string_append_c(turn->log, '1');
}

/* All messages first, then what was deferred, in order; what defers itself runs again before the
 * thread sleeps. */
static void test_defer(struct fixture *f, gconstpointer data)
{
    g_autoptr(GString) log = g_string_new(NULL);
    struct turn turn = {
        .msg.fn = on_first, .second.fn = on_second, .op.done = on_timer, .t = f->t, .log = log};
    turn.a = (struct deferred){{.fn = on_deferred}, log, 'a', true};
    turn.b = (struct deferred){{.fn = on_deferred}, log, 'b', false};
    sem_init(&turn.over, 0, 0);
    thread_post(f->t, &turn.msg);
    sem_wait(&turn.over);
    g_assert_cmpstr(log->str, ==, "12abat");
    sem_destroy(&turn.over);
}

/* Parts of long work, and when their turns were. */
struct part {
    struct tgt_defer defer;
    GArray *turns;
    unsigned left;
    sem_t *over;
};

static void on_part(struct tgt_defer *defer)
{
    struct part *p = (struct part *)defer;
    uint64_t now = thread_now(thread_self());
    g_array_append_val(p->turns, now);
    if (--p->left > 0)
        thread_later(thread_self(), defer);
    else
        sem_post(p->over);
}

static void start_parts(struct tgt_thread *t, void *data)
{
    struct part *p = data;
    for (unsigned i = 0; thread_index(t) == 0 && i < 3; i++)
        thread_later(t, &p[i].defer);
}

/* One in each turn, whoever has some left. */
static void test_later(struct fixture *f, gconstpointer data)
{
    enum { TIMES = 5 };
    g_autoptr(GArray) turns = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    struct part parts[3];
    sem_t over;
    sem_init(&over, 0, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(parts); i++)
        parts[i] = (struct part){{.fn = on_part}, turns, TIMES, &over};
    threads_each(f->threads, start_parts, parts);
    for (unsigned i = 0; i < G_N_ELEMENTS(parts); i++)
        sem_wait(&over);
    g_assert_cmpuint(turns->len, ==, TIMES * G_N_ELEMENTS(parts));
    for (guint i = 1; i < turns->len; i++)
        g_assert_cmpuint(g_array_index(turns, uint64_t, i), >,
                         g_array_index(turns, uint64_t, i - 1));
    sem_destroy(&over);
}

/* ---- Other services ---- */

static void test_pick(struct fixture *f, gconstpointer data)
{
    unsigned picked[3] = {0};
    for (unsigned i = 0; i < 9; i++)
        picked[thread_index(threads_pick(f->threads))]++;
    for (unsigned i = 0; i < 3; i++)
        g_assert_cmpuint(picked[i], ==, 3);
    g_atomic_int_set(&threads_get(f->threads, 0)->nexuses, 2);
    g_atomic_int_set(&threads_get(f->threads, 1)->nexuses, 1);
    g_atomic_int_set(&threads_get(f->threads, 2)->nexuses, 2);
    for (unsigned i = 0; i < 5; i++)
        g_assert_cmpuint(thread_index(threads_pick(f->threads)), ==, 1);
}

struct work {
    struct tgt_msg msg;
    struct tgt_thread *home;
    pthread_t caller, worker;
    bool worked;
    gint over;
};

static void do_work(void *data)
{
    struct work *w = data;
    g_assert_null(thread_self());
    w->worker = pthread_self();
    w->worked = true;
}

static void work_done(void *data)
{
    struct work *w = data;
    g_assert_true(w->worked);
    g_assert_true(thread_self() == w->home);
    g_assert_true(pthread_equal(w->caller, pthread_self()));
    g_assert_false(pthread_equal(w->worker, pthread_self()));
    g_atomic_int_set(&w->over, 1);
}

static void work_from_thread(struct tgt_msg *msg)
{
    struct work *w = (struct work *)msg;
    w->caller = pthread_self();
    worker_run(do_work, work_done, w);
}

static void test_worker(struct fixture *f, gconstpointer data)
{
    struct work mine = {.caller = pthread_self()},
                theirs = {.msg.fn = work_from_thread, .home = f->t};
    worker_run(do_work, work_done, &mine);
    g_assert_cmpint(mine.over, ==, 0);
    run_main_until(&mine.over);
    thread_post(f->t, &theirs.msg);
    run_main_until(&theirs.over);
}

struct watcher {
    struct tgt_watch *watch;
    gint calls, over;
};

static void on_input(int fd, void *data)
{
    struct watcher *w = data;
    char byte;
    g_assert_cmpint(read(fd, &byte, 1), ==, 1);
    g_assert_null(thread_self());
    if (++w->calls < 3)
        return;
    watch_remove(w->watch);
    g_atomic_int_set(&w->over, 1);
}

static void test_watch(void)
{
    struct watcher w = {NULL};
    int fds[2];
    g_assert_cmpint(pipe(fds), ==, 0);
    w.watch = watch_add(fds[0], on_input, &w);
    g_assert_cmpint(write(fds[1], "12345", 5), ==, 5);
    run_main_until(&w.over);
    for (unsigned i = 0; i < 20; i++)
        g_main_context_iteration(NULL, FALSE);
    g_assert_cmpint(w.calls, ==, 3);
    watch_remove(NULL);
    close(fds[0]);
    close(fds[1]);
}

struct clock {
    GSource *source;
    unsigned ticks;
    sem_t over;
};

static gboolean on_tick(gpointer data)
{
    struct clock *c = data;
    g_assert_nonnull(thread_self());
    if (++c->ticks < 5)
        return G_SOURCE_CONTINUE;
    sem_post(&c->over);
    return G_SOURCE_REMOVE;
}

static void start_clock(struct tgt_thread *t, void *data)
{
    struct clock *c = data;
    if (thread_index(t) == 0)
        g_source_attach(c->source, t->context);
}

/* The context of a thread is an ordinary one: its other sources work, too. */
static void test_other_sources(struct fixture *f, gconstpointer data)
{
    struct clock c = {.source = g_timeout_source_new(2)};
    sem_init(&c.over, 0, 0);
    g_source_set_callback(c.source, on_tick, &c, NULL);
    threads_each(f->threads, start_clock, &c);
    sem_wait(&c.over);
    g_assert_cmpuint(c.ticks, ==, 5);
    g_source_unref(c.source);
    sem_destroy(&c.over);
}

/* ---- Idle ---- */

static void take_tid(struct tgt_thread *t, void *data)
{
    pid_t *tids = data;
    tids[thread_index(t)] = (pid_t)syscall(SYS_gettid);
}

/* How often a thread has begun to sleep; it has not woken up if that does not change. */
static uint64_t switches_of(pid_t tid)
{
    g_autofree char *path = g_strdup_printf("/proc/self/task/%d/status", (int)tid), *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_nonnull(strstr(text, "\nState:\tS"));
    const char *line = strstr(text, "\nvoluntary_ctxt_switches:");
    g_assert_nonnull(line);
    return g_ascii_strtoull(strchr(line, ':') + 1, NULL, 10);
}

static void test_idle_sleeps(struct fixture *f, gconstpointer data)
{
    pid_t tids[3];
    uint64_t before[3];
    threads_each(f->threads, take_tid, tids);
    g_usleep(50000);
    for (unsigned i = 0; i < 3; i++)
        before[i] = switches_of(tids[i]);
    g_usleep(300000);
    for (unsigned i = 0; i < 3; i++)
        g_assert_cmpuint(switches_of(tids[i]), ==, before[i]);
}

/* ---- io_uring refused ---- */

static void forbid_io_uring(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1 /* EPERM */),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {G_N_ELEMENTS(code), code};
    g_assert_cmpint(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), ==, 0);
    g_assert_cmpint(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), ==, 0);
}

static void test_refused_auto(void)
{
    g_autoptr(GError) error = NULL;
    if (g_test_subprocess()) {
        forbid_io_uring();
        struct threads *threads = threads_start(&(struct threads_config){2}, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(threads_ring_name(threads), ==, "poll");
        g_assert_nonnull(threads_ring_reason(threads));
        g_assert_cmpuint(threads_count(threads), ==, 2);
        threads_stop(threads);
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
}

static void test_refused_uring(void)
{
    g_autoptr(GError) error = NULL;
    if (g_test_subprocess()) {
        forbid_io_uring();
        g_assert_null(threads_start(&(struct threads_config){2, "uring"}, &error));
        g_assert_error(error, CORE_ERROR, CORE_ERROR_FAILED);
        g_assert_true(strstr(error->message, "io_uring cannot be used") == error->message);
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
}

static const struct {
    const char *name;
    void (*fn)(struct fixture *f, gconstpointer data);
} tests[] = {
    {"start", test_start},
    {"each", test_each},
    {"messages/in-order", test_messages_in_order},
    {"messages/in-one-turn", test_messages_in_one_turn},
    {"messages/to-main", test_messages_to_main},
    {"messages/around", test_messages_around},
    {"defer", test_defer},
    {"later", test_later},
    {"pick", test_pick},
    {"worker", test_worker},
    {"other-sources", test_other_sources},
    {"idle-sleeps", test_idle_sleeps},
};

static void add_tests(const char *ring)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/thread/%s/%s", ring, tests[i].name);
        g_test_add(path, struct fixture, ring, setup, tests[i].fn, teardown);
    }
}

static void skip_uring(gconstpointer reason)
{
    g_test_skip(reason);
}

/* Where io_uring is refused, only the reason is left to be shown. */
static void add_uring_tests(void)
{
    g_autoptr(GError) error = NULL;
    struct threads *threads = threads_start(&(struct threads_config){1, "uring"}, &error);
    if (threads)
        add_tests("uring");
    else
        g_test_add_data_func_full("/thread/uring", g_strdup(error->message), skip_uring, g_free);
    threads_stop(threads);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_uring_tests();
    add_tests("poll");
    g_test_add_func("/thread/unknown-ring", test_unknown_ring);
    g_test_add_func("/thread/defaults", test_defaults);
    g_test_add_func("/thread/watch", test_watch);
    g_test_add_func("/thread/refused/auto", test_refused_auto);
    g_test_add_func("/thread/refused/uring", test_refused_uring);
    return g_test_run();
}
