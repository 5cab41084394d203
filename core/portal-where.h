/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How an admin writes the place of a portal: ADDR[:PORT], [V6]:PORT, *:PORT, :PORT. */
#ifndef CORE_PORTAL_WHERE_H
#define CORE_PORTAL_WHERE_H

#include <glib.h>
#include <stdint.h>

/* One numeric address and a port. */
struct where {
    char address[64];
    uint16_t port;
};

/* A wildcard stands for two places: IPv4, then IPv6. */
#define WHERE_MAX 2

/* The default port is 3260 (RFC 7143 4.2.7.1). Returns how many places were written, or 0 with
 * INVALID. */
unsigned where_parse(const char *text, struct where places[WHERE_MAX], GError **error);
/* "10.0.0.1:3260", "[::]:3260". Free with g_free(). */
char *where_text(const struct where *where);
/* The same of what initiators are told: an address or a DNS name, and `port` if the text has none.
 * NULL: INVALID. */
char *where_announced(const char *text, uint16_t port, GError **error);

#endif
