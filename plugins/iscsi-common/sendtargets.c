/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SendTargets: the targets that an initiator may use, and the addresses at which they are (RFC 7143
 * appendix C). */
#include <string.h>

#include "session.h"
#include "textreq.h"

/* One portal as this initiator can reach it. */
struct address {
    char *text; /* "address:port,tpgt" */
    uint16_t tpgt;
};

/* What is being written. */
struct listing {
    const struct iscsi_conn *conn;
    GArray *addresses; /* struct address */
    const char *only;  /* this target, NULL: all */
    struct iscsi_text *text;
};

static bool is_ipv6(const char *address)
{
    return strchr(address, ':') != NULL;
}

static bool is_wildcard(const char *address)
{
    return strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;
}

/* Portals that listen on all addresses are shown with the one that the initiator used. NULL: not
 * with this one. */
static char *reachable(const struct iscsi_conn *c, const struct tgt_portal_info *info)
{
    const char *address = info->address;
    if (*info->announce)
        return g_strdup(info->announce);
    if (is_wildcard(address)) {
        if (is_ipv6(address) != is_ipv6(c->local))
            return NULL;
        address = c->local;
    }
    bool brackets = is_ipv6(address);
    int len = (int)strcspn(address, "%"); /* a zone means nothing to others */
    return g_strdup_printf(brackets ? "[%.*s]:%u" : "%.*s:%u", len, address, info->port);
}

static bool is_listed(const GArray *addresses, const char *text)
{
    for (guint i = 0; i < addresses->len; i++)
        if (strcmp(g_array_index(addresses, struct address, i).text, text) == 0)
            return true;
    return false;
}

/* Several portals may be announced as one. */
static void add_portal(const struct tgt_portal_info *info, uint16_t tpgt, void *data)
{
    struct listing *listing = data;
    g_autofree char *place = reachable(listing->conn, info);
    g_autofree char *text = place ? g_strdup_printf("%s,%u", place, tpgt) : NULL;
    if (!text || is_listed(listing->addresses, text))
        return;
    struct address address = {g_steal_pointer(&text), tpgt};
    g_array_append_val(listing->addresses, address);
}

static void address_clear(gpointer data)
{
    g_free(((struct address *)data)->text);
}

/* A target that none of the portals reaches is not shown. */
static void put_target(const struct tgt_target *target, void *data)
{
    const struct listing *listing = data;
    const char *name = tgt_target_name(target);
    bool named = false;
    if (listing->only && strcmp(listing->only, name) != 0)
        return;
    for (guint i = 0; i < listing->addresses->len; i++) {
        const struct address *address = &g_array_index(listing->addresses, struct address, i);
        if (!tgt_target_in_group(target, address->tpgt))
            continue;
        if (!named)
            iscsi_text_put(listing->text, "TargetName", name);
        named = true;
        iscsi_text_put(listing->text, "TargetAddress", address->text);
    }
}

/* In discovery sessions: all that the initiator may use, or one of them. */
static void put_permitted(struct listing *listing)
{
    const struct iscsi_conn *c = listing->conn;
    struct tgt_access access = {c->session->key.initiator, c->peer};
    tgt_target_visit(&access, put_target, listing);
}

/* In normal sessions; its target may have been closed to new ones meanwhile. */
static void put_own(struct listing *listing)
{
    const struct iscsi_conn *c = listing->conn;
    struct tgt_access access = {c->session->key.initiator, c->peer};
    struct tgt_target *target = NULL;
    if (tgt_target_find(c->session->key.target, &access, &target) == TGT_FIND_OK)
        put_target(target, listing);
    else
        iscsi_text_put(listing->text, "TargetName", c->session->key.target);
    tgt_target_unref(target);
}

void iscsi_send_targets(struct iscsi_conn *c, const char *value, struct iscsi_text *text)
{
    bool all = strcmp(value, "All") == 0, discovery = c->session->discovery;
    g_autofree char *name = iscsi_name_fold(value);
    g_autoptr(GArray) addresses = g_array_new(FALSE, FALSE, sizeof(struct address));
    struct listing listing = {c, addresses, discovery && !all ? name : NULL, text};
    g_array_set_clear_func(addresses, address_clear);
    tgt_portal_each(&tgt_plugin, add_portal, &listing);
    if (discovery && (all || iscsi_name_valid(name)))
        put_permitted(&listing);
    else if (!discovery && (all || !*value || strcmp(name, c->session->key.target) == 0))
        put_own(&listing); /* "All" does not belong here, but some initiators send it */
    else
        iscsi_text_put(text, "SendTargets", "Reject");
}
