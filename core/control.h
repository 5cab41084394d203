/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The control sockets: JSON-RPC 2.0, one object per line, for administrators (read and write) and
 * for monitoring (read only). */
#ifndef CORE_CONTROL_H
#define CORE_CONTROL_H

#include <glib.h>

struct control;

/* Listen on `path` (root or the daemon's user only) and on `path`-ro (read-only methods). A socket
 * file that nobody answers is replaced, one that somebody answers is refused with EXISTS. Main
 * thread. */
struct control *control_new(const char *path, GError **error);
/* Close sockets and clients. Methods under way end without a reply. NULL is fine. */
void control_free(struct control *control);

#endif
