/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compares what belongs to no target: accounts, discovery, iSNS, portals. */
#include <string.h>

#include "plan.h"

static const struct conf_where nowhere = {0};

/* ---- Accounts ---- */

static json_t *secret(const char *name, const char *password)
{
    return json_pack("{s:s, s:s}", "name", name, "password", password);
}

static void change_password(struct plan *plan, const struct model_account *live,
                            const struct model_account *want)
{
    struct plan_step *step = plan_step(plan, PLAN_CHANGE, NULL, "open sessions stay",
                                       "account %s  another password", want->name);
    plan_undo(plan_call(step, PHASE_ACCOUNT, "account.set", secret(want->name, want->password),
                        want->where),
              "account.set", secret(live->name, live->password));
}

static void add_account(struct plan *plan, const struct model_account *want)
{
    struct plan_step *step = plan_step(plan, PLAN_ADD, NULL, NULL, "account %s", want->name);
    plan_undo(plan_call(step, PHASE_ACCOUNT, "account.create", secret(want->name, want->password),
                        want->where),
              "account.delete", json_pack("{s:s, s:b}", "name", want->name, "force", true));
}

void plan_accounts(struct plan *plan)
{
    for (guint i = 0; i < plan->want->accounts->len; i++) {
        const struct model_account *want = plan->want->accounts->pdata[i],
                                   *live = model_account(plan->live, want->name);
        if (!live)
            add_account(plan, want);
        else if (live->password && g_strcmp0(live->password, want->password) != 0)
            change_password(plan, live, want);
    }
}

/* By a target that cannot go or change because of its sessions. */
static bool stays_bound(const struct plan *plan, const char *name)
{
    for (guint i = 0; !plan->force && i < plan->live->targets->len; i++) {
        const struct model_target *t = plan->live->targets->pdata[i],
                                  *want = model_target(plan->want, t->name);
        bool stays = t->sessions > 0 && (!want || (want->tid && want->tid != t->tid));
        if (stays && (model_has(t->incoming, name) || g_strcmp0(t->outgoing, name) == 0))
            return true;
    }
    return false;
}

void plan_forgotten_accounts(struct plan *plan)
{
    for (guint i = 0; i < plan->live->accounts->len; i++) {
        const struct model_account *live = plan->live->accounts->pdata[i];
        if (model_account(plan->want, live->name))
            continue;
        struct plan_step *step = plan_step(plan, PLAN_REMOVE, NULL, NULL, "account %s", live->name);
        struct plan_call *call = plan_call(step, PHASE_LAST, "account.delete",
                                           json_pack("{s:s}", "name", live->name), nowhere);
        if (live->password)
            plan_undo(call, "account.create", secret(live->name, live->password));
        if (!plan->prune)
            plan_hold(step, "only with --prune");
        else if (stays_bound(plan, live->name))
            plan_hold(step, "its target has sessions: only with --force");
    }
}

/* ---- Discovery ---- */

static json_t *binding(const char *name, bool outgoing)
{
    json_t *params = json_pack("{s:s}", "name", name);
    if (outgoing)
        json_object_set_new(params, "outgoing", json_true());
    return params;
}

static void bind(struct plan *plan, const char *name, bool outgoing)
{
    const struct model_account *account = model_account(plan->want, name);
    struct plan_step *step = plan_step(plan, PLAN_ADD, NULL, NULL, "%sdiscoveryuser %s",
                                       outgoing ? "outgoing" : "incoming", name);
    plan_undo(
        plan_call(step, PHASE_DAEMON, "account.bind", binding(name, outgoing), account->where),
        "account.unbind", binding(name, outgoing));
}

static void unbind(struct plan *plan, const char *name, bool outgoing)
{
    struct plan_step *step = plan_step(plan, PLAN_REMOVE, NULL, NULL, "%sdiscoveryuser %s",
                                       outgoing ? "outgoing" : "incoming", name);
    plan_undo(plan_call(step, PHASE_REMOVE, "account.unbind", binding(name, outgoing), nowhere),
              "account.bind", binding(name, outgoing));
    if (!plan->prune)
        plan_hold(step, "only with --prune");
}

static json_t *auth_setting(const char *auth)
{
    return json_pack("{s:{s:s}}", "values", "discovery_auth", auth);
}

/* Binding turns CHAP on, and unbinding leaves it on. */
static void plan_discovery_auth(struct plan *plan, bool binds)
{
    const char *live = model_discovery_auth(plan->live), *want = model_discovery_auth(plan->want);
    bool said = plan->want->discovery_auth || plan->want->incoming->len > 0 || plan->prune;
    if (!said || strcmp(binds ? "chap" : live, want) == 0)
        return;
    struct plan_step *step =
        plan_step(plan, PLAN_CHANGE, NULL, "online change", "discovery-auth %s -> %s", live, want);
    plan_undo(plan_call(step, PHASE_LAST, "system.set", auth_setting(want), nowhere), "system.set",
              auth_setting(live));
}

