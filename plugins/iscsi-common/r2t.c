/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* R2T: asks for the data that did not come unsolicited (RFC 7143 11.8). */
#include <string.h>

#include "session.h"
#include "task.h"

/* The sequences of a task follow each other without a gap, each as long as allowed: an R2T is known
 * by its number alone. */
uint32_t iscsi_r2t_end(const struct iscsi_task *task)
{
    uint64_t burst = task->conn->agreed.value[ISCSI_KEY_MaxBurstLength];
    uint64_t end = task->r2t_begin + (task->r2ts_done + 1ull) * burst;
    return (uint32_t)MIN(end, task->cmd->out.len);
}

/* TTTs of one task follow each other and do not hit the reserved value. */
static uint32_t reserve_ttts(struct iscsi_session *s, uint32_t count)
{
    if (s->next_ttt > ISCSI_NO_TAG - 1 - count)
        s->next_ttt = 0;
    s->next_ttt += count;
    return s->next_ttt - count;
}

static void begin(struct iscsi_task *task, uint32_t burst)
{
    uint32_t left = task->cmd->out.len - task->got;
    task->r2t_begin = task->solicited = task->got;
    task->r2t_ttt = reserve_ttts(task->conn->session, left / burst + 1);
    task->datasn = 0;
}

/* Only now can the initiator know of it. */
static void r2t_sent(struct iscsi_conn *c, struct iscsi_tx *tx)
{
    struct iscsi_task *task = iscsi_task_find(c->session, be32_get(tx->bhs.any.itt));
    if (task && task->since == UINT64_MAX)
        iscsi_task_await(task);
    iscsi_tx_recycle(c, tx);
}

static void send_one(struct iscsi_task *task, uint32_t len)
{
    struct iscsi_tx *tx = iscsi_tx_new(task->conn, ISCSI_OP_R2T, task->itt);
    struct iscsi_r2t *r2t = &tx->bhs.r2t;
    tx->sent = r2t_sent;
    if (task->r2ts == task->r2ts_done)
        task->since = UINT64_MAX;
    memcpy(r2t->lun, task->cmd->lun, sizeof(r2t->lun));
    r2t->ttt = be32(task->r2t_ttt + task->r2ts);
    r2t->r2tsn = be32(task->r2ts);
    r2t->offset = be32(task->solicited);
    r2t->length = be32(len);
    task->r2ts++;
    task->solicited += len;
    iscsi_tx_queue(task->conn, tx);
}

void iscsi_r2t_fill(struct iscsi_task *task)
{
    const uint32_t *agreed = task->conn->agreed.value;
    uint32_t burst = agreed[ISCSI_KEY_MaxBurstLength];
    if (task->got >= task->cmd->out.len)
        return;
    if (task->r2ts == 0)
        begin(task, burst);
    while (task->solicited < task->cmd->out.len &&
           task->r2ts - task->r2ts_done < agreed[ISCSI_KEY_MaxOutstandingR2T])
        send_one(task, MIN(burst, task->cmd->out.len - task->solicited));
}
