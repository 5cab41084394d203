/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* READ CAPACITY and GET LBA STATUS (SBC-4 5.20, 5.21, 5.6). */
#include "sbc.h"

/* Descriptors in one answer at most; the initiator asks on from where it ended. */
#define STATUS_MAX 256u

bool sbc_can_unmap(const struct tgt_lu *lu)
{
    return sbc_is_thin(lu) && sbc_info(lu)->discard == TGT_BS_NATIVE;
}

bool sbc_is_thin(const struct tgt_lu *lu)
{
    return tgt_lu_is(lu, TGT_LU_THIN) && lu->medium != NULL;
}

void sbc_read_capacity10(struct tgt_cmd *cmd)
{
    uint64_t last = tgt_lu_blocks(cmd->lu) - 1;
    struct sbc_capacity10 data = {
        .last_lba = be32(last > UINT32_MAX ? UINT32_MAX : (uint32_t)last),
        .block_size = be32(cmd->lu->block_size),
    };
    tgt_cmd_reply(cmd, &data, sizeof data);
}

void sbc_read_capacity16(struct tgt_cmd *cmd)
{
    const struct tgt_lu *lu = cmd->lu;
    bool zeroes = sbc_can_unmap(lu) && sbc_info(lu)->discard_zeroes;
    uint16_t lowest = __atomic_load_n(&lu->lowest_aligned, __ATOMIC_RELAXED) & 0x3fff;
    struct sbc_capacity16 data = {
        .last_lba = be64(tgt_lu_blocks(lu) - 1),
        .block_size = be32(lu->block_size),
        .exponents = __atomic_load_n(&lu->physical_exponent, __ATOMIC_RELAXED) & 0x0f,
        .provisioning = be16((uint16_t)((sbc_is_thin(lu) ? SBC_CAPACITY_LBPME : 0) |
                                        (zeroes ? SBC_CAPACITY_LBPRZ : 0) | lowest)),
    };
    tgt_cmd_reply(cmd, &data, sizeof data);
}

/* ---- GET LBA STATUS ---- */

/* What has been found so far is kept in scratch memory as it will be sent. */
static struct sbc_lba_status *statuses(struct tgt_cmd *cmd)
{
    return (struct sbc_lba_status *)((uint8_t *)tgt_cmd_scratch(cmd, SBC_SCRATCH) +
                                     sizeof(struct sbc_lba_status_header));
}

static void status_reply(struct tgt_cmd *cmd, unsigned count)
{
    struct sbc_lba_status_header *header =
        (struct sbc_lba_status_header *)tgt_cmd_scratch(cmd, SBC_SCRATCH);
    size_t len = sizeof *header + count * sizeof(struct sbc_lba_status);
    *header =
        (struct sbc_lba_status_header){.length = be32((uint32_t)(len - sizeof header->length))};
    tgt_cmd_reply(cmd, header, len);
}

/* Add a run of blocks; runs that are alike melt together. Returns the number of descriptors. */
static unsigned status_add(struct tgt_cmd *cmd, unsigned count, uint64_t lba, uint64_t blocks,
                           uint8_t status)
{
    struct sbc_lba_status *d = statuses(cmd);
    struct sbc_lba_status *last = count > 0 ? &d[count - 1] : NULL;
    uint64_t room =
        last != NULL && last->status == status ? UINT32_MAX - be32_get(last->blocks) : 0;
    if (room >= blocks && last != NULL) {
        last->blocks = be32(be32_get(last->blocks) + (uint32_t)blocks);
        return count;
    }
    d[count] = (struct sbc_lba_status){
        .lba = be64(lba), .blocks = be32((uint32_t)blocks), .status = status};
    return count + 1;
}

/* How many descriptors the allocation length has room for; at least one is made. */
static unsigned status_room(const struct tgt_cmd *cmd)
{
    uint64_t head = sizeof(struct sbc_lba_status_header);
    uint64_t room = cmd->count > head ? (cmd->count - head) / sizeof(struct sbc_lba_status) : 0;
    return room < 1 ? 1 : room > STATUS_MAX ? STATUS_MAX : (unsigned)room;
}

static void status_step(struct tgt_cmd *cmd);

static void status_found(struct tgt_cmd *cmd, const struct tgt_bs_io *io, int result)
{
    struct sbc_walk *w = sbc_walk(cmd);
    uint64_t blocks = io->info >> cmd->lu->block_shift;
    if (result < 0) {
        tgt_cmd_bs_error(cmd, io, result);
        return;
    }
    /* An extent that ends within a block: the block counts as mapped. */
    uint8_t status = blocks == 0 ? TGT_BS_MAPPED : io->extent;
    blocks = blocks == 0 ? 1 : blocks > w->step ? w->step : blocks;
    w->start = status_add(cmd, (unsigned)w->start, w->offset, blocks, status);
    w->offset += blocks;
    status_step(cmd);
}

static void status_step(struct tgt_cmd *cmd)
{
    struct sbc_walk *w = sbc_walk(cmd);
    if (w->offset == w->end || w->start >= status_room(cmd) || cmd->aborted) {
        status_reply(cmd, (unsigned)w->start);
        return;
    }
    w->step = w->end - w->offset < UINT32_MAX ? w->end - w->offset : UINT32_MAX;
    struct tgt_bs_request request = {.op = TGT_BS_EXTENT,
                                     .offset = sbc_bytes(cmd, w->offset),
                                     .length = sbc_bytes(cmd, w->step),
                                     .done = status_found};
    tgt_cmd_bs(cmd, &request);
}

/* Here the walk counts blocks; `start` is the number of descriptors. */
void sbc_get_lba_status(struct tgt_cmd *cmd)
{
    struct sbc_walk *w = sbc_walk(cmd);
    uint64_t blocks = tgt_lu_blocks(cmd->lu);
    if (cmd->lba >= blocks) {
        tgt_cmd_sense_info(cmd, TGT_SENSE_LBA_OUT_OF_RANGE, cmd->lba);
        return;
    }
    if (tgt_cmd_scratch(cmd, SBC_SCRATCH) == NULL) {
        tgt_cmd_status(cmd, TGT_STATUS_BUSY);
        return;
    }
    w->offset = cmd->lba;
    w->end = blocks;
    w->start = 0;
    if (sbc_is_thin(cmd->lu)) {
        status_step(cmd);
        return;
    }
    uint64_t rest = blocks - cmd->lba;
    status_reply(
        cmd, status_add(cmd, 0, cmd->lba, rest < UINT32_MAX ? rest : UINT32_MAX, TGT_BS_MAPPED));
}
