/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The targets configuration, applied by the client: tgtctl config apply FILE, as a child. */
#ifndef CORE_APPLYING_H
#define CORE_APPLYING_H

#include <glib.h>

struct applying;

/* Start the child; it talks to the control socket like everybody else. What it prints is logged.
 * `done` comes from the main loop, never from within this call; `error` is passed on, NULL: all has
 * been applied. NULL: the child could not be started, and `done` is not called. Main thread. */
struct applying *applying_new(const char *file, void (*done)(GError *error, void *data), void *data,
                              GError **error);
/* End the child, if it still runs; `done` is not called any more. NULL is fine. */
void applying_stop(struct applying *applying);

#endif
