/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compares the logical units of a target. */
#include <string.h>

#include "plan.h"

static json_t *lun_params(const struct model_target *t, unsigned number)
{
    return json_pack("{s:s, s:i}", "target", t->name, "lun", (int)number);
}

/* tgt's serial numbers have 36 characters at most; it takes the beginning of longer ones. */
static void know_identity(struct model_lun *lun, const char *identity)
{
    if (!lun->value[LUN_IDENTITY])
        model_lun_set(lun, LUN_IDENTITY, identity);
    const char *serial = lun->value[LUN_SERIAL];
    if (!serial || strcmp(lun->value[LUN_IDENTITY], "legacy") != 0)
        return;
    g_autofree char *cut = model_beginning(serial, 36);
    model_lun_set(lun, LUN_SERIAL, cut);
}

/* ---- Making one ---- */

static json_t *create_value(const struct model_lun_row *row, const char *value)
{
    if (row->kind == MODEL_NUMBER)
        return json_integer((json_int_t)g_ascii_strtoull(value, NULL, 10));
    if (row->kind == MODEL_ONE_ZERO)
        return json_boolean(strcmp(value, "yes") == 0);
    return json_string(value);
}

static json_t *create_params(const struct model_target *t, const struct model_lun *lun)
{
    json_t *params = lun_params(t, lun->number), *options = json_array();
    const char *bs = model_lun_bs(lun), *identity = lun->value[LUN_IDENTITY];
    for (guint i = 0; i < lun->options->len; i++)
        json_array_append_new(options, json_string(lun->options->pdata[i]));
    json_object_set_new(params, "options", options);
    for (unsigned key = 0; key < LUN_KEYS; key++)
        if (model_lun_rows[key].create && lun->value[key])
            json_object_set_new(params, model_lun_rows[key].create,
                                create_value(&model_lun_rows[key], lun->value[key]));
    if (bs)
        json_object_set_new(params, "bs", json_string(bs));
    if (lun->path)
        json_object_set_new(params, "path", json_string(lun->path));
    if (!bs && !lun->value[LUN_REMOVABLE])
        json_object_set_new(params, "removable", json_true());
    json_object_set_new(params, "legacy", json_boolean(g_strcmp0(identity, "legacy") == 0));
    return params;
}

/* For lun.set: the words of its keys. */
static const char *set_value(enum model_lun_key key, const char *value)
{
    if (key == LUN_SENSE_FORMAT)
        return strcmp(value, "yes") == 0 ? "descriptor" : "fixed";
    return value;
}

static json_t *set_params(const struct model_target *t, unsigned number, const char *key,
                          const char *value)
{
    json_t *params = lun_params(t, number);
    json_object_set_new(params, "values", json_pack("{s:s}", key, value));
    return params;
}

static void call_pages(struct plan_step *step, const struct model_target *t,
                       const struct model_lun *lun)
{
    for (guint i = 0; i < lun->mode_pages->len; i++)
        plan_call(step, PHASE_MODE_PAGE, "lun.set",
                  set_params(t, lun->number, "mode-page", lun->mode_pages->pdata[i]), lun->where);
}

/* What lun.create does not take, if it is not what it is anyway. */
static void call_values(struct plan_step *step, const struct model_target *t,
                        const struct model_lun *lun)
{
    json_t *values = json_object();
    for (unsigned key = 0; key < LUN_KEYS; key++) {
        const struct model_lun_row *row = &model_lun_rows[key];
        const char *value = lun->value[key];
        g_autofree char *def = model_lun_default(lun, key, t->tid);
        if (row->create || !row->set || !value || g_strcmp0(value, def) == 0)
            continue;
        json_object_set_new(values, row->set, json_string(set_value(key, value)));
    }
    json_t *params = lun_params(t, lun->number);
    bool any = json_object_size(values) > 0;
    json_object_set_new(params, "values", values);
    if (any)
        plan_call(step, PHASE_LUN_SET, "lun.set", params, lun->where);
    else
        json_decref(params);
}

