/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Receiving: takes PDUs from the datamover in pieces and hands them to the connection's state. */
#include "conn.h"
#include "session.h"
#include "task.h"

/* How often a connection that waits until the thread keeps less looks for that. */
#define KEPT_NS 50000000ull
/* So much of a PDU must come in the time that a peer may stand still: one that is slow has as many
 * times of it as its PDU is long, but not as many as it sends bytes. */
#define PDU_STEP (64u << 10)

void iscsi_rx_clear(struct iscsi_conn *c)
{
    iscsi_kept_drop(c, c->rx.reserved, false);
    c->rx.reserved = c->rx.come = c->rx.timed = 0;
    c->rx.op = NULL;
    c->rx.task = NULL;
    c->rx.sink = ISCSI_SINK_NONE;
    c->rx.verdict = ISCSI_IGNORE;
    c->rx.under_way = false;
    g_clear_pointer(&c->rx.bytes, g_byte_array_unref);
    g_clear_pointer(&c->rx.ahs, g_byte_array_unref);
}

void iscsi_rx_foresee(struct iscsi_conn *c, const union iscsi_bhs *bhs)
{
    /* RFC 7143 4.2.4: who does not begin with a login gets no answer. */
    if (c->state == &iscsi_state_start && iscsi_opcode(bhs) != ISCSI_OP_LOGIN_REQUEST)
        iscsi_conn_close(c, "the first PDU is not a Login Request");
    /* 7.7: a format error ends the session. Nothing is ever allocated by this length. */
    else if (be24_get(bhs->any.data_len) > c->segment_in)
        iscsi_conn_close(c, "a data segment over the limit was announced");
}

void iscsi_rx_header(struct iscsi_conn *c, const union iscsi_bhs *bhs, const uint8_t *ahs,
                     size_t ahs_len)
{
    c->rx.bhs = *bhs;
    c->rx.verdict = ISCSI_RUN;
    c->rx.under_way = true;
    iscsi_rx_foresee(c, bhs);
    if (!c->closed)
        c->state->on_header(c, ahs, ahs_len);
}

void iscsi_rx_data(struct iscsi_conn *c, const void *data, size_t len)
{
    c->rx.come += (uint32_t)len;
    switch (c->rx.sink) {
    case ISCSI_SINK_BYTES:
        g_byte_array_append(c->rx.bytes, data, (guint)len);
        break;
    case ISCSI_SINK_TASK:
        iscsi_place(c->rx.task, data, len);
        break;
    default:
        break;
    }
}

unsigned iscsi_rx_direct(struct iscsi_conn *c, uint32_t left, struct iovec *iov, unsigned max,
                         size_t *room)
{
    if (c->rx.sink != ISCSI_SINK_TASK)
        return 0;
    return iscsi_place_direct(c->rx.task, left, iov, max, room);
}

void iscsi_rx_direct_done(struct iscsi_conn *c, size_t len)
{
    c->rx.come += (uint32_t)len;
    iscsi_place_direct_done(c->rx.task, len);
}

void iscsi_rx_done(struct iscsi_conn *c, bool data_ok)
{
    c->rx.under_way = false;
    c->heard = iscsi_now(c);
    c->pings = 0;
    iscsi_timer_clear(c, ISCSI_TIMER_PDU);
    c->state->on_pdu(c, data_ok);
    if (c->closed)
        return;
    iscsi_rx_clear(c);
    if (c->session && !c->finishing)
        iscsi_hold_replay(c);
}

void iscsi_rx_partial(struct iscsi_conn *c)
{
    if (c->timers[ISCSI_TIMER_PDU] && c->rx.come - c->rx.timed < PDU_STEP)
        return;
    c->rx.timed = c->rx.come;
    iscsi_timer_set(c, ISCSI_TIMER_PDU, c->portal->stall_timeout);
}

void iscsi_rx_refuse(struct iscsi_conn *c, enum iscsi_reject reason)
{
    c->rx.sink = ISCSI_SINK_NONE;
    c->rx.verdict = ISCSI_REFUSE;
    c->rx.reason = (uint8_t)reason;
}

/* All of it or nothing: data that waits half received would be kept while others wait for the same.
 */
static bool reserve(struct iscsi_conn *c)
{
    uint32_t len = be24_get(c->rx.bhs.any.data_len);
    if (!iscsi_kept_room(c, len))
        return false;
    c->rx.reserved = len;
    iscsi_kept_add(c, len, false);
    return true;
}

static void wait_for_room(struct iscsi_conn *c)
{
    iscsi_conn_pause(c, ISCSI_PAUSE_KEPT);
    iscsi_timer_set(c, ISCSI_TIMER_KEPT, KEPT_NS);
}

void iscsi_rx_collect(struct iscsi_conn *c)
{
    c->rx.sink = ISCSI_SINK_BYTES;
    c->rx.bytes = g_byte_array_new();
    if (!reserve(c))
        wait_for_room(c);
}

void iscsi_rx_try_again(struct iscsi_conn *c)
{
    if (!(c->pause & ISCSI_PAUSE_KEPT))
        return;
    if (reserve(c))
        iscsi_conn_unpause(c, ISCSI_PAUSE_KEPT);
    else
        wait_for_room(c);
}

void iscsi_rx_forget(struct iscsi_conn *c, const struct iscsi_task *task)
{
    if (c->rx.task != task)
        return;
    c->rx.task = NULL;
    c->rx.sink = ISCSI_SINK_NONE;
    iscsi_conn_unpause(c, ISCSI_PAUSE_DATA);
}
