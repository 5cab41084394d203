/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands that read the medium in steps, each into the same scratch memory. */
#include "sbc.h"

void sbc_walk_read(struct tgt_cmd *cmd, unsigned flags,
                   void (*done)(struct tgt_cmd *cmd, const struct tgt_bs_io *io, int result))
{
    struct sbc_walk *w = sbc_walk(cmd);
    w->step = w->end - w->offset < SBC_SCRATCH ? w->end - w->offset : SBC_SCRATCH;
    w->iov[0] = (struct iovec){tgt_cmd_scratch(cmd, SBC_SCRATCH), w->step};
    struct tgt_bs_request request = {.op = TGT_BS_READ,
                                     .flags = (uint8_t)flags,
                                     .iov = w->iov,
                                     .iovcnt = 1,
                                     .offset = w->offset,
                                     .length = w->step,
                                     .done = done};
    if (w->iov[0].iov_base == NULL)
        tgt_cmd_status(cmd, TGT_STATUS_BUSY);
    else
        tgt_cmd_bs(cmd, &request);
}
