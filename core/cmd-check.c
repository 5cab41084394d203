/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The checks of a command before any data moves: LU, row, CDB, attribute, unit attention,
 * reservation, state of the LU. */
#include "cmd-pool.h"
#include "cmd.h"
#include "lu-share.h"
#include "lu.h"
#include "nexus.h"
#include "spc.h"
#include "taskset.h"

#define VARIABLE_LENGTH  0x7f
#define CONTROL_NACA_BIT 2

/* True and false as cmd_check(): false after the command has been ended. */
static bool fail(struct core_cmd *c, enum tgt_sense sense)
{
    cmd_sense(&c->pub, sense);
    return false;
}

static bool fail_field(struct core_cmd *c, unsigned byte, int bit)
{
    cmd_sense_field(&c->pub, byte, bit);
    return false;
}

/* ---- The CDB against its row ---- */

static bool check_cdb_len(struct core_cmd *c)
{
    const struct tgt_cmd *cmd = &c->pub;
    unsigned len = cmd->row->cdb_len;
    if (cmd->cdb[0] == VARIABLE_LENGTH) {
        unsigned said = 8u + cmd->cdb[7];
        return (len != 0 && len != said) || said > cmd->cdb_len || said > TGT_CDB_MAX
                   ? fail_field(c, 7, 7)
                   : true;
    }
    return len <= cmd->cdb_len || fail(c, TGT_SENSE_INVALID_FIELD_IN_CDB);
}

static unsigned control_byte(const struct tgt_cmd *cmd)
{
    return cmd->cdb[0] == VARIABLE_LENGTH ? 1 : cmd->row->cdb_len - 1u;
}

static bool usage_clean(const struct tgt_cmd *cmd, unsigned len)
{
    uint8_t bad = 0;
    for (unsigned i = 1; i < len; i++)
        bad |= (uint8_t)(cmd->cdb[i] & ~cmd->row->usage[i]);
    return bad == 0;
}

static bool fail_usage(struct core_cmd *c)
{
    unsigned i = 1;
    uint8_t bad;
    while ((bad = (uint8_t)(c->pub.cdb[i] & ~c->pub.row->usage[i])) == 0)
        i++;
    return fail_field(c, i, g_bit_nth_msf(bad, -1));
}

static bool check_cdb(struct core_cmd *c)
{
    const struct tgt_cmd *cmd = &c->pub;
    const struct tgt_scsi_op *row = cmd->row;
    if (!check_cdb_len(c))
        return false;
    if (cmd->cdb[control_byte(cmd)] & 1u << CONTROL_NACA_BIT)
        return fail_field(c, control_byte(cmd), CONTROL_NACA_BIT);
    if (row->flags & TGT_OP_VENDOR_USAGE)
        return true;
    unsigned len = row->cdb_len ? row->cdb_len : 8u + cmd->cdb[7];
    return usage_clean(cmd, MIN(len, sizeof row->usage)) || fail_usage(c);
}

static bool find_row(struct core_cmd *c)
{
    struct tgt_cmd *cmd = &c->pub;
    bool known;
    cmd->row = optable_find(c->itl->lu->ops, cmd->cdb, cmd->cdb_len, &known);
    if (cmd->row != NULL && cmd->row->supported != NULL && !cmd->row->supported(cmd->lu)) {
        known = cmd->row->service_action != TGT_NO_SA;
        cmd->row = NULL;
    }
    if (cmd->row != NULL)
        return true;
    if (!known)
        return fail(c, TGT_SENSE_INVALID_OPCODE);
    return cmd->cdb[0] == VARIABLE_LENGTH ? fail_field(c, 8, 7) : fail_field(c, 1, 4);
}

/* ---- The LU's conditions ---- */

