/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One command from its words to its end. */
#include <string.h>

#include "adm.h"
#include "session.h"

struct legacy *legacy_new(struct rpc *rpc)
{
    struct legacy *legacy = g_new0(struct legacy, 1);
    legacy->rpc = rpc;
    if (rpc)
        rpc_set_quiet(rpc);
    return legacy;
}

void legacy_free(struct legacy *legacy)
{
    if (!legacy)
        return;
    rpc_close(legacy->rpc);
    g_free(legacy->driver);
    g_free(legacy);
}

bool adm_is_usable(const json_t *plugin)
{
    static const char *const states[] = {"available", "idle", "active", NULL};
    const char *state = adm_text(plugin, "state");
    return state && g_strv_contains(states, state);
}

/* A target is reachable over every transport; the driver must exist all the same. */
static int check_driver(struct adm *adm)
{
    struct legacy *legacy = adm->legacy;
    int status = LEGACY_OK;
    size_t i;
    if (g_strcmp0(legacy->driver, adm->lld) == 0)
        return LEGACY_OK;
    g_clear_pointer(&legacy->driver, g_free);
    json_t *plugin, *list = adm_get(adm, "plugin.list", NULL, NULL, &status);
    json_array_foreach(list, i, plugin)
        if (g_strcmp0(adm_text(plugin, "kind"), "transport") == 0 && adm_is_usable(plugin) &&
            g_strcmp0(adm_text(plugin, "name"), adm->lld) == 0)
            legacy->driver = g_strdup(adm->lld);
    json_decref(list);
    return status != LEGACY_OK || legacy->driver ? status : adm_error(adm, ADM_ERROR_NO_DRIVER);
}

typedef int (*operation)(struct adm *adm);

/* NULL: not known to the mode. */
static operation find(const struct adm *adm)
{
    static const operation table[ADM_MODES][ADM_OPS] = {
        [ADM_SYSTEM] = {[ADM_OP_SHOW] = adm_system_show,
                        [ADM_OP_UPDATE] = adm_system_update,
                        [ADM_OP_STAT] = adm_system_stat,
                        [ADM_OP_DELETE] = adm_system_delete},
        [ADM_TARGET] = {[ADM_OP_NEW] = adm_target_new,
                        [ADM_OP_DELETE] = adm_target_delete,
                        [ADM_OP_SHOW] = adm_target_show,
                        [ADM_OP_BIND] = adm_target_bind,
                        [ADM_OP_UNBIND] = adm_target_unbind,
                        [ADM_OP_UPDATE] = adm_target_update,
                        [ADM_OP_STAT] = adm_target_stat},
        [ADM_LUN] = {[ADM_OP_NEW] = adm_lun_new,
                     [ADM_OP_DELETE] = adm_lun_delete,
                     [ADM_OP_SHOW] = adm_lun_show,
                     [ADM_OP_UPDATE] = adm_lun_update,
                     [ADM_OP_STAT] = adm_lun_stat},
        [ADM_PORTAL] = {[ADM_OP_NEW] = adm_portal_new,
                        [ADM_OP_DELETE] = adm_portal_delete,
                        [ADM_OP_SHOW] = adm_portal_show},
        [ADM_LLD] = {[ADM_OP_SHOW] = adm_lld_show,
                     [ADM_OP_START] = adm_lld_start,
                     [ADM_OP_STOP] = adm_lld_stop},
        [ADM_SESSION] = {[ADM_OP_SHOW] = adm_session_show, [ADM_OP_STAT] = adm_session_stat},
        [ADM_CONNECTION] = {[ADM_OP_SHOW] = adm_connection_show,
                            [ADM_OP_STAT] = adm_connection_stat,
                            [ADM_OP_DELETE] = adm_connection_delete},
        [ADM_ACCOUNT] = {[ADM_OP_NEW] = adm_account_new,
                         [ADM_OP_DELETE] = adm_account_delete,
                         [ADM_OP_BIND] = adm_account_bind,
                         [ADM_OP_UNBIND] = adm_account_unbind,
                         [ADM_OP_SHOW] = adm_account_show},
    };
    return table[adm->mode][adm->op];
}

int adm_run(struct adm *adm)
{
    int status = adm_connect(adm);
    if (status == LEGACY_OK)
        status = check_driver(adm);
    if (status != LEGACY_OK)
        return status;
    operation run = find(adm);
    return run ? run(adm) : adm_error(adm, ADM_ERROR_INVALID);
}

int legacy_run(struct legacy *legacy, int argc, char **argv, GString *out, GString *err)
{
    struct adm adm = {.legacy = legacy, .out = out, .err = err};
    int status = adm_parse(&adm, argc, argv);
    if (status < 0)
        status = adm_check(&adm);
    return status < 0 ? adm_run(&adm) : status;
}
