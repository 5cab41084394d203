/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the server tells of changes (SCN) and asks whether we are there (ESI). */
#ifndef ISNS_LISTEN_H_
#define ISNS_LISTEN_H_

#include <glib.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>

#define LISTEN_PEERS_MAX 8u
#define LISTEN_POLLS     (LISTEN_PEERS_MAX + 1)

struct listener;

/* `port` 0: any. NULL: errno says why. */
struct listener *listen_new(uint16_t port);
void listen_free(struct listener *l); /* NULL is fine */
uint16_t listen_port(const struct listener *l);
/* Only this peer is heard. */
void listen_to(struct listener *l, const struct in6_addr *server);
/* Fill in what to wait for; LISTEN_POLLS of them. */
void listen_polls(const struct listener *l, struct pollfd *polls);
/* Milliseconds until a peer that says nothing is closed; -1: there is none. */
int listen_timeout(const struct listener *l);
/* Take what has come, answer it. True: something has changed. */
bool listen_turn(struct listener *l);

#endif
