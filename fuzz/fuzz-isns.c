/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzzes what an iSNS server sends: PDUs that arrive in pieces, and the attributes in them. */
#include <stdlib.h>

#include "../isns/attrs.h"
#include "../isns/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_attributes(const GByteArray *body)
{
    isns_attr_list_t list = ISNS_ATTR_LIST_INIT;
    if (attrs_decode(body, &list))
        json_decref(attrs_initiators(&list));
    isns_attr_list_destroy(&list);
}

static bool take_all(struct message *m, GByteArray *in)
{
    enum message_verdict verdict;
    while ((verdict = message_take(m, in)) == MESSAGE_DONE) {
        if (m->payload->len > MESSAGE_MAX || m->pdus > MESSAGE_PDUS_MAX)
            abort();
        read_attributes(m->payload);
        message_reset(m);
    }
    return verdict == MESSAGE_MORE;
}

/* The first byte says how long a piece is. */
static void arrive(const uint8_t *data, size_t size)
{
    struct message m;
    g_autoptr(GByteArray) in = g_byte_array_new();
    size_t piece = size ? *data + 1u : 1;
    message_init(&m);
    while (size > 0 && take_all(&m, in)) {
        size_t n = MIN(piece, size);
        g_byte_array_append(in, data, (guint)n);
        data += n;
        size -= n;
    }
    take_all(&m, in);
    message_clear(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GByteArray) body = g_byte_array_append(g_byte_array_new(), data, (guint)size);
    read_attributes(body);
    if (size > 0)
        arrive(data, size);
    return 0;
}
