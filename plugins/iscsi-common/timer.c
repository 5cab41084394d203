/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Timers of connections: points in time in the connection, and one timer per thread that runs only
 * while there are any. */
#include <string.h>

#include "conn.h"
#include "session.h"
#include "task.h"

uint64_t iscsi_now(const struct iscsi_conn *c)
{
    return tgt_thread_now(c->thread->thread);
}

/* The peer had its time. */
static void on_login(struct iscsi_conn *c)
{
    iscsi_conn_close(c, "the login took too long");
}

static void on_pdu(struct iscsi_conn *c)
{
    iscsi_conn_close(c, "it stands still within a PDU");
}

static void on_send(struct iscsi_conn *c)
{
    iscsi_conn_close(c, "it takes no answers");
}

/* While the nexus ends, only answers that the peer does not take are a reason to give up. */
static void on_end(struct iscsi_conn *c)
{
    if (c->finishing || (c->session->ending && c->tx_head))
        iscsi_conn_close(c, "it did not take its last answers and close in time");
    else
        iscsi_timer_set(c, ISCSI_TIMER_END, ISCSI_END_NS);
}

/* Discovery sessions are not pinged (4.3), but must not stay for ever either. */
static void on_discovery_idle(struct iscsi_conn *c)
{
    uint64_t limit = c->portal->stall_timeout, silent = iscsi_now(c) - c->heard;
    if (silent < limit)
        iscsi_timer_set(c, ISCSI_TIMER_NOP, limit - silent);
    else
        iscsi_session_end(c, "nothing is asked in this discovery session any more");
}

/* Silence is counted only while it is the peer's own. */
static void on_nop(struct iscsi_conn *c)
{
    uint64_t interval = c->session->nop_interval, now = iscsi_now(c);
    if (c->session->discovery)
        return on_discovery_idle(c);
    uint64_t silent = now - c->heard;
    if (c->pause & (ISCSI_PAUSE_DATA | ISCSI_PAUSE_KEPT))
        c->heard = now;
    else if (silent < interval)
        interval -= silent;
    else if (c->pings >= c->session->nop_count)
        return iscsi_conn_close(c, "it answers no pings");
    else
        iscsi_ping(c);
    iscsi_timer_set(c, ISCSI_TIMER_NOP, interval);
}

static void (*const handlers[ISCSI_TIMER_COUNT])(struct iscsi_conn *c) = {
    [ISCSI_TIMER_LOGIN] = on_login,
    [ISCSI_TIMER_NOP] = on_nop,
    [ISCSI_TIMER_PDU] = on_pdu,
    [ISCSI_TIMER_SEND] = on_send,
    [ISCSI_TIMER_END] = on_end,
    [ISCSI_TIMER_OWED] = iscsi_tasks_check_owed,
    [ISCSI_TIMER_KEPT] = iscsi_rx_try_again,
    [ISCSI_TIMER_SLOW] = iscsi_slow_look,
};

static void run_due(struct iscsi_conn *c, uint64_t now)
{
    for (unsigned i = 0; i < ISCSI_TIMER_COUNT && !c->closed; i++) {
        if (c->timers[i] && c->timers[i] <= now) {
            c->timers[i] = 0;
            handlers[i](c);
        }
    }
}

static void run_all_due(struct iscsi_thread *thread)
{
    uint64_t now = tgt_thread_now(thread->thread);
    GList *next;
    for (GList *node = thread->conns.head; node; node = next) {
        struct iscsi_conn *c = node->data;
        iscsi_conn_hold(c);
        run_due(c, now);
        next = node->next;
        iscsi_conn_put(c);
    }
}

static uint64_t earliest(const struct iscsi_thread *thread)
{
    uint64_t first = 0;
    for (const GList *node = thread->conns.head; node; node = node->next) {
        const struct iscsi_conn *c = node->data;
        for (unsigned i = 0; i < ISCSI_TIMER_COUNT; i++)
            if (c->timers[i] && (!first || c->timers[i] < first))
                first = c->timers[i];
    }
    return first;
}

static void timer_done(struct tgt_op *op, int64_t res);

static void timer_start(struct iscsi_thread *thread, uint64_t at)
{
    uint64_t now = tgt_thread_now(thread->thread);
    thread->timer_at = at;
    thread->timer_cancelled = false;
    thread->timer.done = timer_done;
    tgt_op_timeout(thread->thread, &thread->timer, at > now ? at - now : 1);
}

static void timer_done(struct tgt_op *op, int64_t res)
{
    struct iscsi_thread *thread =
        (struct iscsi_thread *)((char *)op - offsetof(struct iscsi_thread, timer));
    uint64_t at;
    thread->timer_cancelled = true; /* it does not run: nothing to cancel */
    run_all_due(thread);
    thread->timer_at = 0;
    if (thread->detached)
        iscsi_thread_detach(thread);
    else if ((at = earliest(thread)))
        timer_start(thread, at);
}

void iscsi_timer_set(struct iscsi_conn *c, enum iscsi_timer which, uint64_t ns)
{
    struct iscsi_thread *thread = c->thread;
    uint64_t at = iscsi_now(c) + ns;
    c->timers[which] = at;
    if (!thread->timer_at)
        timer_start(thread, at);
    else if (at < thread->timer_at && !thread->timer_cancelled) {
        thread->timer_cancelled = true;
        tgt_op_cancel(thread->thread, &thread->timer);
    }
}

void iscsi_thread_init(struct iscsi_thread *thread, struct tgt_thread *t,
                       struct iscsi_engine *engine)
{
    thread->thread = t;
    thread->engine = g_atomic_rc_box_acquire(engine);
    g_queue_init(&thread->conns);
    g_queue_init(&thread->program_queue);
}

static void close_all(struct iscsi_thread *thread)
{
    GList *next;
    for (GList *node = thread->conns.head; node; node = next) {
        struct iscsi_conn *c = node->data;
        iscsi_conn_hold(c);
        iscsi_conn_close(c, "the daemon ends");
        next = node->next;
        iscsi_conn_put(c);
    }
}

void iscsi_thread_detach(struct iscsi_thread *thread)
{
    if (!thread->detached) {
        close_all(thread);
        thread->detached = true;
        if (thread->timer_at)
            tgt_op_cancel(thread->thread, &thread->timer);
    }
    if (!thread->conns.head && !thread->timer_at && thread->free) {
        void (*fn)(struct iscsi_thread *) = g_steal_pointer(&thread->free);
        iscsi_tx_pool_clear(thread);
        iscsi_engine_unref(thread->engine);
        fn(thread);
    }
}
