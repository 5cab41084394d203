/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rings: files and pipes. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ring-fixture.h"

static void test_file_pieces(struct fixture *f)
{
    struct probe p;
    char one[3] = "abc", two[5] = "defgh", back[16] = {0};
    struct iovec out[] = {{one, 3}, {two, 5}}, in[] = {{back, 1}, {back + 1, 15}};
    use_file(f);
    probe_init(&p, f);
    f->ops->writev(f->ring, &p.op, f->file, out, 2, 4096, 0);
    g_assert_cmpuint(p.ended, ==, 0); /* never from within the verb */
    expect(f, &p, 8);
    probe_init(&p, f);
    f->ops->readv(f->ring, &p.op, f->file, in, 2, 4098, 0);
    g_assert_cmpuint(p.ended, ==, 0);
    expect(f, &p, 6); /* short: the file ends */
    g_assert_cmpstr(back, ==, "cdefgh");
}

static void test_file_end(struct fixture *f)
{
    struct probe p;
    char byte;
    struct iovec iov = {&byte, 1};
    use_file(f);
    probe_init(&p, f);
    f->ops->readv(f->ring, &p.op, f->file, &iov, 1, 1 << 20, 0);
    expect(f, &p, 0);
}

static void test_file_durable(struct fixture *f)
{
    struct probe p;
    char data[512];
    struct iovec iov = {data, sizeof(data)};
    memset(data, 'x', sizeof(data));
    use_file(f);
    probe_init(&p, f);
    f->ops->writev(f->ring, &p.op, f->file, &iov, 1, 512, RWF_DSYNC);
    expect(f, &p, 512);
    memset(data, 0, sizeof(data));
    g_assert_cmpint(pread(f->file, data, 512, 512), ==, 512);
    g_assert_cmpint(data[511], ==, 'x');
}

/* Beyond what 32 bits hold. */
static void test_file_far(struct fixture *f)
{
    struct probe p;
    char data[8] = "faraway", back[8] = {0};
    struct iovec out = {data, 8}, in = {back, 8};
    const uint64_t offset = (G_GUINT64_CONSTANT(5) << 32) + 3;
    use_file(f);
    probe_init(&p, f);
    f->ops->writev(f->ring, &p.op, f->file, &out, 1, offset, 0);
    expect(f, &p, 8);
    probe_init(&p, f);
    f->ops->readv(f->ring, &p.op, f->file, &in, 1, offset, 0);
    expect(f, &p, 8);
    g_assert_cmpstr(back, ==, "faraway");
    g_assert_cmpint(lseek(f->file, 0, SEEK_END), ==, (off_t)offset + 8);
}

static void test_fsync(struct fixture *f)
{
    struct probe p;
    use_file(f);
    probe_init(&p, f);
    f->ops->fsync(f->ring, &p.op, f->file, false);
    expect(f, &p, 0);
    probe_init(&p, f);
    f->ops->fsync(f->ring, &p.op, f->file, true);
    expect(f, &p, 0);
}

static void test_fallocate(struct fixture *f)
{
    struct probe p;
    struct stat st;
    use_file(f);
    probe_init(&p, f);
    f->ops->fallocate(f->ring, &p.op, f->file, 0, 4096, 8192);
    expect(f, &p, 0);
    g_assert_cmpint(fstat(f->file, &st), ==, 0);
    g_assert_cmpint(st.st_size, ==, 12288);
    probe_init(&p, f);
    f->ops->fallocate(f->ring, &p.op, f->file, 0, 0, 0);
    expect(f, &p, -EINVAL);
}

static void test_bad_descriptor(struct fixture *f)
{
    struct probe p[6];
    char byte = 0;
    struct iovec iov = {&byte, 1};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    for (unsigned i = 0; i < G_N_ELEMENTS(p); i++)
        probe_init(&p[i], f);
    f->ops->readv(f->ring, &p[0].op, -1, &iov, 1, 0, 0);
    f->ops->writev(f->ring, &p[1].op, -1, &iov, 1, 0, 0);
    f->ops->fsync(f->ring, &p[2].op, -1, true);
    f->ops->recvmsg(f->ring, &p[3].op, -1, &msg, 0);
    f->ops->sendmsg(f->ring, &p[4].op, -1, &msg, 0);
    f->ops->fallocate(f->ring, &p[5].op, -1, 0, 0, 1);
    for (unsigned i = 0; i < G_N_ELEMENTS(p); i++)
        expect(f, &p[i], -EBADF);
}

static void test_pipe_read_waits(struct fixture *f)
{
    struct probe p;
    char back[8] = {0};
    struct iovec iov = {back, sizeof(back)};
    use_pipe(f);
    probe_init(&p, f);
    f->ops->readv(f->ring, &p.op, f->a, &iov, 1, 0, 0);
    run_for(f, 20);
    g_assert_cmpuint(p.ended, ==, 0);
    g_assert_cmpint(write(f->b, "hi", 2), ==, 2);
    expect(f, &p, 2);
    g_assert_cmpstr(back, ==, "hi");
}

