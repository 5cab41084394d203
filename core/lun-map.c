/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LUN maps: the entries of initiators, sorted by the numbers that these use. */
#include "lun-map.h"

#include <string.h>

#include "error.h"
#include "name.h"

struct lun_maps {
    GHashTable *by_initiator; /* prepared name -> GArray of struct lun_map_entry, never empty */
    bool none;                /* initiators without entries see nothing */
};

struct lun_maps *lun_maps_new(void)
{
    struct lun_maps *maps = g_new0(struct lun_maps, 1);
    maps->by_initiator = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                               (GDestroyNotify)(void (*)(void))g_array_unref);
    return maps;
}

void lun_maps_free(struct lun_maps *maps)
{
    if (maps == NULL)
        return;
    g_hash_table_unref(maps->by_initiator);
    g_free(maps);
}

static struct lun_map_entry *at(const GArray *entries, guint i)
{
    return &g_array_index(entries, struct lun_map_entry, i);
}

/* ---- Changing ---- */

static int index_of(const GArray *entries, int lun)
{
    for (guint i = 0; entries != NULL && i < entries->len; i++)
        if (at(entries, i)->lun == lun)
            return (int)i;
    return -1;
}

/* The index of the entry with this number, or where it would stand. */
static guint place_of(const GArray *entries, uint16_t number)
{
    guint low = 0, high = entries->len;
    while (low < high) {
        guint middle = (low + high) / 2;
        if (at(entries, middle)->as < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const GArray *entries, guint place, uint16_t number)
{
    return place < entries->len && at(entries, place)->as == number;
}

static bool number_free(const GArray *entries, const char *initiator,
                        const struct lun_map_entry *entry, GError **error)
{
    guint place = entries != NULL ? place_of(entries, entry->as) : 0;
    if (entries == NULL || !is_at(entries, place, entry->as) ||
        at(entries, place)->lun == entry->lun)
        return true;
    g_set_error(error, CORE_ERROR, CORE_ERROR_EXISTS, "'%s' knows LUN %u as %u already", initiator,
                at(entries, place)->lun, entry->as);
    return false;
}

bool lun_maps_set(struct lun_maps *maps, const char *initiator, const struct lun_map_entry *entry,
                  GError **error)
{
    g_autofree char *name = name_prepare_initiator(initiator, error);
    GArray *entries = name ? g_hash_table_lookup(maps->by_initiator, name) : NULL;
    if (name == NULL || !number_free(entries, name, entry, error))
        return false;
    if (entries == NULL) {
        entries = g_array_new(FALSE, FALSE, sizeof *entry);
        g_hash_table_insert(maps->by_initiator, g_steal_pointer(&name), entries);
    }
    int old = index_of(entries, entry->lun);
    if (old >= 0)
        g_array_remove_index(entries, (guint)old);
    g_array_insert_vals(entries, place_of(entries, entry->as), entry, 1);
    return true;
}

static bool may_remove(const struct lun_maps *maps, const GArray *entries, const char *initiator,
                       int lun, GError **error)
{
    if (entries == NULL || (lun >= 0 && index_of(entries, lun) < 0)) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_NOT_FOUND, "'%s' has no map%s", initiator,
                    entries ? " entry for this LUN" : "");
        return false;
    }
    if (lun >= 0 && entries->len == 1 && !maps->none) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_BUSY,
                    "without its last map entry '%s' would see all LUNs: remove its whole map to "
                    "have that, or set lun_default=none",
                    initiator);
        return false;
    }
    return true;
}

bool lun_maps_remove(struct lun_maps *maps, const char *initiator, int lun, GError **error)
{
    g_autofree char *name = name_prepare_initiator(initiator, error);
    GArray *entries = name ? g_hash_table_lookup(maps->by_initiator, name) : NULL;
    if (name == NULL || !may_remove(maps, entries, name, lun, error))
        return false;
    if (lun >= 0 && entries->len > 1)
        g_array_remove_index(entries, (guint)index_of(entries, lun));
    else
        g_hash_table_remove(maps->by_initiator, name);
    return true;
}

bool lun_maps_set_default(struct lun_maps *maps, const char *value, GError **error)
{
    bool none = strcmp(value, "none") == 0;
    if (!none && strcmp(value, "all") != 0) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                    "lun_default says what initiators without a map see: 'all' or 'none', not '%s'",
                    value);
        return false;
    }
    maps->none = none;
    return true;
}

bool lun_maps_open(const struct lun_maps *maps)
{
    return !maps->none;
}

const char *lun_maps_default(const struct lun_maps *maps)
{
    return maps->none ? "none" : "all";
}

/* ---- Reading ---- */

void lun_maps_each(const struct lun_maps *maps,
                   void (*fn)(const char *initiator, const struct lun_map_entry *entry, void *data),
                   void *data)
{
    GList *names = g_list_sort(g_hash_table_get_keys(maps->by_initiator), (GCompareFunc)strcmp);
    for (GList *n = names; n != NULL; n = n->next) {
        const GArray *entries = g_hash_table_lookup(maps->by_initiator, n->data);
        for (guint i = 0; i < entries->len; i++)
            fn(n->data, at(entries, i), data);
    }
    g_list_free(names);
}

const GArray *lun_maps_of(const struct lun_maps *maps, const char *initiator)
{
    return g_hash_table_lookup(maps->by_initiator, initiator);
}

bool lun_maps_find(const struct lun_maps *maps, const char *initiator, uint16_t number,
                   struct lun_map_entry *entry)
{
    const GArray *entries = lun_maps_of(maps, initiator);
    *entry = (struct lun_map_entry){number, number, false};
    if (entries == NULL)
        return !maps->none;
    guint place = place_of(entries, number);
    if (!is_at(entries, place, number))
        return false;
    *entry = *at(entries, place);
    return true;
}

bool lun_maps_sees(const struct lun_maps *maps, const char *initiator, uint16_t lun)
{
    if (g_hash_table_size(maps->by_initiator) == 0)
        return !maps->none; /* without a look at the name */
    const GArray *entries = lun_maps_of(maps, initiator);
    return entries != NULL ? index_of(entries, lun) >= 0 : !maps->none;
}
