/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iSNS: settings, state, and whom the server lets in. */
#include "isns.h"

#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "error.h"
#include "isns-helper.h"
#include "log.h"
#include "name.h"
#include "plugin.h"
#include "target.h"

#define HOST_MAX 253

struct isns {
    char *values[ISNS_KEYS];
    enum isns_state state;
    char *detail;
    struct helper *helper;
    gint judges; /* atomic: access control is on */
};

static const char *const key_names[] = {
#define X(name, value) #name,
    ISNS_KEY_LIST(X)
#undef X
};

const char *isns_key_name(enum isns_key key)
{
    return key_names[key];
}

const char *isns_value(const struct isns *isns, enum isns_key key)
{
    return isns->values[key];
}

static bool is_on(const struct isns *isns, enum isns_key key)
{
    return strcmp(isns->values[key], "On") == 0;
}

/* ---- State ---- */

static const char *const state_words[] = {
#define X(name, word) word,
    ISNS_STATE_LIST(X)
#undef X
};

const char *isns_state_word(enum isns_state state)
{
    return state_words[state];
}

enum isns_state isns_state(const struct isns *isns)
{
    return isns->state;
}

const char *isns_detail(const struct isns *isns)
{
    return isns->detail;
}

static void say(enum isns_state state, const char *detail, void *data)
{
    struct isns *isns = data;
    g_free(isns->detail);
    isns->detail = text_printable(detail);
    isns->state = state;
}

bool isns_report(struct isns *isns, const char *state, const char *detail)
{
    enum isns_state s = ISNS_STATE_OFF;
    g_autofree char *before = g_strdup(isns->detail);
    enum isns_state was = isns->state;
    while (s < ISNS_STATES && strcmp(state_words[s], state) != 0)
        s++;
    if (s == ISNS_STATES)
        return false;
    say(s, detail ? detail : "", isns);
    if (s != was || strcmp(isns->detail, before) != 0)
        log_notice("iSNS: %s%s%s", state_words[s], *isns->detail ? ": " : "", isns->detail);
    return true;
}

/* ---- Settings ---- */

static bool wrong(const char *name, const char *value, const char *wanted, GError **error)
{
    g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID, "%s is %s, not '%s'", name, wanted, value);
    return false;
}

static bool take_switch(const char *name, const char *value, char **result, GError **error)
{
    bool on = g_ascii_strcasecmp(value, "on") == 0;
    if (!on && g_ascii_strcasecmp(value, "off") != 0)
        return wrong(name, value, "On or Off", error);
    *result = g_strdup(on ? "On" : "Off");
    return true;
}

static bool take_port(const char *name, const char *value, unsigned least, char **result,
                      GError **error)
{
    guint64 port;
    if (!g_ascii_string_to_unsigned(value, 10, least, 65535, &port, NULL))
        return wrong(name, value, least ? "a port from 1 to 65535" : "a port, or 0 for any", error);
    *result = g_strdup_printf("%u", (unsigned)port);
    return true;
}

/* An address, or a name that the helper looks up; brackets around IPv6 are left out. */
static bool take_host(const char *name, const char *value, char **result, GError **error)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  ".:-_%";
    size_t len = strlen(value);
    bool brackets = len > 2 && value[0] == '[' && value[len - 1] == ']';
    g_autofree char *host = brackets ? g_strndup(value + 1, len - 2) : g_strdup(value);
    if (strlen(host) > HOST_MAX || strspn(host, allowed) != strlen(host))
        return wrong(name, value, "an address or a host name", error);
    *result = g_steal_pointer(&host);
    return true;
}

static bool take(enum isns_key key, const char *value, char **result, GError **error)
{
    switch (key) {
    case ISNS_iSNSServerIP:
        return take_host(key_names[key], value, result, error);
    case ISNS_iSNSServerPort:
        return take_port(key_names[key], value, 1, result, error);
    case ISNS_iSNSListenPort:
        return take_port(key_names[key], value, 0, result, error);
    default:
        return take_switch(key_names[key], value, result, error);
    }
}

static bool unknown(const char *name, GError **error)
{
    const char *names[ISNS_KEYS + 1] = {NULL};
    memcpy(names, key_names, sizeof(key_names));
    const char *near = suggest(name, names);
    g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID, "iSNS has no setting '%s'%s%s%s", name,
                near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    return false;
}

static bool take_named(const char *name, const char *value, char **results, GError **error)
{
    for (unsigned key = 0; key < ISNS_KEYS; key++)
        if (strcmp(name, key_names[key]) == 0) {
            g_clear_pointer(&results[key], g_free);
            return take(key, value, &results[key], error);
        }
    return unknown(name, error);
}

