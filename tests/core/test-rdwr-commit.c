/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The store rdwr when many wait for durability: how they share one fdatasync(), and what each is
 * told.
 *
 * fdatasync() is replaced by one that the test lets go on, and that loses data on command. Only the
 * poll ring calls it from here, so the tests run on that. Writes end within submit(). */
#include <errno.h>
#include <semaphore.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "drive-store.h"

#define SIZE  (1u << 20)
#define BLOCK 4096
#define MANY  32

static sem_t begun, go; /* a flush has begun; it may go on */
static int lost;        /* errno that the next flush reports, and no other */
static int under_way;   /* flushes */
static int flushes;     /* how many there were */

int fdatasync(int fd)
{
    g_assert_cmpint(g_atomic_int_add(&under_way, 1), ==, 0); /* one at a time */
    g_atomic_int_inc(&flushes);
    sem_post(&begun);
    sem_wait(&go);
    int error = g_atomic_int_exchange(&lost, 0);
    g_atomic_int_add(&under_way, -1);
    errno = error;
    return error ? -1 : 0;
}

ssize_t pwritev2(int fd, const struct iovec *iov, int n, off_t offset, int flags)
{
    return syscall(SYS_pwritev2, fd, iov, n, offset, 0, flags & ~RWF_NOWAIT);
}

struct fixture {
    char *path;
    struct drive *d;
    struct iovec iov;
    struct drive_io io[MANY];
};

static void setup(struct fixture *f, gconstpointer option)
{
    char *options[] = {(char *)option, NULL};
    sem_init(&begun, 0, 0);
    sem_init(&go, 0, 0);
    lost = under_way = flushes = 0;
    f->path = g_strdup("/var/tmp/test-rdwr-XXXXXX"); /* no tmpfs: that has nothing to flush */
    int fd = g_mkstemp(f->path);
    g_assert_cmpint(ftruncate(fd, SIZE), ==, 0);
    close(fd);
    f->d = drive_open("poll", f->path, options, false, NULL);
    f->iov = (struct iovec){g_malloc0(BLOCK), BLOCK};
}

static void teardown(struct fixture *f, gconstpointer option)
{
    drive_close(f->d);
    unlink(f->path);
    g_free(f->path);
    g_free(f->iov.iov_base);
    sem_destroy(&begun);
    sem_destroy(&go);
}

/* Number i, on the threads by turns. */
static void start(struct fixture *f, unsigned i, enum tgt_bs_op op)
{
    bool moves = op == TGT_BS_WRITE || op == TGT_BS_READ;
    f->io[i].thread = i % 2;
    f->io[i].io = (struct tgt_bs_io){.op = (uint8_t)op,
                                     .flags = TGT_BS_FUA,
                                     .offset = (uint64_t)i * BLOCK,
                                     .length = moves ? BLOCK : 0,
                                     .iov = &f->iov,
                                     .iovcnt = moves};
    drive_start(f->d, &f->io[i]);
}

/* Each thread has submitted what it was given. */
static void settle(struct fixture *f)
{
    struct drive_io last = {0};
    for (last.thread = 0; last.thread < 2; last.thread++) {
        last.io = (struct tgt_bs_io){
            .op = TGT_BS_READ, .iov = &f->iov, .iovcnt = 1, .length = f->iov.iov_len};
        drive_start(f->d, &last);
        g_assert_cmpint(drive_wait(&last), ==, 0);
    }
}

/* Number 0 is in a round that waits for go_on(), the others wait for the next one. */
static void start_all(struct fixture *f, enum tgt_bs_op op)
{
    start(f, 0, op);
    sem_wait(&begun);
    for (unsigned i = 1; i < MANY; i++)
        start(f, i, op);
    settle(f);
}

static void go_on(unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++)
        sem_post(&go);
}

static void expect(struct fixture *f, unsigned first, unsigned end, int result)
{
    for (unsigned i = first; i < end; i++)
        g_assert_cmpint(drive_wait(&f->io[i]), ==, result);
}

static void test_all_share_a_round(struct fixture *f, gconstpointer option)
{
    for (unsigned op = TGT_BS_READ; op <= TGT_BS_FLUSH; op++) {
        g_atomic_int_set(&flushes, 0);
        start_all(f, op);
        go_on(2);
        expect(f, 0, MANY, 0);
        g_assert_cmpint(g_atomic_int_get(&flushes), ==, 2);
        sem_wait(&begun);
    }
}

/* The kernel tells one fdatasync() of lost data: nobody else may be told that all is well. */
static void test_an_error_is_for_all(struct fixture *f, gconstpointer option)
{
    for (unsigned op = TGT_BS_READ; op <= TGT_BS_FLUSH; op++) {
        start_all(f, op);
        g_atomic_int_set(&lost, EIO);
        go_on(2);
        expect(f, 0, MANY, -EIO);
        teardown(f, option);
        setup(f, option);
    }
}

static void test_who_was_done_before_is_not_concerned(struct fixture *f, gconstpointer option)
{
    start_all(f, TGT_BS_WRITE);
    go_on(1);
    expect(f, 0, 1, 0);
    sem_wait(&begun);
    g_atomic_int_set(&lost, ENOSPC);
    go_on(1);
    expect(f, 1, MANY, -ENOSPC);
}

/* Those that wait leave at once; those whose round is under way get its result. */
static void test_cancel(struct fixture *f, gconstpointer option)
{
    start_all(f, TGT_BS_FLUSH);
    for (unsigned i = 0; i < MANY - 1; i++)
        drive_cancel(&f->io[i]);
    expect(f, 1, MANY - 1, -ECANCELED);
    go_on(1);
    expect(f, 0, 1, 0);
    sem_wait(&begun);
    drive_cancel(&f->io[MANY - 1]);
    go_on(1);
    expect(f, MANY - 1, MANY, 0);
}

static void test_a_cancelled_read_reads_no_more(struct fixture *f, gconstpointer option)
{
    start_all(f, TGT_BS_READ);
    for (unsigned i = 0; i < MANY; i++)
        drive_cancel(&f->io[i]);
    go_on(1);
    expect(f, 0, MANY, -ECANCELED);
    g_assert_cmpint(g_atomic_int_get(&flushes), ==, 1); /* the others have left */
}

static void test_what_did_not_happen_is_tried_again(struct fixture *f, gconstpointer option)
{
    start_all(f, TGT_BS_WRITE);
    g_atomic_int_set(&lost, EINTR);
    go_on(2);
    expect(f, 0, 1, -EAGAIN);
    expect(f, 1, MANY, 0);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*fn)(struct fixture *f, gconstpointer option);
    } tests[] = {
        {"all-share-a-round", test_all_share_a_round},
        {"an-error-is-for-all", test_an_error_is_for_all},
        {"who-was-done-before-is-not-concerned", test_who_was_done_before_is_not_concerned},
        {"cancel", test_cancel},
        {"a-cancelled-read-reads-no-more", test_a_cancelled_read_reads_no_more},
        {"what-did-not-happen-is-tried-again", test_what_did_not_happen_is_tried_again},
    };
    static const char *const modes[] = {"sync=off", "sync=on"};
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(tests) * G_N_ELEMENTS(modes); i++) {
        const char *mode = modes[i % G_N_ELEMENTS(modes)];
        g_autofree char *path =
            g_strdup_printf("/rdwr-commit/%s/%s", mode, tests[i / G_N_ELEMENTS(modes)].name);
        g_test_add(path, struct fixture, mode, setup, tests[i / G_N_ELEMENTS(modes)].fn, teardown);
    }
    return g_test_run();
}
