/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of a login: its session takes its place in the table, and full feature phase begins. */
#include <string.h>

#include "login.h"

void iscsi_login_session_key(const struct iscsi_conn *c, struct iscsi_session_key *key)
{
    struct iscsi_login *login = c->login;
    if (login->negotiation.discovery && !login->address)
        login->address = g_strdup_printf("%s:%u", c->local, c->local_port);
    key->initiator = login->initiator;
    key->target = login->negotiation.discovery ? login->address : login->target_name;
    key->tpgt = c->portal->tpgt;
    memcpy(key->isid, login->first.isid, sizeof(key->isid));
}

static void older_is_gone(struct tgt_msg *msg)
{
    struct iscsi_waiter *waiter = (struct iscsi_waiter *)msg;
    struct iscsi_conn *c = waiter->conn;
    g_free(waiter);
    if (c->login && !c->closed && !c->finishing) {
        c->login->waiter = NULL;
        iscsi_login_establish(c);
    }
    iscsi_conn_put(c);
}

static enum iscsi_claim claim(struct iscsi_conn *c, struct iscsi_session **session)
{
    struct iscsi_login *login = c->login;
    struct iscsi_waiter *waiter = g_new0(struct iscsi_waiter, 1);
    struct iscsi_session_key key;
    waiter->msg.fn = older_is_gone;
    waiter->conn = c;
    iscsi_login_session_key(c, &key);
    iscsi_conn_hold(c); /* for the waiter */
    enum iscsi_claim claimed = iscsi_session_claim(c->thread->engine, &key, c, waiter, session);
    if (claimed == ISCSI_CLAIM_WAIT) {
        login->waiter = waiter;
        login->evicted = true;
        return claimed;
    }
    g_free(waiter);
    iscsi_conn_put(c);
    return claimed;
}

static char *isid_text(const struct iscsi_login *login)
{
    return g_strdup_printf("0x%012" G_GINT64_MODIFIER "x", be_get(login->first.isid, 6));
}

/* Behind the values of the other keys. */
static const char *describe_auth(const struct iscsi_auth *auth)
{
    switch (auth->step == ISCSI_AUTH_DONE ? auth->algorithm : ISCSI_CHAP_NONE) {
#define X(name, number, text, hash)                                                                \
    case ISCSI_CHAP_##name:                                                                        \
        return " AuthMethod=CHAP CHAP_A=" text;
        ISCSI_CHAP_ALGORITHM_LIST(X)
#undef X
    default:
        return " AuthMethod=None";
    }
}

/* SAM-5 names of the ports (RFC 7143 4.4.1): the session is the initiator port, the portal group
 * the target port. */
static bool open_nexus(struct iscsi_conn *c, struct iscsi_session *s)
{
    const struct iscsi_login *login = c->login;
    uint16_t tpgt = c->portal->tpgt;
    g_autofree char *isid = isid_text(login);
    g_autofree char *initiator_port = g_strdup_printf("%s,i,%s", login->initiator, isid);
    g_autofree char *target_port = g_strdup_printf("%s,t,0x%04x", login->target_name, tpgt);
    g_autofree char *session = g_strdup_printf("%s %u", isid, s->tsih);
    g_autofree char *agreed = iscsi_params_describe(&c->agreed);
    g_autofree char *detail = g_strconcat(agreed, describe_auth(&login->auth), NULL);
    struct tgt_nexus_args args = {
        .struct_size = sizeof(args),
        .target = login->target,
        .thread = c->thread->thread,
        .initiator = login->initiator,
        .initiator_port = initiator_port,
        .target_port = target_port,
        .relative_port = tpgt ? tpgt : 1,
        .tpgt = tpgt,
        .protocol = TGT_PROTOCOL_ISCSI,
        .alias = login->alias,
        .peer = c->peer_port,
        .session = session,
        .detail = detail,
        .priv = s,
        .lost_before = login->evicted,
    };
    s->nexus = tgt_nexus_open(&args, NULL);
    return s->nexus != NULL;
}

static void adopt(struct iscsi_conn *c, struct iscsi_session *s)
{
    const struct iscsi_login *login = c->login;
    s->discovery = login->negotiation.discovery;
    s->window = login->wanted.window;
    s->nop_interval =
        login->wanted.nop_interval ? login->wanted.nop_interval : c->portal->nop_interval;
    s->nop_count = login->wanted.nop_count ? login->wanted.nop_count : c->portal->nop_count;
    s->exp_cmdsn = s->max_cmdsn = c->login_cmdsn;
    c->segment_out = c->agreed.value[ISCSI_KEY_MaxRecvDataSegmentLength];
    if (login->declared)
        c->segment_in = login->wanted.ours.value[ISCSI_KEY_MaxRecvDataSegmentLength];
    c->header_digest = c->agreed.value[ISCSI_KEY_HeaderDigest] == ISCSI_DIGEST_CRC32C;
    c->data_digest = c->agreed.value[ISCSI_KEY_DataDigest] == ISCSI_DIGEST_CRC32C;
    c->session = s;
}

static void begin_full_feature(struct iscsi_conn *c)
{
    tgt_log(TGT_LOG_INFO, "iscsi: %s: %s logged in to %s", c->peer_port, c->login->initiator,
            c->session->discovery ? "discovery" : c->login->target_name);
    iscsi_login_answer_final(c, c->session->tsih);
    iscsi_login_free(c);
    iscsi_conn_logged_in(c);
    iscsi_timer_clear(c, ISCSI_TIMER_LOGIN);
    if (c->session->discovery)
        iscsi_timer_set(c, ISCSI_TIMER_NOP, c->portal->stall_timeout);
    else if (c->session->nop_interval)
        iscsi_timer_set(c, ISCSI_TIMER_NOP, c->session->nop_interval);
    iscsi_conn_enter(c, &iscsi_state_full);
    iscsi_conn_unpause(c, ISCSI_PAUSE_LOGIN);
}

/* Has something changed since the target was found, or are there too many sessions? */
static enum iscsi_login_status why_refused(const struct iscsi_conn *c)
{
    struct tgt_target *target = NULL;
    enum iscsi_login_status status = iscsi_login_find_target(c, &target);
    tgt_target_unref(target);
    return status == ISCSI_LOGIN_SUCCESS ? ISCSI_LOGIN_OUT_OF_RESOURCES : status;
}

void iscsi_login_establish(struct iscsi_conn *c)
{
    struct iscsi_session *s = NULL;
    if (!iscsi_auth_still_passed(c->login))
        return iscsi_login_fail(c, ISCSI_LOGIN_AUTH_FAILED,
                                "authentication has come to be asked for during the login");
    switch (claim(c, &s)) {
    case ISCSI_CLAIM_WAIT:
        iscsi_conn_pause(c, ISCSI_PAUSE_LOGIN);
        return;
    case ISCSI_CLAIM_LATE:
        return iscsi_conn_close(c, "replaced by a newer login of the same initiator port");
    case ISCSI_CLAIM_FULL:
        return iscsi_login_fail(c, ISCSI_LOGIN_OUT_OF_RESOURCES, "no session handle is left");
    case ISCSI_CLAIM_NEW:
        break;
    }
    if (!c->login->negotiation.discovery && !open_nexus(c, s)) {
        iscsi_session_release(s);
        return iscsi_login_fail(c, why_refused(c), "the target takes this session no more");
    }
    adopt(c, s);
    begin_full_feature(c);
}
