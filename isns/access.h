/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whom the server lets use which target: who shares a discovery domain with it (RFC 4171 2.2.2). */
#ifndef ISNS_ACCESS_H_
#define ISNS_ACCESS_H_

#include <glib.h>
#include <stdbool.h>

#include "register.h"

struct rpc;

/* Ask for each target that is registered, and tell the daemon. False with `error` set: the
 * connection is lost; without: the daemon is gone. */
bool access_ask(const struct registry *r, struct wire *wire, const struct world *w, struct rpc *rpc,
                GError **error);
/* Have the server tell when that changes, for targets that are not in `watched` yet. False: the
 * connection is lost. */
bool access_watch(const struct registry *r, struct wire *wire, const struct world *w,
                  GHashTable *watched, GError **error);

#endif
