/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a service manager is told all the time: how much is served, and that the daemon is alive. */
#ifndef CORE_STATUS_H
#define CORE_STATUS_H

struct status;

/* Begins to tell. NULL: nobody wants to know. Main thread. */
struct status *status_new(void);
void status_free(struct status *status); /* NULL is fine */

#endif
