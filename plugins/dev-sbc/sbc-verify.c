/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VERIFY and WRITE AND VERIFY (SBC-4 5.36, 5.46): the medium is read, in steps through scratch
 * memory, and compared if asked. */
#include "sbc.h"

enum bytchk {
    BYTCHK_NONE = 0, /* the medium can be read */
    BYTCHK_ALL = 1,  /* and equals the data */
    BYTCHK_ONE = 3,  /* each block equals the one block of data */
};

static unsigned bytchk(const struct tgt_cmd *cmd)
{
    return cmd->cdb[1] >> 1 & 3;
}

int64_t sbc_verify_data_len(struct tgt_cmd *cmd)
{
    uint64_t len = sbc_bytes(cmd, cmd->count);
    switch (bytchk(cmd)) {
    case BYTCHK_NONE:
        return 0;
    case BYTCHK_ONE:
        if (cmd->count == 0)
            return 0;
        if (cmd->expected_out >= cmd->lu->block_size)
            return cmd->lu->block_size;
        tgt_cmd_sense_field(cmd, 0, -1); /* nothing to compare with is not "all are equal" */
        return -1;
    case BYTCHK_ALL:
        if (len <= cmd->lu->max_transfer)
            return (int64_t)len;
        tgt_cmd_sense_field(cmd, cmd->row->length.at, 7);
        return -1;
    default:
        tgt_cmd_sense_field(cmd, 1, 2);
        return -1;
    }
}

int64_t sbc_write_verify_data_len(struct tgt_cmd *cmd)
{
    if (bytchk(cmd) <= BYTCHK_ALL)
        return (int64_t)sbc_bytes(cmd, cmd->count);
    tgt_cmd_sense_field(cmd, 1, 2);
    return -1;
}

/* ---- The walk ---- */

static void verify_step(struct tgt_cmd *cmd);

/* Compare `len` bytes of scratch with the data from `at` on. */
static bool same_all(const struct tgt_cmd *cmd, const uint8_t *scratch, uint64_t at, uint64_t len)
{
    uint8_t piece[4096];
    for (uint64_t done = 0; done < len; done += sizeof piece) {
        size_t n = len - done < sizeof piece ? (size_t)(len - done) : sizeof piece;
        if (tgt_cmd_out_get(cmd, at + done, piece, n) != n || memcmp(piece, scratch + done, n) != 0)
            return false;
    }
    return true;
}

static bool same_one(const struct tgt_cmd *cmd, const uint8_t *scratch, uint64_t len)
{
    uint8_t block[4096];
    size_t size = cmd->lu->block_size;
    if (tgt_cmd_out_get(cmd, 0, block, size) != size)
        return false;
    for (uint64_t at = 0; at < len; at += size)
        if (memcmp(scratch + at, block, size) != 0)
            return false;
    return true;
}

static bool same(struct tgt_cmd *cmd)
{
    struct sbc_walk *w = sbc_walk(cmd);
    const uint8_t *scratch = (const uint8_t *)w->iov[0].iov_base;
    if (!w->compare)
        return true;
    return w->one_block ? same_one(cmd, scratch, w->step)
                        : same_all(cmd, scratch, w->offset - w->start, w->step);
}

static void verify_read(struct tgt_cmd *cmd, const struct tgt_bs_io *io, int result)
{
    struct sbc_walk *w = sbc_walk(cmd);
    if (result < 0) {
        tgt_cmd_bs_error(cmd, io, result);
    } else if (!same(cmd)) {
        tgt_cmd_sense(cmd, TGT_SENSE_MISCOMPARE);
    } else {
        w->offset += w->step;
        verify_step(cmd);
    }
}

/* From the medium: the first step brings all that is cached there, the others just read. */
static void verify_step(struct tgt_cmd *cmd)
{
    struct sbc_walk *w = sbc_walk(cmd);
    if (w->offset == w->end || cmd->aborted) {
        tgt_cmd_good(cmd);
        return;
    }
    sbc_walk_read(cmd, w->offset == w->start ? TGT_BS_FUA : 0, verify_read);
}

static void walk_begin(struct tgt_cmd *cmd, uint64_t len)
{
    struct sbc_walk *w = sbc_walk(cmd);
    w->start = w->offset = sbc_bytes(cmd, cmd->lba);
    w->end = w->start + len;
    w->compare = bytchk(cmd) != BYTCHK_NONE;
    w->one_block = bytchk(cmd) == BYTCHK_ONE;
    verify_step(cmd);
}

/* The bytes to look at: with a shortened data-out (residual overflow) only what came is compared.
 */
static uint64_t verify_len(const struct tgt_cmd *cmd)
{
    uint64_t len = sbc_bytes(cmd, cmd->count);
    if (bytchk(cmd) == BYTCHK_ALL)
        return cmd->out.len < len ? cmd->out.len : len;
    return len;
}

void sbc_verify(struct tgt_cmd *cmd)
{
    walk_begin(cmd, verify_len(cmd));
}

static void written(struct tgt_cmd *cmd, const struct tgt_bs_io *io, int result)
{
    if (result < 0)
        tgt_cmd_bs_error(cmd, io, result);
    else
        walk_begin(cmd, cmd->out.len);
}

void sbc_write_verify(struct tgt_cmd *cmd)
{
    struct tgt_bs_request request = {.op = TGT_BS_WRITE,
                                     .flags = TGT_BS_FUA,
                                     .iov = cmd->out.iov,
                                     .iovcnt = cmd->out.iovcnt,
                                     .offset = sbc_bytes(cmd, cmd->lba),
                                     .length = cmd->out.len,
                                     .done = written};
    if (cmd->out.len == 0)
        tgt_cmd_good(cmd);
    else
        tgt_cmd_bs(cmd, &request);
}
