/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ends of asynchronous requests of the control path, which never come from within the call that
 * started them. */
#ifndef CORE_LATER_H
#define CORE_LATER_H

#include <glib.h>

/* Call `done` with `error` (passed on, may be NULL) and `data` in the next turn of the main loop.
 * Main thread. */
void later(void (*done)(GError *error, void *data), GError *error, void *data);

#endif
