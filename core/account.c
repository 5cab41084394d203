/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Accounts: made, changed and deleted; secrets that are wiped. */
#include "account.h"

#include <string.h>

#include "account-private.h"
#include "daemon.h"
#include "error.h"
#include "log.h"
#include "name.h"
#include "plugin.h"

/* RFC 7143 9.2.1 wants 96 bits at least; some initiators refuse less. */
#define SECRET_GOOD 12

struct accounts *accounts_new(void)
{
    struct accounts *accounts = g_new0(struct accounts, 1);
    g_mutex_init(&accounts->lock);
    accounts->list = g_ptr_array_new();
    accounts->discovery = auth_new();
    return accounts;
}

static void wipe(char *secret)
{
    explicit_bzero(secret, strlen(secret));
    g_free(secret);
}

static void account_free(struct account *account)
{
    wipe(account->secret);
    g_free(account->name);
    g_free(account);
}

void accounts_free(struct accounts *accounts)
{
    if (accounts == NULL)
        return;
    for (guint i = 0; i < accounts->list->len; i++)
        account_free(g_ptr_array_index(accounts->list, i));
    g_ptr_array_unref(accounts->list);
    auth_free(accounts->discovery);
    g_mutex_clear(&accounts->lock);
    g_free(accounts);
}

struct accounts *accounts_all(void)
{
    return daemon_get()->accounts;
}

const GPtrArray *accounts_list(void)
{
    return accounts_all()->list;
}

static struct account *find(const char *name)
{
    const GPtrArray *list = accounts_list();
    for (guint i = 0; i < list->len; i++) {
        struct account *account = g_ptr_array_index(list, i);
        if (strcmp(account->name, name) == 0)
            return account;
    }
    return NULL;
}

static void not_found(const char *name, GError **error)
{
    const GPtrArray *list = accounts_list();
    g_autofree const char **names = g_new0(const char *, list->len + 1);
    for (guint i = 0; i < list->len; i++)
        names[i] = ((const struct account *)g_ptr_array_index(list, i))->name;
    const char *near = suggest(name, names);
    g_set_error(error, CORE_ERROR, CORE_ERROR_NOT_FOUND, "there is no account '%s'%s%s%s", name,
                near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

struct account *account_lookup(const char *name, GError **error)
{
    struct account *account = find(name);
    if (account == NULL)
        not_found(name, error);
    return account;
}

static bool name_valid(const char *name, GError **error)
{
    g_autofree char *printable = text_printable(name);
    if (*name && strlen(name) <= TGT_ACCOUNT_MAX && strcmp(name, printable) == 0)
        return true;
    g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                "the name of an account is UTF-8 text of 1 to %d bytes without control characters",
                TGT_ACCOUNT_MAX);
    return false;
}

static bool secret_valid(const char *name, const char *secret, GError **error)
{
    size_t len = strlen(secret);
    if (len == 0 || len > TGT_ACCOUNT_MAX) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                    "the secret of an account is 1 to %d bytes long", TGT_ACCOUNT_MAX);
        return false;
    }
    if (len < SECRET_GOOD)
        log_notice("account '%s': its secret is shorter than the %d bytes that are good practice "
                   "(RFC 7143 9.2.1); some initiators refuse it",
                   name, SECRET_GOOD);
    return true;
}

bool account_create(const char *name, const char *secret, GError **error)
{
    if (!name_valid(name, error))
        return false;
    if (find(name) != NULL) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_EXISTS, "the account '%s' already exists", name);
        return false;
    }
    if (!secret_valid(name, secret, error))
        return false;
    struct account *account = g_new0(struct account, 1);
    account->name = g_strdup(name);
    account->secret = g_strdup(secret);
    g_ptr_array_add(accounts_all()->list, account);
    return true;
}

/* The other secrets of the places where it is bound decide whether it may stay. */
bool account_set_secret(const char *name, const char *secret, GError **error)
{
    struct accounts *accounts = accounts_all();
    struct account *account = account_lookup(name, error);
    if (account == NULL || !secret_valid(name, secret, error))
        return false;
    char *other = g_strdup(secret);
    g_mutex_lock(&accounts->lock);
    char *old = account->secret;
    account->secret = other;
    bool ok = auth_all_distinct(error);
    if (!ok)
        account->secret = old;
    g_mutex_unlock(&accounts->lock);
    wipe(ok ? old : other);
    return ok;
}

bool account_delete(const char *name, bool force, GError **error)
{
    struct accounts *accounts = accounts_all();
    struct account *account = account_lookup(name, error);
    if (account == NULL)
        return false;
    unsigned bound = auth_count(account);
    if (bound > 0 && !force) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_BUSY,
                    "the account '%s' is bound %u time%s; unbind it, or delete it with --force",
                    name, bound, bound == 1 ? "" : "s");
        return false;
    }
    auth_unbind_all(account);
    g_ptr_array_remove(accounts->list, account);
    account_free(account);
    return true;
}
