/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of the state directory: what must outlive the daemon. Each is replaced as a whole and on
 * disk before it counts. */
#ifndef CORE_STATE_H
#define CORE_STATE_H

#include <glib.h>
#include <stdbool.h>

/* Is there a state directory at all? */
bool state_kept(void);
/* Read `folder`/`name` of the state directory. NULL without error: there is no such file (or
 * nothing is kept). `name` is made safe as a file name. Any thread. */
char *state_read(const char *folder, const char *name, gsize *len, GError **error);
/* Replace it: tmp, fsync, rename, fsync of the folder. Blocks: not on an I/O thread. FALSE with
 * INVALID if nothing is kept. */
bool state_write(const char *folder, const char *name, const char *data, gsize len, GError **error);
/* Keep what is in the way, for a human to look at: renamed to NAME~damaged. */
bool state_set_aside(const char *folder, const char *name, GError **error);

#endif
