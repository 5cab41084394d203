/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the daemon takes logins, and how it gets rid of all sessions. */
#ifndef CORE_SYSTEM_H
#define CORE_SYSTEM_H

#include <glib.h>
#include <stdbool.h>

#include "farewell.h"

/* X(NAME, word): only READY takes logins. */
#define SYSTEM_STATE_LIST(X)                                                                       \
    X(READY, "ready")                                                                              \
    X(OFFLINE, "offline")   /* the admin wants it so; sessions stay */                             \
    X(DRAINING, "draining") /* initiators are asked to log out, or have been */

enum system_state {
#define X(name, word) SYSTEM_##name,
    SYSTEM_STATE_LIST(X)
#undef X
};

/* Any thread. */
enum system_state system_state(void);
const char *system_state_name(enum system_state state);
/* Main thread. True: it is the name of a state that an admin may set (ready, offline). */
bool system_set_state(const char *name, GError **error);

/* No more logins, and all sessions are told farewell within `seconds`. BUSY: a drain is under way.
 * Main thread. */
bool system_drain(unsigned seconds, farewell_done *done, void *data, GError **error);
/* Do not wait any more: what is left is dropped now. */
void system_drain_hasten(void);
/* The drain under way, NULL: none. */
const struct farewell *system_draining(void);
/* Logins again; sessions that have been asked are not dropped any more. */
void system_undrain(void);

#endif
