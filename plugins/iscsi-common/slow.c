/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Peers that are too slow while others wait: they never stand still, but their commands hold
 * buffers that the connections of the thread share. */
#include <string.h>

#include "session.h"
#include "task.h"

/* How often a connection is looked at in the time that a peer may stand still. */
#define LOOKS 8u

/* All connections of a thread are looked at in the same turn. */
static void look_again(struct iscsi_conn *c)
{
    uint64_t step = c->portal->stall_timeout / LOOKS;
    iscsi_timer_set(c, ISCSI_TIMER_SLOW, step - iscsi_now(c) % step);
}

void iscsi_slow_watch(struct iscsi_conn *c)
{
    if (!c->timers[ISCSI_TIMER_SLOW] && !c->closed)
        look_again(c);
}

/* Does it hold buffers of this direction until the initiator does something? A write keeps its own
 * until its status has left. */
static bool waits_for_peer(const struct iscsi_task *task, enum tgt_dir dir)
{
    bool sending = task->cmd && (task->flags & ISCSI_TASK_SENDING);
    if (dir == TGT_DIR_IN)
        return sending && task->in_len > 0;
    return (task->flags & ISCSI_TASK_READY) || (sending && task->cmd->out.len > 0);
}

static uint8_t one_more(uint8_t looks)
{
    return looks <= LOOKS ? looks + 1 : looks;
}

/* The most looks that one task has waited for. */
static uint8_t count_looks(struct iscsi_session *s, enum tgt_dir dir)
{
    uint8_t most = 0;
    for (unsigned i = 0; i < ISCSI_TASK_BUCKETS; i++)
        for (struct iscsi_task *task = s->tasks[i]; task; task = task->next)
            if (waits_for_peer(task, dir)) {
                uint8_t *looks = &task->looks[dir == TGT_DIR_OUT];
                *looks = one_more(*looks);
                most = MAX(most, *looks);
            }
    return most;
}

/* One task has waited as long as others have. Data that we do not read is not its peer's fault:
 * such a look says nothing. */
static bool too_slow(struct iscsi_conn *c, enum tgt_dir dir)
{
    uint8_t *hinders = &c->hinders[dir == TGT_DIR_OUT];
    if (!tgt_nexus_hinders(c->session->nexus, dir)) {
        *hinders = 0;
        return false;
    }
    if (dir == TGT_DIR_OUT && (c->pause & (ISCSI_PAUSE_DATA | ISCSI_PAUSE_KEPT)))
        return false;
    *hinders = one_more(*hinders);
    uint8_t waited = count_looks(c->session, dir);
    return *hinders > LOOKS && waited > LOOKS;
}

static bool has_tasks(const struct iscsi_session *s)
{
    for (unsigned i = 0; i < ISCSI_TASK_BUCKETS; i++)
        if (s->tasks[i])
            return true;
    return false;
}

void iscsi_slow_look(struct iscsi_conn *c)
{
    struct iscsi_session *s = c->session;
    if (s->ending || !has_tasks(s))
        memset(c->hinders, 0, sizeof(c->hinders));
    else if (too_slow(c, TGT_DIR_OUT))
        iscsi_conn_close(c, "it sends its data too slowly while others wait for buffers");
    else if (too_slow(c, TGT_DIR_IN))
        iscsi_conn_close(c, "it takes its data too slowly while others wait for buffers");
    else
        look_again(c);
}
