/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Accounts: names and secrets by which initiators and targets prove who they are, and where they
 * are bound. Fails closed: where authentication was asked for once it is asked for until an
 * administrator says otherwise. */
#ifndef CORE_ACCOUNT_H
#define CORE_ACCOUNT_H

#include <glib.h>
#include <stdbool.h>
#include <tgt/transport.h>

struct accounts;
struct auth;

/* A name and a secret, of 1 to TGT_ACCOUNT_MAX bytes. */
struct account {
    char *name;
    char *secret; /* never listed, never logged */
};

/* What is asked for at one place: a target, or discovery. Changed by the main thread only, under
 * the lock of the accounts; read by it without, by others under that lock. */
struct auth {
    bool required;            /* initiators must prove who they are, by one of `incoming` */
    GPtrArray *incoming;      /* struct account, borrowed, in the order of binding */
    struct account *outgoing; /* by which we prove who we are; NULL: we cannot */
};

struct accounts *accounts_new(void);
/* Secrets are wiped. NULL is fine. */
void accounts_free(struct accounts *accounts);

struct auth *auth_new(void);
/* Forget what is bound, but not that authentication is required: the place is about to go, while
 * logins still know it. */
void auth_forget(struct auth *auth);
void auth_free(struct auth *auth);
/* Of a target; NULL: of discovery. */
struct auth *auth_of(const struct tgt_target *target);
/* "none" or "chap". Main thread. */
bool auth_set(const struct tgt_target *target, const char *value, GError **error);
const char *auth_name(const struct auth *auth);

/* All on the main thread; `target` NULL: discovery. Errors: INVALID, EXISTS, NOT_FOUND, BUSY. */
bool account_create(const char *name, const char *secret, GError **error);
bool account_set_secret(const char *name, const char *secret, GError **error);
/* Without `force` refused (BUSY) while it is bound. */
bool account_delete(const char *name, bool force, GError **error);
/* Initiators with an incoming account bound get in by CHAP only, from the first one on and also
 * when none is left. */
bool account_bind(const struct tgt_target *target, const char *name, bool outgoing, GError **error);
bool account_unbind(const struct tgt_target *target, const char *name, bool outgoing,
                    GError **error);
/* struct account, in the order of creation. */
const GPtrArray *accounts_list(void);

/* Services of host.h. */
bool auth_required(const struct tgt_target *target);
bool auth_find(const struct tgt_target *target, const char *user, struct tgt_account *found);

#endif
