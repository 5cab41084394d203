/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Listening sockets that were there before this daemon: kept by the service manager from the daemon
 * before, or opened by it (sd_listen_fds(3)). */
#ifndef CORE_INHERITED_H
#define CORE_INHERITED_H

#include "portal-where.h"

struct inherited;

/* Takes LISTEN_FDS and its sisters out of the environment. NULL: there are none. Before threads and
 * children are made. */
struct inherited *inherited_new(void);
/* Closes what nobody has taken. NULL is fine. */
void inherited_free(struct inherited *inherited);
/* The socket that was kept under `name`, or one without such a name that listens at `where`; it is
 * the caller's now. -1: there is none; then those that are in the way of a new one listen no more.
 * `inherited` may be NULL. Main thread, as all here. */
int inherited_take(struct inherited *inherited, const char *name, const struct where *where);
/* All portals are open: what is left is wanted no more, here or in the service manager. */
void inherited_drop(struct inherited *inherited);

#endif