static void plan_discovery(struct plan *plan)
{
    const struct model *live = plan->live, *want = plan->want;
    bool binds = false;
    for (guint i = 0; i < live->incoming->len; i++)
        if (!model_has(want->incoming, live->incoming->pdata[i]))
            unbind(plan, live->incoming->pdata[i], false);
    for (guint i = 0; i < want->incoming->len; i++) {
        if (model_has(live->incoming, want->incoming->pdata[i]))
            continue;
        bind(plan, want->incoming->pdata[i], false);
        binds = true;
    }
    plan_discovery_auth(plan, binds);
    if (g_strcmp0(live->outgoing, want->outgoing) == 0)
        return;
    if (live->outgoing)
        unbind(plan, live->outgoing, true);
    if (want->outgoing && (!live->outgoing || plan->prune))
        bind(plan, want->outgoing, true);
}

/* ---- iSNS ---- */

static json_t *isns_value(unsigned key, const char *value)
{
    json_t *params = json_object();
    json_object_set_new(params, "values",
                        json_pack("{s:s}", model_isns_names[key], value ? value : ""));
    return params;
}

/* Turned on when all else is set: the switch is the first key, so it comes last. */
static void plan_isns(struct plan *plan)
{
    for (unsigned i = MODEL_ISNS_KEYS; i-- > 0;) {
        const char *old = plan->live->isns[i], *new = plan->want->isns[i];
        if (!new || g_strcmp0(old, new) == 0)
            continue;
        struct plan_step *step =
            plan_step(plan, PLAN_CHANGE, NULL, NULL, "%s %s -> %s", model_isns_names[i],
                      old && *old ? old : "none", *new ? new : "none");
        plan_undo(plan_call(step, PHASE_DAEMON, "isns.set", isns_value(i, new), nowhere),
                  "isns.set", isns_value(i, old));
    }
}

/* ---- Portals ---- */

static json_t *portal_params(const struct model_portal *p, bool options)
{
    json_t *params = json_pack("{s:s, s:s}", "address", p->address, "transport", p->transport);
    json_t *list = json_array();
    for (guint i = 0; i < p->options->len; i++)
        json_array_append_new(list, json_string(p->options->pdata[i]));
    if (options)
        json_object_set_new(params, "options", list);
    else
        json_decref(list);
    return params;
}

static const struct model_portal *find_portal(const struct model *model,
                                              const struct model_portal *portal)
{
    for (guint i = 0; i < model->portals->len; i++) {
        const struct model_portal *p = model->portals->pdata[i];
        if (strcmp(p->transport, portal->transport) == 0 &&
            strcmp(p->address, portal->address) == 0)
            return p;
    }
    return NULL;
}

static bool has_options(const struct model_portal *live, const struct model_portal *want)
{
    for (guint i = 0; i < want->options->len; i++)
        if (!model_has(live->options, want->options->pdata[i]))
            return false;
    return true;
}

static void call_add(struct plan_step *step, const struct model_portal *p)
{
    plan_undo(plan_call(step, PHASE_DAEMON, "portal.add", portal_params(p, true), p->where),
              "portal.delete", portal_params(p, false));
}

static void call_delete(struct plan_step *step, const struct model_portal *p)
{
    plan_undo(plan_call(step, PHASE_REMOVE, "portal.delete", portal_params(p, false), nowhere),
              "portal.add", portal_params(p, true));
}

static void wanted_portal(struct plan *plan, const struct model_portal *want)
{
    const struct model_portal *live = find_portal(plan->live, want);
    if (live && has_options(live, want))
        return;
    struct plan_step *step = plan_step(plan, live ? PLAN_CHANGE : PLAN_ADD, NULL,
                                       live ? "is opened anew, sessions stay" : NULL, "portal %s%s",
                                       want->address, live ? "  other options" : "");
    if (live)
        call_delete(step, live);
    call_add(step, want);
}

/* Portals are mostly named on the daemon's command line: a file without any does not mean none. */
static void plan_portals(struct plan *plan)
{
    for (guint i = 0; i < plan->want->portals->len; i++)
        wanted_portal(plan, plan->want->portals->pdata[i]);
    for (guint i = 0; plan->want->portals->len > 0 && i < plan->live->portals->len; i++) {
        const struct model_portal *live = plan->live->portals->pdata[i];
        if (find_portal(plan->want, live))
            continue;
        struct plan_step *step =
            plan_step(plan, PLAN_REMOVE, NULL, "sessions stay", "portal %s", live->address);
        call_delete(step, live);
        if (!plan->prune)
            plan_hold(step, "only with --prune");
    }
}

void plan_daemon(struct plan *plan)
{
    plan_portals(plan);
    plan_isns(plan);
    plan_discovery(plan);
}
