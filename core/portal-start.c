/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The portals that the command line asks for. */
#include "portal-start.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon.h"
#include "error.h"
#include "options.h"
#include "plugin.h"
#include "portal.h"

/* Everybody knows that there is iSCSI. There may be a file of it which could not be read: then that
 * is said. */
static bool have_iscsi(GError **error)
{
    struct daemon *d = daemon_get();
    const struct plugin *found = plugins_find(d->plugins, 0, "iscsi");
    g_autofree char *dirs = g_strjoinv(", ", d->config.plugin_dirs);
    if (plugins_find(d->plugins, TGT_PLUGIN_TRANSPORT, "iscsi"))
        return true;
    if (found && found->reason)
        g_set_error_literal(error, CORE_ERROR, CORE_ERROR_PLUGIN, found->reason);
    else
        g_set_error(error, CORE_ERROR, CORE_ERROR_NOT_FOUND,
                    "the transport plugin 'iscsi' was not found in %s: install it, or say with "
                    "--plugin-dir where it is",
                    dirs);
    return false;
}

static bool have_transport(const char *name, GError **error)
{
    if (strcmp(name, "iscsi") == 0)
        return have_iscsi(error);
    if (plugins_find(daemon_get()->plugins, TGT_PLUGIN_TRANSPORT, name))
        return true;
    g_set_error(error, CORE_ERROR, CORE_ERROR_NOT_FOUND,
                "--%s: there is neither an option nor a transport plugin of this name", name);
    return false;
}

static bool add_portals(const struct transport_option *t, GError **error)
{
    if (!have_transport(t->name, error))
        return false;
    for (guint i = 0; i < t->portals->len; i++)
        if (!portal_add(t->name, t->portals->pdata[i], (char *const *)t->options->pdata, error))
            return false;
    return true;
}

/* Nothing said: iSCSI listens on every address, of IPv6 only where the system has it. */
static bool add_default_portals(char *const *options, GError **error)
{
    if (!have_transport("iscsi", error) || !portal_add("iscsi", "0.0.0.0:3260", options, error))
        return false;
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return true;
    close(fd);
    return portal_add("iscsi", "[::]:3260", options, error) != NULL;
}

bool portals_start(const GPtrArray *transports, GError **error)
{
    bool iscsi_listens = false;
    char *none[] = {NULL}, *const *iscsi_options = none;
    for (guint i = 0; i < transports->len; i++) {
        const struct transport_option *t = transports->pdata[i];
        if (!add_portals(t, error))
            return false;
        if (strcmp(t->name, "iscsi") != 0)
            continue;
        iscsi_listens = t->portals->len > 0;
        iscsi_options = (char *const *)t->options->pdata;
    }
    return iscsi_listens || add_default_portals(iscsi_options, error);
}