void plan_lun_calls(struct plan_step *step, const struct model_target *t,
                    const struct model_lun *lun)
{
    struct plan_call *create =
        plan_call(step, PHASE_LUN, "lun.create", create_params(t, lun), lun->where);
    plan_undo(create, "lun.delete", lun_params(t, lun->number));
    call_pages(step, t, lun);
    call_values(step, t, lun);
}

static const char *name_of_store(const struct model_lun *lun)
{
    return lun->path ? lun->path : model_lun_bs(lun) ? model_lun_bs(lun) : "no medium";
}

/* ---- Removing one ---- */

/* It can be made again with the same identity. */
static void call_delete(struct plan_step *step, const struct model_target *t,
                        const struct model_lun *lun)
{
    struct plan_call *call = plan_call(step, PHASE_REMOVE, "lun.delete", lun_params(t, lun->number),
                                       (struct conf_where){0});
    struct plan_step again = {.calls = g_ptr_array_new_with_free_func(plan_call_free)};
    plan_lun_calls(&again, t, lun);
    plan_undo_all(call, again.calls);
}

static void remove_lun(struct plan *plan, const struct model_target *t, const struct model_lun *lun)
{
    struct plan_step *step = plan_step(plan, PLAN_REMOVE, t->name, "data stay",
                                       "lun %u  backing-store %s", lun->number, name_of_store(lun));
    call_delete(step, t, lun);
    if (!plan->prune)
        plan_hold(step, "only with --prune");
    else if (lun->users > 0 && !plan->force)
        plan_hold(step, "initiators use it: only with --force");
}

/* ---- Changing one ---- */

/* What the file does not say about its identity is as it is. */
static void complete(struct model_lun *want, const struct model_lun *live)
{
    know_identity(want, live->value[LUN_IDENTITY]);
    want->cached = live->cached;
    if (!want->value[LUN_UUID] && strcmp(want->value[LUN_IDENTITY], "uuid") == 0)
        model_lun_set(want, LUN_UUID, live->value[LUN_UUID]);
}

static bool same_options(const GPtrArray *a, const GPtrArray *b)
{
    if (a->len != b->len)
        return false;
    for (guint i = 0; i < a->len; i++)
        if (!model_has(b, a->pdata[i]))
            return false;
    return true;
}

static bool differs(const struct model_lun *live, const struct model_lun *want,
                    enum model_lun_key key, unsigned tid)
{
    g_autofree char *value = model_lun_value(want, key, tid);
    if (!value || !live->value[key])
        return key == LUN_BS && value != live->value[key];
    return g_ascii_strcasecmp(value, live->value[key]) != 0;
}

static const char *shown(enum model_lun_key key, const char *value)
{
    bool yes = g_strcmp0(value, "yes") == 0;
    if (!value)
        return "none";
    if (model_lun_rows[key].kind == MODEL_ON_OFF)
        return yes ? "on" : "off";
    return model_lun_rows[key].kind == MODEL_ONE_ZERO ? yes ? "1" : "0" : value;
}

/* "KEY OLD -> NEW, …" of all that has to be made anew for. */
static char *reasons_to_make_anew(const struct model_lun *live, const struct model_lun *want,
                                  unsigned tid)
{
    GString *s = g_string_new(NULL);
    if (g_strcmp0(live->path, want->path) != 0)
        g_string_append_printf(s, ", backing-store %s -> %s", name_of_store(live),
                               name_of_store(want));
    if (!same_options(live->options, want->options))
        g_string_append(s, ", other bsopts");
    for (unsigned key = 0; key < LUN_KEYS; key++) {
        const struct model_lun_row *row = &model_lun_rows[key];
        bool anew = row->change == MODEL_ANEW || (row->change == MODEL_IDENTITY && live->users > 0);
        g_autofree char *value = model_lun_value(want, key, tid);
        if (anew && differs(live, want, key, tid))
            g_string_append_printf(s, ", %s %s -> %s", row->directive, shown(key, live->value[key]),
                                   shown(key, value));
    }
    if (s->len == 0)
        return g_string_free(s, TRUE), NULL;
    g_string_erase(s, 0, 2);
    return g_string_free(s, FALSE);
}

