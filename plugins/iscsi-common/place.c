/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes of Data-Out on their way into the buffer of their command, or into a stash until it has
 * one. */
#include <string.h>

#include "session.h"
#include "task.h"

/* The command waits for a buffer (or for its turn, which may depend on data behind this PDU): a
 * stash lets the connection go on. */
static void begin_without_buffer(struct iscsi_conn *c, struct iscsi_task *task, uint32_t len)
{
    struct iscsi_thread *thread = c->thread;
    if (task->stash_reserved + len <= ISCSI_STASH_TASK_MAX &&
        thread->stashed + len <= ISCSI_STASH_THREAD_MAX) {
        task->stash_reserved += len;
        thread->stashed += len;
        return;
    }
    c->paused_at = iscsi_now(c);
    iscsi_conn_pause(c, ISCSI_PAUSE_DATA);
    iscsi_timer_set(c, ISCSI_TIMER_OWED, 1000000000);
}

void iscsi_place_begin(struct iscsi_conn *c, struct iscsi_task *task, uint32_t len)
{
    c->rx.sink = ISCSI_SINK_NONE;
    if (len == 0 || task->fail ||
        (task->flags & (ISCSI_TASK_DONE | ISCSI_TASK_ABORTED | ISCSI_TASK_BUSY)))
        return;
    c->rx.sink = ISCSI_SINK_TASK;
    if (!(task->flags & ISCSI_TASK_READY))
        begin_without_buffer(c, task, len);
}

static void advance(struct iscsi_task *task, size_t len)
{
    const struct tgt_data *out = &task->cmd->out;
    task->piece_used += (uint32_t)len;
    if (task->piece < out->iovcnt && task->piece_used == out->iov[task->piece].iov_len) {
        task->piece++;
        task->piece_used = 0;
    }
}

/* How much of `len` bytes at `placed` the command wants, and has room for in the present piece. */
static size_t piece_room(const struct iscsi_task *task, size_t len)
{
    const struct tgt_data *out = &task->cmd->out;
    if (task->placed >= out->len || task->piece >= out->iovcnt)
        return 0;
    size_t room = out->iov[task->piece].iov_len - task->piece_used;
    return MIN(MIN(len, room), out->len - task->placed);
}

/* What goes beyond the command's length is dropped: it expects less than the initiator does. */
static void copy_out(struct iscsi_task *task, const uint8_t *data, size_t len)
{
    size_t now;
    while ((now = piece_room(task, len)) > 0) {
        const struct iovec *piece = &task->cmd->out.iov[task->piece];
        memcpy((uint8_t *)piece->iov_base + task->piece_used, data, now);
        advance(task, now);
        task->placed += (uint32_t)now;
        data += now;
        len -= now;
    }
    task->placed += (uint32_t)len;
}

void iscsi_place(struct iscsi_task *task, const void *data, size_t len)
{
    if (task->flags & ISCSI_TASK_READY) {
        copy_out(task, data, len);
        return;
    }
    if (!task->stash)
        task->stash = g_byte_array_new();
    g_byte_array_append(task->stash, data, (guint)len);
    task->placed += (uint32_t)len;
}

void iscsi_place_stash(struct iscsi_task *task)
{
    if (task->stash) {
        task->placed = 0;
        copy_out(task, task->stash->data, task->stash->len);
    }
    iscsi_stash_free(task);
}

void iscsi_stash_free(struct iscsi_task *task)
{
    task->conn->thread->stashed -= task->stash_reserved;
    task->stash_reserved = 0;
    g_clear_pointer(&task->stash, g_byte_array_unref);
}

unsigned iscsi_place_direct(const struct iscsi_task *task, uint32_t left, struct iovec *iov,
                            unsigned max, size_t *room)
{
    const struct tgt_data *out = &task->cmd->out;
    unsigned count = 0;
    *room = 0;
    if (!(task->flags & ISCSI_TASK_READY) || task->placed >= out->len)
        return 0;
    size_t wanted = MIN(left, out->len - task->placed);
    size_t skip = task->piece_used;
    for (uint32_t i = task->piece; i < out->iovcnt && count < max && *room < wanted; i++) {
        size_t len = MIN(out->iov[i].iov_len - skip, wanted - *room);
        iov[count++] = (struct iovec){(uint8_t *)out->iov[i].iov_base + skip, len};
        *room += len;
        skip = 0;
    }
    return count;
}

void iscsi_place_direct_done(struct iscsi_task *task, size_t len)
{
    task->placed += (uint32_t)len;
    while (len > 0) {
        size_t room = task->cmd->out.iov[task->piece].iov_len - task->piece_used;
        size_t now = MIN(len, room);
        advance(task, now);
        len -= now;
    }
}
