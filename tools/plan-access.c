/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compares whom targets let in: rules and accounts. */
#include <string.h>

#include "acl.h"
#include "plan.h"

static const struct conf_where nowhere = {0};

/* ---- Rules ---- */

static bool same_rule(const char *key, const char *a, const char *b)
{
    struct acl *acl = acl_new();
    bool address = strcmp(key, "address") == 0;
    bool same = (address ? acl_add_address : acl_add_initiator)(acl, a, NULL) &&
                (address ? acl_remove_address : acl_remove_initiator)(acl, b, NULL);
    acl_free(acl);
    return same;
}

static bool has_rule(const GPtrArray *rules, const char *key, const char *rule)
{
    for (guint i = 0; i < rules->len; i++)
        if (strcmp(rules->pdata[i], rule) == 0 || same_rule(key, rules->pdata[i], rule))
            return true;
    return false;
}

static void add_rule(struct plan *plan, const struct model_target *t, const char *key,
                     const char *rule, struct conf_where where)
{
    struct plan_step *step = plan_step(plan, PLAN_ADD, t->name, NULL, "initiator-%s %s",
                                       strcmp(key, "address") == 0 ? "address" : "name", rule);
    plan_undo(plan_call(step, PHASE_ADMIT, "acl.add", plan_with(t, key, rule), where), "acl.delete",
              plan_with(t, key, rule));
}

static void remove_rule(struct plan *plan, const struct model_target *t, const char *key,
                        const char *rule)
{
    struct plan_step *step =
        plan_step(plan, PLAN_REMOVE, t->name, "open sessions stay", "initiator-%s %s",
                  strcmp(key, "address") == 0 ? "address" : "name", rule);
    plan_undo(plan_call(step, PHASE_FORBID, "acl.delete", plan_with(t, key, rule), nowhere),
              "acl.add", plan_with(t, key, rule));
}

static void change_rules(struct plan *plan, const struct model_target *t, const char *key,
                         const GPtrArray *live, const GPtrArray *want, struct conf_where where)
{
    for (guint i = 0; i < want->len; i++)
        if (!has_rule(live, key, want->pdata[i]))
            add_rule(plan, t, key, want->pdata[i], where);
    for (guint i = 0; i < live->len; i++)
        if (!has_rule(want, key, live->pdata[i]))
            remove_rule(plan, t, key, live->pdata[i]);
}

/* ---- Accounts ---- */

static void bind(struct plan *plan, const struct model_target *t, const char *name, bool outgoing,
                 struct conf_where where)
{
    struct plan_step *step = plan_step(plan, PLAN_ADD, t->name, NULL, "%suser %s",
                                       outgoing ? "outgoing" : "incoming", name);
    plan_undo(
        plan_call(step, PHASE_SETTING, "account.bind", plan_binding(t, name, outgoing), where),
        "account.unbind", plan_binding(t, name, outgoing));
}

/* There is only one outgoing account: it goes before another one comes. */
static void unbind(struct plan *plan, const struct model_target *t, const char *name, bool outgoing)
{
    struct plan_step *step = plan_step(plan, PLAN_REMOVE, t->name, "open sessions stay",
                                       "%suser %s", outgoing ? "outgoing" : "incoming", name);
    plan_undo(plan_call(step, outgoing ? PHASE_REMOVE : PHASE_FORBID, "account.unbind",
                        plan_binding(t, name, outgoing), nowhere),
              "account.bind", plan_binding(t, name, outgoing));
}

/* Binding turns CHAP on, and unbinding leaves it on. */
static void change_auth(struct plan *plan, const struct model_target *live,
                        const struct model_target *want)
{
    bool binds = false;
    for (guint i = 0; i < want->incoming->len; i++)
        binds |= !model_has(live->incoming, want->incoming->pdata[i]);
    if (live->chap != want->chap)
        plan_setting_change(plan, live, "auth", "auth", live->chap ? "chap" : "none",
                            want->chap ? "chap" : "none", PHASE_AUTH, want->where);
    else if (binds && !want->chap)
        plan_call(plan->steps->pdata[plan->steps->len - 1], PHASE_AUTH, "target.set",
                  plan_setting(live, "auth", "none"), want->where);
}

static void change_accounts(struct plan *plan, const struct model_target *live,
                            const struct model_target *want)
{
    for (guint i = 0; i < live->incoming->len; i++)
        if (!model_has(want->incoming, live->incoming->pdata[i]))
            unbind(plan, live, live->incoming->pdata[i], false);
    for (guint i = 0; i < want->incoming->len; i++)
        if (!model_has(live->incoming, want->incoming->pdata[i]))
            bind(plan, live, want->incoming->pdata[i], false, want->where);
    if (g_strcmp0(live->outgoing, want->outgoing) != 0) {
        if (live->outgoing)
            unbind(plan, live, live->outgoing, true);
        if (want->outgoing)
            bind(plan, live, want->outgoing, true, want->where);
    }
    change_auth(plan, live, want);
}

void plan_access(struct plan *plan, const struct model_target *live,
                 const struct model_target *want)
{
    change_accounts(plan, live, want);
    change_rules(plan, live, "address", live->addresses, want->addresses, want->where);
    change_rules(plan, live, "initiator", live->initiators, want->initiators, want->where);
}
