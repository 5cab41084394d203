/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options of targets.conf that concern the daemon, not a target: iSNS, and who may discover. */
#include "admin-accounts.h"
#include "admin-run.h"

static bool set_system(struct run *run, const char *key)
{
    const struct conf_option *option = conf_option(run->conf->root, key);
    if (!option)
        return true;
    if (option->values->len > 1)
        return run_wrong(
            run, "Multiple '%s' definitions not allowed!\nCheck your config file for errors.", key);
    const char *value = conf_first(run->conf->root, key);
    struct command *c = run_command(run);
    command_words(c, "--op update --mode sys");
    command_option(c, "--name", key);
    command_option(c, "-v", value ? value : "");
    return run_do(run, c);
}

/* The text is the same whether it has to be done or not. */
static bool bind_for_discovery(struct run *run, const char *name, bool outgoing)
{
    struct command *c = run_command(run);
    command_words(c, "--mode account --op bind");
    command_equals(c, "--user", name);
    command_blank(c);
    if (outgoing)
        command_words(c, "--outgoing");
    if (state_discovers(run->state, name, outgoing)) {
        run_show(run, c);
        return true;
    }
    state_add_discovery(run->state, name, outgoing);
    return run_do(run, c);
}

static bool set_discovery(struct run *run, const char *key, bool outgoing)
{
    const struct conf_option *option = conf_option(run->conf->root, key);
    g_autofree char *name = NULL, *password = NULL;
    if (!option)
        return true;
    if (option->values->len > 1 ||
        !account_parse(conf_first(run->conf->root, key), &name, &password))
        return run_wrong(run,
                         "\nOption %s has a missing value, or is given more than once!\n"
                         "Check your config file for errors: it wants one name and one password",
                         key);
    return account_ensure(run, NULL, name, password) && bind_for_discovery(run, name, outgoing);
}

bool run_globals(struct run *run)
{
    static const char *const isns[] = {"iSNSAccessControl", "iSNSServerIP", "iSNSServerPort"};
    for (unsigned i = 0; i < G_N_ELEMENTS(isns); i++)
        if (!set_system(run, isns[i]))
            return false;
    return set_discovery(run, "incomingdiscoveryuser", false) &&
           set_discovery(run, "outgoingdiscoveryuser", true) && set_system(run, "iSNS");
}
