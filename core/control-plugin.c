/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Methods plugin.*: list and describe without loading, load, unload. */
#include "control-method.h"

#include <string.h>

#include "daemon.h"
#include "plugin.h"

const struct tgt_param *control_param_at(const struct tgt_param *table, unsigned index, size_t size)
{
    return (const struct tgt_param *)((const char *)table + index * size);
}

static const char *param_type_name(uint32_t type)
{
    static const char *const names[] = {"?", "string", "path", "bool", "number", "size", "enum"};
    return names[type < G_N_ELEMENTS(names) ? type : 0];
}

static json_t *describe_param(const struct tgt_param *p, const struct tgt_params *values)
{
    json_t *o = json_pack("{s:s, s:s, s:b, s:b}", "name", p->name, "type", param_type_name(p->type),
                          "required", p->flags & TGT_PARAM_REQUIRED ? 1 : 0, "secret",
                          p->flags & TGT_PARAM_SECRET ? 1 : 0);
    control_put(o, "default", p->def);
    control_put(o, "choices", p->choices);
    control_put(o, "unit", p->unit);
    control_put(o, "help", p->help);
    if (values)
        control_put(o, "value", params_text(values, p->name));
    if (p->min || p->max) {
        json_object_set_new(o, "min", json_integer((json_int_t)p->min));
        json_object_set_new(o, "max", json_integer((json_int_t)p->max));
    }
    return o;
}

json_t *control_describe_params(const struct tgt_param *table, unsigned count, size_t size,
                                const struct tgt_params *values)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < count; i++)
        json_array_append_new(list, describe_param(control_param_at(table, i, size), values));
    return list;
}

static json_t *describe(const struct plugin *p)
{
    json_t *o = json_object();
    control_put(o, "name", p->name);
    control_put(o, "kind", p->kind ? plugin_kind_name(p->kind) : NULL);
    control_put(o, "version", p->version);
    control_put(o, "abi", p->abi);
    control_put(o, "state", plugin_state_name(p->state));
    json_object_set_new(o, "users", json_integer(p->users));
    control_put(o, "note", p->reason);
    control_put(o, "file", p->file);
    control_put(o, "provides", p->provides);
    control_put(o, "summary", p->summary);
    return o;
}

static void put_params(json_t *o, const char *name, const struct tgt_param *table, unsigned count,
                       size_t size)
{
    if (count > 0)
        json_object_set_new(o, name, control_describe_params(table, count, size, NULL));
}

/* Tables that are known only once the plugin is loaded. */
static void describe_tables(json_t *o, const struct plugin *p)
{
    const struct tgt_plugin *d = p->desc;
    json_object_set_new(
        o, "params", control_describe_params(d->params, d->param_count, d->param_size, p->params));
    if (p->kind == TGT_PLUGIN_BACKING_STORE)
        put_params(o, "lun_params", p->bs.lu_params, p->bs.lu_param_count, p->bs.lu_param_size);
    if (p->kind != TGT_PLUGIN_TRANSPORT)
        return;
    const struct tgt_transport_ops *t = &p->transport;
    put_params(o, "portal_params", t->portal_params, t->portal_param_count, t->param_size);
    put_params(o, "target_params", t->target_params, t->target_param_count, t->param_size);
}

static json_t *describe_all(const struct plugin *p)
{
    json_t *o = describe(p);
    control_put(o, "needs", p->needs);
    control_put(o, "licence", p->licence);
    if (p->desc)
        describe_tables(o, p);
    return o;
}

static void not_found(const struct plugins *plugins, const char *name, GError **error)
{
    const GPtrArray *list = plugins_list((struct plugins *)plugins);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; i < list->len; i++)
        g_ptr_array_add(names, ((const struct plugin *)list->pdata[i])->name);
    g_ptr_array_add(names, NULL);
    const char *near = suggest(name, (const char *const *)names->pdata);
    g_autofree char *hint = near ? g_strdup_printf("; did you mean '%s'?", near) : g_strdup("");
    g_set_error(error, CORE_ERROR, CORE_ERROR_NOT_FOUND, "there is no plugin '%s'%s", name, hint);
}

/* Names are unique within a kind only. */
static bool is_kind(const struct plugin *p, const char *kind)
{
    return !kind || (p->kind && strcmp(plugin_kind_name(p->kind), kind) == 0);
}

static struct plugin *find(struct control_call *call, const json_t *params)
{
    struct plugins *plugins = daemon_get()->plugins;
    const char *name = control_text(params, "name"), *kind = control_text(params, "kind");
    const GPtrArray *list = plugins_list(plugins);
    for (guint i = 0; i < list->len; i++) {
        struct plugin *p = list->pdata[i];
        if (strcmp(p->name, name) == 0 && is_kind(p, kind))
            return p;
    }
    GError *error = NULL;
    not_found(plugins, name, &error);
    control_about(call, "plugin");
    control_fail(call, error);
    return NULL;
}

static void plugin_list_(struct control_call *call, const json_t *params)
{
    json_t *all = json_array();
    const GPtrArray *list = plugins_list(daemon_get()->plugins);
    for (guint i = 0; i < list->len; i++)
        json_array_append_new(all, describe(list->pdata[i]));
    control_reply(call, all);
}

static void plugin_info_(struct control_call *call, const json_t *params)
{
    const struct plugin *p = find(call, params);
    if (p)
        control_reply(call, describe_all(p));
}

static void loaded(struct plugin *plugin, GError *error, void *data)
{
    if (plugin)
        control_reply(data, describe_all(plugin));
    else
        control_fail(data, error);
}

static void plugin_load_(struct control_call *call, const json_t *params)
{
    struct plugin *p = find(call, params);
    if (p)
        plugin_load(daemon_get()->plugins, p, loaded, call);
}

static void plugin_unload_(struct control_call *call, const json_t *params)
{
    GError *error = NULL;
    struct plugin *p = find(call, params);
    if (!p)
        return;
    if (plugin_unload(p, &error))
        control_reply(call, describe_all(p));
    else
        control_fail(call, error);
}

#define NAME "name", CONTROL_STRING, true, "name of the plugin"
#define KIND "kind", CONTROL_STRING, false, "its kind, where a name stands for several plugins"

const struct control_method control_plugin_methods[] = {
    {"plugin.list", "List all plugins found, usable or not", true, plugin_list_, {{0}}},
    {"plugin.info", "Describe a plugin", true, plugin_info_, {{NAME}, {KIND}}},
    {"plugin.load", "Load a plugin now", false, plugin_load_, {{NAME}, {KIND}}},
    {"plugin.unload", "Unload a plugin that nothing uses", false, plugin_unload_, {{NAME}, {KIND}}},
    {0},
};
