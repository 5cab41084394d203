/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* REPORT SUPPORTED OPERATION CODES (SPC-5 6.35) from the rows, REPORT SUPPORTED TASK MANAGEMENT
 * FUNCTIONS (SPC-5 6.36). */
#include <string.h>
#include <tgt/scsi/be.h>

#include "cmd.h"
#include "lu.h"
#include "spc.h"

/* ---- REPORT SUPPORTED OPERATION CODES ---- */

#define RCTD 0x80
enum { REPORT_ALL = 0, REPORT_OPCODE = 1, REPORT_ACTION = 2, REPORT_EITHER = 3 };

#define SERVACTV              0x01
#define CTDP_OF_ALL           0x02
#define CTDP_OF_ONE           0x80
#define NOT_SUPPORTED         0x01
#define SUPPORTED_AS_STANDARD 0x03

#define TIMEOUTS_SIZE   12
#define VARIABLE_LENGTH 0x7f

static bool has_action(const struct tgt_scsi_op *row)
{
    return row->service_action != TGT_NO_SA;
}

static unsigned cdb_size(const struct tgt_scsi_op *row)
{
    return row->cdb_len ? row->cdb_len : TGT_CDB_MAX;
}

static bool is_there(const struct tgt_cmd *cmd, const struct tgt_scsi_op *row)
{
    return row->supported == NULL || row->supported(cmd->lu);
}

/* No timeout is recommended: how long a command takes is up to the store. */
static void add_timeouts(GByteArray *list)
{
    uint8_t descriptor[TIMEOUTS_SIZE] = {[1] = TIMEOUTS_SIZE - 2};
    g_byte_array_append(list, descriptor, sizeof descriptor);
}

static void add_command(GByteArray *list, const struct tgt_scsi_op *row, bool timeouts)
{
    uint8_t descriptor[8] = {row->opcode};
    if (has_action(row))
        be_put(descriptor + 2, 2, row->service_action);
    descriptor[5] = (uint8_t)((has_action(row) ? SERVACTV : 0) | (timeouts ? CTDP_OF_ALL : 0));
    be_put(descriptor + 6, 2, cdb_size(row));
    g_byte_array_append(list, descriptor, sizeof descriptor);
    if (timeouts)
        add_timeouts(list);
}

static void report_all(struct tgt_cmd *cmd, bool timeouts)
{
    const struct optable *ops = core_lu(cmd->lu)->ops;
    g_autoptr(GByteArray) list = g_byte_array_new();
    g_byte_array_set_size(list, 4);
    for (unsigned i = 0; i < optable_count(ops); i++)
        if (is_there(cmd, optable_row(ops, i)))
            add_command(list, optable_row(ops, i), timeouts);
    be_put(list->data, 4, list->len - 4);
    cmd_reply(cmd, list->data, list->len);
}

/* CDB USAGE DATA: in the place of the service action stands its value, not a mask (SPC-5 6.35.3).
 */
static void add_usage(GByteArray *list, const struct tgt_scsi_op *row)
{
    uint8_t usage[TGT_CDB_MAX] = {0};
    memcpy(usage, row->usage, MIN(cdb_size(row), sizeof row->usage));
    usage[0] = row->opcode;
    if (has_action(row) && row->opcode == VARIABLE_LENGTH)
        be_put(usage + 8, 2, row->service_action);
    else if (has_action(row))
        usage[1] = (uint8_t)((usage[1] & ~0x1f) | row->service_action);
    g_byte_array_append(list, usage, cdb_size(row));
}

static void report_one(struct tgt_cmd *cmd, const struct tgt_scsi_op *row, bool timeouts)
{
    uint8_t header[4] = {0, NOT_SUPPORTED};
    g_autoptr(GByteArray) list = g_byte_array_new();
    if (row != NULL) {
        header[1] = (uint8_t)(SUPPORTED_AS_STANDARD | (timeouts ? CTDP_OF_ONE : 0));
        be_put(header + 2, 2, cdb_size(row));
    }
    g_byte_array_append(list, header, sizeof header);
    if (row != NULL)
        add_usage(list, row);
    if (row != NULL && timeouts)
        add_timeouts(list);
    cmd_reply(cmd, list->data, list->len);
}

/* The row of an opcode and a service action (ignored if the opcode has none), or NULL. `actions`:
 * does the opcode have any? */
static const struct tgt_scsi_op *find(const struct tgt_cmd *cmd, uint8_t opcode, unsigned action,
                                      bool *actions, bool *known)
{
    const struct optable *ops = core_lu(cmd->lu)->ops;
    const struct tgt_scsi_op *found = NULL;
    *actions = *known = false;
    for (unsigned i = 0; i < optable_count(ops); i++) {
        const struct tgt_scsi_op *row = optable_row(ops, i);
        if (row->opcode != opcode || !is_there(cmd, row))
            continue;
        *known = true;
        *actions = *actions || has_action(row);
        if (!has_action(row) || row->service_action == action)
            found = row;
    }
    return found;
}

void spc_report_opcodes(struct tgt_cmd *cmd)
{
    unsigned option = cmd->cdb[2] & 0x07, action = (unsigned)be_get(cmd->cdb + 4, 2);
    bool timeouts = cmd->cdb[2] & RCTD, actions, known;
    if (option == REPORT_ALL) {
        report_all(cmd, timeouts);
        return;
    }
    const struct tgt_scsi_op *row = find(cmd, cmd->cdb[3], action, &actions, &known);
    if (option > REPORT_EITHER || (known && option == REPORT_OPCODE && actions) ||
        (known && option == REPORT_ACTION && !actions)) {
        cmd_sense_field(cmd, 2, 2);
        return;
    }
    if (option == REPORT_EITHER && row != NULL && !has_action(row) && action != 0)
        row = NULL;
    report_one(cmd, row, timeouts);
}

/* ---- REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS ---- */

#define REPD          0x80
#define EXTENDED_SIZE 16

/* Byte 0: ABORT TASK, ABORT TASK SET, CLEAR TASK SET, LOGICAL UNIT RESET, QUERY TASK, TARGET RESET.
 * Byte 1: QUERY ASYNCHRONOUS EVENT, QUERY TASK SET, I_T NEXUS RESET. CLEAR ACA needs ACA, which is
 * not supported. */
#define TMFS_0 0xde
#define TMFS_1 0x07

void spc_report_tmfs(struct tgt_cmd *cmd)
{
    uint8_t data[EXTENDED_SIZE] = {TMFS_0, TMFS_1};
    bool extended = cmd->cdb[2] & REPD;
    if (cmd->count < 4) {
        cmd_sense_field(cmd, 6, 7);
        return;
    }
    data[3] = extended ? EXTENDED_SIZE - 4 : 0;
    cmd_reply(cmd, data, extended ? EXTENDED_SIZE : 4);
}
