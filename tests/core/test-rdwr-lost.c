/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The store rdwr on a device that loses what is written: a loop device on a file system that has
 * become full. What is said to be durable must be, whoever else has been told of the loss. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "config.h"
#include "drive-store.h"
#include "loop.h"

#define SIZE  (16u << 20)
#define BLOCK 4096
#define MANY  32
#define AGAIN 20

struct fixture {
    int hold; /* the device */
    char *folder, *image, *filler, *device, *why;
    struct drive *d;
    struct iovec iov;
    struct drive_io io[MANY];
};

static bool mount_small(struct fixture *f)
{
    f->folder = g_dir_make_tmp("test-rdwr-XXXXXX", NULL);
    f->image = g_build_filename(f->folder, "image", NULL);
    f->filler = g_build_filename(f->folder, "filler", NULL);
    if (mount("tmpfs", f->folder, "tmpfs", 0, "size=1m") == 0)
        return true;
    f->why = g_strdup("a small file system cannot be mounted: not root");
    return false;
}

/* The image has no storage at all, and there is none left. */
static void fill_up(struct fixture *f)
{
    static const char bytes[BLOCK];
    int fd = open(f->filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    while (write(fd, bytes, sizeof bytes) > 0) {
    }
    g_assert_cmpint(errno, ==, ENOSPC);
    close(fd);
}

static void make_device(struct fixture *f)
{
    g_assert_true(g_file_set_contents(f->image, "", 0, NULL));
    g_assert_cmpint(truncate(f->image, SIZE), ==, 0);
    fill_up(f);
    f->device = loop_new(f->image, false, &f->why);
    if (!f->device)
        return;
    f->hold = open(f->device, O_RDONLY | O_CLOEXEC);
    loop_free(f->device);
}

/* Device and file system are given up at once and stay as long as they are held: a test that fails
 * leaves nothing behind. */
static void setup(struct fixture *f, gconstpointer ring)
{
    f->hold = -1;
    f->iov = (struct iovec){g_aligned_alloc0(1, BLOCK, BLOCK), BLOCK};
    if (mount_small(f)) {
        make_device(f);
        umount2(f->folder, MNT_DETACH);
    }
    rmdir(f->folder);
}

static void teardown(struct fixture *f, gconstpointer ring)
{
    if (f->hold >= 0)
        close(f->hold);
    g_aligned_free(f->iov.iov_base);
    g_free(f->folder);
    g_free(f->image);
    g_free(f->filler);
    g_free(f->device);
    g_free(f->why);
}

static bool skipped(struct fixture *f)
{
    if (!f->device)
        g_test_skip(f->why);
    return !f->device;
}

static void open_with(struct fixture *f, const char *ring, const char *option)
{
    char *options[] = {(char *)option, NULL};
    f->d = drive_open(ring, f->device, options, false, NULL);
}

/* As many at a time, on two threads, block by block from `first` on. */
static void start_many(struct fixture *f, enum tgt_bs_op op, unsigned flags, unsigned first)
{
    bool moves = op == TGT_BS_WRITE || op == TGT_BS_READ;
    for (unsigned i = 0; i < MANY; i++) {
        f->io[i].thread = i % 2;
        f->io[i].io = (struct tgt_bs_io){.op = (uint8_t)op,
                                         .flags = (uint8_t)flags,
                                         .offset = (uint64_t)(first + i) * BLOCK,
                                         .length = moves ? BLOCK : 0,
                                         .iov = &f->iov,
                                         .iovcnt = moves};
        drive_start(f->d, &f->io[i]);
    }
}

static unsigned good_of_many(struct fixture *f)
{
    unsigned good = 0;
    for (unsigned i = 0; i < MANY; i++)
        good += drive_wait(&f->io[i]) == 0;
    return good;
}

static void expect_no_good_write(struct fixture *f, const char *ring, const char *option,
                                 unsigned flags)
{
    if (skipped(f))
        return;
    for (unsigned i = 0; i < AGAIN; i++) {
        open_with(f, ring, option);
        start_many(f, TGT_BS_WRITE, flags, i * MANY);
        g_assert_cmpuint(good_of_many(f), ==, 0);
        drive_close(f->d);
    }
}

static void test_sync(struct fixture *f, gconstpointer ring)
{
    expect_no_good_write(f, ring, "sync=on", 0);
}

static void test_fua(struct fixture *f, gconstpointer ring)
{
    expect_no_good_write(f, ring, "sync=off", TGT_BS_FUA);
}

static void test_direct(struct fixture *f, gconstpointer ring)
{
    expect_no_good_write(f, ring, "direct=on", TGT_BS_FUA);
}

/* The pages that were lost are clean now, and still hold what was written. */
static void test_cached(struct fixture *f, gconstpointer ring)
{
    static const uint8_t checks[] = {TGT_BS_FLUSH, TGT_BS_READ, TGT_BS_WRITE};
    if (skipped(f))
        return;
    for (unsigned i = 0; i < AGAIN; i++) {
        open_with(f, ring, "sync=off");
        start_many(f, TGT_BS_WRITE, 0, 0);
        g_assert_cmpuint(good_of_many(f), ==, MANY);
        for (unsigned pass = 0; pass < 2; pass++) {
            start_many(f, checks[i % G_N_ELEMENTS(checks)], TGT_BS_FUA, 0);
            g_assert_cmpuint(good_of_many(f), ==, 0);
        }
        g_assert_cmpint(drive_do(f->d, TGT_BS_READ, 0, 0, f->iov.iov_base, BLOCK), ==, 0);
        drive_close(f->d);
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*fn)(struct fixture *f, gconstpointer ring);
    } tests[] = {
        {"sync", test_sync},
        {"fua", test_fua},
        {"direct", test_direct},
        {"cached", test_cached},
    };
    static const char *const rings[] = {"poll", "uring"};
    g_test_init(&argc, &argv, NULL);
    for (unsigned r = 0; r <= HAVE_LIBURING; r++)
        for (unsigned i = 0; i < G_N_ELEMENTS(tests); i++) {
            g_autofree char *path = g_strdup_printf("/rdwr-lost/%s/%s", rings[r], tests[i].name);
            g_test_add(path, struct fixture, rings[r], setup, tests[i].fn, teardown);
        }
    return g_test_run();
}
