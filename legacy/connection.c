/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtadm --mode connection and --mode session. A session has one connection, number 0. */
#include "adm.h"
#include "error.h"

static const struct adm_reason reasons[] = {
    {CORE_ERROR_NOT_FOUND, "target", ADM_ERROR_NO_TARGET},
    {CORE_ERROR_NOT_FOUND, NULL, ADM_ERROR_NO_SESSION},
    {0},
};

static void print(struct adm *adm, const json_t *session)
{
    g_autofree char *address = adm_address(adm_text(session, "peer"));
    bool rdma = g_strcmp0(adm_text(session, "transport"), "iser") == 0;
    adm_say(adm,
            "Session: %lld\n    Connection: 0\n        Initiator: %s\n        %sIP Address: %s\n",
            adm_int(session, "sid"), adm_text(session, "initiator"), rdma ? "RDMA " : "", address);
}

static json_t *sessions_of_target(struct adm *adm, int *status)
{
    if (!adm->given['t']) {
        *status = adm_error(adm, ADM_ERROR_NO_TARGET);
        return NULL;
    }
    return adm_get(adm, "session.list", adm_target_params(adm), reasons, status);
}

/* The newest first. */
int adm_connection_show(struct adm *adm)
{
    int status = LEGACY_OK;
    json_t *list = sessions_of_target(adm, &status);
    for (size_t i = json_array_size(list); i > 0; i--)
        print(adm, json_array_get(list, i - 1));
    json_decref(list);
    return status;
}

/* What tgt's manual promises and its daemon refuses. */
int adm_session_show(struct adm *adm)
{
    return adm_connection_show(adm);
}

static bool has_session(const json_t *list, uint64_t sid)
{
    size_t i;
    json_t *session;
    json_array_foreach(list, i, session)
        if ((uint64_t)adm_int(session, "sid") == sid)
            return true;
    return false;
}

/* Is the session named by the command there? Else that is said, or why it cannot be known. */
static bool is_there(struct adm *adm, int *status)
{
    json_t *list = sessions_of_target(adm, status);
    bool found = has_session(list, adm->sid);
    json_decref(list);
    if (*status == LEGACY_OK && !found)
        *status = adm_error(adm, ADM_ERROR_NO_SESSION);
    else if (*status == LEGACY_OK && adm->cid != 0)
        *status = adm_error(adm, ADM_ERROR_NO_CONNECTION);
    return *status == LEGACY_OK;
}

/* One that a store keeps busy goes when that ends: for callers, it is as good as gone. */
int adm_connection_delete(struct adm *adm)
{
    int status = LEGACY_OK;
    struct rpc_error error = {0};
    if (!is_there(adm, &status))
        return status;
    json_t *done =
        adm_try(adm, "session.kill", json_pack("{s:I}", "sid", (json_int_t)adm->sid), &error);
    if (!done && error.code != CORE_ERROR_BUSY)
        status = adm_explain(adm, &error, reasons);
    json_decref(done);
    rpc_error_clear(&error);
    return status;
}
