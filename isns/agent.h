/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one who keeps a server in step with the daemon. */
#ifndef ISNS_AGENT_H_
#define ISNS_AGENT_H_

/* Until the daemon closes `control`; then all is deregistered. `changed`: eventfd, readable when
 * the daemon has something new. Exit status. */
int agent_run(int control, int changed);

#endif
