/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logical units of targets.conf: what is to become one, under which number, with which options. */
#ifndef TOOLS_ADMIN_LUNS_H
#define TOOLS_ADMIN_LUNS_H

#include "admin-run.h"

/* A target that is being made. */
struct making {
    struct run *run;
    const struct conf_block *target;
    const char *driver;
    char *tid;           /* as it was given, or the next number */
    GHashTable *numbers; /* texts of LUNs that are taken */
    GHashTable *by_path; /* the LUN that a path has been given */
};

struct lun {
    struct making *making;
    const char *kind; /* "backing-store" or "direct-store" */
    const char *path;
    const struct conf_block *block; /* NULL: a line, without options of its own */
    const char *number;
};

/* All of one kind, in order of their paths. */
bool luns_add(struct making *making, const char *kind);
/* LUNs that blocks ask for by number are not given to others. */
void luns_reserve(struct making *making);

/* admin-lun.c: the value of an option of this logical unit, its own or that of the target. NULL:
 * none. */
const char *lun_value(const struct lun *lun, const char *key);
/* Make it, with all that is set. */
bool lun_make(struct lun *lun);

#endif
