/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Methods acl.map and acl.unmap: which logical units an initiator sees. */
#include "control-method.h"

#include <string.h>

#include "lun-map.h"
#include "name.h"
#include "target.h"
#include "view.h"

#define LUN_MAX 16383

static void append_entry(const char *initiator, const struct lun_map_entry *entry, void *data)
{
    json_array_append_new(data, json_pack("{s:s, s:i, s:i, s:b}", "initiator", initiator, "lun",
                                          (int)entry->lun, "as", (int)entry->as, "read_only",
                                          entry->read_only));
}

json_t *control_describe_maps(const struct tgt_target *target)
{
    json_t *list = json_array();
    lun_maps_each(target->maps, append_entry, list);
    return list;
}

/* The sessions that are open have it, too. */
static void in_force(void *data)
{
    control_end(data, NULL);
}

/* Ends the call: with the error, or when the initiator's open sessions follow the map. */
static void finish(struct control_call *call, struct tgt_target *target, const char *initiator,
                   GError *error)
{
    g_autofree char *name = name_prepare_initiator(initiator, NULL);
    control_about(call, "map");
    if (error)
        control_fail(call, error);
    else
        view_change(target, name, in_force, call);
}

static void acl_map_(struct control_call *call, const json_t *params)
{
    GError *error = NULL;
    struct tgt_target *target = control_target(call, params);
    if (!target)
        return;
    const char *number = json_object_get(params, "as") ? "as" : "lun";
    const char *initiator = control_text(params, "initiator");
    const struct lun_map_entry entry = {(uint16_t)control_uint(params, number),
                                        (uint16_t)control_uint(params, "lun"),
                                        control_bool(params, "read_only")};
    g_mutex_lock(&target->lock);
    lun_maps_set(target->maps, initiator, &entry, &error);
    g_mutex_unlock(&target->lock);
    finish(call, target, initiator, error);
}

static void acl_unmap_(struct control_call *call, const json_t *params)
{
    GError *error = NULL;
    struct tgt_target *target = control_target(call, params);
    if (!target)
        return;
    const char *initiator = control_text(params, "initiator");
    int lun = json_object_get(params, "lun") ? (int)control_uint(params, "lun") : -1;
    g_mutex_lock(&target->lock);
    lun_maps_remove(target->maps, initiator, lun, &error);
    g_mutex_unlock(&target->lock);
    finish(call, target, initiator, error);
}

#define TARGET    "target", CONTROL_STRING, true, "name, or @ and number, of the target"
#define INITIATOR "initiator", CONTROL_STRING, true, "name of an initiator"

const struct control_method control_map_methods[] = {
    {"acl.map",
     "Show a logical unit to an initiator, which then sees only those that are mapped to it; or "
     "change how it is shown",
     false,
     acl_map_,
     {{TARGET},
      {INITIATOR},
      {"lun", CONTROL_UINT, true, "logical unit number of the target", LUN_MAX},
      {"as", CONTROL_UINT, false, "number by which the initiator knows it; the same if missing",
       LUN_MAX},
      {"read_only", CONTROL_BOOL, false, "the initiator cannot write"}}},
    {"acl.unmap",
     "Hide a logical unit from an initiator again, or, without lun, give up its map",
     false,
     acl_unmap_,
     {{TARGET},
      {INITIATOR},
      {"lun", CONTROL_UINT, false, "logical unit number of the target", LUN_MAX}}},
    {0},
};
