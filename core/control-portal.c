/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Methods portal.*: where transports listen. */
#include "control-method.h"

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

static void portal_add_(struct control_call *call, const json_t *params)
{
    GError *error = NULL;
    g_auto(GStrv) options = control_strings(params, "options");
    control_about(call, "portal");
    const struct portal *p =
        portal_add(transport_of(params), control_text(params, "address"), options, &error);
    if (p)
        control_reply(call, describe(p));
    else
        control_fail(call, error);
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
       "parameters of the transport for this portal, key=value"}}},
    {"portal.delete",
     "Stop to listen; sessions stay",
     false,
     portal_delete_,
     {{"address", CONTROL_STRING, true, "as it was added or as it is listed"}, {TRANSPORT}}},
    {0},
};
