/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The management socket of tgt, for tgtadm programs that are not ours. */
#ifndef CORE_CONTROL_LEGACY_H
#define CORE_CONTROL_LEGACY_H

#include <glib.h>

struct control;
struct legacy_door;

/* Listen on `path`; who may come in is served by threads, through `control` like any other client.
 * Refused with EXISTS if another daemon, also one of tgt, has the lock. Main thread. */
struct legacy_door *legacy_door_new(const char *path, struct control *control, GError **error);
/* Let nobody in any more. NULL is fine. */
void legacy_door_close(struct legacy_door *door);
/* Wait for the visits under way; to be called when their calls have ended. NULL is fine. */
void legacy_door_free(struct legacy_door *door);
/* Give the lock back: another daemon may have the socket. NULL is fine. */
void legacy_door_unlock(struct legacy_door *door);

#endif
