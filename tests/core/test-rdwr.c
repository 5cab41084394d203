/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The store rdwr on files: what is written is read, and every way of failing to open has its word.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "config.h"
#include "drive-store.h"
#include "loop.h"

#define MIB  (1u << 20)
#define SIZE (8u * MIB)

/* A place for images, and the ring that is used. */
struct where {
    const char *ring, *folder;
};

struct fixture {
    const struct where *where;
    char *path;
};

static void setup(struct fixture *f, gconstpointer where)
{
    f->where = where;
    f->path = g_strdup_printf("%s/test-rdwr-XXXXXX", f->where->folder);
    int fd = g_mkstemp(f->path);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, SIZE), ==, 0);
    close(fd);
}

static void teardown(struct fixture *f, gconstpointer where)
{
    unlink(f->path);
    g_free(f->path);
}

static struct drive *open_with(struct fixture *f, const char *option)
{
    char *options[] = {(char *)option, NULL};
    return drive_open(f->where->ring, f->path, options, false, NULL);
}

static struct drive *open_plain(struct fixture *f)
{
    return drive_open(f->where->ring, f->path, NULL, false, NULL);
}

/* Bytes that tell where they belong. */
static void paint(uint8_t *data, uint64_t offset, uint64_t length)
{
    for (uint64_t i = 0; i < length; i++)
        data[i] = (uint8_t)((offset + i) * 2654435761u >> 16);
}

static uint8_t *aligned(size_t length)
{
    uint8_t *data = g_aligned_alloc0(1, length, 4096);
    g_assert_nonnull(data);
    return data;
}

static void write_paint(struct drive *d, uint64_t offset, uint64_t length, unsigned flags)
{
    uint8_t *data = aligned(length);
    paint(data, offset, length);
    g_assert_cmpint(drive_do(d, TGT_BS_WRITE, flags, offset, data, length), ==, 0);
    g_aligned_free(data);
}

static void check_paint(struct drive *d, uint64_t offset, uint64_t length, unsigned flags)
{
    uint8_t *data = aligned(length), *want = aligned(length);
    paint(want, offset, length);
    g_assert_cmpint(drive_do(d, TGT_BS_READ, flags, offset, data, length), ==, 0);
    g_assert_cmpmem(data, length, want, length);
    g_aligned_free(data);
    g_aligned_free(want);
}

static void check_zeroes(struct drive *d, uint64_t offset, uint64_t length)
{
    uint8_t *data = aligned(length);
    memset(data, 0xff, length);
    g_assert_cmpint(drive_do(d, TGT_BS_READ, 0, offset, data, length), ==, 0);
    for (uint64_t i = 0; i < length; i++)
        g_assert_cmpuint(data[i], ==, 0);
    g_aligned_free(data);
}

static void test_info(struct fixture *f, gconstpointer data)
{
    struct drive *d = open_plain(f);
    g_assert_cmpuint(d->info.size, ==, SIZE);
    g_assert_cmpuint(d->info.flush, ==, TGT_BS_NATIVE);
    g_assert_cmpuint(d->info.fua, ==, TGT_BS_NATIVE);
    g_assert_cmpuint(d->info.extents, ==, TGT_BS_NATIVE);
    g_assert_true(d->info.write_back);
    g_assert_false(d->info.read_only);
    g_assert_cmpuint(d->info.physical_block, ==, 4096);
    drive_close(d);
}

static void test_write_and_read(struct fixture *f, gconstpointer data)
{
    static const struct {
        uint64_t offset, length;
    } ranges[] = {{0, 512},         {512, 4096},    {SIZE - 512, 512},
                  {3 * MIB, 65536}, {MIB, 2 * MIB}, {0, SIZE}};
    struct drive *d = open_plain(f);
    check_zeroes(d, 0, SIZE);
    for (unsigned i = 0; i < G_N_ELEMENTS(ranges); i++) {
        write_paint(d, ranges[i].offset, ranges[i].length, i % 2 ? TGT_BS_FUA : 0);
        check_paint(d, ranges[i].offset, ranges[i].length, i % 2 ? 0 : TGT_BS_FUA);
    }
    g_assert_cmpint(drive_do(d, TGT_BS_FLUSH, 0, 0, NULL, 0), ==, 0);
    drive_close(d);
    d = open_plain(f);
    check_paint(d, 0, SIZE, 0);
    drive_close(d);
}

