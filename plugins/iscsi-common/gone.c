/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tags of tasks that have ended before all data came that was on its way to them: what still comes
 * is discarded (RFC 7143 10.7). */
#include "session.h"

/* Made when it is needed, for as many tasks as the initiator may have at one time: it must know the
 * end of one before it can begin another. */
static void make_room(struct iscsi_gone *gone, const struct iscsi_session *s)
{
    gone->room = s->window + ISCSI_IMMEDIATE_MAX;
    gone->itts = g_new(uint32_t, gone->room);
    for (unsigned i = 0; i < gone->room; i++)
        gone->itts[i] = ISCSI_NO_TAG;
}

void iscsi_gone_add(struct iscsi_session *s, uint32_t itt)
{
    struct iscsi_gone *gone = &s->gone;
    if (!gone->itts)
        make_room(gone, s);
    gone->itts[gone->next] = itt;
    gone->next = (gone->next + 1) % gone->room;
}

bool iscsi_gone_has(const struct iscsi_session *s, uint32_t itt)
{
    const struct iscsi_gone *gone = &s->gone;
    for (unsigned i = 0; i < gone->room; i++)
        if (gone->itts[i] == itt)
            return true;
    return false;
}

void iscsi_gone_clear(struct iscsi_session *s)
{
    g_clear_pointer(&s->gone.itts, g_free);
    s->gone.room = s->gone.next = 0;
}
