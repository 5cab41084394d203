/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans: steps, their calls, and how they are shown. */
#include "plan.h"

#include <stdio.h>
#include <string.h>

/* ---- Calls ---- */

void plan_call_free(gpointer data)
{
    struct plan_call *call = data;
    json_decref(call->params);
    if (call->undo)
        g_ptr_array_unref(call->undo);
    g_free(call);
}

static struct plan_call *call_new(const char *method, json_t *params, enum plan_phase phase,
                                  struct conf_where where)
{
    struct plan_call *call = g_new(struct plan_call, 1);
    *call = (struct plan_call){method, params, phase, where, NULL};
    return call;
}

struct plan_call *plan_call(struct plan_step *step, enum plan_phase phase, const char *method,
                            json_t *params, struct conf_where where)
{
    struct plan_call *call = call_new(method, params, phase, where);
    g_ptr_array_add(step->calls, call);
    return call;
}

static GPtrArray *undo_of(struct plan_call *call)
{
    if (!call->undo)
        call->undo = g_ptr_array_new_with_free_func(plan_call_free);
    return call->undo;
}

void plan_undo(struct plan_call *call, const char *method, json_t *params)
{
    g_ptr_array_add(undo_of(call), call_new(method, params, call->phase, call->where));
}

static gint by_phase(gconstpointer a, gconstpointer b)
{
    return (int)(*(const struct plan_call *const *)a)->phase -
           (int)(*(const struct plan_call *const *)b)->phase;
}

/* g_ptr_array_sort() is stable: calls of a phase stay in order. */
void plan_undo_all(struct plan_call *call, GPtrArray *calls)
{
    g_ptr_array_sort(calls, by_phase);
    g_ptr_array_extend_and_steal(undo_of(call), calls);
}

/* ---- Steps ---- */

static void step_free(gpointer data)
{
    struct plan_step *step = data;
    g_free(step->target);
    g_free(step->text);
    g_free(step->remark);
    g_ptr_array_unref(step->calls);
    g_free(step);
}

struct plan_step *plan_step(struct plan *plan, enum plan_kind kind, const char *target,
                            const char *remark, const char *format, ...)
{
    struct plan_step *step = g_new0(struct plan_step, 1);
    va_list args;
    va_start(args, format);
    step->text = g_strdup_vprintf(format, args);
    va_end(args);
    step->kind = kind;
    step->target = g_strdup(target);
    step->remark = g_strdup(remark);
    step->calls = g_ptr_array_new_with_free_func(plan_call_free);
    g_ptr_array_add(plan->steps, step);
    return step;
}

void plan_hold(struct plan_step *step, const char *remark)
{
    g_free(step->remark);
    step->remark = g_strdup(remark);
    step->held = true;
}

struct plan *plan_new(struct model *live, struct model *want, bool prune, bool force)
{
    struct plan *plan = g_new0(struct plan, 1);
    plan->live = live;
    plan->want = want;
    plan->prune = prune;
    plan->force = force;
    plan->steps = g_ptr_array_new_with_free_func(step_free);
    plan_accounts(plan);
    plan_daemon(plan);
    plan_targets(plan);
    plan_forgotten_accounts(plan);
    return plan;
}

void plan_free(struct plan *plan)
{
    if (!plan)
        return;
    g_ptr_array_unref(plan->steps);
    g_free(plan);
}

bool plan_is_empty(const struct plan *plan)
{
    return plan->steps->len == 0;
}

unsigned plan_count(const struct plan *plan, enum plan_kind kind)
{
    unsigned count = 0;
    for (guint i = 0; i < plan->steps->len; i++)
        count += ((const struct plan_step *)plan->steps->pdata[i])->kind == kind;
    return count;
}

unsigned plan_held(const struct plan *plan, enum plan_kind kind)
{
    unsigned count = 0;
    for (guint i = 0; i < plan->steps->len; i++) {
        const struct plan_step *step = plan->steps->pdata[i];
        count += step->held && step->kind == kind;
    }
    return count;
}

unsigned plan_calls(const struct plan *plan)
{
    unsigned calls = 0;
    for (guint i = 0; i < plan->steps->len; i++) {
        const struct plan_step *step = plan->steps->pdata[i];
        calls += step->held ? 0 : step->calls->len;
    }
    return calls;
}

/* ---- For eyes ---- */

static void print_line(const char *indent, char kind, const char *text, const char *remark)
{
    if (remark)
        printf("%s%c %-*s  (%s)\n", indent, kind, 48 - (int)strlen(indent), text, remark);
    else
        printf("%s%c %s\n", indent, kind, text);
}

/* A target that is made or removed has a step of its own, which comes first. */
static void print_target(const struct plan_step *step)
{
    g_autofree char *text = g_strdup_printf("target %s", step->target);
    bool whole = *step->text == '\0';
    print_line("", whole ? step->kind : '~', text, whole ? step->remark : NULL);
}

void plan_print(const struct plan *plan)
{
    const char *last = NULL;
    for (guint i = 0; i < plan->steps->len; i++) {
        const struct plan_step *step = plan->steps->pdata[i];
        if (step->target && g_strcmp0(last, step->target) != 0)
            print_target(step);
        last = step->target;
        if (*step->text)
            print_line(step->target ? "    " : "", step->kind, step->text, step->remark);
    }
    unsigned removals = plan_held(plan, PLAN_REMOVE);
    printf("%u change%s, %u disruptive, %u removal%s held back\n", plan->steps->len - removals,
           plan->steps->len - removals == 1 ? "" : "s", plan_count(plan, PLAN_DISRUPT), removals,
           removals == 1 ? "" : "s");
}

json_t *plan_json(const struct plan *plan)
{
    json_t *list = json_array();
    for (guint i = 0; i < plan->steps->len; i++) {
        const struct plan_step *step = plan->steps->pdata[i];
        const char kind[] = {(char)step->kind, '\0'};
        json_t *o = json_pack("{s:s, s:b}", "kind", kind, "held", step->held);
        if (step->target)
            json_object_set_new(o, "target", json_string(step->target));
        if (*step->text)
            json_object_set_new(o, "text", json_string(step->text));
        if (step->remark)
            json_object_set_new(o, "remark", json_string(step->remark));
        json_array_append_new(list, o);
    }
    return list;
}
