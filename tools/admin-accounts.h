/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Accounts of targets.conf. */
#ifndef TOOLS_ADMIN_ACCOUNTS_H
#define TOOLS_ADMIN_ACCOUNTS_H

#include "admin-run.h"

/* "NAME PASSWORD", each perhaps in quotes; what follows is nothing to us. False: one of them is
 * missing. Free both with g_free(). */
bool account_parse(const char *text, char **name, char **password);
/* Make an account that there is not yet. One that was there before gets this password, silently;
 * one that has been made already keeps its own. `driver` NULL: none is shown. */
bool account_ensure(struct run *run, const char *driver, const char *name, const char *password);

#endif
