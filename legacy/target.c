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

static int change_rule(struct adm *adm, const char *method, const char *kind, const char *rule)
{
    static const struct adm_reason reasons[] = {
        {CORE_ERROR_NOT_FOUND, "target", ADM_ERROR_NO_TARGET},
        {CORE_ERROR_NOT_FOUND, NULL, ADM_ERROR_NO_ACL},
        {CORE_ERROR_EXISTS, NULL, ADM_ERROR_ACL_EXISTS},
        {0},
    };
    json_t *params = adm_target_params(adm);
    json_object_set_new(params, kind, json_string(rule));
    return adm_do(adm, method, params, reasons);
}

static int change_rules(struct adm *adm, const char *method)
{
    int status = LEGACY_OK;
    if (adm->address)
        status = change_rule(adm, method, "address", adm->address);
    if (adm->initiator && status == LEGACY_OK)
        status = change_rule(adm, method, "initiator", adm->initiator);
    return status;
}

int adm_target_bind(struct adm *adm)
{
    return change_rules(adm, "acl.add");
}

int adm_target_unbind(struct adm *adm)
{
    return change_rules(adm, "acl.delete");
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

/* The parameters of one target in tgt's order. What we negotiate but cannot be set has the only
 * value that it can have. */
static void print_params(struct adm *adm, const json_t *target, const json_t *portal)
{
    static const struct {
        const char *name, *fixed;
    } rows[] = {
        {"nop_interval", "0"},
        {"nop_count", "0"},
        {"MaxRecvDataSegmentLength", "8192"},
        {"HeaderDigest", "None"},
        {"DataDigest", "None"},
        {"InitialR2T", "Yes"},
        {"MaxOutstandingR2T", "1"},
        {"ImmediateData", "Yes"},
        {"FirstBurstLength", "65536"},
        {"MaxBurstLength", "262144"},
        {"DataPDUInOrder", "Yes"},
        {"DataSequenceInOrder", "Yes"},
        {"ErrorRecoveryLevel", "0"},
        {"IFMarker", "No"},
        {"OFMarker", "No"},
        {"DefaultTime2Wait", "2"},
        {"DefaultTime2Retain", "20"},
        {"OFMarkInt", "Reject"},
        {"IFMarkInt", "Reject"},
        {"MaxConnections", "1"},
        {"RDMAExtensions", "Yes"},
        {"TargetRecvDataSegmentLength", "262144"},
        {"InitiatorRecvDataSegmentLength", "262144"},
        {"MaxOutstandingUnexpectedPDUs", "0"},
        {"MaxXmitDataSegmentLength", "8192"},
        {"MaxQueueCmd", "128"},
    };
    const json_t *values = json_object_get(json_object_get(target, "params"), "iscsi");
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *value = adm_text(values, rows[i].name);
        if (!value)
            value = adm_text(json_object_get(portal, "params"), rows[i].name);
        if (!value)
            value = rows[i].fixed;
        bool yes = g_ascii_strcasecmp(value, "yes") == 0 || g_ascii_strcasecmp(value, "on") == 0;
        bool no = g_ascii_strcasecmp(value, "no") == 0 || g_ascii_strcasecmp(value, "off") == 0;
        adm_say(adm, "%s=%s\n", rows[i].name, yes ? "Yes" : no ? "No" : value);
    }
}

static const json_t *iscsi_portal(const json_t *portals)
{
    size_t i;
    json_t *portal;
    json_array_foreach(portals, i, portal)
        if (g_strcmp0(adm_text(portal, "transport"), "iscsi") == 0)
            return portal;
    return NULL;
}

static int show_one(struct adm *adm)
{
    static const struct adm_reason reasons[] = {{CORE_ERROR_NOT_FOUND, NULL, ADM_ERROR_NO_TARGET},
                                                {0}};
    int status = LEGACY_OK;
    json_t *target = adm_get(adm, "target.show", adm_target_params(adm), reasons, &status);
    json_t *portals = target ? adm_get(adm, "portal.list", NULL, NULL, &status) : NULL;
    if (portals)
        print_params(adm, target, iscsi_portal(portals));
    json_decref(portals);
    json_decref(target);
    return status;
}

int adm_target_show(struct adm *adm)
{
    return adm->given['t'] ? show_one(adm) : show_all(adm);
}
