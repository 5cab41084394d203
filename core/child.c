/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See the header. */
#include "child.h"

#include <signal.h>
#include <unistd.h>

int child_spawn(pid_t *pid, const char *program, const posix_spawn_file_actions_t *actions,
                char *const argv[])
{
    posix_spawnattr_t attr;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                        POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    int result = posix_spawn(pid, program, actions, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    return result;
}