static void test_pieces(struct fixture *f, gconstpointer data)
{
    enum { PIECES = 64, PIECE = 65536, ALL = PIECES * PIECE };
    struct drive *d = open_plain(f);
    uint8_t *out = aligned(ALL), *in = aligned(ALL);
    struct iovec iov[PIECES];
    paint(out, 0, ALL);
    for (unsigned op = TGT_BS_WRITE;; op = TGT_BS_READ) {
        struct drive_io io = {
            .io = {.op = (uint8_t)op, .iov = iov, .iovcnt = PIECES, .offset = MIB, .length = ALL}};
        for (unsigned i = 0; i < PIECES; i++)
            iov[i] = (struct iovec){(op == TGT_BS_WRITE ? out : in) + i * PIECE, PIECE};
        drive_start(d, &io);
        g_assert_cmpint(drive_wait(&io), ==, 0);
        if (op == TGT_BS_READ)
            break;
    }
    g_assert_cmpmem(in, ALL, out, ALL);
    g_aligned_free(in);
    g_aligned_free(out);
    drive_close(d);
}

/* Many at the same time, which overlap in time but not in place. */
static void test_many_at_a_time(struct fixture *f, gconstpointer data)
{
    enum { MANY = 256, BLOCK = 4096 };
    struct drive *d = open_plain(f);
    struct drive_io *io = g_new0(struct drive_io, MANY);
    struct iovec *iov = g_new0(struct iovec, MANY);
    uint8_t *blocks = aligned(MANY * BLOCK);
    paint(blocks, 0, MANY * BLOCK);
    for (unsigned i = 0; i < MANY; i++) {
        unsigned at = i * 97 % MANY * BLOCK;
        iov[i] = (struct iovec){blocks + at, BLOCK};
        io[i].io = (struct tgt_bs_io){
            .op = TGT_BS_WRITE, .iov = &iov[i], .iovcnt = 1, .offset = at, .length = BLOCK};
        drive_start(d, &io[i]);
    }
    for (unsigned i = 0; i < MANY; i++)
        g_assert_cmpint(drive_wait(&io[i]), ==, 0);
    check_paint(d, 0, MANY * BLOCK, 0);
    g_aligned_free(blocks);
    g_free(iov);
    g_free(io);
    drive_close(d);
}

static void test_sync(struct fixture *f, gconstpointer data)
{
    struct drive *d = open_with(f, "sync=on");
    g_assert_false(d->info.write_back);
    write_paint(d, 4096, 8192, 0);
    check_paint(d, 4096, 8192, TGT_BS_FUA);
    g_assert_cmpint(drive_do(d, TGT_BS_DISCARD, 0, 4096, NULL, 4096), ==, 0);
    g_assert_cmpint(drive_do(d, TGT_BS_FLUSH, 0, 0, NULL, 0), ==, 0);
    drive_close(d);
}

static void test_direct(struct fixture *f, gconstpointer data)
{
    g_autofree char *why = NULL;
    char *options[] = {(char *)"direct=on", NULL};
    struct drive *d = drive_open(f->where->ring, f->path, options, false, &why);
    if (!d) {
        g_assert_nonnull(strstr(why, "has no direct I/O"));
        g_test_skip(why);
        return;
    }
    g_assert_cmpuint(d->info.block_size, >=, 512);
    write_paint(d, 4096, MIB, 0);
    write_paint(d, 2 * MIB, 4096, TGT_BS_FUA);
    check_paint(d, 4096, MIB, 0);
    check_paint(d, 2 * MIB, 4096, 0);
    drive_close(d);
}

static uint64_t storage(struct fixture *f)
{
    struct stat st;
    g_assert_cmpint(stat(f->path, &st), ==, 0);
    return (uint64_t)st.st_blocks * 512;
}

