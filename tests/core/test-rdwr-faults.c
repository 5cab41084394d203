/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The store rdwr when the system fails it: short transfers, interruptions, missing calls, and
 * flushes that fail.
 *
 * The system calls are replaced by ones that fail on command. Only the poll ring calls them from
 * here, so the tests run on that. */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "drive-store.h"

#define SIZE (4u << 20)

/* What the next calls do; atomic, because workers call. */
static int fail_flush;    /* errno, 0: works */
static int fail_write;    /* errno of writes that may wait */
static int no_nowait;     /* RWF_NOWAIT is not known */
static int would_wait;    /* RWF_NOWAIT always would wait */
static int false_end;     /* RWF_NOWAIT says "end of file" instead */
static int shorten;       /* most bytes of one transfer, 0: all */
static int interrupt;     /* so many transfers end with EINTR */
static int no_zero_range; /* FALLOC_FL_ZERO_RANGE is not known */
static int no_punch;      /* FALLOC_FL_PUNCH_HOLE is not known */
static int nowait_calls;  /* how often RWF_NOWAIT was asked for */
static int flushes;       /* how often fdatasync() was called */
static int appends;       /* somebody makes the file longer before each hole is made */
static int is_nfs;        /* the file lies on NFS */

static void reset(void)
{
    int *all[] = {&fail_flush, &fail_write, &no_nowait,     &would_wait, &false_end,
                  &shorten,    &interrupt,  &no_zero_range, &no_punch,   &nowait_calls,
                  &flushes,    &appends,    &is_nfs};
    for (unsigned i = 0; i < G_N_ELEMENTS(all); i++)
        g_atomic_int_set(all[i], 0);
}

static int fail_with(int error)
{
    errno = error;
    return -1;
}

/* 0: go on. */
static int stumble(int flags)
{
    if (flags & RWF_NOWAIT) {
        g_atomic_int_inc(&nowait_calls);
        if (g_atomic_int_get(&no_nowait))
            return EOPNOTSUPP;
        if (g_atomic_int_get(&would_wait))
            return EAGAIN;
    }
    return g_atomic_int_get(&interrupt) > 0 && g_atomic_int_add(&interrupt, -1) > 0 ? EINTR : 0;
}

/* The first piece alone, if transfers are short. */
static ssize_t transfer(long number, int fd, const struct iovec *iov, int n, off_t offset,
                        int flags)
{
    int error = stumble(flags), most = g_atomic_int_get(&shorten);
    struct iovec one = {iov->iov_base, MIN(iov->iov_len, (size_t)(most ? most : 1))};
    if (error)
        return fail_with(error);
    return syscall(number, fd, most ? &one : iov, most ? 1 : n, offset, 0, flags);
}

ssize_t preadv2(int fd, const struct iovec *iov, int n, off_t offset, int flags)
{
    if ((flags & RWF_NOWAIT) && g_atomic_int_get(&false_end))
        return 0;
    return transfer(SYS_preadv2, fd, iov, n, offset, flags);
}

ssize_t pwritev2(int fd, const struct iovec *iov, int n, off_t offset, int flags)
{
    g_assert_cmphex(flags & (RWF_DSYNC | RWF_SYNC), ==, 0);
    if (!(flags & RWF_NOWAIT) && g_atomic_int_get(&fail_write))
        return fail_with(g_atomic_int_get(&fail_write));
    return transfer(SYS_pwritev2, fd, iov, n, offset, flags);
}

int fdatasync(int fd)
{
    g_atomic_int_inc(&flushes);
    int error = g_atomic_int_get(&fail_flush);
    return error ? fail_with(error) : (int)syscall(SYS_fdatasync, fd);
}

int fstatfs(int fd, struct statfs *fs)
{
    int res = (int)syscall(SYS_fstatfs, fd, fs);
    if (g_atomic_int_get(&is_nfs))
        fs->f_type = NFS_SUPER_MAGIC;
    return res;
}

#define APPENDED "somebody else's data"

static void append(int fd)
{
    g_assert_cmpint(pwrite(fd, APPENDED, sizeof APPENDED, SIZE), ==, sizeof APPENDED);
}

int fallocate(int fd, int mode, off_t offset, off_t length)
{
    if ((mode & FALLOC_FL_ZERO_RANGE) && g_atomic_int_get(&no_zero_range))
        return fail_with(EOPNOTSUPP);
    if ((mode & FALLOC_FL_PUNCH_HOLE) && g_atomic_int_get(&no_punch))
        return fail_with(EOPNOTSUPP);
    if ((mode & FALLOC_FL_PUNCH_HOLE) && g_atomic_int_get(&appends))
        append(fd);
    return (int)syscall(SYS_fallocate, fd, mode, offset, length);
}

