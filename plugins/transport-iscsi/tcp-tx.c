/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sending: many answers with one system call, data from where it lies. */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "tcp.h"

/* With so much sent, no further call is made for a connection in one turn; others want to send,
 * too. */
#define TURN (1u << 20)

static void output_ready(struct tgt_op *op, int64_t res)
{
    struct tcp_conn *t = (struct tcp_conn *)((char *)op - offsetof(struct tcp_conn, poll_out));
    struct iscsi_conn *c = &t->conn;
    t->out_armed = false;
    if (!c->closed) {
        c->heard = iscsi_now(c); /* it does take its answers, slowly */
        tcp_flush(t);
    }
    iscsi_conn_put(c);
}

/* The socket takes no more now; the peer has until the timer to make room. */
static void wait_for_room(struct tcp_conn *t)
{
    struct iscsi_conn *c = &t->conn;
    if (t->out_armed)
        return;
    t->out_armed = true;
    t->poll_out.done = output_ready;
    iscsi_conn_hold(c);
    if (!c->finishing)
        iscsi_timer_set(c, ISCSI_TIMER_SEND, c->portal->stall_timeout);
    tgt_op_poll(c->thread->thread, &t->poll_out, t->fd, POLLOUT);
}

/* What was sent of one batch; 0: no more can be sent now. */
static size_t send_batch(struct tcp_conn *t)
{
    struct tcp_batch batch = {.iov = tcp_thread(t)->iov};
    tcp_batch_gather(t, &batch);
    struct msghdr msg = {.msg_iov = batch.iov, .msg_iovlen = batch.count};
    ssize_t len = sendmsg(t->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (len < 0 && errno != EAGAIN && errno != EINTR) {
        iscsi_conn_close(&t->conn, g_strerror(errno));
        return 0;
    }
    if (len > 0)
        tcp_batch_sent(t, &batch, (size_t)len);
    if (!t->conn.closed && len != (ssize_t)batch.len)
        wait_for_room(t);
    return len == (ssize_t)batch.len ? batch.len : 0;
}

static bool can_send(const struct tcp_conn *t)
{
    return t->conn.tx_head && !t->conn.closed && !t->out_armed;
}

void tcp_flush_early(struct tcp_conn *t)
{
    if (can_send(t))
        send_batch(t);
}

void tcp_flush(struct tcp_conn *t)
{
    struct iscsi_conn *c = &t->conn;
    for (size_t done = 0, now; done < TURN && can_send(t); done += now)
        if ((now = send_batch(t)) == 0)
            return;
    if (c->closed || t->out_armed)
        return;
    if (c->tx_head)
        tcp_datamover.send(c);
    else
        iscsi_tx_drained(c);
}
