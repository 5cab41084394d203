/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files behind the methods stats.* share. */
#ifndef CORE_CONTROL_STATS_H
#define CORE_CONTROL_STATS_H

#include "control-method.h"

/* target, tid, lun, and bs where there is a store. */
json_t *stats_place(const struct core_lu *lu);
/* Each logical unit, or each of one target. */
void stats_each_lun(const struct tgt_target *only, GTraverseFunc fn, void *data);

unsigned stats_count_luns(const struct tgt_target *only);

/* Which logical units a call is about; NULL: all. */
struct stats_scope {
    const struct tgt_target *target;
    const struct core_lu *lu;
};

/* From "target" and "lun"; false: the call has ended. */
bool stats_find_scope(struct control_call *call, const json_t *params, struct stats_scope *scope);
bool stats_concerns(const struct stats_scope *scope, const struct core_lu *lu);

/* control-histogram.c, control-metrics.c */
void stats_histogram_(struct control_call *call, const json_t *params);
void stats_reset_(struct control_call *call, const json_t *params);
void stats_metrics_(struct control_call *call, const json_t *params);

#endif
