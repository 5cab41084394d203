/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The store rdwr on a file in memory: when it copies instead of calling the system, and what
 * happens to mapped pages that are gone. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "copy-mapped.h"
#include "drive-store.h"

#define SIZE  (4u << 20)
#define CHUNK (1u << 20)
#define BLOCK 4096u

static int calls; /* of the system, to move data; atomic */

ssize_t preadv(int fd, const struct iovec *iov, int n, off_t offset)
{
    g_atomic_int_inc(&calls);
    return syscall(SYS_preadv, fd, iov, n, offset, 0);
}

ssize_t pwritev(int fd, const struct iovec *iov, int n, off_t offset)
{
    g_atomic_int_inc(&calls);
    return syscall(SYS_pwritev, fd, iov, n, offset, 0);
}

struct fixture {
    char *path;
    struct drive *d;
    uint8_t *data, *back;
};

static void setup(struct fixture *f, gconstpointer data)
{
    f->path = g_strdup("/dev/shm/test-rdwr-XXXXXX");
    int fd = g_mkstemp(f->path);
    g_assert_cmpint(ftruncate(fd, SIZE), ==, 0);
    close(fd);
    f->d = drive_open("poll", f->path, NULL, false, NULL);
    f->data = g_malloc(SIZE);
    f->back = g_malloc0(SIZE);
    for (unsigned i = 0; i < SIZE; i++)
        f->data[i] = (uint8_t)(i * 2654435761u >> 16);
    g_atomic_int_set(&calls, 0);
}

static void teardown(struct fixture *f, gconstpointer data)
{
    drive_close(f->d);
    unlink(f->path);
    g_free(f->path);
    g_free(f->data);
    g_free(f->back);
}

static uint64_t allocated(const struct fixture *f)
{
    struct stat st;
    g_assert_cmpint(stat(f->path, &st), ==, 0);
    return (uint64_t)st.st_blocks * 512;
}

static int put(struct fixture *f, uint64_t offset, uint64_t length)
{
    return drive_do(f->d, TGT_BS_WRITE, 0, offset, f->data + offset, length);
}

static int get(struct fixture *f, uint64_t offset, uint64_t length)
{
    memset(f->back + offset, 0xee, length);
    return drive_do(f->d, TGT_BS_READ, 0, offset, f->back + offset, length);
}

/* All that was written is there, for us and for others. */
static void expect_written(struct fixture *f, uint64_t offset, uint64_t length)
{
    g_autofree uint8_t *file = g_malloc(length);
    g_assert_cmpint(get(f, offset, length), ==, 0);
    g_assert_cmpmem(f->back + offset, length, f->data + offset, length);
    int fd = open(f->path, O_RDONLY | O_CLOEXEC);
    g_assert_cmpint(pread(fd, file, length, (off_t)offset), ==, length);
    close(fd);
    g_assert_cmpmem(file, length, f->data + offset, length);
}

static void fill(struct fixture *f)
{
    int fd = open(f->path, O_WRONLY | O_CLOEXEC);
    g_assert_cmpint(pwrite(fd, f->data, SIZE, 0), ==, SIZE);
    close(fd);
}

static void test_no_calls(struct fixture *f, gconstpointer data)
{
    fill(f);
    for (unsigned i = 0; i < SIZE; i += CHUNK / 2)
        expect_written(f, i, CHUNK / 2);
    for (unsigned i = 0; i < SIZE; i++)
        f->data[i] ^= 0x5a;
    for (unsigned i = 512; i + 130 * BLOCK <= SIZE; i += 130 * BLOCK) {
        g_assert_cmpint(put(f, i, 130 * BLOCK), ==, 0);
        expect_written(f, i, 130 * BLOCK);
    }
    g_assert_cmpint(g_atomic_int_get(&calls), ==, 0);
}

