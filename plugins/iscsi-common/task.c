/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tasks: found by their tag, moved on whenever something has changed, and ended once. */
#include <errno.h>
#include <string.h>

#include "session.h"
#include "task.h"

/* How often tasks with data overdue are looked after, how long after the last sign of it they are
 * given up, and how long a connection waits for buffers before the data that has no place is. */
#define CHECK_NS  500000000ull
#define OWED_NS   3000000000ull
#define BUFFER_NS 10000000000ull

static struct iscsi_task **bucket(struct iscsi_session *s, uint32_t itt)
{
    return &s->tasks[itt * 2654435761u >> 26];
}
_Static_assert(ISCSI_TASK_BUCKETS == 64, "the six bits of bucket()");

struct iscsi_task *iscsi_task_find(const struct iscsi_session *s, uint32_t itt)
{
    struct iscsi_task *task = *bucket((struct iscsi_session *)s, itt);
    while (task && task->itt != itt)
        task = task->next;
    return task;
}

void iscsi_task_add(struct iscsi_session *s, struct iscsi_task *task)
{
    struct iscsi_task **head = bucket(s, task->itt);
    task->next = *head;
    *head = task;
    if (task->flags & ISCSI_TASK_IMMEDIATE)
        s->immediate++;
    else
        s->numbered++;
    iscsi_slow_watch(s->conn);
}

static void unlink_task(struct iscsi_session *s, struct iscsi_task *task)
{
    struct iscsi_task **link = bucket(s, task->itt);
    while (*link != task)
        link = &(*link)->next;
    *link = task->next;
}

/* False: it was in the window until now. */
static bool uncount(struct iscsi_session *s, struct iscsi_task *task)
{
    if (task->flags & ISCSI_TASK_IMMEDIATE)
        s->immediate--;
    else if (!(task->flags & ISCSI_TASK_UNCOUNTED)) {
        s->numbered--;
        return false;
    }
    return true;
}

void iscsi_task_end(struct iscsi_task *task)
{
    struct iscsi_conn *c = task->conn;
    struct iscsi_session *s = c->session;
    struct tgt_cmd *cmd = task->cmd;
    iscsi_rx_forget(c, task);
    iscsi_stash_free(task);
    unlink_task(s, task);
    if (!uncount(s, task))
        iscsi_cmdsn_ended_silently(s);
    if (cmd)
        tgt_cmd_release(cmd);
    else
        g_free(task);
}

bool iscsi_task_owed(const struct iscsi_task *task)
{
    return (task->flags & ISCSI_TASK_UNSOLICITED) || task->r2ts != task->r2ts_done ||
           task->conn->rx.task == task;
}

void iscsi_task_await(struct iscsi_task *task)
{
    struct iscsi_conn *c = task->conn;
    task->since = iscsi_now(c);
    if (!c->closed && !c->timers[ISCSI_TIMER_OWED])
        iscsi_timer_set(c, ISCSI_TIMER_OWED, CHECK_NS);
}

void iscsi_task_fail(struct iscsi_task *task, enum tgt_sense sense)
{
    if (task->fail)
        return;
    task->fail = sense;
    iscsi_stash_free(task);
    iscsi_task_await(task);
}

/* In state RESPOND, or refused before: answer, if there is to be an answer. */
static void step_done(struct iscsi_task *task)
{
    struct iscsi_conn *c = task->conn;
    if (task->flags & ISCSI_TASK_SENDING)
        return;
    bool aborted = task->cmd && task->cmd->aborted;
    if (iscsi_task_owed(task))
        iscsi_gone_add(c->session, task->itt);
    iscsi_rx_forget(c, task);
    if (aborted || c->closed || c->finishing || (task->flags & ISCSI_TASK_SILENT)) {
        iscsi_task_end(task);
        return;
    }
    task->flags |= ISCSI_TASK_SENDING;
    memset(task->looks, 0, sizeof(task->looks));
    iscsi_datain_start(task);
}