static void test_discard(struct fixture *f, gconstpointer data)
{
    struct drive *d = open_plain(f);
    uint64_t used, available, before;
    bool mapped;
    g_assert_cmpuint(d->info.discard, ==, TGT_BS_NATIVE);
    g_assert_true(d->info.discard_zeroes);
    write_paint(d, 0, 4 * MIB, TGT_BS_FUA);
    before = storage(f);
    g_assert_cmpint(d->ops->usage(d->handle, &used, &available), ==, 0);
    g_assert_cmpuint(used, ==, before);
    g_assert_cmpint(drive_do(d, TGT_BS_DISCARD, 0, MIB, NULL, MIB), ==, 0);
    g_assert_cmpuint(storage(f), <=, before - MIB);
    check_zeroes(d, MIB, MIB);
    check_paint(d, 0, MIB, 0);
    check_paint(d, 2 * MIB, 2 * MIB, 0);
    g_assert_cmpuint(drive_extent(d, 0, SIZE, &mapped), ==, MIB);
    g_assert_true(mapped);
    g_assert_cmpuint(drive_extent(d, MIB, SIZE - MIB, &mapped), ==, MIB);
    g_assert_false(mapped);
    g_assert_cmpuint(drive_extent(d, MIB, 4096, &mapped), ==, 4096);
    g_assert_false(mapped);
    g_assert_cmpuint(drive_extent(d, 4 * MIB, 4 * MIB, &mapped), ==, 4 * MIB);
    g_assert_false(mapped);
    drive_close(d);
}

/* Where the file system has no such call, the host writes zeroes: nothing may have been changed
 * then. */
static void test_write_zeroes(struct fixture *f, gconstpointer data)
{
    struct drive *d = open_plain(f);
    for (unsigned flags = 0; flags <= (TGT_BS_MAY_UNMAP | TGT_BS_FUA); flags++) {
        write_paint(d, 0, MIB, 0);
        int res = drive_do(d, TGT_BS_WRITE_ZEROES, flags, 4096, NULL, 65536);
        if (res == -EOPNOTSUPP) {
            check_paint(d, 0, MIB, 0);
            continue;
        }
        g_assert_cmpint(res, ==, 0);
        check_zeroes(d, 4096, 65536);
        check_paint(d, 0, 4096, 0);
        check_paint(d, 4096 + 65536, MIB - 65536 - 4096, 0);
    }
    g_assert_cmpint(drive_do(d, TGT_BS_WRITE_ZEROES, TGT_BS_MAY_UNMAP, 4096, NULL, 65536), ==, 0);
    drive_close(d);
}

static void test_shrink_and_grow(struct fixture *f, gconstpointer data)
{
    struct tgt_bs_info info = {.struct_size = sizeof(info)};
    struct drive *d = open_plain(f);
    unsigned before = drive_changes();
    char block[4096];
    g_assert_cmpint(truncate(f->path, MIB + 512), ==, 0);
    for (unsigned i = 0; i < 3; i++) {
        g_assert_cmpint(drive_do(d, TGT_BS_READ, 0, 2 * MIB, block, sizeof(block)), ==, -EIO);
        g_assert_cmpint(drive_do(d, TGT_BS_READ, 0, MIB, block, sizeof(block)), ==,
                        -EIO); /* ends within */
    }
    g_assert_cmpuint(drive_changes(), ==, before + 1);
    g_assert_cmpint(d->ops->refresh(d->handle, &info, NULL), ==, 0);
    g_assert_cmpuint(info.size, ==, MIB + 512);
    g_assert_cmpint(drive_do(d, TGT_BS_READ, 0, MIB, block, 512), ==, 0);
    g_assert_cmpint(truncate(f->path, 2 * SIZE), ==, 0);
    g_assert_cmpint(d->ops->refresh(d->handle, &info, NULL), ==, 0);
    g_assert_cmpuint(info.size, ==, 2 * SIZE);
    g_assert_cmpint(drive_do(d, TGT_BS_READ, 0, 2 * SIZE - 4096, block, sizeof(block)), ==, 0);
    drive_close(d);
}

