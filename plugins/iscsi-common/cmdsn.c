/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command numbering of a session: the window, and whose turn it is (RFC 7143 4.2.2.1). */
#include "session.h"

enum iscsi_verdict iscsi_cmdsn_judge(const struct iscsi_session *s, const union iscsi_bhs *bhs)
{
    uint32_t cmdsn = be32_get(bhs->any.cmdsn);
    if (iscsi_is_immediate(bhs))
        return ISCSI_RUN;
    if (iscsi_before(cmdsn, s->exp_cmdsn) || iscsi_before(s->max_cmdsn, cmdsn))
        return ISCSI_IGNORE;
    if (cmdsn == s->exp_cmdsn)
        return ISCSI_RUN;
    return iscsi_held_has(s, cmdsn) ? ISCSI_IGNORE : ISCSI_HOLD;
}

void iscsi_cmdsn_advance(struct iscsi_session *s)
{
    s->exp_cmdsn++;
}

/* What is under way is taken off the window: the initiator never has more than its width. */
uint32_t iscsi_cmdsn_window(struct iscsi_session *s)
{
    uint32_t room = s->window > s->numbered ? s->window - s->numbered : 0;
    uint32_t highest = s->exp_cmdsn - 1 + room;
    if (iscsi_before(s->max_cmdsn, highest))
        s->max_cmdsn = highest;
    return s->max_cmdsn;
}

void iscsi_cmdsn_ended_silently(struct iscsi_session *s)
{
    bool was_shut = iscsi_before(s->max_cmdsn, s->exp_cmdsn);
    if (was_shut && !s->ending && !iscsi_tx_will_seal(s->conn))
        iscsi_window_notice(s->conn);
}
