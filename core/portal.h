/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Portals: where transports listen. */
#ifndef CORE_PORTAL_H
#define CORE_PORTAL_H

#include <glib.h>
#include <stdbool.h>
#include <tgt/tgt.h>

struct plugin;
struct portals;

struct portal {
    struct plugin *transport;    /* one user */
    char *asked;                 /* "ADDR:PORT" as the admin wrote it */
    struct tgt_portal_info info; /* where it listens */
    uint16_t tpgt;
    struct tgt_params *params; /* values of portal_params */
    void *priv;                /* the transport's */
};

struct portals *portals_new(void);
void portals_free(struct portals *portals); /* closes all */
/* `where`: ADDR[:PORT], [V6]:PORT, *:PORT, :PORT; default port 3260 for iscsi; behind it options as
 * below with commas in front. `options`:
 * NULL-terminated words of portal_params, tpgt=N and announce=ADDRESS[:PORT], or NULL. Loads the
 * transport on first use, waiting for that (requests have it loaded before: plugin_get()), and
 * attaches it to all I/O threads. Main thread.
 */
struct portal *portal_add(const char *transport, const char *where, char *const *options,
                          GError **error);
bool portal_delete(const char *transport, const char *where, GError **error);
const GPtrArray *portals_list(void);
/* Close all; the service manager may go on keeping their sockets for the next daemon. */
void portals_close(void);
/* Is this a name under which the service manager keeps the socket of a portal? */
bool portal_is_store_name(const char *name);
/* Service of host.h; any thread. */
void portal_each(const struct tgt_plugin *self,
                 void (*fn)(const struct tgt_portal_info *info, uint16_t tpgt, void *data),
                 void *data);
void *thread_data(struct tgt_thread *thread, const struct tgt_plugin *self);

#endif
