/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Authentication at one place, a target or discovery: is it required, and by which accounts? */
#include <string.h>

#include "account-private.h"
#include "error.h"
#include "target.h"

struct auth *auth_new(void)
{
    struct auth *auth = g_new0(struct auth, 1);
    auth->incoming = g_ptr_array_new();
    return auth;
}

void auth_forget(struct auth *auth)
{
    struct accounts *accounts = accounts_all();
    g_mutex_lock(&accounts->lock);
    g_ptr_array_set_size(auth->incoming, 0);
    auth->outgoing = NULL;
    g_mutex_unlock(&accounts->lock);
}

void auth_free(struct auth *auth)
{
    g_ptr_array_unref(auth->incoming);
    g_free(auth);
}

struct auth *auth_of(const struct tgt_target *target)
{
    return target ? target->auth : accounts_all()->discovery;
}

const char *auth_name(const struct auth *auth)
{
    return auth->required ? "chap" : "none";
}

bool auth_set(const struct tgt_target *target, const char *value, GError **error)
{
    struct accounts *accounts = accounts_all();
    bool chap = strcmp(value, "chap") == 0;
    if (!chap && strcmp(value, "none") != 0) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                    "authentication is 'none' or 'chap', not '%s'", value);
        return false;
    }
    g_mutex_lock(&accounts->lock);
    auth_of(target)->required = chap;
    g_mutex_unlock(&accounts->lock);
    return true;
}

/* ---- All places ---- */

/* Call `fn` for each; false as soon as one says so. Main thread. */
static bool each(bool (*fn)(struct auth *auth, void *data), void *data)
{
    g_autoptr(GList) targets = targets_list();
    if (!fn(auth_of(NULL), data))
        return false;
    for (GList *t = targets; t != NULL; t = t->next)
        if (!fn(auth_of(t->data), data))
            return false;
    return true;
}

static bool distinct(struct auth *auth, void *data)
{
    const struct account *outgoing = auth->outgoing;
    for (guint i = 0; outgoing != NULL && i < auth->incoming->len; i++) {
        const struct account *incoming = g_ptr_array_index(auth->incoming, i);
        if (strcmp(incoming->secret, outgoing->secret) != 0)
            continue;
        g_set_error(data, CORE_ERROR, CORE_ERROR_INVALID,
                    "the accounts '%s' (incoming) and '%s' (outgoing) have the same secret: who "
                    "knows one direction could fake the other (RFC 7143 9.2.1)",
                    incoming->name, outgoing->name);
        return false;
    }
    return true;
}

bool auth_all_distinct(GError **error)
{
    return each(distinct, error);
}

struct tally {
    const struct account *account;
    unsigned count;
};

static bool tally(struct auth *auth, void *data)
{
    struct tally *t = data;
    t->count += g_ptr_array_find(auth->incoming, t->account, NULL);
    t->count += auth->outgoing == t->account;
    return true;
}

unsigned auth_count(const struct account *account)
{
    struct tally t = {account, 0};
    each(tally, &t);
    return t.count;
}

static bool drop(struct auth *auth, void *data)
{
    g_ptr_array_remove(auth->incoming, data);
    if (auth->outgoing == data)
        auth->outgoing = NULL;
    return true;
}

void auth_unbind_all(struct account *account)
{
    struct accounts *accounts = accounts_all();
    g_mutex_lock(&accounts->lock);
    each(drop, account);
    g_mutex_unlock(&accounts->lock);
}

/* ---- Binding ---- */

/* "the target 'iqn…'" or "discovery"; free with g_free(). */
static char *place(const struct tgt_target *target)
{
    return target ? g_strdup_printf("the target '%s'", target->name) : g_strdup("discovery");
}

static bool is_free(const struct tgt_target *target, const struct account *account, bool outgoing,
                    GError **error)
{
    const struct auth *auth = auth_of(target);
    g_autofree char *where = place(target);
    if (outgoing && auth->outgoing != NULL) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_EXISTS,
                    "%s already has an outgoing account, '%s'", where, auth->outgoing->name);
        return false;
    }
    if (!outgoing && g_ptr_array_find(auth->incoming, account, NULL)) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_EXISTS, "the account '%s' is already bound to %s",
                    account->name, where);
        return false;
    }
    return true;
}

static void put_in(struct auth *auth, struct account *account, bool outgoing)
{
    if (outgoing)
        auth->outgoing = account;
    else
        g_ptr_array_add(auth->incoming, account);
}

static void take_out(struct auth *auth, struct account *account, bool outgoing)
{
    if (outgoing)
        auth->outgoing = NULL;
    else
        g_ptr_array_remove(auth->incoming, account);
}

bool account_bind(const struct tgt_target *target, const char *name, bool outgoing, GError **error)
{
    struct accounts *accounts = accounts_all();
    struct auth *auth = auth_of(target);
    struct account *account = account_lookup(name, error);
    if (account == NULL || !is_free(target, account, outgoing, error))
        return false;
    g_mutex_lock(&accounts->lock);
    put_in(auth, account, outgoing);
    bool ok = distinct(auth, error);
    if (!ok)
        take_out(auth, account, outgoing);
    else if (!outgoing)
        auth->required = true;
    g_mutex_unlock(&accounts->lock);
    return ok;
}

bool account_unbind(const struct tgt_target *target, const char *name, bool outgoing,
                    GError **error)
{
    struct accounts *accounts = accounts_all();
    struct auth *auth = auth_of(target);
    struct account *account = account_lookup(name, error);
    if (account == NULL)
        return false;
    bool bound =
        outgoing ? auth->outgoing == account : g_ptr_array_find(auth->incoming, account, NULL);
    if (!bound) {
        g_autofree char *where = place(target);
        g_set_error(error, CORE_ERROR, CORE_ERROR_NOT_FOUND,
                    "the account '%s' is not bound to %s%s", name, where,
                    outgoing ? " as its outgoing account" : "");
        return false;
    }
    g_mutex_lock(&accounts->lock);
    take_out(auth, account, outgoing);
    g_mutex_unlock(&accounts->lock);
    return true;
}

/* ---- Services, on any thread ---- */

bool auth_required(const struct tgt_target *target)
{
    struct accounts *accounts = accounts_all();
    g_mutex_lock(&accounts->lock);
    bool required = auth_of(target)->required;
    g_mutex_unlock(&accounts->lock);
    return required;
}

/* Looks at all of them, whichever fits: the time says nothing about which names there are. */
static const struct account *find_incoming(const struct auth *auth, const char *user)
{
    const struct account *found = NULL;
    for (guint i = 0; i < auth->incoming->len; i++) {
        const struct account *account = g_ptr_array_index(auth->incoming, i);
        if (strcmp(account->name, user) == 0)
            found = account;
    }
    return found;
}

bool auth_find(const struct tgt_target *target, const char *user, struct tgt_account *found)
{
    struct accounts *accounts = accounts_all();
    g_mutex_lock(&accounts->lock);
    const struct auth *auth = auth_of(target);
    const struct account *account = user ? find_incoming(auth, user) : auth->outgoing;
    g_strlcpy(found->name, account ? account->name : "", sizeof(found->name));
    g_strlcpy(found->secret, account ? account->secret : "", sizeof(found->secret));
    g_mutex_unlock(&accounts->lock);
    return account != NULL;
}
