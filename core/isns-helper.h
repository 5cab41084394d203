/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process tgt-isns: started, started again when it fails, ended. */
#ifndef CORE_ISNS_HELPER_H
#define CORE_ISNS_HELPER_H

#include <glib.h>
#include <stdbool.h>

#include "isns.h"

struct helper;

/* Descriptors that the helper finds. */
enum {
    ISNS_FD_CONTROL = 3, /* a connection to the daemon: methods that change nothing, and isns.*. Its
                            end is the order to deregister and to end */
    ISNS_FD_CHANGED = 4, /* eventfd: look at targets, portals and settings again */
};

/* `say` is told how it stands; on the main thread, like all of this. */
struct helper *helper_new(void (*say)(enum isns_state state, const char *detail, void *data),
                          void *data);
/* Have one that runs, or none. One that runs and is `other` than it should be, ends first. */
void helper_want(struct helper *helper, bool wanted, bool other);
void helper_changed(struct helper *helper);
bool helper_runs(const struct helper *helper);
void helper_free(struct helper *helper); /* kills what is left; NULL is fine */

#endif
