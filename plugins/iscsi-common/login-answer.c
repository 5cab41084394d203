/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Login Responses (RFC 7143 11.13). */
#include <string.h>

#include "login.h"

/* Failures to authenticate that are warned of within some time. */
#define ISCSI_WARNINGS_MAX 10u
#define ISCSI_WARNINGS_NS  (10ull * 1000000000)

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

/* Admins want to know of them, but a peer may not fill the log. */
static bool may_warn(struct iscsi_conn *c, unsigned *withheld)
{
    struct iscsi_engine *engine = c->thread->engine;
    struct iscsi_warnings *w = &engine->warnings;
    uint64_t now = iscsi_now(c);
    pthread_mutex_lock(&engine->lock);
    if (w->count == 0 || now - w->since >= ISCSI_WARNINGS_NS) {
        *withheld = w->withheld;
        *w = (struct iscsi_warnings){.since = now};
    }
    bool may = ++w->count <= ISCSI_WARNINGS_MAX;
    w->withheld += !may;
    pthread_mutex_unlock(&engine->lock);
    return may;
}

static enum tgt_log_level level_of(struct iscsi_conn *c, enum iscsi_login_status status)
{
    unsigned withheld = 0;
    bool matters = status == ISCSI_LOGIN_AUTH_FAILED || status == ISCSI_LOGIN_TARGET_ERROR;
    if (!matters || !may_warn(c, &withheld))
        return TGT_LOG_INFO;
    if (withheld)
        tgt_log(TGT_LOG_WARNING, "iscsi: %u more logins were refused like that", withheld);
    return TGT_LOG_WARNING;
}

static const char *or_unknown(const char *text)
{
    return text ? text : "?";
}

static void log_refusal(struct iscsi_conn *c, enum iscsi_login_status status, const char *why)
{
    const struct iscsi_login *login = c->login;
    const char *user = login->auth.user;
    const char *target = login->negotiation.discovery ? "discovery" : login->target_name;
    tgt_log(level_of(c, status), "iscsi: %s: login of %s%s%s%s to %s refused (%04x): %s",
            c->peer_port, or_unknown(login->initiator), user ? " as '" : "", user ? user : "",
            user ? "'" : "", or_unknown(target), status, why);
}

static void end(struct iscsi_conn *c, enum iscsi_login_status status, const void *data, size_t len)
{
    struct iscsi_tx *tx = new_response(c, (uint8_t)(c->login->stage << 2), data, len);
    tx->bhs.login_response.status = be16((uint16_t)status);
    iscsi_tx_queue(c, tx);
    iscsi_conn_finish(c, iscsi_login_status_text(status));
}

void iscsi_login_fail(struct iscsi_conn *c, enum iscsi_login_status status, const char *why)
{
    log_refusal(c, status, why);
    end(c, status, NULL, 0);
}

/* 13.8: without the tag of a portal group. */
void iscsi_login_redirect(struct iscsi_conn *c, const char *address, bool permanent)
{
    g_autofree char *pair = g_strdup_printf("TargetAddress=%s", address);
    tgt_log(TGT_LOG_INFO, "iscsi: %s: login of %s to %s is sent to %s", c->peer_port,
            c->login->initiator, c->login->target_name, address);
    end(c, permanent ? ISCSI_LOGIN_MOVED_FOR_EVER : ISCSI_LOGIN_MOVED, pair, strlen(pair) + 1);
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
