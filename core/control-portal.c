/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Methods portal.*: where transports listen. */
#include "control-method.h"

#include "daemon.h"
#include "plugin.h"
#include "portal.h"

static json_t *describe_params(const struct portal *p)
{
    json_t *o = json_object();
    const struct tgt_transport_ops *t = &p->transport->transport;
    for (unsigned i = 0; i < t->portal_param_count; i++) {
        const char *name = control_param_at(t->portal_params, i, t->param_size)->name;
        control_put(o, name, params_text(p->params, name));
    }
    return o;
}

static json_t *describe(const struct portal *p)
{
    json_t *o = json_pack("{s:s, s:s, s:i, s:i}", "transport", p->transport->name, "address",
                          p->info.address, "port", (int)p->info.port, "tpgt", (int)p->tpgt);
    control_put(o, "asked", p->asked);
    if (*p->info.announce)
        control_put(o, "announce", p->info.announce);
    json_object_set_new(o, "params", describe_params(p));
    return o;
}

static const char *transport_of(const json_t *params)
{
    const char *name = control_text(params, "transport");
    return name ? name : "iscsi";
}

static void portal_list_(struct control_call *call, const json_t *params)
{
    json_t *all = json_array();
    const GPtrArray *list = portals_list();
    for (guint i = 0; i < list->len; i++)
        json_array_append_new(all, describe(list->pdata[i]));
    control_reply(call, all);
}

/* A portal that is to be opened when its transport is loaded. */
struct addition {
    struct control_call *call;
    char *transport, *address, **options;
};

static void add(struct addition *a)
{
    GError *error = NULL;
    const struct portal *p = portal_add(a->transport, a->address, a->options, &error);
    if (p)
        control_reply(a->call, describe(p));
    else
        control_fail(a->call, error);
}

static void transport_loaded(struct plugin *plugin, GError *error, void *data)
{
    struct addition *a = data;
    if (plugin)
        add(a);
    else
        control_fail(a->call, error);
    plugin_unuse(plugin);
    g_free(a->transport);
    g_free(a->address);
    g_strfreev(a->options);
    g_free(a);
}

static void portal_add_(struct control_call *call, const json_t *params)
{
    struct addition *a = g_new(struct addition, 1);
    *a = (struct addition){
        .call = call,
        .transport = g_strdup(transport_of(params)),
        .address = g_strdup(control_text(params, "address")),
        .options = control_strings(params, "options"),
    };
    g_autofree char *provides = g_strdup_printf("transport:%s", a->transport);
    control_about(call, "portal");
    plugin_get(daemon_get()->plugins, provides, transport_loaded, a);
}

static void portal_delete_(struct control_call *call, const json_t *params)
{
    GError *error = NULL;
    control_about(call, "portal");
    portal_delete(transport_of(params), control_text(params, "address"), &error);
    control_end(call, error);
}

#define TRANSPORT "transport", CONTROL_STRING, false, "'iscsi' if missing"

const struct control_method control_portal_methods[] = {
    {"portal.list", "List portals", true, portal_list_, {{0}}},
    {"portal.add",
     "Listen on an address",
     false,
     portal_add_,
     {{"address", CONTROL_STRING, true, "ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT"},
      {TRANSPORT},
      {"options", CONTROL_STRINGS, false,
       "tpgt=N, announce=ADDRESS[:PORT], and parameters of the transport for this portal, "
       "key=value"}}},
    {"portal.delete",
     "Stop to listen; sessions stay",
     false,
     portal_delete_,
     {{"address", CONTROL_STRING, true, "as it was added or as it is listed"}, {TRANSPORT}}},
    {0},
};
