/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LUN maps of a target: which logical units an initiator sees, by which numbers, and whether it may
 * write to them. */
#ifndef CORE_LUN_MAP_H
#define CORE_LUN_MAP_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* An initiator without entries sees all logical units by their own numbers, or none: that is the
 * default of the target. One with entries sees what they say. They go by the numbers of logical
 * units, which need not be there (yet, or any more): what is deleted does not open a map. */
struct lun_maps;

struct lun_map_entry {
    uint16_t as;  /* the number by which the initiator knows it */
    uint16_t lun; /* its own */
    bool read_only;
};

struct lun_maps *lun_maps_new(void);
void lun_maps_free(struct lun_maps *maps);
/* Make the initiator's entry for entry->lun, or change it. EXISTS: the number stands for another.
 */
bool lun_maps_set(struct lun_maps *maps, const char *initiator, const struct lun_map_entry *entry,
                  GError **error);
/* `lun` < 0: all entries of the initiator. NOT_FOUND; BUSY: one that is the last would open all
 * others to the initiator. */
bool lun_maps_remove(struct lun_maps *maps, const char *initiator, int lun, GError **error);
/* "all", as at first, or "none". INVALID. */
bool lun_maps_set_default(struct lun_maps *maps, const char *value, GError **error);
const char *lun_maps_default(const struct lun_maps *maps);

/* In order of initiators and their numbers. */
void lun_maps_each(const struct lun_maps *maps,
                   void (*fn)(const char *initiator, const struct lun_map_entry *entry, void *data),
                   void *data);
/* struct lun_map_entry of an initiator (a prepared name) in order of its numbers; NULL: it has
 * none, and the default holds. */
const GArray *lun_maps_of(const struct lun_maps *maps, const char *initiator);
/* What the number stands for. False: for nothing. */
bool lun_maps_find(const struct lun_maps *maps, const char *initiator, uint16_t number,
                   struct lun_map_entry *entry);
/* Does an initiator without entries see anything? */
bool lun_maps_open(const struct lun_maps *maps);
/* Does the initiator see this one by any number? */
bool lun_maps_sees(const struct lun_maps *maps, const char *initiator, uint16_t lun);

#endif