/* A file that has become no disk at all is looked at once, not at each read. */
static void test_shrunk_to_nothing(struct fixture *f, gconstpointer data)
{
    struct tgt_bs_info info = {.struct_size = sizeof(info)};
    struct drive *d = open_plain(f);
    unsigned before = drive_changes();
    char block[512];
    g_assert_cmpint(truncate(f->path, 0), ==, 0);
    for (unsigned i = 0; i < 3; i++) {
        g_assert_cmpint(drive_do(d, TGT_BS_READ, 0, 0, block, sizeof(block)), ==, -EIO);
        g_assert_cmpint(d->ops->refresh(d->handle, &info, NULL), <, 0);
    }
    g_assert_cmpuint(drive_changes(), ==, before + 1);
    drive_close(d);
}

static void test_odd_size(struct fixture *f, gconstpointer data)
{
    g_assert_cmpint(truncate(f->path, 4096 + 511), ==, 0);
    struct drive *d = open_plain(f);
    g_assert_cmpuint(d->info.size, ==, 4096);
    drive_close(d);
}

static void test_read_only(struct fixture *f, gconstpointer data)
{
    char block[512] = "x";
    struct drive *d = drive_open(f->where->ring, f->path, NULL, true, NULL);
    g_assert_true(d->info.read_only);
    g_assert_false(d->info.write_back);
    g_assert_cmpuint(d->info.discard, ==, TGT_BS_NONE);
    g_assert_cmpint(drive_do(d, TGT_BS_WRITE, 0, 0, block, 512), ==, -EROFS);
    g_assert_cmpint(drive_do(d, TGT_BS_DISCARD, 0, 0, NULL, 512), ==, -EROFS);
    g_assert_cmpint(drive_do(d, TGT_BS_WRITE_ZEROES, 0, 0, NULL, 512), ==, -EROFS);
    g_assert_cmpint(drive_do(d, TGT_BS_FLUSH, 0, 0, NULL, 0), ==, 0);
    g_assert_cmpint(drive_do(d, TGT_BS_READ, TGT_BS_FUA, 0, block, 512), ==, 0);
    g_assert_cmpint(block[0], ==, 0);
    drive_close(d);
}

/* Cancelled or done, but ended once: drive-store.c asserts that. */
static void test_cancel(struct fixture *f, gconstpointer data)
{
    struct drive *d = open_plain(f);
    uint8_t *bytes = aligned(4 * MIB);
    for (unsigned i = 0; i < 40; i++) {
        struct iovec iov = {bytes, 4 * MIB};
        const uint8_t ops[] = {TGT_BS_READ, TGT_BS_WRITE, TGT_BS_FLUSH, TGT_BS_DISCARD,
                               TGT_BS_EXTENT};
        struct drive_io io = {.cancel = true};
        io.io = (struct tgt_bs_io){.op = ops[i % 5], .iov = &iov, .iovcnt = 1, .length = 4 * MIB};
        drive_start(d, &io);
        int res = drive_wait(&io);
        g_assert_true(res == 0 || res == -ECANCELED);
    }
    g_aligned_free(bytes);
    drive_close(d);
}

/* ---- Opening ---- */

static void expect_refusal(const char *path, bool read_only, const char *says, const char *advises)
{
    g_autofree char *why = NULL;
    g_assert_null(drive_open("poll", path, NULL, read_only, &why));
    if (path && *path)
        g_assert_nonnull(strstr(why, path));
    if (!strstr(why, says) || !strstr(why, advises))
        g_error("'%s' does not say '%s' and '%s'", why, says, advises);
}

