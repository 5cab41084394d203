/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A target of targets.conf, as commands. Its options are taken in the order of their names, so that
 * a change of the file's order changes nothing. */
#include <string.h>

#include "admin-accounts.h"
#include "admin-luns.h"

static struct command *target_command(const struct making *m, const char *words)
{
    struct command *c = run_command(m->run);
    command_option(c, "--lld", m->driver);
    command_words(c, words);
    return c;
}

static const char *text_at(const struct conf_option *option, guint i)
{
    return ((const struct conf_value *)option->values->pdata[i])->text;
}

/* ---- One option ---- */

static bool warn_of_more(const struct making *m, const struct conf_option *option)
{
    if (option->values->len > 1)
        run_say(m->run, "# Warning: only one %s is allowed. Will only use the first one.",
                option->key);
    return true;
}

static bool set_parameter(struct making *m, const struct conf_option *option)
{
    const char *value = text_at(option, 0);
    warn_of_more(m, option);
    struct command *c = target_command(m, "--mode target --op update");
    command_option(c, "--tid", m->tid);
    command_option(c, "--name", option->key);
    command_option(c, "--value", value ? value : "");
    return run_do(m->run, c);
}

static bool let_in(struct making *m, const char *kind, const char *initiator)
{
    struct command *c = target_command(m, "--op bind --mode target");
    command_option(c, "--tid", m->tid);
    command_option(c, kind, initiator);
    return run_do(m->run, c);
}

static bool let_all_in(struct making *m, const struct conf_option *option, const char *kind)
{
    for (guint i = 0; i < option->values->len; i++) {
        const char *text = text_at(option, i);
        if (!text || !*text)
            return run_missing(m->run, option->key, m->target->arg);
        if (!let_in(m, kind, text))
            return false;
    }
    return true;
}

static bool bind_account(struct making *m, const struct conf_option *option, guint i, bool outgoing)
{
    g_autofree char *name = NULL, *password = NULL;
    if (!account_parse(text_at(option, i), &name, &password))
        return run_missing(m->run, option->key, m->target->arg);
    if (!account_ensure(m->run, m->driver, name, password))
        return false;
    struct command *c = target_command(m, "--mode account --op bind");
    command_equals(c, "--tid", m->tid);
    command_equals(c, "--user", name);
    if (outgoing)
        command_words(c, "--outgoing");
    return run_do(m->run, c);
}

static bool add_backing_stores(struct making *m, const struct conf_option *option)
{
    return luns_add(m, "backing-store");
}

static bool add_direct_stores(struct making *m, const struct conf_option *option)
{
    return luns_add(m, "direct-store");
}

static bool add_users(struct making *m, const struct conf_option *option)
{
    for (guint i = 0; i < option->values->len; i++)
        if (!bind_account(m, option, i, false))
            return false;
    return true;
}

static bool add_outgoing(struct making *m, const struct conf_option *option)
{
    return warn_of_more(m, option) && bind_account(m, option, 0, true);
}

static bool add_addresses(struct making *m, const struct conf_option *option)
{
    return let_all_in(m, option, "-I");
}

static bool add_names(struct making *m, const struct conf_option *option)
{
    return let_all_in(m, option, "-Q");
}

/* ---- All options ---- */

/* In the order of names: X(key, function). The stores have no option where they are blocks. */
#define KEY_LIST(X)                                                                                \
    X("DataDigest", set_parameter)                                                                 \
    X("DataPDUInOrder", set_parameter)                                                             \
    X("DataSequenceInOrder", set_parameter)                                                        \
    X("DefaultTime2Retain", set_parameter)                                                         \
    X("DefaultTime2Wait", set_parameter)                                                           \
    X("ErrorRecoveryLevel", set_parameter)                                                         \
    X("FirstBurstLength", set_parameter)                                                           \
    X("HeaderDigest", set_parameter)                                                               \
    X("IFMarkInt", set_parameter)                                                                  \
    X("IFMarker", set_parameter)                                                                   \
    X("ImmediateData", set_parameter)                                                              \
    X("InitialR2T", set_parameter)                                                                 \
    X("MaxBurstLength", set_parameter)                                                             \
    X("MaxConnections", set_parameter)                                                             \
    X("MaxOutstandingR2T", set_parameter)                                                          \
    X("MaxRecvDataSegmentLength", set_parameter)                                                   \
    X("MaxXmitDataSegmentLength", set_parameter)                                                   \
    X("OFMarkInt", set_parameter)                                                                  \
    X("OFMarker", set_parameter)                                                                   \
    X("backing-store", add_backing_stores)                                                         \
    X("direct-store", add_direct_stores)                                                           \
    X("incominguser", add_users)                                                                   \
    X("initiator-address", add_addresses)                                                          \
    X("initiator-name", add_names)                                                                 \
    X("outgoinguser", add_outgoing)

