/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* COMPARE AND WRITE and ORWRITE (SBC-4 5.3, 5.9). Their rows claim the blocks, so nothing else
 * touches them meanwhile. */
#include "sbc.h"

#define CDB1_FUA 0x08

/* ---- COMPARE AND WRITE ---- */

uint32_t sbc_max_compare_write(const struct tgt_lu *lu)
{
    uint32_t half = lu->max_transfer / 2, blocks;
    blocks = (half < SBC_MAX_COMPARE_WRITE ? half : SBC_MAX_COMPARE_WRITE) >> lu->block_shift;
    return blocks < 255 ? blocks : 255;
}

/* The Data-Out Buffer holds both halves, no more and no less: the command is refused, not done in
 * part. */
int64_t sbc_compare_write_data_len(struct tgt_cmd *cmd)
{
    uint64_t need = 2 * sbc_bytes(cmd, cmd->count);
    if (cmd->count <= sbc_max_compare_write(cmd->lu) && cmd->expected_out == need)
        return (int64_t)need;
    tgt_cmd_sense_field(cmd, 13, 7);
    return -1;
}

static void compared(struct tgt_cmd *cmd, const struct tgt_bs_io *io, int result)
{
    if (result == -EILSEQ)
        tgt_cmd_sense_info(cmd, TGT_SENSE_MISCOMPARE, io->info);
    else
        sbc_end(cmd, io, result);
}

void sbc_compare_write(struct tgt_cmd *cmd)
{
    uint64_t len = sbc_bytes(cmd, cmd->count);
    struct tgt_bs_request request = {.op = TGT_BS_COMPARE_AND_WRITE,
                                     .flags = (uint8_t)sbc_write_flags(cmd, cmd->cdb[1] & CDB1_FUA),
                                     .iov = cmd->out.iov,
                                     .iovcnt = cmd->out.iovcnt,
                                     .offset = sbc_bytes(cmd, cmd->lba),
                                     .length = len,
                                     .done = compared};
    if (len == 0)
        tgt_cmd_good(cmd);
    else
        tgt_cmd_bs(cmd, &request);
}

/* ---- ORWRITE: the medium is read in steps and ored into the data, which is then written in one
 * piece ---- */

static void or_step(struct tgt_cmd *cmd);

static void or_into(struct tgt_data *data, size_t offset, const uint8_t *src, size_t len)
{
    for (uint32_t i = 0; i < data->iovcnt && len > 0; i++) {
        size_t have = data->iov[i].iov_len;
        if (offset >= have) {
            offset -= have;
            continue;
        }
        uint8_t *dst = (uint8_t *)data->iov[i].iov_base + offset;
        size_t n = have - offset < len ? have - offset : len;
        for (size_t k = 0; k < n; k++)
            dst[k] |= src[k];
        src += n;
        len -= n;
        offset = 0;
    }
}

static void or_read(struct tgt_cmd *cmd, const struct tgt_bs_io *io, int result)
{
    struct sbc_walk *w = sbc_walk(cmd);
    if (result < 0) {
        tgt_cmd_bs_error(cmd, io, result);
        return;
    }
    or_into(&cmd->out, (size_t)(w->offset - w->start), (const uint8_t *)w->iov[0].iov_base,
            (size_t)w->step);
    w->offset += w->step;
    or_step(cmd);
}

static void or_write(struct tgt_cmd *cmd)
{
    struct tgt_bs_request request = {.op = TGT_BS_WRITE,
                                     .flags = (uint8_t)sbc_write_flags(cmd, cmd->cdb[1] & CDB1_FUA),
                                     .iov = cmd->out.iov,
                                     .iovcnt = cmd->out.iovcnt,
                                     .offset = sbc_walk(cmd)->start,
                                     .length = cmd->out.len,
                                     .done = sbc_end};
    tgt_cmd_bs(cmd, &request);
}

static void or_step(struct tgt_cmd *cmd)
{
    struct sbc_walk *w = sbc_walk(cmd);
    if (w->offset == w->end)
        or_write(cmd);
    else
        sbc_walk_read(cmd, 0, or_read);
}

void sbc_orwrite(struct tgt_cmd *cmd)
{
    struct sbc_walk *w = sbc_walk(cmd);
    w->start = w->offset = sbc_bytes(cmd, cmd->lba);
    w->end = w->start + cmd->out.len;
    if (cmd->out.len == 0)
        tgt_cmd_good(cmd);
    else
        or_step(cmd);
}