struct fixture {
    char *path;
    struct drive *d;
    uint8_t *data, *back;
};

static struct drive *open_with(struct fixture *f, const char *option)
{
    char *options[] = {(char *)option, NULL};
    return drive_open("poll", f->path, options, false, NULL);
}

static void setup(struct fixture *f, gconstpointer data)
{
    reset();
    f->path = g_strdup("/var/tmp/test-rdwr-XXXXXX"); /* no tmpfs: that has nothing to flush */
    int fd = g_mkstemp(f->path);
    g_assert_cmpint(ftruncate(fd, SIZE), ==, 0);
    close(fd);
    f->d = open_with(f, NULL);
    f->data = g_malloc(SIZE);
    f->back = g_malloc0(SIZE);
    for (unsigned i = 0; i < SIZE; i++)
        f->data[i] = (uint8_t)(i * 2654435761u >> 16);
}

static void teardown(struct fixture *f, gconstpointer data)
{
    reset();
    drive_close(f->d);
    unlink(f->path);
    g_free(f->path);
    g_free(f->data);
    g_free(f->back);
}

/* Write and read with many pieces; both in full. */
static void round_trip(struct fixture *f)
{
    enum { PIECES = 40, PIECE = 5000 };
    struct iovec iov[PIECES];
    memset(f->back, 0, SIZE);
    for (unsigned pass = 0; pass < 2; pass++) {
        struct drive_io io = {
            .io = {.iov = iov, .iovcnt = PIECES, .offset = 512, .length = PIECES * PIECE}};
        io.io.op = pass ? TGT_BS_READ : TGT_BS_WRITE;
        for (unsigned i = 0; i < PIECES; i++)
            iov[i] = (struct iovec){(pass ? f->back : f->data) + i * PIECE, PIECE};
        drive_start(f->d, &io);
        g_assert_cmpint(drive_wait(&io), ==, 0);
    }
    g_assert_cmpmem(f->data, PIECES * PIECE, f->back, PIECES * PIECE);
}

static void test_short_transfers(struct fixture *f, gconstpointer data)
{
    for (unsigned waits = 0; waits < 2; waits++) {
        g_atomic_int_set(&would_wait, (int)waits);
        g_atomic_int_set(&shorten, 1777);
        round_trip(f);
    }
}

static void test_interruptions(struct fixture *f, gconstpointer data)
{
    for (unsigned waits = 0; waits < 2; waits++) {
        g_atomic_int_set(&would_wait, (int)waits);
        g_atomic_int_set(&interrupt, 7);
        g_atomic_int_set(&shorten, 3000);
        round_trip(f);
        g_assert_cmpint(g_atomic_int_get(&interrupt), <=, 0);
    }
}

/* Linux 5.9 and 5.10: what is not cached looks like the end of the file. */
static void test_false_end_of_file(struct fixture *f, gconstpointer data)
{
    unsigned before = drive_changes();
    g_atomic_int_set(&false_end, 1);
    round_trip(f);
    g_assert_cmpuint(drive_changes(), ==, before);
    g_assert_cmpint(truncate(f->path, 4096), ==, 0);
    g_assert_cmpint(drive_do(f->d, TGT_BS_READ, 0, 4096, f->back, 4096), ==, -EIO);
    g_assert_cmpuint(drive_changes(), ==, before + 1);
}

/* A file system without it, too, moves all. */
static void test_no_nowait(struct fixture *f, gconstpointer data)
{
    g_atomic_int_set(&no_nowait, 1);
    round_trip(f);
    g_assert_cmpint(g_atomic_int_get(&nowait_calls), >, 0);
}

/* Nothing of it was cached: it is nobody else's. */
static void test_write_error_is_passed_on(struct fixture *f, gconstpointer data)
{
    g_atomic_int_set(&would_wait, 1);
    for (unsigned flags = 0; flags <= TGT_BS_FUA; flags += TGT_BS_FUA) {
        g_atomic_int_set(&fail_write, ENOSPC);
        g_assert_cmpint(drive_do(f->d, TGT_BS_WRITE, flags, 0, f->data, 4096), ==, -ENOSPC);
        g_atomic_int_set(&fail_write, EIO);
        g_assert_cmpint(drive_do(f->d, TGT_BS_WRITE, flags, 0, f->data, 4096), ==, -EIO);
        g_atomic_int_set(&fail_write, 0);
        g_assert_cmpint(drive_do(f->d, TGT_BS_WRITE, flags, 0, f->data, 4096), ==, 0);
        g_assert_cmpint(drive_do(f->d, TGT_BS_FLUSH, 0, 0, NULL, 0), ==, 0);
    }
}

