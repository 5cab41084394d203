/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Transports on the I/O threads: attached to all of them at the first portal, until the end. */
#ifndef CORE_PORTAL_ATTACH_H
#define CORE_PORTAL_ATTACH_H

#include <glib.h>
#include <stdbool.h>

struct plugin;

/* Attach the transport, unless it is among `attached` (struct plugin, one user each). Takes over a
 * user of it. Main thread. */
bool attached_add(GPtrArray *attached, struct plugin *transport, GError **error);
/* Detach them all. All nexuses are closed. */
void attached_free(GPtrArray *attached);

#endif
