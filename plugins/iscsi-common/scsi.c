/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SCSI Command: judged, turned into a command of the core, and its immediate data taken (RFC
 * 7143 11.3). */
#include <string.h>

#include "ahs.h"
#include "full.h"
#include "session.h"
#include "task.h"

/* The transfer that the PDU announces, before there is a command. */
struct request {
    struct iscsi_ahs ahs;
    uint32_t immediate; /* bytes of data that come with it */
    uint32_t out, in;   /* expected lengths */
    bool final, write;
};

static struct request read_request(const struct iscsi_scsi_command *pdu)
{
    uint32_t length = be32_get(pdu->expected_length);
    bool read = pdu->flags & ISCSI_READ, write = pdu->flags & ISCSI_WRITE;
    return (struct request){
        .immediate = be24_get(pdu->data_len),
        .out = write ? length : 0,
        .in = read && !write ? length : 0, /* both: the AHS says it */
        .final = pdu->flags & ISCSI_FINAL,
        .write = write,
    };
}

/* 11.4.7.2; TGT_SENSE_NONE if its data is as negotiated. */
static enum tgt_sense judge_data(const struct iscsi_conn *c, const struct request *r)
{
    const uint32_t *agreed = c->agreed.value;
    if (r->immediate > 0 && (!r->write || !agreed[ISCSI_KEY_ImmediateData]))
        return TGT_SENSE_UNEXPECTED_UNSOLICITED_DATA;
    if (!r->final && agreed[ISCSI_KEY_InitialR2T])
        return TGT_SENSE_UNEXPECTED_UNSOLICITED_DATA;
    if (r->immediate > MIN(agreed[ISCSI_KEY_FirstBurstLength], r->out))
        return TGT_SENSE_NOT_ENOUGH_UNSOLICITED_DATA;
    return TGT_SENSE_NONE;
}

static void init_task(struct iscsi_conn *c, struct iscsi_task *task, const struct request *r)
{
    task->conn = c;
    task->itt = iscsi_itt(&c->rx.bhs);
    task->first_burst = MIN(c->agreed.value[ISCSI_KEY_FirstBurstLength], r->out);
    if (iscsi_is_immediate(&c->rx.bhs))
        task->flags |= ISCSI_TASK_IMMEDIATE;
    if (!r->final)
        task->flags |= ISCSI_TASK_UNSOLICITED;
    if (r->immediate > 0)
        c->rx.task = task;
    iscsi_task_add(c->session, task);
    if (task->flags & ISCSI_TASK_UNSOLICITED)
        iscsi_task_await(task);
}

/* Refused before it became a command: it stays until what it brings has been swallowed. Without a
 * sense: TASK SET FULL. */
static void begin_refused(struct iscsi_conn *c, const struct request *r, enum tgt_sense sense)
{
    struct iscsi_task *task = g_new0(struct iscsi_task, 1);
    init_task(c, task, r);
    task->flags |= ISCSI_TASK_DONE;
    task->fail = sense;
    if (iscsi_task_owed(task))
        iscsi_task_await(task);
    iscsi_task_step(task);
}

/* Table of 11.3.1 to the attributes of SAM-5; reserved ones count as SIMPLE. */
static uint8_t task_attribute(uint8_t flags)
{
    switch (flags & ISCSI_ATTR_MASK) {
    case 2:
        return TGT_TASK_ORDERED;
    case 3:
        return TGT_TASK_HEAD_OF_QUEUE;
    case 4:
        return TGT_TASK_ACA;
    default:
        return TGT_TASK_SIMPLE;
    }
}

static void fill_command(struct tgt_cmd *cmd, const struct iscsi_scsi_command *pdu,
                         const struct request *r)
{
    cmd->tag = be32_get(pdu->itt);
    memcpy(cmd->lun, pdu->lun, sizeof(cmd->lun));
    cmd->attr = task_attribute(pdu->flags);
    memcpy(cmd->cdb, pdu->cdb, sizeof(pdu->cdb));
    if (r->ahs.cdb_len > 0)
        memcpy(cmd->cdb + sizeof(pdu->cdb), r->ahs.cdb, r->ahs.cdb_len);
    cmd->cdb_len = (uint16_t)(sizeof(pdu->cdb) + r->ahs.cdb_len);
    cmd->expected_out = r->out;
    cmd->expected_in = r->in;
}

