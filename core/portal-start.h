/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The portals that the command line asks for. */
#ifndef CORE_PORTAL_START_H
#define CORE_PORTAL_START_H

#include <glib.h>
#include <stdbool.h>

/* Open them: struct transport_option. Where iSCSI is not told to listen, it does so everywhere. */
bool portals_start(const GPtrArray *transports, GError **error);

#endif
