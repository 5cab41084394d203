/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* NOP-Out and NOP-In: pings of both sides, and news of the window (RFC 7143 11.18, 11.19). */
#include "full.h"
#include "session.h"

void iscsi_nop_begin(struct iscsi_conn *c, const uint8_t *ahs, size_t ahs_len)
{
    /* 11.18: without a tag it wants no answer and must not use a CmdSN. */
    if (iscsi_itt(&c->rx.bhs) == ISCSI_NO_TAG && !iscsi_is_immediate(&c->rx.bhs))
        iscsi_rx_refuse(c, ISCSI_REJECT_PROTOCOL_ERROR);
    else if (be24_get(c->rx.bhs.any.data_len) > 0)
        iscsi_rx_collect(c);
}

bool iscsi_nop_run(struct iscsi_conn *c)
{
    const GByteArray *data = c->rx.bytes;
    uint32_t itt = iscsi_itt(&c->rx.bhs);
    if (itt == ISCSI_NO_TAG)
        return true; /* the answer to our ping; rx.c has noted that the peer lives */
    struct iscsi_tx *tx = iscsi_reply_new(c, ISCSI_OP_NOP_IN, itt, data ? data->data : NULL,
                                          data ? MIN(data->len, c->segment_out) : 0);
    tx->bhs.any.ttt = be32(ISCSI_NO_TAG);
    iscsi_tx_queue(c, tx);
    return true;
}

static void send_nop_in(struct iscsi_conn *c, uint32_t ttt)
{
    struct iscsi_tx *tx = iscsi_tx_new(c, ISCSI_OP_NOP_IN, ISCSI_NO_TAG);
    tx->bhs.any.ttt = be32(ttt);
    iscsi_tx_queue(c, tx);
}

void iscsi_ping(struct iscsi_conn *c)
{
    c->pings++;
    if (c->tx_head)
        return; /* the peer does not even take what is queued */
    c->ping_ttt = c->ping_ttt == ISCSI_NO_TAG - 1 ? 0 : c->ping_ttt + 1;
    send_nop_in(c, c->ping_ttt);
}

void iscsi_window_notice(struct iscsi_conn *c)
{
    send_nop_in(c, ISCSI_NO_TAG);
}
