/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rings: sockets and poll. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ring-fixture.h"

/* A message of one piece. */
struct note {
    struct probe probe;
    char text[16];
    struct iovec iov;
    struct msghdr msg;
};

static void note_init(struct note *n, struct fixture *f, const char *text)
{
    probe_init(&n->probe, f);
    memset(n->text, 0, sizeof(n->text));
    g_strlcpy(n->text, text, sizeof(n->text));
    n->iov = (struct iovec){n->text, *text ? strlen(text) : sizeof(n->text)};
    n->msg = (struct msghdr){.msg_iov = &n->iov, .msg_iovlen = 1};
}

static void receive(struct fixture *f, struct note *n)
{
    note_init(n, f, "");
    f->ops->recvmsg(f->ring, &n->probe.op, f->a, &n->msg, 0);
    g_assert_cmpuint(n->probe.ended, ==, 0);
}

static void test_receive_waits(struct fixture *f)
{
    struct note n;
    use_sockets(f);
    receive(f, &n);
    run_for(f, 20);
    g_assert_cmpuint(n.probe.ended, ==, 0);
    g_assert_cmpint(send(f->b, "hello", 5, 0), ==, 5);
    expect(f, &n.probe, 5);
    g_assert_cmpstr(n.text, ==, "hello");
}

static void test_receive_at_once(struct fixture *f)
{
    struct note n;
    use_sockets(f);
    g_assert_cmpint(send(f->b, "hello", 5, 0), ==, 5);
    receive(f, &n);
    expect(f, &n.probe, 5);
}

/* That a descriptor does not block changes nothing: an operation waits. */
static void test_nonblocking_waits(struct fixture *f)
{
    struct note n;
    use_sockets(f);
    g_assert_cmpint(fcntl(f->a, F_SETFL, O_NONBLOCK), ==, 0);
    receive(f, &n);
    run_for(f, 20);
    g_assert_cmpuint(n.probe.ended, ==, 0);
    g_assert_cmpint(send(f->b, "x", 1, 0), ==, 1);
    expect(f, &n.probe, 1);
}

static void test_receive_end(struct fixture *f)
{
    struct note n;
    use_sockets(f);
    receive(f, &n);
    run_for(f, 5);
    g_assert_cmpint(shutdown(f->b, SHUT_WR), ==, 0);
    expect(f, &n.probe, 0);
}

static void test_not_to_wait(struct fixture *f)
{
    struct note n;
    use_sockets(f);
    note_init(&n, f, "");
    f->ops->recvmsg(f->ring, &n.probe.op, f->a, &n.msg, MSG_DONTWAIT);
    expect(f, &n.probe, -EAGAIN);
}

static void test_send(struct fixture *f)
{
    struct note n;
    char back[8] = {0};
    use_sockets(f);
    note_init(&n, f, "out");
    f->ops->sendmsg(f->ring, &n.probe.op, f->a, &n.msg, 0);
    g_assert_cmpuint(n.probe.ended, ==, 0);
    expect(f, &n.probe, 3);
    g_assert_cmpint(recv(f->b, back, sizeof(back), 0), ==, 3);
    g_assert_cmpstr(back, ==, "out");
}

/* Ends with an error, not with a signal. */
static void test_send_to_closed(struct fixture *f)
{
    struct note n;
    use_sockets(f);
    close(f->b);
    f->b = -1;
    note_init(&n, f, "out");
    f->ops->sendmsg(f->ring, &n.probe.op, f->a, &n.msg, 0);
    expect(f, &n.probe, -EPIPE);
}

/* Reads `*left` bytes of the pattern from f->b until none are there. */
static size_t drain(struct fixture *f, size_t at)
{
    unsigned char chunk[4096];
    ssize_t n;
    while ((n = recv(f->b, chunk, sizeof(chunk), MSG_DONTWAIT)) > 0)
        for (ssize_t i = 0; i < n; i++, at++)
            g_assert_cmpuint(chunk[i], ==, (unsigned char)(at * 131 >> 8));
    return at;
}

