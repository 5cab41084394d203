/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of attributes (RFC 4171 5.1.4 and 6), by libisns. */
#include "attrs.h"

#include <libisns/attrs.h>
#include <libisns/buffer.h>

#include "message.h"

#define STATUS_BYTES 4u

void attrs_put_portal(isns_attr_list_t *list, uint32_t address_tag, const struct in6_addr *address,
                      uint16_t port)
{
    /* The tag of the port follows that of the address in every object; TCP is a zero bit. */
    isns_attr_list_append_ipaddr(list, address_tag, address);
    isns_attr_list_append_uint32(list, address_tag + 1, port);
}

GByteArray *attrs_encode(const char *source, const isns_attr_list_t *key,
                         const isns_attr_list_t *rest)
{
    isns_attr_list_t from = ISNS_ATTR_LIST_INIT;
    buf_t *buf = buf_alloc(MESSAGE_PDU_MAX);
    GByteArray *body = NULL;
    isns_attr_list_append_string(&from, ISNS_TAG_ISCSI_NAME, source);
    if (isns_attr_list_encode(buf, &from) == ISNS_SUCCESS &&
        isns_attr_list_encode(buf, key) == ISNS_SUCCESS &&
        isns_encode_delimiter(buf) == ISNS_SUCCESS &&
        isns_attr_list_encode(buf, rest) == ISNS_SUCCESS)
        body = g_byte_array_append(g_byte_array_new(), buf_head(buf), (guint)buf_avail(buf));
    isns_attr_list_destroy(&from);
    buf_free(buf);
    return body;
}

bool attrs_decode(const GByteArray *body, isns_attr_list_t *list)
{
    buf_t buf;
    if (body->len < STATUS_BYTES)
        return false;
    buf_set(&buf, body->data + STATUS_BYTES, body->len - STATUS_BYTES);
    bool ok = isns_attr_list_decode(&buf, list) == ISNS_SUCCESS;
    isns_attr_list_remove_tag(list, ISNS_TAG_DELIMITER);
    return ok;
}
