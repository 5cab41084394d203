/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logout: answered when everything of the session has ended (RFC 7143 11.14, 11.15). */
#include "full.h"
#include "session.h"

enum { CLOSE_SESSION = 0, CLOSE_CONNECTION = 1, FOR_RECOVERY = 2 };
enum { SUCCESS = 0, CID_NOT_FOUND = 1, NO_RECOVERY = 2 };

static struct iscsi_tx *make_answer(struct iscsi_conn *c, uint8_t response)
{
    struct iscsi_tx *tx =
        iscsi_reply_new(c, ISCSI_OP_LOGOUT_RESPONSE, iscsi_itt(&c->rx.bhs), NULL, 0);
    const uint32_t *value = c->agreed.value;
    tx->bhs.logout_response.response = response;
    tx->bhs.logout_response.time2wait = be16((uint16_t)value[ISCSI_KEY_DefaultTime2Wait]);
    tx->bhs.logout_response.time2retain = be16((uint16_t)value[ISCSI_KEY_DefaultTime2Retain]);
    return tx;
}

bool iscsi_logout_run(struct iscsi_conn *c)
{
    const struct iscsi_logout_request *request = &c->rx.bhs.logout_request;
    uint8_t reason = request->reason & 0x7f;
    if (reason > FOR_RECOVERY) {
        iscsi_reject(c, ISCSI_REJECT_PROTOCOL_ERROR, &c->rx.bhs);
        return false;
    }
    if (reason == FOR_RECOVERY)
        iscsi_tx_queue(c, make_answer(c, NO_RECOVERY));
    else if (reason == CLOSE_CONNECTION && be16_get(request->cid) != c->cid)
        iscsi_tx_queue(c, make_answer(c, CID_NOT_FOUND));
    else {
        c->logout_answer = make_answer(c, SUCCESS);
        iscsi_session_end(c, "logout");
    }
    return true;
}
