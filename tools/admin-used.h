/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which files and devices are in use on this machine: it is dangerous to serve those. */
#ifndef TOOLS_ADMIN_USED_H
#define TOOLS_ADMIN_USED_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

struct used;

enum used_by {
    USED_NOT,
    USED_BY_SYSTEM,  /* mounted, swapped to, part of a RAID, behind a loop device */
    USED_BY_PROCESS, /* a process has it open, or the daemon serves it */
};

/* Looks at all processes, but not at `daemon` and ourselves: what the daemon serves is said by
 * used_add(). */
struct used *used_new(pid_t daemon);
void used_free(struct used *used); /* NULL is fine */
/* The daemon serves it from now on; no longer. */
void used_add(struct used *used, const char *path);
void used_remove(struct used *used, const char *path);
enum used_by used_check(const struct used *used, const char *path);

#endif
