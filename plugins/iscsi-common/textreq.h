/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text in full feature phase. */
#ifndef ISCSI_TEXTREQ_H
#define ISCSI_TEXTREQ_H

#include "conn.h"
#include "text.h"

/* The sequence that is under way ends here. */
void iscsi_text_end(struct iscsi_conn *c);
/* sendtargets.c: append the answer to SendTargets=value. */
void iscsi_send_targets(struct iscsi_conn *c, const char *value, struct iscsi_text *text);

#endif
