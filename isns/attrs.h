/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of attributes (RFC 4171 5.1.4 and 6), by libisns; a message body is such lists. */
#ifndef ISNS_ATTRS_H_
#define ISNS_ATTRS_H_

#include <glib.h>
#include <jansson.h>
#include <libisns/isns.h>
#include <stdbool.h>
#include <stdint.h>

/* Address and port, as the two attributes of a portal or of a portal group. */
void attrs_put_portal(isns_attr_list_t *list, uint32_t address_tag, const struct in6_addr *address,
                      uint16_t port);

/* The body of a question: who asks, what about, and a delimiter between that and the rest. NULL: it
 * is too long for one PDU. */
GByteArray *attrs_encode(const char *source, const isns_attr_list_t *key,
                         const isns_attr_list_t *rest);
/* The attributes in the body of an answer, behind its status; delimiters are left out. False:
 * it is none. */
bool attrs_decode(const GByteArray *body, isns_attr_list_t *list);
/* Names of the initiators in a list of nodes with their types. */
json_t *attrs_initiators(const isns_attr_list_t *list);

#endif
