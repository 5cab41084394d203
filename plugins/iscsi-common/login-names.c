/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who logs in to what: names, the kind of session, the target and access to it (RFC
 * 7143 6.3, 6.3.1). */
#include <string.h>

#include "login.h"

/* Through other portals the target might be found. */
static enum iscsi_login_status in_group(const struct iscsi_conn *c, struct tgt_target **target)
{
    if (tgt_target_in_group(*target, c->portal->tpgt))
        return ISCSI_LOGIN_SUCCESS;
    tgt_target_unref(*target);
    *target = NULL;
    return ISCSI_LOGIN_NOT_FOUND;
}

enum iscsi_login_status iscsi_login_find_target(const struct iscsi_conn *c,
                                                struct tgt_target **target)
{
    struct tgt_access access = {c->login->initiator, c->peer};
    switch (tgt_target_find(c->login->target_name, &access, target)) {
    case TGT_FIND_OK:
        return in_group(c, target);
    case TGT_FIND_NONE:
        return ISCSI_LOGIN_NOT_FOUND;
    case TGT_FIND_OFFLINE:
        return ISCSI_LOGIN_UNAVAILABLE;
    default:
        return ISCSI_LOGIN_FORBIDDEN;
    }
}

static enum iscsi_login_status find_target(struct iscsi_conn *c)
{
    struct iscsi_login *login = c->login;
    enum iscsi_login_status status = iscsi_login_find_target(c, &login->target);
    if (status == ISCSI_LOGIN_SUCCESS)
        iscsi_target_params_read(login->target, &login->wanted);
    return status;
}

/* What is listed while the daemon takes no logins may be half of what there is. */
static enum iscsi_login_status judge_discovery(const struct iscsi_conn *c)
{
    struct tgt_access access = {c->login->initiator, c->peer};
    struct tgt_target *none;
    bool offline = tgt_target_find(NULL, &access, &none) == TGT_FIND_OFFLINE;
    return offline ? ISCSI_LOGIN_UNAVAILABLE : ISCSI_LOGIN_SUCCESS;
}

static enum iscsi_login_status judge_target(struct iscsi_conn *c)
{
    struct iscsi_login *login = c->login;
    if (login->negotiation.discovery)
        return judge_discovery(c);
    if (!login->target_name)
        return ISCSI_LOGIN_MISSING_PARAMETER;
    if (strlen(login->target_name) > ISCSI_NAME_MAX)
        return ISCSI_LOGIN_INITIATOR_ERROR;
    return find_target(c);
}

/* Sessions have one connection (MaxConnections=1): there is none to be added, and the one there is
 * not to be replaced alone. */
static enum iscsi_login_status judge_tsih(const struct iscsi_conn *c)
{
    uint16_t tsih = be16_get(c->login->first.tsih);
    struct iscsi_session_key key;
    if (tsih == 0)
        return ISCSI_LOGIN_SUCCESS;
    iscsi_login_session_key(c, &key);
    return iscsi_session_exists(c->thread->engine, &key, tsih) ? ISCSI_LOGIN_TOO_MANY_CONNECTIONS
                                                               : ISCSI_LOGIN_NO_SESSION;
}

static enum iscsi_login_status judge_kind(struct iscsi_login *login)
{
    const char *kind = login->session_type;
    login->negotiation.discovery = kind && strcmp(kind, "Discovery") == 0;
    if (kind && !login->negotiation.discovery && strcmp(kind, "Normal") != 0)
        return ISCSI_LOGIN_SESSION_TYPE;
    return ISCSI_LOGIN_SUCCESS;
}

static enum iscsi_login_status judge_initiator(const struct iscsi_login *login)
{
    if (!login->initiator)
        return ISCSI_LOGIN_MISSING_PARAMETER;
    return iscsi_name_valid(login->initiator) ? ISCSI_LOGIN_SUCCESS : ISCSI_LOGIN_INITIATOR_ERROR;
}

enum iscsi_login_status iscsi_login_judge_names(struct iscsi_conn *c)
{
    enum iscsi_login_status status = judge_initiator(c->login);
    if (status == ISCSI_LOGIN_SUCCESS)
        status = judge_kind(c->login);
    if (status == ISCSI_LOGIN_SUCCESS)
        status = judge_target(c);
    if (status == ISCSI_LOGIN_SUCCESS)
        status = judge_tsih(c);
    c->login->judged = status == ISCSI_LOGIN_SUCCESS;
    c->login->auth.required = tgt_auth_required(c->login->target);
    return status;
}
