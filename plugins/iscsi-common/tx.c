/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PDUs on their way to the initiator: queue, numbers, and where their memory comes from. */
#include <string.h>

#include "session.h"
#include "task.h"

/* Answers to other requests than SCSI commands that may wait; more are read only when they have
 * left. */
#define REPLIES_MAX 64u
#define REPLIES_LOW 16u
/* What a discovery session may leave in the queue: anybody may have one. */
#define DISCOVERY_QUEUE (64u << 10)
/* PDUs without a task that a thread keeps for later. */
#define POOL_MAX 1024u

struct iscsi_reply {
    struct iscsi_tx tx;
    struct iovec iov;
    uint8_t data[];
};

static size_t queue_size(const struct iscsi_tx *tx)
{
    return ISCSI_BHS_LEN + tx->data_len;
}

static size_t queue_max(const struct iscsi_conn *c)
{
    bool discovery = c->session && c->session->discovery;
    return discovery ? MIN(DISCOVERY_QUEUE, c->portal->send_queue) : c->portal->send_queue;
}

/* Are its replies one reason why the thread keeps too much? The connection waits for its own peer
 * to take them, not for those of others. */
static bool keeps_too_much(const struct iscsi_conn *c)
{
    return c->tx_kept > ISCSI_KEPT_CONN_FREE && c->thread->kept.bytes > ISCSI_KEPT_THREAD_MAX;
}

static void pause_if_full(struct iscsi_conn *c)
{
    if (c->tx_replies > REPLIES_MAX || c->tx_bytes > queue_max(c) || keeps_too_much(c))
        iscsi_conn_pause(c, ISCSI_PAUSE_SEND);
}

static void unpause_if_low(struct iscsi_conn *c)
{
    if (c->tx_replies <= REPLIES_LOW && c->tx_bytes <= queue_max(c) / 2 && !keeps_too_much(c))
        iscsi_conn_unpause(c, ISCSI_PAUSE_SEND);
}

static void count_reply(struct iscsi_conn *c, const struct iscsi_tx *tx)
{
    size_t size = sizeof(struct iscsi_reply) + tx->data_len;
    c->tx_replies++;
    c->tx_kept += size;
    iscsi_kept_add(c, size, false);
}

static void uncount_reply(struct iscsi_conn *c, const struct iscsi_tx *tx)
{
    size_t size = sizeof(struct iscsi_reply) + tx->data_len;
    c->tx_replies--;
    c->tx_kept -= size;
    iscsi_kept_drop(c, size, false);
}

void iscsi_tx_queue(struct iscsi_conn *c, struct iscsi_tx *tx)
{
    if (c->closed) {
        tx->sent(c, tx);
        return;
    }
    bool was_empty = !c->tx_head;
    be24_t len = be24(tx->data_len);
    tx->bhs.any.data_len = len;
    tx->next = NULL;
    *c->tx_tail = tx;
    c->tx_tail = &tx->next;
    c->tx_bytes += queue_size(tx);
    if (tx->flags & ISCSI_TX_REPLY)
        count_reply(c, tx);
    pause_if_full(c);
    if (was_empty)
        c->dm->send(c);
}

/* Its answer goes out: the place of the command in the window is free. */
static void end_numbered(struct iscsi_conn *c, struct iscsi_tx *tx)
{
    struct iscsi_task *task = (struct iscsi_task *)((char *)tx - offsetof(struct iscsi_task, tx));
    task->flags |= ISCSI_TASK_UNCOUNTED;
    c->session->numbered--;
}

void iscsi_tx_seal(struct iscsi_conn *c, struct iscsi_tx *tx)
{
    struct iscsi_answer *answer = &tx->bhs.answer;
    if (tx->flags & ISCSI_TX_ENDS_TASK)
        end_numbered(c, tx);
    if (!(tx->flags & ISCSI_TX_NO_STATSN))
        answer->statsn = be32(c->statsn);
    c->statsn += (tx->flags & ISCSI_TX_STATUS) != 0;
    answer->exp_cmdsn = be32(c->session ? c->session->exp_cmdsn : c->login_cmdsn);
    answer->max_cmdsn = be32(c->session ? iscsi_cmdsn_window(c->session) : c->login_cmdsn);
    tx->sealed = true;
}

