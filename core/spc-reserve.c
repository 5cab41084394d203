/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RESERVE and RELEASE, (6) and (10), for the sender and the whole logical unit (SPC-2 7.16
 * to 7.21). */
#include "cmd.h"
#include "lu.h"
#include "spc.h"

void spc_reserve(struct tgt_cmd *cmd)
{
    if (lu_reserve(core_lu(cmd->lu), core_cmd(cmd)->itl))
        cmd_good(cmd);
    else
        cmd_status(cmd, TGT_STATUS_RESERVATION_CONFLICT);
}

/* From a nexus that holds nothing it is no error, and does nothing. */
void spc_release(struct tgt_cmd *cmd)
{
    lu_reservation_clear(core_lu(cmd->lu), core_cmd(cmd)->itl);
    cmd_good(cmd);
}