/* Reading allocates nothing, be it ever so often. */
static void test_holes_stay(struct fixture *f, gconstpointer data)
{
    static const uint8_t zeroes[BLOCK];
    g_assert_cmpint(put(f, 0, BLOCK), ==, 0);
    uint64_t before = allocated(f);
    for (unsigned i = 0; i < 1000; i++) {
        uint64_t offset = (1 + i % (SIZE / BLOCK - 1)) * BLOCK;
        g_assert_cmpint(get(f, offset, BLOCK), ==, 0);
        g_assert_cmpmem(f->back + offset, BLOCK, zeroes, BLOCK);
    }
    g_assert_cmpuint(allocated(f), ==, before);
    expect_written(f, 0, BLOCK);
}

/* Once its holes have been filled a chunk is found to be whole. */
static void test_filled_holes(struct fixture *f, gconstpointer data)
{
    for (unsigned i = 0; i < CHUNK; i += BLOCK)
        g_assert_cmpint(put(f, i, BLOCK), ==, 0);
    g_assert_cmpint(g_atomic_int_get(&calls), >, 0);
    for (unsigned i = 0; i < 100; i++)
        g_assert_cmpint(get(f, i * BLOCK, BLOCK), ==, 0);
    g_atomic_int_set(&calls, 0);
    expect_written(f, 0, CHUNK);
    g_assert_cmpint(g_atomic_int_get(&calls), ==, 0);
}

static void test_discard(struct fixture *f, gconstpointer data)
{
    static const uint8_t zeroes[CHUNK];
    fill(f);
    expect_written(f, CHUNK, CHUNK);
    g_assert_cmpint(drive_do(f->d, TGT_BS_DISCARD, 0, CHUNK, NULL, CHUNK), ==, 0);
    for (unsigned i = 0; i < 200; i++)
        g_assert_cmpint(get(f, CHUNK, CHUNK), ==, 0);
    g_assert_cmpmem(f->back + CHUNK, CHUNK, zeroes, CHUNK);
    g_assert_cmpuint(allocated(f), ==, SIZE - CHUNK);
}

/* What the daemon does not know of must not end it. */
static void test_shorter(struct fixture *f, gconstpointer data)
{
    unsigned before = drive_changes();
    fill(f);
    expect_written(f, 0, CHUNK);
    expect_written(f, 2 * CHUNK, CHUNK);
    g_assert_cmpint(truncate(f->path, CHUNK), ==, 0);
    g_assert_cmpint(get(f, 2 * CHUNK, BLOCK), ==, -EIO);
    g_assert_cmpuint(drive_changes(), ==, before + 1);
    g_assert_cmpint(put(f, 2 * CHUNK, BLOCK), ==, 0); /* as on any file: it grows */
    expect_written(f, 2 * CHUNK, BLOCK);
    expect_written(f, 0, CHUNK);
}

/* A copy that ends half way. */
static void test_gone_within(struct fixture *f, gconstpointer data)
{
    fill(f);
    expect_written(f, CHUNK, CHUNK);
    g_assert_cmpint(truncate(f->path, CHUNK + BLOCK), ==, 0);
    g_assert_cmpint(get(f, CHUNK, 2 * BLOCK), ==, -EIO);
    g_assert_cmpint(put(f, CHUNK, 2 * BLOCK), ==, 0);
    expect_written(f, CHUNK, 2 * BLOCK);
}

/* Its last page is still there, but what is written behind the end would be lost. */
static void test_shorter_within_a_page(struct fixture *f, gconstpointer data)
{
    fill(f);
    expect_written(f, CHUNK, CHUNK);
    g_assert_cmpint(truncate(f->path, CHUNK + 512), ==, 0);
    g_usleep(10000); /* the file is not looked at with each command */
    g_assert_cmpint(get(f, CHUNK + 1024, 512), ==, -EIO);
    g_assert_cmpint(put(f, CHUNK + 1024, 512), ==, 0);
    expect_written(f, CHUNK + 1024, 512);
    expect_written(f, CHUNK, 512);
}

