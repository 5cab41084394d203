/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Access lists: address rules (CIDR) and initiator name rules. Fails closed: an empty list admits
 * nobody. */
#ifndef CORE_ACL_H
#define CORE_ACL_H

#include <glib.h>
#include <stdbool.h>
#include <tgt/transport.h>

/* If there are rules of both kinds, both kinds must match, or with match "any" one of them; if there
 * are rules of one kind only, one of them must match ("all" is an address rule that matches every
 * address). */
struct acl;

struct acl *acl_new(void);
void acl_free(struct acl *acl);
/* "all"/"ALL", an IPv4/IPv6 address, or CIDR. Errors: INVALID, EXISTS, NOT_FOUND. */
bool acl_add_address(struct acl *acl, const char *rule, GError **error);
bool acl_remove_address(struct acl *acl, const char *rule, GError **error);
bool acl_add_initiator(struct acl *acl, const char *name, GError **error);
bool acl_remove_initiator(struct acl *acl, const char *name, GError **error);
/* "all", as at first, or "any". Errors: INVALID. */
bool acl_set_match(struct acl *acl, const char *match, GError **error);
const char *acl_match(const struct acl *acl);
/* Borrowed texts in the order of adding; free the containers. */
GList *acl_addresses(const struct acl *acl);
GList *acl_initiators(const struct acl *acl);
/* `peer`: numeric address (an IPv4-mapped IPv6 address is judged as IPv4); `initiator` NULL: only
 * addresses are judged. */
bool acl_allows(const struct acl *acl, const char *peer, const char *initiator);
/* The same for a peer as sessions know it: "10.0.0.5:51234", "[fe80::1]:51234". */
bool acl_allows_port(const struct acl *acl, const char *peer_port, const char *initiator);

#endif
