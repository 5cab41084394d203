/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Receiving: one system call per turn and connection, straight into its place where possible. */
#include <errno.h>
#include <string.h>
#include <poll.h>
#include <sys/socket.h>

#include "tcp.h"

/* A data segment of which less is missing is received through the buffer. */
#define DIRECT        4096u
#define DIRECT_PIECES 64u

static void close_by_errno(struct tcp_conn *t, const char *what, int error)
{
    char text[128];
    g_snprintf(text, sizeof(text), "%s: %s", what, g_strerror(error));
    iscsi_conn_close(&t->conn, text);
}

static void input_ready(struct tgt_op *op, int64_t res)
{
    struct tcp_conn *t = (struct tcp_conn *)((char *)op - offsetof(struct tcp_conn, poll_in));
    t->in_armed = false;
    if (!t->conn.closed && res < 0)
        close_by_errno(t, "poll", (int)-res);
    else if (!t->conn.closed)
        tcp_receive(t);
    iscsi_conn_put(&t->conn);
}

void tcp_receive_arm(struct tcp_conn *t)
{
    if (t->in_armed || t->conn.closed || (t->conn.pause && !t->draining))
        return;
    t->in_armed = true;
    t->poll_in.done = input_ready;
    iscsi_conn_hold(&t->conn);
    tgt_op_poll(t->conn.thread->thread, &t->poll_in, t->fd, POLLIN);
}

/* What could not be parsed now stays until the connection goes on. */
static void keep(struct tcp_conn *t, const uint8_t *data, size_t len)
{
    if (t->draining || t->conn.closed || len == 0)
        return;
    tcp_thread(t)->unparsed += len;
    t->stash = g_memdup2(data, len);
    t->stash_len = len;
    t->stash_used = 0;
}

/* The end of a turn: the peer must complete what it has begun, unless it is we who do not go on. */
static void settle(struct tcp_conn *t)
{
    if (t->conn.closed)
        return;
    if (t->conn.pause)
        iscsi_timer_clear(&t->conn, ISCSI_TIMER_PDU);
    else if (tcp_parse_within_pdu(t))
        iscsi_rx_partial(&t->conn);
    tcp_receive_arm(t);
}

void tcp_stash_drop(struct tcp_conn *t)
{
    tcp_thread(t)->unparsed -= t->stash_len;
    g_clear_pointer(&t->stash, g_free);
    t->stash_len = t->stash_used = 0;
}

void tcp_receive_stashed(struct tcp_conn *t)
{
    if (t->stash && !t->conn.pause)
        t->stash_used += tcp_parse(t, t->stash + t->stash_used, t->stash_len - t->stash_used);
    if (t->stash_used == t->stash_len || t->draining || t->conn.closed)
        tcp_stash_drop(t);
    settle(t);
}

static size_t buffer_room(const struct tcp_conn *t)
{
    if (t->conn.thread->stashed > 0 || tcp_thread(t)->unparsed > TCP_UNPARSED_EASY)
        return TCP_RECEIVE_TIGHT;
    return t->bulk || t->data_left >= TCP_RECEIVE_BULK ? TCP_RECEIVE_BULK : TCP_RECEIVE;
}

/* First the place of the data that is due, then the buffer for what follows. */
static unsigned prepare(struct tcp_conn *t, struct iovec *iov, size_t *direct)
{
    struct tcp_thread *thread = tcp_thread(t);
    unsigned count = 0;
    *direct = 0;
    if (t->phase == TCP_DATA && t->data_left >= DIRECT && !t->draining)
        count = iscsi_rx_direct(&t->conn, t->data_left, iov, DIRECT_PIECES, direct);
    size_t room = *direct > 0 ? TCP_RECEIVE_BULK : buffer_room(t);
    iov[count++] = (struct iovec){thread->buffer, t->draining ? TCP_RECEIVE : room};
    return count;
}

static void take(struct tcp_conn *t, const struct iovec *iov, size_t direct, size_t len)
{
    const uint8_t *buffer = tcp_thread(t)->buffer;
    size_t placed = MIN(direct, len);
    if (placed > 0)
        tcp_parse_direct(t, iov, placed);
    if (len > placed) {
        size_t used = tcp_parse(t, buffer, len - placed);
        keep(t, buffer + used, len - placed - used);
    }
}

void tcp_receive(struct tcp_conn *t)
{
    struct iovec iov[DIRECT_PIECES + 1];
    size_t direct;
    if (t->conn.pause && !t->draining)
        return;
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = prepare(t, iov, &direct)};
    t->pdus = 0;
    ssize_t len = recvmsg(t->fd, &msg, MSG_DONTWAIT);
    if (len == 0)
        return iscsi_conn_close(&t->conn, "closed by the initiator");
    if (len < 0 && errno != EAGAIN && errno != EINTR)
        return close_by_errno(t, "recv", errno);
    if (len > 0 && !t->draining)
        take(t, iov, direct, (size_t)len);
    settle(t);
}
