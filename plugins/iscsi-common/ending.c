/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of a session: the nexus is closed first, then the answer goes out, then the connection
 * ends. */
#include "session.h"
#include "task.h"
#include "textreq.h"

static void nexus_gone(void *priv)
{
    struct iscsi_session *s = priv;
    struct iscsi_conn *c = s->conn;
    s->nexus = NULL;
    iscsi_session_remove(s);
    if (c->logout_answer)
        iscsi_tx_queue(c, g_steal_pointer(&c->logout_answer));
    iscsi_conn_finish(c, "its session has ended");
    iscsi_conn_put(c);
}

/* Begin the end; what is owed by either side is not waited for. */
static void take_down(struct iscsi_session *s)
{
    s->ending = true;
    iscsi_hold_clear(s);
    iscsi_conn_hold(s->conn);
    iscsi_tasks_hurry(s);
    if (s->nexus)
        tgt_nexus_close(s->nexus, nexus_gone);
    else
        nexus_gone(s);
}

void iscsi_session_end(struct iscsi_conn *c, const char *why)
{
    if (c->closed || c->session->ending)
        return;
    tgt_log(TGT_LOG_INFO, "iscsi: %s: session ends: %s", c->peer_port, why);
    iscsi_conn_pause(c, ISCSI_PAUSE_END);
    iscsi_text_end(c);
    iscsi_conn_enter(c, &iscsi_state_ending);
    iscsi_timer_set(c, ISCSI_TIMER_END, ISCSI_END_NS);
    take_down(c->session);
}

void iscsi_session_drop(struct iscsi_conn *c)
{
    if (c->session->ending)
        iscsi_tasks_hurry(c->session);
    else
        take_down(c->session);
}

void iscsi_nexus_close(struct tgt_nexus *nexus, enum tgt_close_reason reason)
{
    struct iscsi_session *s = tgt_nexus_priv(nexus);
    struct iscsi_conn *c = s->conn;
    const uint32_t *value = c->agreed.value;
    if (c->closed || s->ending)
        return;
    if (reason != TGT_CLOSE_RESET)
        iscsi_async_send(c, ISCSI_ASYNC_DROP_SESSION, 0,
                         (uint16_t)value[ISCSI_KEY_DefaultTime2Wait],
                         (uint16_t)value[ISCSI_KEY_DefaultTime2Retain]);
    iscsi_session_end(c, reason == TGT_CLOSE_RESET ? "target reset" : "closed by the admin");
}

/* RFC 7143 11.9.1, event 1: Parameter3 says how many seconds there are. */
void iscsi_nexus_logout(struct tgt_nexus *nexus, unsigned seconds)
{
    struct iscsi_session *s = tgt_nexus_priv(nexus);
    if (!s->conn->closed && !s->ending)
        iscsi_async_send(s->conn, ISCSI_ASYNC_LOGOUT, 0, 0, (uint16_t)MIN(seconds, UINT16_MAX));
}
