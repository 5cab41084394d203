/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sending: all answers of a turn in one system call, data from where it lies. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "../iscsi-common/crc32c.h"
#include "tcp.h"

/* System calls for one connection in one turn; others want to send, too. */
#define ROUNDS 4u

/* The pieces of a data segment. */
struct slices {
    const struct iovec *iov;
    size_t skip, left;
};

static bool next_slice(struct slices *s, struct iovec *slice)
{
    if (s->left == 0)
        return false;
    size_t len = MIN(s->iov->iov_len - s->skip, s->left);
    *slice = (struct iovec){(uint8_t *)s->iov->iov_base + s->skip, len};
    s->left -= len;
    s->skip = 0;
    s->iov++;
    return true;
}

static struct slices slices_of(const struct iscsi_tx *tx)
{
    return (struct slices){tx->iov, tx->skip, tx->data_len};
}

static void add_data_digest(struct iscsi_tx *tx)
{
    struct slices slices = slices_of(tx);
    struct iovec slice;
    uint32_t crc = ISCSI_CRC_START;
    while (next_slice(&slices, &slice))
        crc = iscsi_crc32c(crc, slice.iov_base, slice.iov_len);
    iscsi_crc32c_end(iscsi_crc32c(crc, tx->tail, tx->tail_len), tx->tail + tx->tail_len);
    tx->tail_len = (uint8_t)(tx->tail_len + 4);
}

/* Numbers, padding and digests; the header does not change any more. */
static void seal(struct iscsi_conn *c, struct iscsi_tx *tx)
{
    bool plain = tx->flags & ISCSI_TX_PLAIN;
    iscsi_tx_seal(c, tx);
    tx->head_len = ISCSI_BHS_LEN;
    tx->tail_len = (uint8_t)iscsi_pad(tx->data_len);
    memset(tx->tail, 0, sizeof(tx->tail));
    if (c->header_digest && !plain) {
        iscsi_crc32c_end(iscsi_crc32c(ISCSI_CRC_START, &tx->bhs, ISCSI_BHS_LEN), tx->header_digest);
        tx->head_len += 4;
    }
    if (c->data_digest && !plain && tx->data_len > 0)
        add_data_digest(tx);
}

static size_t wire_len(const struct iscsi_tx *tx)
{
    return (size_t)tx->head_len + tx->data_len + tx->tail_len;
}

/* What is left of `iov` behind `skip` bytes that have been sent. */
static void add(struct iovec *iov, unsigned *count, struct iovec piece, size_t *skip)
{
    size_t now = MIN(*skip, piece.iov_len);
    *skip -= now;
    if (piece.iov_len > now && *count < TCP_IOV)
        iov[(*count)++] = (struct iovec){(uint8_t *)piece.iov_base + now, piece.iov_len - now};
}

static void add_pdu(struct iovec *iov, unsigned *count, struct iscsi_tx *tx, size_t *skip)
{
    struct slices slices = slices_of(tx);
    struct iovec slice;
    add(iov, count, (struct iovec){&tx->bhs, tx->head_len}, skip);
    while (next_slice(&slices, &slice))
        add(iov, count, slice, skip);
    if (tx->tail_len > 0)
        add(iov, count, (struct iovec){tx->tail, tx->tail_len}, skip);
}

static unsigned gather(struct tcp_conn *t, struct iovec *iov)
{
    size_t skip = t->tx_done;
    unsigned count = 0;
    for (struct iscsi_tx *tx = t->conn.tx_head; tx && count < TCP_IOV; tx = tx->next) {
        if (!tx->sealed)
            seal(&t->conn, tx);
        add_pdu(iov, &count, tx, &skip);
    }
    return count;
}

static void sent(struct tcp_conn *t, size_t len)
{
    struct iscsi_conn *c = &t->conn;
    t->tx_done += len;
    while (!c->closed && c->tx_head && c->tx_head->sealed && t->tx_done >= wire_len(c->tx_head)) {
        t->tx_done -= wire_len(c->tx_head);
        iscsi_tx_pop(c);
    }
}

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

/* True: all of the queue's head that fitted into one call has left. */
static bool send_round(struct tcp_conn *t)
{
    struct msghdr msg = {.msg_iov = tcp_thread(t)->iov};
    size_t wanted = 0;
    msg.msg_iovlen = gather(t, msg.msg_iov);
    for (size_t i = 0; i < msg.msg_iovlen; i++)
        wanted += msg.msg_iov[i].iov_len;
    ssize_t len = sendmsg(t->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (len < 0 && errno != EAGAIN && errno != EINTR) {
        iscsi_conn_close(&t->conn, g_strerror(errno));
        return false;
    }
    if (len > 0)
        sent(t, (size_t)len);
    if (!t->conn.closed && len != (ssize_t)wanted)
        wait_for_room(t);
    return len == (ssize_t)wanted;
}

void tcp_flush(struct tcp_conn *t)
{
    struct iscsi_conn *c = &t->conn;
    for (unsigned i = 0; i < ROUNDS && c->tx_head && !c->closed && !t->out_armed; i++)
        if (!send_round(t))
            return;
    if (c->closed || t->out_armed)
        return;
    if (c->tx_head)
        tcp_datamover.send(c);
    else
        iscsi_tx_drained(c);
}
