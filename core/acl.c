/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Access lists: which addresses and which initiator names may use a target. */
#include "acl.h"

#include <arpa/inet.h>
#include <string.h>

#include "error.h"
#include "name.h"

/* An address and how many of its bits count. */
struct network {
    bool all;
    int family; /* AF_INET or AF_INET6 */
    uint8_t bytes[16];
    unsigned bits;
};

struct address_rule {
    char *text;
    struct network net;
};

struct acl {
    GPtrArray *addresses;  /* struct address_rule */
    GPtrArray *initiators; /* char */
    bool any;              /* a rule of one kind is enough where there are both */
};

static void address_rule_free(gpointer data)
{
    struct address_rule *rule = data;
    g_free(rule->text);
    g_free(rule);
}

struct acl *acl_new(void)
{
    struct acl *acl = g_new0(struct acl, 1);
    acl->addresses = g_ptr_array_new_with_free_func(address_rule_free);
    acl->initiators = g_ptr_array_new_with_free_func(g_free);
    return acl;
}

void acl_free(struct acl *acl)
{
    if (acl == NULL)
        return;
    g_ptr_array_unref(acl->addresses);
    g_ptr_array_unref(acl->initiators);
    g_free(acl);
}

/* ---- Addresses ---- */

/* A dual-stack socket reports IPv4 peers as ::ffff:a.b.c.d; rules speak of the IPv4 address. */
static void unmap(struct network *net)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (net->family != AF_INET6 || net->bits < 96 || memcmp(net->bytes, mapped, sizeof mapped) != 0)
        return;
    memmove(net->bytes, net->bytes + 12, 4);
    net->family = AF_INET;
    net->bits -= 96;
}

static bool address_parse(const char *text, struct network *net)
{
    g_autofree char *plain = g_strndup(text, strcspn(text, "%")); /* fe80::1%eth0 */
    *net = (struct network){.family = strchr(plain, ':') ? AF_INET6 : AF_INET};
    net->bits = net->family == AF_INET6 ? 128 : 32;
    return inet_pton(net->family, plain, net->bytes) == 1;
}

static bool network_parse(const char *text, struct network *net)
{
    if (g_ascii_strcasecmp(text, "all") == 0) {
        *net = (struct network){.all = true};
        return true;
    }
    g_auto(GStrv) parts = g_strsplit(text, "/", 2);
    guint64 bits;
    if (parts[0] == NULL || !address_parse(parts[0], net))
        return false;
    if (parts[1] != NULL) {
        if (!g_ascii_string_to_unsigned(parts[1], 10, 0, net->bits, &bits, NULL))
            return false;
        net->bits = (unsigned)bits;
    }
    unmap(net);
    return true;
}

static bool same_prefix(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    if (memcmp(a, b, bits / 8) != 0)
        return false;
    if (bits % 8 == 0)
        return true;
    uint8_t mask = (uint8_t)(0xff00 >> bits % 8);
    return ((a[bits / 8] ^ b[bits / 8]) & mask) == 0;
}

static bool network_has(const struct network *net, const struct network *peer)
{
    if (net->all)
        return true;
    return net->family == peer->family && same_prefix(net->bytes, peer->bytes, net->bits);
}

static bool network_equal(const struct network *a, const struct network *b)
{
    if (a->all || b->all)
        return a->all == b->all;
    return a->bits == b->bits && network_has(a, b);
}

static bool address_find(const struct acl *acl, const struct network *net, guint *index)
{
    for (guint i = 0; i < acl->addresses->len; i++) {
        const struct address_rule *rule = g_ptr_array_index(acl->addresses, i);
        if ((rule->net.all || net->all || rule->net.family == net->family) &&
            network_equal(&rule->net, net)) {
            *index = i;
            return true;
        }
    }
    return false;
}

static bool rule_parse(const char *rule, struct network *net, GError **error)
{
    if (network_parse(rule, net))
        return true;
    g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                "'%s' is not an address, a network like 10.0.0.0/24, or ALL", rule);
    return false;
}

bool acl_add_address(struct acl *acl, const char *rule, GError **error)
{
    struct network net;
    guint index;
    if (!rule_parse(rule, &net, error))
        return false;
    if (address_find(acl, &net, &index)) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_EXISTS, "the access rule '%s' already exists",
                    rule);
        return false;
    }
    struct address_rule *entry = g_new0(struct address_rule, 1);
    entry->text = net.all ? g_strdup("ALL") : g_strdup(rule);
    entry->net = net;
    g_ptr_array_add(acl->addresses, entry);
    return true;
}