static void expect_failed(struct fixture *f)
{
    g_assert_cmpint(drive_do(f->d, TGT_BS_FLUSH, 0, 0, NULL, 0), ==, -EIO);
    g_assert_cmpint(drive_do(f->d, TGT_BS_WRITE, 0, 0, f->data, 4096), ==, -EIO);
    g_assert_cmpint(drive_do(f->d, TGT_BS_WRITE, TGT_BS_FUA, 0, f->data, 4096), ==, -EIO);
    g_assert_cmpint(drive_do(f->d, TGT_BS_DISCARD, 0, 0, NULL, 4096), ==, -EIO);
    g_assert_cmpint(drive_do(f->d, TGT_BS_WRITE_ZEROES, 0, 0, NULL, 4096), ==, -EIO);
    g_assert_cmpint(drive_do(f->d, TGT_BS_READ, TGT_BS_FUA, 0, f->back, 4096), ==, -EIO);
    g_assert_cmpint(drive_do(f->d, TGT_BS_READ, 0, 0, f->back, 4096), ==, 0);
}

/* The kernel reports a lost write once. The store does not forget it until it is opened again. */
static void test_failed_flush_is_remembered(struct fixture *f, gconstpointer data)
{
    g_assert_cmpint(drive_do(f->d, TGT_BS_WRITE, 0, 0, f->data, 4096), ==, 0);
    g_atomic_int_set(&fail_flush, ENOSPC);
    g_assert_cmpint(drive_do(f->d, TGT_BS_FLUSH, 0, 0, NULL, 0), ==, -ENOSPC);
    g_atomic_int_set(&fail_flush, 0);
    expect_failed(f);
    drive_close(f->d);
    f->d = open_with(f, NULL);
    g_assert_cmpint(drive_do(f->d, TGT_BS_WRITE, 0, 0, f->data, 4096), ==, 0);
    g_assert_cmpint(drive_do(f->d, TGT_BS_FLUSH, 0, 0, NULL, 0), ==, 0);
}

/* Whatever has to be durable: its error may be that of an earlier write, and is then reported to
 * nobody else. With sync=on, too, where others may be on their way at the same time. */