static void make_anew(struct plan *plan, const struct model_target *t, const struct model_lun *live,
                      const struct model_lun *want, const char *reasons)
{
    bool used = live->users > 0;
    struct plan_step *step = plan_step(plan, used ? PLAN_DISRUPT : PLAN_CHANGE, t->name,
                                       "is made anew", "lun %u  %s", want->number, reasons);
    call_delete(step, t, live);
    plan_lun_calls(step, t, want);
    g_autofree char *remark =
        g_strdup_printf("is made anew, %u initiator%s would notice: only with --force", live->users,
                        live->users == 1 ? "" : "s");
    if (used && !plan->force)
        plan_hold(step, remark);
}

static void change_value(struct plan *plan, const struct model_target *t,
                         const struct model_lun *live, const struct model_lun *want,
                         enum model_lun_key key)
{
    const struct model_lun_row *row = &model_lun_rows[key];
    g_autofree char *value = model_lun_value(want, key, t->tid);
    struct plan_step *step =
        plan_step(plan, PLAN_CHANGE, t->name, "online change", "lun %u  %s %s -> %s", want->number,
                  row->directive, shown(key, live->value[key]), shown(key, value));
    struct plan_call *call =
        plan_call(step, PHASE_LUN_SET, "lun.set",
                  set_params(t, want->number, row->set, set_value(key, value)), want->where);
    plan_undo(call, "lun.set",
              set_params(t, want->number, row->set, set_value(key, live->value[key])));
}

/* Another page of the same number, which it replaces. */
static const char *same_page(const GPtrArray *pages, const char *page)
{
    const char *colon = strchr(strchr(page, ':') + 1, ':');
    for (guint i = 0; i < pages->len; i++)
        if (strncmp(pages->pdata[i], page, colon - page + 1) == 0)
            return pages->pdata[i];
    return NULL;
}

static void change_pages(struct plan *plan, const struct model_target *t,
                         const struct model_lun *live, const struct model_lun *want)
{
    for (guint i = 0; i < want->mode_pages->len; i++) {
        const char *page = want->mode_pages->pdata[i], *old = same_page(live->mode_pages, page);
        if (g_strcmp0(page, old) == 0)
            continue;
        struct plan_step *step = plan_step(plan, PLAN_CHANGE, t->name, "online change",
                                           "lun %u  mode_page %s", want->number, page);
        struct plan_call *call =
            plan_call(step, PHASE_LAST, "lun.set", set_params(t, want->number, "mode-page", page),
                      want->where);
        if (old)
            plan_undo(call, "lun.set", set_params(t, want->number, "mode-page", old));
    }
}

static void change_lun(struct plan *plan, const struct model_target *t,
                       const struct model_lun *live, struct model_lun *want)
{
    complete(want, live);
    g_autofree char *reasons = reasons_to_make_anew(live, want, t->tid);
    if (reasons) {
        make_anew(plan, t, live, want, reasons);
        return;
    }
    for (unsigned key = 0; key < LUN_KEYS; key++)
        if (model_lun_rows[key].set && differs(live, want, key, t->tid))
            change_value(plan, t, live, want, key);
    change_pages(plan, t, live, want);
}

static void add_lun(struct plan *plan, const struct model_target *t, struct model_lun *lun)
{
    know_identity(lun, t->legacy ? "legacy" : "uuid");
    struct plan_step *step = plan_step(plan, PLAN_ADD, t->name, NULL, "lun %u  backing-store %s",
                                       lun->number, name_of_store(lun));
    plan_lun_calls(step, t, lun);
    if (lun->absent)
        plan_hold(step, "its file is not there");
}

void plan_luns(struct plan *plan, const struct model_target *live, struct model_target *want)
{
    for (guint i = 0; i < want->luns->len; i++) {
        struct model_lun *lun = want->luns->pdata[i];
        const struct model_lun *old = live ? model_lun(live, lun->number) : NULL;
        if (old)
            change_lun(plan, live, old, lun);
        else
            add_lun(plan, live ? live : want, lun);
    }
    for (guint i = 0; live && i < live->luns->len; i++) {
        const struct model_lun *lun = live->luns->pdata[i];
        if (!model_lun(want, lun->number))
            remove_lun(plan, live, lun);
    }
}
