/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A daemon without plugins, with one target: what the fuzzers of its sockets talk to. */
#ifndef FUZZ_DAEMON_H
#define FUZZ_DAEMON_H

#include "daemon.h"
#include "log.h"
#include "target.h"

static inline void fuzz_daemon_start(void)
{
    struct daemon_config config = {.ring = g_strdup("poll"),
                                   .threads = 1,
                                   .plugin_dirs = g_new0(char *, 1),
                                   .plugin_conf_dirs = g_new0(char *, 1)};
    log_set_level(TGT_LOG_ERROR);
    if (!daemon_start(&config, NULL) || !target_create("iqn.2026-01.org.example:a", 1, NULL))
        g_error("the daemon does not start");
}

#endif
