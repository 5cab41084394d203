/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data-In: the data of a command in PDUs as the initiator takes them, sent from the command's own
 * memory (RFC 7143 11.7). */
#include "session.h"
#include "task.h"

/* PDUs of one task that are queued at one time; the last of them brings the next. */
#define BATCH 32u

/* 11.7.3: good status rides on the last Data-In; with sense data, or in bidirectional commands, it
 * needs a PDU of its own. */
static bool status_rides(const struct tgt_cmd *cmd)
{
    return cmd->status == TGT_STATUS_GOOD && cmd->sense_len == 0 && cmd->expected_out == 0;
}

static void advance(struct iscsi_task *task, uint32_t len)
{
    const struct tgt_data *in = &task->cmd->in;
    task->in_queued += len;
    task->in_piece_used += len;
    while (task->in_piece < in->iovcnt && task->in_piece_used >= in->iov[task->in_piece].iov_len)
        task->in_piece_used -= (uint32_t)in->iov[task->in_piece++].iov_len;
}

/* 13.13: F ends a sequence when MaxBurstLength is reached. */
static bool ends_sequence(struct iscsi_task *task, uint32_t len)
{
    task->burst += len;
    if (task->burst < task->conn->agreed.value[ISCSI_KEY_MaxBurstLength] &&
        task->in_queued + len < task->in_len)
        return false;
    task->burst = 0;
    return true;
}

static void fill(struct iscsi_task *task, struct iscsi_tx *tx, uint32_t len)
{
    struct iscsi_data_in *pdu = &tx->bhs.data_in;
    pdu->opcode = ISCSI_OP_DATA_IN;
    pdu->flags = ends_sequence(task, len) ? ISCSI_FINAL : 0;
    pdu->itt = be32(task->itt);
    pdu->ttt = be32(ISCSI_NO_TAG);
    /* 4.2.2.3: the R2Ts of a bidirectional command, which all came before, are of the same
     * sequence. */
    pdu->datasn = be32(task->r2ts + task->data_ins++);
    pdu->offset = be32(task->in_queued);
    tx->iov = &task->cmd->in.iov[task->in_piece];
    tx->skip = task->in_piece_used;
    tx->data_len = len;
    if (task->cmd->in_lent)
        tx->flags |= ISCSI_TX_LENT;
    advance(task, len);
}

static void add_status(struct iscsi_task *task)
{
    struct iscsi_data_in *pdu = &task->tx.bhs.data_in;
    uint8_t residual_flags = 0;
    uint32_t residual, bidi_residual;
    iscsi_residuals(task->cmd, &residual_flags, &residual, &bidi_residual);
    pdu->flags |= ISCSI_STATUS | residual_flags;
    pdu->status = task->cmd->status;
    pdu->residual = be32(residual);
    task->tx.flags |= ISCSI_TX_STATUS;
    if (!(task->flags & ISCSI_TASK_IMMEDIATE))
        task->tx.flags |= ISCSI_TX_ENDS_TASK;
    task->tx.sent = iscsi_respond_sent;
}

static void send_batch(struct iscsi_task *task);

static void batch_sent(struct iscsi_conn *c, struct iscsi_tx *tx)
{
    struct iscsi_task *task = iscsi_task_find(c->session, be32_get(tx->bhs.any.itt));
    iscsi_tx_recycle(c, tx);
    if (c->closed || (task->flags & ISCSI_TASK_SILENT))
        iscsi_task_end(task);
    else
        send_batch(task);
}

static uint32_t next_length(const struct iscsi_task *task)
{
    const struct iscsi_conn *c = task->conn;
    uint32_t burst_left = c->agreed.value[ISCSI_KEY_MaxBurstLength] - task->burst;
    return MIN(MIN(c->segment_out, burst_left), task->in_len - task->in_queued);
}

static void send_last(struct iscsi_task *task, uint32_t len)
{
    fill(task, &task->tx, len);
    add_status(task);
    iscsi_tx_queue(task->conn, &task->tx);
}

static void send_one(struct iscsi_task *task, uint32_t len, bool ends_batch)
{
    struct iscsi_tx *tx = iscsi_tx_new(task->conn, ISCSI_OP_DATA_IN, task->itt);
    tx->flags = ISCSI_TX_NO_STATSN;
    fill(task, tx, len);
    if (ends_batch && task->in_queued < task->in_len)
        tx->sent = batch_sent;
    iscsi_tx_queue(task->conn, tx);
}

static void send_batch(struct iscsi_task *task)
{
    for (unsigned i = 1; i <= BATCH && task->in_queued < task->in_len; i++) {
        uint32_t len = next_length(task);
        if (task->in_queued + len == task->in_len && status_rides(task->cmd))
            return send_last(task, len);
        send_one(task, len, i == BATCH);
    }
    if (task->in_queued == task->in_len)
        iscsi_respond_send(task);
}

void iscsi_datain_start(struct iscsi_task *task)
{
    const struct tgt_cmd *cmd = task->cmd;
    task->in_len = cmd ? MIN(cmd->in.len, cmd->expected_in) : 0;
    if (task->in_len > 0)
        send_batch(task);
    else
        iscsi_respond_send(task);
}
