/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The logical units of a target as one nexus sees them, through the map of its initiator. */
#include "view.h"

#include "lu.h"
#include "lun-map.h"
#include "nexus.h"
#include "target.h"

struct core_lu *view_find(const struct tgt_nexus *nexus, uint16_t number, bool *read_only)
{
    struct lun_map_entry entry;
    if (!lun_maps_find(nexus->target->maps, nexus->initiator_key, number, &entry))
        return NULL;
    *read_only = entry.read_only;
    return target_lun(nexus->target, entry.lun);
}

struct visit {
    void (*fn)(uint16_t number, struct core_lu *lu, void *data);
    void *data;
};

static gboolean visit_unmapped(gpointer key, gpointer value, gpointer data)
{
    const struct visit *visit = data;
    visit->fn((uint16_t)GPOINTER_TO_UINT(key), value, visit->data);
    return FALSE;
}

static void visit_mapped(struct tgt_target *target, const GArray *entries,
                         const struct visit *visit)
{
    for (guint i = 0; i < entries->len; i++) {
        const struct lun_map_entry *entry = &g_array_index(entries, struct lun_map_entry, i);
        struct core_lu *lu = target_lun(target, entry->lun);
        if (lu != NULL)
            visit->fn(entry->as, lu, visit->data);
    }
}

void view_each(const struct tgt_nexus *nexus,
               void (*fn)(uint16_t number, struct core_lu *lu, void *data), void *data)
{
    struct tgt_target *target = nexus->target;
    struct visit visit = {fn, data};
    const GArray *entries = lun_maps_of(target->maps, nexus->initiator_key);
    if (entries != NULL)
        visit_mapped(target, entries, &visit);
    else if (lun_maps_open(target->maps))
        g_tree_foreach(target->luns, visit_unmapped, &visit);
}

bool view_has(const struct tgt_nexus *nexus, const struct core_lu *lu)
{
    return lun_maps_sees(nexus->target->maps, nexus->initiator_key, lu->lun);
}
