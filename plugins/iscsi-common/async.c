/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asynchronous messages: what the target wants of the initiator without having been asked (RFC
 * 7143 11.9). */
#include "session.h"

void iscsi_async_send(struct iscsi_conn *c, enum iscsi_async_event event, uint16_t p1, uint16_t p2,
                      uint16_t p3)
{
    struct iscsi_tx *tx = iscsi_reply_new(c, ISCSI_OP_ASYNC, ISCSI_NO_TAG, NULL, 0);
    tx->bhs.async.event = (uint8_t)event;
    tx->bhs.async.parameter1 = be16(p1);
    tx->bhs.async.parameter2 = be16(p2);
    tx->bhs.async.parameter3 = be16(p3);
    iscsi_tx_queue(c, tx);
}
