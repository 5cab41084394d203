/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* FORMAT UNIT (SBC-4 5.4): all blocks read as zeroes afterwards. A long job: other commands see NOT
 * READY with progress. */
#include "sbc.h"

#define CDB1_FMTDATA       0x10
#define CDB1_LONGLIST      0x20
#define CDB1_DEFECT_FORMAT 0x07
#define FORMAT_STEP        (64u << 20)

/* Options of the parameter list that ask for something that is not there: STPF is a hint for media
 * defects, IP a pattern. */
#define HEADER_IP 0x08

int64_t sbc_format_data_len(struct tgt_cmd *cmd)
{
    if (cmd->cdb[1] & CDB1_DEFECT_FORMAT) {
        tgt_cmd_sense_field(cmd, 1, 2);
        return -1;
    }
    if (!(cmd->cdb[1] & CDB1_FMTDATA))
        return 0;
    return cmd->cdb[1] & CDB1_LONGLIST ? 8 : 4;
}

/* False: the command has been ended. The IMMED bit is accepted; the status comes when the medium is
 * formatted. */
static bool header_check(struct tgt_cmd *cmd)
{
    uint8_t header[8] = {0};
    bool is_long = cmd->cdb[1] & CDB1_LONGLIST;
    size_t want = is_long ? 8 : 4;
    if (!(cmd->cdb[1] & CDB1_FMTDATA))
        return true;
    if (tgt_cmd_out_get(cmd, 0, header, want) != want) {
        tgt_cmd_sense(cmd, TGT_SENSE_PARAMETER_LIST_LENGTH);
        return false;
    }
    uint64_t defects = is_long ? be_get(header + 4, 4) : be_get(header + 2, 2);
    if (header[0] & 0x07)
        tgt_cmd_sense_param(cmd, TGT_SENSE_INVALID_FIELD_IN_PARAMETERS, 0, 2);
    else if (header[1] & HEADER_IP)
        tgt_cmd_sense_param(cmd, TGT_SENSE_INVALID_FIELD_IN_PARAMETERS, 1, 3);
    else if (defects != 0)
        tgt_cmd_sense_param(cmd, TGT_SENSE_INVALID_FIELD_IN_PARAMETERS, is_long ? 4 : 2, -1);
    else
        return true;
    return false;
}

static void format_step(struct tgt_cmd *cmd);

static void formatted(struct tgt_cmd *cmd, const struct tgt_bs_io *io, int result)
{
    struct sbc_walk *w = sbc_walk(cmd);
    w->offset += w->step;
    tgt_lu_job_progress(cmd->lu, w->offset, w->end);
    if (result < 0) {
        tgt_lu_job_end(cmd->lu);
        tgt_cmd_bs_error(cmd, io, result);
    } else {
        format_step(cmd);
    }
}

static void flushed(struct tgt_cmd *cmd, const struct tgt_bs_io *io, int result)
{
    tgt_lu_job_end(cmd->lu);
    sbc_end(cmd, io, result);
}

static void format_step(struct tgt_cmd *cmd)
{
    struct sbc_walk *w = sbc_walk(cmd);
    struct tgt_bs_request request = {.op = TGT_BS_FLUSH, .done = flushed};
    if (w->offset < w->end && !cmd->aborted) {
        w->step = w->end - w->offset < FORMAT_STEP ? w->end - w->offset : FORMAT_STEP;
        request = (struct tgt_bs_request){.op = TGT_BS_WRITE_ZEROES,
                                          .flags = sbc_can_unmap(cmd->lu) ? TGT_BS_MAY_UNMAP : 0,
                                          .offset = w->offset,
                                          .length = w->step,
                                          .done = formatted};
    }
    tgt_cmd_bs(cmd, &request);
}

void sbc_format_unit(struct tgt_cmd *cmd)
{
    struct sbc_walk *w = sbc_walk(cmd);
    if (!header_check(cmd))
        return;
    if (!tgt_lu_job_begin(cmd->lu, TGT_SENSE_FORMAT_IN_PROGRESS)) {
        tgt_cmd_sense(cmd, TGT_SENSE_FORMAT_IN_PROGRESS);
        return;
    }
    w->offset = 0;
    w->end = sbc_bytes(cmd, tgt_lu_blocks(cmd->lu));
    format_step(cmd);
}
