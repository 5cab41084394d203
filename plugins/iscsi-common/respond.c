/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SCSI Response: status, sense and residuals of a command (RFC 7143 11.4). */
#include <string.h>

#include "session.h"
#include "task.h"

/* Sense data of a task that never became a command: fixed format. */
#define FIXED_SENSE_LEN 18u

static uint32_t residual_count(int64_t residual)
{
    int64_t count = residual < 0 ? -residual : residual;
    return (uint32_t)MIN(count, UINT32_MAX);
}

static uint8_t residual_flag(int64_t residual, uint8_t over, uint8_t under)
{
    return residual > 0 ? over : residual < 0 ? under : 0;
}

/* One direction: the one that the initiator announced; if it announced none, the one that has
 * something to say. */
static int64_t only_residual(const struct tgt_cmd *cmd)
{
    if (cmd->residual_in != 0 && (cmd->expected_in > 0 || cmd->expected_out == 0))
        return cmd->residual_in;
    return cmd->residual_out;
}

void iscsi_residuals(const struct tgt_cmd *cmd, uint8_t *flags, uint32_t *residual,
                     uint32_t *bidi_residual)
{
    bool bidi = cmd->expected_in > 0 && cmd->expected_out > 0;
    int64_t main = bidi ? cmd->residual_out : only_residual(cmd);
    *flags |= residual_flag(main, ISCSI_OVERFLOW, ISCSI_UNDERFLOW);
    *residual = residual_count(main);
    *bidi_residual = 0;
    if (!bidi)
        return;
    *flags |= residual_flag(cmd->residual_in, ISCSI_BIDI_OVERFLOW, ISCSI_BIDI_UNDERFLOW);
    *bidi_residual = residual_count(cmd->residual_in);
}

void iscsi_respond_sent(struct iscsi_conn *c, struct iscsi_tx *tx)
{
    iscsi_task_end((struct iscsi_task *)((char *)tx - offsetof(struct iscsi_task, tx)));
}

static void attach_sense(struct iscsi_task *task, const void *sense, size_t len)
{
    be_put(task->sense_len, 2, len);
    task->sense[0] = (struct iovec){task->sense_len, 2};
    task->sense[1] = (struct iovec){(void *)sense, len};
    task->tx.iov = task->sense;
    task->tx.data_len = (uint32_t)len + 2;
}

static void fill_from_command(struct iscsi_task *task, struct iscsi_scsi_response *pdu)
{
    const struct tgt_cmd *cmd = task->cmd;
    uint32_t residual, bidi_residual;
    pdu->status = cmd->status;
    iscsi_residuals(cmd, &pdu->flags, &residual, &bidi_residual);
    pdu->residual = be32(residual);
    pdu->bidi_residual = be32(bidi_residual);
    if (cmd->sense_len > 0)
        attach_sense(task, cmd->sense, cmd->sense_len);
}

static void fill_refused(struct iscsi_task *task, struct iscsi_scsi_response *pdu)
{
    uint8_t *sense = task->refused_sense;
    pdu->status = task->fail ? TGT_STATUS_CHECK_CONDITION : TGT_STATUS_TASK_SET_FULL;
    if (!task->fail)
        return;
    sense[0] = 0x70;
    sense[2] = TGT_SENSE_GET_KEY(task->fail);
    sense[7] = FIXED_SENSE_LEN - 8;
    sense[12] = TGT_SENSE_GET_ASC(task->fail);
    sense[13] = TGT_SENSE_GET_ASCQ(task->fail);
    attach_sense(task, sense, FIXED_SENSE_LEN);
}

void iscsi_respond_send(struct iscsi_task *task)
{
    struct iscsi_scsi_response *pdu = &task->tx.bhs.scsi_response;
    pdu->opcode = ISCSI_OP_SCSI_RESPONSE;
    pdu->flags = ISCSI_FINAL;
    pdu->itt = be32(task->itt);
    pdu->exp_datasn = be32(task->data_ins); /* 11.4.8: R2Ts are not counted */
    if (task->cmd)
        fill_from_command(task, pdu);
    else
        fill_refused(task, pdu);
    task->tx.flags = ISCSI_TX_STATUS;
    if (!(task->flags & ISCSI_TASK_IMMEDIATE))
        task->tx.flags |= ISCSI_TX_ENDS_TASK;
    task->tx.sent = iscsi_respond_sent;
    iscsi_tx_queue(task->conn, &task->tx);
}
