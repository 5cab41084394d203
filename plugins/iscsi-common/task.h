/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One SCSI command on the iSCSI side: its data from the initiator, and its answer. */
#ifndef ISCSI_TASK_H
#define ISCSI_TASK_H

#include <tgt/tgt.h>

#include "conn.h"

/* Bytes of data that may wait for buffers, per task and thread; beyond that the connection is not
 * read. */
#define ISCSI_STASH_TASK_MAX   (1u << 20)
#define ISCSI_STASH_THREAD_MAX (16u << 20)

enum {
    ISCSI_TASK_IMMEDIATE = 1 << 0, /* used no CmdSN */
    ISCSI_TASK_READY = 1 << 1,     /* state DATA_OUT: the buffer is ours to fill */
    ISCSI_TASK_DONE = 1 << 2,      /* state RESPOND, or never was a command: ours to answer */
    ISCSI_TASK_SENDING = 1 << 3,   /* the answer is queued */
    ISCSI_TASK_ABORTED = 1 << 4,   /* abort() came while READY */
    ISCSI_TASK_HURRY = 1 << 5,     /* what the initiator owes is not waited for any more */
    ISCSI_TASK_SILENT = 1 << 6,    /* its command PDU was discarded, or it was aborted: no answer */
    ISCSI_TASK_UNSOLICITED = 1 << 7, /* unsolicited Data-Out are to come */
    ISCSI_TASK_BUSY = 1 << 8,        /* its data was given up for want of buffers: ends with BUSY */
    ISCSI_TASK_UNCOUNTED = 1 << 9,   /* no longer in session->numbered */
};

/* In cmd->transport_priv; zeroed with the command. */
struct iscsi_task {
    struct iscsi_task *next; /* in the bucket */
    struct iscsi_conn *conn;
    struct tgt_cmd *cmd; /* NULL: refused before it became one; then this is allocated alone */
    uint32_t itt;
    uint32_t flags;
    uint32_t fail; /* enum tgt_sense with which it ends once its data is in; 0: none */

    /* Data from the initiator, which comes in order (DataPDUInOrder, DataSequenceInOrder). */
    uint32_t got;         /* bytes received in complete PDUs */
    uint32_t placed;      /* the same with the PDU that is being received */
    uint32_t first_burst; /* where unsolicited data ends */
    uint32_t datasn;      /* due next in this sequence */
    uint32_t solicited;   /* R2Ts ask for the bytes before this offset */
    uint32_t r2t_begin;   /* offset of the first R2T */
    uint32_t r2t_ttt;     /* TTT of the first R2T; those of the others follow */
    uint32_t r2ts, r2ts_done;
    uint32_t piece, piece_used; /* where in cmd->out.iov `placed` is */
    GByteArray *stash;          /* data that came before the buffer */
    size_t stash_reserved;      /* counted in thread->stashed */
    uint64_t
        since; /* when the initiator last did what it owes; UINT64_MAX: its R2T has not left yet */

    /* Data to the initiator. */
    uint32_t in_len;    /* bytes to be sent */
    uint32_t in_queued; /* of these in PDUs that are queued */
    uint32_t in_piece, in_piece_used;
    uint32_t data_ins; /* PDUs made */
    uint32_t burst;    /* bytes in this sequence */

    uint8_t looks[2]; /* that found it waiting for the initiator while others waited; slow.c */
    uint8_t sense_len[2];
    uint8_t refused_sense[18];
    struct iovec sense[2];
    struct iscsi_tx tx; /* the answer */
};
_Static_assert(sizeof(struct iscsi_task) <= TGT_TRANSPORT_CMD_PRIV_MAX, "transport_priv");

static inline struct iscsi_task *iscsi_task(const struct tgt_cmd *cmd)
{
    return (struct iscsi_task *)cmd->transport_priv;
}

/* Does its answer stand in the queue already? */
static inline bool iscsi_task_answered(const struct iscsi_task *task)
{
    return task->tx.sent != NULL;
}

/* task.c */
struct iscsi_task *iscsi_task_find(const struct iscsi_session *s, uint32_t itt);
void iscsi_task_add(struct iscsi_session *s, struct iscsi_task *task);
/* Everything is over: out of the session, and the command is released. */
void iscsi_task_end(struct iscsi_task *task);
/* It ends (if it can) or goes on; after everything that may have changed that. */
void iscsi_task_step(struct iscsi_task *task);
/* Does the initiator still owe data? */
bool iscsi_task_owed(const struct iscsi_task *task);
/* Begin to wait, with a limit, for data that is owed by a task that has nothing else to do. */
void iscsi_task_await(struct iscsi_task *task);
void iscsi_tasks_check_owed(struct iscsi_conn *c);
void iscsi_tasks_hurry(struct iscsi_session *s);
/* It ends with this sense once the data that is owed has come. The first reason counts. */
void iscsi_task_fail(struct iscsi_task *task, enum tgt_sense sense);
void iscsi_stash_free(struct iscsi_task *task);

/* slow.c: peers whose commands hold buffers for too long while others wait for some. */
/* Look after the connection as long as it has tasks. */
void iscsi_slow_watch(struct iscsi_conn *c);
void iscsi_slow_look(struct iscsi_conn *c);

/* Callbacks of the transport's table. */
void iscsi_data_out(struct tgt_cmd *cmd);
void iscsi_abort(struct tgt_cmd *cmd);
void iscsi_respond(struct tgt_cmd *cmd);

/* place.c: bytes of a task on their way into its buffer. */
/* The PDU of c->rx brings `len` bytes for this task: decide where they go. May pause the
 * connection. */
void iscsi_place_begin(struct iscsi_conn *c, struct iscsi_task *task, uint32_t len);
void iscsi_place(struct iscsi_task *task, const void *data, size_t len);
unsigned iscsi_place_direct(const struct iscsi_task *task, uint32_t left, struct iovec *iov,
                            unsigned max, size_t *room);
void iscsi_place_direct_done(struct iscsi_task *task, size_t len);
void iscsi_place_stash(struct iscsi_task *task);

/* r2t.c: ask for more data as far as allowed. */
void iscsi_r2t_fill(struct iscsi_task *task);
/* Where the R2T that is being answered ends. */
uint32_t iscsi_r2t_end(const struct iscsi_task *task);

/* datain.c: queue the data of a command, then its answer. */
void iscsi_datain_start(struct iscsi_task *task);
/* respond.c */
void iscsi_respond_send(struct iscsi_task *task);
void iscsi_respond_sent(struct iscsi_conn *c, struct iscsi_tx *tx);
/* Flags and counts of RFC 7143 11.4.5; `flags` as in SCSI Responses. */
void iscsi_residuals(const struct tgt_cmd *cmd, uint8_t *flags, uint32_t *residual,
                     uint32_t *bidi_residual);

#endif
