/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory that peers make the connections of a thread keep, besides the buffers of commands:
 * counted, so that many connections together have a limit. */
#include "conn.h"

void iscsi_kept_add(struct iscsi_conn *c, size_t len, bool lasting)
{
    struct iscsi_kept *all = &c->thread->kept;
    all->bytes += len;
    all->lasting += lasting ? len : 0;
    c->kept.bytes += len;
    c->kept.lasting += lasting ? len : 0;
}

void iscsi_kept_drop(struct iscsi_conn *c, size_t len, bool lasting)
{
    struct iscsi_kept *all = &c->thread->kept;
    all->bytes -= len;
    all->lasting -= lasting ? len : 0;
    c->kept.bytes -= len;
    c->kept.lasting -= lasting ? len : 0;
}

bool iscsi_kept_room(const struct iscsi_conn *c, size_t len)
{
    return c->kept.bytes + len <= ISCSI_KEPT_CONN_FREE ||
           c->thread->kept.bytes + len <= ISCSI_KEPT_THREAD_MAX;
}

bool iscsi_kept_room_to_last(const struct iscsi_conn *c, size_t len)
{
    return c->kept.lasting + len <= ISCSI_KEPT_CONN_FREE ||
           c->thread->kept.lasting + len <= ISCSI_KEPT_LASTING_MAX;
}