static void test_send_in_parts(struct fixture *f)
{
    enum { SIZE = 8 << 20 };
    g_autofree unsigned char *data = g_malloc(SIZE);
    size_t sent = 0, got = 0;
    unsigned parts = 0;
    use_sockets(f);
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (unsigned char)(i * 131 >> 8);
    for (; sent < SIZE; parts++) {
        struct iovec iov[] = {{data + sent, (SIZE - sent) / 2},
                              {data + sent + (SIZE - sent) / 2, SIZE - sent - (SIZE - sent) / 2}};
        struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
        struct probe p;
        probe_init(&p, f);
        f->ops->sendmsg(f->ring, &p.op, f->a, &msg, 0);
        for (gint64 end = g_get_monotonic_time() + PATIENCE_MS * 1000;
             !p.ended && g_get_monotonic_time() < end;) {
            run_for(f, 1);
            got = drain(f, got);
        }
        g_assert_cmpuint(p.ended, ==, 1);
        g_assert_cmpint(p.res, >, 0);
        sent += (size_t)p.res;
    }
    g_assert_cmpuint(drain(f, got), ==, SIZE);
    g_assert_cmpuint(sent, ==, SIZE);
    g_assert_cmpuint(parts, >, 1);
}

static void test_poll_in(struct fixture *f)
{
    struct probe p;
    use_sockets(f);
    probe_init(&p, f);
    f->ops->poll(f->ring, &p.op, f->a, POLLIN);
    run_for(f, 20);
    g_assert_cmpuint(p.ended, ==, 0);
    g_assert_cmpint(send(f->b, "x", 1, 0), ==, 1);
    expect(f, &p, POLLIN);
    probe_init(&p, f);
    f->ops->poll(f->ring, &p.op, f->a, POLLIN | POLLOUT);
    expect(f, &p, POLLIN | POLLOUT);
}

static void test_poll_hangup(struct fixture *f)
{
    struct probe p;
    use_sockets(f);
    probe_init(&p, f);
    f->ops->poll(f->ring, &p.op, f->a, 0);
    run_for(f, 5);
    close(f->b);
    f->b = -1;
    run_until_ended(f, &p, 1);
    g_assert_cmpint(p.res & POLLHUP, ==, POLLHUP);
}

static void test_poll_file(struct fixture *f)
{
    struct probe p;
    use_file(f);
    probe_init(&p, f);
    f->ops->poll(f->ring, &p.op, f->file, POLLIN);
    expect(f, &p, POLLIN);
}

/* Fills the way out so that a sender has to wait. */
static void fill(int fd)
{
    g_autofree char *zeroes = g_malloc0(65536);
    while (send(fd, zeroes, 65536, MSG_DONTWAIT) > 0) {
    }
}

static void test_reader_writer_poller(struct fixture *f)
{
    struct note in, out;
    struct probe p;
    g_autofree char *sink = g_malloc(1 << 20);
    use_sockets(f);
    fill(f->a);
    receive(f, &in);
    note_init(&out, f, "later");
    f->ops->sendmsg(f->ring, &out.probe.op, f->a, &out.msg, 0);
    probe_init(&p, f);
    f->ops->poll(f->ring, &p.op, f->a, POLLIN);
    run_for(f, 20);
    g_assert_cmpuint(in.probe.ended + out.probe.ended + p.ended, ==, 0);
    g_assert_cmpint(send(f->b, "x", 1, 0), ==, 1);
    expect(f, &in.probe, 1);
    while (recv(f->b, sink, 1 << 20, MSG_DONTWAIT) > 0) {
    }
    expect(f, &out.probe, 5);
    /* The reader may have been quicker than the poll. */
    g_assert_cmpint(send(f->b, "y", 1, 0), ==, 1);
    expect(f, &p, POLLIN);
}

/* The number of a closed descriptor is given to the next file: waiting must work for that, too. */
static void test_descriptor_reused(struct fixture *f)
{
    for (unsigned i = 0; i < 3; i++) {
        struct note n;
        use_sockets(f);
        receive(f, &n);
        run_for(f, 5);
        g_assert_cmpint(send(f->b, "x", 1, 0), ==, 1);
        expect(f, &n.probe, 1);
        int was = f->a;
        close(f->a);
        close(f->b);
        f->a = f->b = -1;
        g_assert_cmpint(was, >=, 0);
    }
}

void add_socket_tests(void)
{
    add_test("socket/receive-waits", test_receive_waits);
    add_test("socket/receive-at-once", test_receive_at_once);
    add_test("socket/nonblocking-waits", test_nonblocking_waits);
    add_test("socket/receive-end", test_receive_end);
    add_test("socket/not-to-wait", test_not_to_wait);
    add_test("socket/send", test_send);
    add_test("socket/send-to-closed", test_send_to_closed);
    add_test("socket/send-in-parts", test_send_in_parts);
    add_test("socket/descriptor-reused", test_descriptor_reused);
    add_test("socket/reader-writer-poller", test_reader_writer_poller);
    add_test("poll/in", test_poll_in);
    add_test("poll/hangup", test_poll_hangup);
    add_test("poll/file", test_poll_file);
}
