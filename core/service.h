/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon as a service: it becomes ready, is reloaded, ends, and tells its manager. */
#ifndef CORE_SERVICE_H
#define CORE_SERVICE_H

struct options;

/* Serve until a signal or system.shutdown ends it; the exit status. `ready_fd`: of detach(), or -1.
 */
int service_run(struct options *options, int ready_fd);

#endif