static void test_refusals(void)
{
    g_autofree char *folder = g_dir_make_tmp("test-rdwr-XXXXXX", NULL);
    g_autofree char *fifo = g_build_filename(folder, "fifo", NULL),
                    *empty = g_build_filename(folder, "empty", NULL);
    g_autofree char *small = g_build_filename(folder, "small", NULL),
                    *none = g_build_filename(folder, "none", NULL);
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    g_assert_true(g_file_set_contents(empty, "", 0, NULL));
    g_assert_true(g_file_set_contents(small, "tiny", 4, NULL));
    expect_refusal(NULL, false, "path is missing", "--path");
    expect_refusal("", false, "path is missing", "--path");
    expect_refusal(none, false, "No such file", "create it");
    expect_refusal(folder, false, "is a directory", "file or a block device");
    expect_refusal(folder, true, "is a directory", "file or a block device");
    expect_refusal(fifo, false, "is a FIFO", "file or a block device");
    expect_refusal("/dev/null", false, "is a character device", "file or a block device");
    expect_refusal(empty, false, "0 bytes", "truncate");
    expect_refusal(small, false, "4 bytes", "truncate");
    unlink(fifo);
    unlink(empty);
    unlink(small);
    rmdir(folder);
}

/* Root may do everything: it becomes somebody else meanwhile. */
static void test_no_permission(void)
{
    bool root = geteuid() == 0;
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "test-rdwr-XXXXXX", NULL);
    int fd = g_mkstemp(path);
    g_assert_cmpint(ftruncate(fd, SIZE), ==, 0);
    g_assert_cmpint(fchmod(fd, 0), ==, 0);
    if (root)
        g_assert_cmpint(seteuid(65534), ==, 0);
    expect_refusal(path, false, "Permission denied", "needs permission");
    expect_refusal(path, true, "Permission denied", "needs permission");
    g_assert_cmpint(root ? seteuid(0) : 0, ==, 0);
    g_assert_cmpint(fchmod(fd, 0444), ==, 0);
    if (root)
        g_assert_cmpint(seteuid(65534), ==, 0);
    struct drive *d = drive_open("poll", path, NULL, false, NULL);
    g_assert_true(d->info.read_only);
    drive_close(d);
    g_assert_cmpint(root ? seteuid(0) : 0, ==, 0);
    close(fd);
    unlink(path);
}

static void test_file_system_full(void)
{
    g_autofree char *folder = g_dir_make_tmp("test-rdwr-XXXXXX", NULL),
                    *path = g_build_filename(folder, "image", NULL);
    if (mount("tmpfs", folder, "tmpfs", 0, "size=1m") < 0) {
        g_test_skip("a small file system cannot be mounted: not root");
        rmdir(folder);
        return;
    }
    g_assert_true(g_file_set_contents(path, "", 0, NULL));
    g_assert_cmpint(truncate(path, SIZE), ==, 0);
    struct drive *d = drive_open("poll", path, NULL, false, NULL);
    uint8_t *data = aligned(2 * MIB);
    g_assert_cmpint(drive_do(d, TGT_BS_WRITE, 0, 0, data, 2 * MIB), ==, -ENOSPC);
    g_assert_cmpint(drive_do(d, TGT_BS_DISCARD, 0, 0, NULL, 2 * MIB), ==, 0);
    g_assert_cmpint(drive_do(d, TGT_BS_WRITE, 0, 0, data, 65536), ==, 0); /* there is room again */
    g_aligned_free(data);
    drive_close(d);
    unlink(path);
    g_assert_cmpint(umount(folder), ==, 0);
    rmdir(folder);
}

static void test_read_only_file_system(void)
{
    g_autofree char *folder = g_dir_make_tmp("test-rdwr-XXXXXX", NULL),
                    *path = g_build_filename(folder, "image", NULL);
    if (mount("tmpfs", folder, "tmpfs", 0, "size=1m") < 0) {
        g_test_skip("a file system cannot be mounted: not root");
        rmdir(folder);
        return;
    }
    g_assert_true(g_file_set_contents(path, "", 0, NULL));
    g_assert_cmpint(truncate(path, SIZE), ==, 0);
    g_assert_cmpint(mount("tmpfs", folder, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), ==, 0);
    struct drive *d = drive_open("poll", path, NULL, false, NULL);
    g_assert_true(d->info.read_only);
    drive_close(d);
    g_assert_cmpint(umount(folder), ==, 0);
    rmdir(folder);
}

/* ---- A block device ---- */

