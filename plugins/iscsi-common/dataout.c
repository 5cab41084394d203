/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data-Out: judged against what was asked for or allowed, taken, and counted (RFC
 * 7143 11.7, 7.9, 11.4.7.2). */
#include <string.h>

#include "full.h"
#include "session.h"
#include "task.h"

/* What the PDU says of itself; ends in 64 bits, since an offset and a length may add up to more
 * than 32. */
struct claim {
    bool solicited, final;
    uint32_t datasn, offset;
    uint64_t end;
};

static struct claim read_claim(const struct iscsi_data_out *pdu)
{
    struct claim claim = {
        .solicited = be32_get(pdu->ttt) != ISCSI_NO_TAG,
        .final = pdu->flags & ISCSI_FINAL,
        .datasn = be32_get(pdu->datasn),
        .offset = be32_get(pdu->offset),
    };
    claim.end = (uint64_t)claim.offset + be24_get(pdu->data_len);
    return claim;
}

/* Does the TTT name one of the R2Ts that wait, and the LUN the same LU (11.7.4)? */
static bool names_r2t(const struct iscsi_task *task, const struct iscsi_data_out *pdu)
{
    uint32_t index = be32_get(pdu->ttt) - task->r2t_ttt;
    return task->cmd && index >= task->r2ts_done && index < task->r2ts &&
           memcmp(pdu->lun, task->cmd->lun, sizeof(pdu->lun)) == 0;
}

static enum tgt_sense judge_solicited(const struct iscsi_task *task,
                                      const struct iscsi_data_out *pdu, const struct claim *claim)
{
    uint32_t limit = iscsi_r2t_end(task);
    if (be32_get(pdu->ttt) - task->r2t_ttt != task->r2ts_done)
        return TGT_SENSE_NOT_ENOUGH_UNSOLICITED_DATA;
    if (claim->datasn != task->datasn)
        return TGT_SENSE_PROTOCOL_SERVICE_CRC_ERROR;
    if (claim->offset != task->got || claim->end > limit || (claim->final && claim->end != limit))
        return TGT_SENSE_NOT_ENOUGH_UNSOLICITED_DATA;
    return TGT_SENSE_NONE;
}

/* 11.4.7.2: who has more to send than FirstBurstLength, and sends some of it in unsolicited
 * Data-Out, must fill the burst. For a shorter transfer nothing of the kind is said: R2Ts ask for
 * the rest. */
static bool ends_too_early(const struct iscsi_task *task, const struct claim *claim)
{
    const uint32_t *agreed = task->conn->agreed.value;
    return claim->final && claim->end < task->first_burst && task->cmd &&
           task->cmd->expected_out > agreed[ISCSI_KEY_FirstBurstLength];
}

static enum tgt_sense judge_unsolicited(const struct iscsi_task *task, const struct claim *claim)
{
    if (!(task->flags & ISCSI_TASK_UNSOLICITED))
        return TGT_SENSE_UNEXPECTED_UNSOLICITED_DATA;
    if (claim->datasn != task->datasn)
        return TGT_SENSE_PROTOCOL_SERVICE_CRC_ERROR;
    if (claim->offset != task->got || claim->end > task->first_burst || ends_too_early(task, claim))
        return TGT_SENSE_NOT_ENOUGH_UNSOLICITED_DATA;
    return TGT_SENSE_NONE;
}

/* Data of no task: of one that waits for its turn, of one that was aborted (10.7: discarded), or a
 * mistake. */
static void begin_unknown(struct iscsi_conn *c, uint32_t itt)
{
    if (!c->session->replaying && iscsi_held_has_itt(c->session, itt))
        c->rx.verdict = ISCSI_HOLD;
    else if (iscsi_gone_has(c->session, itt))
        c->rx.verdict = ISCSI_IGNORE;
    else
        iscsi_rx_refuse(c, ISCSI_REJECT_INVALID_FIELD);
}

void iscsi_dataout_begin(struct iscsi_conn *c, const uint8_t *ahs, size_t ahs_len)
{
    const struct iscsi_data_out *pdu = &c->rx.bhs.data_out;
    struct iscsi_task *task = iscsi_task_find(c->session, iscsi_itt(&c->rx.bhs));
    struct claim claim = read_claim(pdu);
    if (!task)
        return begin_unknown(c, iscsi_itt(&c->rx.bhs));
    if ((claim.solicited && !names_r2t(task, pdu)) || (task->cmd && task->cmd->expected_out == 0))
        return iscsi_rx_refuse(c, ISCSI_REJECT_INVALID_FIELD);
    enum tgt_sense sense =
        claim.solicited ? judge_solicited(task, pdu, &claim) : judge_unsolicited(task, &claim);
    if (sense != TGT_SENSE_NONE)
        iscsi_task_fail(task, sense);
    c->rx.task = task;
    iscsi_place_begin(c, task, be24_get(pdu->data_len));
}

static void end_sequence(struct iscsi_task *task, bool solicited)
{
    if (!solicited)
        task->flags &= ~(uint32_t)ISCSI_TASK_UNSOLICITED;
    else
        task->r2ts_done++;
    task->datasn = 0;
}

static void take(struct iscsi_conn *c, struct iscsi_task *task)
{
    struct claim claim = read_claim(&c->rx.bhs.data_out);
    task->since = iscsi_now(c);
    if (be24_get(c->rx.bhs.any.data_len) > 0)
        c->fed = task->since;
    task->got = task->placed;
    task->datasn++;
    if (claim.final)
        end_sequence(task, claim.solicited);
    iscsi_task_step(task);
}

bool iscsi_dataout_run(struct iscsi_conn *c)
{
    struct iscsi_task *task = g_steal_pointer(&c->rx.task);
    if (task)
        take(c, task);
    return true;
}

void iscsi_dataout_spoiled(struct iscsi_conn *c)
{
    if (c->rx.task)
        iscsi_task_fail(c->rx.task, TGT_SENSE_PROTOCOL_SERVICE_CRC_ERROR);
    iscsi_dataout_run(c);
}
