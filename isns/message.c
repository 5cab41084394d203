/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iSNS messages and the PDUs that carry them (RFC 4171 5.1). */
#include "message.h"

#include <libisns/isns-proto.h>
#include <string.h>

#define HEADER 12u

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(GByteArray *to, uint16_t value)
{
    const uint8_t bytes[] = {value >> 8, value & 0xff};
    g_byte_array_append(to, bytes, sizeof(bytes));
}

void message_init(struct message *m)
{
    *m = (struct message){.payload = g_byte_array_new()};
}

void message_clear(struct message *m)
{
    g_byte_array_unref(m->payload);
    *m = (struct message){0};
}

void message_reset(struct message *m)
{
    g_byte_array_set_size(m->payload, 0);
    m->pdus = 0;
    m->complete = false;
}

/* The first PDU says what the message is, the others have to agree; they are numbered from 0
 * (RFC 4171 5.1.6). Blocks of authentication are only sent to who has asked for them. */
static bool fits(const struct message *m, const uint8_t *header, uint16_t flags)
{
    uint16_t first = m->pdus ? 0 : ISNS_F_FIRST_PDU;
    return get16(header) == ISNS_VERSION && get16(header + 4) % 4 == 0 &&
           !(flags & ISNS_F_AUTHBLK_PRESENT) && (flags & ISNS_F_FIRST_PDU) == first &&
           get16(header + 10) == m->pdus && m->pdus < MESSAGE_PDUS_MAX &&
           (!m->pdus || (get16(header + 2) == m->function && get16(header + 8) == m->xid)) &&
           m->payload->len + get16(header + 4) <= MESSAGE_MAX;
}

/* True: one was there, and has been taken. */
static bool take_pdu(struct message *m, GByteArray *in, bool *nonsense)
{
    if (in->len < HEADER)
        return false;
    uint16_t len = get16(in->data + 4), flags = get16(in->data + 6);
    *nonsense = !fits(m, in->data, flags);
    if (*nonsense || in->len < HEADER + len)
        return false;
    m->function = get16(in->data + 2);
    m->flags = flags;
    m->xid = get16(in->data + 8);
    m->pdus++;
    m->complete = flags & ISNS_F_LAST_PDU;
    g_byte_array_append(m->payload, in->data + HEADER, len);
    g_byte_array_remove_range(in, 0, HEADER + len);
    return true;
}

enum message_verdict message_take(struct message *m, GByteArray *in)
{
    bool nonsense = false;
    while (!m->complete && take_pdu(m, in, &nonsense))
        ;
    if (nonsense)
        return MESSAGE_NONSENSE;
    return m->complete ? MESSAGE_DONE : MESSAGE_MORE;
}

GByteArray *message_pdu(uint16_t function, uint16_t flags, uint16_t xid, const void *payload,
                        size_t len)
{
    GByteArray *pdu = g_byte_array_sized_new((guint)(HEADER + len));
    put16(pdu, ISNS_VERSION);
    put16(pdu, function);
    put16(pdu, (uint16_t)len);
    put16(pdu, flags | ISNS_F_FIRST_PDU | ISNS_F_LAST_PDU);
    put16(pdu, xid);
    put16(pdu, 0);
    g_byte_array_append(pdu, payload, (guint)len);
    return pdu;
}
