/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests of full feature phase: one row each. */
#ifndef ISCSI_FULL_H
#define ISCSI_FULL_H

#include "conn.h"

struct iscsi_op {
    uint8_t opcode;
    const char *name;
    bool numbered;  /* uses a CmdSN, unless it is immediate */
    bool discovery; /* allowed in discovery sessions (4.3) */
    /* The header is there and it is its turn: refuse it, or say where its data goes. NULL: its data
     * is discarded. */
    void (*begin)(struct iscsi_conn *c, const uint8_t *ahs, size_t ahs_len);
    /* It is complete, and its turn. False: it was rejected, and its CmdSN counts as not received
     * (RFC 7143 7.3). */
    bool (*run)(struct iscsi_conn *c);
    /* Instead of run: its data digest is wrong. NULL: there is nothing to undo. */
    void (*spoiled)(struct iscsi_conn *c);
};

void iscsi_scsi_begin(struct iscsi_conn *c, const uint8_t *ahs, size_t ahs_len);
bool iscsi_scsi_run(struct iscsi_conn *c);
void iscsi_scsi_spoiled(struct iscsi_conn *c);
void iscsi_dataout_begin(struct iscsi_conn *c, const uint8_t *ahs, size_t ahs_len);
bool iscsi_dataout_run(struct iscsi_conn *c);
void iscsi_dataout_spoiled(struct iscsi_conn *c);
void iscsi_nop_begin(struct iscsi_conn *c, const uint8_t *ahs, size_t ahs_len);
bool iscsi_nop_run(struct iscsi_conn *c);
bool iscsi_tmf_run(struct iscsi_conn *c);
void iscsi_text_begin(struct iscsi_conn *c, const uint8_t *ahs, size_t ahs_len);
bool iscsi_text_run(struct iscsi_conn *c);
bool iscsi_logout_run(struct iscsi_conn *c);

#endif
