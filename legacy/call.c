/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of the control socket, and their failures in tgt's words. */
#include <stdarg.h>
#include <string.h>

#include "adm.h"
#include "session.h"

void adm_say(struct adm *adm, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_string_append_vprintf(adm->out, format, args);
    va_end(args);
}

int adm_refuse(struct adm *adm, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_string_append(adm->err, "tgtadm: ");
    g_string_append_vprintf(adm->err, format, args);
    g_string_append_c(adm->err, '\n');
    va_end(args);
    return LEGACY_REFUSED;
}

int adm_error(struct adm *adm, enum adm_error error)
{
    static const char *const texts[] = {"",
#define X(name, text) text,
                                        ADM_ERROR_LIST(X)
#undef X
    };
    adm->error = error;
    return adm_refuse(adm, "%s", texts[error]);
}

static int unreachable(struct adm *adm, const struct rpc_error *error)
{
    if (error->code == RPC_LATE)
        adm_refuse(adm, "%s", error->message);
    else
        adm_refuse(adm, "failed to send request hdr to tgt daemon, Transport endpoint is not "
                        "connected");
    return LEGACY_UNREACHABLE;
}

int adm_explain(struct adm *adm, const struct rpc_error *error, const struct adm_reason *r)
{
    if (error->code == RPC_UNREACHABLE || error->code == RPC_LATE)
        return unreachable(adm, error);
    for (; r && r->code; r++)
        if (r->code == error->code && (!r->object || strcmp(r->object, error->object) == 0))
            return adm_error(adm, r->error);
    return adm_error(adm, ADM_ERROR_INVALID);
}

int adm_connect(struct adm *adm)
{
    struct legacy *legacy = adm->legacy;
    struct rpc_error error = {0};
    int status = LEGACY_OK;
    if (legacy->rpc || legacy->rehearsal)
        return status;
    g_autofree char *path = rpc_path(NULL, adm->port);
    legacy->rpc = rpc_open(path, 0, &error);
    if (legacy->rpc)
        rpc_set_quiet(legacy->rpc);
    else
        status = unreachable(adm, &error);
    rpc_error_clear(&error);
    return status;
}

json_t *adm_try(struct adm *adm, const char *method, json_t *params, struct rpc_error *error)
{
    if (adm->legacy->rehearsal)
        return rehearsal_answer(adm->legacy->rehearsal, method, params);
    return rpc_call(adm->legacy->rpc, method, params, error);
}

json_t *adm_get(struct adm *adm, const char *method, json_t *params,
                const struct adm_reason *reasons, int *status)
{
    struct rpc_error error = {0};
    json_t *result = adm_try(adm, method, params, &error);
    if (!result)
        *status = adm_explain(adm, &error, reasons);
    rpc_error_clear(&error);
    return result;
}

int adm_do(struct adm *adm, const char *method, json_t *params, const struct adm_reason *reasons)
{
    int status = LEGACY_OK;
    json_decref(adm_get(adm, method, params, reasons, &status));
    return status;
}

json_t *adm_target_params(const struct adm *adm)
{
    g_autofree char *target = g_strdup_printf("@%u", adm->tid);
    return json_pack("{s:s}", "target", target);
}

const char *adm_text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

long long adm_int(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

bool adm_bool(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}
