/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the handlers of SPC commands share. */
#ifndef CORE_SPC_COMMON_H
#define CORE_SPC_COMMON_H

#include <stdbool.h>
#include <tgt/tgt.h>

/* PERIPHERAL DEVICE TYPE of a storage array controller (SCC-2). */
#define SPC_TYPE_CONTROLLER 0x0c

/* Is the command for the controller that stands for LUN 0 in targets made through tgtadm? It is no
 * logical unit of ours: it answers INQUIRY, REPORT LUNS, REQUEST SENSE and TEST UNIT READY. */
bool spc_is_controller(const struct tgt_cmd *cmd);

#endif
