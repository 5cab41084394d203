/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests that came before their turn: kept whole, and run when the gap before them is closed. */
#include <string.h>

#include "session.h"

/* A numbered request, a Data-Out of one, or a mark that a CmdSN counts as received. */
struct held_pdu {
    union iscsi_bhs bhs;
    uint32_t cmdsn;
    bool plug;     /* nothing to run */
    bool follower; /* Data-Out: uses no CmdSN */
    GByteArray *ahs, *data;
    guint offset; /* of the data, bytes that were run already */
    bool begun;   /* its header was run */
};

static void held_free(struct held_pdu *held)
{
    if (held->ahs)
        g_byte_array_unref(held->ahs);
    if (held->data)
        g_byte_array_unref(held->data);
    g_free(held);
}

static size_t held_size(const struct held_pdu *held)
{
    return sizeof(*held) + (held->ahs ? held->ahs->len : 0) + (held->data ? held->data->len : 0);
}

static void count(struct iscsi_session *s, const struct held_pdu *held)
{
    s->held_bytes += held_size(held);
    iscsi_kept_add(s->conn, held_size(held), true);
}

static void uncount(struct iscsi_session *s, const struct held_pdu *held)
{
    s->held_bytes -= held_size(held);
    iscsi_kept_drop(s->conn, held_size(held), true);
}

static const struct held_pdu *find_itt(const struct iscsi_session *s, uint32_t itt)
{
    for (const GList *node = s->held.head; node; node = node->next) {
        const struct held_pdu *held = node->data;
        if (!held->plug && iscsi_itt(&held->bhs) == itt)
            return held;
    }
    return NULL;
}

bool iscsi_held_has(const struct iscsi_session *s, uint32_t cmdsn)
{
    for (const GList *node = s->held.head; node; node = node->next)
        if (((const struct held_pdu *)node->data)->cmdsn == cmdsn)
            return true;
    return false;
}

bool iscsi_held_has_itt(const struct iscsi_session *s, uint32_t itt)
{
    return find_itt(s, itt) != NULL;
}

/* Behind all that have the same or a lower CmdSN. */
static void insert(struct iscsi_session *s, struct held_pdu *held)
{
    GList *node = s->held.tail;
    while (node && iscsi_before(held->cmdsn, ((struct held_pdu *)node->data)->cmdsn))
        node = node->prev;
    g_queue_insert_after(&s->held, node, held);
    count(s, held);
}

static bool holds_too_much(const struct iscsi_session *s)
{
    return s->held_bytes > ISCSI_HELD_MAX || !iscsi_kept_room_to_last(s->conn, 0);
}

void iscsi_hold(struct iscsi_conn *c)
{
    struct iscsi_session *s = c->session;
    struct held_pdu *held = g_new0(struct held_pdu, 1);
    held->bhs = c->rx.bhs;
    held->follower = iscsi_opcode(&held->bhs) == ISCSI_OP_DATA_OUT;
    const struct held_pdu *leader = held->follower ? find_itt(s, iscsi_itt(&held->bhs)) : NULL;
    held->cmdsn = leader ? leader->cmdsn : be32_get(held->bhs.any.cmdsn);
    if (iscsi_is_immediate(&held->bhs) && !held->follower)
        held->cmdsn = s->exp_cmdsn;
    held->ahs = g_steal_pointer(&c->rx.ahs);
    held->data = g_steal_pointer(&c->rx.bytes);
    insert(s, held);
    if (held->cmdsn != s->exp_cmdsn && holds_too_much(s))
        iscsi_conn_close(c, "too much was sent behind a gap in the command numbers");
}

void iscsi_hold_plug(struct iscsi_session *s, uint32_t cmdsn, uint32_t itt)
{
    struct held_pdu *held = g_new0(struct held_pdu, 1);
    held->cmdsn = cmdsn;
    held->plug = true;
    insert(s, held);
    iscsi_gone_add(s, itt);
}

/* More unsolicited data may be on its way to a command that ends its PDU without F. */
static bool may_be_owed(const struct held_pdu *held)
{
    return iscsi_opcode(&held->bhs) == ISCSI_OP_SCSI_COMMAND &&
           !(held->bhs.any.flags & ISCSI_FINAL);
}

/* What was held turns into a plug, its Data-Out into nothing. */
static void make_plug(struct iscsi_session *s, struct held_pdu *held)
{
    if (may_be_owed(held))
        iscsi_gone_add(s, iscsi_itt(&held->bhs));
    uncount(s, held);
    g_clear_pointer(&held->ahs, g_byte_array_unref);
    g_clear_pointer(&held->data, g_byte_array_unref);
    held->plug = true;
    count(s, held);
}

bool iscsi_hold_abort(struct iscsi_session *s, uint32_t itt)
{
    bool found = false;
    for (GList *node = s->held.head; node; node = node->next) {
        struct held_pdu *held = node->data;
        if (held->plug || iscsi_itt(&held->bhs) != itt)
            continue;
        make_plug(s, held);
        found = true;
    }
    return found;
}

void iscsi_hold_abort_before(struct iscsi_session *s, uint32_t cmdsn, const uint8_t *lun)
{
    for (GList *node = s->held.head; node; node = node->next) {
        struct held_pdu *held = node->data;
        bool command = iscsi_opcode(&held->bhs) == ISCSI_OP_SCSI_COMMAND || held->follower;
        if (!held->plug && command && iscsi_before(held->cmdsn, cmdsn) &&
            (!lun || memcmp(held->bhs.any.lun, lun, 8) == 0))
            make_plug(s, held);
    }
}

/* Run what is at the head, as far as the connection allows; false: not all of it. */
static bool run_head(struct iscsi_conn *c, struct held_pdu *held)
{
    if (!held->begun) {
        held->begun = true;
        iscsi_rx_header(c, &held->bhs, held->ahs->data, held->ahs->len);
    }
    if (c->closed || c->pause)
        return false;
    if (held->data->len > 0)
        iscsi_rx_data(c, held->data->data, held->data->len);
    iscsi_rx_done(c, true);
    return true;
}

static void drop_head(struct iscsi_session *s)
{
    struct held_pdu *held = g_queue_pop_head(&s->held);
    uncount(s, held);
    held_free(held);
}

static bool head_begun(const struct iscsi_session *s)
{
    return ((const struct held_pdu *)s->held.head->data)->begun;
}

static bool head_is_due(const struct iscsi_session *s)
{
    const struct held_pdu *held = s->held.head ? s->held.head->data : NULL;
    return held && (held->begun || !iscsi_before(s->exp_cmdsn, held->cmdsn));
}

static bool replay_head(struct iscsi_conn *c)
{
    struct iscsi_session *s = c->session;
    struct held_pdu *held = s->held.head->data;
    if (!held->plug)
        return run_head(c, held);
    if (!held->follower && held->cmdsn == s->exp_cmdsn)
        iscsi_cmdsn_advance(s);
    return true;
}

void iscsi_hold_replay(struct iscsi_conn *c)
{
    struct iscsi_session *s = c->session;
    if (s->replaying || !s->held.head || (c->rx.under_way && !head_begun(s)))
        return;
    s->replaying = true;
    while (!c->closed && !c->pause && head_is_due(s) && replay_head(c))
        drop_head(s);
    s->replaying = false;
    if (c->closed)
        iscsi_hold_clear(s);
}

void iscsi_hold_clear(struct iscsi_session *s)
{
    if (s->replaying)
        return; /* the loop clears it */
    while (s->held.head)
        drop_head(s);
}
