/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Replaces files so that a crash leaves the old one or the new one. */
#ifndef CORE_FILE_H
#define CORE_FILE_H

#include <glib.h>
#include <stdbool.h>

/* Write PATH with SUFFIX behind it, mode 0600, fsync, rename it to PATH, fsync the folder, which is
 * made (0700) if it is not there. Blocks. Any thread. */
bool file_replace(const char *path, const char *suffix, const char *data, gsize len,
                  GError **error);

#endif