static void test_longer(struct fixture *f, gconstpointer data)
{
    fill(f);
    g_assert_cmpint(truncate(f->path, 2 * SIZE), ==, 0);
    g_assert_cmpint(get(f, 0, BLOCK), ==, 0);
    g_assert_cmpint(drive_do(f->d, TGT_BS_WRITE, 0, SIZE - BLOCK, f->data, 2 * BLOCK), ==, 0);
    g_assert_cmpint(drive_do(f->d, TGT_BS_READ, 0, SIZE - BLOCK, f->back, 2 * BLOCK), ==, 0);
    g_assert_cmpmem(f->data, 2 * BLOCK, f->back, 2 * BLOCK);
}

static void test_read_only(struct fixture *f, gconstpointer data)
{
    fill(f);
    drive_close(f->d);
    f->d = drive_open("poll", f->path, NULL, true, NULL);
    expect_written(f, 0, CHUNK);
    g_assert_cmpint(put(f, 0, BLOCK), ==, -EROFS);
    g_assert_cmpint(g_atomic_int_get(&calls), ==, 0);
}

/* ---- tgt_copy_mapped() itself ---- */

static uint8_t *map_two_pages(int *fd)
{
    *fd = memfd_create("test", MFD_CLOEXEC);
    g_assert_cmpint(ftruncate(*fd, 2 * BLOCK), ==, 0);
    uint8_t *base = mmap(NULL, 2 * BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
    g_assert_true(base != MAP_FAILED);
    return base;
}

static void test_copy(struct fixture *f, gconstpointer data)
{
    int fd;
    uint8_t *base = map_two_pages(&fd);
    for (unsigned i = 0; i < 3; i++) { /* more than once: nothing stays blocked */
        g_assert_cmpint(ftruncate(fd, 2 * BLOCK), ==, 0);
        g_assert_cmpint(copy_mapped(base, f->data, 2 * BLOCK), ==, 0);
        g_assert_cmpint(copy_mapped(f->back, base, 2 * BLOCK), ==, 0);
        g_assert_cmpmem(f->back, 2 * BLOCK, f->data, 2 * BLOCK);
        g_assert_cmpint(ftruncate(fd, BLOCK), ==, 0);
        g_assert_cmpint(copy_mapped(base, f->data, 2 * BLOCK), ==, -EFAULT);
        g_assert_cmpint(copy_mapped(f->back, base, 2 * BLOCK), ==, -EFAULT);
        g_assert_cmpint(copy_mapped(f->back, base, BLOCK), ==, 0);
    }
    munmap(base, 2 * BLOCK);
    close(fd);
}

#if !defined(__SANITIZE_ADDRESS__) &&                                                              \
    !defined(__SANITIZE_THREAD__) /* these have handlers of their own */
/* A fault of anybody else is what it always was: the end. */
static void test_other_faults(struct fixture *f, gconstpointer data)
{
    int fd, status;
    uint8_t *base = map_two_pages(&fd);
    g_assert_cmpint(ftruncate(fd, 0), ==, 0);
    pid_t child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        ((volatile uint8_t *)base)[1] = 1;
        _exit(0); /* not reached */
    }
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFSIGNALED(status));
    g_assert_cmpint(WTERMSIG(status), ==, SIGBUS);
    munmap(base, 2 * BLOCK);
    close(fd);
}
#endif

int main(int argc, char **argv)
{
    struct statfs fs;
    g_test_init(&argc, &argv, NULL);
    if (statfs("/dev/shm", &fs) < 0 || fs.f_type != TMPFS_MAGIC) {
        g_print("1..0 # SKIP /dev/shm is not in memory\n");
        return 0;
    }
#define ADD(path, fn) g_test_add("/rdwr-map/" path, struct fixture, NULL, setup, fn, teardown)
    ADD("no-calls", test_no_calls);
    ADD("holes-stay", test_holes_stay);
    ADD("filled-holes", test_filled_holes);
    ADD("discard", test_discard);
    ADD("shorter", test_shorter);
    ADD("gone-within", test_gone_within);
    ADD("shorter-within-a-page", test_shorter_within_a_page);
    ADD("longer", test_longer);
    ADD("read-only", test_read_only);
    ADD("copy", test_copy);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    ADD("other-faults", test_other_faults);
#endif
    return g_test_run();
}
