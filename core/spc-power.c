/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Readiness: TEST UNIT READY, REQUEST SENSE, START STOP UNIT, PREVENT ALLOW MEDIUM REMOVAL. */
#include "cmd.h"
#include "lu.h"
#include "nexus.h"
#include "sense.h"
#include "spc.h"
#include "spc-common.h"
#include "target.h"

bool spc_is_controller(const struct tgt_cmd *cmd)
{
    uint16_t lun;
    return cmd->lu == NULL && cmd->nexus->target->legacy && lun_decode(cmd->lun, &lun) && lun == 0;
}

/* The row's checks have said no already where the unit is not ready. */
void spc_test_unit_ready(struct tgt_cmd *cmd)
{
    if (cmd->lu == NULL && !spc_is_controller(cmd))
        cmd_sense(cmd, TGT_SENSE_LUN_NOT_SUPPORTED);
    else
        cmd_good(cmd);
}

/* The default self-test: what could fail shows in each command. */
void spc_self_test(struct tgt_cmd *cmd)
{
    cmd_good(cmd);
}

/* ---- REQUEST SENSE (SPC-5 6.39) ---- */

static enum tgt_sense present_condition(const struct core_lu *lu)
{
    unsigned state = __atomic_load_n(&lu->pub.state, __ATOMIC_ACQUIRE);
    if (state & TGT_LU_OFFLINE)
        return TGT_SENSE_NOT_READY;
    if (state & TGT_LU_JOB)
        return (enum tgt_sense)__atomic_load_n(&lu->job_sense, __ATOMIC_RELAXED);
    if (state & TGT_LU_NO_MEDIUM)
        return TGT_SENSE_NO_MEDIUM;
    return state & TGT_LU_STOPPED ? TGT_SENSE_INITIALIZING_COMMAND_REQUIRED : TGT_SENSE_NONE;
}

/* A pending unit attention is told and cleared; otherwise what would keep a command from running.
 */
static void find_sense(struct tgt_cmd *cmd, struct sense_data *data)
{
    if (cmd->lu == NULL) {
        data->sense = spc_is_controller(cmd) ? TGT_SENSE_NONE : TGT_SENSE_LUN_NOT_SUPPORTED;
        return;
    }
    data->sense = itl_attention_take(core_cmd(cmd)->itl);
    if (data->sense != TGT_SENSE_NONE)
        return;
    data->sense = present_condition(core_lu(cmd->lu));
    sense_set_progress(data, cmd->lu);
}

void spc_request_sense(struct tgt_cmd *cmd)
{
    uint8_t buf[SENSE_ENCODED_MAX];
    struct sense_data data = {0};
    find_sense(cmd, &data);
    cmd_reply(cmd, buf, sense_encode(buf, cmd->cdb[1] & 0x01, &data));
}

/* ---- START STOP UNIT (SBC-4 5.31) ---- */

/* IMMED, byte 1: the flush is quick compared with what initiators wait, so that status comes after
 * it all the same. */
#define NO_FLUSH 0x04
#define LOEJ     0x02
#define START    0x01
#define ACTIVE   0x1 /* POWER CONDITION, bits 7 to 4 */

/* A removable medium that was stopped but not ejected is started again by the next access, as
 * drives for such media do. */
static unsigned state_after_stop(const struct tgt_cmd *cmd)
{
    if (cmd->cdb[4] & LOEJ)
        return TGT_LU_NO_MEDIUM;
    return tgt_lu_is(cmd->lu, TGT_LU_REMOVABLE) ? 0 : TGT_LU_STOPPED;
}

static void stopped(struct tgt_cmd *cmd, const struct tgt_bs_io *io, int result)
{
    if (result < 0) {
        cmd_bs_error(cmd, io, result);
        return;
    }
    lu_state(cmd->lu, state_after_stop(cmd), 0);
    cmd_good(cmd);
}

/* Stop or eject; what the cache holds goes to the medium first. */
static void stop(struct tgt_cmd *cmd)
{
    const struct tgt_bs_request flush = {.op = TGT_BS_FLUSH, .done = stopped};
    if (cmd->cdb[4] & NO_FLUSH || cmd->lu->medium == NULL || tgt_lu_is(cmd->lu, TGT_LU_NO_MEDIUM))
        stopped(cmd, NULL, 0);
    else
        cmd_bs(cmd, &flush);
}

static void start(struct tgt_cmd *cmd)
{
    lu_state(cmd->lu, 0, TGT_LU_STOPPED);
    cmd_good(cmd);
}

/* The store of an ejected medium stays open: to load is to see it again. */
static void load(struct tgt_cmd *cmd)
{
    bool ejected = tgt_lu_is(cmd->lu, TGT_LU_NO_MEDIUM);
    if (cmd->lu->medium == NULL) {
        cmd_sense(cmd, TGT_SENSE_NO_MEDIUM);
        return;
    }
    lu_state(cmd->lu, 0, TGT_LU_NO_MEDIUM | TGT_LU_STOPPED);
    if (ejected)
        lu_attention(cmd->lu, TGT_SENSE_MEDIUM_CHANGED, cmd->nexus);
    cmd_good(cmd);
}

static void load_or_eject(struct tgt_cmd *cmd)
{
    if (!tgt_lu_is(cmd->lu, TGT_LU_REMOVABLE))
        cmd_sense_field(cmd, 4, 1);
    else if (lu_prevented(core_lu(cmd->lu)))
        cmd_sense(cmd, TGT_SENSE_MEDIUM_REMOVAL_PREVENTED);
    else if (cmd->cdb[4] & START)
        load(cmd);
    else
        stop(cmd);
}

/* Nothing here takes time to wake up, so that IDLE and STANDBY are left as soon as they are
 * entered: only ACTIVE can change something, it ends the stopped condition. START and LOEJ do not
 * count (SBC-4 5.31); reserved values do nothing, since initiators try them all to see that none
 * ejects. */
static void power_condition(struct tgt_cmd *cmd)
{
    if (cmd->cdb[4] >> 4 == ACTIVE)
        start(cmd);
    else
        cmd_good(cmd);
}

void spc_start_stop(struct tgt_cmd *cmd)
{
    if (cmd->cdb[4] >> 4)
        power_condition(cmd);
    else if (cmd->cdb[4] & LOEJ)
        load_or_eject(cmd);
    else if (cmd->cdb[4] & START)
        start(cmd);
    else
        stop(cmd);
}

/* ---- PREVENT ALLOW MEDIUM REMOVAL (SPC-5 6.14) ---- */

void spc_prevent_allow(struct tgt_cmd *cmd)
{
    lu_prevent(core_lu(cmd->lu), core_cmd(cmd)->itl, cmd->cdb[4] & 0x01);
    cmd_good(cmd);
}