static void test_pipe_write_waits(struct fixture *f)
{
    struct probe p;
    char byte = 'x';
    struct iovec iov = {&byte, 1};
    g_autofree char *sink = g_malloc(1 << 20);
    use_pipe(f);
    g_assert_cmpint(fcntl(f->b, F_SETFL, O_NONBLOCK), ==, 0);
    while (write(f->b, sink, 4096) > 0) {
    }
    g_assert_cmpint(fcntl(f->b, F_SETFL, 0), ==, 0);
    probe_init(&p, f);
    f->ops->writev(f->ring, &p.op, f->b, &iov, 1, 0, 0);
    run_for(f, 20);
    g_assert_cmpuint(p.ended, ==, 0);
    g_assert_cmpint(read(f->a, sink, 1 << 20), >, 0);
    expect(f, &p, 1);
}

#define MANY 10000

struct crowd {
    struct probe probe;
    unsigned char byte;
    struct iovec iov;
};

static void test_many_reads(struct fixture *f)
{
    g_autofree struct crowd *crowd = g_new0(struct crowd, MANY);
    use_file(f);
    for (unsigned i = 0; i < MANY; i++) {
        unsigned char byte = (unsigned char)(i * 7);
        g_assert_cmpint(pwrite(f->file, &byte, 1, i), ==, 1);
    }
    for (unsigned i = 0; i < MANY; i++) {
        probe_init(&crowd[i].probe, f);
        crowd[i].iov = (struct iovec){&crowd[i].byte, 1};
        f->ops->readv(f->ring, &crowd[i].probe.op, f->file, &crowd[i].iov, 1, i, 0);
    }
    for (unsigned i = 0; i < MANY; i++) {
        expect(f, &crowd[i].probe, 1);
        g_assert_cmpuint(crowd[i].byte, ==, (unsigned char)(i * 7));
    }
}

static void test_many_of_many_kinds(struct fixture *f)
{
    g_autofree struct crowd *crowd = g_new0(struct crowd, MANY);
    use_file(f);
    for (unsigned i = 0; i < MANY; i++) {
        struct tgt_op *op = &crowd[i].probe.op;
        probe_init(&crowd[i].probe, f);
        crowd[i].iov = (struct iovec){&crowd[i].byte, 1};
        if (i % 3 == 0)
            f->ops->writev(f->ring, op, f->file, &crowd[i].iov, 1, i, 0);
        else if (i % 3 == 1)
            f->ops->timeout(f->ring, op, i % 7 * 1000000);
        else
            f->ops->poll(f->ring, op, f->file, 1);
    }
    for (unsigned i = 0; i < MANY; i++)
        expect(f, &crowd[i].probe, i % 3 != 1);
}

static void start_again(struct tgt_op *op, int64_t res)
{
    struct crowd *c = (struct crowd *)op;
    g_assert_cmpint(res, ==, 1);
    c->probe.ended++;
    if (c->probe.again-- > 0)
        c->probe.f->ops->readv(c->probe.f->ring, op, c->probe.f->file, &c->iov, 1, 0, 0);
}

/* More at a time than the submission queue holds, each begun from within the end of another. */
static void test_again_from_done(struct fixture *f)
{
    enum { CROWD = 3000, TIMES = 5 };
    g_autofree struct crowd *crowd = g_new0(struct crowd, CROWD);
    use_file(f);
    g_assert_cmpint(pwrite(f->file, "x", 1, 0), ==, 1);
    for (unsigned i = 0; i < CROWD; i++) {
        probe_init(&crowd[i].probe, f);
        crowd[i].probe.op.done = start_again;
        crowd[i].probe.again = TIMES;
        crowd[i].iov = (struct iovec){&crowd[i].byte, 1};
        f->ops->readv(f->ring, &crowd[i].probe.op, f->file, &crowd[i].iov, 1, 0, 0);
    }
    for (unsigned i = 0; i < CROWD; i++) {
        run_until_ended(f, &crowd[i].probe, TIMES + 1);
        g_assert_cmpuint(crowd[i].probe.ended, ==, TIMES + 1);
        g_assert_cmpint(crowd[i].byte, ==, 'x');
    }
}

void add_file_tests(void)
{
    add_test("file/pieces-and-short-read", test_file_pieces);
    add_test("file/read-behind-end", test_file_end);
    add_test("file/durable-write", test_file_durable);
    add_test("file/offset-beyond-32-bits", test_file_far);
    add_test("file/fsync", test_fsync);
    add_test("file/fallocate", test_fallocate);
    add_test("file/bad-descriptor", test_bad_descriptor);
    add_test("pipe/read-waits", test_pipe_read_waits);
    add_test("pipe/write-waits", test_pipe_write_waits);
    add_test("many/reads", test_many_reads);
    add_test("many/kinds", test_many_of_many_kinds);
    add_test("many/again-from-done", test_again_from_done);
}
