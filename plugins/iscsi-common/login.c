/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The login phase: from the first byte to full feature phase (RFC 7143 6.3, 11.12). */
#include "login.h"
#include "redirect.h"

void iscsi_login_new(struct iscsi_conn *c)
{
    struct iscsi_login *login = c->login = g_new0(struct iscsi_login, 1);
    login->unknown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    login->negotiation.ours = &login->wanted.ours;
    login->negotiation.agreed = &c->agreed;
    login->negotiation.text = &login->text;
    iscsi_target_params_read(NULL, &login->wanted);
    login->wanted.auth = c->portal->auth;
}

/* The message of a waiter that is under way comes all the same and frees it. */
static void leave_queue(struct iscsi_conn *c, struct iscsi_waiter *waiter)
{
    if (!waiter || !iscsi_waiter_cancel(c->thread->engine, waiter))
        return;
    g_free(waiter);
    iscsi_conn_put(c);
}

void iscsi_login_free(struct iscsi_conn *c)
{
    struct iscsi_login *login = g_steal_pointer(&c->login);
    if (!login)
        return;
    leave_queue(c, login->waiter);
    iscsi_redirect_forget(login->redirect);
    iscsi_text_clear(&login->text);
    g_hash_table_unref(login->unknown);
    tgt_target_unref(login->target);
    g_free(login->initiator);
    g_free(login->target_name);
    g_free(login->session_type);
    g_free(login->alias);
    g_free(login->address);
    g_free(login->auth.user);
    g_free(login);
}

/* It is a Login Request: rx.c takes nothing else here. */
static void start_header(struct iscsi_conn *c, const uint8_t *ahs, size_t ahs_len)
{
    iscsi_login_new(c);
    c->login->first = c->rx.bhs.login_request;
    c->login->stage = c->rx.bhs.login_request.flags >> 2 & 3;
    c->cid = be16_get(c->rx.bhs.login_request.cid);
    c->login_cmdsn = be32_get(c->rx.bhs.login_request.cmdsn);
    c->statsn = be32_get(c->rx.bhs.login_request.exp_statsn);
    iscsi_rx_collect(c);
    iscsi_conn_enter(c, &iscsi_state_login);
}

static void start_pdu(struct iscsi_conn *c, bool data_ok)
{
}

static void login_header(struct iscsi_conn *c, const uint8_t *ahs, size_t ahs_len)
{
    if (iscsi_opcode(&c->rx.bhs) == ISCSI_OP_LOGIN_REQUEST)
        iscsi_rx_collect(c);
    else
        iscsi_login_fail(c, ISCSI_LOGIN_INVALID_DURING_LOGIN, "a PDU that is no Login Request");
}

static bool fits_in_one(const struct iscsi_text *text)
{
    return !iscsi_text_pending(text) || text->out->len - text->sent <= ISCSI_LOGIN_SEGMENT;
}

static void run_last(struct iscsi_conn *c)
{
    enum iscsi_login_status status = iscsi_login_check_agreed(c);
    if (status != ISCSI_LOGIN_SUCCESS)
        iscsi_login_fail(c, status, "no digest that is acceptable was agreed on");
    else
        iscsi_login_establish(c);
}

static void fail(struct iscsi_conn *c, enum iscsi_login_status status)
{
    const char *why = c->login->why;
    iscsi_login_fail(c, status, why ? why : iscsi_login_status_text(status));
}

/* On to the next stage if both want to. Nothing has been received since the request. */
void iscsi_login_go_on(struct iscsi_conn *c)
{
    uint8_t flags = c->rx.bhs.login_request.flags;
    bool transit = (flags & ISCSI_TRANSIT) && iscsi_auth_passed(c->login);
    if (c->login->outcome != ISCSI_LOGIN_SUCCESS)
        return fail(c, c->login->outcome);
    if (transit && (flags & 3) == ISCSI_FULL_FEATURE && fits_in_one(&c->login->text))
        run_last(c);
    else
        iscsi_login_answer(c, transit);
}

/* The text of the request is complete: judge it. Who is to go elsewhere is told so whatever else is
 * the matter: the rest, proof of identity above all, is for there. */
static void run_complete(struct iscsi_conn *c)
{
    bool transit = c->rx.bhs.login_request.flags & ISCSI_TRANSIT;
    enum iscsi_login_status status = iscsi_login_run_keys(c);
    if (status == ISCSI_LOGIN_SUCCESS)
        status = iscsi_auth_check_stage(c->login, transit);
    c->login->outcome = (uint16_t)status;
    if (!c->login->judged || !iscsi_redirect_begin(c))
        iscsi_login_go_on(c);
}

static void login_pdu(struct iscsi_conn *c, bool data_ok)
{
    struct iscsi_login *login = c->login;
    enum iscsi_login_status status = iscsi_login_check_header(c);
    if (status != ISCSI_LOGIN_SUCCESS)
        return fail(c, status);
    if (!iscsi_text_add(&login->text, c->rx.bytes->data, c->rx.bytes->len))
        return iscsi_login_fail(c, ISCSI_LOGIN_INITIATOR_ERROR, "too much text");
    if (c->rx.bhs.login_request.flags & ISCSI_CONTINUE)
        return iscsi_login_answer(c, false);
    run_complete(c);
}

const struct iscsi_state iscsi_state_start = {"start", NULL, start_header, start_pdu};
const struct iscsi_state iscsi_state_login = {"login", NULL, login_header, login_pdu};
