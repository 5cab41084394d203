/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of the control socket as commands of tgtctl that make them. */
#ifndef TOOLS_EXPLAIN_H
#define TOOLS_EXPLAIN_H

#include "ctl.h"

/* `call`: {"method", "params"}; `port`: the daemon's number, or NULL. Free with g_free(). */
char *explain_line(const json_t *call, const char *port);
/* It changes nothing. */
bool explain_asks(const json_t *call);

#endif
