/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens a plugin's file once and judges whether somebody else could have put it there. */
#ifndef CORE_PLUGIN_PATH_H
#define CORE_PLUGIN_PATH_H

#include <glib.h>

/* Returns a descriptor for reading (O_CLOEXEC), or -1 with an error without the file's name.
 * Symbolic links are resolved first; then each directory is opened from the one before, so that
 * nothing can be exchanged between the judgement and the use. Trusted: every directory from the
 * root on, and the file, belong to root or the daemon's user and nobody else can write them. A
 * sticky directory such as /tmp may be passed through, because there nobody can exchange an entry
 * that is not his, but a plugin that lies in one directly is not trusted. `distrust`: what is wrong
 * and what to do, or NULL when the file is trusted; the descriptor is good for reading in both
 * cases. */
int plugin_path_open(const char *path, char **distrust, GError **error);

#endif
