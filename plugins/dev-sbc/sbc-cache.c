/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SYNCHRONIZE CACHE and PRE-FETCH (SBC-4 5.33, 5.10). */
#include "sbc.h"

/* The store makes all completed writes durable, whatever the range. With IMMED the status comes at
 * the end as well: the initiator may then rely on more than it asked for. */
void sbc_synchronize_cache(struct tgt_cmd *cmd)
{
    struct tgt_bs_request request = {.op = TGT_BS_FLUSH, .done = sbc_end};
    tgt_cmd_bs(cmd, &request);
}

static void prefetch_step(struct tgt_cmd *cmd);

static void prefetched(struct tgt_cmd *cmd, const struct tgt_bs_io *io, int result)
{
    struct sbc_walk *w = sbc_walk(cmd);
    w->offset += w->step;
    if (result < 0)
        tgt_cmd_bs_error(cmd, io, result);
    else
        prefetch_step(cmd);
}

/* GOOD says "not all of it fitted", CONDITION MET "all is in the cache". */
static void prefetch_step(struct tgt_cmd *cmd)
{
    struct sbc_walk *w = sbc_walk(cmd);
    if (w->offset == w->end || cmd->aborted) {
        tgt_cmd_status(cmd, sbc_bytes(cmd, cmd->count) <= SBC_PREFETCH ? TGT_STATUS_CONDITION_MET
                                                                       : TGT_STATUS_GOOD);
        return;
    }
    sbc_walk_read(cmd, 0, prefetched);
}

/* Number of blocks 0: to the end of the medium. */
void sbc_prefetch(struct tgt_cmd *cmd)
{
    struct sbc_walk *w = sbc_walk(cmd);
    if (cmd->count == 0)
        cmd->count = tgt_lu_blocks(cmd->lu) - cmd->lba;
    uint64_t len = sbc_bytes(cmd, cmd->count);
    w->offset = sbc_bytes(cmd, cmd->lba);
    w->end = w->offset + (len < SBC_PREFETCH ? len : SBC_PREFETCH);
    prefetch_step(cmd);
}