static bool check_attention(struct core_cmd *c)
{
    gint attention = g_atomic_int_get(&c->itl->attention);
    if (G_LIKELY(attention == 0))
        return true;
    if ((attention & ITL_UNIT_ATTENTION) && !(c->pub.row->flags & TGT_OP_KEEPS_UA)) {
        enum tgt_sense sense = itl_attention_take(c->itl);
        if (sense != TGT_SENSE_NONE)
            return fail(c, sense);
    }
    if (!(attention & ITL_CONFLICT) || c->pub.row->reserve == TGT_RESERVE_ALLOW)
        return true;
    cmd_status(&c->pub, TGT_STATUS_RESERVATION_CONFLICT);
    return false;
}

/* Commands that report rather than do are always answered. */
static bool check_ready(struct core_cmd *c, unsigned state)
{
    uint32_t flags = c->pub.row->flags;
    if (flags & TGT_OP_KEEPS_UA)
        return true;
    if (state & TGT_LU_OFFLINE)
        return fail(c, TGT_SENSE_NOT_READY);
    if ((state & TGT_LU_JOB) && !(flags & TGT_OP_DURING_JOB))
        return fail(c, (enum tgt_sense)__atomic_load_n(&c->itl->lu->job_sense, __ATOMIC_RELAXED));
    if ((state & TGT_LU_STOPPED) && !(flags & TGT_OP_STOPPED))
        return fail(c, TGT_SENSE_INITIALIZING_COMMAND_REQUIRED);
    if ((state & TGT_LU_NO_MEDIUM) && !(flags & TGT_OP_NO_MEDIUM))
        return fail(c, TGT_SENSE_NO_MEDIUM);
    if ((state & TGT_LU_READ_ONLY) && (flags & TGT_OP_WRITES))
        return fail(c, TGT_SENSE_WRITE_PROTECTED);
    if ((state & TGT_LU_SWP) && (flags & TGT_OP_WRITES))
        return fail(c, TGT_SENSE_SOFTWARE_WRITE_PROTECTED);
    return true;
}

/* What is read-only for one initiator is to it as if it were so for all. */
static bool check_state(struct core_cmd *c)
{
    unsigned state = __atomic_load_n(&c->pub.lu->state, __ATOMIC_ACQUIRE);
    unsigned attention = (unsigned)g_atomic_int_get(&c->itl->attention);
    return check_ready(c, state | (attention & ITL_READ_ONLY));
}

/* ---- No LU ---- */

static const struct tgt_scsi_op *spc_row(uint8_t opcode)
{
    for (unsigned i = 0; i < spc_op_count; i++)
        if (spc_ops[i].opcode == opcode && spc_ops[i].service_action == TGT_NO_SA)
            return &spc_ops[i];
    return NULL;
}

static bool check_absent(struct core_cmd *c)
{
    struct tgt_cmd *cmd = &c->pub;
    const struct tgt_scsi_op *row = spc_row(cmd->cdb[0]);
    if (row == NULL || !(row->flags & TGT_OP_NO_LU))
        return fail(c, TGT_SENSE_LUN_NOT_SUPPORTED);
    cmd->row = row;
    return check_cdb(c) && cmd_decode(c);
}

/* ---- All of them ---- */

static bool find_lu(struct core_cmd *c)
{
    uint16_t lun;
    if (lun_decode(c->pub.lun, &lun))
        c->itl = nexus_itl(c->pub.nexus, lun);
    if (c->itl == NULL)
        return false;
    c->pub.lu = &c->itl->lu->pub;
    lu_share_add(c);
    return true;
}

bool cmd_check(struct core_cmd *c)
{
    if (!find_lu(c))
        return check_absent(c);
    if (!find_row(c) || !check_cdb(c))
        return false;
    if (c->pub.attr >= TGT_TASK_ACA)
        return fail(c, TGT_SENSE_INVALID_MESSAGE);
    if (!check_attention(c) || !check_state(c) || !cmd_decode(c))
        return false;
    taskset_admit(c);
    return true;
}

bool cmd_check_again(struct core_cmd *c)
{
    c->stale = false;
    return check_state(c) && cmd_check_range(c);
}