/* They are sealed in order: the last one tells. */
bool iscsi_tx_will_seal(const struct iscsi_conn *c)
{
    const struct iscsi_tx *last =
        (struct iscsi_tx *)((char *)c->tx_tail - offsetof(struct iscsi_tx, next));
    return c->tx_head && !last->sealed;
}

static struct iscsi_tx *unlink_head(struct iscsi_conn *c)
{
    struct iscsi_tx *tx = c->tx_head;
    c->tx_head = tx->next;
    if (!c->tx_head)
        c->tx_tail = &c->tx_head;
    c->tx_bytes -= queue_size(tx);
    if (tx->flags & ISCSI_TX_REPLY)
        uncount_reply(c, tx);
    return tx;
}

void iscsi_tx_pop(struct iscsi_conn *c)
{
    struct iscsi_tx *tx = unlink_head(c);
    tx->sent(c, tx);
    if (c->pause & ISCSI_PAUSE_SEND)
        unpause_if_low(c);
}

void iscsi_tx_drained(struct iscsi_conn *c)
{
    iscsi_timer_clear(c, ISCSI_TIMER_SEND);
    if (c->finishing && !c->closed)
        c->dm->finish(c);
}

void iscsi_tx_drop(struct iscsi_conn *c)
{
    while (c->tx_head) {
        struct iscsi_tx *tx = unlink_head(c);
        tx->sent(c, tx);
    }
}

static void *take_from_pool(struct iscsi_thread *thread)
{
    struct iscsi_tx *tx = thread->pool;
    if (!tx)
        return g_new0(struct iscsi_tx, 1);
    thread->pool = tx->next;
    thread->pool_count--;
    memset(tx, 0, sizeof(*tx));
    return tx;
}

static void init(struct iscsi_tx *tx, enum iscsi_opcode opcode, uint32_t itt)
{
    tx->bhs.any.opcode = (uint8_t)opcode;
    tx->bhs.any.flags = ISCSI_FINAL;
    tx->bhs.any.itt = be32(itt);
}

struct iscsi_tx *iscsi_tx_new(struct iscsi_conn *c, enum iscsi_opcode opcode, uint32_t itt)
{
    struct iscsi_tx *tx = take_from_pool(c->thread);
    tx->sent = iscsi_tx_recycle;
    init(tx, opcode, itt);
    return tx;
}

void iscsi_tx_recycle(struct iscsi_conn *c, struct iscsi_tx *tx)
{
    struct iscsi_thread *thread = c->thread;
    if (thread->pool_count >= POOL_MAX) {
        g_free(tx);
        return;
    }
    tx->next = thread->pool;
    thread->pool = tx;
    thread->pool_count++;
}

void iscsi_tx_pool_clear(struct iscsi_thread *thread)
{
    while (thread->pool) {
        struct iscsi_tx *tx = thread->pool;
        thread->pool = tx->next;
        g_free(tx);
    }
    thread->pool_count = 0;
}

static void reply_sent(struct iscsi_conn *c, struct iscsi_tx *tx)
{
    g_free((char *)tx - offsetof(struct iscsi_reply, tx));
}

struct iscsi_tx *iscsi_reply_new(struct iscsi_conn *c, enum iscsi_opcode opcode, uint32_t itt,
                                 const void *data, size_t len)
{
    struct iscsi_reply *reply = g_malloc(sizeof(*reply) + len);
    memset(reply, 0, sizeof(*reply));
    init(&reply->tx, opcode, itt);
    reply->tx.sent = reply_sent;
    reply->tx.flags = ISCSI_TX_STATUS | ISCSI_TX_REPLY;
    reply->tx.iov = &reply->iov;
    reply->tx.data_len = (uint32_t)len;
    reply->iov = (struct iovec){reply->data, len};
    if (len > 0)
        memcpy(reply->data, data, len);
    return &reply->tx;
}
