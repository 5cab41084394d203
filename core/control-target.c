/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Methods target.*: make, list, describe, set, delete. */
#include "control-method.h"

#include <string.h>

#include "account.h"
#include "daemon.h"
#include "lun-map.h"
#include "nexus.h"
#include "plugin.h"
#include "target.h"

struct tgt_target *control_target(struct control_call *call, const json_t *params)
{
    GError *error = NULL;
    struct tgt_target *target = target_lookup(control_text(params, "target"), &error);
    if (target)
        return target;
    control_about(call, "target");
    control_fail(call, error);
    return NULL;
}

static json_t *describe_values(struct tgt_target *target, const struct plugin *transport)
{
    const struct tgt_transport_ops *ops = &transport->transport;
    json_t *values = json_object();
    g_mutex_lock(&target->lock);
    const struct tgt_params *params = g_hash_table_lookup(target->params, transport->name);
    for (unsigned i = 0; i < ops->target_param_count; i++) {
        const struct tgt_param *p = control_param_at(ops->target_params, i, ops->param_size);
        control_put(values, p->name, params ? params_text(params, p->name) : p->def);
    }
    g_mutex_unlock(&target->lock);
    return values;
}

/* {"iscsi": {"MaxBurstLength": "262144", …}, …}, for the transports that are loaded. */
static json_t *describe_params(struct tgt_target *target)
{
    json_t *all = json_object();
    const GPtrArray *plugins = plugins_known(daemon_get()->plugins);
    for (guint i = 0; i < plugins->len; i++) {
        const struct plugin *p = plugins->pdata[i];
        if (p->kind == TGT_PLUGIN_TRANSPORT && p->desc)
            json_object_set_new(all, p->name, describe_values(target, p));
    }
    return all;
}

static json_t *describe(const struct tgt_target *t)
{
    g_autoptr(GPtrArray) sessions = nexus_list(t);
    json_t *o = json_pack("{s:i, s:s, s:s, s:b, s:i, s:i, s:o}", "tid", (int)t->tid, "name",
                          t->name, "state", t->online ? "ready" : "offline", "legacy", t->legacy,
                          "lun_count", g_tree_nnodes(t->luns), "session_count", (int)sessions->len,
                          "acl", control_describe_acl(t));
    g_autofree char *groups = target_groups_text(t);
    control_put(o, "alias", t->alias);
    control_put(o, "given", t->given);
    control_put(o, "portal_groups", groups);
    return o;
}

static json_t *describe_all(struct tgt_target *t)
{
    json_t *o = describe(t);
    control_put(o, "auth", auth_name(auth_of(t)));
    json_object_set_new(o, "accounts", control_describe_accounts(t));
    json_object_set_new(o, "luns", control_describe_luns(t));
    json_object_set_new(o, "maps", control_describe_maps(t));
    control_put(o, "lun_default", lun_maps_default(t->maps));
    json_object_set_new(o, "sessions", control_describe_sessions(t));
    json_object_set_new(o, "params", describe_params(t));
    return o;
}

static void target_list_(struct control_call *call, const json_t *params)
{
    bool detail = control_bool(params, "detail");
    json_t *list = json_array();
    g_autoptr(GList) targets = targets_list();
    for (GList *t = targets; t; t = t->next)
        json_array_append_new(list, detail ? describe_all(t->data) : describe(t->data));
    control_reply(call, list);
}

static void target_show_(struct control_call *call, const json_t *params)
{
    struct tgt_target *target = control_target(call, params);
    if (target)
        control_reply(call, describe_all(target));
}

static void target_create_(struct control_call *call, const json_t *params)
{
    GError *error = NULL;
    struct tgt_target *(*create)(const char *, uint32_t, GError **) =
        control_bool(params, "legacy") ? target_create_legacy : target_create;
    const struct tgt_target *t =
        create(control_text(params, "name"), control_uint(params, "tid"), &error);
    control_about(call, "target");
    if (t)
        control_reply(call, describe(t));
    else
        control_fail(call, error);
}

static void target_set_(struct control_call *call, const json_t *params)
{
    GError *error = NULL;
    const char *key;
    json_t *value;
    struct tgt_target *target = control_target(call, params);
    if (!target)
        return;
    json_object_foreach(json_object_get(params, "values"), key, value)
        if (!target_set(target, key, json_string_value(value), &error))
            break;
    control_end(call, error);
}

static void deleted(GError *error, void *data)
{
    control_end(data, error);
}

static void target_delete_(struct control_call *call, const json_t *params)
{
    struct tgt_target *target = control_target(call, params);
    if (!target)
        return;
    control_about(call, "target");
    target_delete(target, control_bool(params, "force"), deleted, call);
}

#define TARGET "target", CONTROL_STRING, true, "name, or @ and number, of the target"

const struct control_method control_target_methods[] = {
    {"target.list",
     "List targets",
     true,
     target_list_,
     {{"detail", CONTROL_BOOL, false, "with all that target.show says"}}},
    {"target.show",
     "Describe a target with its logical units, sessions and parameters",
     true,
     target_show_,
     {{TARGET}}},
    {"target.create",
     "Make a target",
     false,
     target_create_,
     {{"name", CONTROL_STRING, true, "iSCSI name"},
      {"tid", CONTROL_UINT, false, "number; the lowest free one if it is 0 or missing", G_MAXINT32},
      {"legacy", CONTROL_BOOL, false,
       "made by tgtadm: LUN 0 is shown as a controller, the name as given"}}},
    {"target.set",
     "Change a target, value by value until one is refused",
     false,
     target_set_,
     {{TARGET},
      {"values", CONTROL_MAP, true,
       "online, alias, auth, match, lun_default, portal_groups and parameters of transports"}}},
    {"target.delete",
     "Delete a target with its logical units",
     false,
     target_delete_,
     {{TARGET}, {"force", CONTROL_BOOL, false, "also while sessions are open: they are closed"}}},
    {0},
};
