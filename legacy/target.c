/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtadm --mode target. */
#include <string.h>

#include "adm.h"
#include "error.h"

int adm_target_new(struct adm *adm)
{
    static const struct adm_reason reasons[] = {{CORE_ERROR_EXISTS, NULL, ADM_ERROR_TARGET_EXISTS},
                                                {0}};
    return adm_do(
        adm, "target.create",
        json_pack("{s:s, s:i, s:b}", "name", adm->name, "tid", (int)adm->tid, "legacy", 1),
        reasons);
}

/* A target may have thousands of logical units: they are not asked for, but one of them. */
int adm_target_exists(struct adm *adm)
{
    static const struct adm_reason reasons[] = {
        {CORE_ERROR_NOT_FOUND, "target", ADM_ERROR_NO_TARGET}, {0}};
    struct rpc_error error = {0};
    int status = LEGACY_OK;
    json_t *params = adm_target_params(adm);
    json_object_set_new(params, "lun", json_integer(0));
    json_t *lun = adm_try(adm, "lun.show", params, &error);
    if (!lun && strcmp(error.object, "lun") != 0)
        status = adm_explain(adm, &error, reasons);
    json_decref(lun);
    rpc_error_clear(&error);
    return status;
}

int adm_target_delete(struct adm *adm)
{
    static const struct adm_reason reasons[] = {
        {CORE_ERROR_NOT_FOUND, NULL, ADM_ERROR_NO_TARGET},
        {CORE_ERROR_BUSY, NULL, ADM_ERROR_TARGET_ACTIVE},
        {0},
    };
    json_t *params = adm_target_params(adm);
    json_object_set_new(params, "force", json_boolean(adm->force));
    return adm_do(adm, "target.delete", params, reasons);
}

static int change_rules(struct adm *adm, const char *method, const struct adm_reason *reasons)
{
    const char *const rules[][2] = {{"address", adm->address}, {"initiator", adm->initiator}};
    int status = LEGACY_OK;
    for (unsigned i = 0; i < G_N_ELEMENTS(rules) && status == LEGACY_OK; i++) {
        if (!rules[i][1])
            continue;
        json_t *params = adm_target_params(adm);
        json_object_set_new(params, rules[i][0], json_string(rules[i][1]));
        status = adm_do(adm, method, params, reasons);
    }
    return status;
}

int adm_target_bind(struct adm *adm)
{
    static const struct adm_reason reasons[] = {
        {CORE_ERROR_NOT_FOUND, "target", ADM_ERROR_NO_TARGET},
        {CORE_ERROR_EXISTS, NULL, ADM_ERROR_ACL_EXISTS},
        {0},
    };
    return change_rules(adm, "acl.add", reasons);
}

/* What cannot be a rule is none of those that there are. */
int adm_target_unbind(struct adm *adm)
{
    static const struct adm_reason reasons[] = {
        {CORE_ERROR_NOT_FOUND, "target", ADM_ERROR_NO_TARGET},
        {CORE_ERROR_NOT_FOUND, NULL, ADM_ERROR_NO_ACL},
        {CORE_ERROR_INVALID, NULL, ADM_ERROR_NO_ACL},
        {0},
    };
    return change_rules(adm, "acl.delete", reasons);
}

static int show_all(struct adm *adm)
{
    int status = LEGACY_OK;
    size_t i;
    json_t *target,
        *list = adm_get(adm, "target.list", json_pack("{s:b}", "detail", 1), NULL, &status);
    json_array_foreach(list, i, target)
        adm_print_target(adm, target);
    json_decref(list);
    return status;
}

int adm_target_show(struct adm *adm)
{
    return adm->given['t'] ? adm_target_show_params(adm) : show_all(adm);
}
