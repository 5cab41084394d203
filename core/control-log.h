/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who follows the log through the control socket. */
#ifndef CORE_CONTROL_LOG_H
#define CORE_CONTROL_LOG_H

/* The daemon ends: nobody follows any more. Main thread. */
void control_log_end(void);

#endif
