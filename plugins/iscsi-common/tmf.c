/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Task management: what concerns the numbering is judged here, the rest by the core (RFC
 * 7143 11.5, 11.6). */
#include <string.h>

#include "full.h"
#include "session.h"
#include "task.h"

/* A response that the core has no name for: task allegiance reassignment is not supported
 * (ErrorRecoveryLevel 0). */
#define NO_REASSIGNMENT 4

/* One under way in the core. Holds the connection. */
struct iscsi_tmf {
    struct tgt_tmf tmf;
    struct iscsi_conn *conn;
    uint32_t itt;
    bool quiet;    /* no initiator asked for it */
    bool silenced; /* ABORT TASK of a task that was sending data: it got no status */
    GList node;    /* in session->tmfs */
};

bool iscsi_tmf_has_itt(const struct iscsi_session *s, uint32_t itt)
{
    for (const GList *node = s->tmfs.head; node; node = node->next)
        if (((const struct iscsi_tmf *)node->data)->itt == itt)
            return true;
    return false;
}

static void answer(struct iscsi_conn *c, uint32_t itt, uint8_t response)
{
    struct iscsi_tx *tx = iscsi_reply_new(c, ISCSI_OP_TMF_RESPONSE, itt, NULL, 0);
    tx->bhs.answer.response = response;
    iscsi_tx_queue(c, tx);
}

/* The core has ended a task once it is the transport's to answer, and calls it unknown; but to the
 * initiator it ends with this function if its status was kept back (11.6.1). */
static uint8_t response_of(const struct iscsi_tmf *request)
{
    uint8_t response = request->tmf.response;
    return request->silenced && response == TGT_TMF_NO_TASK ? TGT_TMF_COMPLETE : response;
}

static void tmf_done(struct tgt_tmf *tmf)
{
    struct iscsi_tmf *request = (struct iscsi_tmf *)tmf;
    struct iscsi_conn *c = request->conn;
    g_queue_unlink(&c->session->tmfs, &request->node);
    if (!request->quiet && !c->closed && !c->finishing)
        answer(c, request->itt, response_of(request));
    g_free(request);
    iscsi_conn_put(c);
}

static struct iscsi_tmf *request_new(struct iscsi_conn *c, uint8_t function, const uint8_t *lun)
{
    struct iscsi_tmf *request = g_new0(struct iscsi_tmf, 1);
    request->conn = c;
    request->itt = ISCSI_NO_TAG;
    request->node.data = request;
    g_queue_push_tail_link(&c->session->tmfs, &request->node);
    iscsi_conn_hold(c);
    request->tmf.nexus = c->session->nexus;
    request->tmf.function = function;
    memcpy(request->tmf.lun, lun, sizeof(request->tmf.lun));
    request->tmf.done = tmf_done;
    return request;
}

static void submit(struct iscsi_conn *c, const struct iscsi_tmf_request *pdu, uint8_t function,
                   bool silenced)
{
    struct iscsi_tmf *request = request_new(c, function, pdu->lun);
    request->itt = be32_get(pdu->itt);
    request->silenced = silenced;
    request->tmf.ref_tag = be32_get(pdu->ref_itt);
    tgt_tmf_submit(&request->tmf);
}

void iscsi_task_withdraw(const struct iscsi_task *task)
{
    struct iscsi_tmf *request = request_new(task->conn, TGT_TMF_ABORT_TASK, task->cmd->lun);
    request->quiet = true;
    request->tmf.ref_tag = task->itt;
    tgt_tmf_submit(&request->tmf);
}

static void query_done(struct tgt_tmf *tmf)
{
}

static uint8_t query(struct iscsi_session *s, uint8_t function, const uint8_t *lun)
{
    struct tgt_tmf tmf = {.nexus = s->nexus, .function = function, .done = query_done};
    memcpy(tmf.lun, lun, sizeof(tmf.lun));
    tgt_tmf_submit(&tmf);
    return tmf.response;
}

bool iscsi_attention_pends(struct iscsi_session *s, const uint8_t *lun)
{
    return query(s, TGT_TMF_QUERY_ASYNC_EVENT, lun) == TGT_TMF_SUCCEEDED;
}

/* The initiator sends no more data for a task that it aborts: nothing is waited for. One that is
 * sending data ends without status. */
