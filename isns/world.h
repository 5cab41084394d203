/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the daemon has: settings, targets and portals, as read over its control socket. */
#ifndef ISNS_WORLD_H_
#define ISNS_WORLD_H_

#include <glib.h>
#include <netinet/in.h>
#include <stdbool.h>

struct rpc;

struct target {
    char *name, *alias; /* alias: NULL if there is none */
    char *groups;       /* "1,2": reached through portals of these groups only; "": of all */
};

/* Where initiators are told to connect to. */
struct place {
    struct in6_addr address; /* all zero: that at which the server sees us */
    bool v6;                 /* of such a one: its family */
    bool announced;          /* said by the admin: maybe no address of this machine */
    uint16_t port, tpgt;
};

struct world {
    char *entity, *host, *port;
    uint16_t listen_port;
    bool judges;        /* initiators are let in if the server says so */
    GPtrArray *targets; /* struct target */
    GArray *places;     /* struct place */
};

/* Is the target reached through portals of this group? */
bool target_in_group(const struct target *t, uint16_t tpgt);
/* NULL: the daemon does not answer. */
struct world *world_read(struct rpc *rpc);
void world_free(struct world *world); /* NULL is fine */

#endif
