/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where initiators are sent: portals, as a server sees them. */
#include "place.h"

#include <arpa/inet.h>
#include <string.h>

#include "attrs.h"

static bool same(const struct place *a, const struct place *b)
{
    return a->port == b->port && memcmp(&a->address, &b->address, sizeof(a->address)) == 0;
}

static void add(GArray *places, struct place place, const struct in6_addr *local)
{
    bool wildcard = IN6_IS_ADDR_UNSPECIFIED(&place.address);
    if (wildcard && (bool)IN6_IS_ADDR_V4MAPPED(local) == place.v6)
        return; /* the server does not see us there */
    if (wildcard)
        place.address = *local;
    for (guint i = 0; i < places->len; i++)
        if (same(&g_array_index(places, struct place, i), &place))
            return;
    g_array_append_val(places, place);
}

GArray *places_find(const struct world *w, const struct in6_addr *local)
{
    GArray *places = g_array_new(FALSE, TRUE, sizeof(struct place));
    for (guint i = 0; i < w->places->len; i++)
        add(places, g_array_index(w->places, struct place, i), local);
    return places;
}

char *places_text(const GArray *places)
{
    GString *all = g_string_new(NULL);
    for (guint i = 0; i < places->len; i++) {
        const struct place *p = &g_array_index(places, struct place, i);
        g_autofree char *key = place_key(p);
        g_string_append_printf(all, "%s %u %d;", key, p->tpgt, p->announced);
    }
    return g_string_free(all, FALSE);
}

char *place_key(const struct place *place)
{
    char address[INET6_ADDRSTRLEN] = "";
    inet_ntop(AF_INET6, &place->address, address, sizeof(address));
    return g_strdup_printf("p %s %u", address, place->port);
}

void place_put(isns_attr_list_t *list, const char *key)
{
    struct in6_addr address = {0};
    g_auto(GStrv) words = g_strsplit(key, " ", 3);
    inet_pton(AF_INET6, words[1], &address);
    attrs_put_portal(list, ISNS_TAG_PORTAL_IP_ADDRESS, &address,
                     (uint16_t)g_ascii_strtoull(words[2], NULL, 10));
}
