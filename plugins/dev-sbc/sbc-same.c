/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* WRITE SAME(10) and (16) with UNMAP and NDOB (SBC-4 5.48, 5.49). */
#include "sbc.h"

#define CDB1_UNMAP 0x08
#define CDB1_NDOB  0x01

static bool no_data(const struct tgt_cmd *cmd)
{
    return cmd->cdb[0] == 0x93 && (cmd->cdb[1] & CDB1_NDOB);
}

uint64_t sbc_max_write_same(const struct tgt_lu *lu)
{
    return SBC_MAX_WRITE_SAME >> lu->block_shift;
}

/* NUMBER OF LOGICAL BLOCKS 0: to the end of the medium. */
static bool count_check(struct tgt_cmd *cmd)
{
    uint64_t blocks = tgt_lu_blocks(cmd->lu);
    if (cmd->count == 0 && cmd->lba >= blocks) {
        tgt_cmd_sense_info(cmd, TGT_SENSE_LBA_OUT_OF_RANGE, cmd->lba);
        return false;
    }
    if (cmd->count == 0)
        cmd->count = blocks - cmd->lba;
    if (cmd->count <= sbc_max_write_same(cmd->lu))
        return true;
    tgt_cmd_sense_field(cmd, cmd->row->length.at, 7);
    return false;
}

/* Exactly one block of data, or none with NDOB: what does not fit is refused before anything is
 * written. */
int64_t sbc_write_same_data_len(struct tgt_cmd *cmd)
{
    uint32_t len = no_data(cmd) ? 0 : cmd->lu->block_size;
    if (!count_check(cmd))
        return -1;
    if ((cmd->cdb[1] & CDB1_UNMAP) && !sbc_can_unmap(cmd->lu)) {
        tgt_cmd_sense_field(cmd, 1, 3);
        return -1;
    }
    if (cmd->expected_out == len)
        return len;
    tgt_cmd_sense_field(cmd, 0, -1);
    return -1;
}

/* ---- A pattern, written from scratch memory that is full of it ---- */

static void pattern_step(struct tgt_cmd *cmd);

static void pattern_written(struct tgt_cmd *cmd, const struct tgt_bs_io *io, int result)
{
    struct sbc_walk *w = sbc_walk(cmd);
    w->offset += w->step;
    if (result < 0)
        tgt_cmd_bs_error(cmd, io, result);
    else
        pattern_step(cmd);
}

static void pattern_step(struct tgt_cmd *cmd)
{
    struct sbc_walk *w = sbc_walk(cmd);
    uint64_t left = w->end - w->offset;
    unsigned n = 0;
    if (left == 0 || cmd->aborted) {
        tgt_cmd_good(cmd);
        return;
    }
    for (w->step = 0; n < sizeof w->iov / sizeof w->iov[0] && w->step < left; n++) {
        uint64_t len = left - w->step < SBC_SCRATCH ? left - w->step : SBC_SCRATCH;
        w->iov[n] = (struct iovec){tgt_cmd_scratch(cmd, SBC_SCRATCH), len};
        w->step += len;
    }
    struct tgt_bs_request request = {.op = TGT_BS_WRITE,
                                     .flags = (uint8_t)sbc_write_flags(cmd, false),
                                     .iov = w->iov,
                                     .iovcnt = n,
                                     .offset = w->offset,
                                     .length = w->step,
                                     .done = pattern_written};
    tgt_cmd_bs(cmd, &request);
}

static void write_pattern(struct tgt_cmd *cmd, const uint8_t *block)
{
    struct sbc_walk *w = sbc_walk(cmd);
    uint8_t *scratch = (uint8_t *)tgt_cmd_scratch(cmd, SBC_SCRATCH);
    if (scratch == NULL) {
        tgt_cmd_status(cmd, TGT_STATUS_BUSY);
        return;
    }
    for (size_t at = 0; at < SBC_SCRATCH; at += cmd->lu->block_size)
        memcpy(scratch + at, block, cmd->lu->block_size);
    w->offset = sbc_bytes(cmd, cmd->lba);
    w->end = w->offset + sbc_bytes(cmd, cmd->count);
    pattern_step(cmd);
}

/* ---- Zeroes ---- */

static bool is_zero(const uint8_t *block, size_t len)
{
    return block[0] == 0 && memcmp(block, block + 1, len - 1) == 0;
}

static void write_zeroes(struct tgt_cmd *cmd)
{
    unsigned unmap = (cmd->cdb[1] & CDB1_UNMAP) ? TGT_BS_MAY_UNMAP : 0;
    struct tgt_bs_request request = {.op = TGT_BS_WRITE_ZEROES,
                                     .flags = (uint8_t)(sbc_write_flags(cmd, false) | unmap),
                                     .offset = sbc_bytes(cmd, cmd->lba),
                                     .length = sbc_bytes(cmd, cmd->count),
                                     .done = sbc_end};
    tgt_cmd_bs(cmd, &request);
}

void sbc_write_same(struct tgt_cmd *cmd)
{
    uint8_t block[4096] = {0};
    size_t size = cmd->lu->block_size;
    if (!no_data(cmd) && tgt_cmd_out_get(cmd, 0, block, size) != size)
        tgt_cmd_sense(cmd, TGT_SENSE_INVALID_FIELD_IN_CDB);
    else if (is_zero(block, size))
        write_zeroes(cmd);
    else
        write_pattern(cmd, block);
}
