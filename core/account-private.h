/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between the files of accounts: account.c keeps them, auth.c binds them. */
#ifndef CORE_ACCOUNT_PRIVATE_H
#define CORE_ACCOUNT_PRIVATE_H

#include "account.h"

/* Changed by the main thread only. `lock` protects secrets and all struct auth from other threads'
 * eyes while they change; it is taken last. */
struct accounts {
    GMutex lock;
    GPtrArray *list; /* struct account, in the order of creation */
    struct auth *discovery;
};

struct accounts *accounts_all(void);
/* NULL with NOT_FOUND and "did you mean". */
struct account *account_lookup(const char *name, GError **error);
/* RFC 7143 9.2.1: does no place ask for one secret in both directions? INVALID. Caller holds the
 * lock. */
bool auth_all_distinct(GError **error);
/* How often is it bound? */
unsigned auth_count(const struct account *account);
void auth_unbind_all(struct account *account);

#endif
