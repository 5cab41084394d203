/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of a connection: counted, held, paused, and closed in one way only. */
#include <string.h>

#include "conn.h"
#include "login.h"
#include "session.h"
#include "text.h"
#include "textreq.h"

void iscsi_conn_logged_in(struct iscsi_conn *c)
{
    if (c->in_login)
        iscsi_admission_logged_in(&c->portal->admission, c->host);
    c->in_login = false;
}

void iscsi_conn_uncount(struct iscsi_conn *c)
{
    iscsi_conn_logged_in(c);
    if (c->counted)
        iscsi_admission_leave(&c->portal->admission);
    c->counted = false;
}

void iscsi_conn_start(struct iscsi_conn *c, struct iscsi_thread *thread)
{
    c->thread = thread;
    c->node.data = c;
    g_queue_push_tail_link(&thread->conns, &c->node);
    c->holds = 1;
    c->tx_tail = &c->tx_head;
    c->segment_in = c->segment_out = ISCSI_LOGIN_SEGMENT;
    iscsi_params_default(&c->agreed);
    iscsi_timer_set(c, ISCSI_TIMER_LOGIN, c->portal->login_timeout);
    iscsi_conn_enter(c, &iscsi_state_start);
}

void iscsi_conn_enter(struct iscsi_conn *c, const struct iscsi_state *state)
{
    tgt_log(TGT_LOG_DEBUG, "iscsi: %s: %s -> %s", c->peer_port, c->state ? c->state->name : "new",
            state->name);
    c->state = state;
    if (state->enter)
        state->enter(c);
}

void iscsi_conn_hold(struct iscsi_conn *c)
{
    c->holds++;
}

static void conn_free(struct iscsi_conn *c)
{
    struct iscsi_thread *thread = c->thread;
    iscsi_session_release(c->session);
    g_queue_unlink(&thread->conns, &c->node);
    iscsi_conn_uncount(c);
    iscsi_portal_params_unref(c->portal);
    c->dm->free(c);
    if (thread->detached)
        iscsi_thread_detach(thread);
}

void iscsi_conn_put(struct iscsi_conn *c)
{
    if (--c->holds == 0)
        conn_free(c);
}

void iscsi_conn_close(struct iscsi_conn *c, const char *why)
{
    if (c->closed)
        return;
    tgt_log(TGT_LOG_INFO, "iscsi: %s: connection closed: %s", c->peer_port, why);
    c->closed = true;
    iscsi_conn_uncount(c);
    memset(c->timers, 0, sizeof(c->timers));
    c->dm->close(c);
    iscsi_rx_clear(c);
    iscsi_tx_drop(c);
    if (c->logout_answer)
        iscsi_tx_queue(c, g_steal_pointer(&c->logout_answer));
    iscsi_login_free(c);
    iscsi_text_end(c);
    if (c->session)
        iscsi_session_drop(c);
    iscsi_conn_put(c);
}

void iscsi_conn_finish(struct iscsi_conn *c, const char *why)
{
    if (c->closed || c->finishing)
        return;
    tgt_log(TGT_LOG_INFO, "iscsi: %s: ending: %s", c->peer_port, why);
    c->finishing = true;
    if (c->session) /* a refused login counts until it is closed: else the limits would not hold for
                       those */
        iscsi_conn_uncount(c);
    memset(c->timers, 0, sizeof(c->timers));
    iscsi_timer_set(c, ISCSI_TIMER_END, ISCSI_END_NS);
    iscsi_rx_clear(c);
    iscsi_conn_pause(c, ISCSI_PAUSE_END);
    if (c->state != &iscsi_state_ending)
        iscsi_conn_enter(c, &iscsi_state_ending);
    if (!c->tx_head)
        c->dm->finish(c);
}

void iscsi_conn_pause(struct iscsi_conn *c, unsigned why)
{
    c->pause |= why;
}

void iscsi_conn_unpause(struct iscsi_conn *c, unsigned why)
{
    if (!(c->pause & why))
        return;
    c->pause &= ~why;
    if (c->pause || c->closed)
        return;
    if (c->session)
        iscsi_hold_replay(c);
    if (!c->pause && !c->closed)
        c->dm->resume(c);
}

/* Nothing is received in this state: it is paused. */
static void ending_header(struct iscsi_conn *c, const uint8_t *ahs, size_t ahs_len)
{
    c->rx.verdict = ISCSI_IGNORE;
}

static void ending_pdu(struct iscsi_conn *c, bool data_ok)
{
}

const struct iscsi_state iscsi_state_ending = {"ending", NULL, ending_header, ending_pdu};
