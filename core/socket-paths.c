/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the sockets of an instance are, if the command line does not say it. */
#include "socket-paths.h"

#include <stdlib.h>

/* The daemon changes to the root directory: relative to where it was started. */
static char *prefix(void)
{
    const char *path = secure_getenv("TGT_IPC_SOCKET");
    return path && *path ? g_canonicalize_filename(path, NULL) : NULL;
}

static char *default_control(const char *beside, unsigned port)
{
    if (beside)
        return g_strdup_printf("%s.%u.control", beside, port);
    return port ? g_strdup_printf(SOCKET_DIR "/control.%u", port) : g_strdup(SOCKET_DIR "/control");
}

void socket_paths(struct daemon_config *config, unsigned port)
{
    g_autofree char *beside = prefix();
    if (beside || !config->control_path)
        config->legacy_path =
            g_strdup_printf("%s.%u", beside ? beside : "/var/run/tgtd/socket", port);
    if (!config->control_path)
        config->control_path = default_control(beside, port);
}
