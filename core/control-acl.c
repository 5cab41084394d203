/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Methods acl.*: who may use a target. */
#include "control-method.h"

#include "acl.h"
#include "nexus.h"
#include "target.h"

static json_t *describe_rules(GList *rules)
{
    json_t *list = json_array();
    for (GList *r = rules; r; r = r->next)
        json_array_append_new(list, json_string(r->data));
    g_list_free(rules);
    return list;
}

/* Rules are changed by the main thread only, which is the one that asks. */
json_t *control_describe_acl(const struct tgt_target *target)
{
    return json_pack("{s:s, s:o, s:o}", "match", acl_match(target->acl), "addresses",
                     describe_rules(acl_addresses(target->acl)), "initiators",
                     describe_rules(acl_initiators(target->acl)));
}

static void acl_list_(struct control_call *call, const json_t *params)
{
    const struct tgt_target *target = control_target(call, params);
    if (target)
        control_reply(call, control_describe_acl(target));
}

typedef bool (*change_fn)(struct acl *acl, const char *rule, GError **error);

/* `address` or `initiator` adds or removes one rule. */
static bool change(struct tgt_target *target, const json_t *params, change_fn address,
                   change_fn initiator, GError **error)
{
    const char *a = control_text(params, "address"), *i = control_text(params, "initiator");
    if (!a == !i) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                    "a rule is either an address or an initiator name");
        return false;
    }
    g_mutex_lock(&target->lock);
    bool ok = a ? address(target->acl, a, error) : initiator(target->acl, i, error);
    g_mutex_unlock(&target->lock);
    return ok;
}

static void acl_add_(struct control_call *call, const json_t *params)
{
    GError *error = NULL;
    struct tgt_target *target = control_target(call, params);
    if (!target)
        return;
    control_about(call, "acl");
    change(target, params, acl_add_address, acl_add_initiator, &error);
    control_end(call, error);
}

static void acl_delete_(struct control_call *call, const json_t *params)
{
    GError *error = NULL;
    struct tgt_target *target = control_target(call, params);
    if (!target)
        return;
    control_about(call, "acl");
    if (change(target, params, acl_remove_address, acl_remove_initiator, &error) &&
        control_bool(params, "close"))
        target_close_forbidden(target);
    control_end(call, error);
}

static void acl_enforce_(struct control_call *call, const json_t *params)
{
    struct tgt_target *target = control_target(call, params);
    if (!target)
        return;
    target_close_forbidden(target);
    control_end(call, NULL);
}

#define TARGET    "target", CONTROL_STRING, true, "name, or @ and number, of the target"
#define ADDRESS   "address", CONTROL_STRING, false, "'all', an address, or a range as 10.0.0.0/8"
#define INITIATOR "initiator", CONTROL_STRING, false, "name of an initiator"

const struct control_method control_acl_methods[] = {
    {"acl.list",
     "List the rules of a target; without any nobody is let in",
     true,
     acl_list_,
     {{TARGET}}},
    {"acl.add",
     "Add a rule: an address or an initiator",
     false,
     acl_add_,
     {{TARGET}, {ADDRESS}, {INITIATOR}}},
    {"acl.delete",
     "Take a rule away; sessions that are open stay, unless they are to be closed",
     false,
     acl_delete_,
     {{TARGET},
      {ADDRESS},
      {INITIATOR},
      {"close", CONTROL_BOOL, false, "close the sessions that the rules do not let in any more"}}},
    {"acl.enforce",
     "Close the sessions that are not let in any more, as after target.set match=all",
     false,
     acl_enforce_,
     {{TARGET}}},
    {0},
};
