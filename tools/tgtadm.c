/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program tgtadm: tgt's commands, outputs, errors and exit statuses on top of the control
 * socket. */
#include <stdio.h>
#include <string.h>

#include "adm.h"
#include "output.h"

int adm_error(enum adm_error error)
{
    static const char *const texts[] = {
#define X(name, text) text,
        ADM_ERROR_LIST(X)
#undef X
    };
    return adm_refuse("%s", texts[error]);
}

static int unreachable(const struct rpc_error *error)
{
    if (error->code == RPC_LATE)
        adm_refuse("%s", error->message);
    else
        adm_refuse("failed to send request hdr to tgt daemon, Transport endpoint is not connected");
    return ADM_UNREACHABLE;
}

static int say(const struct rpc_error *error, const struct adm_reason *r)
{
    if (error->code == RPC_UNREACHABLE || error->code == RPC_LATE)
        return unreachable(error);
    for (; r && r->code; r++)
        if (r->code == error->code && (!r->object || strcmp(r->object, error->object) == 0))
            return adm_error(r->error);
    return adm_error(ADM_ERROR_INVALID);
}

json_t *adm_get(struct adm *adm, const char *method, json_t *params,
                const struct adm_reason *reasons, int *status)
{
    struct rpc_error error = {0};
    json_t *result = rpc_call(adm->rpc, method, params, &error);
    if (!result)
        *status = say(&error, reasons);
    rpc_error_clear(&error);
    return result;
}

int adm_do(struct adm *adm, const char *method, json_t *params, const struct adm_reason *reasons)
{
    int status = ADM_OK;
    json_decref(adm_get(adm, method, params, reasons, &status));
    return status;
}

json_t *adm_target_params(const struct adm *adm)
{
    g_autofree char *target = g_strdup_printf("@%u", adm->tid);
    return json_pack("{s:s}", "target", target);
}

/* A target is reachable over every transport; the driver must exist all the same. */
static int check_driver(struct adm *adm)
{
    int status = ADM_OK;
    bool found = false;
    size_t i;
    json_t *plugin, *list = adm_get(adm, "plugin.list", NULL, NULL, &status);
    json_array_foreach(list, i, plugin)
        found |= g_strcmp0(adm_text(plugin, "kind"), "transport") == 0 &&
                 g_strcmp0(adm_text(plugin, "name"), adm->lld) == 0;
    json_decref(list);
    return status != ADM_OK || found ? status : adm_error(ADM_ERROR_NO_DRIVER);
}

static int (*operation(const struct adm *adm))(struct adm *)
{
    static int (*const targets[])(struct adm *) = {
        [ADM_OP_NEW] = adm_target_new,   [ADM_OP_DELETE] = adm_target_delete,
        [ADM_OP_BIND] = adm_target_bind, [ADM_OP_UNBIND] = adm_target_unbind,
        [ADM_OP_SHOW] = adm_target_show,
    };
    static int (*const luns[])(struct adm *) = {
        [ADM_OP_NEW] = adm_lun_new,
        [ADM_OP_DELETE] = adm_lun_delete,
        [ADM_OP_SHOW] = adm_lun_show,
        [ADM_OP_UPDATE] = adm_lun_update,
    };
    if (adm->mode == ADM_SYSTEM)
        return adm_system_show;
    return adm->mode == ADM_TARGET ? targets[adm->op] : luns[adm->op];
}

static int run(struct adm *adm)
{
    struct rpc_error error = {0};
    g_autofree char *path = rpc_path(NULL, adm->port);
    adm->rpc = rpc_open(path, 0, &error);
    int status = adm->rpc ? check_driver(adm) : unreachable(&error);
    rpc_error_clear(&error);
    if (status == ADM_OK)
        status = operation(adm)(adm);
    rpc_close(adm->rpc);
    return status;
}

int main(int argc, char **argv)
{
    struct adm adm = {0};
    int status = adm_parse(&adm, argc, argv);
    if (status < 0)
        status = adm_check(&adm);
    if (status < 0)
        status = run(&adm);
    return output_written("tgtadm") || status != ADM_OK ? status : ADM_REFUSED;
}