static void abort_task(struct iscsi_conn *c, const struct iscsi_tmf_request *pdu,
                       struct iscsi_task *task)
{
    uint32_t ref_itt = task->itt;
    bool sending = task->flags & ISCSI_TASK_SENDING;
    task->flags |= ISCSI_TASK_HURRY;
    if (!task->cmd || sending)
        task->flags |= ISCSI_TASK_SILENT;
    if (!task->cmd)
        answer(c, be32_get(pdu->itt), TGT_TMF_COMPLETE);
    else
        submit(c, pdu, TGT_TMF_ABORT_TASK, sending);
    task = c->closed ? NULL : iscsi_task_find(c->session, ref_itt);
    if (task)
        iscsi_task_step(task);
}

/* 11.6.1: a command that may still come counts as received; one that cannot does not exist. */
static uint8_t abort_unknown(struct iscsi_session *s, const struct iscsi_tmf_request *pdu)
{
    uint32_t ref_itt = be32_get(pdu->ref_itt), ref_cmdsn = be32_get(pdu->ref_cmdsn);
    if (iscsi_tmf_has_itt(s, ref_itt))
        return TGT_TMF_REJECTED;
    if (iscsi_hold_abort(s, ref_itt))
        return TGT_TMF_COMPLETE;
    if (iscsi_before(ref_cmdsn, s->exp_cmdsn) || !iscsi_before(ref_cmdsn, be32_get(pdu->cmdsn)) ||
        iscsi_before(s->max_cmdsn, ref_cmdsn) || iscsi_held_has(s, ref_cmdsn))
        return TGT_TMF_NO_TASK;
    iscsi_hold_plug(s, ref_cmdsn, ref_itt);
    return TGT_TMF_COMPLETE;
}

/* A tag with the LUN of another task is the core's to judge. */
static bool same_lun(const struct iscsi_task *task, const struct iscsi_tmf_request *pdu)
{
    return !task->cmd || memcmp(task->cmd->lun, pdu->lun, sizeof(pdu->lun)) == 0;
}

static void run_abort_task(struct iscsi_conn *c, const struct iscsi_tmf_request *pdu)
{
    struct iscsi_task *task = iscsi_task_find(c->session, be32_get(pdu->ref_itt));
    if (task && !same_lun(task, pdu))
        submit(c, pdu, TGT_TMF_ABORT_TASK, false);
    else if (task && iscsi_task_answered(task))
        answer(c, be32_get(pdu->itt), TGT_TMF_NO_TASK); /* behind its answer in the queue */
    else if (task)
        abort_task(c, pdu, task);
    else
        answer(c, be32_get(pdu->itt), abort_unknown(c->session, pdu));
}

static bool has_lun(struct iscsi_session *s, const uint8_t *lun)
{
    return query(s, TGT_TMF_QUERY_TASK_SET, lun) != TGT_TMF_NO_LUN;
}

/* Commands that wait for their turn are older than this function, and affected by it; where there
 * is no LU, nothing is, and they are answered. */
static void run_on_many(struct iscsi_conn *c, const struct iscsi_tmf_request *pdu, uint8_t function)
{
    bool whole_target = function >= TGT_TMF_TARGET_WARM_RESET;
    if (whole_target || (function != TGT_TMF_CLEAR_ACA && has_lun(c->session, pdu->lun)))
        iscsi_hold_abort_before(c->session, be32_get(pdu->cmdsn), whole_target ? NULL : pdu->lun);
    submit(c, pdu, function, false);
}

static bool too_many(struct iscsi_conn *c)
{
    if (c->session->tmfs.length < ISCSI_TMF_MAX)
        return false;
    if (iscsi_is_immediate(&c->rx.bhs))
        iscsi_reject(c, ISCSI_REJECT_IMMEDIATE, &c->rx.bhs);
    else
        answer(c, iscsi_itt(&c->rx.bhs), TGT_TMF_REJECTED);
    return true;
}

bool iscsi_tmf_run(struct iscsi_conn *c)
{
    const struct iscsi_tmf_request *pdu = &c->rx.bhs.tmf_request;
    uint8_t function = pdu->function & 0x7f;
    if (too_many(c))
        return true;
    if (function == TGT_TMF_ABORT_TASK)
        run_abort_task(c, pdu);
    else if (function >= TGT_TMF_ABORT_TASK_SET && function <= TGT_TMF_TARGET_COLD_RESET)
        run_on_many(c, pdu, function);
    else if (function == TGT_TMF_TASK_REASSIGN)
        answer(c, be32_get(pdu->itt), NO_REASSIGNMENT);
    else
        answer(c, be32_get(pdu->itt),
               TGT_TMF_NOT_SUPPORTED); /* 9 to 12 need iSCSIProtocolLevel 2 */
    return true;
}
