/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a command goes and how much it moves, from its row and CDB: LBA, count, Data-Out length,
 * blocks for claims. */
#include "cmd-pool.h"
#include "cmd.h"
#include "lu.h"

/* Bits outside the usage mask do not count (READ(6) has three reserved bits before its LBA). */
static uint64_t field_of(const struct tgt_cmd *cmd, struct tgt_cdb_field field)
{
    uint64_t value = 0;
    for (unsigned i = field.at; i < (unsigned)field.at + field.bytes; i++)
        value =
            value << 8 | (cmd->cdb[i] & (i < sizeof cmd->row->usage ? cmd->row->usage[i] : 0xff));
    return value;
}

static bool too_long(struct core_cmd *c)
{
    cmd_sense_field(&c->pub, c->pub.row->length.at, 7);
    return false;
}

static uint64_t transfer_max(const struct tgt_lu *lu)
{
    return lu->max_transfer != 0 && lu->max_transfer < CMD_TRANSFER_MAX ? lu->max_transfer
                                                                        : CMD_TRANSFER_MAX;
}

bool cmd_check_range(struct core_cmd *c)
{
    const struct tgt_cmd *cmd = &c->pub;
    if (!(cmd->row->flags & TGT_OP_RANGE))
        return true;
    uint64_t blocks = lu_blocks(cmd->lu);
    if (cmd->lba <= blocks && cmd->count <= blocks - cmd->lba)
        return true;
    cmd_sense(&c->pub, TGT_SENSE_LBA_OUT_OF_RANGE);
    return false;
}

/* Bytes of `blocks`; more than anything allows if they do not fit. */
static uint64_t bytes_of(const struct tgt_cmd *cmd, uint64_t blocks)
{
    return blocks <= UINT32_MAX ? blocks << cmd->lu->block_shift : UINT64_MAX;
}

/* Bytes that the CDB's length field stands for, in the direction of the row. */
static uint64_t bytes_by_unit(const struct tgt_cmd *cmd)
{
    switch (cmd->row->unit) {
    case TGT_LEN_PARAMETER:
        return cmd->count;
    case TGT_LEN_BLOCKS:
        return bytes_of(cmd, cmd->count);
    case TGT_LEN_BLOCKS_TWICE:
        return bytes_of(cmd, cmd->count <= UINT32_MAX / 2 ? 2 * cmd->count : UINT64_MAX);
    case TGT_LEN_BLOCKS_ONE:
        return bytes_of(cmd, 1);
    default:
        return 0;
    }
}

static bool counts_blocks(const struct tgt_scsi_op *row)
{
    return row->unit >= TGT_LEN_BLOCKS;
}

/* What is taken of what the initiator offers: all that is needed, in whole blocks where blocks are
 * counted. */
static void set_out(struct core_cmd *c, uint64_t need)
{
    struct tgt_cmd *cmd = &c->pub;
    uint64_t take = MIN(need, cmd->expected_out);
    if (counts_blocks(cmd->row))
        take -= take & (cmd->lu->block_size - 1);
    c->out_need = need;
    cmd->out.len = (uint32_t)take;
}

static bool decode_length(struct core_cmd *c)
{
    struct tgt_cmd *cmd = &c->pub;
    const struct tgt_scsi_op *row = cmd->row;
    uint64_t need = bytes_by_unit(cmd);
    if ((row->unit == TGT_LEN_BLOCKS || row->unit == TGT_LEN_BLOCKS_TWICE) &&
        need > transfer_max(cmd->lu))
        return too_long(c);
    if (!(row->dir & TGT_DIR_OUT))
        return true;
    if (row->data_len != NULL) {
        int64_t said = row->data_len(cmd);
        if (said < 0)
            return false;
        need = (uint64_t)said;
    }
    if (need > CMD_TRANSFER_MAX)
        return too_long(c);
    set_out(c, need);
    return true;
}

/* The blocks that the command touches; all where the CDB does not say (UNMAP). A count of 0 without
 * data means "to the end". */
static void set_blocks(struct core_cmd *c)
{
    const struct tgt_cmd *cmd = &c->pub;
    if (cmd->row->order == TGT_ORDER_FREE)
        return;
    bool some = cmd->row->lba.bytes != 0 && counts_blocks(cmd->row) &&
                cmd->row->order != TGT_ORDER_EXCLUSIVE;
    bool to_end = cmd->count == 0 && (cmd->row->unit == TGT_LEN_BLOCKS_ONE ||
                                      cmd->row->unit == TGT_LEN_BLOCKS_NO_DATA);
    c->first_block = some ? cmd->lba : 0;
    c->end_block =
        some && !to_end && cmd->count <= UINT64_MAX - cmd->lba ? cmd->lba + cmd->count : UINT64_MAX;
}

bool cmd_decode(struct core_cmd *c)
{
    struct tgt_cmd *cmd = &c->pub;
    const struct tgt_scsi_op *row = cmd->row;
    cmd->lba = field_of(cmd, row->lba);
    cmd->count = field_of(cmd, row->length);
    if (cmd->count == 0 && (row->flags & TGT_OP_ZERO_IS_256))
        cmd->count = 256;
    if (!cmd_check_range(c) || !decode_length(c))
        return false;
    set_blocks(c);
    return true;
}
