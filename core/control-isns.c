/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Methods isns.*: registration with an iSNS server. */
#include "control-method.h"

#include "daemon.h"
#include "isns.h"
#include "target.h"

static void isns_show_(struct control_call *call, const json_t *params)
{
    const struct isns *isns = daemon_get()->isns;
    g_autofree char *entity = isns_entity();
    json_t *o = json_object();
    for (enum isns_key key = 0; key < ISNS_KEYS; key++)
        control_put(o, isns_key_name(key), isns_value(isns, key));
    control_put(o, "state", isns_state_word(isns_state(isns)));
    control_put(o, "detail", isns_detail(isns));
    control_put(o, "entity", entity);
    control_reply(call, o);
}

static void isns_set_(struct control_call *call, const json_t *params)
{
    GError *error = NULL;
    const char *name;
    json_t *value;
    g_autoptr(GPtrArray) names = g_ptr_array_new(), values = g_ptr_array_new();
    json_object_foreach(json_object_get(params, "values"), name, value) {
        g_ptr_array_add(names, (gpointer)name);
        g_ptr_array_add(values, (gpointer)json_string_value(value));
    }
    g_ptr_array_add(names, NULL);
    g_ptr_array_add(values, NULL);
    control_about(call, "isns");
    isns_set(daemon_get()->isns, (const char *const *)names->pdata,
             (const char *const *)values->pdata, &error);
    control_end(call, error);
}

static void isns_access_(struct control_call *call, const json_t *params)
{
    struct tgt_target *target = control_target(call, params);
    if (!target)
        return;
    g_auto(GStrv) initiators = control_strings(params, "initiators");
    isns_admit(target, initiators);
    control_end(call, NULL);
}

static void isns_report_(struct control_call *call, const json_t *params)
{
    GError *error = NULL;
    const char *state = control_text(params, "state");
    if (!isns_report(daemon_get()->isns, state, control_text(params, "detail")))
        g_set_error(&error, CORE_ERROR, CORE_ERROR_INVALID, "there is no state '%.64s'", state);
    control_end(call, error);
}

const struct control_method control_isns_methods[] = {
    {"isns.show", "Describe the registration with an iSNS server", true, isns_show_, {{0}}},
    {"isns.set",
     "Change settings of iSNS, all or none",
     false,
     isns_set_,
     {{"values", CONTROL_MAP, true,
       "iSNS, iSNSServerIP, iSNSServerPort, iSNSAccessControl, iSNSListenPort"}}},
    {"isns.access",
     "Say whom the iSNS server lets use a target; for tgt-isns",
     false,
     isns_access_,
     {{"target", CONTROL_STRING, true, "name, or @ and number, of the target"},
      {"initiators", CONTROL_STRINGS, true,
       "names of all initiators that it shares a domain with"}},
     .report = true},
    {"isns.report",
     "Say how the registration stands; for tgt-isns",
     false,
     isns_report_,
     {{"state", CONTROL_STRING, true, "a state of isns.show"},
      {"detail", CONTROL_STRING, false, "a sentence about it"}},
     .report = true},
    {0},
};