/* In state DATA_OUT with no hope for the data: give the command back. */
static void step_failed(struct iscsi_task *task)
{
    if (iscsi_task_owed(task))
        iscsi_gone_add(task->conn->session, task->itt);
    iscsi_rx_forget(task->conn, task);
    task->flags &= ~(uint32_t)ISCSI_TASK_READY;
    if (task->flags & ISCSI_TASK_ABORTED)
        tgt_cmd_data_ready(task->cmd, -ECANCELED);
    else if (task->flags & ISCSI_TASK_SILENT)
        tgt_cmd_data_ready(task->cmd, -EIO);
    else if (task->flags & ISCSI_TASK_BUSY)
        tgt_cmd_status(task->cmd, TGT_STATUS_BUSY);
    else
        tgt_cmd_sense(task->cmd, task->fail);
}

static bool has_failed(const struct iscsi_task *task)
{
    return task->fail || (task->flags & (ISCSI_TASK_ABORTED | ISCSI_TASK_SILENT | ISCSI_TASK_BUSY));
}

/* In state DATA_OUT, and all is well. */
static void step_ready(struct iscsi_task *task)
{
    if ((task->flags & ISCSI_TASK_UNSOLICITED) || task->conn->rx.task == task)
        return;
    iscsi_r2t_fill(task);
    if (task->got < task->cmd->out.len || task->r2ts != task->r2ts_done)
        return;
    task->flags &= ~(uint32_t)ISCSI_TASK_READY;
    tgt_cmd_data_ready(task->cmd, 0);
}

void iscsi_task_step(struct iscsi_task *task)
{
    bool may_end = (task->flags & ISCSI_TASK_HURRY) || !iscsi_task_owed(task);
    if (task->flags & ISCSI_TASK_DONE) {
        if (may_end)
            step_done(task);
    } else if (task->flags & ISCSI_TASK_READY) {
        if (!has_failed(task))
            step_ready(task);
        else if (may_end)
            step_failed(task);
    }
}

/* Nothing is waited for once the session goes. */
static void hurry_if_ending(struct iscsi_task *task)
{
    if (task->conn->closed || task->conn->session->ending)
        task->flags |= ISCSI_TASK_HURRY;
}

/* If the connection waits for this task, it goes on. The task, and even the connection, may be gone
 * behind the step. */
static void step_and_unpause(struct iscsi_task *task)
{
    struct iscsi_conn *c = task->conn;
    if (c->rx.task != task) {
        iscsi_task_step(task);
        return;
    }
    iscsi_conn_hold(c);
    iscsi_task_step(task);
    iscsi_conn_unpause(c, ISCSI_PAUSE_DATA);
    iscsi_conn_put(c);
}

void iscsi_data_out(struct tgt_cmd *cmd)
{
    struct iscsi_task *task = iscsi_task(cmd);
    struct iscsi_conn *c = task->conn;
    task->flags |= ISCSI_TASK_READY;
    if (c->closed || c->session->ending)
        task->flags |= ISCSI_TASK_ABORTED | ISCSI_TASK_HURRY;
    else if (!has_failed(task))
        iscsi_place_stash(task);
    step_and_unpause(task);
}

void iscsi_abort(struct tgt_cmd *cmd)
{
    struct iscsi_task *task = iscsi_task(cmd);
    if (!(task->flags & ISCSI_TASK_READY))
        return;
    task->flags |= ISCSI_TASK_ABORTED;
    if (task->conn->rx.task == task)
        task->conn->rx.sink = ISCSI_SINK_NONE;
    hurry_if_ending(task);
    iscsi_task_await(task);
    iscsi_task_step(task);
}

