/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of tgtimg share. */
#ifndef TOOLS_TGTIMG_H
#define TOOLS_TGTIMG_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Make a regular file of `bytes` zeroes, or turn an existing one into that. Unless it is `thin`,
 * its blocks are taken now, so that no write can fail later for want of space. A file that could
 * not be finished is not left behind, if it was not there before. */
bool img_file_make(const char *path, uint64_t bytes, bool thin, GError **error);

#endif
