/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtadm --mode lld. */
#include "adm.h"
#include "error.h"

int adm_lld_show(struct adm *adm)
{
    int status = LEGACY_OK;
    json_t *plugins = adm_get(adm, "plugin.list", NULL, NULL, &status);
    json_t *targets = plugins ? adm_get(adm, "target.list", NULL, NULL, &status) : NULL;
    if (targets)
        adm_print_drivers(adm, plugins, targets);
    json_decref(targets);
    json_decref(plugins);
    return status;
}

static json_t *driver(const struct adm *adm)
{
    return json_pack("{s:s, s:s}", "name", adm->lld, "kind", "transport");
}

int adm_lld_start(struct adm *adm)
{
    static const struct adm_reason reasons[] = {{CORE_ERROR_PLUGIN, NULL, ADM_ERROR_NO_DRIVER},
                                                {CORE_ERROR_NOT_FOUND, NULL, ADM_ERROR_NO_DRIVER},
                                                {0}};
    return adm_do(adm, "plugin.load", driver(adm), reasons);
}

/* A target is reachable over every driver, so each is busy while there is one. */
int adm_lld_stop(struct adm *adm)
{
    static const struct adm_reason reasons[] = {{CORE_ERROR_BUSY, NULL, ADM_ERROR_DRIVER_ACTIVE},
                                                {CORE_ERROR_NOT_FOUND, NULL, ADM_ERROR_NO_DRIVER},
                                                {0}};
    int status = LEGACY_OK;
    json_t *targets = adm_get(adm, "target.list", NULL, NULL, &status);
    bool busy = json_array_size(targets) > 0;
    json_decref(targets);
    if (status != LEGACY_OK)
        return status;
    return busy ? adm_error(adm, ADM_ERROR_DRIVER_ACTIVE)
                : adm_do(adm, "plugin.unload", driver(adm), reasons);
}
