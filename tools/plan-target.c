/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compares targets: what they are, whom they let in. */
#include <string.h>

#include "plan.h"

static const struct conf_where nowhere = {0};

json_t *plan_target_params(const struct model_target *t)
{
    return json_pack("{s:s}", "target", t->name);
}

json_t *plan_with(const struct model_target *t, const char *key, const char *value)
{
    json_t *params = plan_target_params(t);
    json_object_set_new(params, key, json_string(value));
    return params;
}

json_t *plan_setting(const struct model_target *t, const char *key, const char *value)
{
    json_t *params = plan_target_params(t);
    json_object_set_new(params, "values", json_pack("{s:s}", key, value));
    return params;
}

json_t *plan_binding(const struct model_target *t, const char *name, bool outgoing)
{
    json_t *params = plan_with(t, "name", name);
    if (outgoing)
        json_object_set_new(params, "outgoing", json_true());
    return params;
}

/* ---- Making one ---- */

static void call_values(struct plan_step *step, const struct plan *plan,
                        const struct model_target *t)
{
    json_t *values = json_object(), *params = plan_target_params(t);
    if (!t->online)
        json_object_set_new(values, "online", json_string("no"));
    if (t->alias)
        json_object_set_new(values, "alias", json_string(t->alias));
    if (t->any)
        json_object_set_new(values, "match", json_string("any"));
    for (guint i = 0; i < t->params->len; i++) {
        const struct model_param *p = t->params->pdata[i];
        if (g_strcmp0(g_hash_table_lookup(plan->live->defaults, p->key), p->value) != 0)
            json_object_set_new(values, p->key, json_string(p->value));
    }
    bool any = json_object_size(values) > 0;
    json_object_set_new(params, "values", values);
    if (any)
        plan_call(step, PHASE_SETTING, "target.set", params, t->where);
    else
        json_decref(params);
}

static void call_accounts(struct plan_step *step, const struct model_target *t)
{
    for (guint i = 0; i < t->incoming->len; i++)
        plan_call(step, PHASE_SETTING, "account.bind",
                  plan_binding(t, t->incoming->pdata[i], false), t->where);
    if (t->outgoing)
        plan_call(step, PHASE_SETTING, "account.bind", plan_binding(t, t->outgoing, true),
                  t->where);
    if (t->chap != (t->incoming->len > 0))
        plan_call(step, PHASE_AUTH, "target.set",
                  plan_setting(t, "auth", t->chap ? "chap" : "none"), t->where);
}

static void call_rules(struct plan_step *step, const struct model_target *t)
{
    for (guint i = 0; i < t->maps->len; i++)
        plan_call(step, PHASE_MAP, "acl.map", plan_mapping(t, t->maps->pdata[i], -1), t->where);
    for (guint i = 0; i < t->addresses->len; i++)
        plan_call(step, PHASE_ADMIT, "acl.add", plan_with(t, "address", t->addresses->pdata[i]),
                  t->where);
    for (guint i = 0; i < t->initiators->len; i++)
        plan_call(step, PHASE_ADMIT, "acl.add", plan_with(t, "initiator", t->initiators->pdata[i]),
                  t->where);
}

static json_t *removal(const struct model_target *t)
{
    return json_pack("{s:s, s:b}", "target", t->name, "force", true);
}

/* All but its logical units. */
static void call_create(struct plan_step *step, const struct plan *plan,
                        const struct model_target *t)
{
    struct plan_call *create = plan_call(
        step, PHASE_TARGET, "target.create",
        json_pack("{s:s, s:i, s:b}", "name", t->name, "tid", (int)t->tid, "legacy", t->legacy),
        t->where);
    plan_undo(create, "target.delete", removal(t));
    call_values(step, plan, t);
    call_accounts(step, t);
    call_rules(step, t);
}

static void add_target(struct plan *plan, struct model_target *t)
{
    if (!t->tid)
        t->tid = ++plan->next_tid;
    struct plan_step *step = plan_step(plan, PLAN_ADD, t->name, NULL, "%s", "");
    call_create(step, plan, t);
    plan_luns(plan, NULL, t);
}

/* ---- Removing one ---- */

static void call_delete(struct plan_step *step, const struct plan *plan,
                        const struct model_target *t)
{
    json_t *params = plan_target_params(t);
    if (plan->force)
        json_object_set_new(params, "force", json_true());
    struct plan_call *call = plan_call(step, PHASE_REMOVE, "target.delete", params, nowhere);
    struct plan_step again = {.calls = g_ptr_array_new_with_free_func(plan_call_free)};
    call_create(&again, plan, t);
    for (guint i = 0; i < t->luns->len; i++)
        plan_lun_calls(&again, t, t->luns->pdata[i]);
    plan_undo_all(call, again.calls);
}

static void remove_target(struct plan *plan, const struct model_target *t)
{
    struct plan_step *step = plan_step(plan, PLAN_REMOVE, t->name, NULL, "%s", "");
    call_delete(step, plan, t);
    if (!plan->prune)
        plan_hold(step, "only with --prune");
    else if (t->sessions > 0 && !plan->force)
        plan_hold(step, "sessions are open: only with --force");
}

