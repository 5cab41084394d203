/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parses the places of portals. */
#include "portal-where.h"

#include <arpa/inet.h>
#include <string.h>

#include "error.h"

#define DEFAULT_PORT 3260

/* Split at the colon in front of the port, if there is one: "[v6]:p", "v4:p", ":p"; a bare IPv6
 * address has none. */
static const char *port_colon(const char *text)
{
    if (text[0] == '[') {
        const char *close = strchr(text, ']');
        return close != NULL && close[1] == ':' ? close + 1 : NULL;
    }
    const char *colon = strchr(text, ':');
    return colon != NULL && strchr(colon + 1, ':') == NULL ? colon : NULL;
}

static bool parse_port(const char *text, uint16_t *port)
{
    guint64 value;
    if (!g_ascii_string_to_unsigned(text, 10, 0, 65535, &value, NULL))
        return false;
    *port = (uint16_t)value;
    return true;
}

/* Without brackets and zone; the zone of a link-local address matters to bind() and stays in the
 * result. */
static bool is_numeric(const char *address)
{
    uint8_t bytes[16];
    g_autofree char *plain = g_strndup(address, strcspn(address, "%"));
    return inet_pton(strchr(plain, ':') ? AF_INET6 : AF_INET, plain, bytes) == 1;
}

static char *strip_brackets(char *address)
{
    size_t len = strlen(address);
    if (len >= 2 && address[0] == '[' && address[len - 1] == ']') {
        memmove(address, address + 1, len - 2);
        address[len - 2] = '\0';
    }
    return address;
}

static void place(struct where *where, const char *address, uint16_t port)
{
    g_strlcpy(where->address, address, sizeof where->address);
    where->port = port;
}

unsigned where_parse(const char *text, struct where places[WHERE_MAX], GError **error)
{
    uint16_t port = DEFAULT_PORT;
    const char *colon = port_colon(text);
    g_autofree char *address =
        strip_brackets(g_strndup(text, colon ? (gsize)(colon - text) : strlen(text)));
    if (colon != NULL && !parse_port(colon + 1, &port)) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID, "'%s' is not a port", colon + 1);
        return 0;
    }
    if (*address == '\0' || strcmp(address, "*") == 0) {
        place(&places[0], "0.0.0.0", port);
        place(&places[1], "::", port);
        return 2;
    }
    if (strlen(address) >= sizeof places[0].address || !is_numeric(address)) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID, "'%s' is not an IPv4 or IPv6 address",
                    address);
        return 0;
    }
    place(&places[0], address, port);
    return 1;
}

char *where_text(const struct where *where)
{
    return g_strdup_printf(strchr(where->address, ':') ? "[%s]:%u" : "%s:%u", where->address,
                           where->port);
}

static bool is_dns_name(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= 253 && strchr(name, ':') == NULL &&
           strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS ".-") == len;
}

char *where_announced(const char *text, uint16_t port, GError **error)
{
    const char *colon = port_colon(text);
    g_autofree char *address =
        strip_brackets(g_strndup(text, colon ? (gsize)(colon - text) : strlen(text)));
    bool v6 = strchr(address, ':') != NULL;
    if ((colon == NULL || (parse_port(colon + 1, &port) && port != 0)) &&
        (v6 ? is_numeric(address) : is_dns_name(address)))
        return g_strdup_printf(v6 ? "[%s]:%u" : "%s:%u", address, port);
    g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                "announce=%s: an address or a name of this host is wanted, with :PORT if that "
                "differs",
                text);
    return NULL;
}
