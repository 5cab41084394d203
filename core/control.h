/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The control sockets: JSON-RPC 2.0, one object per line, for administrators (read and write) and
 * for monitoring (read only). */
#ifndef CORE_CONTROL_H
#define CORE_CONTROL_H

#include <glib.h>
#include <stdbool.h>

struct control;
struct control_call;

/* Listen on `path` (root or the daemon's user only) and on `path`-ro (read-only methods). A socket
 * file that nobody answers is replaced, one that somebody answers is refused with EXISTS. Main
 * thread. */
struct control *control_new(const char *path, GError **error);
/* Listen on tgt's management socket, too, for tgtadm programs of tgt itself. Main thread. */
bool control_add_legacy(struct control *control, const char *path, GError **error);
/* A connection as an administrator for a thread of ours: its end, which may block; -1: there is
 * none to be had. Main thread. */
int control_inside(struct control *control);
/* Let nobody in any more, and take no more requests; calls under way are still answered. The lock
 * is kept: what is served may not be served by another daemon yet. NULL is fine. */
void control_close(struct control *control);
/* Answer this call when all is over: whoever gets the answer can start another daemon. */
void control_answer_last(struct control *control, struct control_call *call);
/* Close what is left, give the lock back, answer who waits for that. Calls under way end without a
 * reply. NULL is fine. */
void control_free(struct control *control);

#endif
