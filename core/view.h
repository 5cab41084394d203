/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a nexus sees of the logical units of its target. The caller holds the target's lock. */
#ifndef CORE_VIEW_H
#define CORE_VIEW_H

#include <stdbool.h>
#include <stdint.h>

struct core_lu;
struct tgt_nexus;
struct tgt_target;

/* The logical unit that the nexus knows by this number; NULL: none. */
struct core_lu *view_find(const struct tgt_nexus *nexus, uint16_t number, bool *read_only);
/* All that it sees, in order of its numbers. */
void view_each(const struct tgt_nexus *nexus,
               void (*fn)(uint16_t number, struct core_lu *lu, void *data), void *data);
bool view_has(const struct tgt_nexus *nexus, const struct core_lu *lu);

/* view-change.c. The maps of the target have changed, for all initiators or (not NULL) one: I_T_Ls
 * that open sessions should not have any more end, their commands are aborted, and REPORTED LUNS
 * DATA HAS CHANGED is established for the others. `done` (may be NULL) on the main thread, at
 * the earliest from within the call: no command runs any more on what the maps do not show; writes
 * to what became read-only may still end. Main thread, without the lock. */
void view_change(struct tgt_target *target, const char *initiator, void (*done)(void *data),
                 void *data);

#endif
