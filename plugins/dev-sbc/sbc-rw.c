/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* READ and WRITE of all CDB lengths (SBC-4 5.13 to 5.17, 5.40 to 5.44). */
#include "sbc.h"

#define CDB1_DPO 0x10
#define CDB1_FUA 0x08

/* READ(6) and WRITE(6) have the LBA where the others have DPO and FUA. */
static bool fua_bit(const struct tgt_cmd *cmd)
{
    return cmd->row->cdb_len != 6 && (cmd->cdb[1] & CDB1_FUA);
}

static unsigned dpo_flag(const struct tgt_cmd *cmd)
{
    return cmd->row->cdb_len != 6 && (cmd->cdb[1] & CDB1_DPO) ? TGT_BS_DPO : 0;
}

unsigned sbc_write_flags(const struct tgt_cmd *cmd, bool fua)
{
    bool cached = tgt_lu_is(cmd->lu, TGT_LU_WCE) || !sbc_info(cmd->lu)->write_back;
    return (fua || !cached ? TGT_BS_FUA : 0) | dpo_flag(cmd);
}

void sbc_end(struct tgt_cmd *cmd, const struct tgt_bs_io *io, int result)
{
    if (result < 0)
        tgt_cmd_bs_error(cmd, io, result);
    else
        tgt_cmd_good(cmd);
}

void sbc_read(struct tgt_cmd *cmd)
{
    if (cmd->count == 0)
        tgt_cmd_good(cmd);
    else
        tgt_cmd_read(cmd, sbc_bytes(cmd, cmd->lba), (uint32_t)sbc_bytes(cmd, cmd->count),
                     (fua_bit(cmd) ? TGT_BS_FUA : 0) | dpo_flag(cmd), sbc_end);
}

void sbc_write(struct tgt_cmd *cmd)
{
    struct tgt_bs_request request = {
        .op = TGT_BS_WRITE,
        .flags = (uint8_t)sbc_write_flags(cmd, fua_bit(cmd)),
        .iov = cmd->out.iov,
        .iovcnt = cmd->out.iovcnt,
        .offset = sbc_bytes(cmd, cmd->lba),
        .length = cmd->out.len,
        .done = sbc_end,
    };
    if (cmd->out.len == 0)
        tgt_cmd_good(cmd);
    else
        tgt_cmd_bs(cmd, &request);
}
