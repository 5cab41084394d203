/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reject: tells the initiator which PDU was not taken, and why (RFC 7143 11.17). */
#include "conn.h"

static const char *reason_name(enum iscsi_reject reason)
{
    switch (reason) {
#define X(name, value)                                                                             \
    case ISCSI_REJECT_##name:                                                                      \
        return #name;
        ISCSI_REJECT_LIST(X)
#undef X
    }
    return "?";
}

void iscsi_reject(struct iscsi_conn *c, enum iscsi_reject reason, const union iscsi_bhs *bhs)
{
    tgt_log(TGT_LOG_DEBUG, "iscsi: %s: PDU with opcode 0x%02x rejected: %s", c->peer_port,
            iscsi_opcode(bhs), reason_name(reason));
    struct iscsi_tx *tx = iscsi_reply_new(c, ISCSI_OP_REJECT, ISCSI_NO_TAG, bhs, ISCSI_BHS_LEN);
    tx->bhs.answer.response = (uint8_t)reason;
    iscsi_tx_queue(c, tx);
}
