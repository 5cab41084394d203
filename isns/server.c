/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions to an iSNS server, and its answers (RFC 4171 5.6, 5.7). */
#include "server.h"

#include "attrs.h"

void question_clear(struct question *q)
{
    isns_attr_list_destroy(&q->key);
    isns_attr_list_destroy(&q->rest);
}

/* The number of each question is the last one's and one. */
static uint16_t next_xid(const struct wire *wire)
{
    return (uint16_t)(wire->answer.xid + 1);
}

static bool send_question(struct wire *wire, const struct question *q, GError **error)
{
    uint16_t flags = ISNS_F_CLIENT | (q->replace ? ISNS_F_REPLACE : 0);
    g_autoptr(GByteArray) body = attrs_encode(q->source, &q->key, &q->rest);
    if (!body) {
        g_set_error(error, WIRE_ERROR, ISNS_INTERNAL_ERROR, "%s: too long for a message",
                    q->source);
        return false;
    }
    g_autoptr(GByteArray) pdu =
        message_pdu(q->function, flags, next_xid(wire), body->data, body->len);
    return wire_send(wire, pdu, error);
}

static bool is_answer(const struct message *m, const struct question *q, uint16_t xid)
{
    return m->function == (q->function | MESSAGE_RESPONSE) && m->xid == xid && m->payload->len >= 4;
}

static uint32_t status_of(const struct message *m)
{
    const uint8_t *p = m->payload->data;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool refused(const struct question *q, uint32_t status, GError **error)
{
    g_set_error(error, WIRE_ERROR, status > G_MAXINT ? G_MAXINT : (int)status,
                "the server refuses %s of %s: %s (%u)", isns_function_name(q->function), q->source,
                isns_strerror((enum isns_status)status), status);
    return false;
}

bool server_ask(struct wire *wire, const struct question *q, isns_attr_list_t *answer,
                GError **error)
{
    const struct message *m = &wire->answer;
    uint16_t xid = next_xid(wire);
    if (!send_question(wire, q, error) || !wire_receive(wire, error))
        return false;
    if (!is_answer(m, q, xid)) {
        g_set_error_literal(error, WIRE_ERROR, 0, "the server answers what was not asked");
        return false;
    }
    if (status_of(m) != ISNS_SUCCESS)
        return refused(q, status_of(m), error);
    if (!answer || attrs_decode(m->payload, answer))
        return true;
    g_set_error_literal(error, WIRE_ERROR, 0,
                        "the server does not send what iSNS (RFC 4171) allows");
    return false;
}
