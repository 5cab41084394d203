/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of `lun set` share. */
#ifndef CORE_LU_SET_H
#define CORE_LU_SET_H

#include "lu.h"

/* lu-geometry.c: what initiators are told about the shape of the medium, beside its size. */
bool lu_set_physical(struct core_lu *lu, const char *value, GError **error);
bool lu_set_lowest_aligned(struct core_lu *lu, const char *value, GError **error);
bool lu_set_granularity(struct core_lu *lu, const char *value, GError **error);
bool lu_set_optimal_transfer(struct core_lu *lu, const char *value, GError **error);
bool lu_set_rotation(struct core_lu *lu, const char *value, GError **error);

/* lu-reload.c. `lu` is gone when `done` runs without an error. */
void lu_set_path(struct core_lu *lu, const char *path, void (*done)(GError *error, void *data),
                 void *data);

#endif