static void test_failed_commit_is_remembered(struct fixture *f, gconstpointer data)
{
    static const struct {
        uint8_t op, flags;
        const char *option;
    } cases[] = {
        {TGT_BS_WRITE, TGT_BS_FUA, NULL},
        {TGT_BS_READ, TGT_BS_FUA, NULL},
        {TGT_BS_WRITE_ZEROES, TGT_BS_FUA, NULL},
        {TGT_BS_WRITE, 0, "sync=on"},
        {TGT_BS_WRITE_ZEROES, 0, "sync=on"},
        {TGT_BS_DISCARD, 0, "sync=on"},
        {TGT_BS_FLUSH, 0, "sync=on"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        bool moves = cases[i].op == TGT_BS_READ || cases[i].op == TGT_BS_WRITE;
        drive_close(f->d);
        f->d = open_with(f, cases[i].option);
        g_atomic_int_set(&fail_flush, i % 2 ? EIO : ENOSPC);
        g_assert_cmpint(
            drive_do(f->d, cases[i].op, cases[i].flags, 0, moves ? f->back : NULL, 4096), ==,
            i % 2 ? -EIO : -ENOSPC);
        g_atomic_int_set(&fail_flush, 0);
        expect_failed(f);
    }
}

/* What the server had no room for may have been acknowledged long ago. */
static void test_late_error_of_nfs_is_remembered(struct fixture *f, gconstpointer data)
{
    g_atomic_int_set(&is_nfs, 1);
    g_atomic_int_set(&would_wait, 1);
    drive_close(f->d);
    f->d = open_with(f, NULL);
    g_atomic_int_set(&fail_write, EIO);
    g_assert_cmpint(drive_do(f->d, TGT_BS_WRITE, 0, 0, f->data, 4096), ==, -EIO);
    g_atomic_int_set(&fail_write, 0);
    g_assert_cmpint(drive_do(f->d, TGT_BS_FLUSH, 0, 0, NULL, 0), ==, 0);
    g_atomic_int_set(&fail_write, ENOSPC);
    g_assert_cmpint(drive_do(f->d, TGT_BS_WRITE, 0, 0, f->data, 4096), ==, -ENOSPC);
    g_atomic_int_set(&fail_write, 0);
    expect_failed(f);
}

static void test_flush_that_did_not_happen(struct fixture *f, gconstpointer data)
{
    g_atomic_int_set(&fail_flush, EINTR);
    g_assert_cmpint(drive_do(f->d, TGT_BS_FLUSH, 0, 0, NULL, 0), ==,
                    -EAGAIN); /* the host tries again */
    g_atomic_int_set(&fail_flush, 0);
    g_assert_cmpint(drive_do(f->d, TGT_BS_FLUSH, 0, 0, NULL, 0), ==, 0);
}

static void test_what_flushes(struct fixture *f, gconstpointer data)
{
    static const struct {
        uint8_t op, flags;
        int flushes, with_sync;
    } cases[] = {
        {TGT_BS_READ, 0, 0, 0},         {TGT_BS_READ, TGT_BS_FUA, 1, 1},
        {TGT_BS_WRITE, 0, 0, 1},        {TGT_BS_WRITE, TGT_BS_FUA, 1, 1},
        {TGT_BS_FLUSH, 0, 1, 1},        {TGT_BS_DISCARD, 0, 0, 1},
        {TGT_BS_WRITE_ZEROES, 0, 0, 1}, {TGT_BS_WRITE_ZEROES, TGT_BS_FUA, 1, 1},
    };
    for (unsigned i = 0; i < 2 * G_N_ELEMENTS(cases); i++) {
        unsigned c = i % G_N_ELEMENTS(cases), sync = i / G_N_ELEMENTS(cases);
        bool moves = cases[c].op == TGT_BS_READ || cases[c].op == TGT_BS_WRITE;
        drive_close(f->d);
        f->d = open_with(f, sync ? "sync=on" : NULL);
        g_atomic_int_set(&flushes, 0);
        g_assert_cmpint(
            drive_do(f->d, cases[c].op, cases[c].flags, 0, moves ? f->back : NULL, 4096), ==, 0);
        g_assert_cmpint(g_atomic_int_get(&flushes), ==,
                        sync ? cases[c].with_sync : cases[c].flushes);
    }
}

static void test_no_zero_range(struct fixture *f, gconstpointer data)
{
    g_atomic_int_set(&no_zero_range, 1);
    g_assert_cmpint(drive_do(f->d, TGT_BS_WRITE_ZEROES, 0, 0, NULL, 4096), ==, -EOPNOTSUPP);
    g_assert_cmpint(drive_do(f->d, TGT_BS_WRITE_ZEROES, TGT_BS_MAY_UNMAP, 0, NULL, 4096), ==, 0);
    g_atomic_int_set(&no_punch, 1);
    g_assert_cmpint(drive_do(f->d, TGT_BS_WRITE_ZEROES, TGT_BS_MAY_UNMAP, 0, NULL, 4096), ==,
                    -EOPNOTSUPP);
    g_atomic_int_set(&no_zero_range, 0);
    g_assert_cmpint(drive_do(f->d, TGT_BS_WRITE_ZEROES, TGT_BS_MAY_UNMAP, 0, NULL, 4096), ==, 0);
}

static void test_no_punch(struct fixture *f, gconstpointer data)
{
    drive_close(f->d);
    g_atomic_int_set(&no_punch, 1);
    f->d = open_with(f, NULL);
    g_assert_cmpuint(f->d->info.discard, ==, TGT_BS_NONE);
    g_assert_false(f->d->info.discard_zeroes);
}

/* To find out whether holes can be made does no harm to who copies into the file meanwhile. */
static void test_probe_of_a_growing_file(struct fixture *f, gconstpointer data)
{
    g_autofree char *contents = NULL;
    gsize length;
    drive_close(f->d);
    g_atomic_int_set(&appends, 1);
    f->d = open_with(f, NULL);
    g_assert_true(g_file_get_contents(f->path, &contents, &length, NULL));
    g_assert_cmpuint(length, ==, SIZE + sizeof APPENDED);
    g_assert_cmpmem(contents + SIZE, sizeof APPENDED, APPENDED, sizeof APPENDED);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*fn)(struct fixture *f, gconstpointer data);
    } tests[] = {
        {"/rdwr-faults/short-transfers", test_short_transfers},
        {"/rdwr-faults/interruptions", test_interruptions},
        {"/rdwr-faults/false-end-of-file", test_false_end_of_file},
        {"/rdwr-faults/no-nowait", test_no_nowait},
        {"/rdwr-faults/write-error-is-passed-on", test_write_error_is_passed_on},
        {"/rdwr-faults/failed-flush-is-remembered", test_failed_flush_is_remembered},
        {"/rdwr-faults/failed-commit-is-remembered", test_failed_commit_is_remembered},
        {"/rdwr-faults/late-error-of-nfs-is-remembered", test_late_error_of_nfs_is_remembered},
        {"/rdwr-faults/flush-that-did-not-happen", test_flush_that_did_not_happen},
        {"/rdwr-faults/what-flushes", test_what_flushes},
        {"/rdwr-faults/no-zero-range", test_no_zero_range},
        {"/rdwr-faults/no-punch", test_no_punch},
        {"/rdwr-faults/probe-of-a-growing-file", test_probe_of_a_growing_file},
    };
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].path, struct fixture, NULL, setup, tests[i].fn, teardown);
    return g_test_run();
}