static void begin_command(struct iscsi_conn *c, const struct request *r)
{
    struct tgt_cmd *cmd = tgt_cmd_new(c->session->nexus);
    if (!cmd)
        return begin_refused(c, r, TGT_SENSE_NONE);
    fill_command(cmd, &c->rx.bhs.scsi_command, r);
    struct iscsi_task *task = iscsi_task(cmd);
    task->cmd = cmd;
    init_task(c, task, r);
    tgt_cmd_submit(cmd);
    if (!c->closed && c->rx.task == task && r->immediate > 0)
        iscsi_place_begin(c, task, r->immediate);
}

/* 7.8: a command whose data is spoiled is discarded, as if it had not come. Until its data is known
 * to be intact it may wait for buffers and take the data into them, but not be told of a unit
 * attention: the next command would not be. */
static bool must_be_intact(const struct iscsi_conn *c)
{
    const struct iscsi_scsi_command *pdu = &c->rx.bhs.scsi_command;
    return c->data_digest && be24_get(pdu->data_len) > 0 && !c->session->replaying &&
           iscsi_attention_pends(c->session, pdu->lun);
}

void iscsi_scsi_begin(struct iscsi_conn *c, const uint8_t *ahs, size_t ahs_len)
{
    const struct iscsi_scsi_command *pdu = &c->rx.bhs.scsi_command;
    struct iscsi_session *s = c->session;
    struct request r = read_request(pdu);
    enum iscsi_ahs_result parsed = iscsi_ahs_parse(ahs, ahs_len, &r.ahs);
    if (must_be_intact(c)) {
        c->rx.verdict = ISCSI_HOLD;
        return;
    }
    if (parsed == ISCSI_AHS_MALFORMED)
        return iscsi_conn_close(c, "malformed additional header segment");
    if (parsed == ISCSI_AHS_UNKNOWN)
        return iscsi_rx_refuse(c, ISCSI_REJECT_INVALID_FIELD);
    if (!r.final && !r.write)
        return iscsi_rx_refuse(c, ISCSI_REJECT_PROTOCOL_ERROR); /* 11.3.1: an error */
    if (iscsi_task_find(s, iscsi_itt(&c->rx.bhs)))
        return iscsi_rx_refuse(c, ISCSI_REJECT_TASK_IN_PROGRESS);
    if (iscsi_is_immediate(&c->rx.bhs) && s->immediate >= ISCSI_IMMEDIATE_MAX)
        return iscsi_rx_refuse(c, ISCSI_REJECT_IMMEDIATE);
    if ((pdu->flags & (ISCSI_READ | ISCSI_WRITE)) == (ISCSI_READ | ISCSI_WRITE))
        r.in = r.ahs.bidi_length;
    enum tgt_sense sense = judge_data(c, &r);
    if (sense != TGT_SENSE_NONE)
        begin_refused(c, &r, sense);
    else
        begin_command(c, &r);
}

/* A task that brought no data with its command may be gone already: then c->rx.task is not set. */
bool iscsi_scsi_run(struct iscsi_conn *c)
{
    struct iscsi_task *task = g_steal_pointer(&c->rx.task);
    if (task) {
        task->got = task->placed;
        iscsi_task_step(task);
    }
    return true;
}

/* 7.8: the PDU is discarded and its CmdSN not used; the command that it has become ends without an
 * answer, and at once: the initiator may use its tag again. */
void iscsi_scsi_spoiled(struct iscsi_conn *c)
{
    struct iscsi_task *task = g_steal_pointer(&c->rx.task);
    if (!task)
        return;
    if (!(task->flags & ISCSI_TASK_IMMEDIATE))
        c->session->numbered--;
    task->flags |= ISCSI_TASK_SILENT | ISCSI_TASK_UNCOUNTED | ISCSI_TASK_HURRY;
    if (task->flags & (ISCSI_TASK_READY | ISCSI_TASK_DONE))
        iscsi_task_step(task);
    else
        iscsi_task_withdraw(task);
}
