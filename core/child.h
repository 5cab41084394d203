/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Children that are helpers of ours: in a process group of their own, with no signal blocked or
 * ignored. */
#ifndef CORE_CHILD_H
#define CORE_CHILD_H

#include <spawn.h>

/* 0 or an errno, as posix_spawn(). It takes over our environment. Any thread. */
int child_spawn(pid_t *pid, const char *program, const posix_spawn_file_actions_t *actions,
                char *const argv[]);

#endif
