/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The TCP connection to a server: every wait has an end, and the daemon can cut it short.
 *
 * libisns has sockets, too, but waits in a loop of its own that knows only them, takes no more than
 * 8 KiB, and drops messages of several PDUs. So it does attributes here, and no more. */
#ifndef ISNS_WIRE_H
#define ISNS_WIRE_H

#include <glib.h>
#include <netinet/in.h>
#include <stdbool.h>

#include "message.h"

/* Errors: the domain is WIRE_ERROR, the code 0 if the connection is of no more use, else the status
 * of the server's answer (RFC 4171 5.4). */
#define WIRE_ERROR (wire_error_quark())
GQuark wire_error_quark(void);

struct wire {
    int fd;
    int control; /* once the daemon has closed this connection, nothing is waited for; -1: wait */
    GByteArray *in;
    struct message answer;
};

struct wire *wire_open(const char *host, const char *port, int control, GError **error);
void wire_close(struct wire *wire); /* NULL is fine */
bool wire_send(struct wire *wire, const GByteArray *data, GError **error);
/* Wait for one message; it is in wire->answer until the next call. */
bool wire_receive(struct wire *wire, GError **error);
/* One of ours, and the server's: IPv4 as mapped. */
bool wire_local(const struct wire *wire, struct in6_addr *address);
bool wire_peer(const struct wire *wire, struct in6_addr *address);

/* As IPv6, which is how iSNS has addresses (RFC 4171 6.3.1); false: neither. */
bool wire_in6(const struct sockaddr *from, struct in6_addr *address);

#endif
