/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Login Responses (RFC 7143 11.13). */
#include <string.h>

#include "login.h"

const char *iscsi_login_status_text(enum iscsi_login_status status)
{
    switch (status) {
#define X(name, value, text)                                                                       \
    case ISCSI_LOGIN_##name:                                                                       \
        return text;
        ISCSI_LOGIN_STATUS_LIST(X)
#undef X
    }
    return "?";
}

/* Version 0 of the protocol stands in the header as zeros. */
static struct iscsi_tx *new_response(struct iscsi_conn *c, uint8_t flags, const void *data,
                                     size_t len)
{
    const struct iscsi_login *login = c->login;
    struct iscsi_tx *tx = iscsi_reply_new(c, ISCSI_OP_LOGIN_RESPONSE, 0, data, len);
    struct iscsi_login_response *pdu = &tx->bhs.login_response;
    tx->flags |= ISCSI_TX_PLAIN;
    pdu->flags = flags;
    memcpy(pdu->isid, login->first.isid, sizeof(pdu->isid));
    pdu->tsih = login->first.tsih;
    pdu->itt = login->first.itt;
    return tx;
}

void iscsi_login_fail(struct iscsi_conn *c, enum iscsi_login_status status, const char *why)
{
    const struct iscsi_login *login = c->login;
    tgt_log(TGT_LOG_INFO, "iscsi: %s: login of %s to %s refused (%04x): %s", c->peer_port,
            login->initiator ? login->initiator : "?",
            login->target_name ? login->target_name : "?", status, why);
    struct iscsi_tx *tx = new_response(c, (uint8_t)(login->stage << 2), NULL, 0);
    tx->bhs.login_response.status = be16((uint16_t)status);
    iscsi_tx_queue(c, tx);
    iscsi_conn_finish(c, "the login was refused");
}

void iscsi_login_answer(struct iscsi_conn *c, bool transit)
{
    struct iscsi_login *login = c->login;
    uint8_t next = c->rx.bhs.login_request.flags & 3, flags = (uint8_t)(login->stage << 2);
    size_t len;
    const uint8_t *piece = iscsi_text_take(&login->text, ISCSI_LOGIN_SEGMENT, &len);
    if (iscsi_text_pending(&login->text)) {
        flags |= ISCSI_CONTINUE;
    } else if (transit) {
        flags |= ISCSI_TRANSIT | next;
        login->stage = next;
    }
    iscsi_tx_queue(c, new_response(c, flags, piece, len));
}

void iscsi_login_answer_final(struct iscsi_conn *c, uint16_t tsih)
{
    struct iscsi_login *login = c->login;
    uint8_t flags = (uint8_t)(ISCSI_TRANSIT | login->stage << 2 | ISCSI_FULL_FEATURE);
    size_t len;
    const uint8_t *piece = iscsi_text_take(&login->text, ISCSI_LOGIN_SEGMENT, &len);
    struct iscsi_tx *tx = new_response(c, flags, piece, len);
    tx->bhs.login_response.tsih = be16(tsih);
    iscsi_tx_queue(c, tx);
}
