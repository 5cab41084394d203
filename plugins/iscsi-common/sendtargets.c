/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SendTargets: the targets that an initiator may use, and the addresses at which they are (RFC 7143
 * appendix C). */
#include <string.h>

#include "session.h"
#include "textreq.h"

/* Addresses as this initiator can reach them: portals that listen on all addresses are shown with
 * the one that it used. */
struct addresses {
    const struct iscsi_conn *conn;
    GPtrArray *list; /* "address:port,tpgt" */
};

static bool is_ipv6(const char *address)
{
    return strchr(address, ':') != NULL;
}

static bool is_wildcard(const char *address)
{
    return strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;
}

static void add_portal(const struct tgt_portal_info *info, uint16_t tpgt, void *data)
{
    struct addresses *addresses = data;
    const char *address = info->address, *local = addresses->conn->local;
    if (is_wildcard(address)) {
        if (is_ipv6(address) != is_ipv6(local))
            return;
        address = local;
    }
    bool brackets = is_ipv6(address);
    int len = (int)strcspn(address, "%"); /* a zone means nothing to others */
    char *text = g_strdup_printf("%s%.*s%s:%u,%u", brackets ? "[" : "", len, address,
                                 brackets ? "]" : "", info->port, tpgt);
    g_ptr_array_add(addresses->list, text);
}

static void add_target(const char *name, void *data)
{
    g_ptr_array_add(data, g_strdup(name));
}

static void put_target(const char *name, const GPtrArray *addresses, struct iscsi_text *text)
{
    iscsi_text_put(text, "TargetName", name);
    for (unsigned i = 0; i < addresses->len; i++)
        iscsi_text_put(text, "TargetAddress", g_ptr_array_index(addresses, i));
}

/* In discovery sessions: all that the initiator may use, or one of them. */
static void put_permitted(const struct iscsi_conn *c, const char *only, const GPtrArray *addresses,
                          struct iscsi_text *text)
{
    struct tgt_access access = {c->session->key.initiator, c->peer};
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    tgt_target_each(&access, add_target, names);
    for (unsigned i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        if (!only || strcmp(only, name) == 0)
            put_target(name, addresses, text);
    }
}

void iscsi_send_targets(struct iscsi_conn *c, const char *value, struct iscsi_text *text)
{
    bool all = strcmp(value, "All") == 0, discovery = c->session->discovery;
    const char *own = c->session->key.target;
    g_autofree char *name = iscsi_name_fold(value);
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
    struct addresses addresses = {c, list};
    tgt_portal_each(&tgt_plugin, add_portal, &addresses);
    if (discovery && (all || iscsi_name_valid(name)))
        put_permitted(c, all ? NULL : name, list, text);
    else if (!discovery && (all || !*value || strcmp(name, own) == 0))
        put_target(own, list, text); /* "All" does not belong here, but some initiators send it */
    else
        iscsi_text_put(text, "SendTargets", "Reject");
}
