/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compares which logical units initiators see. Whoever has a map never has none on the way: without
 * one he would see everything. */
#include <string.h>

#include "name.h"
#include "plan.h"

#define LUN_LAST 16383

static const struct conf_where nowhere = {0};

json_t *plan_mapping(const struct model_target *t, const struct model_map *map, int as)
{
    return json_pack("{s:s, s:s, s:i, s:i, s:b}", "target", t->name, "initiator", map->initiator,
                     "lun", (int)map->lun, "as", as < 0 ? (int)map->as : as, "read_only",
                     map->read_only);
}

static bool same_initiator(const struct model_map *a, const struct model_map *b)
{
    g_autofree char *x = name_prepare_initiator(a->initiator, NULL);
    g_autofree char *y = name_prepare_initiator(b->initiator, NULL);
    return g_strcmp0(x, y) == 0;
}

/* The entry for the same logical unit. */
static const struct model_map *find(const struct model_target *t, const struct model_map *map)
{
    for (guint i = 0; i < t->maps->len; i++) {
        const struct model_map *m = t->maps->pdata[i];
        if (m->lun == map->lun && same_initiator(m, map))
            return m;
    }
    return NULL;
}

static bool has_any(const struct model_target *t, const struct model_map *map)
{
    for (guint i = 0; i < t->maps->len; i++)
        if (same_initiator(t->maps->pdata[i], map))
            return true;
    return false;
}

static bool is_same(const struct model_map *a, const struct model_map *b)
{
    return a && b && a->as == b->as && a->read_only == b->read_only;
}

/* Does another logical unit want its number? */
static bool is_in_the_way(const struct model_map *old, const struct model_target *want)
{
    for (guint i = 0; i < want->maps->len; i++) {
        const struct model_map *m = want->maps->pdata[i];
        if (m->as == old->as && m->lun != old->lun && same_initiator(m, old))
            return true;
    }
    return false;
}

static struct plan_step *step_for(struct plan *plan, enum plan_kind kind, const char *target,
                                  const struct model_map *map)
{
    return plan_step(plan, kind, target, NULL, "lun-map %s %u %u%s", map->initiator, map->lun,
                     map->as, map->read_only ? " read-only" : "");
}

static json_t *unmapping(const struct model_target *t, const struct model_map *map, bool whole)
{
    json_t *params = json_pack("{s:s, s:s}", "target", t->name, "initiator", map->initiator);
    if (!whole)
        json_object_set_new(params, "lun", json_integer(map->lun));
    return params;
}

/* To a number that nobody wants; returns it. */
static int move_away(struct plan_step *step, const struct model_target *live, guint index)
{
    const struct model_map *old = live->maps->pdata[index];
    int free_number = LUN_LAST - (int)index;
    plan_undo(
        plan_call(step, PHASE_REMOVE, "acl.map", plan_mapping(live, old, free_number), nowhere),
        "acl.map", plan_mapping(live, old, -1));
    return free_number;
}

/* The last entry goes with the whole map. */
static void remove_map(struct plan *plan, const struct model_target *live,
                       const struct model_target *want, guint index, bool in_the_way)
{
    const struct model_map *old = live->maps->pdata[index];
    struct plan_step *step = step_for(plan, PLAN_REMOVE, live->name, old);
    bool last = true;
    for (guint i = index + 1; i < live->maps->len; i++)
        last = last && !same_initiator(live->maps->pdata[i], old);
    int as = in_the_way ? move_away(step, live, index) : -1;
    bool whole = last && !has_any(want, old);
    plan_undo(plan_call(step, PHASE_FORBID, "acl.unmap", unmapping(live, old, whole), nowhere),
              "acl.map", plan_mapping(live, old, as));
}

static void change_map(struct plan *plan, const struct model_target *live, guint index,
                       const struct model_map *new, bool in_the_way)
{
    const struct model_map *old = live->maps->pdata[index];
    struct plan_step *step = step_for(plan, PLAN_CHANGE, live->name, new);
    int as = in_the_way ? move_away(step, live, index) : -1;
    plan_undo(plan_call(step, PHASE_MAP, "acl.map", plan_mapping(live, new, -1), new->where),
              "acl.map", plan_mapping(live, old, as));
}

/* A map that is new is undone as a whole, by its first entry. */
static void add_map(struct plan *plan, const struct model_target *live,
                    const struct model_target *want, guint index)
{
    const struct model_map *new = want->maps->pdata[index];
    struct plan_step *step = step_for(plan, PLAN_ADD, live->name, new);
    struct plan_call *call =
        plan_call(step, PHASE_MAP, "acl.map", plan_mapping(live, new, -1), new->where);
    bool whole = !has_any(live, new), first = true;
    for (guint i = 0; i < index; i++)
        first = first && !same_initiator(want->maps->pdata[i], new);
    if (!whole || first)
        plan_undo(call, "acl.unmap", unmapping(live, new, whole));
}

void plan_maps(struct plan *plan, const struct model_target *live, const struct model_target *want)
{
    for (guint i = 0; i < live->maps->len; i++) {
        const struct model_map *old = live->maps->pdata[i], *new = find(want, old);
        bool in_the_way = is_in_the_way(old, want);
        if (!new)
            remove_map(plan, live, want, i, in_the_way);
        else if (!is_same(old, new))
            change_map(plan, live, i, new, in_the_way);
    }
    for (guint i = 0; i < want->maps->len; i++) {
        if (!find(live, want->maps->pdata[i]))
            add_map(plan, live, want, i);
    }
}
