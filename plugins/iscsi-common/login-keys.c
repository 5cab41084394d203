/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys of a login: each once, judged, and answered (RFC 7143 6.2, 12, 13). */
#include <string.h>

#include "login.h"

/* Names are needed before the rest can be judged: which target, and what kind of session. */
static char **name_slot(struct iscsi_login *login, const struct iscsi_key *key)
{
    switch (iscsi_key_id(key)) {
    case ISCSI_KEY_InitiatorName:
        return &login->initiator;
    case ISCSI_KEY_TargetName:
        return &login->target_name;
    case ISCSI_KEY_SessionType:
        return &login->session_type;
    case ISCSI_KEY_InitiatorAlias:
        return &login->alias;
    default:
        return NULL;
    }
}

static bool is_name(const struct iscsi_key *key)
{
    enum iscsi_key_id id = iscsi_key_id(key);
    return id == ISCSI_KEY_InitiatorName || id == ISCSI_KEY_TargetName;
}

/* 6.3: no key may come twice in a login, known or not. */
static bool first_time(struct iscsi_login *login, const struct iscsi_key *key, const char *name)
{
    if (!key)
        return g_hash_table_add(login->unknown, g_strdup(name));
    uint64_t bit = 1ull << iscsi_key_id(key);
    bool first = !(login->negotiation.seen & bit);
    login->negotiation.seen |= bit;
    return first;
}

/* 6.1: binary values may be longer than others. */
static size_t longest(const struct iscsi_key *key)
{
    enum iscsi_key_id id = iscsi_key_id(key);
    return id == ISCSI_KEY_CHAP_C || id == ISCSI_KEY_CHAP_R ? ISCSI_BINARY_TEXT_MAX
                                                            : ISCSI_VALUE_MAX;
}

static enum iscsi_login_status note_pair(struct iscsi_login *login, const struct iscsi_pair *pair)
{
    const struct iscsi_key *key = iscsi_key_find(pair->key);
    char **slot = key ? name_slot(login, key) : NULL;
    if (++login->pairs > ISCSI_TEXT_PAIRS_MAX || !first_time(login, key, pair->key))
        return ISCSI_LOGIN_INITIATOR_ERROR;
    if (key && pair->value_len > longest(key))
        return ISCSI_LOGIN_INITIATOR_ERROR;
    if (slot)
        *slot = is_name(key) ? iscsi_name_fold(pair->value) : g_strdup(pair->value);
    return ISCSI_LOGIN_SUCCESS;
}

/* Collect the pairs of this request into `pairs`, which point into the text. */
static enum iscsi_login_status note_pairs(struct iscsi_login *login, GArray *pairs)
{
    char *at, *end;
    struct iscsi_pair pair;
    enum iscsi_walk walk;
    iscsi_text_bounds(&login->text, &at, &end);
    while ((walk = iscsi_text_next(&at, end, &pair)) == ISCSI_WALK_PAIR) {
        enum iscsi_login_status status = note_pair(login, &pair);
        if (status != ISCSI_LOGIN_SUCCESS)
            return status;
        g_array_append_val(pairs, pair);
    }
    return walk == ISCSI_WALK_END ? ISCSI_LOGIN_SUCCESS : ISCSI_LOGIN_INITIATOR_ERROR;
}

static enum iscsi_login_status run_pair(struct iscsi_login *login, const struct iscsi_pair *pair)
{
    const struct iscsi_key *key = iscsi_key_find(pair->key);
    if (!key) {
        iscsi_text_put(&login->text, pair->key, "NotUnderstood");
        return ISCSI_LOGIN_SUCCESS;
    }
    switch (key->kind) {
    case ISCSI_KIND_AUTH_METHOD:
        return iscsi_auth_method(login, pair->value);
    case ISCSI_KIND_AUTH:
        iscsi_auth_note(login, key, pair->value);
        return ISCSI_LOGIN_SUCCESS;
    case ISCSI_KIND_NAME:
        return ISCSI_LOGIN_SUCCESS;
    default:
        return iscsi_key_negotiate(&login->negotiation, key, pair->value)
                   ? ISCSI_LOGIN_SUCCESS
                   : ISCSI_LOGIN_INITIATOR_ERROR;
    }
}

/* 13.9: the tag belongs in the first answer. 13.12: declared when the operational stage begins. */
static void declare_ours(struct iscsi_conn *c, bool first)
{
    struct iscsi_login *login = c->login;
    if (first)
        iscsi_text_put_number(&login->text, "TargetPortalGroupTag", c->portal->tpgt);
    if (login->stage != ISCSI_OPERATIONAL || login->declared)
        return;
    login->declared = true;
    iscsi_text_put_number(&login->text, "MaxRecvDataSegmentLength",
                          login->wanted.ours.value[ISCSI_KEY_MaxRecvDataSegmentLength]);
}

static enum iscsi_login_status run_pairs(struct iscsi_conn *c, const GArray *pairs)
{
    for (guint i = 0; i < pairs->len; i++) {
        enum iscsi_login_status status =
            run_pair(c->login, &g_array_index(pairs, struct iscsi_pair, i));
        if (status != ISCSI_LOGIN_SUCCESS)
            return status;
    }
    return ISCSI_LOGIN_SUCCESS;
}

/* 6.2.1: a list that was not offered, or rejected, leaves its default in force; None is no digest
 * where the admin wants one. Other keys only make transfers smaller or slower: their defaults do.
 */
enum iscsi_login_status iscsi_login_check_agreed(const struct iscsi_conn *c)
{
    static const enum iscsi_key_id ids[] = {ISCSI_KEY_HeaderDigest, ISCSI_KEY_DataDigest};
    const struct iscsi_params *ours = &c->login->wanted.ours;
    for (unsigned i = 0; i < G_N_ELEMENTS(ids); i++)
        if (!(ours->value[ids[i]] & 1u << c->agreed.value[ids[i]]))
            return ISCSI_LOGIN_INITIATOR_ERROR;
    return ISCSI_LOGIN_SUCCESS;
}

enum iscsi_login_status iscsi_login_run_keys(struct iscsi_conn *c)
{
    struct iscsi_login *login = c->login;
    g_autoptr(GArray) pairs = g_array_new(FALSE, FALSE, sizeof(struct iscsi_pair));
    bool first = !login->judged, fetching = iscsi_text_pending(&login->text);
    enum iscsi_login_status status = note_pairs(login, pairs);
    if (status == ISCSI_LOGIN_SUCCESS && first)
        status = iscsi_login_judge_names(c);
    if (status != ISCSI_LOGIN_SUCCESS)
        return status;
    declare_ours(c, first);
    status = run_pairs(c, pairs);
    if (status == ISCSI_LOGIN_SUCCESS)
        status = iscsi_auth_run(c, fetching);
    g_byte_array_set_size(login->text.in, 0);
    return status;
}