void iscsi_respond(struct tgt_cmd *cmd)
{
    struct iscsi_task *task = iscsi_task(cmd);
    struct iscsi_conn *c = task->conn;
    task->flags = (task->flags & ~(uint32_t)ISCSI_TASK_READY) | ISCSI_TASK_DONE;
    if (iscsi_task_owed(task)) {
        iscsi_stash_free(task);
        hurry_if_ending(task);
        iscsi_task_await(task);
    }
    if (c->rx.task == task)
        c->rx.sink = ISCSI_SINK_NONE;
    step_and_unpause(task);
}

/* The connection waits for a buffer, and all buffers may wait for data that is behind this PDU. */
static void give_up_buffer(struct iscsi_conn *c)
{
    struct iscsi_task *task = c->rx.task;
    if (!(c->pause & ISCSI_PAUSE_DATA) || iscsi_now(c) - c->paused_at < BUFFER_NS)
        return;
    if (task) {
        task->flags |= ISCSI_TASK_BUSY;
        c->rx.sink = ISCSI_SINK_NONE;
    }
    iscsi_conn_unpause(c, ISCSI_PAUSE_DATA);
}

/* Does it do nothing but wait for data to be thrown away? */
static bool only_waits(const struct iscsi_task *task)
{
    bool idle = (task->flags & ISCSI_TASK_DONE)
                    ? !(task->flags & ISCSI_TASK_SENDING)
                    : (task->flags & ISCSI_TASK_READY) && has_failed(task);
    return idle && !(task->flags & ISCSI_TASK_HURRY);
}

static struct iscsi_task *find_waiting(struct iscsi_session *s, uint64_t since)
{
    for (unsigned i = 0; i < ISCSI_TASK_BUCKETS; i++)
        for (struct iscsi_task *task = s->tasks[i]; task; task = task->next)
            if (only_waits(task) && task->since <= since)
                return task;
    return NULL;
}

/* Each one ends, and others may with it: begin anew. */
static void hurry_since(struct iscsi_session *s, uint64_t since)
{
    struct iscsi_task *task;
    while ((task = find_waiting(s, since))) {
        task->flags |= ISCSI_TASK_HURRY;
        iscsi_task_step(task);
    }
}

void iscsi_tasks_hurry(struct iscsi_session *s)
{
    hurry_since(s, G_MAXUINT64);
}

/* Does a command wait for data that the initiator has owed since then? */
static bool keeps_waiting(const struct iscsi_session *s, uint64_t since)
{
    for (unsigned i = 0; i < ISCSI_TASK_BUCKETS; i++)
        for (const struct iscsi_task *task = s->tasks[i]; task; task = task->next)
            if (!(task->flags & ISCSI_TASK_DONE) && task->since <= since && iscsi_task_owed(task))
                return true;
    return false;
}

/* Commands that wait for data hold buffers that all connections of the thread share. Who sends data
 * for any of them is slow, but no reason to give up; a PDU that is under way has a timer of its
 * own. */
static void give_up_data(struct iscsi_conn *c)
{
    uint64_t limit = c->portal->stall_timeout, now = iscsi_now(c);
    if ((c->pause & ISCSI_PAUSE_DATA) || c->rx.under_way || now < limit || c->fed > now - limit)
        return;
    if (keeps_waiting(c->session, now - limit))
        iscsi_conn_close(c, "it does not send the data that it was asked for");
}

static bool must_look_again(const struct iscsi_conn *c)
{
    return (c->pause & ISCSI_PAUSE_DATA) || find_waiting(c->session, G_MAXUINT64) ||
           keeps_waiting(c->session, G_MAXUINT64);
}

void iscsi_tasks_check_owed(struct iscsi_conn *c)
{
    if (!c->session)
        return;
    hurry_since(c->session, iscsi_now(c) - OWED_NS);
    give_up_buffer(c);
    if (!c->closed)
        give_up_data(c);
    if (!c->closed && must_look_again(c))
        iscsi_timer_set(c, ISCSI_TIMER_OWED, CHECK_NS);
}
