/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PDUs on their way to the initiator: the queue of a connection, filled by the engine, emptied by
 * the datamover. */
#ifndef ISCSI_TX_H
#define ISCSI_TX_H

#include <glib.h>
#include <stdbool.h>
#include <sys/uio.h>

#include "pdu.h"

struct iscsi_conn;
struct iscsi_thread;

enum {
    ISCSI_TX_STATUS = 1,    /* carries a status: StatSN advances (4.2.2.2) */
    ISCSI_TX_NO_STATSN = 2, /* the StatSN field is reserved: Data-In without status */
    ISCSI_TX_ENDS_TASK = 4, /* the answer to a numbered command: opens the window by one */
    ISCSI_TX_PLAIN = 8,     /* no digests: the login phase */
    ISCSI_TX_REPLY = 16,    /* answers something that is no SCSI command: counted, to bound them */
    ISCSI_TX_LENT = 32,     /* its data may change until it has left */
};

/* One PDU. Belongs to the queue from iscsi_tx_queue() until `sent` is called, which happens once:
 * when it has left, or when the connection is gone. The data it points to stays until then. */
struct iscsi_tx {
    struct iscsi_tx *next;
    void (*sent)(struct iscsi_conn *c, struct iscsi_tx *tx);
    const struct iovec *iov; /* pieces with the data segment */
    uint32_t skip;           /* bytes of them before the data segment begins */
    uint32_t data_len;
    uint8_t flags;
    bool sealed;      /* numbers are in; the header does not change any more */
    uint8_t tail_len; /* the datamover's: padding and data digest */
    uint8_t head_len; /* the datamover's: header with digest */
    uint8_t tail[8];
    union iscsi_bhs bhs;
    uint8_t header_digest[4]; /* right behind the header */
};
_Static_assert(offsetof(struct iscsi_tx, header_digest) ==
                   offsetof(struct iscsi_tx, bhs) + ISCSI_BHS_LEN,
               "header and digest are sent in one piece");

/* Append; calls tx->sent at once if the connection is closed already. */
void iscsi_tx_queue(struct iscsi_conn *c, struct iscsi_tx *tx);
/* For the datamover: the numbers that are valid now go in (StatSN, ExpCmdSN, MaxCmdSN). Once per
 * PDU, in the order of sending. */
void iscsi_tx_seal(struct iscsi_conn *c, struct iscsi_tx *tx);
/* Does a PDU wait that has not got its numbers yet? */
bool iscsi_tx_will_seal(const struct iscsi_conn *c);
/* For the datamover: the head of the queue has left. */
void iscsi_tx_pop(struct iscsi_conn *c);
/* For the datamover: all has left. */
void iscsi_tx_drained(struct iscsi_conn *c);
/* The connection is gone: end all that is queued. */
void iscsi_tx_drop(struct iscsi_conn *c);

/* A PDU without memory of its own, from the thread's pool; `sent` gives it back. */
struct iscsi_tx *iscsi_tx_new(struct iscsi_conn *c, enum iscsi_opcode opcode, uint32_t itt);
void iscsi_tx_recycle(struct iscsi_conn *c, struct iscsi_tx *tx);
void iscsi_tx_pool_clear(struct iscsi_thread *thread);

/* An answer with a copy of `len` bytes of data, which is freed when it has left. Flags STATUS and
 * REPLY are set. */
struct iscsi_tx *iscsi_reply_new(struct iscsi_conn *c, enum iscsi_opcode opcode, uint32_t itt,
                                 const void *data, size_t len);

#endif
