/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is sent with one system call: headers, data from where it lies, digests.
 *
 * Data that may change while it is sent is copied first, so that its digest is that of the bytes
 * that leave. If not all of them do, the rest is copied again: of the PDU that was cut, only the
 * running digest is kept. Other data is read just before the kernel does, while it is in the cache.
 */
#include <string.h>

#include "../iscsi-common/crc32c.h"
#include "tcp.h"

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

/* Those behind `done` bytes of the data segment. */
static struct slices slices_of(const struct iscsi_tx *tx, size_t done)
{
    struct slices s = {tx->iov, tx->skip + done, tx->data_len - done};
    while (s.left > 0 && s.skip >= s.iov->iov_len)
        s.skip -= s.iov++->iov_len;
    return s;
}

static bool has_data_digest(const struct iscsi_conn *c, const struct iscsi_tx *tx)
{
    return c->data_digest && !(tx->flags & ISCSI_TX_PLAIN) && tx->data_len > 0;
}

/* Numbers, padding and header digest; the header does not change any more. */
static void seal(struct iscsi_conn *c, struct iscsi_tx *tx)
{
    iscsi_tx_seal(c, tx);
    tx->head_len = ISCSI_BHS_LEN;
    tx->tail_len = (uint8_t)(iscsi_pad(tx->data_len) + (has_data_digest(c, tx) ? 4 : 0));
    memset(tx->tail, 0, sizeof(tx->tail));
    if (c->header_digest && !(tx->flags & ISCSI_TX_PLAIN)) {
        iscsi_crc32c_end(iscsi_crc32c(ISCSI_CRC_START, &tx->bhs, ISCSI_BHS_LEN), tx->header_digest);
        tx->head_len += 4;
    }
}

static size_t wire_len(const struct iscsi_tx *tx)
{
    return (size_t)tx->head_len + tx->data_len + tx->tail_len;
}

/* How much of its data is among the first `done` bytes of a PDU. */
static size_t data_among(const struct iscsi_tx *tx, size_t done)
{
    return done > tx->head_len ? MIN(done - tx->head_len, tx->data_len) : 0;
}

/* False: there is no room. */
static bool add(struct tcp_batch *b, void *base, size_t len)
{
    if (len > 0 && b->count == TCP_IOV)
        return false;
    if (len > 0)
        b->iov[b->count++] = (struct iovec){base, len};
    b->len += len;
    return true;
}

/* As much of a piece as the batch takes, and that as it will leave. */
static struct iovec digest(struct tcp_conn *t, struct tcp_batch *b, const struct iscsi_tx *tx,
                           struct iovec piece)
{
    piece.iov_len = MIN(piece.iov_len, t->tx_room - b->digested);
    if (tx->flags & ISCSI_TX_LENT) {
        uint8_t *copy = tcp_thread(t)->bounce + b->digested;
        b->crc = iscsi_crc32c_copy(b->crc, copy, piece.iov_base, piece.iov_len);
        piece.iov_base = copy;
    } else {
        b->crc = iscsi_crc32c(b->crc, piece.iov_base, piece.iov_len);
    }
    b->digested += piece.iov_len;
    return piece;
}

/* The rest of the data, behind `done` bytes. False: not all of it is in the batch. */
static bool add_data(struct tcp_conn *t, struct tcp_batch *b, const struct iscsi_tx *tx,
                     size_t done)
{
    struct slices slices = slices_of(tx, done);
    bool digests = has_data_digest(&t->conn, tx);
    struct iovec slice;
    while (next_slice(&slices, &slice)) {
        if (b->count == TCP_IOV)
            return false;
        struct iovec piece = digests ? digest(t, b, tx, slice) : slice;
        add(b, piece.iov_base, piece.iov_len);
        if (piece.iov_len < slice.iov_len)
            return false;
    }
    return true;
}

static void end_digest(struct tcp_batch *b, struct iscsi_tx *tx)
{
    unsigned pad = iscsi_pad(tx->data_len);
    iscsi_crc32c_end(iscsi_crc32c(b->crc, tx->tail, pad), tx->tail + pad);
}

/* A PDU of which `done` bytes have left. A digest is made as often as some of its data is sent,
 * and stays as it is from then on. */
static bool add_pdu(struct tcp_conn *t, struct tcp_batch *b, struct iscsi_tx *tx, size_t done)
{
    size_t head = MIN(done, tx->head_len), data = data_among(tx, done), tail = done - head - data;
    b->crc = data > 0 ? t->tx_crc : ISCSI_CRC_START;
    if (!add(b, (uint8_t *)&tx->bhs + head, tx->head_len - head) || !add_data(t, b, tx, data))
        return false;
    if (data < tx->data_len && has_data_digest(&t->conn, tx))
        end_digest(b, tx);
    return add(b, tx->tail + tail, tx->tail_len - tail);
}

void tcp_batch_gather(struct tcp_conn *t, struct tcp_batch *b)
{
    size_t done = t->tx_done;
    for (struct iscsi_tx *tx = t->conn.tx_head; tx; tx = tx->next) {
        if (!tx->sealed)
            seal(&t->conn, tx);
        if (!add_pdu(t, b, tx, done))
            return;
        done = 0;
    }
}

/* Go on over `len` bytes of the batch behind `skip` bytes. */
static uint32_t crc_within(const struct tcp_batch *b, uint32_t crc, size_t skip, size_t len)
{
    for (const struct iovec *iov = b->iov; len > 0; iov++) {
        size_t before = MIN(skip, iov->iov_len), now = MIN(iov->iov_len - before, len);
        crc = iscsi_crc32c(crc, (const uint8_t *)iov->iov_base + before, now);
        skip -= before;
        len -= now;
    }
    return crc;
}

/* The running digest of the queue's head, of which `before` bytes had left before the batch of
 * which `len` bytes did. */
static uint32_t crc_of_sent(const struct tcp_conn *t, const struct tcp_batch *b, size_t before,
                            size_t len)
{
    const struct iscsi_tx *tx = t->conn.tx_head;
    size_t from = data_among(tx, before), now = data_among(tx, t->tx_done) - from;
    if (now == 0 || len == b->len)
        return now == 0 ? t->tx_crc : b->crc;
    return crc_within(b, from > 0 ? t->tx_crc : ISCSI_CRC_START, len - now, now);
}

/* More and more as long as all of it leaves. */
static void learn_room(struct tcp_conn *t, const struct tcp_batch *b, size_t len)
{
    size_t room = len == b->len ? 2 * t->tx_room : len;
    t->tx_room = CLAMP(room, TCP_DIGESTED_MIN, TCP_DIGESTED);
}

void tcp_batch_sent(struct tcp_conn *t, const struct tcp_batch *b, size_t len)
{
    struct iscsi_conn *c = &t->conn;
    size_t before = t->tx_done;
    learn_room(t, b, len);
    t->tx_done += len;
    while (!c->closed && c->tx_head && c->tx_head->sealed && t->tx_done >= wire_len(c->tx_head)) {
        t->tx_done -= wire_len(c->tx_head);
        before = 0;
        iscsi_tx_pop(c);
    }
    const struct iscsi_tx *tx = c->closed ? NULL : c->tx_head;
    if (tx && tx->sealed && has_data_digest(c, tx) && t->tx_done < tx->head_len + tx->data_len)
        t->tx_crc = crc_of_sent(t, b, before, len);
}
