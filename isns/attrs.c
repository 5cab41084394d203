/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of attributes (RFC 4171 5.1.4 and 6), by libisns. */
#include "attrs.h"

#include <libisns/attrs.h>
#include <libisns/buffer.h>
#include <string.h>

#include "message.h"

/* Of one target; more would not fit a request to the daemon. A name that is longer is none (RFC
 * 7143 4.2.7.1). */
#define INITIATORS_MAX 4000u
#define NAME_MAX_BYTES 223u

#define STATUS_BYTES 4u
#define ATTR_HEADER  8u

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

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Tag, length, and so many bytes, a multiple of four, again and again. libisns ends the process
 * where they are not there. */
static bool is_list(const uint8_t *p, size_t left)
{
    while (left >= ATTR_HEADER) {
        uint32_t len = get32(p + 4);
        if (len % 4 || len > left - ATTR_HEADER)
            return false;
        p += ATTR_HEADER + len;
        left -= ATTR_HEADER + len;
    }
    return left == 0;
}

bool attrs_decode(const GByteArray *body, isns_attr_list_t *list)
{
    buf_t buf;
    if (body->len < STATUS_BYTES || !is_list(body->data + STATUS_BYTES, body->len - STATUS_BYTES))
        return false;
    buf_set(&buf, body->data + STATUS_BYTES, body->len - STATUS_BYTES);
    bool ok = isns_attr_list_decode(&buf, list) == ISNS_SUCCESS;
    isns_attr_list_remove_tag(list, ISNS_TAG_DELIMITER);
    return ok;
}

static const char *name_of(const isns_attr_t *a)
{
    const char *name = ISNS_ATTR_IS_STRING(a) ? a->ia_value.iv_string : NULL;
    return name && strlen(name) <= NAME_MAX_BYTES ? name : NULL;
}

/* Nodes come one after the other: a name, then its type. Names of what is not only a target. */
json_t *attrs_initiators(const isns_attr_list_t *list)
{
    json_t *names = json_array();
    const char *name = NULL;
    for (unsigned i = 0; i < list->ial_count && json_array_size(names) < INITIATORS_MAX; i++) {
        const isns_attr_t *a = list->ial_data[i];
        if (a->ia_tag_id == ISNS_TAG_ISCSI_NAME)
            name = name_of(a);
        else if (a->ia_tag_id == ISNS_TAG_ISCSI_NODE_TYPE && ISNS_ATTR_IS_UINT32(a) && name &&
                 a->ia_value.iv_uint32 & ISNS_ISCSI_INITIATOR_MASK)
            json_array_append_new(names, json_string(name)); /* NULL, if it is no UTF-8 */
    }
    return names;
}