static bool add_keys(struct making *m)
{
    static const struct {
        const char *key;
        bool (*add)(struct making *, const struct conf_option *);
    } keys[] = {
#define X(key, add) {key, add},
        KEY_LIST(X)
#undef X
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
        const struct conf_option *option = conf_option(m->target, keys[i].key);
        bool stores = g_str_has_suffix(keys[i].key, "-store");
        if ((option || stores) && !keys[i].add(m, option))
            return false;
    }
    return true;
}

static int by_key(gconstpointer a, gconstpointer b)
{
    const struct conf_option *x = *(const struct conf_option *const *)a,
                             *y = *(const struct conf_option *const *)b;
    return strcmp(x->key, y->key);
}

/* Whatever begins with "state", as tgt has it. */
static bool set_states(struct making *m)
{
    g_autoptr(GPtrArray) states = g_ptr_array_new();
    for (guint i = 0; i < m->target->options->len; i++) {
        struct conf_option *option = m->target->options->pdata[i];
        if (g_str_has_prefix(option->key, "state"))
            g_ptr_array_add(states, option);
    }
    g_ptr_array_sort(states, by_key);
    for (guint i = 0; i < states->len; i++)
        if (!set_parameter(m, states->pdata[i]))
            return false;
    return true;
}

/* ---- The target ---- */

static bool check_values(struct run *run, const struct conf_block *target)
{
    for (guint i = 0; i < target->options->len; i++) {
        const struct conf_option *option = target->options->pdata[i];
        const char *text = text_at(option, 0);
        if (option->values->len == 1 && (!text || !*text))
            return run_missing(run, option->key, target->arg);
    }
    return true;
}

static bool check_single(struct run *run, const struct conf_block *target, const char *key)
{
    const struct conf_option *option = conf_option(target, key);
    return !option || option->values->len == 1 ||
           run_wrong(run,
                     "Multiple '%s' definitions not allowed!\n"
                     "Check your config file for errors (target: %s).",
                     key, target->arg);
}

static bool make_target(struct making *m)
{
    struct command *c = target_command(m, "--op new --mode target");
    command_option(c, "--tid", m->tid);
    command_option(c, "-T", m->target->arg);
    state_add(m->run->state, m->target->arg, (unsigned)strtoul(m->tid, NULL, 0));
    return run_do(m->run, c);
}

static const char *driver_of(const struct run *run, const struct conf_block *target)
{
    const char *own = conf_first(target, "driver"),
               *common = conf_first(run->conf->root, "default-driver");
    return own ? own : common && *common ? common : "iscsi";
}

/* Without an address all are meant, also where names are given: of each kind one must match. */
static bool add_all(struct making *m)
{
    return make_target(m) && add_keys(m) && set_states(m) &&
           (conf_option(m->target, "initiator-address") || let_in(m, "-I", "ALL"));
}

bool run_add(struct run *run, const struct conf_block *target, unsigned tid)
{
    if (!check_values(run, target) || !check_single(run, target, "controller_tid") ||
        !check_single(run, target, "driver"))
        return false;
    const char *wanted = conf_first(target, "controller_tid");
    struct making m = {.run = run, .target = target, .driver = driver_of(run, target)};
    m.tid = wanted ? g_strdup(wanted) : g_strdup_printf("%u", tid);
    m.numbers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    m.by_path = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    luns_reserve(&m);
    run_say(run, "# Adding target: %s", target->arg);
    bool ok = add_all(&m);
    g_hash_table_unref(m.by_path);
    g_hash_table_unref(m.numbers);
    g_free(m.tid);
    return ok;
}
