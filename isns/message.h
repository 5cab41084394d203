/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iSNS messages and the PDUs that carry them (RFC 4171 5.1). */
#ifndef ISNS_MESSAGE_H_
#define ISNS_MESSAGE_H_

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Longest message that is put together from PDUs, and the most PDUs that one may have. */
#define MESSAGE_MAX      (1u << 20)
#define MESSAGE_PDUS_MAX 64u

#define MESSAGE_RESPONSE 0x8000u /* of the function: it is an answer */

struct message {
    uint16_t function, flags, xid;
    unsigned pdus; /* that have arrived; 0: none */
    bool complete;
    GByteArray *payload;
};

enum message_verdict { MESSAGE_MORE, MESSAGE_DONE, MESSAGE_NONSENSE };

void message_init(struct message *m);
void message_clear(struct message *m);
/* Begin again. */
void message_reset(struct message *m);
/* Take PDUs off the front of `in` until the message is complete. */
enum message_verdict message_take(struct message *m, GByteArray *in);
/* One PDU; `payload` has at most MESSAGE_PDU_MAX bytes, a multiple of four. */
#define MESSAGE_PDU_MAX 65532u
GByteArray *message_pdu(uint16_t function, uint16_t flags, uint16_t xid, const void *payload,
                        size_t len);

#endif
