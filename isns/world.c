/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the daemon has: settings, targets and portals, as read over its control socket. */
#include "world.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "rpc.h"

#define DEFAULT_PORT 3260

static json_t *call(struct rpc *rpc, const char *method)
{
    struct rpc_error error = {0};
    json_t *result = rpc_call(rpc, method, NULL, &error);
    rpc_error_clear(&error);
    return result;
}

static const char *text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* ---- Settings ---- */

static char *copy(const json_t *object, const char *name)
{
    const char *value = text(object, name);
    return g_strdup(value ? value : "");
}

static bool read_settings(struct world *w, struct rpc *rpc)
{
    json_t *o = call(rpc, "isns.show");
    w->entity = copy(o, "entity");
    w->host = copy(o, "iSNSServerIP");
    w->port = copy(o, "iSNSServerPort");
    g_autofree char *listen = copy(o, "iSNSListenPort");
    w->listen_port = (uint16_t)strtoul(listen, NULL, 10);
    w->judges = g_strcmp0(text(o, "iSNSAccessControl"), "On") == 0;
    json_decref(o);
    return o != NULL;
}

/* ---- Targets ---- */

static void target_free(gpointer data)
{
    struct target *t = data;
    g_free(t->name);
    g_free(t->alias);
    g_free(t->groups);
    g_free(t);
}

bool target_in_group(const struct target *t, uint16_t tpgt)
{
    g_autofree char *number = g_strdup_printf("%u", tpgt);
    g_auto(GStrv) groups = g_strsplit(t->groups, ",", -1);
    return !*t->groups || g_strv_contains((const char *const *)groups, number);
}

static bool read_targets(struct world *w, struct rpc *rpc)
{
    size_t i;
    json_t *list = call(rpc, "target.list"), *o;
    json_array_foreach(list, i, o) {
        struct target *t = g_new(struct target, 1);
        *t = (struct target){.name = g_strdup(text(o, "name")),
                             .alias = g_strdup(text(o, "alias")),
                             .groups = copy(o, "portal_groups")};
        g_ptr_array_add(w->targets, t);
    }
    json_decref(list);
    return list != NULL;
}

/* ---- Portals ---- */

static bool parse_address(const char *from, struct place *place)
{
    g_autofree char *plain = g_strndup(from, strcspn(from, "%")); /* fe80::1%eth0 */
    struct in_addr v4;
    place->v6 = strchr(plain, ':') != NULL;
    place->address = (struct in6_addr){0};
    if (place->v6)
        return inet_pton(AF_INET6, plain, &place->address) == 1;
    if (inet_pton(AF_INET, plain, &v4) != 1)
        return false;
    if (v4.s_addr == INADDR_ANY)
        return true;
    place->address.s6_addr[10] = place->address.s6_addr[11] = 0xff;
    memcpy(place->address.s6_addr + 12, &v4, sizeof(v4));
    return true;
}

/* ADDRESS, ADDRESS:PORT, [ADDRESS], [ADDRESS]:PORT; without a port it is left as it was. */
static bool parse_announced(const char *from, struct place *place)
{
    const char *end = from[0] == '[' ? strchr(from, ']') : NULL;
    const char *colon = end ? strchr(end, ':') : strchr(from, ':');
    if (!end && colon && strchr(colon + 1, ':'))
        colon = NULL; /* IPv6 without brackets */
    const char *begin = end ? from + 1 : from;
    size_t len = end ? (size_t)(end - begin) : colon ? (size_t)(colon - from) : strlen(from);
    g_autofree char *address = g_strndup(begin, len);
    if (colon)
        place->port = (uint16_t)strtoul(colon + 1, NULL, 10);
    place->announced = true;
    return parse_address(address, place);
}

/* Portals of other transports are nothing that iSNS has a word for. */
static void add_place(struct world *w, const json_t *portal)
{
    const char *announced = text(portal, "announce");
    const char *transport = text(portal, "transport"), *address = text(portal, "address");
    struct place place = {
        .port = (uint16_t)json_integer_value(json_object_get(portal, "port")),
        .tpgt = (uint16_t)json_integer_value(json_object_get(portal, "tpgt")),
    };
    if (!announced)
        announced = text(json_object_get(portal, "params"), "announce");
    if (g_strcmp0(transport, "iscsi") != 0 || !address)
        return;
    if (announced && *announced ? parse_announced(announced, &place)
                                : parse_address(address, &place))
        g_array_append_val(w->places, place);
}

static bool read_portals(struct world *w, struct rpc *rpc)
{
    size_t i;
    json_t *list = call(rpc, "portal.list"), *portal;
    json_array_foreach(list, i, portal)
        add_place(w, portal);
    json_decref(list);
    return list != NULL;
}

struct world *world_read(struct rpc *rpc)
{
    struct world *w = g_new0(struct world, 1);
    w->targets = g_ptr_array_new_with_free_func(target_free);
    w->places = g_array_new(FALSE, TRUE, sizeof(struct place));
    if (read_settings(w, rpc) && read_targets(w, rpc) && read_portals(w, rpc))
        return w;
    world_free(w);
    return NULL;
}

void world_free(struct world *w)
{
    if (!w)
        return;
    g_free(w->entity);
    g_free(w->host);
    g_free(w->port);
    g_ptr_array_unref(w->targets);
    g_array_unref(w->places);
    g_free(w);
}
