/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Standard output as the thing that scripts rely on. */
#ifndef TOOLS_OUTPUT_H
#define TOOLS_OUTPUT_H

#include <stdbool.h>

/* Has all that was printed gone out? Else stderr says why not (the disk is full, nobody reads) and
 * errno is set. */
bool output_written(const char *program);

#endif
