/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ends of a command: status, sense, residuals, counters, and over to the transport. */
#include <errno.h>
#include <string.h>

#include "cmd-pool.h"
#include "cmd.h"
#include "lu-share.h"
#include "lu.h"
#include "nexus.h"
#include "plugin.h"
#include "sense.h"

/* Written by this thread only, read by others at any time. */
static void add(uint64_t *counter, uint64_t n)
{
    __atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static void count_blocks(struct itl *itl, const struct tgt_cmd *cmd)
{
    if (cmd->row->dir == TGT_DIR_IN) {
        add(&itl->reads, 1);
        add(&itl->read_bytes, cmd->in.len);
    } else {
        add(&itl->writes, 1);
        add(&itl->write_bytes, cmd->out.len);
    }
}

static bool is_error(const struct tgt_cmd *cmd)
{
    unsigned key = cmd->sense[0] & 2 ? cmd->sense[1] : cmd->sense[2]; /* 72h: descriptor format */
    key &= 0xf;
    return key == TGT_KEY_MEDIUM_ERROR || key == TGT_KEY_HARDWARE_ERROR ||
           key == TGT_KEY_ABORTED_COMMAND;
}

static void count(struct core_cmd *c)
{
    struct tgt_cmd *cmd = &c->pub;
    if (c->itl == NULL || cmd->row == NULL)
        return;
    if (cmd->status == TGT_STATUS_GOOD && cmd->row->unit == TGT_LEN_BLOCKS)
        count_blocks(c->itl, cmd);
    else if (cmd->status == TGT_STATUS_CHECK_CONDITION && is_error(cmd))
        add(&c->itl->errors, 1);
}

/* Scratch goes at once: it is not kept from others by an initiator that does not take the answer.
 */
static void respond(struct core_cmd *c)
{
    cmd_state(&c->pub, TGT_CMD_RESPOND);
    latency_respond(c);
    if (c->scratch.iov_base != NULL)
        cmd_scratch_put(c);
    lu_share_end(c);
    c->pub.nexus->transport->transport.respond(&c->pub);
}

void cmd_finish(struct core_cmd *c)
{
    struct tgt_cmd *cmd = &c->pub;
    cmd->residual_out = (int64_t)c->out_need - cmd->expected_out;
    cmd->residual_in = (int64_t)cmd->in.len - cmd->expected_in;
    if (!cmd->aborted)
        count(c);
    respond(c);
}

void cmd_finish_aborted(struct core_cmd *c)
{
    c->pub.in.len = 0;
    respond(c);
}

void cmd_status(struct tgt_cmd *cmd, enum tgt_status status)
{
    cmd->status = (uint8_t)status;
    cmd->sense_len = 0;
    cmd_finish(core_cmd(cmd));
}

void cmd_good(struct tgt_cmd *cmd)
{
    cmd_status(cmd, TGT_STATUS_GOOD);
}

static void check_condition(struct tgt_cmd *cmd, const struct sense_data *data)
{
    cmd->status = TGT_STATUS_CHECK_CONDITION;
    sense_put(cmd, data);
    cmd_finish(core_cmd(cmd));
}

void cmd_sense(struct tgt_cmd *cmd, enum tgt_sense sense)
{
    struct sense_data data = {.sense = sense};
    sense_set_progress(&data, cmd->lu);
    check_condition(cmd, &data);
}

void cmd_sense_field(struct tgt_cmd *cmd, unsigned byte, int bit)
{
    struct sense_data data = {.sense = TGT_SENSE_INVALID_FIELD_IN_CDB};
    sense_set_field(&data, true, byte, bit);
    check_condition(cmd, &data);
}

void cmd_sense_param(struct tgt_cmd *cmd, enum tgt_sense sense, unsigned byte, int bit)
{
    struct sense_data data = {.sense = sense};
    sense_set_field(&data, false, byte, bit);
    check_condition(cmd, &data);
}

void cmd_sense_info(struct tgt_cmd *cmd, enum tgt_sense sense, uint64_t info)
{
    struct sense_data data = {.sense = sense, .has_info = true, .info = info};
    check_condition(cmd, &data);
}

void cmd_sense_raw(struct tgt_cmd *cmd, const void *sense, unsigned len)
{
    cmd->status = TGT_STATUS_CHECK_CONDITION;
    cmd->sense_len = (uint8_t)MIN(len, TGT_SENSE_MAX);
    memcpy(cmd->sense, sense, cmd->sense_len);
    cmd_finish(core_cmd(cmd));
}

/* ---- Errors of stores ---- */

static enum tgt_sense sense_of_io(const struct tgt_bs_io *io)
{
    return io->op == TGT_BS_READ || io->op == TGT_BS_EXTENT ? TGT_SENSE_READ_ERROR
                                                            : TGT_SENSE_WRITE_ERROR;
}

static enum tgt_sense sense_of_error(const struct tgt_bs_io *io, int result)
{
    switch (-result) {
    case ENOSPC:
    case EDQUOT:
        return TGT_SENSE_SPACE_ALLOCATION_FAILED;
    case EROFS:
    case EPERM:
    case EACCES:
        return TGT_SENSE_WRITE_PROTECTED;
    case ENOMEDIUM:
        return TGT_SENSE_NO_MEDIUM;
    case ENXIO: /* the store has become smaller than the capacity that the LU reports */
        return TGT_SENSE_LBA_OUT_OF_RANGE;
    case ENODEV:
    case ENOTCONN:
    case ETIMEDOUT:
    case ESHUTDOWN:
        return TGT_SENSE_LU_COMMUNICATION_FAILURE;
    case EOPNOTSUPP:
        return TGT_SENSE_INVALID_OPCODE;
    case ECANCELED:
        return TGT_SENSE_NO_ADDITIONAL_SENSE_ABORTED;
    default:
        return sense_of_io(io);
    }
}

/* No data goes along: what a failed read left in the buffers is not the medium's. */
void cmd_bs_error(struct tgt_cmd *cmd, const struct tgt_bs_io *io, int result)
{
    cmd->in.len = 0;
    if (result == -EILSEQ)
        cmd_sense_info(cmd, TGT_SENSE_MISCOMPARE, io->info);
    else if (result == -ENOMEM || result == -EAGAIN)
        cmd_status(cmd, TGT_STATUS_BUSY);
    else
        cmd_sense(cmd, sense_of_error(io, result));
}