static bool no_rule(const char *rule, GError **error)
{
    g_set_error(error, CORE_ERROR, CORE_ERROR_NOT_FOUND, "there is no access rule '%s'", rule);
    return false;
}

bool acl_remove_address(struct acl *acl, const char *rule, GError **error)
{
    struct network net;
    guint index;
    if (!rule_parse(rule, &net, error))
        return false;
    if (!address_find(acl, &net, &index))
        return no_rule(rule, error);
    g_ptr_array_remove_index(acl->addresses, index);
    return true;
}

/* ---- Initiator names ---- */

static bool initiator_find(const struct acl *acl, const char *name, guint *index)
{
    return g_ptr_array_find_with_equal_func(acl->initiators, name, g_str_equal, index);
}

bool acl_add_initiator(struct acl *acl, const char *name, GError **error)
{
    guint index;
    g_autofree char *prepared = name_prepare_initiator(name, error);
    if (prepared == NULL)
        return false;
    if (initiator_find(acl, prepared, &index)) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_EXISTS, "the access rule '%s' already exists",
                    name);
        return false;
    }
    g_ptr_array_add(acl->initiators, g_steal_pointer(&prepared));
    return true;
}

bool acl_remove_initiator(struct acl *acl, const char *name, GError **error)
{
    guint index;
    g_autofree char *prepared = name_prepare_initiator(name, error);
    if (prepared == NULL)
        return false;
    if (!initiator_find(acl, prepared, &index))
        return no_rule(name, error);
    g_ptr_array_remove_index(acl->initiators, index);
    return true;
}

/* ---- Both kinds ---- */

bool acl_set_match(struct acl *acl, const char *match, GError **error)
{
    bool any = strcmp(match, "any") == 0;
    if (!any && strcmp(match, "all") != 0) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                    "match is 'all' (address and initiator) or 'any' (one of them), not '%s'",
                    match);
        return false;
    }
    acl->any = any;
    return true;
}

const char *acl_match(const struct acl *acl)
{
    return acl->any ? "any" : "all";
}

/* ---- Reading ---- */

GList *acl_addresses(const struct acl *acl)
{
    GList *list = NULL;
    for (guint i = acl->addresses->len; i > 0; i--)
        list = g_list_prepend(
            list, ((struct address_rule *)g_ptr_array_index(acl->addresses, i - 1))->text);
    return list;
}

GList *acl_initiators(const struct acl *acl)
{
    GList *list = NULL;
    for (guint i = acl->initiators->len; i > 0; i--)
        list = g_list_prepend(list, g_ptr_array_index(acl->initiators, i - 1));
    return list;
}

static bool address_allowed(const struct acl *acl, const char *peer)
{
    struct network net;
    bool known = peer != NULL && address_parse(peer, &net);
    if (known)
        unmap(&net);
    for (guint i = 0; i < acl->addresses->len; i++) {
        const struct address_rule *rule = g_ptr_array_index(acl->addresses, i);
        if (rule->net.all || (known && network_has(&rule->net, &net)))
            return true;
    }
    return false;
}

static bool initiator_allowed(const struct acl *acl, const char *initiator)
{
    guint index;
    if (initiator == NULL)
        return true;
    g_autofree char *prepared = name_prepare_initiator(initiator, NULL);
    return prepared != NULL && initiator_find(acl, prepared, &index);
}

bool acl_allows(const struct acl *acl, const char *peer, const char *initiator)
{
    bool by_address = acl->addresses->len > 0, by_name = acl->initiators->len > 0;
    if (!by_address && !by_name)
        return false;
    bool address = by_address && address_allowed(acl, peer);
    bool name = by_name && initiator_allowed(acl, initiator);
    return acl->any ? address || name : address == by_address && name == by_name;
}

static char *without_port(const char *peer)
{
    const char *end = peer[0] == '[' ? strchr(peer, ']') : strrchr(peer, ':');
    const char *start = peer[0] == '[' ? peer + 1 : peer;
    return end != NULL ? g_strndup(start, (gsize)(end - start)) : g_strdup(peer);
}

bool acl_allows_port(const struct acl *acl, const char *peer_port, const char *initiator)
{
    g_autofree char *peer = peer_port != NULL ? without_port(peer_port) : NULL;
    return acl_allows(acl, peer, initiator);
}
