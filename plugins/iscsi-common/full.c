/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Full feature phase: the table of requests, and the way of each from its header to its turn. */
#include "full.h"
#include "session.h"
#include "task.h"

static const struct iscsi_op ops[] = {
    /* opcode, name, numbered, in discovery, begin, run, spoiled */
    {ISCSI_OP_SCSI_COMMAND, "SCSI Command", true, false, iscsi_scsi_begin, iscsi_scsi_run,
     iscsi_scsi_spoiled},
    {ISCSI_OP_DATA_OUT, "Data-Out", false, false, iscsi_dataout_begin, iscsi_dataout_run,
     iscsi_dataout_spoiled},
    {ISCSI_OP_NOP_OUT, "NOP-Out", true, false, iscsi_nop_begin, iscsi_nop_run, NULL},
    {ISCSI_OP_TMF_REQUEST, "Task Management Function Request", true, false, NULL, iscsi_tmf_run,
     NULL},
    {ISCSI_OP_TEXT_REQUEST, "Text Request", true, true, iscsi_text_begin, iscsi_text_run, NULL},
    {ISCSI_OP_LOGOUT_REQUEST, "Logout Request", true, true, NULL, iscsi_logout_run, NULL},
};

static const struct iscsi_op *find(uint8_t opcode)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(ops); i++)
        if (ops[i].opcode == opcode)
            return &ops[i];
    return NULL;
}

/* A login at this time, and what only targets send, is in the wrong place; all else is not known
 * here, SNACK among it. */
static enum iscsi_reject reason_for(uint8_t opcode)
{
    switch (opcode) {
    case ISCSI_OP_LOGIN_REQUEST:
    case ISCSI_OP_NOP_IN:
    case ISCSI_OP_SCSI_RESPONSE:
    case ISCSI_OP_TMF_RESPONSE:
    case ISCSI_OP_LOGIN_RESPONSE:
    case ISCSI_OP_TEXT_RESPONSE:
    case ISCSI_OP_DATA_IN:
    case ISCSI_OP_LOGOUT_RESPONSE:
    case ISCSI_OP_R2T:
    case ISCSI_OP_ASYNC:
    case ISCSI_OP_REJECT:
        return ISCSI_REJECT_PROTOCOL_ERROR;
    default:
        return ISCSI_REJECT_NOT_SUPPORTED;
    }
}

/* All of it is kept until its CmdSN is due. */
static void collect_held(struct iscsi_conn *c, const uint8_t *ahs, size_t ahs_len)
{
    iscsi_rx_collect(c);
    c->rx.ahs = g_byte_array_append(g_byte_array_new(), ahs, (guint)ahs_len);
}

static void begin(struct iscsi_conn *c, const uint8_t *ahs, size_t ahs_len)
{
    const struct iscsi_op *op = c->rx.op;
    if (op->numbered)
        c->rx.verdict = iscsi_cmdsn_judge(c->session, &c->rx.bhs);
    if (c->rx.verdict == ISCSI_RUN && op->begin)
        op->begin(c, ahs, ahs_len);
}

static void full_header(struct iscsi_conn *c, const uint8_t *ahs, size_t ahs_len)
{
    const struct iscsi_op *op = c->rx.op = find(iscsi_opcode(&c->rx.bhs));
    if (!op)
        iscsi_rx_refuse(c, reason_for(iscsi_opcode(&c->rx.bhs)));
    else if (c->session->discovery && !op->discovery)
        iscsi_rx_refuse(c, ISCSI_REJECT_PROTOCOL_ERROR); /* 4.3 */
    else if (iscsi_itt(&c->rx.bhs) == ISCSI_NO_TAG && op->opcode != ISCSI_OP_NOP_OUT)
        iscsi_rx_refuse(c, ISCSI_REJECT_INVALID_FIELD);
    else
        begin(c, ahs, ahs_len);
    if (!c->closed && c->rx.verdict == ISCSI_HOLD)
        collect_held(c, ahs, ahs_len);
}

/* 7.8: a PDU whose data is not what was sent is discarded; that is told before its task ends. */
static void spoiled(struct iscsi_conn *c)
{
    iscsi_reject(c, ISCSI_REJECT_DATA_DIGEST, &c->rx.bhs);
    if (c->rx.verdict == ISCSI_RUN && c->rx.op->spoiled)
        c->rx.op->spoiled(c);
}

/* No number has left yet when it counts: answers are sealed at the end of the turn. */
static void run(struct iscsi_conn *c)
{
    bool numbered = c->rx.op->numbered && !iscsi_is_immediate(&c->rx.bhs);
    if (c->rx.op->run(c) && numbered)
        iscsi_cmdsn_advance(c->session);
}

static void full_pdu(struct iscsi_conn *c, bool data_ok)
{
    if (c->rx.verdict == ISCSI_IGNORE)
        return;
    if (!data_ok)
        return spoiled(c);
    switch (c->rx.verdict) {
    case ISCSI_RUN:
        return run(c);
    case ISCSI_HOLD:
        return iscsi_hold(c);
    default:
        return iscsi_reject(c, c->rx.reason, &c->rx.bhs);
    }
}

const struct iscsi_state iscsi_state_full = {"full feature phase", NULL, full_header, full_pdu};
