/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UNMAP (SBC-4 5.34): the whole list is judged before the first block is given back. */
#include "sbc.h"

static struct sbc_unmap_descriptor descriptor(const struct tgt_cmd *cmd, uint64_t index)
{
    struct sbc_unmap_descriptor d = {0};
    tgt_cmd_out_get(cmd, sizeof(struct sbc_unmap_header) + index * sizeof d, &d, sizeof d);
    return d;
}

/* Descriptors in the list, or -1 when the command has been ended. An incomplete last one is
 * ignored. */
static int64_t list_check(struct tgt_cmd *cmd)
{
    struct sbc_unmap_header header;
    if (cmd->out.len < sizeof header) {
        tgt_cmd_sense(cmd, TGT_SENSE_PARAMETER_LIST_LENGTH);
        return -1;
    }
    tgt_cmd_out_get(cmd, 0, &header, sizeof header);
    uint64_t room = cmd->out.len - sizeof header, len = be16_get(header.descriptor_length);
    if (len > room || be16_get(header.data_length) + 2u < len + sizeof header) {
        tgt_cmd_sense(cmd, TGT_SENSE_PARAMETER_LIST_LENGTH);
        return -1;
    }
    uint64_t count = len / sizeof(struct sbc_unmap_descriptor);
    if (count > SBC_MAX_UNMAP_DESCRIPTORS) {
        tgt_cmd_sense_param(cmd, TGT_SENSE_INVALID_FIELD_IN_PARAMETERS, 2, -1);
        return -1;
    }
    return (int64_t)count;
}

static bool blocks_check(struct tgt_cmd *cmd, int64_t count)
{
    uint64_t capacity = tgt_lu_blocks(cmd->lu), sum = 0;
    for (int64_t i = 0; i < count; i++) {
        struct sbc_unmap_descriptor d = descriptor(cmd, (uint64_t)i);
        uint64_t lba = be64_get(d.lba), blocks = be32_get(d.blocks);
        if (lba > capacity || blocks > capacity - lba) {
            tgt_cmd_sense_info(cmd, TGT_SENSE_LBA_OUT_OF_RANGE, lba);
            return false;
        }
        sum += blocks;
        if (sum > SBC_MAX_UNMAP_BLOCKS) {
            tgt_cmd_sense_param(
                cmd, TGT_SENSE_INVALID_FIELD_IN_PARAMETERS,
                (unsigned)(sizeof(struct sbc_unmap_header) + (uint64_t)i * sizeof d + 8), -1);
            return false;
        }
    }
    return true;
}

/* WCE=0 is about write commands (SBC-4 6.5.6), and UNMAP is none. But blocks that have been read as
 * zeroes would have their old contents again after a loss of power, so without a write cache it is
 * made durable like all else. */
static void unmap_end(struct tgt_cmd *cmd)
{
    struct tgt_bs_request flush = {.op = TGT_BS_FLUSH, .done = sbc_end};
    if (sbc_walk(cmd)->end > 0 && !cmd->aborted && (sbc_write_flags(cmd, false) & TGT_BS_FUA))
        tgt_cmd_bs(cmd, &flush);
    else
        tgt_cmd_good(cmd);
}

static void unmap_step(struct tgt_cmd *cmd);

static void unmapped(struct tgt_cmd *cmd, const struct tgt_bs_io *io, int result)
{
    if (result < 0)
        tgt_cmd_bs_error(cmd, io, result);
    else
        unmap_step(cmd);
}

/* Here the walk counts descriptors. */
static void unmap_step(struct tgt_cmd *cmd)
{
    struct sbc_walk *w = sbc_walk(cmd);
    if (w->offset == w->end || cmd->aborted) {
        unmap_end(cmd);
        return;
    }
    struct sbc_unmap_descriptor d = descriptor(cmd, w->offset++);
    struct tgt_bs_request request = {.op = TGT_BS_DISCARD,
                                     .offset = sbc_bytes(cmd, be64_get(d.lba)),
                                     .length = sbc_bytes(cmd, be32_get(d.blocks)),
                                     .done = unmapped};
    tgt_cmd_bs(cmd, &request);
}

void sbc_unmap(struct tgt_cmd *cmd)
{
    struct sbc_walk *w = sbc_walk(cmd);
    if (cmd->count == 0) {
        tgt_cmd_good(cmd);
        return;
    }
    int64_t count = list_check(cmd);
    if (count < 0 || !blocks_check(cmd, count))
        return;
    w->offset = 0;
    w->end = (uint64_t)count;
    unmap_step(cmd);
}