/* What one server has said is not what another says. */
static void forget_admitted(void)
{
    g_autoptr(GList) targets = targets_list();
    for (GList *t = targets; t; t = t->next) {
        struct tgt_target *target = t->data;
        g_mutex_lock(&target->lock);
        g_clear_pointer(&target->isns_admitted, g_hash_table_unref);
        g_mutex_unlock(&target->lock);
    }
}

static void apply(struct isns *isns, bool other)
{
    bool on = is_on(isns, ISNS_iSNS), wanted = on && *isns->values[ISNS_iSNSServerIP];
    if (other)
        forget_admitted();
    g_atomic_int_set(&isns->judges, on && is_on(isns, ISNS_iSNSAccessControl));
    if (!on)
        say(ISNS_STATE_OFF, "", isns);
    else if (!wanted)
        say(ISNS_STATE_IDLE, "no server is set: set iSNSServerIP", isns);
    helper_want(isns->helper, wanted, other);
    helper_changed(isns->helper);
}

static void replace(struct isns *isns, char **values)
{
    bool other = false;
    for (unsigned key = 0; key < ISNS_KEYS; key++) {
        if (!values[key])
            continue;
        other |= key != ISNS_iSNSAccessControl && strcmp(values[key], isns->values[key]) != 0;
        g_free(isns->values[key]);
        isns->values[key] = g_steal_pointer(&values[key]);
    }
    apply(isns, other);
}

bool isns_set(struct isns *isns, const char *const *names, const char *const *values,
              GError **error)
{
    char *taken[ISNS_KEYS] = {NULL};
    bool ok = true;
    for (unsigned i = 0; ok && names[i]; i++)
        ok = take_named(names[i], values[i], taken, error);
    if (ok)
        replace(isns, taken);
    for (unsigned key = 0; key < ISNS_KEYS; key++)
        g_free(taken[key]);
    return ok;
}

/* The name of the machine; daemons beside the usual one add where they are controlled. */
char *isns_entity(void)
{
    char host[HOST_MAX + 1] = "";
    const char *control = daemon_get()->config.control_path;
    if (gethostname(host, sizeof(host) - 1) < 0 || !*host)
        strcpy(host, "localhost");
    if (!control || strcmp(control, CONTROL_DIR "/control") == 0)
        return g_strdup(host);
    return g_strdup_printf("%s:%s", host, control);
}

/* ---- Whom the server lets in ---- */

void isns_admit(struct tgt_target *target, char *const *initiators)
{
    GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (; *initiators; initiators++) {
        char *name = name_prepare_initiator(*initiators, NULL);
        if (name)
            g_hash_table_add(names, name);
    }
    g_mutex_lock(&target->lock);
    g_clear_pointer(&target->isns_admitted, g_hash_table_unref);
    target->isns_admitted = names;
    g_mutex_unlock(&target->lock);
}

bool isns_admits(const struct tgt_target *target, const char *initiator)
{
    const struct daemon *d = daemon_get();
    if (!initiator || !d->isns || !g_atomic_int_get(&d->isns->judges))
        return true;
    g_autofree char *name = name_prepare_initiator(initiator, NULL);
    return name && target->isns_admitted && g_hash_table_contains(target->isns_admitted, name);
}

/* ---- Life ---- */

struct isns *isns_new(void)
{
    static const char *const defaults[] = {
#define X(name, value) value,
        ISNS_KEY_LIST(X)
#undef X
    };
    struct isns *isns = g_new0(struct isns, 1);
    for (unsigned key = 0; key < ISNS_KEYS; key++)
        isns->values[key] = g_strdup(defaults[key]);
    isns->detail = g_strdup("");
    isns->helper = helper_new(say, isns);
    return isns;
}

void isns_changed(void)
{
    const struct daemon *d = daemon_get();
    if (d && d->isns)
        helper_changed(d->isns->helper);
}

void isns_stop(struct isns *isns)
{
    if (isns)
        helper_want(isns->helper, false, false);
}

bool isns_over(const struct isns *isns)
{
    return !isns || !helper_runs(isns->helper);
}

void isns_free(struct isns *isns)
{
    if (!isns)
        return;
    helper_free(isns->helper);
    for (unsigned key = 0; key < ISNS_KEYS; key++)
        g_free(isns->values[key]);
    g_free(isns->detail);
    g_free(isns);
}