static void check_device(struct fixture *f, const char *device, const char *option)
{
    char *options[] = {(char *)option, NULL};
    struct drive *d = drive_open(f->where->ring, device, options, false, NULL);
    g_assert_cmpuint(d->info.size, ==, SIZE);
    g_assert_cmpuint(d->info.extents, ==, TGT_BS_NONE);
    write_paint(d, MIB, 2 * MIB, TGT_BS_FUA);
    check_paint(d, MIB, 2 * MIB, TGT_BS_FUA);
    g_assert_cmpint(drive_do(d, TGT_BS_FLUSH, 0, 0, NULL, 0), ==, 0);
    g_assert_cmpint(drive_do(d, TGT_BS_WRITE_ZEROES, 0, MIB, NULL, 65536), ==, 0);
    check_zeroes(d, MIB, 65536);
    check_paint(d, MIB + 65536, MIB, 0);
    g_assert_cmpint(
        drive_do(d, TGT_BS_WRITE_ZEROES, TGT_BS_MAY_UNMAP | TGT_BS_FUA, 2 * MIB, NULL, 65536), ==,
        0);
    check_zeroes(d, 2 * MIB, 65536);
    if (d->info.discard == TGT_BS_NATIVE)
        g_assert_cmpint(drive_do(d, TGT_BS_DISCARD, 0, MIB, NULL, MIB), ==, 0);
    check_paint(d, 2 * MIB + 65536, MIB - 65536, 0);
    g_assert_cmpint(d->ops->usage(d->handle, &(uint64_t){0}, &(uint64_t){0}), ==, -EOPNOTSUPP);
    drive_close(d);
}

static void test_device(struct fixture *f, gconstpointer data)
{
    g_autofree char *why = NULL, *device = loop_new(f->path, false, &why);
    if (!device) {
        g_test_skip(why);
        return;
    }
    check_device(f, device, NULL);
    check_device(f, device, "direct=on");
    check_device(f, device, "sync=on");
    loop_free(device);
}

static void test_read_only_device(struct fixture *f, gconstpointer data)
{
    g_autofree char *why = NULL, *device = loop_new(f->path, true, &why);
    if (!device) {
        g_test_skip(why);
        return;
    }
    struct drive *d = drive_open(f->where->ring, device, NULL, false, NULL);
    g_assert_true(d->info.read_only);
    check_zeroes(d, 0, MIB);
    drive_close(d);
    loop_free(device);
}

static const struct {
    const char *name;
    void (*fn)(struct fixture *f, gconstpointer data);
} tests[] = {
    {"info", test_info},
    {"write-and-read", test_write_and_read},
    {"pieces", test_pieces},
    {"many-at-a-time", test_many_at_a_time},
    {"sync", test_sync},
    {"direct", test_direct},
    {"discard", test_discard},
    {"write-zeroes", test_write_zeroes},
    {"shrink-and-grow", test_shrink_and_grow},
    {"shrunk-to-nothing", test_shrunk_to_nothing},
    {"odd-size", test_odd_size},
    {"read-only", test_read_only},
    {"cancel", test_cancel},
    {"device", test_device},
    {"device-read-only", test_read_only_device},
};

static void add_tests(const struct where *where, const char *place)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path =
            g_strdup_printf("/rdwr/%s/%s/%s", where->ring, place, tests[i].name);
        g_test_add(path, struct fixture, where, setup, tests[i].fn, teardown);
    }
}

int main(int argc, char **argv)
{
    static struct where places[4];
    unsigned n = 0;
    g_test_init(&argc, &argv, NULL);
    for (unsigned uring = 0; uring <= HAVE_LIBURING; uring++) {
        places[n] = (struct where){uring ? "uring" : "poll", g_get_tmp_dir()};
        add_tests(&places[n++], "disk");
        places[n] = (struct where){uring ? "uring" : "poll", "/dev/shm"};
        add_tests(&places[n++], "memory");
    }
    g_test_add_func("/rdwr/refusals", test_refusals);
    g_test_add_func("/rdwr/no-permission", test_no_permission);
    g_test_add_func("/rdwr/file-system-full", test_file_system_full);
    g_test_add_func("/rdwr/read-only-file-system", test_read_only_file_system);
    return g_test_run();
}