/* ---- Changing one ---- */

void plan_setting_change(struct plan *plan, const struct model_target *t, const char *shown,
                         const char *key, const char *old, const char *new, enum plan_phase phase,
                         struct conf_where where)
{
    struct plan_step *step = plan_step(plan, PLAN_CHANGE, t->name, "online change", "%s %s -> %s",
                                       shown, *old ? old : "none", *new ? new : "none");
    struct plan_call *call = plan_call(step, phase, "target.set", plan_setting(t, key, new), where);
    plan_undo(call, "target.set", plan_setting(t, key, old));
}

/* "0x10" and "16", "Yes" and "yes" are the same. */
static bool same_value(const char *a, const char *b)
{
    char *a_end, *b_end;
    if (g_ascii_strcasecmp(a, b) == 0)
        return true;
    guint64 x = g_ascii_strtoull(a, &a_end, 0), y = g_ascii_strtoull(b, &b_end, 0);
    return *a && *b && *a_end == '\0' && *b_end == '\0' && x == y;
}

/* A parameter that the file does not name is what targets begin with. */
static void change_params(struct plan *plan, const struct model_target *live,
                          const struct model_target *want)
{
    for (guint i = 0; i < live->params->len; i++) {
        const struct model_param *old = live->params->pdata[i], *new = model_param(want, old->key);
        const char *value = new ? new->value : g_hash_table_lookup(plan->live->defaults, old->key);
        if (value && !same_value(value, old->value))
            plan_setting_change(plan, live, old->key, old->key, old->value, value, PHASE_SETTING,
                                new ? new->where : want->where);
    }
    for (guint i = 0; i < want->params->len; i++) {
        const struct model_param *new = want->params->pdata[i];
        const char *def = g_hash_table_lookup(plan->live->defaults, new->key);
        if (!model_param(live, new->key))
            plan_setting_change(plan, live, new->key, new->key, def ? def : "", new->value,
                                PHASE_SETTING, new->where);
    }
}

static void change_words(struct plan *plan, const struct model_target *live,
                         const struct model_target *want)
{
    const char *old = live->alias ? live->alias : "", *new = want->alias ? want->alias : "";
    if (strcmp(old, new) != 0)
        plan_setting_change(plan, live, "alias", "alias", old, new, PHASE_SETTING, want->where);
    if (live->any != want->any)
        plan_setting_change(plan, live, "match", "match", live->any ? "any" : "all",
                            want->any ? "any" : "all", PHASE_FORBID, want->where);
    if (live->online == want->online)
        return;
    struct plan_step *step =
        plan_step(plan, PLAN_CHANGE, live->name, "open sessions stay", "state %s -> %s",
                  live->online ? "ready" : "offline", want->online ? "ready" : "offline");
    struct plan_call *call =
        plan_call(step, PHASE_SETTING, "target.set",
                  plan_setting(live, "online", want->online ? "yes" : "no"), want->where);
    plan_undo(call, "target.set", plan_setting(live, "online", live->online ? "yes" : "no"));
}

/* ---- All of it ---- */

static bool is_another_number(const struct model_target *live, const struct model_target *want)
{
    return want->tid && want->tid != live->tid;
}

/* Its number cannot be changed. */
static void make_anew(struct plan *plan, const struct model_target *live, struct model_target *want)
{
    bool used = live->sessions > 0;
    struct plan_step *step =
        plan_step(plan, used ? PLAN_DISRUPT : PLAN_CHANGE, live->name, "is made anew",
                  "controller_tid %u -> %u", live->tid, want->tid);
    call_delete(step, plan, live);
    if (used && !plan->force) {
        plan_hold(step, "is made anew, sessions would be closed: only with --force");
        return;
    }
    call_create(step, plan, want);
    plan_luns(plan, NULL, want);
}

static void change_target(struct plan *plan, const struct model_target *live,
                          struct model_target *want)
{
    if (is_another_number(live, want)) {
        make_anew(plan, live, want);
        return;
    }
    change_words(plan, live, want);
    change_params(plan, live, want);
    plan_luns(plan, live, want);
    plan_access(plan, live, want);
    plan_maps(plan, live, want);
}

/* As tgt-admin does: behind the highest number there is. */
static void find_next_tid(struct plan *plan)
{
    const GPtrArray *lists[] = {plan->live->targets, plan->want->targets};
    for (unsigned k = 0; k < G_N_ELEMENTS(lists); k++)
        for (guint i = 0; i < lists[k]->len; i++) {
            const struct model_target *t = lists[k]->pdata[i];
            plan->next_tid = MAX(plan->next_tid, t->tid);
        }
}

void plan_targets(struct plan *plan)
{
    find_next_tid(plan);
    for (guint i = 0; i < plan->want->targets->len; i++) {
        struct model_target *want = plan->want->targets->pdata[i];
        const struct model_target *live = model_target(plan->live, want->name);
        if (live)
            change_target(plan, live, want);
        else
            add_target(plan, want);
    }
    for (guint i = 0; i < plan->live->targets->len; i++) {
        const struct model_target *live = plan->live->targets->pdata[i];
        if (!model_target(plan->want, live->name))
            remove_target(plan, live);
    }
}
